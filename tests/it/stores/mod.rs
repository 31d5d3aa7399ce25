//! Token stores: the contract suite over every shipped one, and proof that the suite finds faults.

mod broken;
mod broken_network;
mod broken_stores;
mod cached;
mod connect_copy;
mod contract;
#[cfg(feature = "servers")]
mod contract_servers;
mod database_copy;
mod encrypted;
mod errors;
mod faulty;
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
mod replace;
#[cfg(feature = "servers")]
mod servers;
#[cfg(feature = "servers")]
mod sql_faults;
mod sql_tables;
mod sqlite;
mod sqlite_faults;
