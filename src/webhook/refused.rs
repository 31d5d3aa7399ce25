//! Why a request is no delivery.

use axum_core::{body::Body, response::IntoResponse};
use http::{HeaderValue, Response, StatusCode, header::CACHE_CONTROL};
use std::fmt;

/// Why a request was not taken for a delivery of Komerza.
///
/// Its answer is a status without a body: Komerza may show the body of an answer to the buyer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Refused {
    kind: RefusedKind,
}

/// The sort of a [`Refused`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RefusedKind {
    /// The request has none of the headers that can hold a signature. Anybody can send that. If Komerza did,
    /// set the name of its header with [`headers`](super::Verifier::headers).
    ///
    /// Code `no_signature`, status 403.
    NoSignature,
    /// The header is there twice, or its value is no HMAC-SHA256 in hexadecimal digits or base64.
    ///
    /// Code `malformed_signature`, status 400.
    MalformedSignature,
    /// The signature does not fit the body. Either the secret is wrong, or something between Komerza and the
    /// app changed the body, or the request is forged.
    ///
    /// Code `wrong_signature`, status 403.
    WrongSignature,
    /// The body is longer than [`body_limit`](super::Verifier::body_limit).
    ///
    /// Code `body_too_large`, status 413.
    BodyTooLarge,
    /// The connection ended before the body did.
    ///
    /// Code `body_unread`, status 400.
    BodyUnread,
}

impl RefusedKind {
    /// The code that log events carry.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::NoSignature => "no_signature",
            Self::MalformedSignature => "malformed_signature",
            Self::WrongSignature => "wrong_signature",
            Self::BodyTooLarge => "body_too_large",
            Self::BodyUnread => "body_unread",
        }
    }
}

impl Refused {
    pub(super) fn new(kind: RefusedKind) -> Self {
        Self { kind }
    }

    /// The sort of refusal.
    #[must_use]
    pub fn kind(&self) -> RefusedKind {
        self.kind
    }

    /// The status of the answer.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        match self.kind {
            RefusedKind::NoSignature | RefusedKind::WrongSignature => StatusCode::FORBIDDEN,
            RefusedKind::MalformedSignature | RefusedKind::BodyUnread => StatusCode::BAD_REQUEST,
            RefusedKind::BodyTooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        }
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.kind {
            RefusedKind::NoSignature => "the request has no signature",
            RefusedKind::MalformedSignature => "the signature is no HMAC-SHA256 in hexadecimal digits or base64",
            RefusedKind::WrongSignature => "the signature does not fit the body",
            RefusedKind::BodyTooLarge => "the body is longer than the limit",
            RefusedKind::BodyUnread => "the body could not be read to its end",
        })
    }
}

impl std::error::Error for Refused {}

impl IntoResponse for Refused {
    fn into_response(self) -> Response<Body> {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = self.status();
        response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        response
    }
}
