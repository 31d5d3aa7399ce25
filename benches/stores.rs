//! Token stores beside the bare client doing the same statement, and the memory of those that live in it:
//! `eval "$(.ci/servers)"; cargo bench -p komerza-connect-benches --bench stores`, or `… -- redis` for one of them.
//!
//! Store and client take turns call by call, so that whatever slows the machine slows both; the ratio is the figure. Both run
//! on pools with the same settings: SQLite on a file, one call at a time and 16 at once.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::cast_precision_loss,
    clippy::print_stdout,
    missing_docs
)]

use komerza_connect::store::{
    CachedStore, EncryptedStore, MySqlStore, PostgresStore, RedisStore, SqliteStore, TableName,
};
use komerza_connect::{ApiKey, MemoryStore, SealingKey, StoredToken, TokenStore, UserId};
use redis::{IntoConnectionInfo, aio::ConnectionManager, io::tcp::TcpSettings};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{AssertSqlSafe, MySqlPool, PgPool, SqlitePool, mysql::MySqlPoolOptions};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};
use std::time::{Duration, Instant};
use std::{alloc::System, future::Future, sync::Arc};
use tokio::task::JoinSet;

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

const USERS: u64 = 1_000;

fn user(number: u64) -> UserId {
    // As long as the ids that the crate makes itself.
    UserId::new(format!("obviously-fake-session-{number:020}")).unwrap()
}

/// A key of 261 bytes, as long as a small JWT.
fn token(number: u64) -> StoredToken {
    StoredToken::new(ApiKey::new(format!("obviously-fake-key-{number:0242}")).unwrap()).unwrap()
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}

/// Prints store against client: the median of single calls taking turns, and calls per second with 16 at once.
async fn compare<A, B>(what: &str, calls: u64, store: &impl Fn(u64) -> A, client: &impl Fn(u64) -> B)
where
    A: Future<Output = ()> + Send + 'static,
    B: Future<Output = ()> + Send + 'static,
{
    let (mut by_store, mut by_client) = (Vec::new(), Vec::new());
    for call in 0..calls {
        let number = call * 7919 % USERS;
        // Whoever goes second finds warmer caches, so they change places.
        for turn in 0..2 {
            let begun = Instant::now();
            if (call + turn) % 2 == 0 {
                store(number).await;
                by_store.push(begun.elapsed());
            } else {
                client(number).await;
                by_client.push(begun.elapsed());
            }
        }
    }
    let (store_time, client_time) = (median(by_store), median(by_client));

    let (mut store_rate, mut client_rate) = (Vec::new(), Vec::new());
    for round in 0..20 {
        for turn in 0..2 {
            if (round + turn) % 2 == 0 {
                store_rate.push(all_at_once(round, calls / 4, store).await);
            } else {
                client_rate.push(all_at_once(round, calls / 4, client).await);
            }
        }
    }
    let per_second = |times: Vec<Duration>| (calls / 4) as f64 / median(times).as_secs_f64();
    let (store_rate, client_rate) = (per_second(store_rate), per_second(client_rate));
    println!(
        "{what:<28} {store_time:>10.1?} {client_time:>10.1?}  ratio {:.2}   16 at once: {store_rate:>7.0}/s {client_rate:>7.0}/s  ratio {:.2}",
        store_time.as_secs_f64() / client_time.as_secs_f64(),
        client_rate / store_rate,
    );
}

async fn all_at_once<A>(round: u64, calls: u64, act: &impl Fn(u64) -> A) -> Duration
where
    A: Future<Output = ()> + Send + 'static,
{
    let begun = Instant::now();
    let mut running = JoinSet::new();
    for call in 0..calls {
        if running.len() == 16 {
            running.join_next().await.unwrap().unwrap();
        }
        running.spawn(act((round + call) * 7919 % USERS));
    }
    running.join_all().await;
    begun.elapsed()
}

async fn fill(store: &impl TokenStore) {
    for number in 0..USERS {
        store.save(&user(number), &token(number)).await.unwrap();
    }
}

/// Loads and saves of a store, in the form that is compared.
fn calls<S: TokenStore + Clone>(store: S) -> (impl Fn(u64) -> BoxFuture, impl Fn(u64) -> BoxFuture) {
    let loading = store.clone();
    let load = move |number| {
        let store = loading.clone();
        Box::pin(async move { assert!(store.load(&user(number)).await.unwrap().is_some()) }) as BoxFuture
    };
    let save = move |number| {
        let store = store.clone();
        Box::pin(async move { store.save(&user(number), &token(number)).await.unwrap() }) as BoxFuture
    };
    (load, save)
}

type BoxFuture = std::pin::Pin<Box<dyn Future<Output = ()> + Send>>;

const LOAD: &str = "SELECT record FROM komerza_bench WHERE user_id = $1";
const SAVE: &str = "INSERT INTO komerza_bench (user_id, version, record, saved_at) VALUES ($1, $2, $3, $4) \
                    ON CONFLICT (user_id) DO UPDATE SET version = excluded.version, record = excluded.record, \
                    saved_at = excluded.saved_at";
const MYSQL_LOAD: &str = "SELECT record FROM komerza_bench WHERE user_id = ?";
const MYSQL_SAVE: &str = "INSERT INTO komerza_bench (user_id, version, record, saved_at) VALUES (?, ?, ?, ?) \
                          ON DUPLICATE KEY UPDATE version = VALUES(version), record = VALUES(record), \
                          saved_at = VALUES(saved_at)";

fn millis(token: &StoredToken) -> i64 {
    token.saved_at().duration_since(std::time::UNIX_EPOCH).unwrap().as_millis().try_into().unwrap()
}

macro_rules! sql_calls {
    ($pool:expr, $load:expr, $save:expr) => {{
        let (loading, saving) = ($pool.clone(), $pool.clone());
        let load = move |number| {
            let pool = loading.clone();
            async move {
                let id = user(number);
                let load = sqlx::query_scalar::<_, String>($load).bind(id.as_str().as_bytes());
                assert!(load.fetch_optional(&pool).await.unwrap().is_some());
            }
        };
        let save = move |number| {
            let pool = saving.clone();
            async move {
                let (id, token) = (user(number), token(number));
                let save = sqlx::query($save).bind(id.as_str().as_bytes());
                let save = save.bind(token.version().to_string()).bind(token.to_text());
                save.bind(millis(&token)).execute(&pool).await.unwrap();
            }
        };
        (load, save)
    }};
}

/// The save in the messages that the store sends: what its ratio to a plain save is made of.
macro_rules! save_in_three {
    ($pool:expr, $begin:expr, $save:expr, $commit:expr) => {{
        let pool = $pool.clone();
        move |number| {
            let pool = pool.clone();
            async move {
                let mut connection = pool.acquire().await.unwrap();
                sqlx::raw_sql($begin).execute(&mut *connection).await.unwrap();
                let (id, token) = (user(number), token(number));
                let save = $save.bind(id.as_str().as_bytes()).bind(token.version().to_string());
                save.bind(token.to_text()).bind(millis(&token)).execute(&mut *connection).await.unwrap();
                sqlx::raw_sql($commit).execute(&mut *connection).await.unwrap();
            }
        }
    }};
}

async fn sqlite(table: &TableName) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("tokens.db");
    let store = SqliteStore::open_with(&path, table).await.unwrap();
    fill(&store).await;
    let options = SqliteConnectOptions::new()
        .filename(&path)
        .busy_timeout(Duration::from_secs(5))
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .pragma("secure_delete", "ON");
    let pool: SqlitePool =
        SqlitePoolOptions::new().max_connections(4).test_before_acquire(false).connect_with(options).await.unwrap();
    let ((load, save), (bare_load, bare_save)) = (calls(store), sql_calls!(pool, LOAD, SAVE));
    compare("SQLite load", 4_000, &load, &bare_load).await;
    compare("SQLite save", 1_000, &save, &bare_save).await;
}

/// The store at `url` beside the bare client at `bare`: through a pooler and without one.
async fn postgres(what: &str, url: &str, bare: &str, table: &TableName) {
    let store = PostgresStore::connect_with(url, table).await.unwrap();
    fill(&store).await;
    let pool: PgPool = PgPoolOptions::new().test_before_acquire(false).connect(bare).await.unwrap();
    let ((load, save), (bare_load, bare_save)) = (calls(store), sql_calls!(pool, LOAD, SAVE));
    compare(&format!("{what} load"), 4_000, &load, &bare_load).await;
    compare(&format!("{what} save"), 1_000, &save, &bare_save).await;
    let options: PgConnectOptions = url.parse().unwrap();
    let through = PgPoolOptions::new().test_before_acquire(false).connect_with(options.extra_float_digits(None));
    let through: PgPool = through.await.unwrap();
    let asking = through.clone();
    let same = move |number| {
        let pool = asking.clone();
        async move {
            let id: String = user(number).as_str().bytes().map(|byte| format!("{byte:02x}")).collect();
            let load = format!("SELECT record FROM komerza_bench WHERE user_id = decode('{id}', 'hex')");
            assert!(sqlx::raw_sql(AssertSqlSafe(load)).fetch_optional(&pool).await.unwrap().is_some());
        }
    };
    compare(&format!("{what} load, same message"), 4_000, &load, &same).await;
    let begin = "BEGIN; SET LOCAL idle_in_transaction_session_timeout = 3000; SET LOCAL lock_timeout = 3000";
    let same = save_in_three!(through, begin, sqlx::query(SAVE).persistent(false), "COMMIT");
    compare(&format!("{what} save, same messages"), 1_000, &save, &same).await;
    sqlx::query(AssertSqlSafe(format!("DROP TABLE {table}"))).execute(&pool).await.unwrap();
}

async fn mysql(url: &str, table: &TableName) {
    let store = MySqlStore::connect_with(url, table).await.unwrap();
    fill(&store).await;
    let pool: MySqlPool = MySqlPoolOptions::new().test_before_acquire(false).connect(url).await.unwrap();
    let ((load, save), (bare_load, bare_save)) = (calls(store), sql_calls!(pool, MYSQL_LOAD, MYSQL_SAVE));
    compare("MySQL load", 4_000, &load, &bare_load).await;
    compare("MySQL save", 1_000, &save, &bare_save).await;
    let (begin, commit) =
        ("SET SESSION wait_timeout = 3; START TRANSACTION", "COMMIT; SET SESSION wait_timeout = DEFAULT");
    let same = save_in_three!(pool, begin, sqlx::query(MYSQL_SAVE), commit);
    compare("MySQL save, same messages", 1_000, &save, &same).await;
    sqlx::query("DROP TABLE komerza_bench").execute(&pool).await.unwrap();
}

async fn redis(url: &str) {
    let prefix = "komerza_bench:";
    let store = RedisStore::connect_with(url, prefix).await.unwrap();
    fill(&store).await;
    // The driver too limits the time of each call: half a second by default. Like the store's, its connection
    // sends at once what is written; by default the system would wait and send the calls of several tasks together.
    let server = url.into_connection_info().unwrap().set_tcp_settings(TcpSettings::default().set_nodelay(true));
    let client = ::redis::Client::open(server).unwrap();
    let connection = ConnectionManager::new(client).await.unwrap();
    let (loading, reading, saving) = (connection.clone(), connection.clone(), connection);
    let bare_load = move |number| {
        let mut connection = loading.clone();
        async move {
            let key = format!("{prefix}{}", user(number).as_str());
            let found: Option<Vec<u8>> = ::redis::cmd("GET").arg(key).query_async(&mut connection).await.unwrap();
            assert!(found.is_some());
        }
    };
    // An app that loads by itself has to read what it loaded too.
    let bare_read = move |number| {
        let mut connection = reading.clone();
        async move {
            let key = format!("{prefix}{}", user(number).as_str());
            let found: String = ::redis::cmd("GET").arg(key).query_async(&mut connection).await.unwrap();
            let (_, record) = found.split_once(' ').unwrap();
            assert!(StoredToken::from_text(record).is_ok());
        }
    };
    let bare_save = move |number| {
        let mut connection = saving.clone();
        async move {
            let token = token(number);
            let (key, value) =
                (format!("{prefix}{}", user(number).as_str()), format!("{} {}", token.version(), token.to_text()));
            ::redis::cmd("SET").arg(key).arg(value).exec_async(&mut connection).await.unwrap();
        }
    };
    let (load, save) = calls(store.clone());
    compare("Redis load", 4_000, &load, &bare_load).await;
    compare("Redis load, record read", 4_000, &load, &bare_read).await;
    compare("Redis save", 2_000, &save, &bare_save).await;
    for number in 0..USERS {
        store.delete(&user(number)).await.unwrap();
    }
}

/// Nanoseconds of one load, over users in no order: the median of 30 rounds.
async fn load_time(store: &impl TokenStore, users: u64) -> f64 {
    let asked: Vec<_> = (0..1_000).map(|call| user(call * 7_919_993 % users)).collect();
    let mut rounds = Vec::new();
    for _ in 0..30 {
        let begun = Instant::now();
        for user in &asked {
            assert!(store.load(user).await.unwrap().is_some());
        }
        rounds.push(begun.elapsed());
    }
    median(rounds).as_nanos() as f64 / asked.len() as f64
}

/// Prints the time of a load, and what an entry takes: the heap once all are in, over their number.
async fn in_memory(users: u64) {
    let region = Region::new(ALLOCATOR);
    let held = |region: &Region<'_, System>| {
        let change = region.change();
        // What `realloc` adds is counted among the allocated bytes already.
        (change.bytes_allocated as f64 - change.bytes_deallocated as f64) / users as f64
    };
    let memory = MemoryStore::default();
    for number in 0..users {
        memory.save(&user(number), &token(number)).await.unwrap();
    }
    let bytes = held(&region);
    let time = load_time(&memory, users).await;
    println!(
        "MemoryStore, {users:>9} users: {bytes:>4.0} bytes an entry with its key of 261 bytes, a load {time:>4.0} ns"
    );

    let region = Region::new(ALLOCATOR);
    let cached =
        CachedStore::new(memory).with_capacity(usize::try_from(users).unwrap() * 2).with_time_to_live(Duration::MAX);
    for number in 0..users {
        assert!(cached.load(&user(number)).await.unwrap().is_some());
    }
    // Ids and keys are shared with the store inside; an entry over a database holds them itself.
    let own = 293.0 + 64.0;
    let bytes = held(&region);
    let time = load_time(&cached, users).await;
    println!(
        "CachedStore, {users:>9} users: {bytes:>4.0} bytes an entry, {:>4.0} with its id and key, a load {time:>4.0} ns",
        bytes + own
    );
}

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() {
    let only = std::env::args().skip(1).find(|word| !word.starts_with('-'));
    let wanted = |what: &str| only.as_deref().is_none_or(|only| only == what);
    if wanted("memory") {
        memory().await;
    }
    println!("\n{:<28} {:>10} {:>10}", "median of one call", "store", "client");
    let table: TableName = "komerza_bench".parse().unwrap();
    if wanted("sqlite") {
        sqlite(&table).await;
    }
    if wanted("postgres") {
        match std::env::var("KOMERZA_TEST_POSTGRES_URL") {
            Ok(url) => {
                postgres("PostgreSQL", &url, &url, &table).await;
                match std::env::var("KOMERZA_TEST_PGBOUNCER_URL") {
                    Ok(pooler) => postgres("PgBouncer", &format!("{pooler}/transaction"), &url, &table).await,
                    Err(_) => println!("PgBouncer was not measured: KOMERZA_TEST_PGBOUNCER_URL is not set"),
                }
            }
            Err(_) => println!("PostgreSQL was not measured: KOMERZA_TEST_POSTGRES_URL is not set"),
        }
    }
    if wanted("mysql") {
        match std::env::var("KOMERZA_TEST_MYSQL_URL") {
            Ok(url) => mysql(&url, &table).await,
            Err(_) => println!("MySQL was not measured: KOMERZA_TEST_MYSQL_URL is not set"),
        }
    }
    if wanted("redis") {
        match std::env::var("KOMERZA_TEST_REDIS_URL") {
            Ok(url) => redis(&url).await,
            Err(_) => println!("Redis was not measured: KOMERZA_TEST_REDIS_URL is not set"),
        }
    }
}

async fn memory() {
    for users in [1_000, 100_000, 1_000_000] {
        in_memory(users).await;
    }
    let sealed = EncryptedStore::new(
        MemoryStore::default(),
        "app",
        [SealingKey::from_bytes(b"obviously-fake-key-of-32-bytes!!").unwrap()],
    )
    .unwrap();
    fill(&sealed).await;
    println!("EncryptedStore over MemoryStore: a load {:.0} ns", load_time(&sealed, USERS).await);
    let cached = CachedStore::new(Arc::new(sealed));
    load_time(&cached, USERS).await;
    println!("CachedStore over both: a load {:.0} ns", load_time(&cached, USERS).await);
}
