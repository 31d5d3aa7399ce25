//! Coupons, subscriptions, webhooks.

use serde_json::{Value, json};

use super::{days_ago, id, iso, text};

/// `Coupon`.
pub(super) fn coupons(store: &str) -> Vec<Value> {
    let coupon = |(code, percentage, uses): (&str, f64, i64)| {
        let mut coupon = blank_coupon(&id(&["coupon", store, code]), store, code);
        super::set(&mut coupon, "percentageDecrease", json!(percentage));
        super::set(&mut coupon, "uses", json!(uses));
        coupon
    };
    [("welcome10", 10.0, 14), ("autumn20", 20.0, 3), ("friends5", 5.0, 0)].into_iter().map(coupon).collect()
}

pub(crate) fn blank_coupon(id: &str, store: &str, code: &str) -> Value {
    json!({
        "id": id,
        "dateCreated": iso(days_ago(60)),
        "code": code,
        "uses": 0,
        "maximumUses": -1,
        "percentageDecrease": null,
        "amountDecrease": null,
        "isEnabled": true,
        "variantIds": null,
        "expirationDate": null,
        "storeId": store,
    })
}

/// `MerchantSubscriptionDto`. What the numbers of `status` and `billingInterval` mean is our choice.
pub(super) fn subscriptions(store: &str, customers: &[Value], products: &[Value]) -> Vec<Value> {
    let variant =
        |product: &Value| product.get("variants").and_then(|variants| variants.get(0)).cloned().unwrap_or_default();
    let subscription = |((customer, product), number): ((&Value, &Value), i64)| {
        json!({
            "id": id(&["subscription", store, &number.to_string()]),
            "dateCreated": iso(days_ago(number.saturating_add(30))),
            "customerId": text(customer, "id"),
            "customerEmail": text(customer, "emailAddress"),
            "productId": text(product, "id"),
            "productName": text(product, "name"),
            "variantId": text(&variant(product), "id"),
            "variantName": text(&variant(product), "name"),
            "status": 0,
            "billingInterval": 2,
            "customIntervalDays": null,
            "price": variant(product).get("cost"),
            "currencyCode": "USD",
            "currentPeriodStart": iso(days_ago(number)),
            "currentPeriodEnd": iso(days_ago(number.saturating_sub(30))),
            "cancelAtPeriodEnd": false,
            "canceledAt": null,
            "pausedAt": null,
            "pauseResumeDate": null,
            "autoRenew": true,
            "gateway": "stripe",
            "gatewaySubscriptionId": null,
            "failedPaymentCount": 0,
            "lastPaymentFailureDate": null,
            "nextRetryDate": null,
            "pauseCount": 0,
            "config": {
                "allowPause": true, "maxPauseDurationDays": null, "maxPauseCount": null, "allowCancel": true,
                "cancelMode": 0, "allowReactivate": true, "allowPaymentMethodUpdate": true, "gracePeriodDays": 3,
                "maxRetryAttempts": 3, "reminderSchedule": "7,1", "revokeOnExpiry": true,
            },
        })
    };
    customers.iter().step_by(5).zip(products.iter().cycle()).zip(0..).map(subscription).collect()
}

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
