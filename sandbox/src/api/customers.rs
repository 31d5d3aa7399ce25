//! Customers: list, search, one, create, balance.

use std::{collections::HashMap, sync::Arc};

use axum::routing::{get, patch};
use axum::{Router, extract::Path};
use serde_json::{Value, json};

use super::objects::{Form, find, find_mut, pick, without};
use super::{Answer, Call};
use crate::envelope::{Refusal, Reply};
use crate::listing::{Filterable, ListQuery};
use crate::seed::{DemoStore, blank_customer, hundredths, money, set, text};
use crate::world::Shared;

const NAMES: Filterable = &[
    ("email", "emailAddress"),
    ("ipAddress", "ipAddress"),
    ("balanceFrom", "balance"),
    ("balanceTo", "balance"),
    // No customer of the sandbox is known to Stripe or has an affiliate code, so these find none.
    ("stripeCustomerId", "stripeCustomerId"),
    ("affiliateCode", "affiliateCode"),
];

const REFERENCE: &str = "id dateCreated emailAddress status isAffiliate totalSpend averageSpend totalOrders isBlocked";

const VIEW: &str = "stores.customers.view";

pub(super) fn routes() -> Router<Arc<Shared>> {
    Router::new()
        .route("/stores/{store}/customers", get(list).post(create))
        .route("/stores/{store}/customers/search/{text}", get(search))
        .route("/stores/{store}/customers/{customer}", get(one))
        .route("/stores/{store}/customers/{customer}/email", get(by_email))
        .route("/stores/{store}/customers/{customer}/balance", patch(balance))
}

async fn list(call: Call, Path(store): Path<String>) -> Answer {
    call.store(VIEW, &store, |store, desk| {
        let spending = spending(store);
        let list = ListQuery::parse(&call.query, NAMES)?;
        Ok(list.page(&store.customers, desk.switches, |customer| pick(&spent(customer, &spending), REFERENCE)))
    })
}

async fn search(call: Call, Path((store, wanted)): Path<(String, String)>) -> Answer {
    call.store(VIEW, &store, |store, desk| {
        let (spending, wanted) = (spending(store), wanted.to_lowercase());
        let list = ListQuery::parse(&call.query, NAMES)?;
        let found = store.customers.iter().filter(|customer| text(customer, "emailAddress").contains(&wanted));
        Ok(list.page(found, desk.switches, |customer| pick(&spent(customer, &spending), REFERENCE)))
    })
}

async fn one(call: Call, Path((store, customer)): Path<(String, String)>) -> Answer {
    call.store(VIEW, &store, |store, _| {
        Ok(Reply::Object(public(store, find(&store.customers, &customer, "customer")?)))
    })
}

async fn by_email(call: Call, Path((store, email)): Path<(String, String)>) -> Answer {
    call.store(VIEW, &store, |store, _| {
        let found = store.customers.iter().find(|customer| text(customer, "emailAddress") == email.to_lowercase());
        Ok(Reply::Object(public(store, found.ok_or_else(|| Refusal::not_found("customer"))?)))
    })
}

async fn create(call: Call, Path(store): Path<String>, form: Form) -> Answer {
    call.store("stores.customers.create", &store, |store, desk| {
        let email = form.text("emailAddress", 3..=320)?.to_lowercase();
        if !email.contains('@') {
            return Err(Refusal::invalid("emailAddress must be an email address."));
        }
        if store.customers.iter().any(|customer| text(customer, "emailAddress") == email) {
            return Err(Refusal::conflict("The customer is linked to this store already."));
        }
        let customer = blank_customer(&desk.chance.uuid(), &email, desk.now);
        let mut shown = pick(&customer, "id dateCreated emailAddress ipAddress");
        let in_store = json!({
            "id": desk.chance.uuid(),
            "storeId": store.id,
            "customerId": text(&customer, "id"),
            "balance": 0.0,
            "affiliate": null,
            "integrations": {},
            "tickets": [],
            "subscriptions": [],
            "gatewayCustomerIds": {},
            "isBlocked": false,
        });
        set(&mut shown, "storeData", json!([in_store]));
        store.customers.push(customer);
        Ok(Reply::Object(shown))
    })
}

async fn balance(call: Call, Path((store, customer)): Path<(String, String)>, form: Form) -> Answer {
    call.store("stores.customers.update", &store, |store, _| {
        let customer = find_mut(&mut store.customers, &customer, "customer")?;
        let balance = form.get("newBalance").and_then(hundredths);
        set(customer, "balance", money(balance.ok_or_else(|| Refusal::invalid("newBalance must be an amount."))?));
        Ok(Reply::Done)
    })
}

/// `PublicCustomer`.
fn public(store: &DemoStore, customer: &Value) -> Value {
    without(&spent(customer, &spending(store)), "isAffiliate")
}

/// Paid orders and hundredths spent, by customer id.
fn spending(store: &DemoStore) -> HashMap<&str, (i64, i64)> {
    let mut spending = HashMap::<&str, (i64, i64)>::new();
    for order in store.orders.iter().filter(|order| order.paid) {
        let (orders, spent) = spending.entry(&order.customer_id).or_default();
        (*orders, *spent) = (orders.saturating_add(1), spent.saturating_add(order.amount()));
    }
    spending
}

/// The customer with the amount spent and the status: `VIP` from five orders, which is our choice.
fn spent(customer: &Value, spending: &HashMap<&str, (i64, i64)>) -> Value {
    let (orders, spent) = spending.get(text(customer, "id").as_str()).copied().unwrap_or_default();
    let mut customer = customer.clone();
    set(&mut customer, "totalSpend", money(spent));
    set(&mut customer, "averageSpend", money(spent.checked_div(orders).unwrap_or_default()));
    set(&mut customer, "totalOrders", money(orders.saturating_mul(100)));
    let status = match orders {
        0 => "New",
        1..5 => "Regular",
        _ => "VIP",
    };
    set(&mut customer, "status", json!(status));
    customer
}
