//! Products, variants, categories, coupons.

use super::{
    Amount, CategoryId, CouponId, DiscountType, ProductId, StockMode, StoreId, VariantId, Visibility, lenient, times,
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// A product, as lists, searches and look-ups give it; each leaves out some of its fields.
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
}

/// A variant of a product: what is bought.
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

/// A product category.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
#[serde(rename_all = "camelCase")]
pub struct Category {
    /// Its id.
    pub id: CategoryId,
    /// The store it belongs to.
    #[serde(default)]
    pub store_id: Option<StoreId>,
    /// When it was made.
    #[serde(default, deserialize_with = "times::optional")]
    pub date_created: Option<Timestamp>,
    /// Its name.
    #[serde(default, deserialize_with = "lenient")]
    pub name: String,
    /// Its place in addresses.
    #[serde(default)]
    pub slug: Option<String>,
    /// Who sees it.
    #[serde(default, deserialize_with = "lenient")]
    pub visibility: Visibility,
    /// Its place in lists.
    #[serde(default, deserialize_with = "lenient")]
    pub order: i64,
    /// How many products are in it; in lists alone.
    #[serde(default)]
    pub product_count: Option<i64>,
}

/// A coupon.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
#[serde(rename_all = "camelCase")]
pub struct Coupon {
    /// Its id.
    pub id: CouponId,
    /// The store it is good for.
    #[serde(default)]
    pub store_id: Option<StoreId>,
    /// When it was made.
    #[serde(default, deserialize_with = "times::optional")]
    pub date_created: Option<Timestamp>,
    /// What customers type.
    #[serde(default, deserialize_with = "lenient")]
    pub code: String,
    /// How often it was used.
    #[serde(default, deserialize_with = "lenient")]
    pub uses: i64,
    /// How often it may be used; -1 for any number.
    #[serde(default, deserialize_with = "lenient")]
    pub maximum_uses: i64,
    /// The part of the price that it takes off, in percent.
    #[serde(default)]
    pub percentage_decrease: Option<Amount>,
    /// The amount that it takes off.
    #[serde(default)]
    pub amount_decrease: Option<Amount>,
    /// Whether it can be used.
    #[serde(default, deserialize_with = "lenient")]
    pub is_enabled: bool,
    /// The variants it is good for; `None` for all.
    #[serde(default)]
    pub variant_ids: Option<Vec<VariantId>>,
    /// When it ends.
    #[serde(default, deserialize_with = "times::optional")]
    pub expiration_date: Option<Timestamp>,
}
