//! Products and variants.

use super::{
    AffiliateDiscountMode, Amount, DiscountType, ProductId, StockMode, StoreId, VariantId, Visibility, lenient, times,
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// A product, as lists, searches and look-ups give it; each leaves out some of its fields.
///
/// Left out here: fees by payment method, and what subscriptions to it override, whose fields are not in our copy of the provider's
/// documents.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
#[serde(rename_all = "camelCase")]
pub struct Product {
    /// Its id.
    pub id: ProductId,
    /// The store it is sold in.
    #[serde(default)]
    pub store_id: Option<StoreId>,
    /// When it was made.
    #[serde(deserialize_with = "times::required")]
    pub date_created: Timestamp,
    /// Its name.
    #[serde(default, deserialize_with = "lenient")]
    pub name: String,
    /// Its description, in Markdown.
    #[serde(default, deserialize_with = "lenient")]
    pub description: String,
    /// Its place in addresses; without one the id is used.
    #[serde(default)]
    pub slug: Option<String>,
    /// Who sees it.
    #[serde(default, deserialize_with = "lenient")]
    pub visibility: Visibility,
    /// Its place in lists, ascending.
    #[serde(default, deserialize_with = "lenient")]
    pub order: i64,
    /// Whether it is shown as a best seller.
    #[serde(default, deserialize_with = "lenient")]
    pub is_best_seller: bool,
    /// File names of its images.
    #[serde(default, deserialize_with = "lenient")]
    pub image_names: Vec<String>,
    /// Its variants, which have the prices.
    #[serde(default, deserialize_with = "lenient")]
    pub variants: Vec<Variant>,
    /// The stock of all variants together; in lists alone.
    #[serde(default)]
    pub stock: Option<i64>,
    /// Its mean rating; not in every reply.
    #[serde(default)]
    pub rating: Option<Amount>,
    /// Text of the app's or the merchant's own.
    #[serde(default)]
    pub metadata: Option<String>,
    /// Its description for search engines; not in every reply.
    #[serde(default)]
    pub meta_description: Option<String>,
    /// Whether it is closed to virtual private networks; not in every reply.
    #[serde(default)]
    pub should_block_vpns: Option<bool>,
    /// Payment methods that it cannot be paid by; not in every reply.
    #[serde(default)]
    pub blacklisted_payment_gateways: Option<Vec<String>>,
    /// What affiliates take off.
    #[serde(default, deserialize_with = "lenient")]
    pub affiliate_discount_mode: AffiliateDiscountMode,
    /// The percentage of the mode [`Custom`](AffiliateDiscountMode::Custom).
    #[serde(default)]
    pub custom_affiliate_discount_percentage: Option<i64>,
}

/// A variant of a product: what is bought.
///
/// Left out here, on purpose: the address that delivers it and the files, which are the goods.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
#[serde(rename_all = "camelCase")]
pub struct Variant {
    /// Its id.
    pub id: VariantId,
    /// The product it belongs to.
    #[serde(default)]
    pub product_id: Option<ProductId>,
    /// The store it is sold in.
    #[serde(default)]
    pub store_id: Option<StoreId>,
    /// When it was made.
    #[serde(default, deserialize_with = "times::optional")]
    pub date_created: Option<Timestamp>,
    /// Its name.
    #[serde(default, deserialize_with = "lenient")]
    pub name: String,
    /// The price of one, in the store's currency.
    pub cost: Amount,
    /// How many must be bought at least.
    #[serde(default, deserialize_with = "lenient")]
    pub minimum_quantity: i64,
    /// How many may be bought at most; -1 for any number.
    #[serde(default, deserialize_with = "lenient")]
    pub maximum_quantity: i64,
    /// Its place among the variants, ascending.
    #[serde(default, deserialize_with = "lenient")]
    pub order: i64,
    /// How many there are; read it together with the mode.
    #[serde(default, deserialize_with = "lenient")]
    pub stock: i64,
    /// How the stock is counted.
    #[serde(default, deserialize_with = "lenient")]
    pub stock_mode: StockMode,
    /// How it is delivered: `license_keys`, `dynamic`, `instructions`, `files`, and others that may come.
    #[serde(default, deserialize_with = "lenient")]
    pub delivery_types: Vec<String>,
    /// File names of its images.
    #[serde(default, deserialize_with = "lenient")]
    pub image_names: Vec<String>,
    /// What buying more takes off.
    #[serde(default, deserialize_with = "lenient")]
    pub volume_discounts: Vec<VolumeDiscount>,
    /// Whether a coupon puts the volume discounts out of use.
    #[serde(default, deserialize_with = "lenient")]
    pub disable_volume_discount_on_coupon: bool,
    /// What a buyer is asked.
    #[serde(default, deserialize_with = "lenient")]
    pub custom_fields: Vec<CustomField>,
    /// How often it is paid for; `None` for once. 0 to 4, whose names are not documented.
    #[serde(default)]
    pub billing_interval: Option<i64>,
    /// How many days are between two payments, where the interval is a custom one.
    #[serde(default)]
    pub custom_interval_days: Option<i64>,
    /// Whether a buyer must sign in with Discord; not in every reply.
    #[serde(default)]
    pub require_discord_authorization: Option<bool>,
}

/// Something that a buyer is asked. The answers are in [`Order::custom_field_answers`](crate::api::models::Order::custom_field_answers).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
#[serde(rename_all = "camelCase")]
pub struct CustomField {
    /// Its id.
    pub id: String,
    /// Its identifier. That answers go by it is likely and not documented.
    #[serde(default, deserialize_with = "lenient")]
    pub identifier: String,
    /// What the buyer reads.
    #[serde(default, deserialize_with = "lenient")]
    pub label: String,
    /// Whether it must be answered.
    #[serde(default, deserialize_with = "lenient")]
    pub is_required: bool,
}

/// What buying more takes off.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
#[serde(rename_all = "camelCase")]
pub struct VolumeDiscount {
    /// Its id.
    pub id: String,
    /// From how many on.
    #[serde(default, deserialize_with = "lenient")]
    pub quantity: i64,
    /// What the value means.
    #[serde(default, deserialize_with = "lenient")]
    pub discount_type: DiscountType,
    /// The value.
    pub discount_value: Amount,
}
