//! The contract suite, over the stores that need a server: alone, and in each wrapper.

use super::{
    contract::{DAMAGE, both, cached, encrypted, in_every_wrapper},
    places::{mysql_url, pgbouncer_url, postgres_url, redis_url, unique},
};
use komerza_connect::{
    TokenStore,
    store::{MySqlStore, PostgresStore, RedisStore, TableName, contract::Contract},
    token_store_contract,
};
use std::sync::Arc;

fn postgres<S: TokenStore>(with: fn(PostgresStore) -> S) -> Contract {
    postgres_at(postgres_url, with)
}

fn pgbouncer_in_session_mode<S: TokenStore>(with: fn(PostgresStore) -> S) -> Contract {
    postgres_at(|| pgbouncer_url("session"), with)
}

fn pgbouncer_in_transaction_mode<S: TokenStore>(with: fn(PostgresStore) -> S) -> Contract {
    postgres_at(|| pgbouncer_url("transaction"), with)
}

fn postgres_at<S: TokenStore>(url: fn() -> String, with: fn(PostgresStore) -> S) -> Contract {
    let table: TableName = unique("contract").parse().unwrap();
    let dropped = Arc::new(DroppedTable(table.clone()));
    let damaged = table.clone();
    Contract::new(move || {
        let (table, _dropped) = (table.clone(), dropped.clone());
        async move { with(PostgresStore::connect_with(&url(), &table).await.unwrap()) }
    })
    .outlives_restarts()
    .damaged_by(move |user| {
        let statement = format!("UPDATE {damaged} SET record = $2 WHERE user_id = $1");
        async move {
            let pool = sqlx::PgPool::connect(&postgres_url()).await.unwrap();
            let damage = sqlx::query(sqlx::AssertSqlSafe(statement)).bind(user.as_str().as_bytes()).bind(DAMAGE);
            assert_eq!(damage.execute(&pool).await.unwrap().rows_affected(), 1);
            pool.close().await;
        }
    })
    .unreachable(move || async move {
        // Its calls find no connection to make; tests/it/stores/outage.rs takes a server away for real.
        let store = PostgresStore::connect_with(&url(), &unique("gone").parse().unwrap()).await.unwrap();
        store.close().await;
        with(store)
    })
}

/// Drops the table once the test that made it is over.
struct DroppedTable(TableName);

impl Drop for DroppedTable {
    fn drop(&mut self) {
        let statement = format!("DROP TABLE IF EXISTS {}", self.0);
        let drop = async {
            let pool = sqlx::PgPool::connect(&postgres_url()).await.unwrap();
            sqlx::query(sqlx::AssertSqlSafe(statement)).execute(&pool).await.unwrap();
        };
        // In a thread of its own: a test may drop its contract inside a runtime or outside.
        std::thread::scope(|scope| {
            scope.spawn(|| tokio::runtime::Runtime::new().unwrap().block_on(drop));
        });
    }
}

fn mysql<S: TokenStore>(with: fn(MySqlStore) -> S) -> Contract {
    let table: TableName = unique("contract").parse().unwrap();
    let dropped = Arc::new(DroppedMySqlTable(table.to_string().replace('"', "`")));
    let damaged = dropped.clone();
    Contract::new(move || {
        let (table, _dropped) = (table.clone(), dropped.clone());
        async move { with(MySqlStore::connect_with(&mysql_url(), &table).await.unwrap()) }
    })
    .outlives_restarts()
    .damaged_by(move |user| {
        let statement = format!("UPDATE {} SET record = ? WHERE user_id = ?", damaged.0);
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

/// As [`DroppedTable`]; the name as it stands in a statement.
struct DroppedMySqlTable(String);

impl Drop for DroppedMySqlTable {
    fn drop(&mut self) {
        let statement = format!("DROP TABLE IF EXISTS {}", self.0);
        let drop = async {
            let pool = sqlx::MySqlPool::connect(&mysql_url()).await.unwrap();
            sqlx::query(sqlx::AssertSqlSafe(statement)).execute(&pool).await.unwrap();
        };
        std::thread::scope(|scope| {
            scope.spawn(|| tokio::runtime::Runtime::new().unwrap().block_on(drop));
        });
    }
}

fn redis<S: TokenStore>(with: fn(RedisStore) -> S) -> Contract {
    let prefix = unique("contract");
    let damaged = prefix.clone();
    Contract::new(move || {
        let prefix = prefix.clone();
        async move { with(RedisStore::connect_with(&redis_url(), &prefix).await.unwrap()) }
    })
    .outlives_restarts()
    .damaged_by(move |user| {
        let key = format!("{damaged}{}", user.as_str());
        async move {
            let client = ::redis::Client::open(redis_url()).unwrap();
            let mut connection = client.get_multiplexed_async_connection().await.unwrap();
            ::redis::cmd("SET").arg(key).arg(DAMAGE).exec_async(&mut connection).await.unwrap();
        }
    })
    .unreachable(move || async move {
        let (address, relay) = relay_to(&redis_url()).await;
        let store = RedisStore::connect(&format!("redis://{address}/")).await.unwrap();
        relay.abort();
        with(store)
    })
}

/// A port that passes everything on to the server until the task is aborted, which ends its connections too.
async fn relay_to(url: &str) -> (std::net::SocketAddr, tokio::task::JoinHandle<()>) {
    let server = url.trim_start_matches("redis://").trim_end_matches('/').to_owned();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let relay = tokio::spawn(async move {
        let mut connections = tokio::task::JoinSet::new();
        loop {
            let (mut client, _) = listener.accept().await.unwrap();
            let server = server.clone();
            connections.spawn(async move {
                let mut server = tokio::net::TcpStream::connect(server).await.unwrap();
                let _ = tokio::io::copy_bidirectional(&mut client, &mut server).await;
            });
        }
    });
    (address, relay)
}

in_every_wrapper!(postgres, #[ignore = "needs PostgreSQL: set KOMERZA_TEST_POSTGRES_URL"]);
in_every_wrapper!(pgbouncer_in_session_mode, #[ignore = "needs PgBouncer: set KOMERZA_TEST_PGBOUNCER_URL"]);
in_every_wrapper!(pgbouncer_in_transaction_mode, #[ignore = "needs PgBouncer: set KOMERZA_TEST_PGBOUNCER_URL"]);
in_every_wrapper!(mysql, #[ignore = "needs MySQL or MariaDB: set KOMERZA_TEST_MYSQL_URL"]);
in_every_wrapper!(redis, #[ignore = "needs Redis: set KOMERZA_TEST_REDIS_URL"]);
