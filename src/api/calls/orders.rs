//! Orders: read, create, deliver, refund.

use super::InStore;
use crate::api::{Error, Listing, NewOrder, Order, OrderDetails, OrderId, OrderSummary, Refund, RefundReason, scopes};
use http::Method;
use serde::de::DeserializeOwned;
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
        self.get("/stores/{}/orders/{}", &[id.into().as_str()], scopes::ORDERS_VIEW).fetch().await
    }

    /// Creates an order. Needs [`ORDERS_CREATE`](scopes::ORDERS_CREATE).
    ///
    /// Send the customer to its [`checkout_url`](crate::api::models::Order::checkout_url) to pay.
    ///
    /// # Errors
    /// Same as [`RequestBuilder::fetch`](crate::api::RequestBuilder::fetch). If the call [may have
    /// happened](Error::may_have_happened), look for the order before you create it again. In Komerza's API
    /// you cannot mark a request as a repetition of an earlier one.
    pub async fn create_order(&self, order: &NewOrder) -> Result<Order, Error> {
        self.call(Method::POST, "/stores/{}/orders", &[], scopes::ORDERS_CREATE).json(order).fetch().await
    }

    /// Delivers an order as if it was paid. Needs [`ORDERS_DELIVER`](scopes::ORDERS_DELIVER).
    ///
    /// Komerza does nothing if the order is already delivered. So the crate repeats this call after a
    /// failure, like a GET, and you can repeat it too.
    ///
    /// # Errors
    /// Same as [`RequestBuilder::execute`](crate::api::RequestBuilder::execute).
    ///
    /// # Source
    /// The API's OpenAPI document: "no action is taken if the order is already delivered".
    pub async fn deliver_order(&self, id: impl Into<OrderId>) -> Result<(), Error> {
        let template = "/stores/{}/orders/{}/deliver";
        self.call(Method::PUT, template, &[id.into().as_str()], scopes::ORDERS_DELIVER).repeatable().execute().await
    }

    /// Refunds a delivered order. Needs [`ORDERS_REFUND`](scopes::ORDERS_REFUND).
    ///
    /// # Errors
    /// Same as [`RequestBuilder::fetch`](crate::api::RequestBuilder::fetch). If the call [may have
    /// happened](Error::may_have_happened), look at the order's [`refund`](crate::api::models::Order::refund)
    /// before you repeat it.
    pub async fn refund_order(&self, id: impl Into<OrderId>, reason: RefundReason) -> Result<Refund, Error> {
        let template = "/stores/{}/orders/{}/refund";
        let request = self.call(Method::DELETE, template, &[id.into().as_str()], scopes::ORDERS_REFUND);
        request.json(&json!({ "reason": reason })).fetch().await
    }

    /// Approves the payment of a pending order with a custom payment method. Komerza then delivers the order.
    /// Needs [`ORDERS_DELIVER`](scopes::ORDERS_DELIVER).
    ///
    /// # Errors
    /// Same as [`RequestBuilder::execute`](crate::api::RequestBuilder::execute). If the call [may have
    /// happened](Error::may_have_happened), look at the order before you repeat it.
    pub async fn approve_custom_payment(&self, id: impl Into<OrderId>) -> Result<(), Error> {
        let template = "/stores/{}/paymentMethods/custom/orders/{}/approve";
        self.call(Method::POST, template, &[id.into().as_str()], scopes::ORDERS_DELIVER).execute().await
    }

    /// Rejects the payment of a pending order with a custom payment method. Komerza then cancels the order.
    /// Needs [`ORDERS_DELIVER`](scopes::ORDERS_DELIVER).
    ///
    /// # Errors
    /// Same as [`approve_custom_payment`](Self::approve_custom_payment).
    pub async fn reject_custom_payment(&self, id: impl Into<OrderId>) -> Result<(), Error> {
        let template = "/stores/{}/paymentMethods/custom/orders/{}/reject";
        self.call(Method::POST, template, &[id.into().as_str()], scopes::ORDERS_DELIVER).execute().await
    }

    /// The buyer's proof of payment for an order with a custom payment method. Needs
    /// [`ORDERS_VIEW`](scopes::ORDERS_VIEW).
    ///
    /// The fields are not known, so give a type of your own, such as `serde_json::Value`.
    ///
    /// # Errors
    /// Same as [`RequestBuilder::fetch`](crate::api::RequestBuilder::fetch).
    pub async fn custom_payment_proof<T: DeserializeOwned>(&self, id: impl Into<OrderId>) -> Result<T, Error> {
        let template = "/stores/{}/paymentMethods/custom/orders/{}/proof";
        self.get(template, &[id.into().as_str()], scopes::ORDERS_VIEW).fetch().await
    }
}
