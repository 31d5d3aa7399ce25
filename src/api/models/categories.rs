//! Categories of products.

use super::{CategoryId, ProductId, StoreId, Visibility, lenient, times};
use jiff::Timestamp;
use serde::{Deserialize, Deserializer, Serialize, de::IgnoredAny};

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
    /// The products in it.
    #[serde(default, rename = "products", deserialize_with = "ids")]
    pub product_ids: Vec<ProductId>,
    /// File name of its image.
    #[serde(default)]
    pub image_name: Option<String>,
}

/// Lists have the ids of the products. What one category has is not documented: whatever has an id is taken.
fn ids<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<ProductId>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Entry {
        Id(ProductId),
        Product { id: ProductId },
        Other(IgnoredAny),
    }
    let entries = Option::<Vec<Entry>>::deserialize(from)?.unwrap_or_default();
    let id = |entry| match entry {
        Entry::Id(id) | Entry::Product { id } => Some(id),
        Entry::Other(IgnoredAny) => None,
    };
    Ok(entries.into_iter().filter_map(id).collect())
}
