//! Customers.

use super::InStore;
use crate::api::{Customer, CustomerId, Error, Listing, scopes};

impl InStore {
    /// The customers. Needs [`CUSTOMERS_VIEW`](scopes::CUSTOMERS_VIEW).
    pub fn customers(&self) -> Listing<Customer> {
        self.get("/stores/{}/customers", &[], scopes::CUSTOMERS_VIEW).paged()
    }

    /// The customers that match a text. Needs [`CUSTOMERS_VIEW`](scopes::CUSTOMERS_VIEW).
    pub fn search_customers(&self, text: &str) -> Listing<Customer> {
        self.get("/stores/{}/customers/search/{}", &[text], scopes::CUSTOMERS_VIEW).paged()
    }

    /// One customer. Needs [`CUSTOMERS_VIEW`](scopes::CUSTOMERS_VIEW).
    ///
    /// # Errors
    /// Same as [`RequestBuilder::fetch`](crate::api::RequestBuilder::fetch).
    pub async fn customer(&self, id: impl Into<CustomerId>) -> Result<Customer, Error> {
        self.get("/stores/{}/customers/{}", &[id.into().as_str()], scopes::CUSTOMERS_VIEW).fetch().await
    }

    /// The customer with this e-mail address. Needs [`CUSTOMERS_VIEW`](scopes::CUSTOMERS_VIEW).
    ///
    /// # Errors
    /// Same as [`RequestBuilder::fetch`](crate::api::RequestBuilder::fetch).
    pub async fn customer_by_email(&self, email: &str) -> Result<Customer, Error> {
        self.get("/stores/{}/customers/{}/email", &[email], scopes::CUSTOMERS_VIEW).fetch().await
    }
}
