//! Product categories.

use std::sync::Arc;

use axum::{Router, extract::Path, routing::get};
use serde_json::json;

use super::{
    Answer, Call,
    objects::{Form, find, find_mut, remove},
    views,
};
use crate::{
    envelope::{Refusal, Reply},
    listing::ListQuery,
    seed::{blank_category, iso, set, text},
    world::Shared,
};

const VIEW: &str = "stores.categories.view";

pub(super) fn routes() -> Router<Arc<Shared>> {
    Router::new()
        .route("/stores/{store}/categories", get(list).post(create))
        .route("/stores/{store}/categories/all", get(all))
        .route("/stores/{store}/categories/slug/{slug}", get(by_slug))
        .route("/stores/{store}/categories/{category}", get(one).put(update).delete(destroy))
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

async fn create(call: Call, Path(store): Path<String>, form: Form) -> Answer {
    call.store("stores.categories.create", &store, |store, desk| {
        let order = i64::try_from(store.categories.len()).unwrap_or(i64::MAX);
        let mut category = blank_category(&desk.chance.uuid(), &store.id, form.text("name", 1..=128)?, order, &[]);
        set(&mut category, "dateCreated", json!(iso(desk.now)));
        form.apply_to(&mut category, &[]);
        store.categories.push(category.clone());
        Ok(Reply::Object(views::category(store, &category)))
    })
}

async fn update(call: Call, Path((store, category)): Path<(String, String)>, form: Form) -> Answer {
    call.store("stores.categories.update", &store, |store, _| {
        form.apply_to(find_mut(&mut store.categories, &category, "category")?, &[]);
        Ok(Reply::Done)
    })
}

async fn destroy(call: Call, Path((store, category)): Path<(String, String)>) -> Answer {
    call.store("stores.categories.delete", &store, |store, _| {
        remove(&mut store.categories, &category, "category")?;
        Ok(Reply::Done)
    })
}
