//! Orders: read, deliver, refund, export.

use super::InStore;
use crate::api::scopes;
use crate::api::{Download, Error, Listing, OrderDetails, OrderId, OrderSummary, RefundReason};
use http::Method;
use jiff::Timestamp;
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
    /// As [`RequestBuilder::fetch`](crate::api::RequestBuilder::fetch).
    pub async fn order(&self, id: impl Into<OrderId>) -> Result<OrderDetails, Error> {
        let id = id.into();
        self.get("/stores/{}/orders/{}", &[id.as_str()], scopes::ORDERS_VIEW).fetch().await
    }

    /// Delivers an order. Needs [`ORDERS_DELIVER`](scopes::ORDERS_DELIVER).
    ///
    /// It is sent again only when nothing was sent or Komerza refused by 429. When the error
    /// [may have happened](Error::may_have_happened), look at the order before you repeat it.
    ///
    /// # Errors
    /// As [`RequestBuilder::execute`](crate::api::RequestBuilder::execute).
    pub async fn deliver_order(&self, id: impl Into<OrderId>) -> Result<(), Error> {
        let id = id.into();
        self.call(Method::PUT, "/stores/{}/orders/{}/deliver", &[id.as_str()], scopes::ORDERS_DELIVER).execute().await
    }

    /// Delivers an order that was delivered before once more. Needs [`ORDERS_DELIVER`](scopes::ORDERS_DELIVER).
    ///
    /// # Errors
    /// As [`deliver_order`](Self::deliver_order).
    pub async fn redeliver_order(&self, id: impl Into<OrderId>) -> Result<(), Error> {
        let id = id.into();
        self.call(Method::PUT, "/stores/{}/orders/{}/redeliver", &[id.as_str()], scopes::ORDERS_DELIVER).execute().await
    }

    /// Refunds an order. Needs [`ORDERS_REFUND`](scopes::ORDERS_REFUND).
    ///
    /// # Errors
    /// As [`deliver_order`](Self::deliver_order).
    pub async fn refund_order(&self, id: impl Into<OrderId>, reason: RefundReason) -> Result<(), Error> {
        let id = id.into();
        self.call(Method::DELETE, "/stores/{}/orders/{}/refund", &[id.as_str()], scopes::ORDERS_REFUND)
            .json(&json!({ "reason": reason }))
            .execute()
            .await
    }

    /// The orders between two times as a CSV file, at most `most` bytes, piece by piece. Needs [`ORDERS_VIEW`](scopes::ORDERS_VIEW).
    ///
    /// # Errors
    /// As [`RequestBuilder::download`](crate::api::RequestBuilder::download).
    pub async fn orders_csv(&self, from: Timestamp, to: Timestamp, most: u64) -> Result<Download, Error> {
        let request = self.get("/stores/{}/orders/csv", &[], scopes::ORDERS_VIEW);
        request.query("from", from).query("to", to).download(most).await
    }
}
