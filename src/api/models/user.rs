//! The account.

use super::{AccountId, ApplicationId, Store, lenient, times};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// The account that a key belongs to: the part of `GET /user` that a connected app uses.
///
/// The rest of that reply (identity checks, addresses, the account's API keys, settings of payment providers) is left where it is, on
/// purpose.
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
    /// Whether codes of an authenticator app are on.
    #[serde(default, deserialize_with = "lenient")]
    pub totp_enabled: bool,
    /// Whether a passkey is on.
    #[serde(default, deserialize_with = "lenient")]
    pub passkey_enabled: bool,
    /// Whether the account is restricted because of a risk.
    #[serde(default, deserialize_with = "lenient")]
    pub risk_locked: bool,
    /// Whether the account is restricted because of a bill.
    #[serde(default, deserialize_with = "lenient")]
    pub billing_suspended: bool,
    /// The date of that restriction, as Komerza tells it.
    #[serde(default, deserialize_with = "times::optional")]
    pub billing_suspension_date: Option<Timestamp>,
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
    /// The scopes it asks for; see [`scopes`](crate::api::scopes).
    #[serde(default, deserialize_with = "lenient")]
    pub permissions: Vec<String>,
    /// File name of its image.
    #[serde(default)]
    pub image_name: Option<String>,
    /// Where its terms of service are.
    #[serde(default)]
    pub terms_of_service_link: Option<String>,
    /// Where its privacy policy is.
    #[serde(default)]
    pub privacy_policy_link: Option<String>,
    /// Its redirect URIs. Not every reply has them.
    #[serde(default, deserialize_with = "lenient")]
    pub redirect_urls: Vec<String>,
}
