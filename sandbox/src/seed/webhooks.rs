//! Webhooks.

use serde_json::{Value, json};

use super::{days_ago, id, iso};

/// `Webhook` with its logs. The names of real events are not documented.
pub(super) fn webhook(owner: &str, stores: &[String]) -> Value {
    let webhook = id(&["webhook", owner]);
    let url = "https://receiver.sandbox.example/komerza";
    let log = |number: i64| {
        json!({
            "id": id(&["log", owner, &number.to_string()]),
            "dateCreated": iso(days_ago(number)),
            "url": url,
            "signature": "obviously-fake-signature",
            "requestBody": "{\"sandbox\":true}",
            "responseCode": if number == 3 { 500 } else { 200 },
            "responseBody": "ok",
            "userId": id(&["user", owner]),
            "userAgent": "Komerza/1.0",
            "webhookId": webhook,
            "orderId": null,
            "retryCount": 1,
        })
    };
    json!({
        "id": webhook,
        "dateCreated": iso(days_ago(120)),
        "url": url,
        "events": ["sandbox.event"],
        "storeIds": stores,
        "executionLogs": (0..25).map(log).collect::<Vec<_>>(),
        "userId": id(&["user", owner]),
    })
}
