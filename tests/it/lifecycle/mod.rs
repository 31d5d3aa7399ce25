//! Section F of the threat model: the store, disconnecting, hang-ups, deploys, load.

mod disconnect;
mod flights;
mod hang_ups;
mod package;
mod records;
mod revoked;
mod store;
