//! A Komerza on a loopback port, for tests and for trying things out.
//!
//! This is the library, for tests in Rust. The program `komerza-sandbox` serves apps in any language: its
//! `--help` says how.
//!
//! It speaks real HTTP, so that your app runs against it unchanged: set the API and dashboard URLs, the client
//! ID and the secret. It refuses what Komerza refuses, in this order:
//!
//! 1. The authorize page knows the client ID, and the redirect URI is exactly one of the app's; otherwise an
//!    error page, and the browser is sent nowhere.
//! 2. A request to the API has a `User-Agent`; otherwise 403.
//! 3. Its bucket has a token: 12 and 4 more every 2 seconds for each key, 10 and 4 more every 7 seconds for all
//!    requests without a key together, the exchange among them; otherwise 429. [`SandboxBuilder::unlimited`]
//!    switches both off.
//! 4. The exchange knows the app (404), its secret (401), the code (401): one use, one minute, for the app it
//!    was given to.
//! 5. Any other call has a living key (401 `BadToken`) with the endpoint's scope (403) for a store that exists
//!    (404) and that the user ticked (403).
//!
//! # What is ours and what is Komerza's
//! Paths, field names, the envelope, limits, lifetimes and error names are those that Komerza documents. Where
//! its pages are silent the sandbox has to choose, and [`Switches`] lets a test choose otherwise: what a
//! refusal looks like to the app, the alphabet of codes, the statuses of the exchange, whether `Retry-After` is
//! sent, what a second connection gives. That something works here is no proof that it works there.
//!
//! # Contents
//! Each account has two stores with products, a month of orders, customers, tickets and a webhook with its log:
//! the same on every run, and made up throughout. Lists come in pages, take `Filters` and `Sorts`, and what a
//! call changes stays changed until the sandbox stops. The fields of each object are those of
//! `docs/provider-facts.tsv` in the repository, and a test compares them.
//!
//! # Requests to your app
//! [`Sandbox::send_event`] posts a signed event to a webhook. An order of a variant that the app delivers is
//! posted to the app when it is delivered, signed with [`Sandbox::delivery_secret`].
//!
//! # A browser for tests
//! [`Sandbox::browser`] is one in front of your app, which it calls without a socket. It keeps cookies, follows
//! redirects, approves at Komerza and comes back.
//!
//! # When things go wrong
//! [`Sandbox::faults`] makes requests slow, unanswered, cut off, answered by a gateway, malformed or endless,
//! before or after they had their effect; [`Sandbox::go_offline`] refuses connections. [`Sandbox::requests`]
//! tells what arrived. Codes, limits and latencies go by the [`Clock`](komerza_connect::time::Clock) of
//! [`SandboxBuilder::clock`], so that no test has to sleep.
//!
//! # Security
//! Whoever reaches the port may approve and revoke. It listens on loopback addresses alone and refuses forms
//! that browsers send from other sites; use no real secret with it.
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
