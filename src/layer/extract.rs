//! Gets the key of a request.

use super::service::{Found, Handle};
use super::{Rejection, RejectionKind, shared::Shared, way_back::visit_of};
use crate::failure::{Failure, FailureKind};
use crate::site::{caller::Caller, fetch_metadata, notices, visitor};
use crate::{api::KomerzaKey, config::Place, guard};
use http::{Method, request::Parts};
use std::sync::Arc;
use tokio::time::Instant;

impl KomerzaKey {
    /// Returns the key of the user who sent the request.
    ///
    /// The request must have passed through the layer. The user look-up and the store are each called once
    /// per request, even if the key is asked for several times. After an error the next call asks again. With
    /// axum, handlers can take [`KomerzaKey`] or `Option<KomerzaKey>` as an argument instead.
    ///
    /// # Errors
    /// A [`Rejection`] if the user is not connected, nobody is signed in, the look-up or the store
    /// failed, or the layer is missing. It can be returned as the answer.
    pub async fn from_parts(parts: &mut Parts) -> Result<Self, Rejection> {
        let (shared, found) = find(parts).await?;
        found.map_err(|kind| Rejection::no_key(kind, parts, &shared.core.config, &shared.site.jar.names))
    }

    /// Same as [`from_parts`](Self::from_parts), but returns `None` if there is no connected user.
    ///
    /// Other failures are still errors. A store that is down is never "not connected".
    ///
    /// # Errors
    /// A [`Rejection`] if the look-up or the store failed, or the layer is missing.
    pub async fn from_parts_optional(parts: &mut Parts) -> Result<Option<Self>, Rejection> {
        find(parts).await.map(|(_, found)| found.ok())
    }
}

/// Identifies the user and reads the store, unless this request has done so before.
async fn find(parts: &mut Parts) -> Result<(Arc<Shared>, Found), Rejection> {
    let Some(Handle { shared, found }) = parts.extensions.get::<Handle>().cloned() else {
        return Err(Rejection::new(RejectionKind::LayerMissing, parts));
    };
    if let Some(found) = found {
        return Ok((shared, found));
    }
    let (page, get) = (fetch_metadata::is_page(&parts.headers), parts.method == Method::GET);
    let look = Arc::clone(&shared.core.config.look);
    visitor::asks(visitor::Asked { page, get, renewal: None, retry_after: None, look });
    let looked_up = guard::caught("extractor", look_up(&shared, parts)).await;
    let found = looked_up
        .unwrap_or_else(|_| Err(Failure::new(FailureKind::Internal)))
        .map_err(|failure| Rejection::failed(failure, parts))?;
    // The look-up of the user had the whole head, and may have taken the handle away.
    parts.extensions.get_or_insert_with(|| Handle { shared: Arc::clone(&shared), found: None }).found =
        Some(found.clone());
    Ok((shared, found))
}

async fn look_up(shared: &Arc<Shared>, parts: &mut Parts) -> Result<Found, Failure> {
    let caller = shared.site.identify(parts).await?;
    notices::layer_order(&shared.core.config, Place::Handler, &parts.headers, caller.as_ref());
    let (user, session) = match caller {
        None => return Ok(Err(RejectionKind::NotSignedIn)),
        Some(Caller::User(user)) => (user, None),
        Some(Caller::Browser(None)) => return Ok(Err(RejectionKind::NotConnected)),
        Some(Caller::Browser(Some(session))) => (session.user_id(), Some(session)),
    };
    let key = match shared.core.load(&user).await? {
        // Made only here, because its clones would make the future of every look-up larger.
        Some(token) => shared.key(user, &token, Some(visit_of(parts, &shared.site.jar.names)))?,
        None => return Ok(Err(RejectionKind::NotConnected)),
    };
    if let Some(session) = session {
        for other in shared.site.jar.finished_sessions(&parts.headers, &shared.core, key.user_id()) {
            // Boxed: hardly ever needed, and larger than all the rest.
            Box::pin(shared.core.leave(&other)).await;
        }
        let renewal = shared.site.renewal(&parts.headers, &session);
        visitor::learns(|asked| asked.renewal = renewal.zip(Some(Instant::now())));
    }
    Ok(Ok(key))
}

#[cfg(feature = "axum")]
impl<S: Send + Sync> axum::extract::FromRequestParts<S> for KomerzaKey {
    type Rejection = Rejection;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        Self::from_parts(parts).await
    }
}

#[cfg(feature = "axum")]
impl<S: Send + Sync> axum::extract::OptionalFromRequestParts<S> for KomerzaKey {
    type Rejection = Rejection;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Option<Self>, Self::Rejection> {
        Self::from_parts_optional(parts).await
    }
}
