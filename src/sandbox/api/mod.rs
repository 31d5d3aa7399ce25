//! The API behind a key: who calls, what the key may do, and one file per group of endpoints.
//!
//! Each call is judged in this order: scope (403), store known (404), store ticked (403), then the endpoint's own rules.

mod stores;
mod user;

use std::sync::Arc;

use axum::{Router, extract::FromRequestParts};
use http::request::Parts;

use super::{
    envelope::{Refusal, Reply},
    grant::Grant,
    seed::DemoStore,
    world::{Shared, World},
};

pub(super) type Answer = Result<Reply, Refusal>;

/// Whose key it is; put into the request's extensions once the key was accepted.
#[derive(Clone)]
pub(super) struct Caller {
    pub(super) grant: Grant,
}

pub(super) fn router(shared: Arc<Shared>) -> Router {
    Router::new()
        .merge(user::routes())
        .merge(stores::routes())
        .method_not_allowed_fallback(async || Refusal::method_not_allowed())
        .fallback(async || Refusal::not_found("endpoint"))
        .with_state(shared)
}

/// A call whose key was accepted.
struct Call {
    shared: Arc<Shared>,
    grant: Grant,
    query: String,
}

impl FromRequestParts<Arc<Shared>> for Call {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, shared: &Arc<Shared>) -> Result<Self, Refusal> {
        let caller = parts.extensions.get::<Caller>().cloned().ok_or_else(Refusal::bad_token)?;
        let query = parts.uri.query().unwrap_or_default().to_owned();
        Ok(Self { shared: Arc::clone(shared), grant: caller.grant, query })
    }
}

impl Call {
    fn need(&self, scope: &str) -> Result<(), Refusal> {
        if self.grant.allows(scope) {
            Ok(())
        } else {
            Err(Refusal::access_denied(format!("The API key lacks the scope {scope}.")))
        }
    }

    fn world<T>(&self, scope: &str, act: impl FnOnce(&mut World) -> Result<T, Refusal>) -> Result<T, Refusal> {
        self.need(scope)?;
        act(&mut self.shared.world())
    }

    /// Looks up a store that the key reaches.
    fn store<T>(
        &self,
        scope: &str,
        id: &str,
        act: impl FnOnce(&mut DemoStore) -> Result<T, Refusal>,
    ) -> Result<T, Refusal> {
        self.world(scope, |world| {
            let account = world.accounts.iter_mut().flat_map(|account| &mut account.stores);
            let store = account.into_iter().find(|store| store.id == id).ok_or_else(|| Refusal::not_found("store"))?;
            if !self.grant.reaches(id) {
                return Err(Refusal::access_denied("The user did not connect this store."));
            }
            act(store)
        })
    }
}
