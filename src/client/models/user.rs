//! The account and its stores.

use super::{AccountId, Amount, ApplicationId, StoreId, lenient, times};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// The account that a key belongs to: the part of `GET /user` that a connected app uses.
///
/// The rest of that reply (identity checks, addresses, settings of payment providers) is left where it is, on purpose.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
#[serde(rename_all = "camelCase")]
pub struct User {
    /// The account's id; not documented to be a UUID.
    pub id: AccountId,
    /// When the account was made.
    #[serde(default, deserialize_with = "times::optional")]
    pub date_created: Option<Timestamp>,
    /// Its name.
    #[serde(default, deserialize_with = "lenient")]
    pub user_name: String,
    /// Its e-mail address.
    #[serde(default, deserialize_with = "lenient")]
    pub email: String,
    /// The Komerza plan.
    #[serde(default, deserialize_with = "lenient")]
    pub plan: String,
    /// Stores owned, or visible through a team.
    #[serde(default, deserialize_with = "lenient")]
    pub stores: Vec<Store>,
    /// The applications that the account is connected to.
    #[serde(default, deserialize_with = "lenient")]
    pub integrations: Vec<Integration>,
    /// Whether a second factor is on.
    #[serde(default, deserialize_with = "lenient")]
    pub two_factor_enabled: bool,
    /// Whether the account is restricted because of a risk.
    #[serde(default, deserialize_with = "lenient")]
    pub risk_locked: bool,
    /// Whether the account is restricted because of a bill.
    #[serde(default, deserialize_with = "lenient")]
    pub billing_suspended: bool,
}

impl User {
    /// Whether the account still names this application among those it is connected to.
    #[must_use]
    pub fn is_connected_to(&self, application: &ApplicationId) -> bool {
        self.integrations.iter().any(|integration| integration.application.id == *application)
    }
}

/// A connection of an account to an application. It names neither stores nor scopes nor the key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
#[serde(rename_all = "camelCase")]
pub struct Integration {
    /// Its id.
    pub id: String,
    /// When it was made.
    #[serde(default, deserialize_with = "times::optional")]
    pub date_created: Option<Timestamp>,
    /// The application.
    pub application: Application,
}

/// An application, as its users see it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
#[serde(rename_all = "camelCase")]
pub struct Application {
    /// Its id: the client ID.
    pub id: ApplicationId,
    /// Its name.
    #[serde(default, deserialize_with = "lenient")]
    pub name: String,
    /// The scopes it asks for; see [`scopes`](crate::scopes).
    #[serde(default, deserialize_with = "lenient")]
    pub permissions: Vec<String>,
    /// Its redirect URIs. Not every reply has them.
    #[serde(default, deserialize_with = "lenient")]
    pub redirect_urls: Vec<String>,
}

/// A store.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
#[serde(rename_all = "camelCase")]
pub struct Store {
    /// The store's id.
    pub id: StoreId,
    /// When it was opened.
    #[serde(default, deserialize_with = "times::optional")]
    pub date_created: Option<Timestamp>,
    /// Its name.
    #[serde(default, deserialize_with = "lenient")]
    pub name: String,
    /// Its description.
    #[serde(default, deserialize_with = "lenient")]
    pub description: String,
    /// The label of its subdomain, not a whole domain.
    #[serde(default, deserialize_with = "lenient")]
    pub url: String,
    /// Its own domain.
    #[serde(default)]
    pub custom_domain: Option<String>,
    /// The domain it runs on.
    #[serde(default, deserialize_with = "lenient")]
    pub domain: String,
    /// Its preferred currency.
    #[serde(default, deserialize_with = "lenient")]
    pub currency_code: String,
    /// The mean rating of its products.
    #[serde(default, deserialize_with = "lenient")]
    pub rating: Amount,
    /// What the caller may do in it: filled by `GET /user` for stores of a team. `None` for stores that the user owns, who may do
    /// everything.
    #[serde(default)]
    pub scopes: Option<Vec<String>>,
    /// Why it is closed for maintenance; `None` while it is not.
    #[serde(default)]
    pub maintenance_reason: Option<String>,
    /// Whether it takes support tickets.
    #[serde(default, deserialize_with = "lenient")]
    pub is_ticketing_enabled: bool,
    /// Whether it is inactive.
    #[serde(default, deserialize_with = "lenient")]
    pub is_inactive: bool,
    /// When it had its last order.
    #[serde(default, deserialize_with = "times::optional")]
    pub last_order_at: Option<Timestamp>,
}

/// What the caller may do in a store.
///
/// Whether the permissions are cut down to those of the key, or are the user's, is not documented.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
#[serde(rename_all = "camelCase")]
pub struct StorePermissions {
    /// Whether the user owns the store, and so may do everything.
    #[serde(default, deserialize_with = "lenient")]
    pub is_owner: bool,
    /// Names of scopes; see [`scopes`](crate::scopes).
    #[serde(default, deserialize_with = "lenient")]
    pub permissions: Vec<String>,
    /// Payment methods of the owner's account.
    #[serde(default, deserialize_with = "lenient")]
    pub enabled_payment_methods: Vec<String>,
}

impl StorePermissions {
    /// Whether a scope is among the permissions, or the user owns the store.
    #[must_use]
    pub fn allow(&self, scope: &str) -> bool {
        self.is_owner || self.permissions.iter().any(|permission| permission == scope)
    }
}
