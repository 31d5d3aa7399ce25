//! Account webhooks and their logs. Events and payloads are not documented.

use super::{OrderId, StoreId, WebhookId, WebhookLogId, field::model};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

model! {
    /// An account webhook. [`webhook_logs`](crate::api::Client::webhook_logs) has its deliveries.
    #[derive(Debug, Eq)]
    pub struct Webhook {
        must {
            /// The id.
            id: WebhookId,
        }
        may {
            /// When it was created.
            date_created: Option<Timestamp>,
            /// Where it delivers to.
            url: String,
            /// The events that it delivers.
            events: Vec<String>,
            /// The stores that it is for.
            store_ids: Vec<StoreId>,
        }
    }

    /// A webhook that was just created, with its secret. No later call returns the secret.
    #[derive(Eq)]
    pub struct CreatedWebhook {
        must {
            /// The webhook.
            webhook: Webhook,
            /// The secret that signs the deliveries. `Debug` leaves it out.
            secret: String,
        }
    }

    /// A delivery of a webhook. The signature is left out on purpose.
    ///
    /// # Security
    /// The bodies may be about customers and what they bought, and the address may hold a secret of the
    /// receiver. `Debug` leaves them out.
    #[derive(Eq)]
    pub struct WebhookLog {
        must {
            /// The id.
            id: WebhookLogId,
            /// When it was created.
            date_created: Timestamp,
        }
        may {
            /// Where it went.
            url: String,
            /// What was sent.
            request_body: String,
            /// The receiver's status.
            response_code: Option<i64>,
            /// What the receiver answered.
            response_body: Option<String>,
            /// The webhook.
            webhook_id: Option<WebhookId>,
            /// The order that it is about.
            order_id: Option<OrderId>,
            /// The number of times that it was sent, from 1.
            retry_count: Option<i64>,
        }
    }
}

/// The settings of a webhook. An update overwrites all of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
#[serde(rename_all = "camelCase")]
pub struct WebhookForm {
    /// Where it delivers to: a valid URL.
    pub url: String,
    /// The events that it delivers: 1 to 9,999. Their names are not documented.
    pub event_types: Vec<String>,
    /// The stores that it is for.
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

impl std::fmt::Debug for CreatedWebhook {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CreatedWebhook").field("webhook", &self.webhook).finish_non_exhaustive()
    }
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
