//! The answer of a handler that gives up on an error.

use super::answer::Answer;
use crate::{
    api::{Error, ErrorKind},
    provider::KEY_BUCKET,
};
use axum_core::{body::Body, response::IntoResponse};
use http::Response;
use serde_json::json;

impl Error {
    /// The answer, for stacks without axum; see [`Error`].
    ///
    /// | kind | status |
    /// | --- | --- |
    /// | dead key | 303 to the login for a page navigation, 401 with `login_url` for programs |
    /// | access denied, login, second factor, verification or upgrade required | 403 |
    /// | not found, conflict, validation, not enough funds | 404, 409, 400, 402 |
    /// | unavailable, upload failed, refused otherwise | 422 |
    /// | too many calls | 503 with `Retry-After` |
    /// | no reply in time | 504 |
    /// | unreachable, interrupted, blocked, no usable answer | 502 |
    /// | the call was not well-formed | 500 |
    #[must_use]
    pub fn into_response(self) -> Response<Body> {
        let reconnect = self.reconnect();
        let answer = match reconnect.filter(|reconnect| reconnect.person) {
            Some(reconnect) => Answer::see_other(&reconnect.url),
            None => {
                let status = self.kind().status();
                Answer::json(
                    status,
                    &json!({
                        "type": "about:blank", "title": self.kind().title(), "status": status.as_u16(),
                        "code": self.kind().code(), "login_url": reconnect.map(|reconnect| &reconnect.url),
                        "needed_scope": self.needed_scope(),
                    }),
                )
            }
        };
        // One who is told nothing would come back at once.
        let wait = self.retry_after().unwrap_or(KEY_BUCKET.period);
        let wait = (self.kind() == ErrorKind::RateLimited).then_some(wait);
        let mut response = answer.retry_after(wait).into_response();
        response.extensions_mut().insert(self);
        response
    }
}

impl IntoResponse for Error {
    fn into_response(self) -> Response<Body> {
        Error::into_response(self)
    }
}
