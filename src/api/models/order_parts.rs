//! What orders are made of.

use super::{Amount, CouponId, CustomerId, ProductId, VariantId, lenient, times};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

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
    /// The total of the line, as Komerza reckons it; which fees and discounts are in it is not documented.
    #[serde(default)]
    pub line_total: Option<Amount>,
    /// What buying more took off.
    #[serde(default)]
    pub volume_discount_amount: Option<Amount>,
    /// The fee of the payment method, in percent.
    #[serde(default)]
    pub additional_fee_percentage: Option<Amount>,
    /// The same in money.
    #[serde(default)]
    pub additional_fee_amount: Option<Amount>,
    /// The fee of the payment method that does not grow with the price.
    #[serde(default)]
    pub additional_fixed_fee_amount: Option<Amount>,
    /// How often it is paid for; `None` for once. 0 to 4, whose names are not documented.
    #[serde(default)]
    pub billing_interval: Option<i64>,
    /// How many days are between two payments, where the interval is a custom one.
    #[serde(default)]
    pub custom_interval_days: Option<i64>,
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

/// What was taken off an order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
#[serde(rename_all = "camelCase")]
pub struct OrderDiscount {
    /// In percent.
    #[serde(default)]
    pub percentage_decrease: Option<Amount>,
    /// In money.
    #[serde(default)]
    pub net_decrease: Option<Amount>,
}

/// The tax of an order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
#[serde(rename_all = "camelCase")]
pub struct OrderTax {
    /// How much it is.
    #[serde(default)]
    pub tax_amount: Option<Amount>,
    /// Its rate; whether in percent or as a part of one is not documented.
    #[serde(default)]
    pub tax_rate: Option<Amount>,
    /// Its name.
    #[serde(default, deserialize_with = "lenient")]
    pub tax_name: String,
    /// Whether the customer owes it.
    #[serde(default, deserialize_with = "lenient")]
    pub is_reverse_charge: bool,
    /// The customer's VAT id.
    #[serde(default)]
    pub customer_vat_id: Option<String>,
    /// The amount without it.
    #[serde(default)]
    pub pre_tax_amount: Option<Amount>,
    /// `exclusive` or `inclusive`, and others that may come.
    #[serde(default, deserialize_with = "lenient")]
    pub tax_behavior: String,
}

/// What the payment provider knows an order by. Its client secret is left where it is, on purpose.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
#[serde(rename_all = "camelCase")]
pub struct GatewayMetadata {
    /// The payment's id there.
    #[serde(default)]
    pub transaction_id: Option<String>,
    /// A note on it.
    #[serde(default)]
    pub note: Option<String>,
}

/// A payment that the customer's bank called back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
#[serde(rename_all = "camelCase")]
pub struct Chargeback {
    /// When it came.
    #[serde(default, deserialize_with = "times::optional")]
    pub date_created: Option<Timestamp>,
    /// How far it is; the set is not documented.
    #[serde(default, deserialize_with = "lenient")]
    pub status: String,
    /// Why.
    #[serde(default, deserialize_with = "lenient")]
    pub reason: String,
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
