//! Coupons.

use std::sync::Arc;

use axum::{Router, extract::Path, routing::get};
use serde_json::{Value, json};

use super::{
    Answer, Call,
    objects::{Form, find, find_mut, pick, remove},
};
use crate::{
    envelope::{Refusal, Reply},
    listing::{Filterable, ListQuery},
    seed::{blank_coupon, iso, set, text},
    world::Shared,
};

const NAMES: Filterable = &[
    ("UsesFrom", "uses"),
    ("UsesTo", "uses"),
    ("MaximumUsesFrom", "maximumUses"),
    ("MaximumUsesTo", "maximumUses"),
    ("PercentageFrom", "percentageDecrease"),
    ("PercentageTo", "percentageDecrease"),
    ("AmountFrom", "amountDecrease"),
    ("AmountTo", "amountDecrease"),
    ("IsEnabled", "isEnabled"),
];

/// `PublicCouponReference`.
const REFERENCE: &str = "code percentageDecrease amountDecrease";

/// What no `CouponDto` has.
const FIXED: &[&str] = &["uses", "expirationDate"];

const VIEW: &str = "stores.coupons.view";

pub(super) fn routes() -> Router<Arc<Shared>> {
    Router::new()
        .route("/stores/{store}/coupons", get(list).post(create))
        .route("/stores/{store}/coupons/all", get(all))
        .route("/stores/{store}/coupons/search/{text}", get(search))
        .route("/stores/{store}/coupons/{coupon}", get(one).put(update).delete(destroy))
}

async fn list(call: Call, Path(store): Path<String>) -> Answer {
    call.store(VIEW, &store, |store, desk| {
        Ok(ListQuery::parse(&call.query, NAMES)?.page(&store.coupons, desk.switches, Value::clone))
    })
}

async fn search(call: Call, Path((store, wanted)): Path<(String, String)>) -> Answer {
    call.store(VIEW, &store, |store, desk| {
        let wanted = wanted.to_lowercase();
        let found = store.coupons.iter().filter(|coupon| text(coupon, "code").to_lowercase().contains(&wanted));
        Ok(ListQuery::parse(&call.query, NAMES)?.page(found, desk.switches, Value::clone))
    })
}

async fn all(call: Call, Path(store): Path<String>) -> Answer {
    call.store(VIEW, &store, |store, _| {
        Ok(Reply::List(store.coupons.iter().map(|coupon| pick(coupon, REFERENCE)).collect()))
    })
}

async fn one(call: Call, Path((store, coupon)): Path<(String, String)>) -> Answer {
    call.store(VIEW, &store, |store, _| Ok(Reply::Object(find(&store.coupons, &coupon, "coupon")?.clone())))
}

async fn create(call: Call, Path(store): Path<String>, form: Form) -> Answer {
    call.store("stores.coupons.create", &store, |store, desk| {
        // Codes are kept in lower case.
        let code = form.text("code", 1..=64)?.to_lowercase();
        if store.coupons.iter().any(|coupon| text(coupon, "code") == code) {
            return Err(Refusal::conflict("There is a coupon with this code already."));
        }
        let mut coupon = blank_coupon(&desk.chance.uuid(), &store.id, &code);
        set(&mut coupon, "dateCreated", json!(iso(desk.now)));
        form.apply_to(&mut coupon, FIXED);
        set(&mut coupon, "code", json!(code));
        store.coupons.push(coupon.clone());
        Ok(Reply::Object(coupon))
    })
}

async fn update(call: Call, Path((store, coupon)): Path<(String, String)>, form: Form) -> Answer {
    call.store("stores.coupons.update", &store, |store, _| {
        let coupon = find_mut(&mut store.coupons, &coupon, "coupon")?;
        form.apply_to(coupon, FIXED);
        let code = text(coupon, "code").to_lowercase();
        set(coupon, "code", json!(code));
        Ok(Reply::Object(coupon.clone()))
    })
}

async fn destroy(call: Call, Path((store, coupon)): Path<(String, String)>) -> Answer {
    call.store("stores.coupons.delete", &store, |store, _| {
        remove(&mut store.coupons, &coupon, "coupon")?;
        Ok(Reply::Done)
    })
}
