//! What the tests stand on: a hostile provider, a model of a browser, and checks that run under every test.
//!
//! Nothing here knows the crate's internals, so that a mistake in them cannot be repeated here. Every part has tests of
//! its own that fail when it is wrong.
#![allow(dead_code, unused_imports, reason = "a toolbox: not every tool is in use at every moment")]

pub mod browser;
pub mod canary;
pub mod headers;
mod headers_tests;
pub mod raw_provider;
pub mod redirect_attacks;
pub mod relay;
pub mod shop;
pub mod time;
pub mod values;
