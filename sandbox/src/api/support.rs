//! Reviews, tickets, subscriptions.

use std::sync::Arc;

use axum::{
    Router,
    extract::Path,
    routing::{get, post, put},
};
use serde_json::{Value, json};

use super::{
    Answer, Call,
    objects::{Form, find, find_mut, without},
};
use crate::{
    envelope::{Refusal, Reply},
    listing::{Filterable, ListQuery, Reckoned},
    seed::{iso, set, text, ticket_entry},
    world::Shared,
};

const REVIEW_NAMES: Filterable = &[
    ("rating", "rating"),
    ("emailAddress", "customerEmail"),
    ("dateRangeFrom", "dateCreated"),
    ("dateRangeTo", "dateCreated"),
    ("hasReply", "hasReply"),
];

const TICKET_NAMES: Filterable = &[
    ("subject", "subject"),
    ("status", "status"),
    ("customerEmail", "emailAddress"),
    ("dateFrom", "dateCreated"),
    ("dateTo", "dateCreated"),
];

const SUBSCRIPTION_NAMES: Filterable = &[
    ("status", "status"),
    ("productId", "productId"),
    ("gateway", "gateway"),
    ("autoRenew", "autoRenew"),
    ("email", "customerEmail"),
];

/// `TicketStatus`.
const CLOSED: i64 = 2;
const RESPONDED: i64 = 3;

/// `SubscriptionStatus` is 0 to 4 without names; which number means what is our choice.
const ACTIVE: i64 = 0;
const PAUSED: i64 = 1;
const CANCELLED: i64 = 2;

type Two = Path<(String, String)>;

pub(super) fn routes() -> Router<Arc<Shared>> {
    Router::new()
        .route("/stores/{store}/reviews", get(reviews))
        .route("/stores/{store}/reviews/{review}/reply", put(reply_to_review))
        .route("/stores/{store}/tickets", get(tickets))
        .route("/stores/{store}/tickets/{ticket}", get(ticket).put(answer_ticket).delete(close_ticket))
        .route("/stores/{store}/subscriptions", get(subscriptions))
        .route("/stores/{store}/subscriptions/{subscription}", get(subscription))
        .route("/stores/{store}/subscriptions/{subscription}/{action}", post(change_subscription))
}

async fn reviews(call: Call, Path(store): Path<String>) -> Answer {
    call.store("stores.view", &store, |store, desk| {
        let replied = |review: &Value| review.get("reply").is_some_and(Value::is_string);
        let rows = store.reviews.iter().map(|review| Reckoned {
            object: review,
            name: "hasReply",
            value: json!(replied(review)),
        });
        Ok(ListQuery::parse(&call.query, REVIEW_NAMES)?.page(rows, desk.switches, |row| row.object.clone()))
    })
}

async fn reply_to_review(call: Call, Path((store, review)): Two, form: Form) -> Answer {
    call.store("stores.update", &store, |store, desk| {
        let review = find_mut(&mut store.reviews, &review, "review")?;
        set(review, "reply", json!(form.text("reply", 1..=4096)?));
        set(review, "repliedAt", json!(iso(desk.now)));
        set(review, "repliedByUserId", json!(desk.owner));
        Ok(Reply::Done)
    })
}

async fn tickets(call: Call, Path(store): Path<String>) -> Answer {
    call.store("stores.tickets.view", &store, |store, desk| {
        Ok(ListQuery::parse(&call.query, TICKET_NAMES)?.page(&store.tickets, desk.switches, display_ticket))
    })
}

/// `DisplayTicket`.
fn display_ticket(ticket: &Value) -> Value {
    let entries = ticket.get("entries").and_then(Value::as_array);
    let mut shown = without(ticket, "entries");
    set(&mut shown, "messageCount", json!(entries.map_or(0, Vec::len)));
    let last = entries.and_then(|entries| entries.last());
    set(&mut shown, "lastMessage", json!(last.map(|last| text(last, "message")).unwrap_or_default()));
    shown
}

/// `PublicTicket`.
async fn ticket(call: Call, Path((store, ticket)): Two) -> Answer {
    call.store("stores.tickets.view", &store, |store, _| {
        Ok(Reply::Object(find(&store.tickets, &ticket, "ticket")?.clone()))
    })
}

async fn answer_ticket(call: Call, Path((store, ticket)): Two, form: Form) -> Answer {
    call.store("stores.tickets.update", &store, |store, desk| {
        let name = store.name();
        let ticket = find_mut(&mut store.tickets, &ticket, "ticket")?;
        let entry = ticket_entry(&desk.chance.uuid(), &iso(desk.now), form.text("message", 1..=4096)?, &name);
        if let Some(entries) = ticket.get_mut("entries").and_then(Value::as_array_mut) {
            entries.push(entry);
        }
        set(ticket, "status", json!(RESPONDED));
        Ok(Reply::Object(ticket.clone()))
    })
}

async fn close_ticket(call: Call, Path((store, ticket)): Two) -> Answer {
    call.store("stores.tickets.delete", &store, |store, _| {
        set(find_mut(&mut store.tickets, &ticket, "ticket")?, "status", json!(CLOSED));
        Ok(Reply::Done)
    })
}

async fn subscriptions(call: Call, Path(store): Path<String>) -> Answer {
    call.store("stores.subscriptions.view", &store, |store, desk| {
        Ok(ListQuery::parse(&call.query, SUBSCRIPTION_NAMES)?.page(&store.subscriptions, desk.switches, Value::clone))
    })
}

async fn subscription(call: Call, Path((store, subscription)): Two) -> Answer {
    call.store("stores.subscriptions.view", &store, |store, _| {
        Ok(Reply::Object(find(&store.subscriptions, &subscription, "subscription")?.clone()))
    })
}

async fn change_subscription(
    call: Call,
    Path((store, subscription, action)): Path<(String, String, String)>,
) -> Answer {
    let status = match action.as_str() {
        "cancel" => CANCELLED,
        "pause" => PAUSED,
        "resume" => ACTIVE,
        _ => return Err(Refusal::not_found("endpoint")),
    };
    call.store("stores.subscriptions.update", &store, |store, _| {
        let subscription = find_mut(&mut store.subscriptions, &subscription, "subscription")?;
        if subscription.get("status") == Some(&json!(CANCELLED)) {
            return Err(Refusal::invalid("The subscription is cancelled."));
        }
        set(subscription, "status", json!(status));
        set(subscription, "autoRenew", json!(status == ACTIVE));
        Ok(Reply::Done)
    })
}
