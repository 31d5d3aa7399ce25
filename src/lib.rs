//! Connect with Komerza.
#![cfg_attr(test, allow(clippy::arithmetic_side_effects))]

mod provider;
