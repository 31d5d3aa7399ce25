//! A local test server that stands in for Komerza, for tests and for trying things out.
//!
//! This is the library, for tests in Rust. The program `komerza-sandbox` serves apps in any language: its
//! `--help` says how.
//!
//! It speaks real HTTP, so that your app runs against it unchanged: set the API and dashboard URLs, the client
//! ID and the secret. It refuses what Komerza refuses, in this order:
//!
//! 1. The authorize page must know the client ID, and the redirect URI must be exactly one of the app's.
//!    Otherwise the page shows an error and sends the browser nowhere.
//! 2. A request to the API must have a `User-Agent`; otherwise it gets 403.
//! 3. Its bucket must have a token; otherwise it gets 429. Each key has a bucket of 12 tokens, and 4 more
//!    every 2 seconds. All requests without a key, such as the exchange, share a bucket of 10, and 4 more
//!    every 7 seconds. [`SandboxBuilder::unlimited`] switches both limits off.
//! 4. The exchange refuses an unknown app (404), a wrong secret (401) and a wrong code (401). A code works
//!    once, for one minute, and only for the app that it was given to.
//! 5. Any other call needs a valid key (else 401 `BadToken`) with the endpoint's scope (else 403). Its store
//!    must exist (else 404), and the user must have ticked it (else 403).
//!
//! # What is ours and what is Komerza's
//! Paths, field names, the envelope, limits, lifetimes and error names are those that Komerza documents.
//! Where its pages are silent the sandbox has to choose, and [`Switches`] lets a test choose otherwise: what
//! a refusal looks like to the app, the alphabet of codes, the statuses of the exchange, whether
//! `Retry-After` is sent, what a second connection gives. If something works with the sandbox, that does not
//! prove that it works with Komerza.
//!
//! # Contents
//! Each account has two stores with products, a month of orders, customers and tickets, and a webhook with
//! its log. Everything is made up, and the same on every run. Lists come in pages, and take `Filters` and
//! `Sorts`. What a call changes stays changed until the sandbox stops. The fields of each object are those of
//! `docs/provider-facts.tsv` in the repository, and a test compares them.
//!
//! # Requests to your app
//! [`Sandbox::send_event`] posts a signed event to a webhook. If the app itself delivers a variant, and an
//! order of it is delivered through the API, the sandbox posts the order to the app, signed with
//! [`Sandbox::delivery_secret`].
//!
//! # A browser for tests
//! [`Sandbox::browser`] returns a browser that calls your app without a socket. It keeps cookies, follows
//! redirects, approves at Komerza and comes back.
//!
//! # When things go wrong
//! [`Sandbox::faults`] makes answers slow, missing, cut off, malformed or endless, or puts a gateway's answer
//! in their place, before or after the request had its effect. [`Sandbox::go_offline`] refuses connections.
//! [`Sandbox::requests`] lists the requests that arrived. Codes, limits and latencies use the
//! [`Clock`](komerza_connect::time::Clock) of [`SandboxBuilder::clock`], so that no test has to sleep.
//!
//! # Security
//! Anybody who reaches the port can approve and revoke. The sandbox listens only on loopback addresses and
//! refuses forms that browsers send from other sites. Use no real secret with it.
//!
//! # Example
//! Without a browser, [`Sandbox::approve`] stands in for the user:
//! ```
//! # tokio::runtime::Runtime::new()?.block_on(async {
//! use komerza_sandbox::Sandbox;
//! use url::Url;
//!
//! let redirect_uri = "http://127.0.0.1:3000/komerza/callback";
//! let sandbox = Sandbox::builder().app_name("Order printer").redirect_uri(redirect_uri).start().await?;
//!
//! // Where your login sends the browser, and where the browser comes back.
//! let query = [("client_id", sandbox.client_id()), ("redirect_uri", redirect_uri), ("state", "s1")];
//! let login = Url::parse_with_params(&format!("{}/auth/authorize", sandbox.dashboard_url()), query)?;
//! let callback = Url::parse(&sandbox.approve(login.as_str())?)?;
//! let code = callback.query_pairs().find(|(name, _)| name == "code").unwrap().1;
//!
//! // What your callback asks next.
//! let exchange = format!("{}/oauth2/{}/exchange/{code}", sandbox.api_url(), sandbox.client_id());
//! let http = reqwest::Client::builder().user_agent("OrderPrinter/1.0").no_proxy().build()?;
//! let reply = http.get(exchange).header("X-Client-Secret", sandbox.client_secret()).send().await?;
//! assert_eq!(reply.status(), 200);
//! assert_eq!(sandbox.exchanges(), 1);
//! # Ok::<(), Box<dyn std::error::Error>>(()) })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

/// The README, whose Rust is compiled.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

mod api;
mod app;
mod browser;
mod bucket;
mod builder;
mod chance;
mod codes;
mod consent;
mod dashboard;
mod deliveries;
mod envelope;
mod error;
mod exchange;
mod faults;
mod grant;
mod handle;
mod hang_up;
mod keys;
mod listing;
mod order;
mod page;
mod pipeline;
mod request_log;
mod scopes;
mod seed;
mod server;
mod switches;
mod value;
mod world;

pub use app::{App, RegisteredApp};
pub use browser::{Browser, Page};
pub use builder::SandboxBuilder;
pub use deliveries::{Delivered, Undelivered};
pub use error::SandboxError;
pub use faults::{Fault, FaultRule, Faults, InjectedFault, Target};
pub use grant::Approval;
pub use handle::Sandbox;
pub use request_log::{Part, RecordedRequest};
pub use switches::{
    Blocked, CodeAlphabet, ContentTypes, Deny, ErrorNames, ExchangeRefusal, ExchangeStatuses, Reconnect, RetryAfter,
    StoresRoute, Switches,
};
