//! The one integration test binary: one `mod` line per module, in alphabetical order.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    missing_docs
)]

mod mounting;
mod public_api;
mod sandbox;
mod stores;
mod support;
mod trace;
