//! Support tickets, to read.

use std::sync::Arc;

use axum::{Router, extract::Path, routing::get};
use serde_json::{Value, json};

use super::objects::{find, without};
use super::{Answer, Call};
use crate::listing::{Filterable, ListQuery};
use crate::seed::{set, text};
use crate::{envelope::Reply, world::Shared};

const NAMES: Filterable = &[
    ("subject", "subject"),
    ("status", "status"),
    ("customerEmail", "emailAddress"),
    ("dateFrom", "dateCreated"),
    ("dateTo", "dateCreated"),
];

const VIEW: &str = "stores.tickets.view";

pub(super) fn routes() -> Router<Arc<Shared>> {
    Router::new().route("/stores/{store}/tickets", get(list)).route("/stores/{store}/tickets/{ticket}", get(one))
}

async fn list(call: Call, Path(store): Path<String>) -> Answer {
    call.store(VIEW, &store, |store, desk| {
        Ok(ListQuery::parse(&call.query, NAMES)?.page(&store.tickets, desk.switches, displayed))
    })
}

/// `DisplayTicket`.
fn displayed(ticket: &Value) -> Value {
    let entries = ticket.get("entries").and_then(Value::as_array);
    let mut shown = without(ticket, "entries");
    set(&mut shown, "messageCount", json!(entries.map_or(0, Vec::len)));
    let last = entries.and_then(|entries| entries.last());
    set(&mut shown, "lastMessage", json!(last.map(|last| text(last, "message")).unwrap_or_default()));
    shown
}

/// `PublicTicket`.
async fn one(call: Call, Path((store, ticket)): Path<(String, String)>) -> Answer {
    call.store(VIEW, &store, |store, _| Ok(Reply::Object(find(&store.tickets, &ticket, "ticket")?.clone())))
}
