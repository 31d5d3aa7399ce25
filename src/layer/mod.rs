//! The layer that an app adds to offer "Connect with Komerza".

#[cfg(feature = "axum")]
mod by_extractor;
mod extract;
#[cfg(feature = "axum")]
mod mount;
pub(crate) mod mounted;
mod records;
mod rejection;
mod service;
mod shared;
mod way_back;

pub use axum_core::body::Body;
#[cfg(feature = "axum")]
pub use by_extractor::{Answer, Now, by_extractor, by_extractor_with_state};
pub(crate) use mounted::check_look_up;
pub use mounted::{NotMounted, check_mounted, check_signed_in};
pub use records::Users;
pub use rejection::{Rejection, RejectionKind};
pub use service::{KomerzaConnect, KomerzaConnectFuture};
#[cfg(feature = "tracing")]
pub(crate) use way_back::original_uri;

use crate::config::{Config, ConfigError};
use crate::site::{IdentifyUser, Site};
use crate::{
    api::Connection, core::Core, hooks::Hooks, pacing::SharedBuckets, random::Randomness, store::TokenStore,
    time::Clock,
};
use bytes::Bytes;
use http::Response;
use shared::Shared;
use std::{sync::Arc, time::Duration};
use tower_layer::Layer;

/// Answers the login, callback, disconnect and status routes, and passes all other requests on.
///
/// Handlers behind the layer can take a [`KomerzaKey`](crate::KomerzaKey). A clone is cheap and shares
/// everything. The [crate's page](crate) gives the overview and says where to put the layer.
///
/// ```
/// use komerza_connect::{Config, KomerzaConnectLayer, MemoryStore};
///
/// let config = Config::builder()
///     .client_id("00000000-0000-4000-8000-000000000000")
///     .client_secret("s".repeat(72))
///     .redirect_uri("https://shop.example/komerza/callback")
///     .user_agent("MyApp/1.0")
///     .build()?;
/// let connect = KomerzaConnectLayer::new(config, MemoryStore::default())?;
/// assert_eq!(connect.config().login_path(), "/komerza/login");
/// # Ok::<(), komerza_connect::ConfigError>(())
/// ```
#[derive(Debug, Clone)]
#[must_use = "a layer does nothing until it is added to an app"]
pub struct KomerzaConnectLayer {
    pub(crate) shared: Arc<Shared>,
}

impl KomerzaConnectLayer {
    /// Makes a layer for one Komerza application that keeps its keys in `store`.
    ///
    /// By default a user is a browser session, tracked by a cookie that this crate sets. See
    /// [`with_user`](Self::with_user).
    ///
    /// # Errors
    /// [`ConfigError`] if the HTTP client cannot be built, for example if no TLS feature is on and
    /// the API's address is https.
    pub fn new(config: Config, store: impl TokenStore) -> Result<Self, ConfigError> {
        Ok(Self { shared: Arc::new(Shared::new(config, Arc::new(store))?) })
    }

    /// Makes keys belong to your app's users instead of browsers.
    ///
    /// `identify` returns the signed-in user of a request. If nobody is signed in, no login can
    /// start. If `identify` fails, the answer is 503. Add this layer after your routes and before
    /// your session layer, so that the session layer runs first. If the order is wrong, the log
    /// says so. In a closure write the type of its argument, as in the example.
    ///
    /// With axum you can use any extractor: see [`by_extractor`].
    ///
    /// ```
    /// use axum::{Router, body::Body, http::Request, routing::get};
    /// use komerza_connect::{ApiKey, KomerzaConnectLayer, KomerzaKey, MemoryStore, StoredToken, TokenStore, UserId};
    /// # use komerza_connect::Config;
    /// # use tower::ServiceExt;
    ///
    /// #[derive(Clone)]
    /// struct SignedIn(i64); // left in the extensions by the app's own middleware
    ///
    /// # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
    /// # let config = Config::builder().client_id("x").client_secret("s".repeat(72)).user_agent("MyApp/1.0")
    /// #     .redirect_uri("https://shop.example/komerza/callback").build()?;
    /// let store = MemoryStore::default();
    /// store.save(&UserId::from(7), &StoredToken::new(ApiKey::new("obviously-fake-key")?)?).await?;
    /// let connect = KomerzaConnectLayer::new(config, store)?
    ///     .with_user(|parts: &axum::http::request::Parts| parts.extensions.get::<SignedIn>().map(|user| UserId::from(user.0)));
    /// let app: Router = Router::new().route("/", get(|_: KomerzaKey| async { "connected" })).layer(connect);
    ///
    /// for (user, status) in [(Some(7), 200), (Some(8), 401), (None, 401)] {
    ///     let mut request = Request::get("/").body(Body::empty())?;
    ///     if let Some(id) = user {
    ///         request.extensions_mut().insert(SignedIn(id));
    ///     }
    ///     assert_eq!(app.clone().oneshot(request).await?.status(), status);
    /// }
    /// # Ok::<(), Box<dyn std::error::Error>>(()) })?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Security
    /// The caller gets the key of the user that `identify` returns. Use what your own session has
    /// verified, and never a plain header, cookie or parameter. Use an id that you never reuse,
    /// such as the row's id, and not an e-mail address. When you delete a user, call
    /// [`disconnect`](Self::disconnect). A store finds records by the user's id alone. Two layers
    /// with the same users overwrite each other's keys in one store, so give each its own table or
    /// prefix.
    #[doc(alias = "axum-login")]
    #[doc(alias = "tower-sessions")]
    pub fn with_user(self, identify: impl IdentifyUser) -> Self {
        self.changed(|site, _, _| site.identity = Some(Arc::new(identify)))
    }

    /// Sets the [`Hooks`] that run during a connection.
    ///
    /// ```
    /// use axum::{Router, body::Body};
    /// use http::{Request, Response};
    /// use komerza_connect::{Failure, FailureKind, Hooks, KomerzaConnectLayer, MemoryStore, async_trait};
    /// # use komerza_connect::Config;
    /// # use tower::ServiceExt;
    ///
    /// struct OurPage;
    ///
    /// #[async_trait]
    /// impl Hooks for OurPage {
    ///     async fn failed(&self, failure: &Failure) -> Option<Response<Body>> {
    ///         // For these kinds the crate has a better answer than a page.
    ///         if matches!(failure.kind(), FailureKind::Denied | FailureKind::NotSignedIn) {
    ///             return None;
    ///         }
    ///         let page = Response::builder().status(failure.kind().status()).header("content-type", "text/html");
    ///         // Without your own policy, the crate's policy blocks all styles and scripts.
    ///         let page = page.header("content-security-policy", "default-src 'self'; frame-ancestors 'none'");
    ///         page.body(Body::from(format!("<h1>Our shop</h1><p>{}", failure.kind().title()))).ok()
    ///     }
    /// }
    ///
    /// # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
    /// # let config = Config::builder().client_id("x").client_secret("s".repeat(72)).user_agent("MyApp/1.0")
    /// #     .redirect_uri("https://shop.example/komerza/callback").build()?;
    /// let connect = KomerzaConnectLayer::new(config, MemoryStore::default())?.with_hooks(OurPage);
    /// let app: Router = Router::new().layer(connect);
    /// let answer = app.oneshot(Request::get("/komerza/callback?state=none-of-ours").body(Body::empty())?).await?;
    /// assert_eq!(answer.status(), FailureKind::UnknownState.status());
    /// assert_eq!(answer.headers()["content-security-policy"], "default-src 'self'; frame-ancestors 'none'");
    /// assert_eq!(answer.headers()["cache-control"], "no-store"); // added
    /// # Ok::<(), Box<dyn std::error::Error>>(()) })?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn with_hooks(self, hooks: impl Hooks) -> Self {
        self.changed(|_, core, _| core.hooks = Arc::new(hooks))
    }

    /// Replaces the clock, for tests.
    pub fn with_clock(self, clock: impl Clock) -> Self {
        let clock: Arc<dyn Clock> = Arc::new(clock);
        self.changed(|_, core, api| {
            core.clock = Arc::clone(&clock);
            api.set_clock(clock);
        })
    }

    /// Replaces the source of random bytes, for tests.
    ///
    /// # Security
    /// States, session ids and nonces are made of these bytes; see [`Randomness`].
    pub fn with_randomness(self, randomness: impl Randomness) -> Self {
        let randomness: Arc<dyn Randomness> = Arc::new(randomness);
        self.changed(|_, core, api| (core.randomness, api.randomness) = (Arc::clone(&randomness), randomness))
    }

    /// Sets the rule that decides whether a reply means that its key is revoked.
    ///
    /// When the rule returns `true`, the key's record is removed. Default:
    /// [`says_key_is_dead`](crate::api::says_key_is_dead), which recognises a 401 in one of two forms. Set
    /// your own rule if Komerza changes its replies.
    ///
    /// ```
    /// use komerza_connect::{ErrorKind, KomerzaConnectLayer, UserId};
    /// use komerza_sandbox::Sandbox;
    ///
    /// # tokio::runtime::Runtime::new()?.block_on(async {
    /// let (sandbox, alice) = (Sandbox::start().await?, UserId::new("alice")?);
    /// let store = sandbox.connected(&alice).await?;
    /// let connect = KomerzaConnectLayer::new(sandbox.config("http://127.0.0.1:3000/komerza/callback")?, store)?
    ///     .with_revocation(|_| false); // no reply counts: this app removes records itself
    ///
    /// sandbox.revoke_all();
    /// let error = connect.client_for(&alice).await?.ok_or("not connected")?.stores().await.err().ok_or("a dead key worked")?;
    /// assert_eq!(error.kind(), ErrorKind::Refused);
    /// assert!(connect.client_for(&alice).await?.is_some(), "the record stays");
    /// # Ok::<(), Box<dyn std::error::Error>>(()) })?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Security
    /// A rule that matches too much disconnects users whose keys work. A 403, or an answer of a
    /// proxy, does not mean that a key is revoked.
    pub fn with_revocation(self, is_dead: impl Fn(&Response<Bytes>) -> bool + Send + Sync + 'static) -> Self {
        self.changed(|_, _, api| api.revocation = Arc::new(is_dead))
    }

    /// Sets how a client's address is read. Exchanges of new browsers are counted by this address.
    ///
    /// Set it when a proxy stands in front of the app and keys belong to browsers. By default the address is
    /// that of the connection, if axum's `ConnectInfo<SocketAddr>` is in the request's extensions. A private
    /// address is treated as a proxy's address, and not as the client's. Browsers without a known address
    /// share a part of the exchanges
    /// ([`unknown_browsers_percent`](crate::config::Limits::unknown_browsers_percent)), so one that sends
    /// junk can delay the others. An IPv6 address counts by its first 64 bits. With
    /// [`with_user`](Self::with_user) exchanges are counted by user, and this setting has no effect.
    ///
    /// ```
    /// use komerza_connect::{KomerzaConnectLayer, MemoryStore};
    /// # use komerza_connect::Config;
    ///
    /// # let config = Config::builder().client_id("x").client_secret("s".repeat(72)).user_agent("MyApp/1.0")
    /// #     .redirect_uri("https://shop.example/komerza/callback").build()?;
    /// // The proxy in front sets `X-Real-IP` and drops what the client sent.
    /// let connect = KomerzaConnectLayer::new(config, MemoryStore::default())?
    ///     .with_client_address(|parts| parts.headers.get("x-real-ip")?.to_str().ok()?.parse().ok());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Security
    /// Read a header only if your proxy sets it. A client that can choose its address can use up
    /// everybody's exchanges.
    pub fn with_client_address(
        self,
        read: impl Fn(&http::request::Parts) -> Option<std::net::IpAddr> + Send + Sync + 'static,
    ) -> Self {
        self.changed(|site, _, _| site.client_address = Some(Arc::new(read)))
    }

    /// Shares rate limits for calls and exchanges between the nodes of your app; see
    /// [`SharedBuckets`].
    pub fn with_shared_buckets(self, buckets: impl SharedBuckets) -> Self {
        self.changed(|_, _, api| api.share_buckets(Arc::new(buckets)))
    }

    /// Changes this layer's own copy of its parts, and gives each part what it shares with the others.
    fn changed(mut self, change: impl FnOnce(&mut Site, &mut Core, &mut Connection)) -> Self {
        let Shared { core, site, redeem, api } = Arc::make_mut(&mut self.shared);
        change(site, Arc::make_mut(core), Arc::make_mut(api));
        (site.core, redeem.core, redeem.pacer) = (Arc::clone(core), Arc::clone(core), Arc::clone(&api.pacer));
        self
    }

    /// Returns the configuration, which has the paths of the routes.
    #[must_use]
    pub fn config(&self) -> &Config {
        &self.shared.core.config
    }

    /// Refuses new callbacks and waits up to `deadline` until the running callbacks have ended.
    ///
    /// Returns `true` if none is running any more. Call it after the server has stopped taking requests.
    /// Exchanges run in their own tasks, and a server's graceful shutdown does not wait for them. Without
    /// this call a new key can be lost between exchange and save. With the default
    /// [`Limits`](crate::config::Limits) it takes about a minute at most, including hooks, and usually much
    /// less. After a failed save it takes up to one more minute, because the crate keeps trying to save the
    /// key. Shortly before `deadline` these tries end, and the hook [`orphaned`](crate::Hooks::orphaned) runs.
    /// After this call all callbacks get 503, and the layer cannot be started again.
    ///
    /// ```
    /// use axum::{Router, body::Body};
    /// use http::Request;
    /// use komerza_connect::{KomerzaConnectLayer, MemoryStore};
    /// use komerza_sandbox::Sandbox;
    /// use std::time::Duration;
    /// use tower::ServiceExt;
    ///
    /// # tokio::runtime::Runtime::new()?.block_on(async {
    /// let redirect_uri = "http://127.0.0.1:3000/komerza/callback";
    /// let sandbox = Sandbox::builder().redirect_uri(redirect_uri).start().await?;
    /// let connect = KomerzaConnectLayer::new(sandbox.config(redirect_uri)?, MemoryStore::default())?;
    /// let app: Router = Router::new().layer(connect.clone());
    /// let login = app.clone().oneshot(Request::get("/komerza/login").body(Body::empty())?).await?;
    /// let callback = sandbox.approve(login.headers()["location"].to_str()?)?.replace("http://127.0.0.1:3000", "");
    /// let cookie = login.headers()["set-cookie"].to_str()?.split(';').next().unwrap_or_default();
    ///
    /// // axum::serve(listener, app).with_graceful_shutdown(…).await, and then:
    /// assert!(connect.shutdown(Duration::from_secs(60)).await, "nothing was under way");
    ///
    /// let late = app.oneshot(Request::get(callback).header("cookie", cookie).body(Body::empty())?).await?;
    /// assert_eq!((late.status().as_u16(), sandbox.exchanges()), (503, 0)); // the code is not spent: another node can take it
    /// # Ok::<(), Box<dyn std::error::Error>>(()) })?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub async fn shutdown(&self, deadline: Duration) -> bool {
        self.shared.redeem.shutdown(deadline).await
    }
}

impl<S> Layer<S> for KomerzaConnectLayer {
    type Service = KomerzaConnect<S>;

    fn layer(&self, inner: S) -> Self::Service {
        KomerzaConnect { inner, shared: Arc::clone(&self.shared) }
    }
}
