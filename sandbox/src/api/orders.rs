//! Orders: list, search, CSV, one, create, deliver, refund; also the orders of an affiliate, with the page
//! number in the path.

use std::sync::Arc;

use axum::response::{IntoResponse as _, Response};
use axum::routing::{delete, get, post, put};
use axum::{Router, extract::Path};
use http::header;
use serde_json::{Value, json};
use url::form_urlencoded;

use super::{Answer, Call, objects::Form, views};
use crate::envelope::{Refusal, Reply};
use crate::listing::{Filterable, ListQuery};
use crate::order::{CANCELLED, DELIVERED, LineItem, Order, PENDING, Refund};
use crate::seed::{DemoStore, SECRET, hundredths, iso, money, set, text};
use crate::{deliveries, world::Shared};

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
        .route("/stores/{store}/paymentMethods/custom/orders/{order}/proof", get(proof))
        .route("/stores/{store}/paymentMethods/custom/orders/{order}/{verdict}", post(custom_payment))
        .route("/stores/{store}/affiliates/{customer}/orders/{page}", get(of_affiliate))
}

async fn list(call: Call, Path(store): Path<String>) -> Answer {
    call.store(VIEW, &store, |store, desk| {
        Ok(ListQuery::parse(&call.query, NAMES)?.page(&store.orders, desk.switches, Order::page_order))
    })
}

/// Finds orders by order id or by a part of the customer's e-mail address.
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

/// The columns are our choice: no page that we could read lists Komerza's columns.
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

/// Takes a `CreateDashboardOrderForm`. An order with a `cost` has no items.
async fn create(call: Call, Path(store): Path<String>, form: Form) -> Answer {
    call.store("stores.orders.create", &store, |store, desk| {
        let email = form.text("emailAddress", 3..=320)?;
        let gateway = form.text("gateway", 1..=64)?;
        let cost =
            form.get("cost").map(|cost| hundredths(cost).ok_or_else(|| Refusal::invalid("cost must be an amount.")));
        let items = form.get("items").and_then(Value::as_array).filter(|items| !items.is_empty() && cost.is_none());
        if items.is_none() && cost.is_none() {
            return Err(Refusal::invalid("items must be a list with at least one entry."));
        }
        let items = items.into_iter().flatten().map(|item| line_item(store, item)).collect::<Result<_, _>>()?;
        let customer = store.customers.iter().find(|customer| text(customer, "emailAddress") == email);
        let order = Order {
            id: desk.chance.uuid(),
            created: desk.now,
            status: PENDING.to_owned(),
            paid: false,
            gateway: gateway.to_owned(),
            cost: cost.transpose()?,
            currency: text(&store.reference, "currencyCode"),
            customer_id: customer.map_or_else(|| desk.chance.uuid(), |customer| text(customer, "id")),
            customer_email: email.to_owned(),
            items,
            delivered: Vec::new(),
            logs: Vec::new(),
            affiliate_id: None,
            refund: None,
            source: "api",
            metadata: form.get("metadata").cloned().unwrap_or_default(),
            return_url: form.get("returnUrl").cloned().unwrap_or_default(),
        };
        let shown = order.public_order(&store.id);
        store.orders.insert(0, order);
        Ok(Reply::Object(shown))
    })
}

fn line_item(store: &DemoStore, item: &Value) -> Result<LineItem, Refusal> {
    let (wanted, of) = (text(item, "variantId"), text(item, "productId"));
    let mut pairs =
        store.products.iter().flat_map(|product| views::variants(product).map(move |variant| (product, variant)));
    let (product, variant) = pairs
        .find(|(product, variant)| text(variant, "id") == wanted && text(product, "id") == of)
        .ok_or_else(|| Refusal::invalid("There is no such productId with such a variantId."))?;
    let quantity = item.get("quantity").and_then(Value::as_i64).filter(|quantity| (1..=1000).contains(quantity));
    Ok(LineItem {
        product_id: text(product, "id"),
        variant_id: wanted,
        product_name: text(product, "name"),
        variant_name: text(variant, "name"),
        unit: variant.get("cost").and_then(hundredths).unwrap_or_default(),
        quantity: quantity.ok_or_else(|| Refusal::invalid("quantity must be a whole number from 1 to 1000."))?,
    })
}

/// Nothing happens to an order that is already delivered. A cancelled one is refused, and so is one whose app
/// does not deliver: both are our choice.
async fn deliver(call: Call, Path((store, order)): OrderPath) -> Answer {
    let wanted = call.store(DELIVER, &store, |store, _| dynamic_deliveries(store, &order))?;
    let mut answers = Vec::new();
    for (url, body) in wanted {
        let (answer, mut log) = match deliveries::send(&url, SECRET, &body).await {
            Ok((answer, log)) if answer.status.is_success() => (answer.body, log),
            Ok((answer, _)) => return Err(Refusal::invalid(format!("The app answered {}.", answer.status))),
            Err(error) => return Err(Refusal::invalid(format!("Dynamic delivery failed: {error}."))),
        };
        let id = call.shared.world().chance.uuid();
        for (field, value) in [("id", json!(id)), ("dateCreated", json!(iso(call.now()))), ("orderId", json!(order))] {
            set(&mut log, field, value);
        }
        answers.push((answer, log));
    }
    change(&call, DELIVER, &store, &order, |order, _| {
        order.deliver(answers);
        Ok(Reply::Done)
    })
}

/// The requests to the apps that deliver an order: their addresses, and bodies that begin with the store's
/// id.
fn dynamic_deliveries(store: &DemoStore, order: &str) -> Result<Vec<(String, Value)>, Refusal> {
    let order = store.orders.iter().find(|known| known.id == order).ok_or_else(|| Refusal::not_found("order"))?;
    if order.status == CANCELLED {
        return Err(Refusal::invalid("The order is cancelled."));
    }
    let variant = |item: &LineItem| {
        let all = store.products.iter().flat_map(views::variants);
        let variant = all.into_iter().find(|variant| text(variant, "id") == item.variant_id)?;
        let dynamic = variant.get("deliveryTypes")?.as_array()?.contains(&json!("dynamic"));
        dynamic.then(|| text(variant, "dynamicUrl")).filter(|url| !url.is_empty())
    };
    let wanted =
        order.items.iter().filter(|_| order.status != DELIVERED).filter_map(|item| Some((variant(item)?, item)));
    let body = |item: &LineItem| {
        json!({
            "storeId": store.id, "orderId": order.id, "productId": item.product_id, "variantId": item.variant_id,
            "quantity": item.quantity, "customerEmail": order.customer_email,
        })
    };
    Ok(wanted.map(|(url, item)| (url, body(item))).collect())
}

/// `approve` delivers a pending order, `reject` cancels it.
async fn custom_payment(call: Call, Path((store, order, verdict)): Path<(String, String, String)>) -> Answer {
    change(&call, DELIVER, &store, &order, |order, _| {
        if order.status != PENDING {
            return Err(Refusal::invalid("The order is not pending."));
        }
        match verdict.as_str() {
            "approve" => order.deliver(Vec::new()),
            "reject" => order.status = CANCELLED.to_owned(),
            _ => return Err(Refusal::not_found("endpoint")),
        }
        Ok(Reply::Done)
    })
}

/// The fields of a proof are not known; this one is our own.
async fn proof(call: Call, Path((store, order)): OrderPath) -> Answer {
    change(&call, VIEW, &store, &order, |_, _| Ok(Reply::Object(json!({ "sandbox": "obviously-fake-proof" }))))
}

async fn redeliver(call: Call, Path((store, order)): OrderPath) -> Answer {
    change(&call, DELIVER, &store, &order, |order, _| {
        if order.status == DELIVERED { Ok(Reply::Done) } else { Err(Refusal::invalid("The order is not delivered.")) }
    })
}

/// The status stays as it is, since the name of a refunded status is not known; the refund shows in the order.
async fn refund(call: Call, Path((store, order)): OrderPath, form: Form) -> Answer {
    let user = call.user_id();
    change(&call, "stores.orders.refund", &store, &order, |order, now| {
        let reason = form.get("reason").and_then(Value::as_i64).filter(|reason| (0..=3).contains(reason));
        let reason = reason.ok_or_else(|| Refusal::invalid("reason must be a number from 0 to 3."))?;
        if order.status != DELIVERED || order.refund.is_some() {
            return Err(Refusal::invalid("The order is not delivered, or was refunded already."));
        }
        let refund = Refund { created: now, reason };
        let shown = refund.json(order, &user);
        order.refund = Some(refund);
        Ok(Reply::Object(shown))
    })
}

fn change(call: &Call, scope: &str, store: &str, order: &str, act: impl FnOnce(&mut Order, i64) -> Answer) -> Answer {
    call.store(scope, store, |store, desk| {
        let order =
            store.orders.iter_mut().find(|known| known.id == order).ok_or_else(|| Refusal::not_found("order"))?;
        act(order, desk.now)
    })
}
