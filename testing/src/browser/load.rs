//! One thing to load, and the headers a browser derives from how it came to be loaded.
//!
//! Follows "Fetch Metadata Request Headers" section 2 and the Fetch standard's "append a request `Origin` header".

use super::jar::Context;
use super::site::{self, Relation};
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use url::Url;

/// The referrer policy that browsers use for a page that sets none.
const DEFAULT_POLICY: &str = "strict-origin-when-cross-origin";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Destination {
    /// The tab itself.
    Document,
    Iframe,
    Image,
    /// `fetch` and `<link rel=prefetch>`.
    Empty,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    Navigate,
    Cors,
    NoCors,
}

/// What to load, who asks for it, and how.
#[derive(Clone, Debug)]
pub struct Load {
    pub method: Method,
    pub url: Url,
    /// Sent instead of the URL's own path and query, without the cleaning that a URL goes through.
    pub raw_target: Option<String>,
    /// The page that asks; `None` is the user at the address bar.
    pub from: Option<Url>,
    pub destination: Destination,
    pub mode: Mode,
    pub by_user: bool,
    pub purpose: Option<&'static str>,
    pub policy: String,
    pub body: Option<(String, Bytes)>,
    pub headers: HeaderMap,
    pub follow: bool,
}

impl Load {
    /// As typed at the address bar, or opened from a bookmark.
    pub fn typed(url: &str) -> Self {
        Self {
            method: Method::GET,
            url: parse(url),
            raw_target: None,
            from: None,
            destination: Destination::Document,
            mode: Mode::Navigate,
            by_user: true,
            purpose: None,
            policy: DEFAULT_POLICY.to_owned(),
            body: None,
            headers: HeaderMap::new(),
            follow: true,
        }
    }

    /// A link on the page `from`, clicked by the user.
    pub fn link(from: &str, url: &str) -> Self {
        Self { from: Some(parse(from)), ..Self::typed(url) }
    }

    /// A form on the page `from`, sent by the user as `application/x-www-form-urlencoded`.
    pub fn form(from: &str, url: &str, body: &str) -> Self {
        Self::link(from, url).method(Method::POST).body("application/x-www-form-urlencoded", body.to_owned())
    }

    /// `fetch(url, { credentials: "include" })` in script of the page `from`. Preflights are not modelled.
    pub fn fetch(from: &str, method: Method, url: &str) -> Self {
        Self {
            destination: Destination::Empty,
            mode: Mode::Cors,
            by_user: false,
            ..Self::link(from, url).method(method)
        }
    }

    /// A frame on the page `from`.
    pub fn iframe(from: &str, url: &str) -> Self {
        Self { destination: Destination::Iframe, by_user: false, ..Self::link(from, url) }
    }

    /// An image on the page `from`.
    pub fn image(from: &str, url: &str) -> Self {
        Self { destination: Destination::Image, mode: Mode::NoCors, ..Self::iframe(from, url) }
    }

    /// The page `from` has speculation rules that prefetch the URL as a document.
    pub fn prefetch(from: &str, url: &str) -> Self {
        Self { by_user: false, purpose: Some("prefetch"), ..Self::link(from, url) }
    }

    /// The page `from` has a `<link rel=prefetch>`.
    pub fn link_prefetch(from: &str, url: &str) -> Self {
        Self { destination: Destination::Empty, mode: Mode::NoCors, ..Self::prefetch(from, url) }
    }

    /// The address bar prerenders the page that it expects the user to open.
    pub fn prerender(url: &str) -> Self {
        Self { by_user: false, purpose: Some("prefetch;prerender"), ..Self::typed(url) }
    }

    pub fn method(self, method: Method) -> Self {
        Self { method, ..self }
    }

    pub fn body(self, content_type: &str, body: impl Into<Bytes>) -> Self {
        Self { body: Some((content_type.to_owned(), body.into())), ..self }
    }

    /// Overrides whatever the browser would have sent, fetch metadata included.
    pub fn header(mut self, name: &str, value: impl AsRef<[u8]>) -> Self {
        self.headers.insert(name.parse::<HeaderName>().unwrap(), HeaderValue::from_bytes(value.as_ref()).unwrap());
        self
    }

    /// Path and query as they are to be on the wire. A browser would normalise them, so use this for requests
    /// that are made by hand.
    pub fn raw_target(self, target: &str) -> Self {
        Self { raw_target: Some(target.to_owned()), ..self }
    }

    /// Ends with the first answer, be it a redirect or not.
    pub fn stop_at_first(self) -> Self {
        Self { follow: false, ..self }
    }

    /// The referrer policy of the page that asks.
    pub fn referrer_policy(self, policy: &str) -> Self {
        Self { policy: policy.to_owned(), ..self }
    }

    /// Whether the tab itself will show the answer.
    fn is_top_level(&self) -> bool {
        self.destination == Destination::Document && self.mode == Mode::Navigate
    }

    /// The context for `SameSite`. `chain` holds every URL of the redirect chain so far; the last one is
    /// requested now.
    ///
    /// The whole chain counts, as in the strictest browser: a navigation that passed another site is
    /// cross-site.
    pub fn context(&self, chain: &[Url]) -> Context {
        let (Some(now), before) = (chain.last(), self.from.iter().chain(chain)) else { return Context::SameSite };
        if before.map(|url| Relation::between(url, now)).max() < Some(Relation::CrossSite) {
            Context::SameSite
        } else if !self.is_top_level() {
            Context::CrossSiteEmbedded
        } else if self.method.is_safe() {
            Context::CrossSiteNavigation
        } else {
            Context::CrossSitePost
        }
    }

    /// What the browser says about the request, cookies aside.
    pub fn derived_headers(&self, chain: &[Url], fetch_metadata: bool) -> HeaderMap {
        let mut headers = HeaderMap::new();
        let mut say = |name: HeaderName, value: &str| headers.insert(name, HeaderValue::from_str(value).unwrap());
        let Some(now) = chain.last() else { return headers };
        let document = matches!(self.destination, Destination::Document | Destination::Iframe);
        say(header::USER_AGENT, "Mozilla/5.0 (a model of a browser)");
        say(
            header::ACCEPT,
            if document { "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8" } else { "*/*" },
        );
        if let Some((content_type, _)) = &self.body {
            say(header::CONTENT_TYPE, content_type);
        }
        if let Some(origin) = self.origin_header(chain) {
            say(header::ORIGIN, &origin);
        }
        if let Some(referrer) = self.referrer(now) {
            say(header::REFERER, &referrer);
        }
        match self.purpose {
            Some(purpose) if fetch_metadata => drop(say(HeaderName::from_static("sec-purpose"), purpose)),
            Some(_) => drop(say(HeaderName::from_static("purpose"), "prefetch")),
            None => {}
        }
        if fetch_metadata && site::is_trustworthy(now) {
            say(HeaderName::from_static("sec-fetch-site"), self.fetch_site(chain));
            say(HeaderName::from_static("sec-fetch-mode"), self.mode.word());
            say(HeaderName::from_static("sec-fetch-dest"), self.destination.word());
            if self.by_user && self.mode == Mode::Navigate {
                say(HeaderName::from_static("sec-fetch-user"), "?1");
            }
        }
        headers
    }

    /// The least related URL of the whole redirect chain decides. A load that the user typed has no related
    /// page: `none`.
    fn fetch_site(&self, chain: &[Url]) -> &'static str {
        let Some(from) = &self.from else { return "none" };
        chain.iter().map(|url| Relation::between(from, url)).max().unwrap_or(Relation::SameOrigin).word()
    }

    /// The Fetch standard sends `null` instead of the origin of a page with `Referrer-Policy: no-referrer`.
    fn origin_header(&self, chain: &[Url]) -> Option<String> {
        let (from, now) = (self.from.as_ref()?, chain.last()?);
        let tainted =
            chain.windows(2).any(|step| step[1].origin() != step[0].origin() && from.origin() != step[0].origin());
        let origin = if tainted { "null".to_owned() } else { from.origin().ascii_serialization() };
        if self.mode == Mode::Cors && chain.iter().any(|url| url.origin() != from.origin()) {
            return Some(origin);
        }
        if self.method.is_safe() {
            return None;
        }
        let hidden = self.mode != Mode::Cors
            && match self.policy.as_str() {
                "no-referrer" => true,
                "same-origin" => from.origin() != now.origin(),
                "origin" | "origin-when-cross-origin" | "unsafe-url" => false,
                _ => from.scheme() == "https" && now.scheme() != "https",
            };
        Some(if hidden { "null".to_owned() } else { origin })
    }

    fn referrer(&self, now: &Url) -> Option<String> {
        let from = self.from.as_ref()?;
        let mut full = from.clone();
        full.set_fragment(None);
        let origin = Some(format!("{}/", from.origin().ascii_serialization()));
        let same_origin = from.origin() == now.origin();
        let downgrade = from.scheme() == "https" && now.scheme() != "https";
        match self.policy.as_str() {
            "no-referrer" => None,
            "unsafe-url" => Some(full.into()),
            "origin" => origin,
            "same-origin" => same_origin.then(|| full.into()),
            "origin-when-cross-origin" if !same_origin => origin,
            "strict-origin" if !downgrade => origin,
            _ if same_origin => Some(full.into()),
            _ => origin.filter(|_| !downgrade),
        }
    }

    /// What is left to load after this redirect.
    pub fn redirected(self, status: http::StatusCode, policy: Option<&str>) -> Self {
        let becomes_get = match status.as_u16() {
            301 | 302 => self.method == Method::POST,
            303 => !matches!(self.method, Method::GET | Method::HEAD),
            _ => false,
        };
        let (method, body) = if becomes_get { (Method::GET, None) } else { (self.method, self.body) };
        let policy = policy.filter(|policy| !policy.is_empty()).unwrap_or(&self.policy).to_owned();
        Self { method, body, policy, raw_target: None, ..self }
    }
}

impl Mode {
    fn word(self) -> &'static str {
        match self {
            Self::Navigate => "navigate",
            Self::Cors => "cors",
            Self::NoCors => "no-cors",
        }
    }
}

impl Destination {
    fn word(self) -> &'static str {
        match self {
            Self::Document => "document",
            Self::Iframe => "iframe",
            Self::Image => "image",
            Self::Empty => "empty",
        }
    }
}

fn parse(url: &str) -> Url {
    Url::parse(url).unwrap_or_else(|error| panic!("{url:?} is no URL: {error}"))
}
