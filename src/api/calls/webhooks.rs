//! Account webhooks.

use crate::api::scopes;
use crate::api::{Client, CreatedWebhook, Error, Listing, Webhook, WebhookForm, WebhookId, WebhookLog, WebhookLogId};
use http::Method;

/// Account webhooks: one address for several stores. What they deliver is not documented.
impl Client {
    /// The account's webhooks. Needs [`WEBHOOKS_VIEW`](scopes::WEBHOOKS_VIEW).
    ///
    /// # Errors
    /// Same as [`RequestBuilder::fetch`](crate::api::RequestBuilder::fetch).
    pub async fn webhooks(&self) -> Result<Vec<Webhook>, Error> {
        self.endpoint(Method::GET, "/webhooks", &[], scopes::WEBHOOKS_VIEW).fetch_list().await
    }

    /// One webhook. Needs [`WEBHOOKS_VIEW`](scopes::WEBHOOKS_VIEW).
    ///
    /// # Errors
    /// Same as [`RequestBuilder::fetch`](crate::api::RequestBuilder::fetch).
    pub async fn webhook(&self, id: impl Into<WebhookId>) -> Result<Webhook, Error> {
        let id = id.into();
        self.endpoint(Method::GET, "/webhooks/{}", &[id.as_str()], scopes::WEBHOOKS_VIEW).fetch().await
    }

    /// Creates a webhook. Only this reply has its secret. Needs [`WEBHOOKS_CREATE`](scopes::WEBHOOKS_CREATE).
    ///
    /// # Errors
    /// Same as [`RequestBuilder::fetch`](crate::api::RequestBuilder::fetch).
    pub async fn create_webhook(&self, form: &WebhookForm) -> Result<CreatedWebhook, Error> {
        self.endpoint(Method::POST, "/webhooks", &[], scopes::WEBHOOKS_CREATE).json(form).fetch().await
    }

    /// Overwrites a webhook: address, events and stores. Needs [`WEBHOOKS_UPDATE`](scopes::WEBHOOKS_UPDATE).
    ///
    /// # Errors
    /// Same as [`RequestBuilder::fetch`](crate::api::RequestBuilder::fetch).
    pub async fn update_webhook(&self, id: impl Into<WebhookId>, form: &WebhookForm) -> Result<Webhook, Error> {
        let id = id.into();
        let request = self.endpoint(Method::PUT, "/webhooks/{}", &[id.as_str()], scopes::WEBHOOKS_UPDATE);
        request.json(form).fetch().await
    }

    /// Removes a webhook and its log. Needs [`WEBHOOKS_DELETE`](scopes::WEBHOOKS_DELETE).
    ///
    /// # Errors
    /// Same as [`RequestBuilder::execute`](crate::api::RequestBuilder::execute).
    pub async fn delete_webhook(&self, id: impl Into<WebhookId>) -> Result<(), Error> {
        let id = id.into();
        self.endpoint(Method::DELETE, "/webhooks/{}", &[id.as_str()], scopes::WEBHOOKS_DELETE).execute().await
    }

    /// A webhook's deliveries. Needs [`WEBHOOKS_VIEW`](scopes::WEBHOOKS_VIEW).
    pub fn webhook_logs(&self, id: impl Into<WebhookId>) -> Listing<WebhookLog> {
        let id = id.into();
        self.endpoint(Method::GET, "/webhooks/{}/logs", &[id.as_str()], scopes::WEBHOOKS_VIEW).paged()
    }

    /// A webhook's deliveries with this id, about the order with this id, or to an address with this in it.
    /// Needs [`WEBHOOKS_VIEW`](scopes::WEBHOOKS_VIEW).
    pub fn search_webhook_logs(&self, id: impl Into<WebhookId>, text: &str) -> Listing<WebhookLog> {
        let id = id.into();
        let ids = [id.as_str(), text];
        self.endpoint(Method::GET, "/webhooks/{}/logs/search/{}", &ids, scopes::WEBHOOKS_VIEW).paged()
    }

    /// Sends a delivery once more. Needs [`WEBHOOKS_UPDATE`](scopes::WEBHOOKS_UPDATE).
    ///
    /// # Errors
    /// Same as [`RequestBuilder::execute`](crate::api::RequestBuilder::execute).
    pub async fn resend_webhook(
        &self,
        id: impl Into<WebhookId>,
        delivery: impl Into<WebhookLogId>,
    ) -> Result<(), Error> {
        let (id, delivery) = (id.into(), delivery.into());
        let template = "/webhooks/{}/logs/{}/resend";
        let ids = [id.as_str(), delivery.as_str()];
        self.endpoint(Method::POST, template, &ids, scopes::WEBHOOKS_UPDATE).execute().await
    }
}
