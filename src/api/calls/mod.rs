//! The typed calls.
//!
//! Each call knows the scope that it needs, so its error can name the missing scope. *Source* of paths,
//! scopes and types: Komerza's OpenAPI document.

mod catalogue;
mod customers;
mod filtered;
mod orders;
mod tickets;
mod variants;

pub use filtered::{Direction, OrderSort};
pub use variants::InVariant;

use super::{Client, Error, RequestBuilder, StoreId, StorePermissions};
use crate::api::scopes;
use http::Method;

/// The calls inside one store. [`Client::in_store`] makes it. Nothing is sent before you await a call or read
/// a list.
///
/// ```no_run
/// # async fn example(key: komerza_connect::KomerzaKey) -> Result<(), komerza_connect::Error> {
/// let store = key.in_store("00000000-0000-4000-8000-000000000000");
/// for product in store.products().page_size(100).all().await? {
///     println!("{}", product.name);
/// }
/// # Ok(()) }
/// ```
#[derive(Debug, Clone)]
pub struct InStore {
    pub(super) client: Client,
    pub(super) id: StoreId,
}

impl InStore {
    /// The store's id.
    #[must_use]
    pub fn id(&self) -> &StoreId {
        &self.id
    }

    fn call(&self, method: Method, template: &'static str, ids: &[&str], scope: &'static str) -> RequestBuilder {
        let ids: Vec<&str> = std::iter::once(self.id.as_str()).chain(ids.iter().copied()).collect();
        self.client.endpoint(method, template, &ids, scope)
    }

    fn get(&self, template: &'static str, ids: &[&str], scope: &'static str) -> RequestBuilder {
        self.call(Method::GET, template, ids, scope)
    }

    /// What the key's user may do in the store. This does not show the scopes of the key. Needs
    /// [`STORES_VIEW`](scopes::STORES_VIEW).
    ///
    /// # Errors
    /// Same as [`RequestBuilder::fetch`].
    pub async fn permissions(&self) -> Result<StorePermissions, Error> {
        self.get("/stores/{}/permissions", &[], scopes::STORES_VIEW).fetch().await
    }
}
