//! Orders.

use super::{Amount, CouponId, CustomerId, OrderId, OrderStatus, ProductId, StoreId, VariantId, lenient, times};
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

/// A line of an order.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
#[serde(rename_all = "camelCase")]
pub struct LineItem {
    /// Its id.
    pub id: String,
    /// The product.
    #[serde(default)]
    pub product_id: Option<ProductId>,
    /// The variant.
    #[serde(default)]
    pub variant_id: Option<VariantId>,
    /// The product's name when it was ordered.
    #[serde(default, deserialize_with = "lenient")]
    pub product_name: String,
    /// The variant's name when it was ordered.
    #[serde(default, deserialize_with = "lenient")]
    pub variant_name: String,
    /// The price of one.
    pub amount: Amount,
    /// How many.
    #[serde(default, deserialize_with = "lenient")]
    pub quantity: i64,
    /// The price of the line, with fees and discounts.
    #[serde(default)]
    pub line_total: Option<Amount>,
}

/// The coupon of an order.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
#[serde(rename_all = "camelCase")]
pub struct OrderCoupon {
    /// The coupon.
    #[serde(default)]
    pub coupon_id: Option<CouponId>,
    /// What the customer typed.
    #[serde(default, deserialize_with = "lenient")]
    pub code: String,
    /// What it took off, in percent.
    #[serde(default)]
    pub percentage_decrease: Option<Amount>,
    /// What it took off, in money.
    #[serde(default)]
    pub net_decrease: Option<Amount>,
}

/// A whole order.
///
/// What the provider adds about devices and payments (addresses, browser, gateway's secrets) is left where it is, on purpose.
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
}

/// Who ordered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
#[serde(rename_all = "camelCase")]
pub struct OrderCustomer {
    /// The customer.
    #[serde(default)]
    pub customer_id: Option<CustomerId>,
    /// The e-mail address.
    #[serde(default, deserialize_with = "lenient")]
    pub email_address: String,
    /// The country, as the provider codes it.
    #[serde(default, deserialize_with = "lenient")]
    pub country_code: String,
}

/// Something that was delivered.
///
/// # Security
/// [`text_content`](Self::text_content) is the goods: license keys and the like. `Debug` leaves it out.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
#[serde(rename_all = "camelCase")]
pub struct DeliveredItem {
    /// Its id.
    pub id: String,
    /// The product.
    #[serde(default)]
    pub product_id: Option<ProductId>,
    /// The variant.
    #[serde(default)]
    pub variant_id: Option<VariantId>,
    /// What it is: `file`, `dynamic`, `license_key`, `plaintext`, and others that may come.
    #[serde(default, rename = "type", deserialize_with = "lenient")]
    pub kind: String,
    /// Where it came from: `static`, `generated`, `external`, and others that may come.
    #[serde(default, deserialize_with = "lenient")]
    pub source: String,
    /// What the customer got.
    #[serde(default)]
    pub text_content: Option<String>,
}

impl std::fmt::Debug for DeliveredItem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("DeliveredItem").field("id", &self.id).field("kind", &self.kind).finish_non_exhaustive()
    }
}

/// What `GET` of one order answers: the order, and what is told beside it.
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
