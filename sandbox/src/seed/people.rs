//! Customers and their tickets.

use serde_json::{Value, json};

use super::{DAY, Dice, days_ago, id, iso, money, text};

const FIRST: [&str; 12] =
    ["mia", "noah", "lena", "omar", "yuki", "ines", "jonas", "priya", "tomas", "aisha", "felix", "chloe"];

/// `TicketStatus`.
const OPENED: i64 = 0;
const RESPONDED: i64 = 3;

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

/// `PublicTicket`. The store has answered every second ticket.
pub(super) fn tickets(store: &str, customers: &[Value]) -> Vec<Value> {
    const SUBJECTS: [&str; 3] = ["I cannot find my download", "Which licence do I need?", "An invoice, please"];
    let ticket = |(customer, number): (&Value, i64)| {
        let key = number.to_string();
        let mut dice = Dice::of(&["ticket", store, &key]);
        let subject = dice.pick(&SUBJECTS).copied().unwrap_or_default();
        let created = days_ago(dice.seconds_below(20)).saturating_add(dice.seconds_below(DAY));
        let entry = |kind: &str, later: i64, message: &str, name: &str| {
            let date = iso(created.saturating_add(later));
            json!({ "id": id(&[kind, store, &key]), "dateCreated": date, "message": message, "name": name })
        };
        let email = text(customer, "emailAddress");
        let mut entries = vec![entry("entry", 0, &format!("{subject}. Thank you!"), &email)];
        if number % 2 == 1 {
            entries.push(entry("answer", 600, "Here it is.", "Support"));
        }
        json!({
            "id": id(&["ticket", store, &key]),
            "dateCreated": iso(created),
            "subject": subject,
            "emailAddress": email,
            "status": if entries.len() == 1 { OPENED } else { RESPONDED },
            "storeId": store,
            "customerId": text(customer, "id"),
            "entries": entries,
        })
    };
    customers.iter().step_by(7).zip(0..).map(ticket).collect()
}
