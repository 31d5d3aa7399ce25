//! Coupons.

use super::{Amount, CouponId, StoreId, VariantId, lenient, times};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

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
