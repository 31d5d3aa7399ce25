//! Connect with Komerza.
#![cfg_attr(test, allow(clippy::arithmetic_side_effects))]

mod browser;
mod bucket;
mod client;
mod config;
mod connect;
mod context;
mod cookie;
mod exchange;
mod extract;
mod failure;
mod hooks;
mod identity;
mod layer;
mod log;
#[cfg(feature = "axum")]
mod mount;
mod net;
mod provider;
mod query;
pub mod random;
mod rejection;
mod return_path;
mod routes;
#[cfg(feature = "sandbox")]
pub mod sandbox;
mod seal;
mod secret;
mod service;
mod session;
mod state;
pub mod store;
pub mod time;
mod user;

pub use async_trait::async_trait;
pub use client::{Error, ErrorKind, KomerzaKey, RequestBuilder, Store, User};
pub use config::{Bucket, Config, ConfigBuilder, ConfigError, Limits};
pub use failure::{Failure, FailureKind};
pub use hooks::{Connected, Connecting, Disconnected, Hooks, Revoked, Veto};
pub use identity::IdentifyUser;
pub use layer::KomerzaConnectLayer;
pub use rejection::{Rejection, RejectionKind};
pub use seal::{InvalidSealingKey, SealingKey};
pub use secret::{ApiKey, AuthorizationCode, ClientSecret, InvalidSecret};
pub use service::{KomerzaConnect, KomerzaConnectFuture};
pub use state::AttemptId;
pub use store::{KeyFingerprint, MemoryStore, StoreError, StoreErrorKind, StoredToken, TokenStore, TokenVersion};
pub use user::{InvalidUserId, UserId};
