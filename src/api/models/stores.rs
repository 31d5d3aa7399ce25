//! Stores, and what the caller may do in them.

use super::{Amount, StoreId, lenient, times};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

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
    /// Its looks.
    #[serde(default, deserialize_with = "lenient")]
    pub branding: StoreBranding,
    /// Where its terms of service are.
    #[serde(default)]
    pub terms_of_service_url: Option<String>,
    /// Where its refund policy is.
    #[serde(default)]
    pub refund_policy_url: Option<String>,
    /// Where its privacy policy is.
    #[serde(default)]
    pub privacy_policy_url: Option<String>,
    /// Where it gives support outside of Komerza.
    #[serde(default)]
    pub external_support_url: Option<String>,
    /// What it says of that support.
    #[serde(default)]
    pub external_support_description: Option<String>,
    /// Whether customers can have a balance.
    #[serde(default, deserialize_with = "lenient")]
    pub is_customer_balance_enabled: bool,
    /// Whether automatic reviews are on.
    #[serde(default, deserialize_with = "lenient")]
    pub is_automatic_reviews_enabled: bool,
    /// Whether the product's name is put in front on receipts.
    #[serde(default, deserialize_with = "lenient")]
    pub prepend_product_name_to_receipt: bool,
    /// What affiliates get.
    #[serde(default)]
    pub affiliate_options: Option<AffiliateOptions>,
}

/// The looks of a store.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
#[serde(rename_all = "camelCase")]
pub struct StoreBranding {
    /// File name of its banner.
    #[serde(default)]
    pub banner_file_name: Option<String>,
    /// File name of its icon.
    #[serde(default)]
    pub icon_file_name: Option<String>,
    /// Its colour, as the provider writes it.
    #[serde(default)]
    pub accent_color: Option<String>,
    /// Whether currencies are converted automatically.
    #[serde(default, deserialize_with = "lenient")]
    pub is_automatic_currency_conversion_enabled: bool,
}

/// What the affiliates of a store get.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
#[serde(rename_all = "camelCase")]
pub struct AffiliateOptions {
    /// Whether the store has affiliates.
    #[serde(default, deserialize_with = "lenient")]
    pub is_enabled: bool,
    /// The part of an order that goes to the affiliate, in percent, unless the affiliate has one of its own.
    #[serde(default)]
    pub default_return_percentage: Option<Amount>,
    /// The part of the price that an affiliate's customer saves, in percent, unless the affiliate has one of its own.
    #[serde(default)]
    pub default_percentage_off: Option<Amount>,
    /// Whether what affiliates earned can become a customer's balance.
    #[serde(default, deserialize_with = "lenient")]
    pub can_convert_affiliate_balance: bool,
    /// Whether anybody can become an affiliate.
    #[serde(default, deserialize_with = "lenient")]
    pub is_public_registration_enabled: bool,
    /// Whether affiliates can change their links.
    #[serde(default, deserialize_with = "lenient")]
    pub is_link_editing_enabled: bool,
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
    /// Names of scopes; see [`scopes`](crate::api::scopes).
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
