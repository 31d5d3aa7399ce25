//! The login flow end to end: what a visitor, an app and the provider see of it.

pub(crate) mod harness;
pub(crate) mod ledger;
