//! The contract suite, over the stores that need a server: alone, and in each wrapper.

use super::{
    contract::{DAMAGE, behind_a_cache, both, cached, encrypted, in_every_wrapper, wrapped},
    places::{PATIENCE, mysql_url, pgbouncer_url, postgres_url, redis_connection, redis_url, run, unique},
};
use crate::prelude::*;
use komerza_connect::{
    store::{
        MySqlStore, PostgresStore, RedisStore,
        contract::{Contract, Relay},
    },
    token_store_contract,
};

/// What every store in a server claims.
fn of_a_server(contract: Contract) -> Contract {
    contract.any_id().lists().outlives_restarts().shared_by_nodes()
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
    let table: TableName = unique("contract").parse().unwrap();
    let dropped = Arc::new(DroppedTable { url: postgres_url(), name: table.to_string() });
    let damaged = table.clone();
    let at = move |url: String| {
        let (table, _dropped) = (table.clone(), dropped.clone());
        async move { opened(&url, &table).await }
    };
    let (open, plain, away) = (at.clone(), at.clone(), url.clone());
    let (opened, plainly, relayed) = (url.clone(), url.clone(), url);
    of_a_server(Contract::new(move || {
        let opened = open(opened.clone());
        async move { with(opened.await.with_deadline(PATIENCE)) }
    }))
    .replaces(move || plain(plainly.clone()))
    .over_network(server(&relayed), move |address| {
        let opened = at(through(&relayed, address));
        async move { with(opened.await) }
    })
    .damaged_by(move |user| {
        let statement = format!("UPDATE {damaged} SET record = $2 WHERE user_id = $1");
        async move {
            let pool = sqlx::PgPool::connect(&postgres_url()).await.unwrap();
            let damage = sqlx::query(sqlx::AssertSqlSafe(statement)).bind(user.as_str().as_bytes()).bind(DAMAGE);
            assert_eq!(damage.execute(&pool).await.unwrap().rows_affected(), 1);
            pool.close().await;
        }
    })
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
    let table: TableName = unique("contract").parse().unwrap();
    let dropped = Arc::new(DroppedTable { url: mysql_url(), name: table.to_string().replace('"', "`") });
    let damaged = dropped.clone();
    let at = move |url: String| {
        let (table, _dropped) = (table.clone(), dropped.clone());
        async move { MySqlStore::connect_with(&url, &table).await.unwrap() }
    };
    let (open, plain) = (at.clone(), at.clone());
    of_a_server(Contract::new(move || {
        let opened = open(mysql_url());
        async move { with(opened.await.with_deadline(PATIENCE)) }
    }))
    .replaces(move || plain(mysql_url()))
    .over_network(server(&mysql_url()), move |address| {
        let opened = at(through(&mysql_url(), address));
        async move { with(opened.await) }
    })
    .damaged_by(move |user| {
        let statement = format!("UPDATE {} SET record = ? WHERE user_id = ?", damaged.name);
        async move {
            let pool = sqlx::MySqlPool::connect(&mysql_url()).await.unwrap();
            let damage = sqlx::query(sqlx::AssertSqlSafe(statement)).bind(DAMAGE).bind(user.as_str().as_bytes());
            assert_eq!(damage.execute(&pool).await.unwrap().rows_affected(), 1);
            pool.close().await;
        }
    })
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
    let at = move |url: String| {
        let prefix = prefix.clone();
        async move { RedisStore::connect_with(&url, &prefix).await.unwrap() }
    };
    let (open, plain) = (at.clone(), at.clone());
    of_a_server(Contract::new(move || {
        let opened = open(redis_url());
        async move { with(opened.await.with_deadline(PATIENCE)) }
    }))
    .replaces(move || plain(redis_url()))
    .over_network(server(&redis_url()), move |address| {
        let opened = at(through(&redis_url(), address));
        async move { with(opened.await) }
    })
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
fn server(url: &str) -> SocketAddr {
    let authority = url.split("//").nth(1).and_then(|rest| rest.split('/').next()).unwrap();
    authority.rsplit('@').next().unwrap().parse().unwrap()
}

/// The URL with another address in the place of the server's.
fn through(url: &str, address: SocketAddr) -> String {
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
