//! The one integration test binary: one `mod` line per module, in alphabetical order.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::unreachable,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    missing_docs
)]

#[cfg(feature = "servers")]
mod browser;
mod client;
mod exchange;
mod exchange_replies;
mod facts;
mod flow;
mod fuzz;
mod lifecycle;
mod load;
mod model;
mod mounting;
#[allow(unreachable_pub, reason = "the fuzz targets include this module too")]
mod oracles;
mod public_api;
mod return_to;
mod sandbox;
mod secrets;
mod stores;
mod threats;
mod torture;
mod trace;
mod webhook;
