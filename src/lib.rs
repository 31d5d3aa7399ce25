//! Connect with Komerza.
#![cfg_attr(test, allow(clippy::arithmetic_side_effects))]

mod config;
mod provider;
pub mod random;
mod return_path;
mod seal;
mod secret;
pub mod store;
pub mod time;
mod user;

pub use async_trait::async_trait;
pub use config::{Bucket, Config, ConfigBuilder, ConfigError, Limits};
pub use seal::{InvalidSealingKey, SealingKey};
pub use secret::{ApiKey, AuthorizationCode, ClientSecret, InvalidSecret};
#[cfg(feature = "postgres")]
pub use store::PostgresStore;
#[cfg(feature = "redis")]
pub use store::RedisStore;
#[cfg(feature = "sqlite")]
pub use store::SqliteStore;
pub use store::{KeyFingerprint, MemoryStore, StoreError, StoreErrorKind, StoredToken, TokenStore, TokenVersion};
pub use user::{InvalidUserId, UserId};
