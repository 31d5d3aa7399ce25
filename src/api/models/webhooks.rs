//! Account webhooks. Their events and payloads are not documented; these types manage them and read their logs.

use super::{OrderId, StoreId, WebhookId, WebhookLogId, lenient, times};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// An account webhook. Its deliveries are read by [`webhook_logs`](crate::KomerzaKey::webhook_logs).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
#[serde(rename_all = "camelCase")]
pub struct Webhook {
    /// Its id.
    pub id: WebhookId,
    /// When it was made.
    #[serde(default, deserialize_with = "times::optional")]
    pub date_created: Option<Timestamp>,
    /// Where it delivers to.
    #[serde(default, deserialize_with = "lenient")]
    pub url: String,
    /// The events it delivers.
    #[serde(default, deserialize_with = "lenient")]
    pub events: Vec<String>,
    /// The stores it is for.
    #[serde(default, deserialize_with = "lenient")]
    pub store_ids: Vec<StoreId>,
}

/// What a webhook shall be. An update overwrites all of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
#[serde(rename_all = "camelCase")]
pub struct WebhookForm {
    /// Where it delivers to: a valid URL.
    pub url: String,
    /// The events it delivers: 1 to 9,999. Their names are not documented.
    pub event_types: Vec<String>,
    /// The stores it is for.
    pub store_ids: Vec<StoreId>,
}

impl WebhookForm {
    /// A webhook that delivers these events of these stores to an address.
    ///
    /// ```
    /// use komerza_connect::api::models::{StoreId, WebhookForm};
    ///
    /// let store = StoreId::from("00000000-0000-4000-8000-000000000000");
    /// let form = WebhookForm::new("https://app.example/hook", ["an-event"], [store]);
    /// assert_eq!(form.event_types, ["an-event"]);
    /// ```
    #[must_use]
    pub fn new<E: Into<String>, S: Into<StoreId>>(
        url: impl Into<String>,
        event_types: impl IntoIterator<Item = E>,
        store_ids: impl IntoIterator<Item = S>,
    ) -> Self {
        Self {
            url: url.into(),
            event_types: event_types.into_iter().map(Into::into).collect(),
            store_ids: store_ids.into_iter().map(Into::into).collect(),
        }
    }
}

/// A webhook that was just made, with its secret, which is told only here.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
#[serde(rename_all = "camelCase")]
pub struct CreatedWebhook {
    /// The webhook.
    pub webhook: Webhook,
    /// What its deliveries are signed with. `Debug` leaves it out.
    pub secret: String,
}

impl std::fmt::Debug for CreatedWebhook {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CreatedWebhook").field("webhook", &self.webhook).finish_non_exhaustive()
    }
}

/// A delivery of a webhook. Its signature is left where it is, on purpose.
///
/// # Security
/// What was sent may be about customers and what they bought. `Debug` leaves out the bodies, and the address, which may hold a secret of
/// the receiver's.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
#[serde(rename_all = "camelCase")]
pub struct WebhookLog {
    /// Its id.
    pub id: WebhookLogId,
    /// When it was made.
    #[serde(deserialize_with = "times::required")]
    pub date_created: Timestamp,
    /// Where it went.
    #[serde(default, deserialize_with = "lenient")]
    pub url: String,
    /// What was sent.
    #[serde(default, deserialize_with = "lenient")]
    pub request_body: String,
    /// The receiver's status.
    #[serde(default)]
    pub response_code: Option<i64>,
    /// What the receiver answered.
    #[serde(default)]
    pub response_body: Option<String>,
    /// The webhook.
    #[serde(default)]
    pub webhook_id: Option<WebhookId>,
    /// The order it was about.
    #[serde(default)]
    pub order_id: Option<OrderId>,
    /// Grows with each time it is sent again, from 1.
    #[serde(default, deserialize_with = "lenient")]
    pub retry_count: i64,
}

impl std::fmt::Debug for WebhookLog {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("WebhookLog")
            .field("id", &self.id)
            .field("date_created", &self.date_created)
            .field("response_code", &self.response_code)
            .field("retry_count", &self.retry_count)
            .finish_non_exhaustive()
    }
}
