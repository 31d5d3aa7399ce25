//! A user's key as a client for Komerza's API.

use super::{
    Error, ErrorKind, InStore, RequestBuilder, Store, StoreId, User,
    came_from::CameFrom,
    pace::{Lane, Priority},
};
use crate::api::scopes;
use crate::{
    context::Context,
    hooks::Revoked,
    secret::ApiKey,
    store::{KeyFingerprint, StoredToken, TokenVersion},
    telemetry::log,
    user::UserId,
};
use http::{HeaderValue, Method};
use std::{
    fmt,
    sync::{Arc, OnceLock, atomic::Ordering},
    time::Duration,
};

/// A user's API key as a client. Handlers take it as an argument.
///
/// In axum it is an extractor. Without axum use [`from_parts`](Self::from_parts). Outside of
/// requests use [`client_for`](crate::KomerzaConnectLayer::client_for). A clone is cheap. The
/// client sends the key only to the configured API, with the app's User-Agent, and does not follow
/// redirects.
///
/// All clones and all requests of the process that use one key share one bucket. A call that finds
/// no token waits in a queue. So Komerza does not throttle the user; see
/// [`ClientLimits`](crate::config::ClientLimits).
///
/// If Komerza says that the key is revoked, the call fails and the key's record is removed. A newer
/// record stays.
///
/// ```
/// use komerza_connect::{ApiKey, KomerzaConnectLayer, MemoryStore, StoredToken, TokenStore, UserId};
/// use komerza_sandbox::Sandbox;
///
/// # tokio::runtime::Runtime::new()?.block_on(async {
/// let (sandbox, alice) = (Sandbox::start().await?, UserId::new("alice")?);
/// let store = MemoryStore::default();
/// store.save(&alice, &StoredToken::new(ApiKey::new(sandbox.issue_key()?)?)?).await?;
/// let connect = KomerzaConnectLayer::new(sandbox.config("http://127.0.0.1:3000/komerza/callback")?, store)?;
///
/// let komerza = connect.client_for(&alice).await?; // in a handler: an argument of this type
/// let stores = komerza.stores().await?;
/// assert_eq!(stores.len(), 2);
/// let first = stores.first().ok_or("no store")?;
/// let mut orders = komerza.in_store(&first.id).orders().items();
/// while let Some(order) = orders.next().await {
///     assert!(!order?.currency_code.is_empty());
/// }
///
/// // The user removes the app at Komerza: the next call says so, and the record goes.
/// sandbox.revoke_all();
/// let error = komerza.stores().await.err().ok_or("a dead key worked")?;
/// assert!(error.is_revoked());
/// assert!(connect.client_for(&alice).await.is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(()) })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct KomerzaKey {
    pub(super) inner: Arc<Inner>,
}

pub(super) struct Inner {
    pub(super) context: Arc<Context>,
    user: UserId,
    key: ApiKey,
    version: TokenVersion,
    fingerprint: KeyFingerprint,
    pub(super) came_from: Option<CameFrom>,
    /// Looked up at the first call, so that taking a key out of a request costs nothing more.
    lane: OnceLock<Arc<Lane>>,
    bearer: OnceLock<HeaderValue>,
}

impl KomerzaKey {
    pub(crate) fn new(context: Arc<Context>, user: UserId, token: &StoredToken, key: ApiKey) -> Self {
        let inner = Inner {
            context,
            user,
            key,
            version: *token.version(),
            fingerprint: token.fingerprint(),
            came_from: None,
            lane: OnceLock::new(),
            bearer: OnceLock::new(),
        };
        Self { inner: Arc::new(inner) }
    }

    /// The same key, which knows the request that it was taken from.
    pub(crate) fn taken_from(mut self, parts: &http::request::Parts) -> Self {
        // It was just made, and nobody else holds it.
        if let Some(inner) = Arc::get_mut(&mut self.inner) {
            inner.came_from = Some(CameFrom::new(parts));
        }
        self
    }

    /// The user of the key.
    #[must_use]
    pub fn user_id(&self) -> &UserId {
        &self.inner.user
    }

    /// The key itself, for calls that this client does not make.
    #[must_use]
    pub fn api_key(&self) -> &ApiKey {
        &self.inner.key
    }

    /// A short hash of the key, for logs and pages.
    #[must_use]
    pub fn fingerprint(&self) -> KeyFingerprint {
        self.inner.fingerprint
    }

    /// `GET path`. The path is below the API's base, such as `/stores/{id}/products`.
    pub fn get(&self, path: &str) -> RequestBuilder {
        self.request(Method::GET, path)
    }

    /// `POST path`.
    pub fn post(&self, path: &str) -> RequestBuilder {
        self.request(Method::POST, path)
    }

    /// `PUT path`.
    pub fn put(&self, path: &str) -> RequestBuilder {
        self.request(Method::PUT, path)
    }

    /// `PATCH path`.
    pub fn patch(&self, path: &str) -> RequestBuilder {
        self.request(Method::PATCH, path)
    }

    /// `DELETE path`.
    pub fn delete(&self, path: &str) -> RequestBuilder {
        self.request(Method::DELETE, path)
    }

    /// A call with any method.
    ///
    /// The path is checked when the request is sent. A path that leaves the API is an error, and
    /// nothing is sent.
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        RequestBuilder::new(self.clone(), method, path)
    }

    pub(super) fn endpoint(
        &self,
        method: Method,
        template: &'static str,
        ids: &[&str],
        scope: &'static str,
    ) -> RequestBuilder {
        RequestBuilder::to(self.clone(), method, template, ids, Some(scope))
    }

    /// Loads the account of the key. Needs the scope `user.view`.
    ///
    /// # Errors
    /// Same as [`RequestBuilder::fetch`].
    pub async fn user(&self) -> Result<User, Error> {
        self.endpoint(Method::GET, "/user", &[], scopes::USER_VIEW).fetch().await
    }

    /// Loads the stores that the user approved. Register your app with the scope `user.view`.
    ///
    /// 1. It calls `GET /stores`, as a sample in Komerza's documentation does. The API's own
    ///    description does not have this call.
    /// 2. If that call is missing (404, 405), denied (403) or not for keys (`OAuthLoginRequired`),
    ///    it reads the stores from `GET /user`. After a 404 or 405 later calls start here.
    ///
    /// # Errors
    /// Same as [`RequestBuilder::fetch`]. [`AccessDenied`](ErrorKind::AccessDenied) names the scope
    /// `user.view`.
    pub async fn stores(&self) -> Result<Vec<Store>, Error> {
        let in_user = &self.inner.context.api.stores_in_user;
        if !in_user.load(Ordering::Relaxed) {
            let missing = match RequestBuilder::to(self.clone(), Method::GET, "/stores", &[], None).fetch_list().await {
                Err(error) if matches!(error.status().map(|status| status.as_u16()), Some(404 | 405)) => true,
                // This key alone may not, and `GET /user` says which scope it lacks.
                Err(error) if matches!(error.kind(), ErrorKind::AccessDenied | ErrorKind::LoginRequired) => false,
                answered => return answered,
            };
            let stores = self.user().await?.stores;
            // Only what has worked is remembered: a 404 alone may come from something in between.
            if missing {
                in_user.store(true, Ordering::Relaxed);
            }
            return Ok(stores);
        }
        Ok(self.user().await?.stores)
    }

    /// Loads one store. Needs the scope `stores.view`.
    ///
    /// # Errors
    /// Same as [`RequestBuilder::fetch`].
    pub async fn store(&self, id: impl Into<StoreId>) -> Result<Store, Error> {
        let id = id.into();
        self.endpoint(Method::GET, "/stores/{}", &[id.as_str()], scopes::STORES_VIEW).fetch().await
    }

    /// The calls inside one store: products, orders, customers and the rest.
    #[must_use]
    pub fn in_store(&self, id: impl Into<StoreId>) -> InStore {
        InStore::new(self.clone(), id.into())
    }

    /// How many calls could be sent at once without waiting, as this process knows; [`u32::MAX`] when pacing is off.
    #[must_use]
    pub fn remaining(&self) -> u32 {
        self.lane().remaining(self.inner.context.clock.elapsed())
    }

    /// How long a call of [`Priority::Page`] made now would wait for its turn: zero when there is a token, [`Duration::MAX`] for
    /// ever.
    #[must_use]
    pub fn wait_estimate(&self) -> Duration {
        self.lane().wait_estimate(Priority::Page, self.inner.context.clock.elapsed())
    }

    pub(super) fn lane(&self) -> &Arc<Lane> {
        let Inner { context, key, lane, .. } = &*self.inner;
        lane.get_or_init(|| context.pacer.lane(key, &*context.clock))
    }

    pub(super) fn bearer(&self) -> Result<HeaderValue, Error> {
        if let Some(known) = self.inner.bearer.get() {
            return Ok(known.clone());
        }
        let mut bearer = HeaderValue::from_str(&format!("Bearer {}", self.inner.key.expose_secret()))
            .map_err(|error| Error::caused_by(super::ErrorKind::BadRequest, error))?;
        bearer.set_sensitive(true);
        Ok(self.inner.bearer.get_or_init(|| bearer).clone())
    }

    /// Removes the record of a dead key, if it is still this one.
    pub(super) async fn forget(&self) {
        let Inner { context, user, version, fingerprint, .. } = &*self.inner;
        match context.delete_if(user, version).await {
            Ok(true) => {
                crate::telemetry::metrics::revoked();
                log::info!(%fingerprint, "the key was revoked; its record is removed");
                let event = Revoked { user: user.clone(), fingerprint: *fingerprint, version: *version };
                context.hook(context.hooks.revoked(&event)).await;
            }
            Ok(false) => log::debug!(%fingerprint, "the record of a revoked key was already replaced or removed"),
            Err(error) => {
                log::warn!(%fingerprint, error = %crate::telemetry::log::chain(&error), "the record of a revoked key could not be removed")
            }
        }
    }
}

impl fmt::Debug for KomerzaKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KomerzaKey").field("fingerprint", &self.inner.fingerprint).finish_non_exhaustive()
    }
}
