//! Products and categories.

use super::{InStore, InVariant};
use crate::api::{Category, Error, Form, Listing, Product, ProductId, VariantId, scopes};
use bytes::Bytes;
use http::Method;

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

    /// The calls for one variant of a product: its delivery and its stock.
    #[must_use]
    pub fn in_variant(&self, product: impl Into<ProductId>, variant: impl Into<VariantId>) -> InVariant {
        InVariant { store: self.clone(), product: product.into(), variant: variant.into() }
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
