//! Customers, and what they wrote: reviews and tickets.

use serde_json::{Value, json};

use super::{DAY, Dice, days_ago, id, iso, money, text};

const FIRST: [&str; 12] =
    ["mia", "noah", "lena", "omar", "yuki", "ines", "jonas", "priya", "tomas", "aisha", "felix", "chloe"];

const LAST: [&str; 4] = ["berg", "santos", "okafor", "ito"];

/// `PublicCustomer` with `isAffiliate`; spending is counted from the orders when it is shown. The first one is
/// an affiliate.
pub(super) fn customers(store: &str) -> Vec<Value> {
    let names = LAST.iter().flat_map(|last| FIRST.iter().map(move |first| format!("{first}.{last}")));
    names.zip(0_i64..).map(|(name, number)| customer(store, &name, number)).collect()
}

fn customer(store: &str, name: &str, number: i64) -> Value {
    let created = days_ago(200_i64.saturating_sub(number.saturating_mul(3)));
    let mut customer = blank_customer(&id(&["customer", store, name]), &format!("{name}@buyer.example"), created);
    super::set(&mut customer, "isAffiliate", json!(number == 0));
    super::set(&mut customer, "balance", money(if number == 2 { 1550 } else { 0 }));
    customer
}

pub(crate) fn blank_customer(id: &str, email: &str, created: i64) -> Value {
    json!({
        "id": id,
        "dateCreated": iso(created),
        "emailAddress": email,
        "status": "New",
        "isAffiliate": false,
        "isBlocked": false,
        "ipAddress": "192.0.2.17",
        "balance": 0.0,
        "externalIntegrations": {},
        "affiliate": null,
        "tickets": [],
        "blockedNote": null,
        "blockedAt": null,
    })
}

/// `DisplayReview`.
pub(super) fn reviews(store: &str, customers: &[Value], products: &[Value]) -> Vec<Value> {
    const REASONS: [(i64, &str); 5] = [
        (5, "Exactly what I was looking for."),
        (5, "Fast delivery, good quality."),
        (4, "Good, but the documentation is short."),
        (5, "Third time I buy here."),
        (3, "Does what it says, not more."),
    ];
    let review = |(customer, number): (&Value, i64)| {
        let mut dice = Dice::of(&["review", store, &number.to_string()]);
        let (rating, reason) = dice.pick(&REASONS).copied().unwrap_or_default();
        let product = dice.pick(products)?;
        Some(json!({
            "id": id(&["review", store, &number.to_string()]),
            "dateCreated": iso(days_ago(dice.seconds_below(30))),
            "rating": rating,
            "reason": reason,
            "reply": null,
            "repliedAt": null,
            "repliedByUserId": null,
            "productName": text(product, "name"),
            "productId": text(product, "id"),
            "customerId": text(customer, "id"),
            "customerEmail": text(customer, "emailAddress"),
            "flagged": null,
        }))
    };
    customers.iter().step_by(2).zip(0..).filter_map(review).collect()
}

/// `PublicTicket`.
pub(super) fn tickets(store: &str, customers: &[Value]) -> Vec<Value> {
    const SUBJECTS: [&str; 3] = ["I cannot find my download", "Which licence do I need?", "An invoice, please"];
    let ticket = |(customer, number): (&Value, i64)| {
        let mut dice = Dice::of(&["ticket", store, &number.to_string()]);
        let subject = dice.pick(&SUBJECTS).copied().unwrap_or_default();
        let created = iso(days_ago(dice.seconds_below(20)).saturating_add(dice.seconds_below(DAY)));
        json!({
            "id": id(&["ticket", store, &number.to_string()]),
            "dateCreated": created,
            "subject": subject,
            "emailAddress": text(customer, "emailAddress"),
            "status": 0,
            "storeId": store,
            "customerId": text(customer, "id"),
            "entries": [ticket_entry(
                &id(&["entry", store, &number.to_string()]), &created, &format!("{subject}. Thank you!"), &text(customer, "emailAddress"),
            )],
        })
    };
    customers.iter().step_by(7).zip(0..).map(ticket).collect()
}

/// `PublicTicketEntry`.
pub(crate) fn ticket_entry(id: &str, created: &str, message: &str, name: &str) -> Value {
    json!({ "id": id, "dateCreated": created, "message": message, "name": name })
}
