//! What the tests stand on: a hostile provider, a model of a browser, and checks that run under every test.
//!
//! Nothing here knows the crate's internals, so that a mistake in them cannot be repeated here. Every part has tests of
//! its own that fail when it is wrong.
#![allow(dead_code, unused_imports, reason = "a toolbox: not every tool is in use at every moment")]

pub(crate) mod browser;
pub(crate) mod canary;
pub(crate) mod headers;
mod headers_tests;
pub(crate) mod raw_provider;
pub(crate) mod redirect_attacks;
pub(crate) mod relay;
pub(crate) mod shop_b;
