//! What the provider answers with. Unknown fields are ignored, since its schema grows.

use serde::{Deserialize, Serialize};

/// The account that a key belongs to: the part of `GET /user` that a connected app uses.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
#[serde(rename_all = "camelCase")]
pub struct User {
    /// The account's id; not documented to be a UUID.
    pub id: String,
    /// Its name.
    #[serde(default)]
    pub user_name: String,
    /// Its e-mail address.
    #[serde(default)]
    pub email: String,
    /// Stores owned, or visible through a team.
    #[serde(default)]
    pub stores: Vec<Store>,
}

/// A store: the part of `PublicStoreReference` that a connected app uses.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
#[serde(rename_all = "camelCase")]
pub struct Store {
    /// The store's id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Its description.
    #[serde(default)]
    pub description: String,
    /// The domain it runs on.
    #[serde(default)]
    pub domain: String,
    /// Its preferred currency.
    #[serde(default)]
    pub currency_code: String,
}
