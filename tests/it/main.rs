//! The one integration test binary: one `mod` line per module, in alphabetical order.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    missing_docs
)]

mod exchange;
mod exchange_replies;
mod lifecycle;
mod load;
mod sandbox;
mod secrets;
mod stores;
mod support;
mod torture;
