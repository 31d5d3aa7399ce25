//! The login flow end to end: what a visitor, an app and the provider see of it.

mod disconnect;
mod failures;
mod hooks;
mod logs;
mod nodes;
mod notes;
pub(crate) mod pages;
mod repeats;
mod sessions;
mod status;
mod tabs;
