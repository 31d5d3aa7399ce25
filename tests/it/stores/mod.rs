//! Token stores: the contract suite over every shipped one, and proof that the suite finds faults.

/// Tests that need a server, each in a line: why it is left out without one, its name, and what it runs.
#[cfg(feature = "servers")]
macro_rules! needs {
    ($($why:literal, $(#[$more:meta])? $test:ident => $run:expr;)+) => {$(
        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        #[ignore = $why]
        $(#[$more])?
        async fn $test() {
            $run.await;
        }
    )+};
}

mod broken;
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
