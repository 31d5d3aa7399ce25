//! "Connect with Komerza" for any Axum or Tower app: login, callback, stored key, ready client.
//!
//! [Komerza](https://komerza.com) is an e-commerce platform. Its users own stores, and developers
//! build apps for them. This crate connects the two. A user clicks "Connect with Komerza" and
//! approves. From then on your handlers receive a [`KomerzaKey`], a client that acts for that user.
//!
//! The [guides](guide) are the longer texts, for example [mounting], [stores], [testing], [security] and
//! [operating].
//!
//! [mounting]: guide::mounting
//! [stores]: guide::stores
//! [testing]: guide::testing
//! [security]: guide::security
//! [operating]: guide::operating
//!
//! Begin with [`guide::first_steps`]. It shows how to register and start your app. [`guide::own_login`],
//! [`guide::front_ends`], [`guide::jobs`] and [`guide::deployment`] cover what usually comes next.
//!
//! # Three lines
//!
//! ```
//! use axum::{Json, Router, routing::get};
//! use komerza_connect::{Config, Error, KomerzaConnectLayer, KomerzaKey, MemoryStore, Store};
//!
//! async fn stores(komerza: KomerzaKey) -> Result<Json<Vec<Store>>, Error> {
//!     Ok(Json(komerza.stores().await?))
//! }
//!
//! # fn app(config: Config) -> Result<Router, komerza_connect::ConfigError> {
//! # /*
//! let config = Config::from_env()?;
//! # */
//! let connect = KomerzaConnectLayer::new(config, MemoryStore::default())?;
//! let app = Router::new().route("/stores", get(stores)).layer(connect); // after your routes, before your session layer
//! # Ok(app)
//! # }
//! # let config = Config::builder().client_id("x").client_secret("s".repeat(72)).user_agent("MyApp/1.0")
//! #     .redirect_uri("https://shop.example/komerza/callback").build()?;
//! # assert!(app(config).is_ok());
//! # Ok::<(), komerza_connect::ConfigError>(())
//! ```
//!
//! `cargo run --example quickstart` shows this in a browser, with a local test server. It needs no
//! account and no settings.
//!
//! # How a request is handled
//!
//! 1. The layer compares the request's path with its four routes. A request for any other path goes on to the
//!    app. For such a request the layer reads no cookie and does not ask the token store.
//! 2. `GET /komerza/login` creates a random state, encrypts the login attempt into a cookie and
//!    redirects the browser to Komerza (303).
//! 3. Komerza redirects the browser to `/komerza/callback?code&state`. The layer checks the state first. Then
//!    it exchanges the code once and saves the key. Both run in a task that continues if the browser closes
//!    the connection.
//! 4. The layer redirects the browser (303) to the page where the user started the login. For two minutes a
//!    reload of the callback leads to that page too. After that a page says that this browser did not
//!    start the connection, and whether the user is already connected.
//! 5. A handler takes [`KomerzaKey`] as an argument. The crate identifies the user, reads the token store
//!    once, and builds a client.
//! 6. When Komerza says that the key is revoked, the crate removes its record. The user has to
//!    connect again.
//!
//! `POST /komerza/disconnect` deletes the stored key. `GET /komerza/status` tells front ends
//! whether the user is connected. By default the four paths differ only in their last segment.
//! [`guide::routes`] describes each route.
//!
//! # Who is the user
//!
//! By default a user is a browser session, tracked by a cookie that this crate sets. If your app has a login,
//! tell the layer which user is signed in. Keys then belong to your users:
//!
//! ```
//! # use komerza_connect::{Config, KomerzaConnectLayer, MemoryStore, UserId};
//! # let config = Config::builder().client_id("x").client_secret("s".repeat(72)).user_agent("MyApp/1.0")
//! #     .redirect_uri("https://shop.example/komerza/callback").build()?;
//! #[derive(Clone)]
//! struct SignedIn { id: i64 } // left in the extensions by the app's own middleware
//!
//! let connect = KomerzaConnectLayer::new(config, MemoryStore::default())?
//!     .with_user(|parts: &axum::http::request::Parts| parts.extensions.get::<SignedIn>().map(|user| UserId::from(user.id)));
//! # let _ = connect;
//! # Ok::<(), komerza_connect::ConfigError>(())
//! ```
//!
//! With axum you can use any extractor, synchronous or asynchronous:
//! `.with_user(by_extractor(|auth: AuthSession<Backend>| auth.user.map(|user|
//! UserId::from(user.id))))`. See [`by_extractor`](layer::by_extractor). Without axum see
//! [`IdentifyUser`].
//!
//! # Where to put the layer
//!
//! Add the layer after your routes and before your session layer: `.layer(connect).layer(auth)`.
//! The session layer then runs first. If the order is wrong, the log says so, and
//! [`check_signed_in`](layer::check_signed_in) fails in a test.
//!
//! A later `.fallback`, wildcard route or `.merge` can hide the crate's routes, and axum does not
//! warn about it. [`mount`](KomerzaConnectLayer::mount) wraps the finished app and avoids this.
//! [`guide::mounting`] has a table of all cases.
//!
//! Outside axum the layer is an ordinary [`tower::Layer`](tower_layer::Layer). Use
//! [`KomerzaKey::from_parts`] instead of the extractor.
//!
//! # Where the keys are stored
//!
//! The crate keeps the keys in a [`TokenStore`]. Use one of the crate's stores, or implement the trait's four
//! methods. A key never expires and opens a user's stores, so use a durable store and encrypt it. The
//! [`store`] module states the contract. [`guide::stores`] helps you to choose a store.
//!
//! # What the client does
//!
//! 1. **Rate limits.** All calls with one key share one bucket of tokens, which follows Komerza's documented
//!    limit. Each call takes one token. If there is none, calls wait in a queue, first come, first served.
//!    [Visitors' calls go before background jobs](pacing::Priority), which still get every fourth token. A
//!    call that would wait too long fails at once and uses no token. A call whose future is dropped leaves
//!    the queue. A 429 from Komerza empties the bucket. Several nodes can share their buckets with
//!    [`with_shared_buckets`](KomerzaConnectLayer::with_shared_buckets).
//! 2. **Retries.** The client repeats only calls that are safe to repeat.
//!    [`RequestBuilder`](api::RequestBuilder) has the rules.
//! 3. **Lists.** [`Listing`](api::Listing) is a stream of list pages or of items. The number of the first
//!    list page is 1. A list ends at an empty list page, or after the number of list pages that the latest
//!    reply states. If the replies state no number, it ends at a list page that is shorter than an earlier
//!    one or equal to the one before. Komerza divides a list into pages by position. If items are added or
//!    removed while a list is read, an item can appear twice or be missing. If that matters, sort so that new
//!    items come last, and compare ids.
//! 4. **Models.** Unknown fields are ignored and unknown values of enumerations are kept, because Komerza's
//!    API grows. Essential fields such as ids are required. All others are empty or `None` when missing or
//!    null; a missing number is never zero. Amounts of money keep the digits that Komerza wrote, times are
//!    [`jiff::Timestamp`]s, and each id has its own type. For a field that a model does not have, read the
//!    reply into your own type with [`RequestBuilder::fetch`](api::RequestBuilder::fetch).
//! 5. **Errors.** An [`Error`] has a [kind](ErrorKind).
//!    [`RequestBuilder::fetch`](api::RequestBuilder::fetch) has a table that says what to do about
//!    each kind.
//!
//! # Features
//!
//! | Feature | Default | What it adds |
//! | --- | --- | --- |
//! | `axum` | yes | the extractor for handlers, `mount`, `router` |
//! | `rustls` | yes | TLS with rustls |
//! | `native-tls` | | TLS with the operating system's library; to use it instead of `rustls`, set `default-features = false` |
//! | `tracing` | yes | log events, and a span for each API call |
//! | `metrics` | | counters and histograms of calls and logins |
//! | `sqlite`, `postgres`, `mysql`, `redis` | | `SqliteStore`, `PostgresStore`, `MySqlStore`, `RedisStore` |
//! | `encrypt` | | `EncryptedStore`: encrypts the keys of any store |
//! | `cache` | | `CachedStore`: caches the loads of any store |
//! | `webhook` | | the module `webhook`: checks the signatures of requests that Komerza sends to your app |
//! | `store-contract` | | the tests that every token store must pass, and a store that fails on demand; not covered by semver |
//!
//! # Modules
//!
//! | Module | What is in it |
//! | --- | --- |
//! | [`guide`] | the long texts: how to mount, store, test, secure and operate it |
//! | [`api`] | the client: [`Client`](api::Client) for scripts and jobs, requests, lists, [`models`](api::models), errors |
//! | [`config`] | settings and limits |
//! | [`hooks`] | functions of your app that observe connections, refuse them, or answer failures |
//! | [`layer`] | the service that the layer makes, and a check that it is mounted |
//! | [`pacing`] | how calls are spaced out, and buckets that several nodes share |
//! | [`store`] | the contract for token stores, and the stores that come with the crate |
//! | `webhook` | checks the signatures of what Komerza sends to your app (feature `webhook`) |
//! | [`user`] | how the layer finds out who the user is |
//! | [`doctor`] | checks of the set-up, and their report |
//! | [`provider`] | the facts about Komerza that the crate relies on, with their sources |
//! | [`trace`] | the span of a request, without the query |
//! | [`time`], [`random`] | the clock and the source of randomness, which tests replace |
//!
//! # When something goes wrong
//!
//! [`doctor`] checks the settings, the token store, the connection to Komerza and the clock.
//! [`guide::setting_up`] lists every message of the set-up and its remedy. [`guide::operating`]
//! lists every code, log event and metric, and common problems with their solutions.
//! [`guide::security`] says what the crate protects and what you have to do. [`guide::testing`]
//! shows how to test an app without an account. [`guide::design`] gives the reasons for the crate's
//! design.
//!
//! # What it does not do
//!
//! The crate does not sign users in to your app. It connects Komerza accounts to your existing users, or to
//! browsers. It cannot revoke a key, because Komerza offers apps no way to do that. Disconnecting deletes the
//! stored key. The key stays valid until the user removes the app in the Komerza dashboard.
#![cfg_attr(docsrs, feature(doc_cfg))]
// Unit tests compile the crate as a program, so nothing in it counts as public.
#![cfg_attr(test, allow(dead_code, unreachable_pub))]
#![cfg_attr(not(feature = "tracing"), allow(unused_variables, reason = "what is only logged has no other use"))]
// Nothing is printed from a library; examples may.
#![deny(clippy::print_stdout, clippy::print_stderr)]

// First in the list of modules.
pub mod guide;

#[cfg(feature = "__fuzzing")]
#[doc(hidden)]
#[path = "fuzzing.rs"]
pub mod __fuzzing;
pub mod api;
mod attempt;
pub mod config;
mod core;
pub mod doctor;
mod failure;
mod guard;
pub mod hooks;
mod kinds;
pub mod layer;
mod message;
mod note;
pub mod pacing;
pub mod provider;
pub mod random;
mod redeem;
mod seal;
mod secret;
mod site;
pub mod store;
mod strict_json;
mod sync;
mod telemetry;
pub mod time;
#[cfg(feature = "tracing")]
pub mod trace;
pub mod user;
#[cfg(feature = "webhook")]
pub mod webhook;
mod wire;

pub use api::models::Store;
pub use api::{Error, ErrorKind, KomerzaKey};
pub use async_trait::async_trait;
pub use config::{Config, ConfigBuilder, ConfigError};
pub use failure::{Failure, FailureKind};
pub use hooks::Hooks;
pub use layer::{KomerzaConnectLayer, Rejection, RejectionKind};
pub use seal::SealingKey;
pub use secret::ApiKey;
pub use site::IdentifyUser;
pub use store::{MemoryStore, StoreError, StoredToken, TokenStore, TokenVersion};
pub use user::UserId;

/// The code in the README and in the changelog compiles.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
#[doc = include_str!("../CHANGELOG.md")]
struct Documents;
