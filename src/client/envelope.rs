//! The provider's envelope: `{success, message, code, data}`, whatever the content type says.

use super::Error;
use crate::json;
use bytes::Bytes;
use http::{Response, StatusCode};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::value::RawValue;
use std::borrow::Cow;

#[derive(Deserialize)]
pub(super) struct Envelope<'a> {
    pub(super) success: bool,
    #[serde(borrow, default)]
    pub(super) message: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(super) code: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    data: Option<&'a RawValue>,
}

/// Reads a reply: `data` for a success, the provider's refusal for anything else.
pub(super) fn open<T: DeserializeOwned>(reply: &Response<Bytes>) -> Result<T, Error> {
    let status = reply.status();
    match json::object::<Envelope<'_>>(reply.body()) {
        Ok(envelope) if status.is_success() && envelope.success => {
            let data = envelope.data.map_or("null", RawValue::get);
            serde_json::from_str(data).map_err(|error| Error::unreadable(status, error))
        }
        Ok(envelope) => Err(Error::refused(status, envelope.code.as_deref(), envelope.message.as_deref())),
        Err(error) if status.is_success() => Err(Error::unreadable(status, error)),
        Err(_) => Err(Error::refused(status, None, None)),
    }
}

/// Whether the reply says that the key is dead: a 401 in the provider's own envelope, with `BadToken` or no code at all.
///
/// `OAuthLoginRequired` is a good key at the wrong endpoint, a 403 a missing scope, and a page of HTML is something in between
/// that knows nothing of keys.
pub(super) fn is_dead_key(status: StatusCode, body: &[u8]) -> bool {
    if status != StatusCode::UNAUTHORIZED {
        return false;
    }
    match json::object::<Envelope<'_>>(body) {
        Ok(envelope) => !envelope.success && matches!(envelope.code.as_deref(), None | Some("" | "BadToken")),
        Err(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn t50_only_a_401_in_the_envelope_with_bad_token_or_no_code_is_a_dead_key() {
        for (status, body, dead) in [
            (401, r#"{"success":false,"code":"BadToken"}"#, true),
            (401, r#"{"success":false}"#, true),
            (401, r#"{"success":false,"code":null,"message":"m","data":null}"#, true),
            (401, r#"{"success":false,"code":"OAuthLoginRequired"}"#, false),
            (401, r#"{"success":true}"#, false),
            (401, "<html>", false),
            (401, "", false),
            (401, "{}", false),
            (401, "[false]", false),
            (403, r#"{"success":false,"code":"BadToken"}"#, false),
            (403, r#"{"success":false,"code":"AccessDenied"}"#, false),
            (500, r#"{"success":false,"code":"BadToken"}"#, false),
            (200, r#"{"success":false,"code":"BadToken"}"#, false),
        ] {
            assert_eq!(is_dead_key(StatusCode::from_u16(status).unwrap(), body.as_bytes()), dead, "{status} {body}");
        }
    }
}
