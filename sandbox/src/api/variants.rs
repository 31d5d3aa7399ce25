//! Variants of a product and what they have in stock.

use std::sync::Arc;

use axum::routing::{delete, get, put};
use axum::{Router, extract::Path};
use serde_json::{Value, json};
use url::form_urlencoded;

use super::objects::{Form, find, find_mut};
use super::{Answer, Call, views};
use crate::envelope::{Refusal, Reply};
use crate::listing::{ListQuery, Row};
use crate::seed::{set, text};
use crate::world::Shared;

const VIEW: &str = "stores.products.view";
const UPDATE: &str = "stores.products.update";

type ProductPath = Path<(String, String)>;
type VariantPath = Path<(String, String, String)>;

pub(super) fn routes() -> Router<Arc<Shared>> {
    Router::new()
        .route("/stores/{store}/products/{product}/variants", get(one))
        .route("/stores/{store}/products/{product}/variants/{variant}/items", put(add_items).delete(remove_items))
        .route("/stores/{store}/products/{product}/variants/{variant}/items/clear", delete(clear_items))
        .route("/stores/{store}/products/{product}/variants/{variant}/items/{page}", get(items))
        .route("/stores/{store}/products/{product}/variants/{variant}/items/search/{text}", get(search_items))
        .route("/stores/{store}/products/{product}/variants/{variant}/delivery", put(delivery))
}

/// One variant, by `?variantId=`. The path is plural all the same, as in the provider's schema.
async fn one(call: Call, Path((store, product)): ProductPath) -> Answer {
    call.store(VIEW, &store, |store, _| {
        let wanted =
            form_urlencoded::parse(call.query.as_bytes()).find(|(name, _)| name.eq_ignore_ascii_case("variantId"));
        let (_, wanted) = wanted.ok_or_else(|| Refusal::invalid("variantId is missing."))?;
        let product = find(&store.products, &product, "product")?;
        let found = views::variants(product).find(|variant| text(variant, "id") == wanted);
        Ok(Reply::Object(views::variant(store, found.ok_or_else(|| Refusal::not_found("variant"))?)))
    })
}

async fn items(call: Call, Path((store, product, variant, page)): Path<(String, String, String, String)>) -> Answer {
    call.store(VIEW, &store, |store, desk| {
        let product = find(&store.products, &product, "product")?;
        views::variants(product)
            .find(|known| text(known, "id") == variant)
            .ok_or_else(|| Refusal::not_found("variant"))?;
        let list = ListQuery::in_path(&page, &call.query, "count")?;
        let items = store.items.get(&variant).into_iter().flatten();
        Ok(list.page(items.map(Item), desk.switches, |item| json!(item.0)))
    })
}

/// The field names of a search result are not known; these are our own.
async fn search_items(call: Call, Path((store, _, variant, wanted)): Path<(String, String, String, String)>) -> Answer {
    call.store(VIEW, &store, |store, desk| {
        let items = store.items.get(&variant).ok_or_else(|| Refusal::not_found("variant"))?;
        let hits = items.iter().zip(1..).filter(|(item, _)| item.contains(&wanted));
        let hits: Vec<_> = hits.map(|(item, index)| json!({ "key": item, "index": index, "score": 1.0 })).collect();
        Ok(ListQuery::parse(&call.query, &[])?.page(&hits, desk.switches, Value::clone))
    })
}

/// Takes a `VariantDeliveryForm`.
async fn delivery(call: Call, Path((store, product, variant)): VariantPath, form: Form) -> Answer {
    const TYPES: [&str; 5] = ["license_keys", "dynamic", "keyauth", "instructions", "files"];
    let types = form.texts("deliveryTypes")?;
    if types.is_empty() || types.iter().any(|kind| !TYPES.contains(&kind.as_str())) {
        return Err(Refusal::invalid("deliveryTypes must name known types."));
    }
    if form.get("requireDiscordAuthorization").and_then(Value::as_bool).is_none() {
        return Err(Refusal::invalid("requireDiscordAuthorization must be true or false."));
    }
    call.store(UPDATE, &store, |store, _| {
        let changed = find_mut(list(&mut store.products, &product)?, &variant, "variant")?;
        for field in ["dynamicUrl", "deliveryMessage", "deliveryTypes", "requireDiscordAuthorization"] {
            set(changed, field, form.get(field).cloned().unwrap_or_default());
        }
        let changed = changed.clone();
        Ok(Reply::Object(views::variant(store, &changed)))
    })
}

struct Item<'i>(&'i String);

impl Row for Item<'_> {
    fn field(&self, _: &str) -> Value {
        json!(self.0)
    }
}

async fn add_items(call: Call, Path((store, product, variant)): VariantPath, form: Form) -> Answer {
    stock(&call, &store, &product, &variant, |stock| {
        stock.extend(form.texts("items")?);
        Ok(())
    })
}

async fn remove_items(call: Call, Path((store, product, variant)): VariantPath, form: Form) -> Answer {
    stock(&call, &store, &product, &variant, |stock| {
        let gone = form.texts("items")?;
        stock.retain(|item| !gone.contains(item));
        Ok(())
    })
}

async fn clear_items(call: Call, Path((store, product, variant)): VariantPath) -> Answer {
    stock(&call, &store, &product, &variant, |stock| {
        stock.clear();
        Ok(())
    })
}

fn stock(
    call: &Call,
    store: &str,
    product: &str,
    variant: &str,
    act: impl FnOnce(&mut Vec<String>) -> Result<(), Refusal>,
) -> Answer {
    call.store(UPDATE, store, |store, _| {
        find_mut(list(&mut store.products, product)?, variant, "variant")?;
        act(store.items.entry(variant.to_owned()).or_default())?;
        Ok(Reply::Done)
    })
}

fn list<'p>(products: &'p mut [Value], product: &str) -> Result<&'p mut Vec<Value>, Refusal> {
    let variants = find_mut(products, product, "product")?.get_mut("variants").and_then(Value::as_array_mut);
    variants.ok_or_else(|| Refusal::not_found("variant"))
}
