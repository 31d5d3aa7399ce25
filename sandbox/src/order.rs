//! An order, and the three forms in which the API shows it.
//!
//! An order is kept as a small record, unlike the other objects, because there can be very many orders.

use serde_json::{Value, json};

use super::listing::Row;
use super::value::{id, iso, money, set};

/// The two statuses that public material shows, written as it writes them; the provider's list is not known.
pub(super) const PENDING: &str = "pending";
pub(super) const DELIVERED: &str = "Delivered";
/// Our choice: no public material shows the word.
pub(super) const CANCELLED: &str = "cancelled";

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Order {
    pub(super) id: String,
    /// Seconds since the Unix epoch.
    pub(super) created: i64,
    pub(super) status: String,
    pub(super) paid: bool,
    pub(super) gateway: String,
    pub(super) currency: String,
    pub(super) customer_id: String,
    pub(super) customer_email: String,
    pub(super) items: Vec<LineItem>,
    /// The cost of an order without items, in hundredths.
    pub(super) cost: Option<i64>,
    /// What was delivered: its type and text.
    pub(super) delivered: Vec<(&'static str, String)>,
    /// `WebhookExecutionLog`, of dynamic deliveries.
    pub(super) logs: Vec<Value>,
    pub(super) affiliate_id: Option<String>,
    pub(super) refund: Option<Refund>,
    /// `store`, `embed` or `api`.
    pub(super) source: &'static str,
    pub(super) metadata: Value,
    pub(super) return_url: Value,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct LineItem {
    pub(super) product_id: String,
    pub(super) variant_id: String,
    pub(super) product_name: String,
    pub(super) variant_name: String,
    /// Unit price in hundredths.
    pub(super) unit: i64,
    pub(super) quantity: i64,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refund {
    pub(super) created: i64,
    /// `RefundReason`, 0 to 3.
    pub(super) reason: i64,
}

impl LineItem {
    fn total(&self) -> i64 {
        self.unit.saturating_mul(self.quantity)
    }

    /// `PublicLineItem`.
    fn json(&self, order: &Order) -> Value {
        json!({
            "id": id(&["item", &order.id, &self.variant_id]),
            "productId": self.product_id,
            "variantId": self.variant_id,
            "dateCreated": iso(order.created),
            "productName": self.product_name,
            "variantName": self.variant_name,
            "amount": money(self.unit),
            "lineTotal": money(self.total()),
            "additionalFeePercentage": 0.0,
            "additionalFeeAmount": 0.0,
            "additionalFixedFeeAmount": 0.0,
            "volumeDiscountAmount": 0.0,
            "quantity": self.quantity,
            "volumeDiscountType": null,
            "volumeDiscountValue": null,
            "volumeDiscountTierQuantity": null,
            "billingInterval": null,
            "customIntervalDays": null,
        })
    }
}

impl Refund {
    /// `Refund`.
    pub(super) fn json(&self, order: &Order, user: &str) -> Value {
        json!({
            "id": id(&["refund", &order.id]),
            "dateCreated": iso(self.created),
            "userId": user,
            "ipAddress": "192.0.2.18",
            "orderId": order.id,
            "reason": self.reason,
            "amount": money(order.amount()),
        })
    }
}

impl Order {
    /// In hundredths.
    pub(super) fn amount(&self) -> i64 {
        let items = self.items.iter().map(LineItem::total).fold(0, i64::saturating_add);
        self.cost.unwrap_or(items)
    }

    /// Delivers an order that is not delivered yet: with the answers of apps, or with a text of the sandbox.
    pub(super) fn deliver(&mut self, answers: Vec<(String, Value)>) {
        if self.status == DELIVERED {
            return;
        }
        (self.status, self.paid) = (DELIVERED.to_owned(), true);
        if answers.is_empty() {
            self.delivered.push(("plaintext", format!("obviously-fake-delivery-of-{}", self.id)));
        }
        for (answer, log) in answers {
            self.delivered.push(("dynamic", answer));
            self.logs.push(log);
        }
    }

    fn amount_paid(&self) -> i64 {
        if self.paid { self.amount() } else { 0 }
    }

    /// `PageOrder`.
    pub(super) fn page_order(&self) -> Value {
        json!({
            "id": self.id,
            "dateCreated": iso(self.created),
            "items": self.items.iter().map(|item| item.json(self)).collect::<Vec<_>>(),
            "gateway": self.gateway,
            "customerEmail": self.customer_email,
            "status": self.status,
            "currencyCode": self.currency,
            "amountPaid": money(self.amount_paid()),
            "amount": money(self.amount()),
            "coupon": null,
        })
    }

    /// `PublicOrder`.
    pub(super) fn public_order(&self, store: &str) -> Value {
        let created = iso(self.created);
        let delivered = self.delivered.iter().map(|(kind, text)| {
            json!({
                "id": id(&["delivered", &self.id, text]),
                "dateCreated": created,
                "orderId": self.id,
                "storeId": store,
                "productId": self.items.first().map(|item| &item.product_id),
                "variantId": self.items.first().map(|item| &item.variant_id),
                "type": kind,
                "source": if *kind == "dynamic" { "external" } else { "static" },
                "textContent": text,
                "file": null,
            })
        });
        json!({
            "id": self.id,
            "dateCreated": created,
            "items": self.items.iter().map(|item| item.json(self)).collect::<Vec<_>>(),
            "currencyCode": self.currency,
            "gateway": self.gateway,
            "status": self.status,
            "customer": {
                "id": id(&["details", &self.id]),
                "dateCreated": created,
                "countryCode": "DE",
                "emailAddress": self.customer_email,
                "customerId": self.customer_id,
            },
            "chargeback": null,
            "gatewayMetadata": { "id": id(&["gateway", &self.id]), "dateCreated": created, "transactionId": null },
            "amountPaid": money(self.amount_paid()),
            "amount": money(self.amount()),
            "coupon": null,
            "affiliateDiscount": null,
            "tax": null,
            "globalGatewayFeePercentage": 0.0,
            "globalGatewayFeeAmount": 0.0,
            "globalGatewayFixedFee": 0.0,
            "globalGatewayFixedFeeAmount": 0.0,
            "deliveredItems": delivered.collect::<Vec<_>>(),
            "customFieldAnswers": null,
            "metadata": self.metadata,
            "returnUrl": self.return_url,
            "source": self.source,
            "discordAccount": null,
            "marketingOptIn": null,
        })
    }

    /// `OrderResponse`: the internal `Order` under `order`.
    pub(super) fn order_response(&self, store: &str, store_name: &str, owner: &str) -> Value {
        let mut order = self.public_order(store);
        if let Some(fields) = order.as_object_mut() {
            fields.remove("marketingOptIn");
        }
        for (field, value) in [
            ("storeId", json!(store)),
            ("userId", json!(owner)),
            ("refund", self.refund.as_ref().map(|refund| refund.json(self, owner)).unwrap_or_default()),
            ("gatewayFee", Value::Null),
            ("platformFee", json!(0.0)),
            ("affiliateId", json!(self.affiliate_id)),
            ("realCustomerId", json!(self.customer_id)),
            ("userAgent", json!("Mozilla/5.0 (sandbox)")),
            ("ipAddress", json!("192.0.2.17")),
            ("isDeliveredManually", json!(false)),
            ("isDeliveryItemsLocked", json!(false)),
            ("deliveredByUserId", Value::Null),
            ("isCustomerAuthenticated", json!(false)),
            ("isMigrated", json!(false)),
            ("sendReceipt", json!(true)),
            ("isSubscriptionOrder", json!(false)),
            ("cartRecoverySentAt", Value::Null),
            ("renewalForSubscriptionId", Value::Null),
        ] {
            set(&mut order, field, value);
        }
        json!({
            "order": order,
            "billingInformation": null,
            "logs": self.logs,
            "ipInfo": { "countryCode": "DE" },
            "storeId": store,
            "storeName": store_name,
        })
    }
}

impl Row for Order {
    fn field(&self, name: &str) -> Value {
        match name {
            "dateCreated" => json!(iso(self.created)),
            "status" => json!(self.status),
            "gateway" => json!(self.gateway),
            "customerEmail" => json!(self.customer_email),
            _ => Value::Null,
        }
    }
}
