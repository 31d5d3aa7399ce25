//! The dashboard's pages: consent, connected keys, revoke.

use std::sync::Arc;

use axum::extract::{RawQuery, State};
use axum::routing::{get, post};
use axum::{Router, response::Response};
use http::{HeaderMap, StatusCode};
use url::form_urlencoded;

use super::page::{document, escape, html, see_other};
use super::{SandboxError, app::RegisteredApp, consent::Ask, grant::Approval, scopes, seed::Account, world::Shared};
use komerza_connect::{provider, store::KeyFingerprint};

pub(super) fn router(shared: Arc<Shared>) -> Router {
    let authorize = format!("/{}", provider::AUTHORIZE_PATH.join("/"));
    Router::new()
        .route("/", get(overview))
        .route("/revoke", post(revoke))
        .route(&authorize, get(ask).post(decide))
        .fallback(async || error_page(StatusCode::NOT_FOUND, "There is no such page."))
        .with_state(shared)
}

async fn ask(State(shared): State<Arc<Shared>>, RawQuery(query): RawQuery) -> Response {
    let query = query.unwrap_or_default();
    let world = shared.world();
    let ask = Ask::parse(&query);
    let checked = ask.and_then(|ask| ask.check(&world).map(|app| (app, ask.clone())));
    match checked {
        Err(reason) => error_page(StatusCode::BAD_REQUEST, &reason),
        Ok((app, ask)) => {
            let number = field(&query, "account").and_then(|number| number.parse().ok()).unwrap_or_default();
            let content = consent(&ask, app, &world.accounts, number);
            let origin = url::Url::parse(&ask.redirect_uri).ok().map(|url| url.origin().ascii_serialization());
            html(StatusCode::OK, document(&format!("Connect {}", app.name), &content), origin.as_deref())
        }
    }
}

async fn decide(State(shared): State<Arc<Shared>>, headers: HeaderMap, form: String) -> Response {
    if is_cross_site(&headers) {
        return error_page(StatusCode::FORBIDDEN, "This form was sent from another site.");
    }
    let ask = Ask::parse(&form).map_err(SandboxError::Refused);
    let next = match field(&form, "decision").as_deref() {
        Some("approve") => ask.and_then(|ask| ask.approve(&approval(&form), &shared).map(Some)),
        Some("deny") => ask.and_then(|ask| ask.deny(&shared)),
        _ => return error_page(StatusCode::BAD_REQUEST, "The form says neither approve nor deny."),
    };
    match next {
        Ok(Some(target)) => see_other(&target),
        Ok(None) => {
            let content = "<h1>Not connected</h1><p>You said no. You can close this page.</p>";
            html(StatusCode::OK, document("Not connected", content), None)
        }
        Err(SandboxError::Refused(reason)) => error_page(StatusCode::BAD_REQUEST, &reason),
        Err(other) => error_page(StatusCode::BAD_REQUEST, &other.to_string()),
    }
}

async fn overview(State(shared): State<Arc<Shared>>) -> Response {
    let world = shared.world();
    let mut rows = String::new();
    for (key, record) in world.keys.iter().filter(|(_, record)| !record.revoked) {
        let app = world.app(&record.grant.client_id).map_or("an unknown app", |app| &app.name);
        let since = humantime(record.issued);
        let (fingerprint, app) = (KeyFingerprint::of(key).to_string(), escape(app));
        let fingerprint = escape(&fingerprint);
        rows.push_str(&format!(
            "<li><form method=\"post\" action=\"/revoke\"><p>{app}, since {since}<br>\
<span class=\"quiet\">Key <code>{fingerprint}</code>, {} stores</span></p>\
<input type=\"hidden\" name=\"key\" value=\"{fingerprint}\">\
<button type=\"submit\" aria-label=\"Revoke key {fingerprint} of {app}\">Revoke</button></form></li>",
            record.grant.stores.len()
        ));
    }
    let connected = if rows.is_empty() { "<p>No app is connected.</p>".to_owned() } else { format!("<ul>{rows}</ul>") };
    let content = format!(
        "<h1>Komerza sandbox dashboard</h1><h2>Connected apps</h2>{connected}\
<p class=\"quiet\">A revoked key is answered with 401 BadToken from then on.</p>"
    );
    html(StatusCode::OK, document("Dashboard", &content), None)
}

async fn revoke(State(shared): State<Arc<Shared>>, headers: HeaderMap, form: String) -> Response {
    if is_cross_site(&headers) {
        return error_page(StatusCode::FORBIDDEN, "This form was sent from another site.");
    }
    let fingerprint = field(&form, "key").unwrap_or_default();
    if shared.world().keys.revoke_by_fingerprint(&fingerprint) {
        see_other("/")
    } else {
        error_page(StatusCode::NOT_FOUND, "No living key has this fingerprint.")
    }
}

fn error_page(status: StatusCode, reason: &str) -> Response {
    let content = format!(
        "<h1>This cannot go on</h1><p>{}</p><p class=\"quiet\">You were not sent back to the app, \
because the sandbox cannot know that the address belongs to it.</p>",
        escape(reason)
    );
    html(status, document("Error", &content), None)
}

fn consent(ask: &Ask, app: &RegisteredApp, accounts: &[Account], number: usize) -> String {
    let name = escape(&app.name);
    let hidden =
        |field: &str, value: &str| format!("<input type=\"hidden\" name=\"{field}\" value=\"{}\">", escape(value));
    let mut form = [hidden("client_id", &ask.client_id), hidden("redirect_uri", &ask.redirect_uri)].concat();
    if let Some(state) = &ask.state {
        form += &hidden("state", state);
    }
    let (account, number) = accounts.get(number).map_or((accounts.first(), 0), |account| (Some(account), number));
    form += &hidden("account", &number.to_string());
    let mut stores = String::new();
    for store in account.iter().flat_map(|account| &account.stores) {
        stores += &format!(
            "<label><input type=\"checkbox\" name=\"store\" value=\"{}\" checked> {}</label>",
            escape(&store.id),
            escape(&store.name())
        );
    }
    let scopes: String =
        app.scopes.iter().map(|scope| format!("<li>{}.</li>", escape(&scopes::sentence(scope)))).collect();
    let asked =
        if scopes.is_empty() { "<p>Nothing beyond being connected.</p>".into() } else { format!("<ul>{scopes}</ul>") };
    let email = account.map(Account::email).unwrap_or_default();
    format!(
        "<h1>Connect {name} to your Komerza account?</h1><p>Signed in as <strong>{}</strong>.{}</p>\
<h2>{name} asks to</h2>{asked}\
<form method=\"post\" action=\"/{}\">{form}<fieldset><legend>In these stores</legend>{stores}</fieldset>\
<div class=\"answers\"><button class=\"main\" type=\"submit\" name=\"decision\" value=\"approve\">Approve</button>\
<button type=\"submit\" name=\"decision\" value=\"deny\">Deny</button></div></form>\
<p class=\"quiet\">Approving sends you back to <code>{}</code></p>",
        escape(&email),
        other_accounts(ask, accounts, number),
        provider::AUTHORIZE_PATH.join("/"),
        escape(&ask.redirect_uri),
    )
}

/// Links to the same page for the other accounts.
fn other_accounts(ask: &Ask, accounts: &[Account], current: usize) -> String {
    let mut links = String::new();
    for (number, account) in accounts.iter().enumerate().filter(|(number, _)| *number != current) {
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.append_pair("client_id", &ask.client_id).append_pair("redirect_uri", &ask.redirect_uri);
        if let Some(state) = &ask.state {
            query.append_pair("state", state);
        }
        let query = query.append_pair("account", &number.to_string()).finish();
        links += &format!(" <a href=\"?{}\">Use {}</a>", escape(&query), escape(&account.email()));
    }
    links
}

/// The form's answer. A program that does not know the ids of the stores sends `store=all`.
fn approval(form: &str) -> Approval {
    let stores = form_urlencoded::parse(form.as_bytes()).filter(|(name, _)| name == "store");
    let stores: Vec<String> = stores.map(|(_, id)| id.into_owned()).collect();
    let account = field(form, "account").and_then(|number| number.parse().ok()).unwrap_or_default();
    let everything = Approval::everything().account(account);
    if stores.iter().any(|id| id == "all") { everything } else { everything.stores(stores) }
}

fn field(form: &str, wanted: &str) -> Option<String> {
    form_urlencoded::parse(form.as_bytes()).find(|(name, _)| name == wanted).map(|(_, value)| value.into_owned())
}

/// Browsers say where a request comes from; programs do not, and are let through.
fn is_cross_site(headers: &HeaderMap) -> bool {
    headers.get("sec-fetch-site").is_some_and(|site| site != "same-origin" && site != "none")
}

fn humantime(time: std::time::SystemTime) -> String {
    jiff::Timestamp::try_from(time).map(|time| format!("{time:.0}")).unwrap_or_default()
}
