//! Categories and coupons.

use super::{Amount, CategoryId, CouponId, Limit, ProductId, StoreId, VariantId, Visibility, field::model};
use jiff::Timestamp;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::IgnoredAny};

model! {
    /// A product category.
    #[derive(Debug)]
    pub struct Category {
        must {
            /// The id.
            id: CategoryId,
        }
        may {
            /// The store.
            store_id: Option<StoreId>,
            /// When it was created.
            date_created: Option<Timestamp>,
            /// The name.
            name: String,
            /// The name in addresses.
            slug: Option<String>,
            /// Who sees it.
            visibility: Option<Visibility>,
            /// The position in lists, ascending.
            order: Option<i64>,
            /// The number of products. Only in lists.
            product_count: Option<i64>,
            /// The ids of the products.
            #[serde(rename = "products")]
            product_ids: ProductIds,
            /// The file name of the image.
            image_name: Option<String>,
        }
    }

    /// A coupon.
    #[derive(Debug)]
    pub struct Coupon {
        must {
            /// The id.
            id: CouponId,
        }
        may {
            /// The store.
            store_id: Option<StoreId>,
            /// When it was created.
            date_created: Option<Timestamp>,
            /// What customers type. Komerza ignores upper and lower case, and keeps it in lower case.
            code: String,
            /// How often it was used.
            uses: Option<i64>,
            /// How often it may be used.
            maximum_uses: Limit,
            /// The reduction in percent.
            percentage_decrease: Option<Amount>,
            /// The reduction in money.
            amount_decrease: Option<Amount>,
            /// Whether customers can use it.
            is_enabled: bool,
            /// The variants that it is good for. `None`: all.
            variant_ids: Option<Vec<VariantId>>,
            /// When it expires.
            expiration_date: Option<Timestamp>,
        }
    }
}

/// The ids of the products of a category.
///
/// A list of categories has ids here, a single category has whole products. Both are read as ids.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ProductIds(Vec<ProductId>);

impl std::ops::Deref for ProductIds {
    type Target = [ProductId];

    fn deref(&self) -> &[ProductId] {
        &self.0
    }
}

super::field::plain!(ProductIds);

impl<'de> Deserialize<'de> for ProductIds {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Entry {
            Id(ProductId),
            Product { id: ProductId },
            Other(IgnoredAny),
        }
        let id = |entry| match entry {
            Entry::Id(id) | Entry::Product { id } => Some(id),
            Entry::Other(IgnoredAny) => None,
        };
        Ok(Self(Vec::<Entry>::deserialize(from)?.into_iter().filter_map(id).collect()))
    }
}

impl Serialize for ProductIds {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(to)
    }
}
