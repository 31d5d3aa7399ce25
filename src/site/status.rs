//! Status: tells a front end whether the user is connected, since when, and with which key.

use super::{Answer, Site, login_url};
use crate::failure::Failure;
use http::{StatusCode, request::Parts};
use jiff::Timestamp;
use serde_json::json;

/// `{"connected":true,"since":"2026-11-23T12:00:00Z","fingerprint":"…"}` or
/// `{"connected":false,"login_url":"…"}`.
pub(super) async fn status(site: &Site, parts: &mut Parts) -> Result<Answer, Failure> {
    let record = match site.signed_in(parts).await?.user_id() {
        Some(user) => site.core.load(&user).await?,
        None => None,
    };
    let login = login_url(&site.config().routes.login, site.config().default_return_path.as_str());
    let answer = match record {
        Some(token) => json!({
            "connected": true,
            "since": Timestamp::try_from(token.saved_at()).ok().map(|since| since.to_string()),
            "fingerprint": token.fingerprint().to_string(),
        }),
        None => json!({ "connected": false, "login_url": login }),
    };
    Ok(Answer::new(StatusCode::OK, Some("application/json"), answer.to_string()))
}
