//! Values that nearly every test makes.

use komerza_connect::{ApiKey, Config, ConfigBuilder, StoredToken, UserId};
use std::error::Error;

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
