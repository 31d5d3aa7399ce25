//! The reasons why a handler gets no key, and the answers.

use super::original::original_path;
use crate::{
    config::{Config, return_path::ReturnPath},
    failure::{Failure, FailureKind},
    kinds::kinds,
    site::{
        answer::Answer,
        cookie::Names,
        fetch_metadata, login_url,
        page::Page,
        sign_in_url,
        stay::{self, Stay},
    },
};
use axum_core::{body::Body, response::IntoResponse};
use http::{Method, Response, StatusCode, request::Parts};
use serde_json::json;
use std::{error::Error, fmt, time::Duration};

/// The reason why a request has no [`KomerzaKey`](crate::KomerzaKey).
///
/// A rejection is also an answer. If the user is not connected, browsers are redirected to the
/// login (303) and return afterwards. Programs get 401 and a problem document (RFC 9457) with the
/// address of the login. If nobody is signed in, browsers are redirected to
/// [`sign_in_page`](crate::ConfigBuilder::sign_in_page). **Without a sign-in page browsers get the
/// 401 as JSON too.** If the store or the look-up failed, the answer is 503, never "not connected".
/// If the layer is missing, the answer is 500 and says what to add.
///
/// To answer in your own words, take `Result<KomerzaKey, Rejection>`:
///
/// ```
/// use axum::{Router, body::Body, http::Request, response::{Html, IntoResponse, Response}, routing::get};
/// use komerza_connect::{KomerzaKey, Rejection, RejectionKind};
/// # use komerza_connect::{Config, KomerzaConnectLayer, MemoryStore};
/// # use tower::ServiceExt;
///
/// async fn stores(komerza: Result<KomerzaKey, Rejection>) -> Response {
///     match komerza {
///         Ok(komerza) => komerza.fingerprint().to_string().into_response(),
///         Err(no) if no.kind() == RejectionKind::NotSignedIn => Html("Please sign in first.").into_response(),
///         Err(no) => no.into_response(), // all else as ever
///     }
/// }
///
/// # let config = Config::builder().client_id("x").client_secret("s".repeat(72)).user_agent("MyApp/1.0")
/// #     .redirect_uri("https://shop.example/komerza/callback").build()?;
/// # let connect = KomerzaConnectLayer::new(config, MemoryStore::default())?.with_user(|_: &http::request::Parts| None);
/// let app: Router = Router::new().route("/stores", get(stores)).layer(connect);
/// # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
/// let answer = app.oneshot(Request::get("/stores").body(Body::empty())?).await?;
/// assert_eq!(axum::body::to_bytes(answer.into_body(), 100).await?, "Please sign in first.");
/// # Ok::<(), Box<dyn std::error::Error>>(()) })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Rejection {
    kind: RejectionKind,
    /// Where to go, and whether a person can be sent there.
    target: Option<Target>,
    retry_after: Option<Duration>,
    source: Option<Box<dyn Error + Send + Sync>>,
}

#[derive(Debug)]
struct Target {
    url: String,
    login: String,
    person: bool,
    /// Why the visitor is asked before going there.
    stay: Option<Stay>,
}

kinds! {
    /// The kind of a [`Rejection`].
    RejectionKind
    /// The request did not pass through the layer. The app's code has to change. The answer is a page that says where to add the
    /// layer.
    LayerMissing = "layer_missing", INTERNAL_SERVER_ERROR, "This route is outside KomerzaConnectLayer. Add the layer after the last route and before your session layer, on the outermost router (`.layer(connect)`), or wrap the finished app with `connect.mount(app)`. Routes added after `.layer`, `.route_layer` and merged routers are not covered.";
    /// Nobody is signed in to the app. With a sign-in page, browsers are redirected to it (303).
    NotSignedIn = "not_signed_in", UNAUTHORIZED, "Nobody is signed in.";
    /// The user has not connected a Komerza account. Browsers are redirected to the login (303).
    NotConnected = "not_connected", UNAUTHORIZED, "Not connected to Komerza.";
    /// The user look-up failed or exceeded [`store_deadline`](crate::config::Limits::store_deadline). The answer has `Retry-After`.
    UserLookupFailed = "user_lookup_failed", SERVICE_UNAVAILABLE, "The app cannot check who you are right now.";
    /// The token store failed or exceeded [`store_deadline`](crate::config::Limits::store_deadline). The answer has `Retry-After`.
    StoreFailed = "store_unavailable", SERVICE_UNAVAILABLE, "The app cannot reach its storage right now.";
    /// The look-up, the store or the clock of the app panicked. The app's code has to change.
    Internal = "internal", INTERNAL_SERVER_ERROR, "Something broke inside the app.";
}

impl Rejection {
    fn new(kind: RejectionKind) -> Self {
        let retry_after = match kind {
            RejectionKind::UserLookupFailed | RejectionKind::StoreFailed => Some(Duration::from_secs(5)),
            _ => None,
        };
        Self { kind, target: None, retry_after, source: None }
    }

    pub(crate) fn layer_missing() -> Self {
        Self::new(RejectionKind::LayerMissing)
    }

    pub(crate) fn failed(failure: Failure) -> Self {
        let kind = match failure.kind() {
            FailureKind::StoreUnavailable => RejectionKind::StoreFailed,
            FailureKind::UserLookupFailed => RejectionKind::UserLookupFailed,
            _ => RejectionKind::Internal,
        };
        Self { source: Some(failure.into()), ..Self::new(kind) }
    }

    pub(crate) fn not_connected(parts: &Parts, config: &Config, names: &Names) -> Self {
        let login = login_url(&config.routes.login, &wanted_path(parts, config));
        let person = fetch_metadata::is_page(&parts.headers);
        let stay = Stay::of_request(names, &parts.headers, parts.uri.query());
        let target = Target { url: login.clone(), login, person, stay };
        Self { target: Some(target), ..Self::new(RejectionKind::NotConnected) }
    }

    pub(crate) fn not_signed_in(parts: &Parts, config: &Config) -> Self {
        let wanted = wanted_path(parts, config);
        let login = login_url(&config.routes.login, &wanted);
        let sign_in = config.sign_in_page.as_deref();
        let person = sign_in.is_some() && fetch_metadata::is_page(&parts.headers);
        let url = sign_in.map_or_else(|| login.clone(), |page| sign_in_url(page, &config.sign_in_parameter, &wanted));
        Self { target: Some(Target { url, login, person, stay: None }), ..Self::new(RejectionKind::NotSignedIn) }
    }

    /// The kind of this rejection.
    #[must_use]
    pub fn kind(&self) -> RejectionKind {
        self.kind
    }

    /// The status of the answer. It is 303 when the browser is redirected.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        match &self.target {
            Some(Target { person: true, stay: None, .. }) => StatusCode::SEE_OTHER,
            _ => self.kind.status(),
        }
    }

    /// The answer, for stacks without axum.
    #[must_use]
    pub fn into_response(self) -> Response<Body> {
        self.report();
        let (status, code) = (self.status(), self.kind.code());
        let retry_after = self.retry_after;
        let answer = match self.target {
            Some(Target { person: true, stay: None, url, .. }) => Answer::see_other(&url),
            Some(Target { person: true, stay: Some(stay), url, .. }) => {
                let page = Page {
                    title: stay.title(),
                    paragraphs: vec![stay.text().into()],
                    link: Some(("Connect with Komerza", url)),
                    ..Page::default()
                };
                Answer::page(status, page.render())
            }
            target => {
                let login_url = target.map(|target| target.login);
                let title = self.kind.title();
                match self.kind {
                    RejectionKind::LayerMissing => {
                        let page = Page {
                            title: "komerza-connect is not set up",
                            paragraphs: vec![title.into()],
                            ..Page::default()
                        };
                        Answer::page(status, page.render())
                    }
                    _ => Answer::json(
                        status,
                        &json!({
                            "type": "about:blank", "title": title, "status": status.as_u16(), "code": code,
                            "login_url": login_url,
                        }),
                    ),
                }
            }
        };
        answer.retry_after(retry_after).into_response()
    }

    fn report(&self) {
        match self.kind {
            RejectionKind::NotConnected | RejectionKind::NotSignedIn => {
                crate::telemetry::log::debug!(kind = self.kind.code(), "a handler got no KomerzaKey")
            }
            _ => crate::telemetry::log::error!(
                kind = self.kind.code(),
                cause = self.source().map(crate::telemetry::log::chain).map(tracing::field::display),
                "a handler got no KomerzaKey"
            ),
        }
    }
}

/// The path that the visitor wanted if this was a GET, else the default.
fn wanted_path(parts: &Parts, config: &Config) -> String {
    let path = original_path(&parts.extensions).unwrap_or_else(|| parts.uri.path());
    path_back(config, parts.method == Method::GET, path, parts.uri.query())
}

/// The path as a browser would request it again, if it was a GET and is a valid return path, else the default.
pub(crate) fn path_back(config: &Config, get: bool, path: &str, query: Option<&str>) -> String {
    let whole = match query {
        Some(query) => format!("{}{path}?{query}", config.routes.prefix()),
        None => format!("{}{path}", config.routes.prefix()),
    };
    let path = get.then(|| ReturnPath::parse(&whole, config.limits.return_path_bytes, &config.routes)).flatten();
    path.map_or_else(
        || config.default_return_path.clone(),
        |path| path.without_marker(stay::MARKER).as_str().to_owned(),
    )
}

impl fmt::Display for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.kind.title())
    }
}

impl Error for Rejection {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}

impl IntoResponse for Rejection {
    fn into_response(self) -> Response<Body> {
        Rejection::into_response(self)
    }
}
