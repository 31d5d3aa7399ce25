//! Products, variants, categories.

use super::InStore;
use crate::api::{
    Category, Error, Form, Listing, Product, ProductId, RequestBuilder, Variant, VariantDelivery, VariantId, scopes,
};
use bytes::Bytes;
use http::Method;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

const ITEMS: &str = "/stores/{}/products/{}/variants/{}/items";

impl InStore {
    /// The products. Needs [`PRODUCTS_VIEW`](scopes::PRODUCTS_VIEW).
    pub fn products(&self) -> Listing<Product> {
        self.get("/stores/{}/products", &[], scopes::PRODUCTS_VIEW).paged()
    }

    /// All products in one reply, without list pages. Needs [`PRODUCTS_VIEW`](scopes::PRODUCTS_VIEW).
    ///
    /// # Errors
    /// Same as [`RequestBuilder::fetch`](crate::api::RequestBuilder::fetch).
    pub async fn all_products(&self) -> Result<Vec<Product>, Error> {
        self.get("/stores/{}/products/all", &[], scopes::PRODUCTS_VIEW).fetch_list().await
    }

    /// The products that match a text. Needs [`PRODUCTS_VIEW`](scopes::PRODUCTS_VIEW).
    pub fn search_products(&self, text: &str) -> Listing<Product> {
        self.get("/stores/{}/products/search/{}", &[text], scopes::PRODUCTS_VIEW).paged()
    }

    /// One product. Needs [`PRODUCTS_VIEW`](scopes::PRODUCTS_VIEW).
    ///
    /// # Errors
    /// Same as [`RequestBuilder::fetch`](crate::api::RequestBuilder::fetch).
    pub async fn product(&self, id: impl Into<ProductId>) -> Result<Product, Error> {
        self.get("/stores/{}/products/{}", &[id.into().as_str()], scopes::PRODUCTS_VIEW).fetch().await
    }

    /// One variant of a product. Needs [`PRODUCTS_VIEW`](scopes::PRODUCTS_VIEW).
    ///
    /// # Errors
    /// Same as [`RequestBuilder::fetch`](crate::api::RequestBuilder::fetch).
    pub async fn variant(
        &self,
        product: impl Into<ProductId>,
        variant: impl Into<VariantId>,
    ) -> Result<Variant, Error> {
        let request = self.get("/stores/{}/products/{}/variants", &[product.into().as_str()], scopes::PRODUCTS_VIEW);
        request.query("variantId", variant.into()).fetch().await
    }

    /// Sets how a variant is delivered. Needs [`PRODUCTS_UPDATE`](scopes::PRODUCTS_UPDATE).
    ///
    /// With [`VariantDelivery::dynamic`] your app delivers the variant.
    ///
    /// # Errors
    /// Same as [`RequestBuilder::fetch`](crate::api::RequestBuilder::fetch).
    pub async fn set_variant_delivery(
        &self,
        product: impl Into<ProductId>,
        variant: impl Into<VariantId>,
        delivery: &VariantDelivery,
    ) -> Result<Variant, Error> {
        let template = "/stores/{}/products/{}/variants/{}/delivery";
        self.of_variant(Method::PUT, template, product, variant).json(delivery).fetch().await
    }

    /// The stock items of a variant, such as licence keys. Needs [`PRODUCTS_VIEW`](scopes::PRODUCTS_VIEW).
    ///
    /// # Security
    /// The items are the goods themselves. Whoever reads a licence key can use it.
    pub fn variant_items(&self, product: impl Into<ProductId>, variant: impl Into<VariantId>) -> Listing<String> {
        self.get(ITEMS, &[product.into().as_str(), variant.into().as_str()], scopes::PRODUCTS_VIEW)
            .paged_by_path("count")
    }

    /// Searches the stock items of a variant. Similar texts match too, and the best match comes first. Needs
    /// [`PRODUCTS_VIEW`](scopes::PRODUCTS_VIEW).
    ///
    /// Each hit has its position and a score from 0 to 1. The names of those fields are not known, so give a
    /// type of your own, such as `serde_json::Value`.
    pub fn search_variant_items<T: DeserializeOwned + Send + 'static>(
        &self,
        product: impl Into<ProductId>,
        variant: impl Into<VariantId>,
        text: &str,
    ) -> Listing<T> {
        let template = "/stores/{}/products/{}/variants/{}/items/search/{}";
        self.get(template, &[product.into().as_str(), variant.into().as_str(), text], scopes::PRODUCTS_VIEW).paged()
    }

    /// Adds items to the stock of a variant. Needs [`PRODUCTS_UPDATE`](scopes::PRODUCTS_UPDATE).
    ///
    /// # Errors
    /// Same as [`RequestBuilder::execute`](crate::api::RequestBuilder::execute). If the call [may have
    /// happened](Error::may_have_happened), look at the stock before you add the items again.
    pub async fn add_variant_items(
        &self,
        product: impl Into<ProductId>,
        variant: impl Into<VariantId>,
        items: &[impl AsRef<str> + Sync],
    ) -> Result<(), Error> {
        self.of_variant(Method::PUT, ITEMS, product, variant).json(&stock(items)).execute().await
    }

    /// Removes items from the stock of a variant. Needs [`PRODUCTS_UPDATE`](scopes::PRODUCTS_UPDATE).
    ///
    /// # Errors
    /// Same as [`RequestBuilder::execute`](crate::api::RequestBuilder::execute).
    pub async fn remove_variant_items(
        &self,
        product: impl Into<ProductId>,
        variant: impl Into<VariantId>,
        items: &[impl AsRef<str> + Sync],
    ) -> Result<(), Error> {
        self.of_variant(Method::DELETE, ITEMS, product, variant).json(&stock(items)).execute().await
    }

    /// Removes all items from the stock of a variant. Needs [`PRODUCTS_UPDATE`](scopes::PRODUCTS_UPDATE).
    ///
    /// # Errors
    /// Same as [`RequestBuilder::execute`](crate::api::RequestBuilder::execute).
    pub async fn clear_variant_items(
        &self,
        product: impl Into<ProductId>,
        variant: impl Into<VariantId>,
    ) -> Result<(), Error> {
        let template = "/stores/{}/products/{}/variants/{}/items/clear";
        self.of_variant(Method::DELETE, template, product, variant).execute().await
    }

    fn of_variant(
        &self,
        method: Method,
        template: &'static str,
        product: impl Into<ProductId>,
        variant: impl Into<VariantId>,
    ) -> RequestBuilder {
        self.call(method, template, &[product.into().as_str(), variant.into().as_str()], scopes::PRODUCTS_UPDATE)
    }

    /// Adds an image to a product and returns its file name. Needs
    /// [`PRODUCTS_UPDATE`](scopes::PRODUCTS_UPDATE).
    ///
    /// Komerza accepts images of up to 30 MB.
    ///
    /// # Errors
    /// Same as [`RequestBuilder::fetch`](crate::api::RequestBuilder::fetch).
    pub async fn add_product_image(
        &self,
        product: impl Into<ProductId>,
        file_name: &str,
        content_type: &str,
        image: impl Into<Bytes>,
    ) -> Result<String, Error> {
        let form = Form::new().file("image", file_name, content_type, image);
        let template = "/stores/{}/products/{}/images";
        let request = self.call(Method::PATCH, template, &[product.into().as_str()], scopes::PRODUCTS_UPDATE);
        request.multipart(form).fetch().await
    }

    /// All categories in one reply, without list pages. Needs [`CATEGORIES_VIEW`](scopes::CATEGORIES_VIEW).
    ///
    /// # Errors
    /// Same as [`RequestBuilder::fetch`](crate::api::RequestBuilder::fetch).
    pub async fn all_categories(&self) -> Result<Vec<Category>, Error> {
        self.get("/stores/{}/categories/all", &[], scopes::CATEGORIES_VIEW).fetch_list().await
    }
}

fn stock(items: &[impl AsRef<str>]) -> Value {
    json!({ "items": items.iter().map(AsRef::as_ref).collect::<Vec<&str>>() })
}
