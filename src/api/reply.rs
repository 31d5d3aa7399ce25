//! Whether a reply of the API says that the key is revoked or invalid.

use crate::{provider, wire::Envelope};
use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode, header::WWW_AUTHENTICATE};

/// Whether a reply of the API says that its key is revoked or invalid. This is the crate's default rule;
/// [`with_revocation`](crate::KomerzaConnectLayer::with_revocation) replaces it. Only a 401 can say so, in
/// one of two forms:
///
/// 1. The reply has Komerza's envelope (`{success, message, code, data}`), with the code `BadToken` or
///    without a code. Upper and lower case are the same.
/// 2. The reply has no envelope, but the header `WWW-Authenticate: Bearer error="invalid_token"`. Servers
///    like Komerza's refuse a key in this way before they read the request.
///
/// The code `OAuthLoginRequired` means that the key is valid but the endpoint does not accept keys. A 403
/// means that a right is missing. An HTML page comes from a proxy, which knows nothing about keys.
///
/// # Source
/// docs.komerza.com: "revoked" is a listed cause of `401 BadToken`. RFC 6750, section 3.1, for the header.
#[must_use]
pub fn says_key_is_dead(reply: &Response<Bytes>) -> bool {
    if reply.status() != StatusCode::UNAUTHORIZED {
        return false;
    }
    match Envelope::open(reply.body()) {
        Ok(envelope) => {
            let code = provider::code_letters(envelope.code.as_deref().unwrap_or_default());
            !envelope.success && matches!(code.as_str(), "" | "badtoken")
        }
        Err(_) => reply.headers().get_all(WWW_AUTHENTICATE).iter().any(says_invalid_token),
    }
}

/// RFC 6750, section 3: the scheme `Bearer`, and among its parameters `error="invalid_token"`.
fn says_invalid_token(challenge: &HeaderValue) -> bool {
    let challenge = challenge.to_str().unwrap_or_default().to_ascii_lowercase();
    let Some(parameters) = challenge.trim_start().strip_prefix("bearer ") else { return false };
    parameters
        .split(',')
        .filter_map(|parameter| parameter.split_once('='))
        .any(|(name, value)| name.trim() == "error" && value.trim().trim_matches('"') == "invalid_token")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn t50_t74_a_dead_key_is_a_401_in_the_envelope_or_one_that_names_the_token() {
        for (status, body, dead) in [
            (401, r#"{"success":false,"code":"BadToken"}"#, true),
            (401, r#"{"success":false,"code":"bad_token"}"#, true),
            (401, r#"{"success":false,"code":"BADTOKEN"}"#, true),
            (401, "\u{feff}{\"success\":false,\"code\":\"BadToken\"}", true),
            (401, r#"{"success":false}"#, true),
            (401, r#"{"success":false,"code":""}"#, true),
            (401, r#"{"success":false,"code":"oauth_login_required"}"#, false),
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
            let mut reply = Response::new(Bytes::from_static(body.as_bytes()));
            *reply.status_mut() = StatusCode::from_u16(status).unwrap();
            assert_eq!(says_key_is_dead(&reply), dead, "{status} {body}");
        }
        for (status, challenge, body, dead) in [
            (401, "Bearer error=\"invalid_token\"", "", true),
            (401, "Bearer error=\"invalid_token\", error_description=\"The token expired\"", "", true),
            (401, "bearer realm=\"api\", Error=invalid_token", "", true),
            (401, "Bearer error=\"invalid_token\"", r#"{"success":false,"code":"OAuthLoginRequired"}"#, false),
            (401, "Bearer", "", false),
            (401, "Bearer error=\"insufficient_scope\"", "", false),
            (401, "Bearer error_description=\"invalid_token\"", "", false),
            (401, "Basic error=\"invalid_token\"", "", false),
            (403, "Bearer error=\"invalid_token\"", "", false),
        ] {
            let mut reply = Response::new(Bytes::from_static(body.as_bytes()));
            *reply.status_mut() = StatusCode::from_u16(status).unwrap();
            reply.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static(challenge));
            assert_eq!(says_key_is_dead(&reply), dead, "{status} {challenge} {body}");
        }
    }
}
