//! A reply, and whether it says that its key is dead.

use crate::wire::Envelope;
use bytes::Bytes;
use http::{HeaderMap, Response, StatusCode};
use std::fmt;

/// A reply of the API, for the one decision about revocation; see
/// [`with_revocation`](crate::KomerzaConnectLayer::with_revocation).
#[derive(Clone, Copy)]
pub struct Reply<'a> {
    reply: &'a Response<Bytes>,
}

impl<'a> Reply<'a> {
    pub(super) fn new(reply: &'a Response<Bytes>) -> Self {
        Self { reply }
    }

    /// Its status.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        self.reply.status()
    }

    /// Its headers.
    #[must_use]
    pub fn headers(&self) -> &'a HeaderMap {
        self.reply.headers()
    }

    /// Its body.
    #[must_use]
    pub fn body(&self) -> &'a [u8] {
        self.reply.body()
    }

    /// Whether the key is dead, as the crate decides it: a 401 in the provider's own envelope, with `BadToken` or no code at all.
    ///
    /// `OAuthLoginRequired` is a good key at the wrong endpoint, a 403 a missing scope, and a page of HTML is something in
    /// between that knows nothing of keys.
    ///
    /// # Source
    /// docs.komerza.com: "revoked" is a listed cause of `401 BadToken`.
    #[must_use]
    pub fn says_key_is_dead(&self) -> bool {
        if self.status() != StatusCode::UNAUTHORIZED {
            return false;
        }
        match Envelope::open(self.body()) {
            Ok(envelope) => !envelope.success && matches!(envelope.code(), None | Some("BadToken")),
            Err(_) => false,
        }
    }
}

impl fmt::Debug for Reply<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reply").field("status", &self.status()).finish_non_exhaustive()
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
            (401, "[false]", false),
            (403, r#"{"success":false,"code":"BadToken"}"#, false),
            (403, r#"{"success":false,"code":"AccessDenied"}"#, false),
            (500, r#"{"success":false,"code":"BadToken"}"#, false),
            (200, r#"{"success":false,"code":"BadToken"}"#, false),
        ] {
            let mut reply = Response::new(Bytes::from_static(body.as_bytes()));
            *reply.status_mut() = StatusCode::from_u16(status).unwrap();
            assert_eq!(Reply::new(&reply).says_key_is_dead(), dead, "{status} {body}");
        }
    }
}
