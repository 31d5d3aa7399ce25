//! Token stores: the contract suite over every shipped one, and proof that the suite finds faults.

mod broken;
mod broken_stores;
mod contract;
mod support;
