//! Orders: list, search, CSV, one, create, deliver, refund; also the orders of an affiliate, paged by the path.

use std::sync::Arc;

use axum::{
    Router,
    extract::Path,
    response::{IntoResponse as _, Response},
    routing::{delete, get, put},
};
use http::header;
use serde_json::{Value, json};
use url::form_urlencoded;

use super::{Answer, Call, objects::Form, views};
use crate::{
    envelope::{Refusal, Reply},
    listing::{Filterable, ListQuery},
    order::{DELIVERED, LineItem, Order, PENDING, Refund},
    seed::{DemoStore, hundredths, iso, money, text},
    world::Shared,
};

const NAMES: Filterable = &[
    ("dateFrom", "dateCreated"),
    ("dateTo", "dateCreated"),
    ("status", "status"),
    ("gateway", "gateway"),
    ("email", "customerEmail"),
    // No order of the sandbox has a Discord account, so this finds none.
    ("discord", "discordAccount"),
];

const VIEW: &str = "stores.orders.view";
const DELIVER: &str = "stores.orders.deliver";

type OrderPath = Path<(String, String)>;

pub(super) fn routes() -> Router<Arc<Shared>> {
    Router::new()
        .route("/stores/{store}/orders", get(list).post(create))
        .route("/stores/{store}/orders/csv", get(csv))
        .route("/stores/{store}/orders/search/{text}", get(search))
        .route("/stores/{store}/orders/{order}", get(one))
        .route("/stores/{store}/orders/{order}/deliver", put(deliver))
        .route("/stores/{store}/orders/{order}/redeliver", put(redeliver))
        .route("/stores/{store}/orders/{order}/refund", delete(refund))
        .route("/stores/{store}/affiliates/{customer}/orders/{page}", get(of_affiliate))
}

async fn list(call: Call, Path(store): Path<String>) -> Answer {
    call.store(VIEW, &store, |store, desk| {
        Ok(ListQuery::parse(&call.query, NAMES)?.page(&store.orders, desk.switches, Order::page_order))
    })
}

/// By order id or by the customer's email address.
async fn search(call: Call, Path((store, wanted)): Path<(String, String)>) -> Answer {
    call.store(VIEW, &store, |store, desk| {
        let list = ListQuery::parse(&call.query, NAMES)?;
        let wanted = wanted.to_lowercase();
        let found = store.orders.iter().filter(|order| order.id == wanted || order.customer_email.contains(&wanted));
        Ok(list.page(found, desk.switches, Order::page_order))
    })
}

async fn of_affiliate(call: Call, Path((store, customer, page)): Path<(String, String, String)>) -> Answer {
    call.store("stores.affiliates.view", &store, |store, desk| {
        let list = ListQuery::in_path(&page, &call.query, "limit")?;
        let orders = store.orders.iter().filter(|order| order.affiliate_id.as_ref() == Some(&customer));
        Ok(list.page(orders, desk.switches, |order| order.public_order(&store.id)))
    })
}

async fn one(call: Call, Path((store, order)): OrderPath) -> Answer {
    call.store(VIEW, &store, |store, desk| {
        let order = store.orders.iter().find(|known| known.id == order).ok_or_else(|| Refusal::not_found("order"))?;
        Ok(Reply::Object(order.order_response(&store.id, &store.name(), &desk.owner)))
    })
}

/// The columns are our choice; the provider's are not in the pages we could read.
async fn csv(call: Call, Path(store): Path<String>) -> Result<Response, Refusal> {
    let bound = |name: &str| {
        let found = form_urlencoded::parse(call.query.as_bytes()).find(|(known, _)| known.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.into_owned())
    };
    let (from, to) = (bound("from"), bound("to"));
    call.store(VIEW, &store, |store, _| {
        let mut table = String::from("id,dateCreated,status,customerEmail,amount,currencyCode\r\n");
        for order in &store.orders {
            let created = iso(order.created);
            if from.as_ref().is_some_and(|from| created < *from) || to.as_ref().is_some_and(|to| created > *to) {
                continue;
            }
            let amount = money(order.amount());
            let row = [&order.id, &created, &order.status, &order.customer_email, &amount.to_string(), &order.currency];
            table.push_str(&row.map(|cell| quoted(cell)).join(","));
            table.push_str("\r\n");
        }
        Ok(([(header::CONTENT_TYPE, "text/csv; charset=utf-8")], table).into_response())
    })
}

/// RFC 4180, section 2.
fn quoted(cell: &str) -> String {
    if cell.contains(['"', ',', '\r', '\n']) { format!("\"{}\"", cell.replace('"', "\"\"")) } else { cell.to_owned() }
}

/// The form's fields are not in the pages we could read; here it is `customerEmail` and `items` with `variantId` and
/// `quantity`.
async fn create(call: Call, Path(store): Path<String>, form: Form) -> Answer {
    call.store("stores.orders.create", &store, |store, desk| {
        let email = form.text("customerEmail", 3..=320)?;
        let items = form.get("items").and_then(Value::as_array).filter(|items| !items.is_empty());
        let items = items.ok_or_else(|| Refusal::invalid("items must be a list with at least one entry."))?;
        let customer = store.customers.iter().find(|customer| text(customer, "emailAddress") == email);
        let order = Order {
            id: desk.chance.uuid(),
            created: desk.now,
            status: PENDING.to_owned(),
            paid: false,
            gateway: "balance".to_owned(),
            currency: text(&store.reference, "currencyCode"),
            customer_id: customer.map_or_else(|| desk.chance.uuid(), |customer| text(customer, "id")),
            customer_email: email.to_owned(),
            items: items.iter().map(|item| line_item(store, item)).collect::<Result<_, _>>()?,
            delivered: Vec::new(),
            affiliate_id: None,
            refund: None,
            source: "api",
        };
        let shown = order.public_order(&store.id);
        store.orders.insert(0, order);
        Ok(Reply::Object(shown))
    })
}

fn line_item(store: &DemoStore, item: &Value) -> Result<LineItem, Refusal> {
    let wanted = text(item, "variantId");
    let mut pairs =
        store.products.iter().flat_map(|product| views::variants(product).map(move |variant| (product, variant)));
    let (product, variant) = pairs
        .find(|(_, variant)| text(variant, "id") == wanted)
        .ok_or_else(|| Refusal::invalid("There is no such variantId."))?;
    let quantity = item.get("quantity").map_or(Some(1), Value::as_i64).filter(|quantity| (1..=1000).contains(quantity));
    Ok(LineItem {
        product_id: text(product, "id"),
        variant_id: wanted,
        product_name: text(product, "name"),
        variant_name: text(variant, "name"),
        unit: variant.get("cost").and_then(hundredths).unwrap_or_default(),
        quantity: quantity.ok_or_else(|| Refusal::invalid("quantity must be a whole number from 1 to 1000."))?,
    })
}

/// Only a pending order can be delivered, and only a delivered one again; what Komerza does otherwise is not documented.
async fn deliver(call: Call, Path((store, order)): OrderPath) -> Answer {
    change(&call, DELIVER, &store, &order, |order, _| {
        if order.status != PENDING {
            return Err(Refusal::invalid("The order is not pending."));
        }
        (order.status, order.paid) = (DELIVERED.to_owned(), true);
        order.delivered.push(format!("obviously-fake-delivery-of-{}", order.id));
        Ok(Reply::Done)
    })
}

async fn redeliver(call: Call, Path((store, order)): OrderPath) -> Answer {
    change(&call, DELIVER, &store, &order, |order, _| {
        if order.status == DELIVERED { Ok(Reply::Done) } else { Err(Refusal::invalid("The order is not delivered.")) }
    })
}

/// The status stays as it is, since the name of a refunded status is not known; the refund shows in the order.
async fn refund(call: Call, Path((store, order)): OrderPath, form: Form) -> Answer {
    change(&call, "stores.orders.refund", &store, &order, |order, now| {
        let reason = form.get("reason").and_then(Value::as_i64).filter(|reason| (0..=3).contains(reason));
        let reason = reason.ok_or_else(|| Refusal::invalid("reason must be a number from 0 to 3."))?;
        if !order.paid || order.refund.is_some() {
            return Err(Refusal::invalid("The order is not paid, or was refunded already."));
        }
        let refund = Refund { created: now, reason };
        let shown = refund.json(order);
        order.refund = Some(refund);
        Ok(Reply::Object(json!(shown)))
    })
}

fn change(call: &Call, scope: &str, store: &str, order: &str, act: impl FnOnce(&mut Order, i64) -> Answer) -> Answer {
    call.store(scope, store, |store, desk| {
        let order =
            store.orders.iter_mut().find(|known| known.id == order).ok_or_else(|| Refusal::not_found("order"))?;
        act(order, desk.now)
    })
}
