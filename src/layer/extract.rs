//! Gets the key of a request.

use crate::{
    api::KomerzaKey,
    config::Place,
    context::Context,
    layer::{Rejection, service::Handle},
    site::{caller::Caller, order},
    user::UserId,
};
use http::request::Parts;
use std::sync::Arc;

/// The result of the look-up for a request.
#[derive(Clone)]
pub(crate) enum Found {
    Nobody,
    NotConnected,
    Connected(KomerzaKey),
}

impl KomerzaKey {
    /// Returns the key of the user who sent the request.
    ///
    /// The request must have passed through the layer. The user look-up and the store are each
    /// called once per request, even if the key is asked for several times. After an error the next
    /// call asks again. In axum handlers take [`KomerzaKey`] or `Option<KomerzaKey>` as an argument
    /// instead.
    ///
    /// # Errors
    /// A [`Rejection`] if the user is not connected, nobody is signed in, the look-up or the store
    /// failed, or the layer is missing. It can be returned as the answer.
    pub async fn from_parts(parts: &mut Parts) -> Result<Self, Rejection> {
        let (context, found) = find(parts).await?;
        match found {
            Found::Connected(key) => Ok(key),
            Found::NotConnected => Err(Rejection::not_connected(parts, &context)),
            Found::Nobody => Err(Rejection::not_signed_in(parts, &context)),
        }
    }

    /// Same as [`from_parts`](Self::from_parts), but returns `None` if there is no connected user.
    ///
    /// Other failures are still errors. A store that is down is never "not connected".
    ///
    /// # Errors
    /// A [`Rejection`] if the look-up or the store failed, or the layer is missing.
    pub async fn from_parts_if_connected(parts: &mut Parts) -> Result<Option<Self>, Rejection> {
        match find(parts).await? {
            (_, Found::Connected(key)) => Ok(Some(key)),
            (_, Found::NotConnected | Found::Nobody) => Ok(None),
        }
    }

    /// Loads the key of a user from the store.
    pub(crate) async fn load(context: &Arc<Context>, user: &UserId) -> Result<Option<Self>, Rejection> {
        let Some(token) = context.load(user).await.map_err(Rejection::store)? else { return Ok(None) };
        let key = token.api_key().map_err(Rejection::store)?.clone();
        Ok(Some(Self::new(Arc::clone(context), user.clone(), &token, key)))
    }
}

/// Identifies the user and reads the store, unless this request has done so before.
async fn find(parts: &mut Parts) -> Result<(Arc<Context>, Found), Rejection> {
    let Some(Handle { context, found }) = parts.extensions.get::<Handle>().cloned() else {
        return Err(Rejection::layer_missing());
    };
    if let Some(found) = found {
        return Ok((context, found));
    }
    let caller = context.identify(parts).await.map_err(|failure| Rejection::failed(&failure))?;
    order::notice(&context.config, Place::Handler, &parts.headers, &caller);
    let found = match caller {
        Caller::Nobody => Found::Nobody,
        caller => match caller.user_id() {
            Some(user) => KomerzaKey::load(&context, &user)
                .await?
                .map_or(Found::NotConnected, |key| Found::Connected(key.taken_from(parts))),
            None => Found::NotConnected,
        },
    };
    // The look-up of the user had the whole head, and may have taken the handle away.
    parts.extensions.get_or_insert_with(|| Handle { context: Arc::clone(&context), found: None }).found =
        Some(found.clone());
    Ok((context, found))
}

#[cfg(feature = "axum")]
mod axum_extractor {
    use super::{KomerzaKey, Parts, Rejection};
    use axum::extract::{FromRequestParts, OptionalFromRequestParts};

    impl<S: Send + Sync> FromRequestParts<S> for KomerzaKey {
        type Rejection = Rejection;

        async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
            Self::from_parts(parts).await
        }
    }

    impl<S: Send + Sync> OptionalFromRequestParts<S> for KomerzaKey {
        type Rejection = Rejection;

        async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Option<Self>, Self::Rejection> {
            Self::from_parts_if_connected(parts).await
        }
    }
}
