//! Stores that read and cannot write: a full disk, a memory limit, a replica. Nobody's code is spent on a key that cannot be kept.

#[cfg(feature = "servers")]
use super::own_redis::OwnRedis;
use super::*;
#[cfg(feature = "servers")]
use futures_util::FutureExt as _;

/// Twenty people connect while the store takes no writes, and again when it does. `reads` is the status that somebody
/// who was connected before is told meanwhile; 200 is with the key.
async fn costs_at_most_one_exchange(
    store: Arc<dyn TokenStore>,
    reads: u16,
    breaks: impl AsyncFnOnce(),
    heals: impl AsyncFnOnce(),
) {
    let shop = Shop::builder(Mode::Users).store(store.clone()).limits(|limits| {
        limits.save_deadline = Duration::from_secs(1);
        // What is said while the store is healthy does not depend on how busy the machine is.
        limits.store_deadline = PATIENCE;
    });
    let shop = shop.open().await;
    let early = shop.browser("early");
    assert_connected(&shop.connect(&early, "early").await);
    breaks().await;
    let mut people = Vec::new();
    for number in 0..20 {
        let (browser, code) = (shop.browser(&format!("user-{number:02}")), format!("code-{number:02}"));
        let state = shop.begin(&browser).await;
        let hop = shop.callback(&browser, &code, &state).await;
        assert_eq!(hop.status(), 503, "{code}: {}", hop.text());
        people.push((browser, code, state));
    }
    assert!(shop.exchanges() <= 2, "{} exchanges", shop.exchanges());
    let refused = store.save(&user("user-x"), &record("x".repeat(8))).await.unwrap_err();
    assert_eq!(refused.kind(), StoreErrorKind::NotWritable, "{refused}");
    let read = shop.key(&early).await.map(|key| if key == key_for_code("early") { 200 } else { 0 });
    assert_eq!(read.unwrap_or_else(|status| status), reads, "what it reads");

    heals().await;
    for (browser, code, state) in &people {
        // Each page is loaded again. The key of the one whose code was spent is saved meanwhile.
        let reload = async {
            while shop.callback(browser, code, state).await.status() != 303 {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        timeout(PATIENCE, reload).await.expect("a healed store is used");
        assert_eq!(shop.key(browser).await, Ok(key_for_code(code)));
    }
    assert_eq!(shop.exchanges(), 21);
    assert!(shop.watch.count(Hook::Orphaned) == 0);
}

/// Saves until nothing more has room: large records first, then small ones. Servers keep free room of their own.
async fn fill_up(store: &dyn TokenStore) {
    for (round, length) in [2_000, 200, 8].into_iter().enumerate() {
        let mut saved = 0;
        let refused = loop {
            match store.save(&UserId::new(format!("f-{round}-{saved:06}")).unwrap(), &record("x".repeat(length))).await
            {
                // On a busy disk a save can be late; then the next one is tried.
                Err(refused) if refused.kind() != StoreErrorKind::TimedOut => break refused,
                _ => saved += 1,
            }
            assert!(saved < 20_000, "it is never full");
        };
        assert_eq!(refused.kind(), StoreErrorKind::NotWritable, "{refused}");
    }
}

#[tokio::test]
async fn t64_an_sqlite_file_that_may_not_grow_costs_at_most_one_exchange() {
    let directory = super::places::Directory::new();
    let url = format!("sqlite:{}?mode=rwc", directory.path().join("tokens.db").display());
    let full = Arc::new(AtomicBool::new(false));
    // Never fewer pages than there are. Each connection has its own limit.
    let limit = |full: &AtomicBool| match full.load(Ordering::Relaxed) {
        true => "PRAGMA max_page_count = 1",
        false => "PRAGMA max_page_count = 1000000",
    };
    let (new, used) = (full.clone(), full.clone());
    let pool = sqlx::sqlite::SqlitePoolOptions::new()
        .max_connections(1)
        .after_connect(move |made, _| {
            let pragma = sqlx::raw_sql(limit(&new));
            Box::pin(async { pragma.execute(made).await.map(drop) })
        })
        .before_acquire(move |taken, _| {
            let pragma = sqlx::raw_sql(limit(&used));
            Box::pin(async { pragma.execute(taken).await.map(|_| true) })
        });
    let store = SqliteStore::from_pool(pool.connect(&url).await.unwrap(), &TableName::default()).await.unwrap();
    let store = Arc::new(store);
    let breaks = async || {
        full.store(true, Ordering::Relaxed);
        fill_up(&*store).await;
    };
    let heals = async || full.store(false, Ordering::Relaxed);
    costs_at_most_one_exchange(store.clone(), 200, breaks, heals).await;
}

/// A disk that a test fills, made by `.ci/servers`. It is free again when this is dropped.
#[cfg(feature = "servers")]
struct SmallDisk {
    directory: PathBuf,
    ballast: PathBuf,
    /// Another run of the tests may want to fill the same disk.
    _alone: std::fs::File,
}

#[cfg(feature = "servers")]
impl SmallDisk {
    fn of(database: &str) -> Self {
        use std::os::unix::fs::MetadataExt as _;
        let disks = std::env::var("KOMERZA_TEST_SMALL_DISKS");
        let disks =
            disks.expect("KOMERZA_TEST_SMALL_DISKS is not set: run .ci/servers, which needs root or sudo for it");
        let disk = Path::new(&disks).join(database);
        let alone = std::fs::File::create(disk.with_extension("lock")).unwrap();
        alone.lock().unwrap();
        let (directory, ballast) = (disk.join(unique("small")), disk.join("ballast"));
        std::fs::create_dir(&directory).unwrap();
        // The database's own user, who may be another than the test's.
        let owner = disk.metadata().unwrap();
        std::os::unix::fs::chown(&directory, Some(owner.uid()), Some(owner.gid())).unwrap();
        Self { directory, ballast, _alone: alone }
    }

    fn fill(&self) {
        use std::io::Write as _;
        let mut ballast = std::fs::File::create(&self.ballast).unwrap();
        let full = loop {
            if let Err(error) = ballast.write_all(&[0; 4096]) {
                break error;
            }
        };
        assert_eq!(full.kind(), std::io::ErrorKind::StorageFull);
    }

    fn free(&self) {
        let _ = std::fs::remove_file(&self.ballast);
    }
}

#[cfg(feature = "servers")]
impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.ballast);
        let _ = std::fs::remove_dir_all(&self.directory);
    }
}

#[cfg(feature = "servers")]
async fn on_a_full_disk(store: Arc<dyn TokenStore>, disk: &SmallDisk) -> Result<(), Box<dyn std::any::Any + Send>> {
    let breaks = async || {
        disk.fill();
        fill_up(&*store).await;
    };
    let costs = costs_at_most_one_exchange(store.clone(), 200, breaks, async || disk.free());
    // A server whose table has lost its directory never comes up again: the caller drops the table first.
    let outcome = std::panic::AssertUnwindSafe(costs).catch_unwind().await;
    disk.free();
    outcome
}

#[cfg(feature = "servers")]
#[tokio::test]
#[ignore = "needs a disk to fill: set KOMERZA_TEST_SMALL_DISKS"]
async fn t64_a_full_disk_under_sqlite_costs_at_most_one_exchange() {
    let disk = SmallDisk::of("sqlite");
    let store = SqliteStore::open(disk.directory.join("tokens.db")).await.unwrap().with_deadline(PATIENCE);
    on_a_full_disk(Arc::new(store.clone()), &disk).await.unwrap();
    store.close().await;
}

#[cfg(feature = "servers")]
#[tokio::test]
#[ignore = "needs PostgreSQL and a disk to fill: set KOMERZA_TEST_POSTGRES_URL and KOMERZA_TEST_SMALL_DISKS"]
async fn t64_a_full_disk_under_postgresql_costs_at_most_one_exchange() {
    let (disk, name, space) = (SmallDisk::of("postgres"), unique("full"), unique("space"));
    let store =
        PostgresStore::connect_with(&postgres_url(), &name.parse().unwrap()).await.unwrap().with_deadline(PATIENCE);
    let run = async |statement: String| run(&postgres_url(), &statement).await;
    run(format!("CREATE TABLESPACE {space} LOCATION '{}'", disk.directory.display())).await;
    run(format!("ALTER TABLE {name} SET TABLESPACE {space}")).await;
    let outcome = on_a_full_disk(Arc::new(store.clone()), &disk).await;
    store.close().await;
    run(format!("DROP TABLE {name}")).await;
    run(format!("DROP TABLESPACE {space}")).await;
    outcome.unwrap();
}

#[cfg(feature = "servers")]
#[tokio::test]
#[ignore = "needs MySQL or MariaDB and a disk to fill: set KOMERZA_TEST_MYSQL_URL and KOMERZA_TEST_SMALL_DISKS"]
async fn t64_a_full_disk_under_mysql_costs_at_most_one_exchange() {
    use sqlx::Row as _;
    let (disk, name) = (SmallDisk::of("mysql"), unique("full"));
    let store = MySqlStore::connect_with(&mysql_url(), &name.parse().unwrap()).await.unwrap().with_deadline(PATIENCE);
    let run = async |statement: String| run(&mysql_url(), &statement).await;
    // The place of a table is chosen when it is made.
    let admin = sqlx::MySqlPool::connect(&mysql_url()).await.unwrap();
    let shown =
        sqlx::raw_sql(sqlx::AssertSqlSafe(format!("SHOW CREATE TABLE {name}"))).fetch_one(&admin).await.unwrap();
    let create = shown.get_unchecked::<String, _>(1);
    run(format!("DROP TABLE {name}")).await;
    run(format!("{create} DATA DIRECTORY='{}'", disk.directory.display())).await;
    let outcome = on_a_full_disk(Arc::new(store.clone()), &disk).await;
    store.close().await;
    run(format!("DROP TABLE {name}")).await;
    outcome.unwrap();
}

#[cfg(feature = "servers")]
#[tokio::test]
#[ignore = "needs Redis: set KOMERZA_TEST_REDIS_URL"]
async fn t64_redis_at_its_memory_limit_costs_at_most_one_exchange() {
    let own = OwnRedis::start(&["--maxmemory-policy", "noeviction"]).await;
    let store = RedisStore::connect(&format!("redis://{}", own.address)).await.unwrap().with_deadline(PATIENCE);
    let limit = async |bytes| {
        own.tell(&["CONFIG", "SET", "maxmemory", bytes]).await.unwrap();
    };
    costs_at_most_one_exchange(Arc::new(store), 200, async || limit("1").await, async || limit("0").await).await;
}

#[cfg(feature = "servers")]
#[tokio::test]
#[ignore = "needs Redis: set KOMERZA_TEST_REDIS_URL"]
async fn t64_a_replica_of_redis_costs_at_most_one_exchange() {
    let own = OwnRedis::start(&[]).await;
    let store = RedisStore::connect(&format!("redis://{}", own.address)).await.unwrap().with_deadline(PATIENCE);
    let replica_of = async |host, port| {
        own.tell(&["REPLICAOF", host, port]).await.unwrap();
    };
    // Nobody listens there, so what it has stays.
    let breaks = async || replica_of("127.0.0.1", "1").await;
    // What a replica reads may be old, so nobody is told "not connected" by it.
    let heals = async || replica_of("NO", "ONE").await;
    costs_at_most_one_exchange(Arc::new(store), 503, breaks, heals).await;
}

#[cfg(feature = "servers")]
#[tokio::test]
#[ignore = "needs PostgreSQL: set KOMERZA_TEST_POSTGRES_URL"]
async fn t64_a_postgresql_that_became_a_replica_costs_at_most_one_exchange() {
    let (name, role) = (unique("replica"), unique("role"));
    PostgresStore::connect_with(&postgres_url(), &name.parse().unwrap()).await.unwrap();
    let run = async |statement: String| run(&postgres_url(), &statement).await;
    run(format!("CREATE ROLE {role} LOGIN; GRANT ALL ON {name} TO {role}")).await;
    let url = postgres_url().replace("komerza@", &format!("{role}@"));
    let store = PostgresStore::connect_with(&url, &name.parse().unwrap()).await.unwrap().with_deadline(PATIENCE);
    // Sessions that begin now take no writes, and those that are open are ended, as by a failover.
    let breaks = async || {
        run(format!("ALTER ROLE {role} SET default_transaction_read_only = on")).await;
        run(format!("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '{role}'")).await;
        while store.load(&user("early")).await.is_err() {}
    };
    let heals = async || {
        run(format!("ALTER ROLE {role} RESET default_transaction_read_only")).await;
    };
    costs_at_most_one_exchange(Arc::new(store.clone()), 200, breaks, heals).await;
    store.close().await;
    run(format!("DROP TABLE {name}; DROP ROLE {role}")).await;
}
