//! A request with a correct signature.

use super::{Refused, Verifier};
use crate::strict_json;
use axum_core::extract::{FromRef, FromRequest, Request};
use bytes::Bytes;
use http::HeaderMap;
use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};
use std::fmt;

/// A request from Komerza with a correct signature: its headers and its raw body.
///
/// In axum, a handler takes it as its last argument. The app's state must be a [`Verifier`](super::Verifier),
/// or provide one through `FromRef`. Elsewhere call [`Verifier::receive`](super::Verifier::receive) or
/// [`Verifier::verify`](super::Verifier::verify).
///
/// # Security
/// The signature contains no time, so anybody who saw a delivery can send it again. Do the work once for each
/// [`digest`](Self::digest), and answer a repeated delivery with the first result. `Debug` shows no part of
/// the body, which may be about customers and what they bought.
#[derive(Clone)]
pub struct Delivery {
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
}

impl Delivery {
    /// The body, byte for byte as it was signed.
    #[must_use]
    pub fn body(&self) -> &Bytes {
        &self.body
    }

    /// The headers of the request. They are not signed.
    #[must_use]
    pub fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// Reads the body as JSON into a type of your own, or into `serde_json::Value`.
    ///
    /// The fields are not documented. Declare as few as you need, and leave out the rest.
    ///
    /// # Errors
    /// [`Unreadable`] if the body is not a JSON object or does not fit that type.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, Unreadable> {
        strict_json::object(&self.body).map_err(|error| Unreadable(strict_json::why(&error)))
    }

    /// The SHA-256 of the body. A repeated delivery has the same one.
    #[must_use]
    pub fn digest(&self) -> [u8; 32] {
        Sha256::digest(&self.body).into()
    }
}

impl<S: Send + Sync> FromRequest<S> for Delivery
where
    Verifier: FromRef<S>,
{
    type Rejection = Refused;

    async fn from_request(request: Request, state: &S) -> Result<Self, Refused> {
        Verifier::from_ref(state).receive(request).await
    }
}

impl fmt::Debug for Delivery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Delivery").field("bytes", &self.body.len()).finish_non_exhaustive()
    }
}

/// The body is not the JSON that the type needs. The error's text contains no part of the body.
#[derive(Clone, PartialEq, Eq)]
pub struct Unreadable(String);

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the delivery cannot be read: {}", self.0)
    }
}

crate::kinds::readable!(Unreadable);
