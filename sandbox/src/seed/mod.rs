//! A believable demo account, the same on every run: two stores with the content of two small shops. A
//! comment that is only a name in backquotes names a type in Komerza's published schema.
//!
//! Every id is a hash of what it names, and every time lies before one fixed day, so that tests may rely on
//! both.

mod dice;
mod orders;
mod people;
mod products;
mod stores;
mod webhooks;

use std::collections::HashMap;

use serde_json::{Value, json};

use self::dice::Dice;
pub(super) use self::{people::blank_customer, products::hundredths};
use super::order::Order;
pub(super) use super::value::{id, iso, money, set, text};

/// The secret that signs dynamic deliveries, and the events of the webhook that every account begins with.
pub(super) const SECRET: &str = "obviously-fake-delivery-secret";

/// 2026-11-20T00:00:00Z in seconds: the day on which the demo's last orders came in.
const LAST_DAY: i64 = 1_795_132_800;

/// Seconds in a day.
const DAY: i64 = 86_400;

/// A Komerza account.
pub(super) struct Account {
    /// `UserResponse` without `stores` and `integrations`, which depend on the key.
    pub(super) user: Value,
    pub(super) stores: Vec<DemoStore>,
    /// `Webhook`, each with its logs.
    pub(super) webhooks: Vec<Value>,
    /// Their secrets, by id.
    pub(super) secrets: HashMap<String, String>,
}

/// One store and everything in it.
pub(super) struct DemoStore {
    pub(super) id: String,
    /// `PublicStoreReference`.
    pub(super) reference: Value,
    /// The widest form of a product; see `products::product`.
    pub(super) products: Vec<Value>,
    /// What variants have in stock, by variant id.
    pub(super) items: HashMap<String, Vec<String>>,
    pub(super) categories: Vec<Value>,
    pub(super) customers: Vec<Value>,
    pub(super) orders: Vec<Order>,
    pub(super) tickets: Vec<Value>,
}

impl DemoStore {
    pub(super) fn name(&self) -> String {
        text(&self.reference, "name")
    }
}

impl Account {
    /// The account with this number, with this many orders in each store. Number 0 is the first account,
    /// which the documentation describes.
    pub(super) fn demo(number: usize, orders_per_store: usize) -> Self {
        let owner = if number == 0 { "ada".to_owned() } else { format!("ada{number}") };
        let stores = stores::of(&owner, orders_per_store);
        let ids: Vec<_> = stores.iter().map(|store| store.id.clone()).collect();
        let webhook = webhooks::webhook(&owner, &ids);
        let secrets = [(text(&webhook, "id"), SECRET.to_owned())].into();
        Self { user: user(&owner), webhooks: vec![webhook], secrets, stores }
    }

    /// A webhook of the account, with its log.
    pub(super) fn webhook(&mut self, id: &str) -> Option<&mut Value> {
        self.webhooks.iter_mut().find(|webhook| text(webhook, "id") == id)
    }

    pub(super) fn user_id(&self) -> String {
        text(&self.user, "id")
    }

    pub(super) fn email(&self) -> String {
        text(&self.user, "email")
    }
}

fn user(owner: &str) -> Value {
    json!({
        "id": id(&["user", owner]),
        "dateCreated": iso(days_ago(700)),
        "lastPasswordUpdate": iso(days_ago(90)),
        "email": format!("{owner}@sandbox.example"),
        "userName": owner,
        "plan": "Sandbox",
        "apiKeys": [],
        "twoFactorEnabled": true,
        "totpEnabled": true,
        "passkeyEnabled": false,
        "riskLocked": false,
        "billingSuspended": false,
        "billingSuspensionDate": null,
        "refreshAt": null,
    })
}

/// Seconds since the Unix epoch, this many days before the demo's last day.
fn days_ago(days: i64) -> i64 {
    LAST_DAY.saturating_sub(DAY.saturating_mul(days))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_demo_is_the_same_on_every_run_and_differs_by_account() {
        assert_eq!(Account::demo(0, 3).user, Account::demo(0, 3).user);
        assert_eq!(Account::demo(0, 3).stores[0].reference, Account::demo(0, 3).stores[0].reference);
        assert_ne!(Account::demo(0, 3).user_id(), Account::demo(1, 3).user_id());
        assert_ne!(Account::demo(0, 3).stores[0].id, Account::demo(1, 3).stores[0].id);
    }

    #[test]
    fn times_are_iso_8601() {
        assert_eq!(iso(LAST_DAY), "2026-11-20T00:00:00Z");
        assert_eq!(iso(days_ago(1)), "2026-11-19T00:00:00Z");
    }
}
