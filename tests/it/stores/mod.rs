//! Token stores: the contract suite over every shipped one, and proof that the suite finds faults.

/// Tests that need a server, each in a line: what it needs, its name, and what it runs.
#[cfg(feature = "servers")]
macro_rules! needs {
    ($($server:ident $test:ident => $run:expr;)+) => { $(needs!(@$server $test $run);)+ };
    (@postgresql $test:ident $run:expr) => { needs!(@"needs PostgreSQL: set KOMERZA_TEST_POSTGRES_URL" $test $run); };
    (@pgbouncer $test:ident $run:expr) => { needs!(@"needs PgBouncer: set KOMERZA_TEST_PGBOUNCER_URL" $test $run); };
    (@mysql $test:ident $run:expr) => { needs!(@"needs MySQL or MariaDB: set KOMERZA_TEST_MYSQL_URL" $test $run); };
    (@redis $test:ident $run:expr) => { needs!(@"needs Redis: set KOMERZA_TEST_REDIS_URL" $test $run); };
    (@cluster $test:ident $run:expr) => { needs!(@"needs a Redis Cluster: set KOMERZA_TEST_REDIS_CLUSTER_URL" $test $run); };
    (@sentinel $test:ident $run:expr) => { needs!(@"needs Sentinels: set KOMERZA_TEST_REDIS_SENTINEL_URL" $test $run); };
    (@programs $test:ident $run:expr) => { needs!(@"needs the servers' own programs: run .ci/servers" $test $run); };
    (@$why:literal $test:ident $run:expr) => {
        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        #[ignore = $why]
        async fn $test() {
            $run.await;
        }
    };
}

mod broken;
mod broken_lists;
mod broken_network;
mod broken_stores;
mod cached;
mod contract;
#[cfg(feature = "servers")]
mod contract_servers;
mod database_copy;
mod encrypted;
mod errors;
mod faulty;
mod flaws;
mod list_users;
mod no_writes;
#[cfg(feature = "servers")]
mod own_redis;
pub(crate) mod places;
mod processes;
#[cfg(feature = "servers")]
mod redis_faults;
#[cfg(feature = "servers")]
mod redis_topologies;
#[cfg(feature = "servers")]
mod servers;
#[cfg(feature = "servers")]
mod sql_faults;
mod sql_tables;
mod sqlite;
mod sqlite_faults;

use self::places::*;
use crate::prelude::*;
use komerza_connect::store::contract::{Claim, Contract};
#[cfg(feature = "servers")]
use komerza_connect::store::{MySqlStore, PostgresStore, RedisStore, contract::Relay};
use komerza_connect::token_store_contract;
