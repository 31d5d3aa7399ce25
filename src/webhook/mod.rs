//! Requests that Komerza sends to your app: webhooks, which report events, and dynamic deliveries, which ask
//! your app for the goods of an order.
//!
//! Komerza signs the body of such a request with a secret that it shares with you. A [`Verifier`] checks the
//! signature, and a [`Delivery`] is a body that passed. The rules:
//!
//! 1. The body is read as raw bytes, up to a [limit](Verifier::body_limit). A longer body is refused.
//! 2. The signature is in `X-Signature`, or else in `X-Komerza-Signature`. [`Verifier::headers`] sets other
//!    names. The first header of this list that the request has is used. If the request has this header
//!    twice, it is refused.
//! 3. The signature is an HMAC-SHA256 of the body: 64 hexadecimal digits or 44 characters of base64, with or
//!    without `sha256=` in front. Upper and lower case are the same in hexadecimal digits and in `sha256=`.
//! 4. The signature is compared in constant time.
//!
//! **Nothing here is proven against the live service.** Komerza's documentation names HMAC-SHA256 and
//! `X-Signature` for dynamic deliveries. It does not say how the signature is encoded, and says nothing about
//! the header of webhooks or the names of their events. The [guide](crate::guide::webhooks) lists what is known
//! and what is assumed.
//!
//! # Example
//!
//! The app itself delivers what a buyer orders. The text of its answer is what the buyer receives.
//!
//! ```
//! use axum::{Router, body::Body, http::Request, routing::post};
//! use komerza_connect::webhook::{Delivery, Verifier};
//! # use tower::ServiceExt;
//!
//! async fn deliver(delivery: Delivery) -> String {
//!     let order: serde_json::Value = delivery.json().unwrap_or_default();
//!     format!("Your licence for store {}", order["storeId"].as_str().unwrap_or("?"))
//! }
//!
//! let verifier = Verifier::new("obviously-fake-webhook-secret")?;
//! let app = Router::new().route("/deliver", post(deliver)).with_state(verifier.clone());
//!
//! # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
//! // What Komerza would send; a test can sign as Komerza does.
//! let body = r#"{"storeId":"s-1"}"#;
//! let signed = Request::post("/deliver").header("X-Signature", verifier.sign(body)).body(Body::from(body))?;
//! let answer = app.clone().oneshot(signed).await?;
//! assert_eq!(axum::body::to_bytes(answer.into_body(), 100).await?, "Your licence for store s-1");
//!
//! // Anybody else is refused before the handler runs.
//! let forged = Request::post("/deliver").header("X-Signature", "0".repeat(64)).body(Body::from(body))?;
//! assert_eq!(app.oneshot(forged).await?.status(), 403);
//! # Ok::<(), Box<dyn std::error::Error>>(()) })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod delivery;
mod refused;
mod signature;
mod verifier;

pub use delivery::{Delivery, Unreadable};
pub use refused::Refused;
#[cfg(feature = "__fuzzing")]
pub(crate) use signature::parse;
pub use verifier::Verifier;

#[cfg(test)]
mod tests;
