//! The layer: what an app adds to get "Connect with Komerza".

#[cfg(feature = "axum")]
mod by_extractor;
mod extract;
#[cfg(feature = "axum")]
mod mount;
pub(crate) mod mounted;
mod original;
mod records;
mod rejection;
mod service;
mod shared;

pub use axum_core::body::Body;
#[cfg(feature = "axum")]
pub use by_extractor::{Answer, FoundUser, Later, Now, by_extractor, by_extractor_with_state};
pub use mounted::{NotMounted, check_mounted, check_signed_in};
pub(crate) use original::original_path;
pub use records::Users;
pub use rejection::{Rejection, RejectionKind};
pub use service::{KomerzaConnect, KomerzaConnectFuture};

use crate::{
    api::{Reply, Revocation, SharedBuckets},
    config::{Config, ConfigError},
    hooks::Hooks,
    random::Randomness,
    site::caller::{IdentifyUser, Identity},
    store::TokenStore,
    time::Clock,
};
use shared::Shared;
use std::{fmt, sync::Arc, time::Duration};
use tower_layer::Layer;

/// Answers the login, callback, disconnect and status routes, and hands every other request on with a handle on the key.
///
/// Cheap to clone; clones share everything. See the [crate's page](crate) for the whole picture and where to put the layer.
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
#[derive(Clone)]
#[must_use = "a layer does nothing until it is added to an app"]
pub struct KomerzaConnectLayer {
    pub(crate) shared: Arc<Shared>,
}

impl KomerzaConnectLayer {
    /// A layer for one Komerza application, which keeps keys in `store` and tells users apart by a session cookie of its own.
    ///
    /// # Errors
    /// [`ConfigError`] when the HTTP client cannot be set up, for want of TLS for an https address, say.
    pub fn new(config: Config, store: impl TokenStore) -> Result<Self, ConfigError> {
        Ok(Self { shared: Arc::new(Shared::new(config, Arc::new(store))?) })
    }

    /// Keys belong to the app's own users, as `identify` names them, and not to browsers.
    ///
    /// Then nobody signed in means that no login can start, and an error of the look-up is 503. Add this layer after your routes
    /// and before your session layer, which then runs first. With the wrong order an error in the log says so.
    ///
    /// With axum any extractor says who is signed in: see [`by_extractor`](crate::layer::by_extractor).
    ///
    /// ```
    /// use axum::{Router, body::Body, http::Request, routing::get};
    /// use komerza_connect::{KomerzaConnectLayer, KomerzaKey, MemoryStore, StoredToken, TokenStore, UserId};
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
    /// store.save(&UserId::from(7), &StoredToken::for_key("obviously-fake-key")?).await?;
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
    /// Whomever `identify` names gets that user's key: read what your own session has checked, never a plain header, cookie or
    /// parameter. Name users by what is never given to somebody else, such as the row's id, and not by an e-mail address; call
    /// [`disconnect`](Self::disconnect) when you delete one. Records are found by this name alone: two layers with one store and
    /// the same names overwrite each other's keys, so give each a table or prefix of its own.
    #[doc(alias = "axum-login")]
    #[doc(alias = "tower-sessions")]
    pub fn with_user(self, identify: impl IdentifyUser) -> Self {
        self.changed(|shared| shared.site.identity = Identity::App(Arc::new(identify)))
    }

    /// Calls the app at the turning points of a connection.
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
    ///         // The kinds with a better answer than a page keep it.
    ///         if matches!(failure.kind(), FailureKind::Denied | FailureKind::NotSignedIn) {
    ///             return None;
    ///         }
    ///         let page = Response::builder().status(failure.kind().status()).header("content-type", "text/html");
    ///         // Without a policy of your own the crate's forbids every style and script.
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
        self.changed(|shared| shared.change_core(|core| core.hooks = Arc::new(hooks)))
    }

    /// Reads the time elsewhere than from the operating system: for tests.
    pub fn with_clock(self, clock: impl Clock) -> Self {
        let clock: Arc<dyn Clock> = Arc::new(clock);
        self.changed(|shared| {
            shared.change_core(|core| core.clock = Arc::clone(&clock));
            shared.change_api(|api| api.set_clock(clock));
        })
    }

    /// Draws chance elsewhere than from the operating system: for tests.
    ///
    /// # Security
    /// Everything rests on these bytes; see [`Randomness`].
    pub fn with_randomness(self, randomness: impl Randomness) -> Self {
        let randomness: Arc<dyn Randomness> = Arc::new(randomness);
        self.changed(|shared| {
            shared.change_core(|core| core.randomness = Arc::clone(&randomness));
            shared.change_api(|api| api.set_randomness(randomness));
        })
    }

    /// Decides elsewhere whether a reply of the API means that its key is dead; then its record is removed.
    ///
    /// The default is [`Reply::says_key_is_dead`]: a 401 in the provider's own envelope with `BadToken` or without a code. For the
    /// day when Komerza says it differently.
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
    /// A rule that says yes too easily disconnects users who are connected: a 403, or whatever something in between answers, is
    /// no sign of a dead key.
    pub fn with_revocation(self, is_dead: impl Fn(&Reply<'_>) -> bool + Send + Sync + 'static) -> Self {
        self.changed(|shared| shared.change_api(|api| api.set_revocation(Revocation::by(is_dead))))
    }

    /// Paces the calls of several nodes of the app by buckets that they share; see [`SharedBuckets`].
    pub fn with_shared_buckets(self, buckets: impl SharedBuckets) -> Self {
        self.changed(|shared| shared.change_api(|api| api.share_buckets(Arc::new(buckets))))
    }

    fn changed(mut self, change: impl FnOnce(&mut Shared)) -> Self {
        change(Arc::make_mut(&mut self.shared));
        self
    }

    /// The configuration, with the paths of the routes.
    #[must_use]
    pub fn config(&self) -> &Config {
        &self.shared.core.config
    }

    /// Refuses new connections and waits until those under way are saved, at most for `deadline`. `true` if none is left.
    ///
    /// Call it after the server has stopped taking requests. Exchanges run in tasks of their own, which a graceful shutdown of
    /// the server does not wait for; without this a key could be lost between exchange and save. By the default
    /// [`Limits`](crate::config::Limits) that is over within a minute, hooks included, and as a rule in a moment. It cannot be taken back: from
    /// then on callbacks get 503.
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
        KomerzaConnect::new(inner, Arc::clone(&self.shared))
    }
}

impl fmt::Debug for KomerzaConnectLayer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KomerzaConnectLayer").field("config", &self.shared.core.config).finish_non_exhaustive()
    }
}
