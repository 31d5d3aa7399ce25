//! Customers.

use super::InStore;
use crate::api::scopes;
use crate::api::{Amount, Customer, CustomerId, Error, Listing, NewCustomer};
use http::Method;
use serde_json::json;

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
        let id = id.into();
        self.get("/stores/{}/customers/{}", &[id.as_str()], scopes::CUSTOMERS_VIEW).fetch().await
    }

    /// The customer with an e-mail address. Needs [`CUSTOMERS_VIEW`](scopes::CUSTOMERS_VIEW).
    ///
    /// # Errors
    /// Same as [`RequestBuilder::fetch`](crate::api::RequestBuilder::fetch).
    pub async fn customer_by_email(&self, email: &str) -> Result<Customer, Error> {
        self.get("/stores/{}/customers/{}/email", &[email], scopes::CUSTOMERS_VIEW).fetch().await
    }

    /// Adds a customer. Needs [`CUSTOMERS_CREATE`](scopes::CUSTOMERS_CREATE).
    ///
    /// # Errors
    /// Same as [`RequestBuilder::fetch`](crate::api::RequestBuilder::fetch);
    /// [`Conflict`](crate::ErrorKind::Conflict) when the store has it already.
    pub async fn create_customer(&self, email: &str) -> Result<NewCustomer, Error> {
        let request = self.call(Method::POST, "/stores/{}/customers", &[], scopes::CUSTOMERS_CREATE);
        request.json(&json!({ "emailAddress": email })).fetch().await
    }

    /// Sets a customer's balance. Needs [`CUSTOMERS_UPDATE`](scopes::CUSTOMERS_UPDATE).
    ///
    /// # Errors
    /// Same as [`RequestBuilder::execute`](crate::api::RequestBuilder::execute).
    pub async fn set_customer_balance(
        &self,
        id: impl Into<CustomerId>,
        balance: &Amount,
        comment: Option<&str>,
    ) -> Result<(), Error> {
        #[derive(serde::Serialize)]
        #[serde(rename_all = "camelCase")]
        struct Form<'a> {
            new_balance: &'a Amount,
            #[serde(skip_serializing_if = "Option::is_none")]
            comment: Option<&'a str>,
        }
        let id = id.into();
        let template = "/stores/{}/customers/{}/balance";
        let request = self.call(Method::PATCH, template, &[id.as_str()], scopes::CUSTOMERS_UPDATE);
        request.json(&Form { new_balance: balance, comment }).execute().await
    }
}
