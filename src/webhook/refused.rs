//! Why a request was refused.

use crate::kinds::kinds;
use axum_core::{body::Body, response::IntoResponse};
use http::{Response, header::CACHE_CONTROL};
use std::fmt;

kinds! {
    /// Why a request was refused as a delivery from Komerza.
    ///
    /// As an answer it is a status without a body, because Komerza may show the body of an answer to the
    /// buyer.
    Refused
    /// The request has none of the headers that can hold a signature. Anybody can send such a request. If it
    /// comes from Komerza, set the name of its header with [`headers`](super::Verifier::headers).
    NoSignature = "no_signature", FORBIDDEN, "the request has no signature";
    /// The header is there twice, or its value is no HMAC-SHA256 in hexadecimal digits or base64.
    MalformedSignature = "malformed_signature", BAD_REQUEST,
        "the signature is no HMAC-SHA256 in hexadecimal digits or base64";
    /// The signature does not fit the body. Either the secret is wrong, or something between Komerza and the
    /// app changed the body, or the request is forged.
    WrongSignature = "wrong_signature", FORBIDDEN, "the signature does not fit the body";
    /// The body is longer than [`body_limit`](super::Verifier::body_limit).
    BodyTooLarge = "body_too_large", PAYLOAD_TOO_LARGE, "the body is longer than the limit";
    /// The connection ended before the whole body was received.
    BodyUnread = "body_unread", BAD_REQUEST, "the body could not be read to its end";
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.title())
    }
}

impl std::error::Error for Refused {}

impl IntoResponse for Refused {
    fn into_response(self) -> Response<Body> {
        (self.status(), [(CACHE_CONTROL, "no-store")]).into_response()
    }
}
