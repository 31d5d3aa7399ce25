//! Products, variants, categories.

use super::InStore;
use crate::api::{
    Category, CategoryId, Error, Form, Listing, Product, ProductId, RequestBuilder, Upload, Variant, VariantDelivery,
    VariantId, scopes,
};
use http::Method;
use serde::{Serialize, de::DeserializeOwned};

const ITEMS: &str = "/stores/{}/products/{}/variants/{}/items";

impl InStore {
    /// The products. Needs [`PRODUCTS_VIEW`](scopes::PRODUCTS_VIEW).
    pub fn products(&self) -> Listing<Product> {
        self.get("/stores/{}/products", &[], scopes::PRODUCTS_VIEW).paged()
    }

    /// All products in one reply, without pages. Needs [`PRODUCTS_VIEW`](scopes::PRODUCTS_VIEW).
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
        let id = id.into();
        self.get("/stores/{}/products/{}", &[id.as_str()], scopes::PRODUCTS_VIEW).fetch().await
    }

    /// One product by its slug. Needs [`PRODUCTS_VIEW`](scopes::PRODUCTS_VIEW).
    ///
    /// # Errors
    /// Same as [`RequestBuilder::fetch`](crate::api::RequestBuilder::fetch).
    pub async fn product_by_slug(&self, slug: &str) -> Result<Product, Error> {
        self.get("/stores/{}/products/slug/{}", &[slug], scopes::PRODUCTS_VIEW).fetch().await
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
        let (product, variant) = (product.into(), variant.into());
        let request = self.get("/stores/{}/products/{}/variants", &[product.as_str()], scopes::PRODUCTS_VIEW);
        request.query("variantId", variant).fetch().await
    }

    /// Sets how a variant is delivered. Needs [`PRODUCTS_UPDATE`](scopes::PRODUCTS_UPDATE).
    ///
    /// With [`VariantDelivery::dynamic`] the app delivers it.
    ///
    /// # Errors
    /// Same as [`RequestBuilder::fetch`](crate::api::RequestBuilder::fetch).
    pub async fn set_variant_delivery(
        &self,
        product: impl Into<ProductId>,
        variant: impl Into<VariantId>,
        delivery: &VariantDelivery,
    ) -> Result<Variant, Error> {
        let request = self.of_variant(Method::PUT, "/stores/{}/products/{}/variants/{}/delivery", product, variant);
        request.json(delivery).fetch().await
    }

    /// The items in stock of a variant, such as licence keys. Needs [`PRODUCTS_VIEW`](scopes::PRODUCTS_VIEW).
    ///
    /// # Security
    /// They are what is sold: whoever reads one has it.
    pub fn variant_items(&self, product: impl Into<ProductId>, variant: impl Into<VariantId>) -> Listing<String> {
        let (product, variant) = (product.into(), variant.into());
        let ids = [product.as_str(), variant.as_str()];
        self.get(ITEMS, &ids, scopes::PRODUCTS_VIEW).paged_by_path("count")
    }

    /// Searches the items in stock of a variant: similar texts count, best first. Needs
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
        let (product, variant) = (product.into(), variant.into());
        let ids = [product.as_str(), variant.as_str(), text];
        self.get("/stores/{}/products/{}/variants/{}/items/search/{}", &ids, scopes::PRODUCTS_VIEW).paged()
    }

    /// Adds items to the stock of a variant. Needs [`PRODUCTS_UPDATE`](scopes::PRODUCTS_UPDATE).
    ///
    /// # Errors
    /// Same as [`RequestBuilder::execute`](crate::api::RequestBuilder::execute). When the error
    /// [may have happened](Error::may_have_happened), look at the stock before you add them again.
    pub async fn add_variant_items(
        &self,
        product: impl Into<ProductId>,
        variant: impl Into<VariantId>,
        items: &[impl AsRef<str> + Sync],
    ) -> Result<(), Error> {
        let request = self.of_variant(Method::PUT, ITEMS, product, variant);
        request.json(&stock(items)).execute().await
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
        let request = self.of_variant(Method::DELETE, ITEMS, product, variant);
        request.json(&stock(items)).execute().await
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
        self.of_variant(Method::DELETE, "/stores/{}/products/{}/variants/{}/items/clear", product, variant)
            .execute()
            .await
    }

    fn of_variant(
        &self,
        method: Method,
        template: &'static str,
        product: impl Into<ProductId>,
        variant: impl Into<VariantId>,
    ) -> RequestBuilder {
        let (product, variant) = (product.into(), variant.into());
        self.call(method, template, &[product.as_str(), variant.as_str()], scopes::PRODUCTS_UPDATE)
    }

    /// Adds an image to a product and returns its file name. Needs
    /// [`PRODUCTS_UPDATE`](scopes::PRODUCTS_UPDATE).
    ///
    /// Komerza takes up to 30 MB.
    ///
    /// # Errors
    /// Same as [`RequestBuilder::fetch`](crate::api::RequestBuilder::fetch).
    pub async fn add_product_image(
        &self,
        product: impl Into<ProductId>,
        file_name: &str,
        content_type: &str,
        image: impl Into<Upload>,
    ) -> Result<String, Error> {
        let product = product.into();
        let request =
            self.call(Method::PATCH, "/stores/{}/products/{}/images", &[product.as_str()], scopes::PRODUCTS_UPDATE);
        request.multipart(Form::new().file("image", file_name, content_type, image)).fetch().await
    }

    /// The categories. Needs [`CATEGORIES_VIEW`](scopes::CATEGORIES_VIEW).
    pub fn categories(&self) -> Listing<Category> {
        self.get("/stores/{}/categories", &[], scopes::CATEGORIES_VIEW).paged()
    }

    /// All categories in one reply, without pages. Needs [`CATEGORIES_VIEW`](scopes::CATEGORIES_VIEW).
    ///
    /// # Errors
    /// Same as [`RequestBuilder::fetch`](crate::api::RequestBuilder::fetch).
    pub async fn all_categories(&self) -> Result<Vec<Category>, Error> {
        self.get("/stores/{}/categories/all", &[], scopes::CATEGORIES_VIEW).fetch_list().await
    }

    /// One category. Needs [`CATEGORIES_VIEW`](scopes::CATEGORIES_VIEW).
    ///
    /// # Errors
    /// Same as [`RequestBuilder::fetch`](crate::api::RequestBuilder::fetch).
    pub async fn category(&self, id: impl Into<CategoryId>) -> Result<Category, Error> {
        let id = id.into();
        self.get("/stores/{}/categories/{}", &[id.as_str()], scopes::CATEGORIES_VIEW).fetch().await
    }

    /// One category by its slug. Needs [`CATEGORIES_VIEW`](scopes::CATEGORIES_VIEW).
    ///
    /// # Errors
    /// Same as [`RequestBuilder::fetch`](crate::api::RequestBuilder::fetch).
    pub async fn category_by_slug(&self, slug: &str) -> Result<Category, Error> {
        self.get("/stores/{}/categories/slug/{}", &[slug], scopes::CATEGORIES_VIEW).fetch().await
    }
}

fn stock(items: &[impl AsRef<str>]) -> impl Serialize {
    #[derive(Serialize)]
    struct ProductItems {
        items: Vec<String>,
    }
    ProductItems { items: items.iter().map(|item| item.as_ref().to_owned()).collect() }
}
