//! Whether an app's requests to the crate's routes arrive at the layer: for the app's own tests.

use crate::{
    config::{Config, Route},
    site::answer::is_own_answer,
};
use axum_core::body::Body;
use http::{Method, Request, Response, StatusCode, header::ALLOW};
use std::{error::Error, fmt, future::poll_fn};
use tower_service::Service;

/// Checks that the login, callback, disconnect and status routes of the layer with this configuration are answered by it, in
/// the finished app.
///
/// Each route is asked by HEAD, which none of them allows: nothing is begun, no user is looked up and the store is not
/// touched. Put it into a test of the app, so that a `.fallback` or `.merge` added later cannot take the routes away; see
/// [mounting](crate::guide::mounting).
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
/// [`NotMounted`] names the first route that something else answered, and the remedy.
pub async fn check_mounted<S, B>(mut app: S, config: &Config) -> Result<(), NotMounted>
where
    S: Service<Request<Body>, Response = Response<B>>,
    S::Error: fmt::Display,
{
    for (route, public) in config.routes.all() {
        let path = config.routes.seen(public);
        match ask(&mut app, path).await {
            Ok(response) if answers_for(route, &response) => {}
            Ok(response) => return Err(NotMounted { path: path.to_owned(), instead: response.status().to_string() }),
            Err(error) => return Err(NotMounted { path: path.to_owned(), instead: error }),
        }
    }
    Ok(())
}

async fn ask<S, B>(app: &mut S, path: &str) -> Result<Response<B>, String>
where
    S: Service<Request<Body>, Response = Response<B>>,
    S::Error: fmt::Display,
{
    let request = Request::builder().method(Method::HEAD).uri(path).body(Body::empty());
    let request = request.map_err(|error| error.to_string())?;
    poll_fn(|task| app.poll_ready(task)).await.map_err(|error| error.to_string())?;
    app.call(request).await.map_err(|error| error.to_string())
}

/// The refusal of HEAD, as this route alone makes it.
fn answers_for<B>(route: Route, response: &Response<B>) -> bool {
    let allowed = response.headers().get(ALLOW).is_some_and(|allow| allow == route.allowed_methods());
    response.status() == StatusCode::METHOD_NOT_ALLOWED && allowed && is_own_answer(response.headers())
}

/// A route of the crate does not arrive at the layer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotMounted {
    path: String,
    instead: String,
}

impl NotMounted {
    /// The path that was asked for, as the app sees it.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }
}

impl fmt::Display for NotMounted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "HEAD {} was answered by something else than KomerzaConnectLayer ({}). Add the layer after the last route and \
             fallback, on the outermost router, or wrap the finished app with `connect.mount(app)`; under a prefix, the redirect \
             URI has to name the whole public path",
            self.path, self.instead
        )
    }
}

impl Error for NotMounted {}
