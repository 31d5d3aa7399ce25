//! Reviews, tickets, subscriptions.

use super::InStore;
use crate::api::scopes;
use crate::api::{Error, Listing, Review, ReviewId, Subscription, SubscriptionId, Ticket, TicketId};
use http::Method;
use serde_json::json;

impl InStore {
    /// The reviews. Needs [`STORES_VIEW`](scopes::STORES_VIEW).
    pub fn reviews(&self) -> Listing<Review> {
        self.get("/stores/{}/reviews", &[], scopes::STORES_VIEW).paged()
    }

    /// Replies to a review. Needs [`STORES_UPDATE`](scopes::STORES_UPDATE).
    ///
    /// # Errors
    /// Same as [`RequestBuilder::execute`](crate::api::RequestBuilder::execute).
    pub async fn reply_to_review(&self, id: impl Into<ReviewId>, reply: &str) -> Result<(), Error> {
        let id = id.into();
        let request = self.call(Method::PUT, "/stores/{}/reviews/{}/reply", &[id.as_str()], scopes::STORES_UPDATE);
        request.json(&json!({ "reply": reply })).execute().await
    }

    /// The support tickets. Needs [`TICKETS_VIEW`](scopes::TICKETS_VIEW).
    pub fn tickets(&self) -> Listing<Ticket> {
        self.get("/stores/{}/tickets", &[], scopes::TICKETS_VIEW).paged()
    }

    /// One support ticket. Needs [`TICKETS_VIEW`](scopes::TICKETS_VIEW).
    ///
    /// # Errors
    /// Same as [`RequestBuilder::fetch`](crate::api::RequestBuilder::fetch).
    pub async fn ticket(&self, id: impl Into<TicketId>) -> Result<Ticket, Error> {
        let id = id.into();
        self.get("/stores/{}/tickets/{}", &[id.as_str()], scopes::TICKETS_VIEW).fetch().await
    }

    /// Replies to a support ticket, and returns the ticket with the reply. Needs
    /// [`TICKETS_UPDATE`](scopes::TICKETS_UPDATE).
    ///
    /// # Errors
    /// Same as [`RequestBuilder::fetch`](crate::api::RequestBuilder::fetch).
    pub async fn reply_to_ticket(&self, id: impl Into<TicketId>, message: &str) -> Result<Ticket, Error> {
        let id = id.into();
        let request = self.call(Method::PUT, "/stores/{}/tickets/{}", &[id.as_str()], scopes::TICKETS_UPDATE);
        request.json(&json!({ "message": message })).fetch().await
    }

    /// Closes a support ticket. Needs [`TICKETS_DELETE`](scopes::TICKETS_DELETE).
    ///
    /// # Errors
    /// Same as [`RequestBuilder::execute`](crate::api::RequestBuilder::execute).
    pub async fn close_ticket(&self, id: impl Into<TicketId>) -> Result<(), Error> {
        let id = id.into();
        self.call(Method::DELETE, "/stores/{}/tickets/{}", &[id.as_str()], scopes::TICKETS_DELETE).execute().await
    }

    /// The customers' subscriptions. Needs [`SUBSCRIPTIONS_VIEW`](scopes::SUBSCRIPTIONS_VIEW).
    pub fn subscriptions(&self) -> Listing<Subscription> {
        self.get("/stores/{}/subscriptions", &[], scopes::SUBSCRIPTIONS_VIEW).paged()
    }

    /// One customer's subscription. Needs [`SUBSCRIPTIONS_VIEW`](scopes::SUBSCRIPTIONS_VIEW).
    ///
    /// # Errors
    /// Same as [`RequestBuilder::fetch`](crate::api::RequestBuilder::fetch).
    pub async fn subscription(&self, id: impl Into<SubscriptionId>) -> Result<Subscription, Error> {
        let id = id.into();
        self.get("/stores/{}/subscriptions/{}", &[id.as_str()], scopes::SUBSCRIPTIONS_VIEW).fetch().await
    }

    /// Cancels a subscription. Needs [`SUBSCRIPTIONS_UPDATE`](scopes::SUBSCRIPTIONS_UPDATE).
    ///
    /// # Errors
    /// Same as [`RequestBuilder::execute`](crate::api::RequestBuilder::execute).
    pub async fn cancel_subscription(&self, id: impl Into<SubscriptionId>) -> Result<(), Error> {
        self.change_subscription("/stores/{}/subscriptions/{}/cancel", id.into()).await
    }

    /// Pauses a subscription. Needs [`SUBSCRIPTIONS_UPDATE`](scopes::SUBSCRIPTIONS_UPDATE).
    ///
    /// # Errors
    /// Same as [`RequestBuilder::execute`](crate::api::RequestBuilder::execute).
    pub async fn pause_subscription(&self, id: impl Into<SubscriptionId>) -> Result<(), Error> {
        self.change_subscription("/stores/{}/subscriptions/{}/pause", id.into()).await
    }

    /// Resumes a subscription. Needs [`SUBSCRIPTIONS_UPDATE`](scopes::SUBSCRIPTIONS_UPDATE).
    ///
    /// # Errors
    /// Same as [`RequestBuilder::execute`](crate::api::RequestBuilder::execute).
    pub async fn resume_subscription(&self, id: impl Into<SubscriptionId>) -> Result<(), Error> {
        self.change_subscription("/stores/{}/subscriptions/{}/resume", id.into()).await
    }

    async fn change_subscription(&self, template: &'static str, id: SubscriptionId) -> Result<(), Error> {
        self.call(Method::POST, template, &[id.as_str()], scopes::SUBSCRIPTIONS_UPDATE).execute().await
    }
}
