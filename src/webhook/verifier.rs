//! The check of a signature.

use super::{delivery::Delivery, refused::Refused, signature};
use crate::message::{InvalidValue, NOT_VISIBLE_ASCII, made_of};
use crate::telemetry::{log, metrics};
use crate::{seal::Tags, wire};
use bytes::Bytes;
use http::{HeaderMap, HeaderName, Request};
use http_body::Body;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use std::{error::Error, sync::Arc};
use zeroize::Zeroizing;

const BODY_LIMIT: usize = 1_048_576;
const SECRET_MAX: usize = 16_384;

/// Checks that a request was signed with a secret that Komerza and this app share.
///
/// Clones share the secrets. The extractor [`Delivery`] takes it from the state of your axum app, with
/// `FromRef` if needed.
///
/// # Security
/// Use one verifier for one merchant. An app for several merchants gives each merchant a separate URL and
/// checks with that merchant's secret. With one verifier for all secrets, each merchant could sign for all
/// others.
///
/// ```
/// use komerza_connect::webhook::{Refused, Verifier};
/// use http::HeaderMap;
///
/// let verifier = Verifier::new("obviously-fake-webhook-secret")?;
/// let mut headers = HeaderMap::new();
/// headers.insert("x-signature", verifier.sign("{}").parse()?);
/// assert!(verifier.verify(&headers, b"{}").is_ok());
/// assert_eq!(verifier.verify(&headers, b"{ }"), Err(Refused::WrongSignature));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Verifier {
    secrets: Arc<Tags>,
    headers: Arc<[HeaderName]>,
    body_limit: usize,
}

impl Verifier {
    /// A verifier with one secret, as the Komerza dashboard shows it or as `POST /webhooks` returned it.
    ///
    /// # Errors
    /// [`InvalidValue`] for an empty text, one of more than 16,384 bytes, or one with a space or a control
    /// character. Such a text is probably a copying mistake. With it the verifier would refuse every request.
    pub fn new(secret: impl Into<String>) -> Result<Self, InvalidValue> {
        let headers = ["x-signature", "x-komerza-signature"].map(HeaderName::from_static);
        let empty = Self { secrets: Arc::default(), headers: headers.into(), body_limit: BODY_LIMIT };
        empty.or_secret(secret)
    }

    /// Accepts a second secret too, while you replace a secret.
    ///
    /// # Errors
    /// Same as [`new`](Self::new).
    pub fn or_secret(mut self, secret: impl Into<String>) -> Result<Self, InvalidValue> {
        let secret = Zeroizing::new(secret.into());
        let allowed = |letter: char| !letter.is_whitespace() && !letter.is_control();
        made_of(allowed, &secret, SECRET_MAX, &NOT_VISIBLE_ASCII)?;
        self.secrets = Arc::new(Tags::clone(&self.secrets).and(secret.as_bytes()));
        Ok(self)
    }

    /// The headers that can hold the signature. The first one that a request has is used, and all others are
    /// ignored. Default: `X-Signature`, `X-Komerza-Signature`.
    #[must_use]
    pub fn headers(mut self, names: impl IntoIterator<Item = HeaderName>) -> Self {
        self.headers = names.into_iter().collect();
        self
    }

    /// Largest body that is read, in bytes. Default: 1,048,576. Zero: only empty bodies are
    /// accepted.
    #[must_use]
    pub fn body_limit(mut self, bytes: usize) -> Self {
        self.body_limit = bytes;
        self
    }

    /// Checks the signature in these headers against the raw bytes of a body.
    ///
    /// # Errors
    /// [`Refused::NoSignature`], [`Refused::MalformedSignature`] or [`Refused::WrongSignature`]. Answer with
    /// it, and do nothing else.
    pub fn verify(&self, headers: &HeaderMap, body: &[u8]) -> Result<(), Refused> {
        let given = self.signature_in(headers)?;
        // An attacker may learn which of several secrets fits. Each comparison takes constant time.
        if self.secrets.verify(body, &given) { Ok(()) } else { Err(refuse(Refused::WrongSignature)) }
    }

    /// Reads the body of a request and checks its signature. The extractor [`Delivery`] does the same.
    ///
    /// A request without a well-formed signature is refused before its body is read.
    ///
    /// # Errors
    /// [`Refused`], for any reason. Answer with it, and do nothing else.
    pub async fn receive<B>(&self, request: Request<B>) -> Result<Delivery, Refused>
    where
        B: Body<Data = Bytes>,
        B::Error: Into<Box<dyn Error + Send + Sync>>,
    {
        let (parts, body) = request.into_parts();
        self.signature_in(&parts.headers)?;
        if usize::try_from(body.size_hint().lower()).map_or(true, |bytes| bytes > self.body_limit) {
            return Err(refuse(Refused::BodyTooLarge));
        }
        let collected = Limited::new(body, self.body_limit).collect().await;
        let body = collected.map_err(|error| {
            // A layer of the app may have its own limit for bodies. Its error is then a cause of the body's
            // error.
            let too_long = wire::cause::<LengthLimitError>(&*error).is_some();
            refuse(if too_long { Refused::BodyTooLarge } else { Refused::BodyUnread })
        })?;
        let delivery = Delivery { headers: parts.headers, body: body.to_bytes() };
        self.verify(&delivery.headers, &delivery.body)?;
        Ok(delivery)
    }

    /// The signature of a body with the first secret, in hexadecimal digits. For tests.
    #[must_use]
    pub fn sign(&self, body: impl AsRef<[u8]>) -> String {
        let tag = self.secrets.sign(body.as_ref()).unwrap_or_default();
        tag.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    fn signature_in(&self, headers: &HeaderMap) -> Result<[u8; signature::BYTES], Refused> {
        let name = self.headers.iter().find(|name| headers.contains_key(*name));
        let mut values = name.into_iter().flat_map(|name| headers.get_all(name));
        match (values.next(), values.next()) {
            (None, _) => Err(refuse(Refused::NoSignature)),
            (Some(value), None) => {
                signature::parse(value.as_bytes()).ok_or_else(|| refuse(Refused::MalformedSignature))
            }
            (Some(_), Some(_)) => Err(refuse(Refused::MalformedSignature)),
        }
    }
}

fn refuse(refused: Refused) -> Refused {
    log::info!(code = refused.code(), "a delivery was refused");
    metrics::refused("webhook", refused.code());
    refused
}

crate::kinds::shows! { Verifier { headers, body_limit } }
