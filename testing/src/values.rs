//! Values that nearly every test makes.

use komerza_connect::random::{Randomness, RandomnessError, SystemRandomness};
use komerza_connect::{ApiKey, Config, ConfigBuilder, StoredToken, UserId};
use std::{error::Error, fmt, sync::Arc};

pub fn user(id: impl AsRef<str>) -> UserId {
    UserId::new(id).unwrap()
}

/// A new record of this key.
pub fn record(key: impl Into<String>) -> StoredToken {
    StoredToken::new(ApiKey::new(key).unwrap()).unwrap()
}

/// The settings of an app at `https://shop.example`.
pub fn config() -> ConfigBuilder {
    Config::builder()
        .client_id("obviously-fake-app")
        .client_secret(format!("obviously-fake-client-secret-{}", "0".repeat(43)))
        .redirect_uri("https://shop.example/komerza/callback")
        .user_agent("Tests/1.0")
}

/// An error and all its causes.
pub fn causes<'e>(error: &'e (dyn Error + 'static)) -> impl Iterator<Item = &'e (dyn Error + 'static)> {
    std::iter::successors(Some(error), |error: &&'e (dyn Error + 'static)| (*error).source())
}

/// A source of randomness that fails whenever the test says so.
#[derive(Clone)]
pub struct Chance(Arc<dyn Fn() -> bool + Send + Sync>);

impl Chance {
    pub fn dry_if(rule: impl Fn() -> bool + Send + Sync + 'static) -> Self {
        Self(Arc::new(rule))
    }
}

impl fmt::Debug for Chance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Chance")
    }
}

impl Randomness for Chance {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), RandomnessError> {
        if (self.0)() { Err(RandomnessError) } else { SystemRandomness.fill(bytes) }
    }
}
