//! Products: list, search, one, change, images. A field of a form is copied if the product has a field of the
//! same name.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Multipart, Path, Request};
use axum::routing::{delete, get, patch};
use serde_json::{Value, json};

use super::objects::{Form, find, find_mut};
use super::{Answer, Call, views};
use crate::envelope::{Refusal, Reply};
use crate::listing::{Filterable, ListQuery, Reckoned};
use crate::seed::{DemoStore, text};
use crate::world::Shared;

const NAMES: Filterable = &[
    ("Visibility", "visibility"),
    ("IsBestSeller", "isBestSeller"),
    ("ShouldBlockVpns", "shouldBlockVpns"),
    ("LowStock", "lowStock"),
];

const VIEW: &str = "stores.products.view";
const UPDATE: &str = "stores.products.update";

pub(super) fn routes() -> Router<Arc<Shared>> {
    Router::new()
        .route("/stores/{store}/products", get(list))
        .route("/stores/{store}/products/all", get(all))
        .route("/stores/{store}/products/search/{text}", get(search))
        .route("/stores/{store}/products/slug/{slug}", get(by_slug))
        .route("/stores/{store}/products/{product}", get(one).put(update))
        .route("/stores/{store}/products/{product}/images", patch(upload))
        .route("/stores/{store}/products/{product}/images/{file}", delete(drop_image))
}

async fn list(call: Call, Path(store): Path<String>) -> Answer {
    call.store(VIEW, &store, |store, desk| {
        let list = ListQuery::parse(&call.query, NAMES)?;
        let rows = store.products.iter().map(|product| row(store, product));
        Ok(list.page(rows, desk.switches, |row| views::display_product(store, row.object)))
    })
}

async fn all(call: Call, Path(store): Path<String>) -> Answer {
    call.store(VIEW, &store, |store, _| {
        Ok(Reply::List(store.products.iter().map(|product| views::product_reference(store, product)).collect()))
    })
}

async fn search(call: Call, Path((store, wanted)): Path<(String, String)>) -> Answer {
    call.store(VIEW, &store, |store, desk| {
        let wanted = wanted.to_lowercase();
        let list = ListQuery::parse(&call.query, NAMES)?;
        let found = store.products.iter().filter(|product| text(product, "name").to_lowercase().contains(&wanted));
        let found = found.map(|product| row(store, product));
        Ok(list.page(found, desk.switches, |row| views::product(store, row.object)))
    })
}

fn row<'s>(store: &DemoStore, product: &'s Value) -> Reckoned<'s> {
    Reckoned { object: product, name: "lowStock", value: json!(views::is_low_in_stock(store, product)) }
}

async fn one(call: Call, Path((store, product)): Path<(String, String)>) -> Answer {
    call.store(VIEW, &store, |store, _| {
        Ok(Reply::Object(views::product(store, find(&store.products, &product, "product")?)))
    })
}

async fn by_slug(call: Call, Path((store, slug)): Path<(String, String)>) -> Answer {
    call.store(VIEW, &store, |store, _| {
        let product = store.products.iter().find(|product| text(product, "slug") == slug);
        Ok(Reply::Object(views::product(store, product.ok_or_else(|| Refusal::not_found("product"))?)))
    })
}

async fn update(call: Call, Path((store, product)): Path<(String, String)>, form: Form) -> Answer {
    call.store(UPDATE, &store, |store, _| {
        form.apply_to(find_mut(&mut store.products, &product, "product")?);
        Ok(Reply::Done)
    })
}

/// Takes the file `image` of a `multipart/form-data` body and answers with the name that it is kept under.
async fn upload(call: Call, Path((store, product)): Path<(String, String)>, request: Request) -> Answer {
    call.store(UPDATE, &store, |store, _| find(&store.products, &product, "product").map(drop))?;
    let length = file_length(request).await?;
    call.store(UPDATE, &store, |store, desk| {
        let product = find_mut(&mut store.products, &product, "product")?;
        let name = format!("{}-{length}.bin", desk.chance.uuid());
        if let Some(images) = product.get_mut("imageNames").and_then(Value::as_array_mut) {
            images.push(json!(name));
        }
        Ok(Reply::Object(json!(name)))
    })
}

async fn file_length(request: Request) -> Result<usize, Refusal> {
    let wrong = |_| Refusal::invalid("The body must be multipart/form-data with the file image.");
    let mut parts = axum::RequestExt::extract::<Multipart, _>(request).await.map_err(|_| wrong(()))?;
    while let Some(part) = parts.next_field().await.map_err(|_| wrong(()))? {
        if part.name() == Some("image") && part.file_name().is_some() {
            let length = part.bytes().await.map_err(|_| wrong(()))?.len();
            return if length == 0 { Err(Refusal::invalid("The file is empty.")) } else { Ok(length) };
        }
    }
    Err(wrong(()))
}

async fn drop_image(call: Call, Path((store, product, file)): Path<(String, String, String)>) -> Answer {
    call.store(UPDATE, &store, |store, _| {
        let changed = find_mut(&mut store.products, &product, "product")?;
        let images = changed.get_mut("imageNames").and_then(Value::as_array_mut);
        let images = images.ok_or_else(|| Refusal::not_found("image"))?;
        let place = images.iter().position(|name| *name == json!(file)).ok_or_else(|| Refusal::not_found("image"))?;
        images.remove(place);
        Ok(Reply::Object(views::public_product(store, find(&store.products, &product, "product")?)))
    })
}
