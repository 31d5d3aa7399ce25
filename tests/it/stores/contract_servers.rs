//! The contract suite, over the stores that need a server: alone, and in each wrapper.

use super::contract::{DAMAGE, behind_a_cache, both, cached, encrypted, in_every_wrapper, wrapped};
use super::*;

/// A store in the server at `url`, as `open` opens one there; `patient` gives it time where a check is not about that.
fn in_server<T, S, F, Fut>(url: String, open: F, patient: fn(T) -> T, with: fn(T) -> S) -> Contract
where
    T: ReplaceIf,
    S: TokenStore,
    F: Fn(String) -> Fut + Clone + Send + Sync + 'static,
    Fut: Future<Output = T> + Send + 'static,
{
    let (here, relayed) = (url.clone(), open.clone());
    let at = move || open(url.clone());
    let opened = at.clone();
    Contract::new(move || {
        let opened = opened();
        async move { with(patient(opened.await)) }
    })
    .any_id()
    .lists()
    .outlives_restarts()
    .shared_by_nodes()
    .replaces(at)
    .over_network(server(&here.clone()), move |address| {
        let opened = relayed(through(&here, address));
        async move { with(opened.await) }
    })
}

fn postgres<S: TokenStore>(with: fn(PostgresStore) -> S) -> Contract {
    postgres_at(postgres_url(), with)
}

fn pgbouncer_in_session_mode<S: TokenStore>(with: fn(PostgresStore) -> S) -> Contract {
    postgres_at(pgbouncer_url("session"), with)
}

fn pgbouncer_in_transaction_mode<S: TokenStore>(with: fn(PostgresStore) -> S) -> Contract {
    postgres_at(pgbouncer_url("transaction"), with)
}

fn postgres_at<S: TokenStore>(url: String, with: fn(PostgresStore) -> S) -> Contract {
    let (table, dropped) = DroppedTable::new(postgres_url());
    let (damaged, away) = (dropped.clone(), url.clone());
    let open = move |url: String| {
        let (table, _dropped) = (table.clone(), dropped.clone());
        async move { opened(&url, &table).await }
    };
    in_server(url, open, |store| store.with_deadline(PATIENCE), with)
        .damaged_by(move |user| damaged.clone().damage(format!("decode('{}', 'hex')", hex(&user))))
        .unreachable(move || {
            let url = away.clone();
            async move {
                // Its calls find no connection to make; tests/it/stores/processes/outage.rs takes a server away for real.
                let store = PostgresStore::connect_with(&url, &unique("gone").parse().unwrap()).await.unwrap();
                store.close().await;
                with(store)
            }
        })
}

fn mysql<S: TokenStore>(with: fn(MySqlStore) -> S) -> Contract {
    let (table, dropped) = DroppedTable::new(mysql_url());
    let damaged = dropped.clone();
    let open = move |url: String| {
        let (table, _dropped) = (table.clone(), dropped.clone());
        async move { MySqlStore::connect_with(&url, &table).await.unwrap() }
    };
    in_server(mysql_url(), open, |store| store.with_deadline(PATIENCE), with)
        .damaged_by(move |user| damaged.clone().damage(format!("x'{}'", hex(&user))))
        .unreachable(move || async move {
            let store = MySqlStore::connect_with(&mysql_url(), &unique("gone").parse().unwrap()).await.unwrap();
            store.close().await;
            with(store)
        })
}

/// PgBouncer 1.18 refuses a client whose first packet arrives in two pieces, as it may through a relay.
pub(super) async fn opened(url: &str, table: &TableName) -> PostgresStore {
    for _ in 0..20 {
        match PostgresStore::connect_with(url, table).await {
            Err(error) if error.to_string().contains("partial pkt") => {}
            outcome => return outcome.unwrap(),
        }
    }
    panic!("twenty first packets in pieces");
}

/// Drops the table once the test that made it is over.
struct DroppedTable {
    url: String,
    /// As it stands in a statement.
    name: String,
}

impl DroppedTable {
    fn new(url: String) -> (TableName, Arc<Self>) {
        let table: TableName = unique("contract").parse().unwrap();
        let name = in_statements(&url, &table);
        (table, Arc::new(Self { url, name }))
    }

    /// Puts another text in the place of the record of a user, whose id is written so.
    async fn damage(self: Arc<Self>, id: String) {
        let statement = format!("UPDATE {} SET record = '{DAMAGE}' WHERE user_id = {id}", self.name);
        assert_eq!(run(&self.url, &statement).await, 1, "damaged records");
    }
}

fn hex(user: &UserId) -> String {
    user.as_str().bytes().map(|byte| format!("{byte:02x}")).collect()
}

impl Drop for DroppedTable {
    fn drop(&mut self) {
        let drop = async { run(&self.url, &format!("DROP TABLE IF EXISTS {}", self.name)).await };
        // In a thread of its own: a test may drop its contract inside a runtime or outside.
        std::thread::scope(|scope| {
            scope.spawn(|| tokio::runtime::Runtime::new().unwrap().block_on(drop));
        });
    }
}

fn redis<S: TokenStore>(with: fn(RedisStore) -> S) -> Contract {
    let prefix = unique("contract");
    let damaged = prefix.clone();
    let open = move |url: String| {
        let prefix = prefix.clone();
        async move { RedisStore::connect_with(&url, &prefix).await.unwrap() }
    };
    in_server(redis_url(), open, |store| store.with_deadline(PATIENCE), with)
        .damaged_by(move |user| {
            let key = format!("{damaged}{}", user.as_str());
            async move {
                ::redis::cmd("SET").arg(key).arg(DAMAGE).exec_async(&mut redis_connection().await).await.unwrap();
            }
        })
        .unreachable(move || async move {
            let relay = Relay::to(server(&redis_url())).await.unwrap();
            let store = RedisStore::connect(&through(&redis_url(), relay.address())).await.unwrap();
            relay.reset_all();
            // Its port stays taken: the relay of another test could get it, and answer.
            std::mem::forget(relay);
            with(store)
        })
}

/// The address of the server in a URL.
pub(super) fn server(url: &str) -> SocketAddr {
    let authority = url.split("//").nth(1).and_then(|rest| rest.split('/').next()).unwrap();
    authority.rsplit('@').next().unwrap().parse().unwrap()
}

/// The URL with another address in the place of the server's.
pub(super) fn through(url: &str, address: SocketAddr) -> String {
    url.replace(&server(url).to_string(), &address.to_string())
}

in_every_wrapper!(postgres, [lists], [network], #[ignore = "needs PostgreSQL: set KOMERZA_TEST_POSTGRES_URL"]);
in_every_wrapper!(
    pgbouncer_in_session_mode,
    [lists],
    [network],
    #[ignore = "needs PgBouncer: set KOMERZA_TEST_PGBOUNCER_URL"]
);
in_every_wrapper!(
    pgbouncer_in_transaction_mode,
    [lists],
    [network],
    #[ignore = "needs PgBouncer: set KOMERZA_TEST_PGBOUNCER_URL"]
);
in_every_wrapper!(mysql, [lists], [network], #[ignore = "needs MySQL or MariaDB: set KOMERZA_TEST_MYSQL_URL"]);
in_every_wrapper!(redis, [lists], [network], #[ignore = "needs Redis: set KOMERZA_TEST_REDIS_URL"]);
