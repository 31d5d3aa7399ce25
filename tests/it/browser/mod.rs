//! A real browser: Chromium, the quickstart as its own process, and the sandbox under another host name.
//!
//! The app is `http://127.0.0.1:PORT` and the sandbox's dashboard is `http://localhost:PORT`, which are two sites to a browser: every
//! return from the dashboard is a cross-site navigation, as it is from Komerza. Run all of it with `.ci/browser`, which installs
//! Chromium when it is missing, builds the quickstart and prints the report that these tests write.

mod blocked_cookies;
mod chromium;
mod connect;
mod own_login;
mod refusals;
mod repeats;
mod report;
mod sites;
mod tabs;
mod visitors;

use chromium::{Chromium, in_chromium, in_chromium_without_cookies};
use report::report;
use sites::{Foreign, OwnLogin, Quickstart, provider};
