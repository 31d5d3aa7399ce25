//! Categories.

use super::{CategoryId, ProductId, StoreId, Visibility, field::model};
use jiff::Timestamp;

model! {
    /// A product category, as lists return it.
    pub struct Category {
        /// The id.
        id: CategoryId,
    } may {
        /// The store.
        store_id: Option<StoreId>,
        /// When it was created.
        date_created: Option<Timestamp>,
        /// The name.
        name: String,
        /// The category's name in URLs.
        slug: Option<String>,
        /// Who sees it.
        visibility: Option<Visibility>,
        /// The position in lists, ascending.
        order: Option<i64>,
        /// The number of products.
        product_count: Option<i64>,
        /// The ids of the products.
        #[serde(rename = "products")]
        product_ids: Vec<ProductId>,
        /// The file name of the image.
        image_name: Option<String>,
    }
}
