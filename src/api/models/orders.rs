//! Orders.

use super::field::model;
use super::{
    Amount, Chargeback, DeliveredItem, DiscordAccount, GatewayMetadata, LineItem, OrderCoupon, OrderCustomer,
    OrderDiscount, OrderId, OrderStatus, OrderTax, Refund, StoreId,
};
use crate::config::with_segments;
use jiff::Timestamp;
use std::collections::BTreeMap;
use url::Url;

/// *Source*: a payment bridge in use sends its buyers back there.
const CHECKOUT: &str = "https://checkout.komerza.com/checkout";

model! {
    /// An order, as lists and searches return it.
    pub struct OrderSummary {
        /// The id.
        id: OrderId,
        /// When it was placed.
        date_created: Timestamp,
        /// The price.
        amount: Amount,
    } may {
        /// The status.
        status: OrderStatus,
        /// What was ordered.
        items: Vec<LineItem>,
        /// The payment method, such as `stripe`.
        gateway: String,
        /// The customer's e-mail address.
        customer_email: String,
        /// The currency of all amounts.
        currency_code: String,
        /// What was paid.
        amount_paid: Option<Amount>,
        /// The coupon that was used.
        coupon: Option<OrderCoupon>,
    }

    /// A whole order.
    ///
    /// The customer's IP address and browser, and the secrets of the payment method, are left out on purpose.
    pub struct Order {
        /// The id.
        id: OrderId,
        /// When it was placed.
        date_created: Timestamp,
        /// The price.
        amount: Amount,
    } may {
        /// The store. Not in the reply to a new order.
        store_id: Option<StoreId>,
        /// The status.
        status: OrderStatus,
        /// What was ordered.
        items: Vec<LineItem>,
        /// The payment method, such as `stripe`.
        gateway: String,
        /// The customer.
        customer: Option<OrderCustomer>,
        /// The buyer's Discord account, where the product asks for one.
        discord_account: Option<DiscordAccount>,
        /// The currency of all amounts.
        currency_code: String,
        /// What was paid.
        amount_paid: Option<Amount>,
        /// The coupon that was used.
        coupon: Option<OrderCoupon>,
        /// The reduction through an affiliate.
        affiliate_discount: Option<OrderDiscount>,
        /// The tax.
        tax: Option<OrderTax>,
        /// The fee of the payment method in percent, for the whole order.
        global_gateway_fee_percentage: Option<Amount>,
        /// That fee in money.
        global_gateway_fee_amount: Option<Amount>,
        /// The fixed fee that is configured for the payment method.
        global_gateway_fixed_fee: Option<Amount>,
        /// The fixed fee that was applied. Zero where a product has a fee of its own.
        global_gateway_fixed_fee_amount: Option<Amount>,
        /// The payment provider's id for the payment, and a note.
        gateway_metadata: Option<GatewayMetadata>,
        /// The payment that the customer's bank took back.
        chargeback: Option<Chargeback>,
        /// The refund.
        refund: Option<Refund>,
        /// What was delivered.
        delivered_items: Vec<DeliveredItem>,
        /// The buyer's answers, by the identifiers of the questions.
        custom_field_answers: BTreeMap<String, Option<String>>,
        /// What the app stored with the order.
        metadata: BTreeMap<String, Option<String>>,
        /// `store`, `embed` or `api`.
        source: String,
        /// The URL that the customer goes to after the checkout.
        return_url: Option<String>,
    }

    /// A whole order, and the store that it was placed in.
    ///
    /// The billing address and what Komerza knows of the customer's device are left out on purpose.
    pub struct OrderDetails {
        /// The order.
        order: Order,
    } may {
        /// The store.
        store_id: Option<StoreId>,
        /// The store's name.
        store_name: String,
    }
}

impl Order {
    /// The URL of Komerza's web page where the customer pays this order.
    ///
    /// Komerza does not document this URL. A payment program that is in use sends its buyers to it.
    ///
    /// ```
    /// use komerza_connect::api::models::Order;
    ///
    /// let order: Order = serde_json::from_str(r#"{"id":"o-1","dateCreated":"2026-11-20T10:00:00Z","amount":5}"#)?;
    /// assert_eq!(order.checkout_url().as_deref(), Some("https://checkout.komerza.com/checkout/o-1"));
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    ///
    /// `None`: the id cannot be part of a URL.
    #[must_use]
    pub fn checkout_url(&self) -> Option<String> {
        Some(with_segments(&Url::parse(CHECKOUT).ok()?, &[self.id.as_str()])?.into())
    }
}
