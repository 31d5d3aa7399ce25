//! The key out of a request.

use crate::{KomerzaKey, Rejection, context::Context, identity::Caller, service::Handle, user::UserId};
use http::request::Parts;
use std::sync::Arc;

/// The look-up of this request, so that the store is asked once however many ask for the key.
#[derive(Clone)]
struct Found {
    context: Arc<Context>,
    caller: Who,
}

/// Whom the look-up found.
#[derive(Clone)]
enum Who {
    Nobody,
    NotConnected,
    Connected(KomerzaKey),
}

impl KomerzaKey {
    /// The key of the user who sent the request, from the head of any request that came through the layer.
    ///
    /// Asks who the user is and reads the store, each once per request, however many ask; only after an error does the next one
    /// ask again. In axum handlers take [`KomerzaKey`] or `Option<KomerzaKey>` as an argument instead.
    ///
    /// # Errors
    /// A [`Rejection`], which knows how to answer: not connected, nobody signed in, the look-up or the store failed, no layer.
    pub async fn from_parts(parts: &mut Parts) -> Result<Self, Rejection> {
        let Found { context, caller } = find(parts).await?;
        match caller {
            Who::Connected(key) => Ok(key),
            Who::NotConnected => Err(Rejection::not_connected(parts, &context)),
            Who::Nobody => Err(Rejection::not_signed_in(parts, &context)),
        }
    }

    /// As [`from_parts`](Self::from_parts), with `None` for a user who is not connected, or where nobody is signed in. All else stays
    /// an error: a store that is down is never "not connected".
    ///
    /// # Errors
    /// As there.
    pub async fn from_parts_if_connected(parts: &mut Parts) -> Result<Option<Self>, Rejection> {
        match find(parts).await?.caller {
            Who::Connected(key) => Ok(Some(key)),
            Who::NotConnected | Who::Nobody => Ok(None),
        }
    }

    /// The key of a user, from the store.
    pub(crate) async fn load(context: &Arc<Context>, user: &UserId) -> Result<Option<Self>, Rejection> {
        let Some(token) = context.load(user).await.map_err(Rejection::store)? else { return Ok(None) };
        let key = token.api_key().map_err(Rejection::store)?.clone();
        Ok(Some(Self::new(Arc::clone(context), user.clone(), &token, key)))
    }
}

/// Looks up who asks and what the store has, or finds what was looked up before.
async fn find(parts: &mut Parts) -> Result<Found, Rejection> {
    let Some(Handle(context)) = parts.extensions.get::<Handle>().cloned() else {
        return Err(Rejection::layer_missing());
    };
    // Of this very layer: another one further out has other keys.
    if let Some(found) = parts.extensions.get::<Found>().filter(|found| Arc::ptr_eq(&found.context, &context)) {
        return Ok(found.clone());
    }
    let caller = context.identify(parts).await.map_err(|failure| Rejection::failed(&failure))?;
    let key = match caller.user_id() {
        Some(user) => KomerzaKey::load(&context, &user).await?.map(|key| key.taken_from(parts)),
        None => None,
    };
    let caller = match (caller, key) {
        (Caller::Nobody, _) => Who::Nobody,
        (_, None) => Who::NotConnected,
        (_, Some(key)) => Who::Connected(key),
    };
    let found = Found { context, caller };
    parts.extensions.insert(found.clone());
    Ok(found)
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
