//! The extractor for handlers.

use super::{delivery::Delivery, refused::Refused, verifier::Verifier};
use axum_core::extract::{FromRef, FromRequest, Request};

impl<S> FromRequest<S> for Delivery
where
    S: Send + Sync,
    Verifier: FromRef<S>,
{
    type Rejection = Refused;

    async fn from_request(request: Request, state: &S) -> Result<Self, Refused> {
        Verifier::from_ref(state).receive(request).await
    }
}
