//! Status: tells a front end whether the user is connected, since when, and with which key.

use super::{Answer, Refusal, login_url, order};
use crate::{
    config::Place,
    context::Context,
    failure::{Failure, FailureKind},
    site::caller::Caller,
};
use http::{StatusCode, request::Parts};
use jiff::Timestamp;
use serde_json::json;

/// `{"connected":true,"since":"2026-11-23T12:00:00Z","fingerprint":"…"}` or `{"connected":false,"login_url":"…"}`.
pub(super) async fn status(context: &Context, parts: &mut Parts) -> Result<Answer, Refusal> {
    let caller = context.identify(parts).await?;
    order::notice(&context.config, Place::Route, &parts.headers, &caller);
    if matches!(caller, Caller::Nobody) {
        return Err(FailureKind::NotSignedIn.into());
    }
    let unavailable = |error| Failure::caused_by(FailureKind::StoreUnavailable, error);
    let record = match caller.user_id() {
        Some(user) => context.load(&user).await.map_err(unavailable)?,
        None => None,
    };
    let login = login_url(&context.config.routes.login, &context.config.default_return_path);
    let answer = match record {
        Some(token) => json!({
            "connected": true,
            "since": Timestamp::try_from(token.saved_at()).ok().map(|since| since.to_string()),
            "fingerprint": token.fingerprint().to_string(),
        }),
        None => json!({ "connected": false, "login_url": login }),
    };
    Ok(Answer::json(StatusCode::OK, &answer))
}
