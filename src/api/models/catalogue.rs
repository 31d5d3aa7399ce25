//! Categories.

use super::{CategoryId, ProductId, StoreId, Visibility, field::model};
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
