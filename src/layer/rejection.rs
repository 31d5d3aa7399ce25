//! The reasons why a handler gets no key, and the answers.

use super::way_back::{path_back, visit_of};
use crate::failure::{Failure, FailureKind};
use crate::site::{
    answer::Answer, cookie::Names, fetch_metadata, login_url, page::Page, sign_in_url, stay::Stay, visitor,
};
use crate::{config::Config, kinds::kinds};
use axum_core::{body::Body, response::IntoResponse};
use http::{Response, StatusCode, request::Parts};
use std::{error::Error, fmt, time::Duration};

/// The reason why a request has no [`KomerzaKey`](crate::KomerzaKey).
///
/// A rejection is also an answer. If the user is not connected, browsers are redirected to the login (303)
/// and return afterwards. Right after a refusal at Komerza or a disconnect they get a page with a link to the
/// login instead (401). Programs get 401 and a problem document (RFC 9457) with the address of the login. If
/// nobody is signed in, browsers are redirected to [`sign_in_page`](crate::ConfigBuilder::sign_in_page), or
/// get a page that says so. If the store or the look-up failed, the answer is 503, never "not connected". If
/// the layer is missing, the answer is 500 and says what to add.
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
///         Err(no) => no.into_response(), // everything else as usual
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
    /// Whether a browser is loading a page.
    person: bool,
    /// Where to connect.
    login: Option<String>,
    /// Where the browser is sent, if it is.
    redirect: Option<String>,
    /// Why the visitor gets a page with a link instead of a redirect.
    stay: Option<Stay>,
    source: Option<Box<dyn Error + Send + Sync>>,
}

/// When to come back after a look-up that failed.
const RETRY_AFTER: Duration = Duration::from_secs(5);

kinds! {
    /// The kind of a [`Rejection`].
    RejectionKind
    /// The request did not pass through the layer. The app's code has to change. The answer says where to
    /// add the layer.
    LayerMissing = "layer_missing", INTERNAL_SERVER_ERROR, "This route is outside KomerzaConnectLayer. Add the layer after the last route and before your session layer, on the outermost router (`.layer(connect)`), or wrap the finished app with `connect.mount(app)`. The layer does not cover routes that are added after `.layer` or `.route_layer`, nor routers that are merged later.";
    /// Nobody is signed in to the app. With a sign-in page, browsers are redirected to it (303).
    NotSignedIn = "not_signed_in", UNAUTHORIZED, "Nobody is signed in.";
    /// The user has not connected a Komerza account. Browsers are redirected to the login (303).
    NotConnected = "not_connected", UNAUTHORIZED, "Not connected to Komerza.";
    /// The user look-up failed or exceeded [`store_deadline`](crate::config::Limits::store_deadline). The
    /// answer has `Retry-After`.
    UserLookupFailed = "user_lookup_failed", SERVICE_UNAVAILABLE, "The app cannot check who you are right now.";
    /// The token store failed or exceeded [`store_deadline`](crate::config::Limits::store_deadline). The answer
    /// has `Retry-After`.
    StoreFailed = "store_unavailable", SERVICE_UNAVAILABLE, "The app cannot reach its storage right now.";
    /// The look-up, the store or the clock of the app panicked. The app's code has to change.
    Internal = "internal", INTERNAL_SERVER_ERROR, "Something broke inside the app.";
}

impl Rejection {
    pub(crate) fn new(kind: RejectionKind, parts: &Parts) -> Self {
        let person = fetch_metadata::is_page(&parts.headers);
        Self { kind, person, login: None, redirect: None, stay: None, source: None }
    }

    pub(crate) fn failed(failure: Failure, parts: &Parts) -> Self {
        let kind = match failure.kind() {
            FailureKind::StoreUnavailable => RejectionKind::StoreFailed,
            FailureKind::UserLookupFailed => RejectionKind::UserLookupFailed,
            _ => RejectionKind::Internal,
        };
        Self { source: Some(failure.into()), ..Self::new(kind, parts) }
    }

    /// The user is not connected, or nobody is signed in.
    pub(crate) fn no_key(kind: RejectionKind, parts: &Parts, config: &Config, names: &Names) -> Self {
        let visit = visit_of(parts, names);
        let wanted = path_back(config, &visit);
        let login = login_url(&config.routes.login, &wanted);
        let (redirect, stay) = match kind {
            RejectionKind::NotSignedIn => (sign_in_url(config, &wanted), None),
            _ => (Some(login.clone()), Stay::of_request(names, &parts.headers, parts.uri.query())),
        };
        let redirect = redirect.filter(|_| visit.page && stay.is_none());
        Self { redirect, login: Some(login), stay, ..Self::new(kind, parts) }
    }

    /// The kind of this rejection.
    #[must_use]
    pub fn kind(&self) -> RejectionKind {
        self.kind
    }

    /// The status of the answer. It is 303 when the browser is redirected.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        if self.redirect.is_some() { StatusCode::SEE_OTHER } else { self.kind.status() }
    }

    /// The path on this site at which the user connects. Its parameter `return_to` is the page to return to.
    /// `None` if connecting does not help. Escape the path when you write HTML.
    #[must_use]
    pub fn login_url(&self) -> Option<&str> {
        self.login.as_deref()
    }

    /// The answer, for stacks without axum.
    #[must_use]
    pub fn into_response(self) -> Response<Body> {
        self.report();
        let status = self.status();
        let answer = match &self.redirect {
            Some(target) => Answer::see_other(target),
            None if self.person => {
                let look = visitor::asked().map(|asked| asked.look).unwrap_or_default();
                Answer::page(status, &self.page(), &look)
            }
            None => Answer::problem(status, [self.kind.title(), self.kind.code()], self.login_url(), []),
        };
        answer.for_handler(self.is_temporary().then_some(RETRY_AFTER))
    }

    fn is_temporary(&self) -> bool {
        matches!(self.kind, RejectionKind::UserLookupFailed | RejectionKind::StoreFailed)
    }

    fn page(&self) -> Page<'_> {
        let (title, text) = match (self.stay.map(Stay::words), self.kind) {
            (Some([_, title, text]), _) => (title, text),
            (None, RejectionKind::LayerMissing) => ("komerza-connect is not set up", self.kind.title()),
            (None, RejectionKind::NotSignedIn) => (self.kind.title(), "Sign in to the app, then open this page again."),
            (None, RejectionKind::Internal) => (self.kind.title(), "Tell the people who run this app."),
            (None, _) => (self.kind.title(), "Nothing is lost. Try again in a moment."),
        };
        let connect = self.login.clone().filter(|_| self.kind == RejectionKind::NotConnected);
        let again = self.is_temporary().then(|| ("Try again", String::new()));
        let link = connect.map(|login| ("Connect with Komerza", login)).or(again);
        Page { title, paragraphs: vec![text.into()], link, ..Page::default() }
    }

    fn report(&self) {
        crate::telemetry::metrics::refused("handler", self.kind.code());
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
