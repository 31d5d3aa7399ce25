//! Real browsers: the quickstart as its own process, and the sandbox under another host name.
//!
//! Each scenario is tried in Chromium, Firefox and WebKit, over plain HTTP on loopback and over HTTPS behind nginx and HAProxy. The
//! sandbox's dashboard is another site than the app, so every return from it is a cross-site navigation, as it is from Komerza. Run
//! all of it with `.ci/browser`, which installs what is missing, builds the quickstart and prints the table that these tests write.
//! `BROWSER_ENGINES` and `BROWSER_FRONTS` choose some.

mod blocked_cookies;
mod connect;
mod engine;
mod front;
mod history;
mod openers;
mod own_login;
mod refusals;
mod repeats;
mod sites;
mod table;
mod tabs;
mod visitors;
mod window;

use connect::{approved, ask, assert_connected, assert_not_connected, connect, follow_a_foreign_link};
use engine::{Engine, Setting};
use front::Front;
use sites::{Foreign, OwnLogin, Provider, Quickstart};
use table::{Scenario, Visit, in_an_app_with_logins, in_the_quickstart, scenario};
use window::Browser;
