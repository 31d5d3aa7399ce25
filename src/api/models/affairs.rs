//! Reviews, tickets, subscriptions.

use super::{
    CustomerId, ProductId, ReviewId, StoreId, SubscriptionId, TicketId, TicketStatus, is_there, lenient, times,
};
use jiff::Timestamp;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use serde_json::value::RawValue;

/// A review of a product.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
#[serde(rename_all = "camelCase")]
pub struct Review {
    /// Its id.
    pub id: ReviewId,
    /// When it was written.
    #[serde(deserialize_with = "times::required")]
    pub date_created: Timestamp,
    /// The rating.
    #[serde(default, deserialize_with = "lenient")]
    pub rating: super::Amount,
    /// What was written.
    #[serde(default, deserialize_with = "lenient")]
    pub reason: String,
    /// The store's reply.
    #[serde(default)]
    pub reply: Option<String>,
    /// When the store replied.
    #[serde(default, deserialize_with = "times::optional")]
    pub replied_at: Option<Timestamp>,
    /// The product.
    #[serde(default)]
    pub product_id: Option<ProductId>,
    /// Its name.
    #[serde(default, deserialize_with = "lenient")]
    pub product_name: String,
    /// The customer.
    #[serde(default)]
    pub customer_id: Option<CustomerId>,
    /// The customer's e-mail address.
    #[serde(default, deserialize_with = "lenient")]
    pub customer_email: String,
    /// Whether the store has flagged it. The flag's own fields are not documented.
    #[serde(default, rename = "flagged", deserialize_with = "is_there")]
    pub is_flagged: bool,
}

/// A support ticket. Its messages are left out: their fields are not in our copy of the provider's documents.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
#[serde(rename_all = "camelCase")]
pub struct Ticket {
    /// Its id.
    pub id: TicketId,
    /// When it was opened. Lists have it; what one ticket has is not documented.
    #[serde(default, deserialize_with = "times::optional")]
    pub date_created: Option<Timestamp>,
    /// What it is about.
    #[serde(default, deserialize_with = "lenient")]
    pub subject: String,
    /// How far it is.
    #[serde(default, deserialize_with = "lenient")]
    pub status: TicketStatus,
    /// The customer's e-mail address; in lists alone.
    #[serde(default)]
    pub email_address: Option<String>,
    /// The store.
    #[serde(default)]
    pub store_id: Option<StoreId>,
    /// The customer.
    #[serde(default)]
    pub customer_id: Option<CustomerId>,
    /// How many messages it has; in lists alone.
    #[serde(default)]
    pub message_count: Option<i64>,
}

/// A customer's subscription.
///
/// The provider's fields for it are not in our copy of its documents, so it is its id and the JSON that it came as.
#[derive(Debug, Clone)]
pub struct Subscription {
    id: SubscriptionId,
    json: Box<RawValue>,
}

impl Subscription {
    /// Its id.
    #[must_use]
    pub fn id(&self) -> &SubscriptionId {
        &self.id
    }

    /// The whole of it, as the provider wrote it: read it into a type of your own.
    #[must_use]
    pub fn json(&self) -> &str {
        self.json.get()
    }
}

impl<'de> Deserialize<'de> for Subscription {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        struct Head {
            id: SubscriptionId,
        }
        let json = Box::<RawValue>::deserialize(from)?;
        let Head { id } = serde_json::from_str(json.get()).map_err(D::Error::custom)?;
        Ok(Self { id, json })
    }
}

impl Serialize for Subscription {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        self.json.serialize(to)
    }
}
