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

use std::alloc::System;

use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};

/// Counts the allocations of the process, for the tests that run in one of their own.
#[global_allocator]
static ALLOCATIONS: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

#[cfg(feature = "servers")]
mod browser;
mod client;
mod doctor;
mod exchange;
mod exchange_replies;
mod facts;
mod flow;
mod fuzz;
mod lifecycle;
mod load;
mod measures;
mod model;
mod mounting;
#[allow(unreachable_pub, reason = "the fuzz targets include this module too")]
mod oracles;
mod prelude;
mod public_api;
mod sandbox;
mod secrets;
mod stores;
mod threats;
mod torture;
mod webhook;
