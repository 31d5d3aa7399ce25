//! Customers of a store.

use super::{Amount, CustomerId, lenient, times};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// A customer of a store, as lists, searches and look-ups give it; each leaves out some of its fields.
///
/// The IP address, accounts elsewhere and tickets are left where they are, on purpose.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
#[serde(rename_all = "camelCase")]
pub struct Customer {
    /// Its id.
    pub id: CustomerId,
    /// When it was made.
    #[serde(deserialize_with = "times::required")]
    pub date_created: Timestamp,
    /// The e-mail address.
    #[serde(default, deserialize_with = "lenient")]
    pub email_address: String,
    /// `New`, `Regular`, `VIP`, and others that may come.
    #[serde(default, deserialize_with = "lenient")]
    pub status: String,
    /// What it spent in all.
    #[serde(default, deserialize_with = "lenient")]
    pub total_spend: Amount,
    /// What it spent on an order on average.
    #[serde(default, deserialize_with = "lenient")]
    pub average_spend: Amount,
    /// How many orders it placed; declared as a decimal number.
    #[serde(default, deserialize_with = "lenient")]
    pub total_orders: Amount,
    /// Whether it is blocked.
    #[serde(default, deserialize_with = "lenient")]
    pub is_blocked: bool,
    /// Whether it is an affiliate; in lists alone.
    #[serde(default)]
    pub is_affiliate: Option<bool>,
    /// Its balance; of a single customer alone.
    #[serde(default)]
    pub balance: Option<Amount>,
    /// Why it was blocked.
    #[serde(default)]
    pub blocked_note: Option<String>,
    /// When it was blocked.
    #[serde(default, deserialize_with = "times::optional")]
    pub blocked_at: Option<Timestamp>,
}

/// A customer that was just made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
#[serde(rename_all = "camelCase")]
pub struct NewCustomer {
    /// Its id, the same in all stores.
    pub id: CustomerId,
    /// When it was made.
    #[serde(deserialize_with = "times::required")]
    pub date_created: Timestamp,
    /// The e-mail address.
    #[serde(default, deserialize_with = "lenient")]
    pub email_address: String,
}
