//! "Connect with Komerza" for any Axum or Tower app: login, callback, stored key, ready client.
//!
//! [Komerza](https://komerza.com) is an e-commerce platform. Its users own stores; developers build apps on it. This crate is the
//! part of an app in between: a user clicks "Connect with Komerza", approves, and from then on your handlers receive a
//! [`KomerzaKey`], a client that acts for that user.
//!
//! The [guides](guide) are the place to begin: [mounting], [stores], [testing], [security], [operating].
//!
//! [mounting]: guide::mounting
//! [stores]: guide::stores
//! [testing]: guide::testing
//! [security]: guide::security
//! [operating]: guide::operating
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
//! `cargo run --example quickstart` runs this in a browser, against a Komerza of its own: no account, no settings.
//!
//! # The way of a request
//!
//! 1. The layer compares the path. What is not one of its four routes goes on to the app, with a handle in its extensions; the
//!    store is not asked and no cookie is read.
//! 2. `GET /komerza/login` draws a state, seals the attempt into a cookie and sends the browser to Komerza (303).
//! 3. Komerza sends it back to `/komerza/callback?code&state`. The state is checked before all else; then the code is exchanged,
//!    once, and the key saved, in a task that goes on if the browser leaves.
//! 4. The browser returns to where it wanted to go (303). For two minutes a reload ends there too; later it is told that this browser
//!    started no such connection, and that it is connected, if it is.
//! 5. A handler takes [`KomerzaKey`]: the user is identified, the store is read once, and the client calls Komerza.
//! 6. When Komerza calls the key dead, its record goes and the visitor is asked to connect again.
//!
//! `POST /komerza/disconnect` forgets the key; `GET /komerza/status` tells front ends whether there is one. All four paths are
//! siblings of the path of the redirect URI, wherever that is; [`guide::routes`] says what each takes and answers.
//!
//! # Who is the user
//!
//! Without more, a browser: the crate sets a session cookie of its own. An app with a login says who is signed in, and keys belong to
//! its users:
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
//! With axum any extractor does, synchronous or asynchronous:
//! `.with_user(by_extractor(|auth: AuthSession<Backend>| auth.user.map(|user| UserId::from(user.id))))`, see
//! [`by_extractor`](layer::by_extractor). Without axum see [`IdentifyUser`].
//!
//! # Where to put the layer
//!
//! After your routes, before your session layer, which then runs first: `.layer(connect).layer(auth)`. With the wrong order an
//! error in the log says so, and [`check_signed_in`](layer::check_signed_in) fails in a test. Or wrap the finished app with [`mount`](KomerzaConnectLayer::mount). A plain layer that is
//! followed by `.fallback`, a wildcard route or `.merge` loses its routes without a word; [`guide::mounting`] has the table.
//! Outside axum it is an ordinary [`tower::Layer`](tower_layer::Layer), and [`KomerzaKey::from_parts`] takes the extractor's place.
//!
//! # Where the keys are
//!
//! In a [`TokenStore`]: one of ours or your own, four methods. A key never expires and opens a merchant's stores, so use a durable store
//! and seal it. The [`store`] module states the contract; [`guide::stores`] says which to take and what each is asked.
//!
//! # What the client does
//!
//! 1. **Pace.** All calls with one key share one bucket, the provider's documented one, so that the user is not throttled because of the
//!    app. Who finds no token waits: first come, first served, [pages before background jobs](Priority), which still get every
//!    fourth token. Who would wait too long is told at once and has cost nothing; who goes away leaves the line. A 429 empties the
//!    bucket. Several nodes share one by [`with_shared_buckets`](KomerzaConnectLayer::with_shared_buckets).
//! 2. **Repeat.** Only what can do no harm: [`RequestBuilder`] has the rules.
//! 3. **Lists.** [`Listing`] gives pages or items as a stream. Pages are counted from 1. A list ends at an empty page, at the number of
//!    pages that the last page told (which may grow and shrink meanwhile), or, where none is told, at a page shorter than one before or
//!    equal to the one before. The provider cuts pages by position: what is added or removed while a list is read can make items appear
//!    twice or be missed. Where that matters, sort by something that new items come last in, and tell items apart by their ids.
//! 4. **Models.** Fields that are not known are ignored and values of enumerations that are not known are kept, since the provider's
//!    schema grows. What a thing means nothing without, such as its id, must be there; anything else that is missing or null is
//!    empty, zero, false or `None`. Money keeps the digits that the provider wrote, times are instants, each id has its own type.
//!    What a model leaves out, [`RequestBuilder::fetch`] reads into a type of your own.
//! 5. **Errors.** An [`Error`] has a [kind](ErrorKind); [`RequestBuilder::fetch`] has a table of what to do about each.
//!
//! # Features
//!
//! | Feature | Default | What it adds |
//! | --- | --- | --- |
//! | `axum` | yes | the extractor for handlers, `mount`, `router` |
//! | `rustls` | yes | TLS by rustls |
//! | `native-tls` | | TLS by the operating system's library; in place of `rustls` with `default-features = false` |
//! | `tracing` | yes | log events, and a span for each call of the API |
//! | `metrics` | | counters and histograms of calls and connects |
//! | `sqlite`, `postgres`, `mysql`, `redis` | | `SqliteStore`, `PostgresStore`, `MySqlStore`, `RedisStore` |
//! | `encrypt` | | `EncryptedStore`: seals the keys of any store |
//! | `cache` | | `CachedStore`: remembers the loads of any store |
//! | `webhook` | | [`webhook`]: checks the signatures of requests that Komerza sends to your app |
//! | `store-contract` | | the tests that every token store must pass, and a store that fails on demand; outside semver |
//!
//! # Modules
//!
//! | Module | What is in it |
//! | --- | --- |
//! | [`guide`] | the long texts: how to mount, store, test, secure and operate it |
//! | [`api`] | the client: [`Client`](api::Client) for scripts and jobs, requests, lists, [`models`](api::models), errors |
//! | [`config`] | settings and limits |
//! | [`hooks`] | where an app looks on, says no, or answers in its own words |
//! | [`layer`] | the service that the layer makes, and a check that it is mounted |
//! | [`pacing`] | how calls are spaced out, and buckets that several nodes share |
//! | [`store`] | the contract for token stores, and the stores that come with the crate |
//! | [`time`], [`random`] | the clock and the source of randomness, which tests replace |
//!
//! # When something goes wrong
//!
//! [`doctor`] looks at the settings, the store, the way to Komerza and the clock; [`guide::setting_up`] has every message of the
//! set-up with its remedy. [`guide::operating`] has every code, log event and metric with what to do about it, and the known shapes of trouble.
//! [`guide::security`] says what is protected by default and what is yours to do, [`guide::testing`] how to test an app
//! without an account, and [`guide::design`] why things are as they are.
//!
//! # What it does not do
//!
//! It signs nobody in to your app: it connects Komerza accounts to users that you already have, or to browsers. It cannot revoke a key,
//! because Komerza has no way for an app to do that: disconnecting forgets it, and the user removes the app in the Komerza
//! dashboard.
#![cfg_attr(docsrs, feature(doc_cfg))]
// The unit tests are compiled as a program, of which nothing is public.
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

/// The code in the README compiles.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

/// The code in the changelog compiles.
#[cfg(doctest)]
#[doc = include_str!("../CHANGELOG.md")]
struct Changelog;
