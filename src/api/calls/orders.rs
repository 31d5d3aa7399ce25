//! Orders: read, deliver, refund.

use super::InStore;
use crate::api::{Error, Listing, OrderDetails, OrderId, OrderSummary, Refund, RefundReason, scopes};
use http::Method;
use serde_json::json;

impl InStore {
    /// The orders. Needs [`ORDERS_VIEW`](scopes::ORDERS_VIEW).
    pub fn orders(&self) -> Listing<OrderSummary> {
        self.get("/stores/{}/orders", &[], scopes::ORDERS_VIEW).paged()
    }

    /// The orders with this id or e-mail address. Needs [`ORDERS_VIEW`](scopes::ORDERS_VIEW).
    pub fn search_orders(&self, text: &str) -> Listing<OrderSummary> {
        self.get("/stores/{}/orders/search/{}", &[text], scopes::ORDERS_VIEW).paged()
    }

    /// One order. Needs [`ORDERS_VIEW`](scopes::ORDERS_VIEW).
    ///
    /// # Errors
    /// Same as [`RequestBuilder::fetch`](crate::api::RequestBuilder::fetch).
    pub async fn order(&self, id: impl Into<OrderId>) -> Result<OrderDetails, Error> {
        let id = id.into();
        self.get("/stores/{}/orders/{}", &[id.as_str()], scopes::ORDERS_VIEW).fetch().await
    }

    /// Delivers an order as if it was paid. Needs [`ORDERS_DELIVER`](scopes::ORDERS_DELIVER).
    ///
    /// Komerza does nothing when the order is already delivered. So the call is sent again after a failure, as
    /// a read is, and you can repeat it.
    ///
    /// # Errors
    /// Same as [`RequestBuilder::execute`](crate::api::RequestBuilder::execute).
    ///
    /// # Source
    /// The API's OpenAPI document: "no action is taken if the order is already delivered".
    pub async fn deliver_order(&self, id: impl Into<OrderId>) -> Result<(), Error> {
        let id = id.into();
        let request = self.call(Method::PUT, "/stores/{}/orders/{}/deliver", &[id.as_str()], scopes::ORDERS_DELIVER);
        request.repeatable().execute().await
    }

    /// Refunds a delivered order. Needs [`ORDERS_REFUND`](scopes::ORDERS_REFUND).
    ///
    /// # Errors
    /// Same as [`RequestBuilder::fetch`](crate::api::RequestBuilder::fetch). When the error [may have
    /// happened](Error::may_have_happened), look at the order's [`refund`](crate::api::models::Order::refund)
    /// before you repeat it.
    pub async fn refund_order(&self, id: impl Into<OrderId>, reason: RefundReason) -> Result<Refund, Error> {
        let id = id.into();
        self.call(Method::DELETE, "/stores/{}/orders/{}/refund", &[id.as_str()], scopes::ORDERS_REFUND)
            .json(&json!({ "reason": reason }))
            .fetch()
            .await
    }
}
