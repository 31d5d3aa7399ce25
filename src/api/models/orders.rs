//! Orders.

use super::{
    Amount, Chargeback, DeliveredItem, GatewayMetadata, LineItem, OrderCoupon, OrderCustomer, OrderDiscount, OrderId,
    OrderStatus, OrderTax, StoreId, is_there, lenient, times,
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// An order as lists and searches give it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
#[serde(rename_all = "camelCase")]
pub struct OrderSummary {
    /// Its id.
    pub id: OrderId,
    /// When it was placed.
    #[serde(deserialize_with = "times::required")]
    pub date_created: Timestamp,
    /// How far it is.
    #[serde(default, deserialize_with = "lenient")]
    pub status: OrderStatus,
    /// What was ordered.
    #[serde(default, deserialize_with = "lenient")]
    pub items: Vec<LineItem>,
    /// The payment method, such as `stripe`.
    #[serde(default, deserialize_with = "lenient")]
    pub gateway: String,
    /// Who ordered.
    #[serde(default, deserialize_with = "lenient")]
    pub customer_email: String,
    /// The currency of all its amounts.
    #[serde(default, deserialize_with = "lenient")]
    pub currency_code: String,
    /// What is to be paid.
    pub amount: Amount,
    /// What has been paid.
    #[serde(default)]
    pub amount_paid: Option<Amount>,
    /// The coupon that was used.
    #[serde(default)]
    pub coupon: Option<OrderCoupon>,
}

/// A whole order.
///
/// What the provider adds about devices, payments and persons (addresses, browser, Discord account, the gateway's secrets) is left where
/// it is, on purpose.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
#[serde(rename_all = "camelCase")]
pub struct Order {
    /// Its id.
    pub id: OrderId,
    /// When it was placed.
    #[serde(deserialize_with = "times::required")]
    pub date_created: Timestamp,
    /// The store it was placed in.
    #[serde(default)]
    pub store_id: Option<StoreId>,
    /// How far it is.
    #[serde(default, deserialize_with = "lenient")]
    pub status: OrderStatus,
    /// What was ordered.
    #[serde(default, deserialize_with = "lenient")]
    pub items: Vec<LineItem>,
    /// The payment method, such as `stripe`.
    #[serde(default, deserialize_with = "lenient")]
    pub gateway: String,
    /// Who ordered.
    #[serde(default)]
    pub customer: Option<OrderCustomer>,
    /// The currency of all its amounts.
    #[serde(default, deserialize_with = "lenient")]
    pub currency_code: String,
    /// What is to be paid.
    pub amount: Amount,
    /// What has been paid.
    #[serde(default)]
    pub amount_paid: Option<Amount>,
    /// The coupon that was used.
    #[serde(default)]
    pub coupon: Option<OrderCoupon>,
    /// What an affiliate took off.
    #[serde(default)]
    pub affiliate_discount: Option<OrderDiscount>,
    /// The tax in it, or on top of it.
    #[serde(default)]
    pub tax: Option<OrderTax>,
    /// The global gateway fee, in percent.
    #[serde(default)]
    pub global_gateway_fee_percentage: Option<Amount>,
    /// The same in money.
    #[serde(default)]
    pub global_gateway_fee_amount: Option<Amount>,
    /// The fixed global gateway fee. How it differs from its amount is not documented.
    #[serde(default)]
    pub global_gateway_fixed_fee: Option<Amount>,
    /// The amount of the fixed global gateway fee.
    #[serde(default)]
    pub global_gateway_fixed_fee_amount: Option<Amount>,
    /// What the payment provider calls the payment.
    #[serde(default)]
    pub gateway_metadata: Option<GatewayMetadata>,
    /// The payment that was called back, if it was.
    #[serde(default)]
    pub chargeback: Option<Chargeback>,
    /// Whether Komerza has a refund of it on record. The refund's own fields are not documented.
    #[serde(default, rename = "refund", deserialize_with = "is_there")]
    pub is_refunded: bool,
    /// What was delivered.
    #[serde(default, deserialize_with = "lenient")]
    pub delivered_items: Vec<DeliveredItem>,
    /// Answers to the product's own questions.
    #[serde(default, deserialize_with = "lenient")]
    pub custom_field_answers: BTreeMap<String, Option<String>>,
    /// Text of the app's own.
    #[serde(default, deserialize_with = "lenient")]
    pub metadata: BTreeMap<String, Option<String>>,
    /// Where it came from: `store`, `embed` or `api`.
    #[serde(default, deserialize_with = "lenient")]
    pub source: String,
    /// Where the customer goes afterwards.
    #[serde(default)]
    pub return_url: Option<String>,
}

/// What `GET` of one order answers: the order, and what is told beside it.
///
/// The billing address and what is known of the customer's device are left where they are, on purpose.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
#[serde(rename_all = "camelCase")]
pub struct OrderDetails {
    /// The order.
    pub order: Order,
    /// The store it was placed in.
    #[serde(default)]
    pub store_id: Option<StoreId>,
    /// That store's name.
    #[serde(default, deserialize_with = "lenient")]
    pub store_name: String,
}
