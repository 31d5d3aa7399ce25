//! Checks for an app's own tests that the crate's routes work.

use crate::config::{Config, Route};
use crate::message::{Message, messages};
use crate::site::{Probe, answer::is_own_answer, notices::TWO_LAYERS};
use axum_core::body::Body;
use http::{Method, Request, Response, StatusCode, header::ALLOW};
use std::{error::Error, fmt, future::poll_fn, sync::atomic::Ordering};
use tower_service::Service;

messages! {
    NOT_MOUNTED = "not_mounted", "was answered by something other than KomerzaConnectLayer ({})",
        "Add the layer after the last route and fallback, on the outermost router, or wrap the finished app with \
         `connect.mount(app)`; if the app is under a path prefix, the redirect URI must contain the whole public path.";
    SIGNED_OUT = "signed_out", "does not know who is signed in ({})",
        "Add the layer after your routes and before your session layer: `.layer(connect).layer(auth)`. If the order is right, \
         then either the prepared request is not signed in or the user look-up fails. The log has the reason of a failed look-up.";
}

/// Checks that the layer answers its four routes in your finished app.
///
/// It sends HEAD, which no route allows, to each route. So no login starts, no user is looked up and the
/// store is not called. One more HEAD goes to a path below the callback, which your app's fallback answers.
/// That request passes every layer, so the check also finds out if two layers have the same redirect URI. Use
/// the check in a test of your app. The test then fails when a later `.fallback` or `.merge` hides the
/// routes; see [mounting](crate::guide::mounting).
///
/// ```
/// use axum::{Router, routing::get};
/// use komerza_connect::{KomerzaConnectLayer, MemoryStore};
/// use komerza_connect::layer::check_mounted;
/// use komerza_sandbox::Sandbox;
///
/// # tokio::runtime::Runtime::new()?.block_on(async {
/// let sandbox = Sandbox::start().await?;
/// let connect = KomerzaConnectLayer::new(sandbox.config("http://127.0.0.1:3000/komerza/callback")?, MemoryStore::default())?;
/// let app = || Router::new().route("/", get(|| async { "home" }));
///
/// check_mounted(app().layer(connect.clone()), connect.config()).await?;
///
/// let wrong = app().layer(connect.clone()).fallback(|| async { "not found" });
/// let lost = check_mounted(wrong, connect.config()).await.unwrap_err();
/// assert_eq!(lost.path(), "/komerza/login");
/// # Ok::<(), Box<dyn std::error::Error>>(()) })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// [`NotMounted`] names the first route that something else answered, or says that there are two layers. It
/// also says what to do.
pub async fn check_mounted<B>(
    mut app: impl Service<Request<Body>, Response = Response<B>, Error: fmt::Display>,
    config: &Config,
) -> Result<(), NotMounted> {
    for (route, public) in config.routes.all() {
        let mut head = request(Method::HEAD, config.routes.seen(public));
        head.extensions_mut().insert(Probe::default());
        ask(&mut app, head, &NOT_MOUNTED, |answer| answers_for(route, answer)).await?;
    }
    let (probe, path) = (Probe::default(), config.routes.seen(&config.routes.callback));
    let mut beside = request(Method::HEAD, &format!("{path}/komerza-connect-check"));
    beside.extensions_mut().insert(probe.clone());
    // Whatever the app's fallback answers.
    let _ = ask(&mut app, beside, &NOT_MOUNTED, |_| true).await;
    match probe.two_layers.load(Ordering::Relaxed) {
        true => Err(NotMounted { path: path.to_owned(), message: &TWO_LAYERS, text: TWO_LAYERS.text.to_owned() }),
        false => Ok(()),
    }
}

/// Same as [`check_mounted`], and checks that the layer's routes find the signed-in user.
///
/// `prepare` must sign the request in, for example by adding a session cookie. The status route is
/// then called once, which looks up the user and reads the store. The check fails if the app's
/// session layer is on the wrong side of the layer. No hook sees the request.
///
/// ```
/// use axum::{Router, extract::Request, middleware::{Next, from_fn}};
/// use komerza_connect::{KomerzaConnectLayer, MemoryStore, UserId, layer::check_signed_in};
/// # use komerza_connect::Config;
///
/// #[derive(Clone)]
/// struct SignedIn(i64);
///
/// # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
/// # let config = Config::builder().client_id("x").client_secret("s".repeat(72)).user_agent("MyApp/1.0")
/// #     .redirect_uri("https://shop.example/komerza/callback").build()?;
/// let connect = KomerzaConnectLayer::new(config, MemoryStore::default())?
///     .with_user(|parts: &axum::http::request::Parts| parts.extensions.get().map(|user: &SignedIn| UserId::from(user.0)));
/// let auth = from_fn(|mut request: Request, next: Next| async move {
///     if request.headers().contains_key("cookie") {
///         request.extensions_mut().insert(SignedIn(7));
///     }
///     next.run(request).await
/// });
///
/// let app: Router = Router::new().layer(connect.clone()).layer(auth.clone());
/// check_signed_in(app, connect.config(), |request| {
///     request.headers_mut().insert("cookie", axum::http::HeaderValue::from_static("session=7"));
/// })
/// .await?;
///
/// let wrong: Router = Router::new().layer(auth).layer(connect.clone());
/// let why = check_signed_in(wrong, connect.config(), |request| {
///     request.headers_mut().insert("cookie", axum::http::HeaderValue::from_static("session=7"));
/// });
/// assert!(why.await.unwrap_err().to_string().contains("before your session layer"));
/// # Ok::<(), Box<dyn std::error::Error>>(()) })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// [`NotMounted`] names the route that something else answered or that did not find the user. It also says
/// what to do.
pub async fn check_signed_in<B>(
    mut app: impl Service<Request<Body>, Response = Response<B>, Error: fmt::Display>,
    config: &Config,
    prepare: impl FnOnce(&mut Request<Body>),
) -> Result<(), NotMounted> {
    check_mounted(&mut app, config).await?;
    check_look_up(app, config, prepare, |status| status == StatusCode::OK).await
}

/// Calls the status route. The crate itself must answer, with a status that `is_right` accepts.
pub(crate) async fn check_look_up<B>(
    mut app: impl Service<Request<Body>, Response = Response<B>, Error: fmt::Display>,
    config: &Config,
    prepare: impl FnOnce(&mut Request<Body>),
    is_right: impl FnOnce(StatusCode) -> bool,
) -> Result<(), NotMounted> {
    let mut status = request(Method::GET, config.routes.seen(&config.routes.status));
    prepare(&mut status);
    status.extensions_mut().insert(Probe { is_logged: true, ..Probe::default() });
    let is_right = |answer: &Response<B>| is_right(answer.status()) && is_own_answer(answer.headers());
    ask(&mut app, status, &SIGNED_OUT, is_right).await
}

/// Makes a request for a path of the configuration, which is always a valid URI.
fn request(method: Method, path: &str) -> Request<Body> {
    let mut request = Request::new(Body::empty());
    *request.method_mut() = method;
    *request.uri_mut() = path.parse().unwrap_or_default();
    request
}

/// Sends a request. Any other answer than a right one is an error with this message.
async fn ask<B>(
    app: &mut impl Service<Request<Body>, Response = Response<B>, Error: fmt::Display>,
    request: Request<Body>,
    message: &'static Message,
    is_right: impl FnOnce(&Response<B>) -> bool,
) -> Result<(), NotMounted> {
    let (method, path) = (request.method().clone(), request.uri().path().to_owned());
    let answered = match poll_fn(|task| app.poll_ready(task)).await {
        Ok(()) => app.call(request).await,
        Err(error) => Err(error),
    };
    let instead = match answered {
        Ok(answer) if is_right(&answer) => return Ok(()),
        Ok(answer) => answer.status().to_string(),
        Err(error) => error.to_string(),
    };
    let text = format!("{method} {path} {}", message.text(&instead));
    Err(NotMounted { path, message, text })
}

/// Whether the answer is the refusal of HEAD that only this route gives.
fn answers_for<B>(route: Route, response: &Response<B>) -> bool {
    let allowed = response.headers().get(ALLOW).is_some_and(|allow| allow == route.allowed_methods());
    response.status() == StatusCode::METHOD_NOT_ALLOWED && allowed && is_own_answer(response.headers())
}

/// The layer is not set up correctly: it does not answer a route, a route does not find the signed-in user,
/// or there are two layers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotMounted {
    path: String,
    pub(crate) message: &'static Message,
    /// What is wrong, without the remedy.
    pub(crate) text: String,
}

impl NotMounted {
    /// The path that was checked, as the app sees it.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }
}

impl fmt::Display for NotMounted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}. {}", self.text, self.message.remedy)
    }
}

impl Error for NotMounted {}
