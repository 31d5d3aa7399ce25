//! Variants of products: their delivery and their stock.

use super::InStore;
use crate::api::{Error, Listing, ProductId, RequestBuilder, Variant, VariantDelivery, VariantId, scopes};
use http::Method;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

const ITEMS: &str = "/stores/{}/products/{}/variants/{}/items";

/// The calls for one variant of a product. [`InStore::in_variant`] makes it. Nothing is sent before you await
/// a call or read a list.
///
/// ```no_run
/// # async fn example(store: komerza_connect::api::InStore) -> Result<(), komerza_connect::Error> {
/// let variant = store.in_variant("product-id", "variant-id");
/// variant.add_items(&["KEY-1", "KEY-2"]).await?;
/// assert_ne!(variant.load().await?.is_sold_out(), Some(true));
/// # Ok(()) }
/// ```
#[derive(Debug, Clone)]
pub struct InVariant {
    pub(super) store: InStore,
    pub(super) product: ProductId,
    pub(super) variant: VariantId,
}

impl InVariant {
    /// Loads the variant. Needs [`PRODUCTS_VIEW`](scopes::PRODUCTS_VIEW).
    ///
    /// # Errors
    /// Same as [`RequestBuilder::fetch`].
    pub async fn load(&self) -> Result<Variant, Error> {
        let product = &[self.product.as_str()];
        let request = self.store.get("/stores/{}/products/{}/variants", product, scopes::PRODUCTS_VIEW);
        request.query("variantId", &self.variant).fetch().await
    }

    /// Sets how the variant is delivered. Needs [`PRODUCTS_UPDATE`](scopes::PRODUCTS_UPDATE).
    ///
    /// With [`VariantDelivery::dynamic`] your app delivers the variant.
    ///
    /// # Errors
    /// Same as [`RequestBuilder::fetch`].
    pub async fn set_delivery(&self, delivery: &VariantDelivery) -> Result<Variant, Error> {
        self.update(Method::PUT, "/stores/{}/products/{}/variants/{}/delivery").json(delivery).fetch().await
    }

    /// The stock items of the variant, such as licence keys. Needs [`PRODUCTS_VIEW`](scopes::PRODUCTS_VIEW).
    ///
    /// # Security
    /// The items are the goods themselves. Whoever reads a licence key can use it.
    pub fn items(&self) -> Listing<String> {
        let ids = &[self.product.as_str(), self.variant.as_str()];
        self.store.get(ITEMS, ids, scopes::PRODUCTS_VIEW).paged_by_path("count")
    }

    /// Searches the stock items of the variant. Similar texts match too, and the best match comes first. Needs
    /// [`PRODUCTS_VIEW`](scopes::PRODUCTS_VIEW).
    ///
    /// Each hit has its position and a score from 0 to 1. The names of those fields are not known, so give a
    /// type of your own, such as `serde_json::Value`.
    pub fn search_items<T: DeserializeOwned + Send + 'static>(&self, text: &str) -> Listing<T> {
        let ids = &[self.product.as_str(), self.variant.as_str(), text];
        let template = "/stores/{}/products/{}/variants/{}/items/search/{}";
        self.store.get(template, ids, scopes::PRODUCTS_VIEW).paged()
    }

    /// Adds items to the stock of the variant. Needs [`PRODUCTS_UPDATE`](scopes::PRODUCTS_UPDATE).
    ///
    /// # Errors
    /// Same as [`RequestBuilder::execute`]. If the call [may have happened](Error::may_have_happened), look at
    /// the stock before you add the items again.
    pub async fn add_items(&self, items: &[impl AsRef<str> + Sync]) -> Result<(), Error> {
        self.update(Method::PUT, ITEMS).json(&stock(items)).execute().await
    }

    /// Removes items from the stock of the variant. Needs [`PRODUCTS_UPDATE`](scopes::PRODUCTS_UPDATE).
    ///
    /// # Errors
    /// Same as [`RequestBuilder::execute`].
    pub async fn remove_items(&self, items: &[impl AsRef<str> + Sync]) -> Result<(), Error> {
        self.update(Method::DELETE, ITEMS).json(&stock(items)).execute().await
    }

    /// Removes all items from the stock of the variant. Needs [`PRODUCTS_UPDATE`](scopes::PRODUCTS_UPDATE).
    ///
    /// # Errors
    /// Same as [`RequestBuilder::execute`].
    pub async fn clear_items(&self) -> Result<(), Error> {
        self.update(Method::DELETE, "/stores/{}/products/{}/variants/{}/items/clear").execute().await
    }

    fn update(&self, method: Method, template: &'static str) -> RequestBuilder {
        let ids = &[self.product.as_str(), self.variant.as_str()];
        self.store.call(method, template, ids, scopes::PRODUCTS_UPDATE)
    }
}

fn stock(items: &[impl AsRef<str>]) -> Value {
    json!({ "items": items.iter().map(AsRef::as_ref).collect::<Vec<&str>>() })
}
