//! Token stores: the contract suite over every shipped one, and proof that the suite finds faults.

mod broken;
mod broken_stores;
mod cached;
mod connect_copy;
mod contract;
mod database_copy;
mod encrypted;
mod errors;
mod faulty;
mod list_users;
mod own_redis;
pub(crate) mod places;
mod processes;
mod redis_faults;
mod redis_topologies;
mod replace;
mod servers;
mod sql_faults;
mod sql_tables;
mod sqlite;
