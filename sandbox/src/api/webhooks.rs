//! The account's webhooks and their logs. Names and payloads of events are not documented, so only `send_event`
//! delivers.

use std::sync::Arc;

use axum::routing::{get, post};
use axum::{Router, extract::Path};
use serde_json::{Value, json};
use url::Url;

use super::objects::{Form, find, find_mut, remove};
use super::{Answer, Call};
use crate::envelope::{Refusal, Reply};
use crate::listing::{Filterable, ListQuery, Reckoned};
use crate::seed::{Account, iso, set, text};
use crate::world::{Shared, World};

const NAMES: Filterable =
    &[("ResponseCode", "responseCode"), ("Success", "success"), ("From", "dateCreated"), ("To", "dateCreated")];

const VIEW: &str = "user.webhooks.view";
const UPDATE: &str = "user.webhooks.update";

pub(super) fn routes() -> Router<Arc<Shared>> {
    Router::new()
        .route("/webhooks", get(list).post(create))
        .route("/webhooks/{webhook}", get(one).put(update).delete(destroy))
        .route("/webhooks/{webhook}/logs", get(logs))
        .route("/webhooks/{webhook}/logs/search/{text}", get(search_logs))
        .route("/webhooks/{webhook}/logs/{log}/resend", post(resend))
}

fn account<'w>(world: &'w mut World, call: &Call) -> Result<&'w mut Account, Refusal> {
    world.accounts.get_mut(call.grant.account).ok_or_else(|| Refusal::not_found("account"))
}

async fn list(call: Call) -> Answer {
    call.world(VIEW, |world| Ok(Reply::List(account(world, &call)?.webhooks.clone())))
}

/// One webhook without its logs, as at the provider.
async fn one(call: Call, Path(webhook): Path<String>) -> Answer {
    call.world(VIEW, |world| {
        let mut shown = find(&account(world, &call)?.webhooks, &webhook, "webhook")?.clone();
        set(&mut shown, "executionLogs", json!([]));
        Ok(Reply::Object(shown))
    })
}

async fn create(call: Call, form: Form) -> Answer {
    let now = iso(call.now());
    call.world("user.webhooks.create", |world| {
        let (id, secret) = (world.chance.uuid(), format!("obviously-fake-{}", world.chance.token()));
        let account = account(world, &call)?;
        let mut webhook =
            json!({ "id": id.as_str(), "dateCreated": now, "executionLogs": [], "userId": account.user_id() });
        fill(&mut webhook, &form)?;
        account.secrets.insert(id, secret.clone());
        account.webhooks.push(webhook.clone());
        Ok(Reply::Object(json!({ "webhook": webhook, "secret": secret })))
    })
}

async fn update(call: Call, Path(webhook): Path<String>, form: Form) -> Answer {
    call.world(UPDATE, |world| {
        let webhook = find_mut(&mut account(world, &call)?.webhooks, &webhook, "webhook")?;
        fill(webhook, &form)?;
        Ok(Reply::Object(webhook.clone()))
    })
}

/// Copies a `WebhookForm` into the webhook; its `eventTypes` become the webhook's `events`.
fn fill(webhook: &mut Value, form: &Form) -> Result<(), Refusal> {
    let url = form.text("url", 1..=3000)?;
    Url::parse(url).map_err(|_| Refusal::invalid("url must be a URL."))?;
    let events = form.texts("eventTypes")?;
    if !(1..=9999).contains(&events.len()) {
        return Err(Refusal::invalid("eventTypes must have 1 to 9999 entries."));
    }
    let stores = form.texts("storeIds")?;
    for (field, value) in [("url", json!(url)), ("events", json!(events)), ("storeIds", json!(stores))] {
        set(webhook, field, value);
    }
    Ok(())
}

async fn destroy(call: Call, Path(webhook): Path<String>) -> Answer {
    call.world("user.webhooks.delete", |world| {
        remove(&mut account(world, &call)?.webhooks, &webhook, "webhook")?;
        Ok(Reply::Done)
    })
}

async fn logs(call: Call, Path(webhook): Path<String>) -> Answer {
    page_of_logs(&call, &webhook, |_| true)
}

/// Finds logs by log id, order id, or a part of the URL.
async fn search_logs(call: Call, Path((webhook, wanted)): Path<(String, String)>) -> Answer {
    page_of_logs(&call, &webhook, |log| {
        text(log, "id") == wanted || text(log, "orderId") == wanted || text(log, "url").contains(&wanted)
    })
}

fn page_of_logs(call: &Call, webhook: &str, wanted: impl Fn(&Value) -> bool) -> Answer {
    call.world(VIEW, |world| {
        let list = ListQuery::parse(&call.query, NAMES)?;
        let switches = world.switches.clone();
        let webhook = find(&account(world, call)?.webhooks, webhook, "webhook")?;
        let logs = webhook.get("executionLogs").and_then(Value::as_array).into_iter().flatten();
        let rows = logs.filter(|log| wanted(log)).map(|log| Reckoned {
            object: log,
            name: "success",
            value: json!(succeeded(log)),
        });
        Ok(list.page(rows, &switches, |row| row.object.clone()))
    })
}

/// A status from 200 to 299.
fn succeeded(log: &Value) -> bool {
    log.get("responseCode").and_then(Value::as_i64).is_some_and(|code| (200..300).contains(&code))
}

async fn resend(call: Call, Path((webhook, log)): Path<(String, String)>) -> Answer {
    call.world(UPDATE, |world| {
        let webhook = find_mut(&mut account(world, &call)?.webhooks, &webhook, "webhook")?;
        let logs = webhook.get_mut("executionLogs").and_then(Value::as_array_mut);
        let log = find_mut(logs.ok_or_else(|| Refusal::not_found("log"))?, &log, "log")?;
        let sent = log.get("retryCount").and_then(Value::as_i64).unwrap_or_default();
        set(log, "retryCount", json!(sent.saturating_add(1)));
        Ok(Reply::Done)
    })
}
