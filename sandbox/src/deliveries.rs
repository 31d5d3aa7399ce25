//! Requests from the sandbox to an app: events of webhooks, and dynamic deliveries (orders that the app
//! itself delivers).
//!
//! They are signed as Komerza is presumed to sign: HMAC-SHA256 of the body, in hexadecimal digits, in
//! `X-Signature`. The fields of a dynamic delivery are the sandbox's own, apart from the store's id, which
//! comes first. Only loopback addresses are called.

use std::{fmt, time::Duration};

use http::{StatusCode, header};
use komerza_connect::webhook::Verifier;
use serde_json::{Value, json};
use url::{Host, Url};

use super::Sandbox;
use super::seed::{SECRET, iso, set, text};

/// How long an app may take to answer.
const DEADLINE: Duration = Duration::from_secs(10);

const USER_AGENT: &str = "Komerza/1.0";

/// What an app answered to a delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Delivered {
    /// The status.
    pub status: StatusCode,
    /// The text.
    pub body: String,
}

/// Why nothing was delivered.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Undelivered {
    /// There is no webhook with this id.
    NoSuchWebhook,
    /// The address is not one of this machine.
    NotLoopback,
    /// The app did not answer.
    NoAnswer(String),
}

impl fmt::Display for Undelivered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoSuchWebhook => f.write_str("there is no webhook with this id"),
            Self::NotLoopback => f.write_str("the sandbox delivers to loopback addresses only"),
            Self::NoAnswer(why) => write!(f, "the app did not answer: {why}"),
        }
    }
}

impl std::error::Error for Undelivered {}

impl Sandbox {
    /// The secret that signs dynamic deliveries. It stands in for the one that the Komerza dashboard shows.
    ///
    /// To let the app deliver a variant, set the app's address with `InVariant::set_delivery`. Then deliver
    /// an order of the variant. The sandbox posts the order to that address, and the text of the answer becomes
    /// a delivered item.
    #[must_use]
    pub fn delivery_secret(&self) -> String {
        SECRET.to_owned()
    }

    /// Sends an event to a webhook, as Komerza would, and enters it in the webhook's log.
    ///
    /// The names and fields of real events are not documented, so the event is whatever you pass. The
    /// webhook's secret is the one that `POST /webhooks` returned.
    ///
    /// # Errors
    /// [`Undelivered`].
    pub async fn send_event(&self, webhook: &str, event: &Value) -> Result<Delivered, Undelivered> {
        let (url, secret) = {
            let mut world = self.shared().world();
            let account = world.accounts.iter_mut().find(|account| account.secrets.contains_key(webhook));
            let account = account.ok_or(Undelivered::NoSuchWebhook)?;
            let secret = account.secrets.get(webhook).cloned().unwrap_or_default();
            (text(account.webhook(webhook).ok_or(Undelivered::NoSuchWebhook)?, "url"), secret)
        };
        let (delivered, mut log) = send(&url, &secret, event).await?;
        let mut world = self.shared().world();
        let (id, now) = (world.chance.uuid(), self.shared().seconds());
        for (field, value) in [("id", json!(id)), ("dateCreated", json!(iso(now))), ("webhookId", json!(webhook))] {
            set(&mut log, field, value);
        }
        let webhook = world.accounts.iter_mut().find_map(|account| account.webhook(webhook));
        if let Some(logs) = webhook.and_then(|webhook| webhook.get_mut("executionLogs")?.as_array_mut()) {
            logs.insert(0, log);
        }
        Ok(delivered)
    }
}

/// Posts a body. Returns the answer and a `WebhookExecutionLog` without its id, its date and its subject.
pub(super) async fn send(url: &str, secret: &str, body: &Value) -> Result<(Delivered, Value), Undelivered> {
    let address = Url::parse(url).ok().filter(is_loopback).ok_or(Undelivered::NotLoopback)?;
    let no_answer = |error: &dyn fmt::Display| Undelivered::NoAnswer(error.to_string());
    let body = body.to_string();
    let signature = Verifier::new(secret).map_err(|error| no_answer(&error))?.sign(&body);
    let http = reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none()).timeout(DEADLINE);
    let http = http.user_agent(USER_AGENT).build().map_err(|error| no_answer(&error))?;
    let request = http
        .post(address)
        .header(header::CONTENT_TYPE, "application/json")
        .header(header::ACCEPT, "application/json")
        .header("X-Signature", &signature)
        .body(body.clone());
    let answer = request.send().await.map_err(|error| no_answer(&error.without_url()))?;
    let status = answer.status();
    let answered = answer.text().await.map_err(|error| no_answer(&error.without_url()))?;
    let log = json!({
        "url": url,
        "signature": signature,
        "requestBody": body,
        "responseCode": status.as_u16(),
        "responseBody": answered,
        "userId": null,
        "userAgent": USER_AGENT,
        "webhookId": null,
        "orderId": null,
        "retryCount": 1,
    });
    Ok((Delivered { status, body: answered }, log))
}

fn is_loopback(url: &Url) -> bool {
    url.scheme() == "http"
        && match url.host() {
            Some(Host::Ipv4(address)) => address.is_loopback(),
            Some(Host::Ipv6(address)) => address.is_loopback(),
            Some(Host::Domain(name)) => name == "localhost",
            None => false,
        }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_leaves_this_machine() {
        for (url, loopback) in [
            ("http://127.0.0.1:3000/hook", true),
            ("http://127.1.2.3/hook", true),
            ("http://[::1]:3000/hook", true),
            ("http://localhost/hook", true),
            ("https://127.0.0.1/hook", false),
            ("http://localhost.evil.example/hook", false),
            ("http://192.0.2.1/hook", false),
            ("http://10.0.0.1/hook", false),
            ("http://169.254.169.254/latest", false),
            ("file:///etc/passwd", false),
        ] {
            assert_eq!(is_loopback(&Url::parse(url).unwrap()), loopback, "{url}");
        }
    }
}
