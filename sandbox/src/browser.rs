//! A browser for the tests of an app: it keeps cookies, follows redirects, and goes to Komerza and back.

use super::{Approval, Sandbox, SandboxError, consent::Ask, world::Shared};
use axum::body::{Body, to_bytes};
use axum::{Router, response::IntoResponse};
use http::{HeaderMap, HeaderValue, Method, Request, StatusCode, header};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};
use std::{collections::BTreeMap, convert::Infallible, fmt};
use tower_service::Service;
use url::{Position, Url};

/// No page under test is longer.
const LONGEST_BODY: usize = 16 * 1024 * 1024;
/// Browsers give up after this many redirects.
const MOST_REDIRECTS: usize = 20;

/// A browser that calls your app in this process; from [`Sandbox::browser`].
///
/// It keeps cookies until they expire by the sandbox's clock, and sends them whatever their path. It does not
/// send a cookie with `SameSite=Strict` on the way back from Komerza and on the redirects that follow, as in
/// every browser engine. It sends the headers with which browsers say where a request comes from. It follows
/// redirects within the app, reloads a page that asks for it (`<meta http-equiv="refresh" content="0">`), and
/// stops at a redirect to another site.
///
/// ```
/// use axum::{Router, routing::get};
/// use komerza_connect::{KomerzaConnectLayer, MemoryStore};
/// use komerza_sandbox::Sandbox;
///
/// # tokio::runtime::Runtime::new()?.block_on(async {
/// let redirect_uri = "http://127.0.0.1:3000/komerza/callback";
/// let sandbox = Sandbox::builder().redirect_uri(redirect_uri).start().await?;
/// let connect = KomerzaConnectLayer::new(sandbox.config(redirect_uri)?, MemoryStore::default())?;
/// let app: Router = Router::new().route("/", get(async || "home")).layer(connect);
///
/// let browser = sandbox.browser(app)?.connected("/komerza/login").await?;
/// assert!(browser.open("/komerza/status").await?.text.contains("\"connected\":true"));
/// let page = browser.submit("/komerza/disconnect", "").await?;
/// assert_eq!((page.url.path(), &*page.text), ("/", "home"));
///
/// browser.set_cookie("session=obviously-fake; HttpOnly; SameSite=Strict");
/// assert_eq!(browser.cookie("session").as_deref(), Some("obviously-fake"));
/// # Ok::<(), Box<dyn std::error::Error>>(()) })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Browser {
    app: Router,
    /// Where the app is, by its redirect URI.
    site: Url,
    shared: Arc<Shared>,
    cookies: Mutex<BTreeMap<String, Cookie>>,
}

struct Cookie {
    value: String,
    end: Option<SystemTime>,
    is_strict: bool,
}

/// What a browser shows.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Page {
    /// The address. After a redirect to another site, such as Komerza, it is the address there. The other
    /// fields are then those of the redirect.
    pub url: Url,
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body; what is not UTF-8 in it is replaced.
    pub text: String,
}

impl Sandbox {
    /// A browser without cookies in front of `app`. The site is that of the redirect URI that was registered
    /// last.
    ///
    /// # Errors
    /// [`SandboxError::Browser`] if the app has no redirect URI yet.
    pub fn browser<S>(&self, app: S) -> Result<Browser, SandboxError>
    where
        S: Service<Request<Body>, Error = Infallible, Response: IntoResponse, Future: Send>,
        S: Clone + Send + Sync + 'static,
    {
        let site = self.shared().world().app(self.client_id()).and_then(|app| app.redirect_uris.last()?.parse().ok());
        let site = site.ok_or_else(|| SandboxError::Browser("the app has no redirect URI yet".into()))?;
        let (app, shared) = (Router::new().fallback_service(app), self.shared().clone());
        Ok(Browser { app, site, shared, cookies: Mutex::default() })
    }
}

/// What a browser says about a request: the site it comes from, whether it loads a page, and for what.
type Origin = [&'static str; 3];
const TYPED: Origin = ["none", "navigate", "document"];
const FORM: Origin = ["same-origin", "navigate", "document"];
const RETURN: Origin = ["cross-site", "navigate", "document"];
/// The text of a page that asks to be reloaded at once.
const RELOAD: &str = "<meta http-equiv=\"refresh\" content=\"0\">";
const SCRIPT: Origin = ["same-origin", "cors", "empty"];

impl Browser {
    /// Opens an address of the app. A path such as `/stores` counts as typed by the visitor. A whole address,
    /// such as the callback of [`Sandbox::deny`], counts as the way back from Komerza.
    ///
    /// # Errors
    /// [`SandboxError::Browser`] if the address is of another site, or if redirects do not end.
    pub async fn open(&self, address: &str) -> Result<Page, SandboxError> {
        let from = if Url::parse(address).is_ok() { RETURN } else { TYPED };
        self.follow(self.request(Method::GET, address, from, String::new())?).await
    }

    /// Submits a form of the app's own page with POST, such as `name=alice`.
    ///
    /// # Errors
    /// Same as [`open`](Self::open).
    pub async fn submit(&self, address: &str, form: &str) -> Result<Page, SandboxError> {
        let mut request = self.request(Method::POST, address, FORM, form.to_owned())?;
        let kind = HeaderValue::from_static("application/x-www-form-urlencoded");
        request.headers_mut().insert(header::CONTENT_TYPE, kind);
        self.follow(request).await
    }

    /// Sends a request as a script of the app's own page does.
    ///
    /// # Errors
    /// Same as [`open`](Self::open).
    pub async fn fetch(&self, request: Request<String>) -> Result<Page, SandboxError> {
        let (parts, body) = request.into_parts();
        let mut request = self.request(parts.method, &parts.uri.to_string(), SCRIPT, body)?;
        request.headers_mut().extend(parts.headers);
        self.follow(request).await
    }

    /// Opens the login route, approves everything at Komerza, and comes back.
    ///
    /// In an app with users of its own, sign in first.
    ///
    /// # Errors
    /// [`SandboxError::Browser`], with the app's answer, if the login does not lead to Komerza or if the
    /// callback is refused. [`SandboxError::Refused`] if Komerza's page would be an error.
    pub async fn connected(self, login: &str) -> Result<Self, SandboxError> {
        let left = self.open(login).await?.redirected()?;
        let callback = Ask::of(left.url.as_str())?.approve(&Approval::everything(), &self.shared)?;
        self.load(&mut self.request(Method::GET, &callback, RETURN, String::new())?).await?.redirected()?;
        Ok(self)
    }

    /// The value of a cookie that the browser has, such as that of your session.
    #[must_use]
    pub fn cookie(&self, name: &str) -> Option<String> {
        self.alive().get(name).map(|cookie| cookie.value.clone())
    }

    /// Gives the browser a cookie, as an answer with this `Set-Cookie` does: `session=alice; SameSite=Strict`.
    pub fn set_cookie(&self, line: &str) {
        let mut pairs = line.split(';').filter_map(|pair| pair.trim().split_once('='));
        let Some((name, value)) = pairs.next() else { return };
        let attribute =
            |wanted| pairs.clone().find(|(name, _)| name.eq_ignore_ascii_case(wanted)).map(|(_, value)| value);
        let age = attribute("max-age").and_then(|age| age.parse::<i64>().ok());
        let end = match age.map(|age| Duration::from_secs(age.try_into().unwrap_or(0))) {
            Some(age) => self.shared.clock.now().checked_add(age),
            None => attribute("expires").and_then(|date| httpdate::parse_http_date(date).ok()),
        };
        let is_strict = attribute("samesite").is_some_and(|site| site.eq_ignore_ascii_case("strict"));
        self.alive().insert(name.to_owned(), Cookie { value: value.to_owned(), end, is_strict });
    }

    /// The cookies without those that have expired.
    fn alive(&self) -> MutexGuard<'_, BTreeMap<String, Cookie>> {
        let mut cookies = self.cookies.lock().unwrap_or_else(PoisonError::into_inner);
        cookies.retain(|_, cookie| cookie.end.is_none_or(|end| end > self.shared.clock.now()));
        cookies
    }

    fn request(
        &self,
        method: Method,
        address: &str,
        from: Origin,
        body: String,
    ) -> Result<Request<String>, SandboxError> {
        let url = self.site.join(address).ok().filter(|url| url.origin() == self.site.origin());
        let url = url.ok_or_else(|| SandboxError::Browser(format!("{address} is not on the app's site")))?;
        let [site, mode, dest] = from;
        let accept = if mode == "navigate" { "text/html" } else { "*/*" };
        let request = Request::builder().method(method).uri(url.as_str()).header(header::ACCEPT, accept);
        let request =
            request.header("sec-fetch-site", site).header("sec-fetch-mode", mode).header("sec-fetch-dest", dest);
        request.body(body).map_err(failed)
    }

    async fn follow(&self, mut request: Request<String>) -> Result<Page, SandboxError> {
        for _ in 0..MOST_REDIRECTS {
            let page = self.load(&mut request).await?;
            let to = page.headers.get(header::LOCATION).and_then(|to| page.url.join(to.to_str().ok()?).ok());
            match to.filter(|_| page.status.is_redirection()) {
                None => return Ok(page),
                Some(url) if url.origin() != self.site.origin() => return Ok(Page { url, ..page }),
                Some(url) => *request.uri_mut() = url.as_str().parse().map_err(failed)?,
            }
            if !matches!(page.status, StatusCode::TEMPORARY_REDIRECT | StatusCode::PERMANENT_REDIRECT) {
                *request.method_mut() = Method::GET;
                request.body_mut().clear();
            }
        }
        Err(SandboxError::Browser(format!("{} redirects without end", request.uri())))
    }

    /// Sends a request and returns its answer. If the page asks to be reloaded, it sends the request again,
    /// now from the app's own site.
    async fn load(&self, request: &mut Request<String>) -> Result<Page, SandboxError> {
        let page = self.hop(request.clone()).await?;
        if !page.text.contains(RELOAD) {
            return Ok(page);
        }
        request.headers_mut().insert("sec-fetch-site", HeaderValue::from_static("same-origin"));
        self.hop(request.clone()).await
    }

    async fn hop(&self, request: Request<String>) -> Result<Page, SandboxError> {
        let mut request = request.map(Body::from);
        let url = Url::parse(&request.uri().to_string()).map_err(failed)?;
        *request.uri_mut() = url[Position::BeforePath..Position::AfterQuery].parse().map_err(failed)?;
        let (origin, from_get) = (url.origin().ascii_serialization(), request.method() == Method::GET);
        let headers = request.headers_mut();
        if !from_get {
            headers.insert(header::ORIGIN, origin.parse().map_err(failed)?);
        }
        headers.insert(header::HOST, url[Position::BeforeHost..Position::AfterPort].parse().map_err(failed)?);
        let from_elsewhere = headers.get("sec-fetch-site").is_some_and(|site| site == "cross-site");
        headers.insert(header::COOKIE, self.cookie_line(from_elsewhere).parse().map_err(failed)?);
        let (parts, body) = self.app.clone().call(request).await.unwrap_or_else(|never| match never {}).into_parts();
        let lines = parts.headers.get_all(header::SET_COOKIE).iter().filter_map(|line| line.to_str().ok());
        lines.for_each(|line| self.set_cookie(line));
        let body = to_bytes(body, LONGEST_BODY).await.map_err(failed)?;
        let text = String::from_utf8_lossy(&body).into_owned();
        Ok(Page { url, status: parts.status, headers: parts.headers, text })
    }

    fn cookie_line(&self, from_elsewhere: bool) -> String {
        let cookies = self.alive();
        let sent = cookies.iter().filter(|(_, cookie)| !(from_elsewhere && cookie.is_strict));
        sent.map(|(name, cookie)| format!("{name}={}", cookie.value)).collect::<Vec<_>>().join("; ")
    }
}

impl Page {
    /// The page itself, if it is a redirect.
    fn redirected(self) -> Result<Self, SandboxError> {
        let Self { url, status, text, .. } = &self;
        let said = text.rsplit("<main>").next().unwrap_or_default();
        if status.is_redirection() {
            Ok(self)
        } else {
            Err(SandboxError::Browser(format!("{url} answers {status}: {said}")))
        }
    }
}

impl fmt::Debug for Browser {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Browser").field("site", &self.site.as_str()).finish_non_exhaustive()
    }
}

fn failed(why: impl fmt::Display) -> SandboxError {
    SandboxError::Browser(why.to_string())
}
