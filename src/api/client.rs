//! The client for Komerza's API with one key.

use super::{
    Error, ErrorKind, InStore, RequestBuilder, Store, StoreId, User, connection::Connection, key::Owner, path, scopes,
};
use crate::config::{self, ClientLimits, ConfigError, Limits};
use crate::pacing::{Lane, Party, Priority, SharedBuckets};
use crate::{provider, secret::ApiKey, store::KeyFingerprint, time::Clock};
use http::{HeaderValue, Method};
use std::sync::{Arc, OnceLock, atomic::Ordering};
use std::{fmt, time::Duration};

/// A client for Komerza with one API key, for scripts, jobs and tests.
///
/// Handlers use a [`KomerzaKey`](crate::KomerzaKey), which is such a client with its user. A clone
/// is cheap. The client sends the key only to the configured API, always with the User-Agent, and
/// does not follow redirects.
///
/// All clones and all clients of the process with the same key and the same limits share one bucket, so
/// Komerza does not throttle the user. See [`ClientLimits`].
///
/// ```
/// use komerza_connect::{ApiKey, api::Client};
/// use komerza_sandbox::Sandbox;
///
/// # tokio::runtime::Runtime::new()?.block_on(async {
/// let sandbox = Sandbox::start().await?;
/// let key = ApiKey::new(sandbox.issue_key()?)?;
/// // Against the real Komerza: Client::new(key, "nightly-report/1.0")?
/// let komerza = Client::builder(key, "nightly-report/1.0").api_url(sandbox.api_url()).build()?;
///
/// let stores = komerza.stores().await?;
/// assert_eq!(stores.len(), 2);
///
/// // Without a layer no record is removed and nobody is sent to the login: the call returns an error.
/// sandbox.revoke_all();
/// let error = komerza.stores().await.err().ok_or("a dead key worked")?;
/// assert!(error.is_revoked() && error.login_url().is_none());
/// # Ok::<(), Box<dyn std::error::Error>>(()) })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[doc(alias = "script")]
#[doc(alias = "background job")]
#[derive(Clone)]
pub struct Client {
    pub(super) inner: Arc<Inner>,
}

pub(super) struct Inner {
    pub(super) connection: Arc<Connection>,
    key: ApiKey,
    /// The user of the key. `None` without a layer.
    pub(super) owner: Option<Owner>,
    /// Set by the first call, so that a request that makes no call does not pay for it.
    lane: OnceLock<Arc<Lane>>,
}

impl Client {
    /// Makes a client for Komerza's API.
    ///
    /// Each client has its own connections. For many keys make one client and use
    /// [`with_key`](Self::with_key).
    ///
    /// # Errors
    /// [`ConfigError`] if `user_agent` is empty or not valid in a header, or if TLS cannot be set
    /// up.
    pub fn new(key: ApiKey, user_agent: impl Into<String>) -> Result<Self, ConfigError> {
        Self::builder(key, user_agent).build()
    }

    /// Same as [`new`](Self::new), with settings.
    pub fn builder(key: ApiKey, user_agent: impl Into<String>) -> ClientBuilder {
        let (user_agent, api_url) = (user_agent.into(), provider::API_URL.into());
        ClientBuilder { key, user_agent, api_url, limits: ClientLimits::default(), clock: None, shared: None }
    }

    pub(super) fn of(connection: Arc<Connection>, key: ApiKey, owner: Option<Owner>) -> Self {
        Self { inner: Arc::new(Inner { connection, key, owner, lane: OnceLock::new() }) }
    }

    /// Returns a client for another key with the same connections and settings.
    pub fn with_key(&self, key: ApiKey) -> Self {
        Self::of(Arc::clone(&self.inner.connection), key, None)
    }

    /// The key itself, for calls that you make without this client.
    #[must_use]
    pub fn api_key(&self) -> &ApiKey {
        &self.inner.key
    }

    /// A short hash of the key, for logs and pages.
    #[must_use]
    pub fn fingerprint(&self) -> KeyFingerprint {
        self.inner.key.fingerprint()
    }

    /// Begins a `GET` call. The path is below the API's base URL, such as `/stores/{id}/products`.
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
        let url = path::below(&self.inner.connection.base, path);
        RequestBuilder::new(self.clone(), method, url, path::template_of(path).into())
    }

    /// A known endpoint: a template such as `/stores/{}`, and what fills its gaps.
    pub(super) fn endpoint(
        &self,
        method: Method,
        template: &'static str,
        ids: &[&str],
        scope: &'static str,
    ) -> RequestBuilder {
        let url = path::fill(&self.inner.connection.base, template, ids);
        RequestBuilder { scope: Some(scope), ..RequestBuilder::new(self.clone(), method, url, template.into()) }
    }

    /// Loads the account of the key. Needs the scope `user.view`.
    ///
    /// # Errors
    /// Same as [`RequestBuilder::fetch`].
    pub async fn user(&self) -> Result<User, Error> {
        self.endpoint(Method::GET, "/user", &[], scopes::USER_VIEW).fetch().await
    }

    /// Loads the stores that the user approved. Register your app for the scope `user.view`.
    ///
    /// 1. The client calls `GET /stores`. A sample in Komerza's documentation uses it, but the OpenAPI
    ///    document does not list it.
    /// 2. If Komerza answers 404, 405, 403 or `OAuthLoginRequired`, the client reads the stores from `GET
    ///    /user`. After a 404 or 405 later calls start with this step.
    ///
    /// # Errors
    /// Same as [`RequestBuilder::fetch`]. [`AccessDenied`](ErrorKind::AccessDenied) names the scope
    /// `user.view`.
    pub async fn stores(&self) -> Result<Vec<Store>, Error> {
        let in_user = &self.inner.connection.stores_in_user;
        let mut missing = in_user.load(Ordering::Relaxed);
        if !missing {
            missing = match self.get("/stores").fetch_list().await {
                Err(error) if matches!(error.status().map(|status| status.as_u16()), Some(404 | 405)) => true,
                // Only this key is refused. `GET /user` says which scope it lacks.
                Err(error) if matches!(error.kind(), ErrorKind::AccessDenied | ErrorKind::LoginRequired) => false,
                answered => return answered,
            };
        }
        let stores = self.user().await?.stores;
        // Remembered only after `GET /user` worked: the 404 may have come from a proxy.
        in_user.fetch_or(missing, Ordering::Relaxed);
        Ok(stores)
    }

    /// Loads one store. Needs the scope `stores.view`.
    ///
    /// # Errors
    /// Same as [`RequestBuilder::fetch`].
    pub async fn store(&self, id: impl Into<StoreId>) -> Result<Store, Error> {
        self.endpoint(Method::GET, "/stores/{}", &[id.into().as_str()], scopes::STORES_VIEW).fetch().await
    }

    /// The calls inside one store: products, orders, customers and the rest.
    #[must_use]
    pub fn in_store(&self, id: impl Into<StoreId>) -> InStore {
        InStore { client: self.clone(), id: id.into() }
    }

    /// The number of calls that could be sent now without waiting, as far as this process knows. [`u32::MAX`]
    /// if pacing is off.
    #[must_use]
    pub fn remaining(&self) -> u32 {
        self.lane().remaining(self.inner.connection.clock.elapsed())
    }

    /// The time that a call of [`Priority::Page`](crate::pacing::Priority::Page) would wait for its turn if it
    /// was made now. Zero: there is a token. [`Duration::MAX`]: it would wait for ever.
    #[must_use]
    pub fn wait_estimate(&self) -> Duration {
        self.lane().wait_estimate(Party::Call(Priority::Page), self.inner.connection.clock.elapsed())
    }

    pub(super) fn lane(&self) -> &Arc<Lane> {
        let Inner { connection, key, lane, .. } = &*self.inner;
        lane.get_or_init(|| {
            let limits = &connection.limits;
            connection.pacer.of_key(key, limits.bucket, limits.buckets, &*connection.clock)
        })
    }

    pub(super) fn bearer(&self) -> Result<HeaderValue, Error> {
        let mut bearer = HeaderValue::from_str(&format!("Bearer {}", self.inner.key.expose_secret()))
            .map_err(|error| Error::caused_by(ErrorKind::BadRequest, error))?;
        bearer.set_sensitive(true);
        Ok(bearer)
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("fingerprint", &self.fingerprint()).finish_non_exhaustive()
    }
}

crate::kinds::shows! { ClientBuilder { api_url } }

/// Collects the settings of a [`Client`]; made by [`Client::builder`].
#[must_use = "nothing is made before `build`"]
pub struct ClientBuilder {
    key: ApiKey,
    user_agent: String,
    api_url: String,
    limits: ClientLimits,
    clock: Option<Arc<dyn Clock>>,
    shared: Option<Arc<dyn SharedBuckets>>,
}

impl ClientBuilder {
    /// Base URL of the API: https, or http on a loopback host. Default: `https://api.komerza.com`.
    pub fn api_url(mut self, url: impl Into<String>) -> Self {
        self.api_url = url.into();
        self
    }

    /// The limits of calls. Default: [`ClientLimits::default`].
    pub fn limits(mut self, limits: ClientLimits) -> Self {
        self.limits = limits;
        self
    }

    /// Replaces the clock, for tests.
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.clock = Some(Arc::new(clock));
        self
    }

    /// Shares the bucket of the key with other processes. Default: this process has its own.
    pub fn shared_buckets(mut self, buckets: impl SharedBuckets) -> Self {
        self.shared = Some(Arc::new(buckets));
        self
    }

    /// Checks everything and makes the client.
    ///
    /// # Errors
    /// Same as [`Client::new`]. Also if `api_url` is neither https nor on a loopback host.
    pub fn build(self) -> Result<Client, ConfigError> {
        let Self { key, user_agent, api_url, limits, clock, shared } = self;
        let (user_agent, base) = config::for_client(&user_agent, &api_url)?;
        let limits = Limits { client: limits, ..Limits::default() };
        let mut connection = Connection::new(&user_agent, base, &limits)?;
        if let Some(shared) = shared {
            connection.share_buckets(shared);
        }
        if let Some(clock) = clock {
            connection.set_clock(clock);
        }
        Ok(Client::of(Arc::new(connection), key, None))
    }
}
