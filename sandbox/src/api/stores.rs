//! `/stores`: the list as in the provider's sample, one store, and the user's permissions in it.

use std::sync::Arc;

use axum::{Router, extract::Path, routing::get};
use serde_json::json;

use super::{Answer, Call};
use crate::envelope::{Refusal, Reply};
use crate::{switches::StoresRoute, world::Shared};
use komerza_connect::api::scopes;

pub(super) fn routes() -> Router<Arc<Shared>> {
    Router::new()
        .route("/stores", get(list))
        .route("/stores/{store}", get(one))
        .route("/stores/{store}/permissions", get(permissions))
}

async fn list(call: Call) -> Answer {
    match call.shared.world().switches.stores_route {
        StoresRoute::Listed => {}
        StoresRoute::NotFound => return Err(Refusal::not_found("endpoint")),
        StoresRoute::MethodNotAllowed => return Err(Refusal::method_not_allowed()),
    }
    call.world("stores.view", |world| {
        let stores = world.accounts.iter().flat_map(|account| &account.stores);
        let reached = stores.filter(|store| call.grant.reaches(&store.id));
        Ok(Reply::List(reached.map(|store| store.reference.clone()).collect()))
    })
}

async fn one(call: Call, Path(store): Path<String>) -> Answer {
    call.store("stores.view", &store, |store, _| Ok(Reply::Object(store.reference.clone())))
}

/// The user's permissions, which do not depend on the key's scopes: the owner of a store may do everything.
async fn permissions(call: Call, Path(store): Path<String>) -> Answer {
    call.store("stores.view", &store, |_, _| {
        Ok(Reply::Object(json!({
            "isOwner": true,
            "permissions": scopes::ALL.iter().filter(|scope| scope.starts_with("stores.")).collect::<Vec<_>>(),
            "enabledPaymentMethods": ["stripe", "paypal"],
        })))
    })
}
