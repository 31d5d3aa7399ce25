//! Products and categories.

use super::InStore;
use crate::api::{Category, Error, Listing, Product, ProductId, scopes};

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

    /// All categories in one reply, without pages. Needs [`CATEGORIES_VIEW`](scopes::CATEGORIES_VIEW).
    ///
    /// # Errors
    /// Same as [`RequestBuilder::fetch`](crate::api::RequestBuilder::fetch).
    pub async fn all_categories(&self) -> Result<Vec<Category>, Error> {
        self.get("/stores/{}/categories/all", &[], scopes::CATEGORIES_VIEW).fetch_list().await
    }
}
