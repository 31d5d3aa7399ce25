//! Product categories.

use std::sync::Arc;

use super::{Answer, Call, objects::find, views};
use crate::envelope::{Refusal, Reply};
use crate::{listing::ListQuery, seed::text, world::Shared};
use axum::{Router, extract::Path, routing::get};

const VIEW: &str = "stores.categories.view";

pub(super) fn routes() -> Router<Arc<Shared>> {
    Router::new()
        .route("/stores/{store}/categories", get(list))
        .route("/stores/{store}/categories/all", get(all))
        .route("/stores/{store}/categories/slug/{slug}", get(by_slug))
        .route("/stores/{store}/categories/{category}", get(one))
}

async fn list(call: Call, Path(store): Path<String>) -> Answer {
    call.store(VIEW, &store, |store, desk| {
        let list = ListQuery::parse(&call.query, &[])?;
        Ok(list.page(&store.categories, desk.switches, views::category_reference))
    })
}

async fn all(call: Call, Path(store): Path<String>) -> Answer {
    call.store(VIEW, &store, |store, _| {
        Ok(Reply::List(store.categories.iter().map(views::category_reference).collect()))
    })
}

async fn one(call: Call, Path((store, category)): Path<(String, String)>) -> Answer {
    call.store(VIEW, &store, |store, _| {
        Ok(Reply::Object(views::category(store, find(&store.categories, &category, "category")?)))
    })
}

async fn by_slug(call: Call, Path((store, slug)): Path<(String, String)>) -> Answer {
    call.store(VIEW, &store, |store, _| {
        let found = store.categories.iter().find(|category| text(category, "slug") == slug);
        Ok(Reply::Object(views::category(store, found.ok_or_else(|| Refusal::not_found("category"))?)))
    })
}
