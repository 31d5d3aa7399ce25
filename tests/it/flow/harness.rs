//! A shop with the crate in it, a fake provider and browsers: the words of the threat model as calls.
//!
//! `start(alice)` is [`Shop::start`], `cb(user; query)` is [`Shop::callback`], **ok(path)** is [`Shop::accepts`], **refuse(n)** is
//! [`Shop::refuses`], `P` is [`Shop::provider`] and `St` is [`Shop::store`]. Every answer of the crate's routes that a browser
//! gets here passes the assertion on headers (T23) and the one on the form of cookies (T12).

use crate::prelude::*;
use axum::routing::get;
use komerza_connect_testing::headers::{CookieForm, OwnAnswers, assert_cookie_form};
use tokio::task::JoinHandle;

pub(crate) const SITE: &str = "https://shop.example";
pub(crate) const CALLBACK: &str = "https://shop.example/komerza/callback";
pub(crate) const LOGIN: &str = "https://shop.example/komerza/login";
pub(crate) const DISCONNECT: &str = "https://shop.example/komerza/disconnect";
pub(crate) const STATUS: &str = "https://shop.example/komerza/status";
pub(crate) const AUTHORIZE: &str = "https://dashboard.komerza.com/auth/authorize";
pub(crate) const EVIL: &str = "https://evil.example/page";

/// Who tells users apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    /// The app, by [`USER`].
    App,
    /// The crate's own session cookie.
    Browser,
}

impl Mode {
    pub(crate) const BOTH: [Self; 2] = [Self::App, Self::Browser];
}

/// The header that stands for the app's own session. `broken` makes the look-up fail, `panics` panic.
pub(crate) const USER: &str = komerza_connect_testing::shop_b::USER;

/// No limit towards the provider: what is tested here is something else.
pub(crate) fn limits() -> Limits {
    let mut limits = Limits::default();
    limits.exchange_bucket = Bucket { capacity: 1, refill: 1, period: Duration::ZERO };
    limits.exchanges_per_user = 1_000_000;
    limits
}

pub(crate) struct Shop {
    pub(crate) mode: Mode,
    pub(crate) provider: RawProvider,
    pub(crate) store: Shelf,
    pub(crate) clock: ManualClock,
    pub(crate) layer: KomerzaConnectLayer,
    /// Where the site is: [`SITE`], or a port of this machine.
    pub(crate) origin: String,
    server: Option<JoinHandle<()>>,
}

impl Drop for Shop {
    fn drop(&mut self) {
        if let Some(server) = &self.server {
            server.abort();
        }
    }
}

/// A login that was started.
pub(crate) struct Login {
    pub(crate) state: String,
    /// The name of the cookie that holds the attempt.
    pub(crate) cookie: String,
    pub(crate) hop: Hop,
}

impl Login {
    /// The query of the callback with this code.
    pub(crate) fn with(&self, code: &str) -> String {
        format!("code={code}&state={}", self.state)
    }
}

impl Shop {
    pub(crate) async fn new(mode: Mode) -> Self {
        Self::with(mode, |config| config, |layer| layer).await
    }

    /// A shop and a browser of this user.
    pub(crate) async fn with_browser(mode: Mode, user: &str) -> (Self, Browser) {
        let shop = Self::new(mode).await;
        let browser = shop.browser(user);
        (shop, browser)
    }

    /// A shop, a browser of this user, and its login.
    pub(crate) async fn with_login(mode: Mode, user: &str, return_to: &str) -> (Self, Browser, Login) {
        let shop = Self::new(mode).await;
        let (browser, login) = shop.login_of(user, return_to).await;
        (shop, browser, login)
    }

    /// A shop with another configuration and another layer than the usual one.
    pub(crate) async fn with(
        mode: Mode,
        config: impl FnOnce(ConfigBuilder) -> ConfigBuilder,
        layer: impl FnOnce(KomerzaConnectLayer) -> KomerzaConnectLayer,
    ) -> Self {
        Self::on(RawProvider::start().await, Shelf::default(), mode, config, layer)
    }

    /// As [`with`](Self::with), with a provider and a store of one's own.
    pub(crate) fn on(
        provider: RawProvider,
        store: Shelf,
        mode: Mode,
        config: impl FnOnce(ConfigBuilder) -> ConfigBuilder,
        layer: impl FnOnce(KomerzaConnectLayer) -> KomerzaConnectLayer,
    ) -> Self {
        let clock = ManualClock::default();
        let layer = layer(node(mode, &provider, &store, &clock, CALLBACK, config));
        Self { mode, provider, store, clock, layer, origin: SITE.to_owned(), server: None }
    }

    /// A shop behind a real socket on plain HTTP.
    pub(crate) async fn over_sockets(mode: Mode) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let origin = format!("http://{}", listener.local_addr().unwrap());
        let (provider, store, clock) = (RawProvider::start().await, Shelf::default(), ManualClock::default());
        let layer = node(mode, &provider, &store, &clock, &format!("{origin}/komerza/callback"), |config| config);
        let app = app(&layer);
        let server = tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        Self { mode, provider, store, clock, layer, origin, server: Some(server) }
    }

    /// Another node of the same app: its own process, so to speak, with the same store, provider and time.
    pub(crate) fn another_node(&self, config: impl FnOnce(ConfigBuilder) -> ConfigBuilder) -> KomerzaConnectLayer {
        node(self.mode, &self.provider, &self.store, &self.clock, CALLBACK, config)
    }

    /// The address of a path on the site.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.origin)
    }

    /// A new browser of this user; in [`Mode::Browser`] the name means nothing.
    pub(crate) fn browser(&self, user: &str) -> Browser {
        let clock = self.clock.clone();
        let browser = Browser::new()
            .with_clock(move || clock.now())
            .with_own_answers(OwnAnswers::authorized_at(AUTHORIZE))
            .with_inspector(inspect_cookies);
        if self.mode == Mode::App {
            browser.set_header(USER, user);
        }
        if self.server.is_some() { browser.with_network() } else { browser.serve(SITE, app(&self.layer)) }
    }

    /// A new browser of this user, and its login.
    pub(crate) async fn login_of(&self, user: &str, return_to: &str) -> (Browser, Login) {
        let browser = self.browser(user);
        let login = self.start(&browser, return_to).await;
        (browser, login)
    }

    /// A same-origin login that ends at `return_to`, in a new tab of the browser.
    pub(crate) async fn start(&self, browser: &Browser, return_to: &str) -> Login {
        let url = self.url(&format!("/komerza/login?return_to={return_to}"));
        started(browser.hop(Load::link(&self.url("/"), &url)).await)
    }

    /// The provider sends the browser back with this query.
    pub(crate) async fn callback(&self, browser: &Browser, query: &str) -> Hop {
        load_and_go_on(browser, self.returning(query)).await
    }

    /// The return, to be changed before it is loaded.
    pub(crate) fn returning(&self, query: &str) -> Load {
        let target = format!("/komerza/callback?{query}");
        Load::link(AUTHORIZE, &self.url("/komerza/callback")).raw_target(&target).stop_at_first()
    }

    /// **ok(path)**: the login is finished with this code, which reaches the provider once and whose key is then the user's.
    pub(crate) async fn accepts(&self, browser: &Browser, login: &Login, code: &str, path: &str) -> Hop {
        self.accepts_load(browser, self.returning(&login.with(code)), code, path).await
    }

    pub(crate) async fn accepts_load(&self, browser: &Browser, load: Load, code: &str, path: &str) -> Hop {
        let before = self.exchanges_of(code);
        let hop = browser.load(load).await.first().clone();
        assert_eq!((hop.status(), hop.location()), (303, Some(path)), "{}", hop.text());
        assert_eq!(self.exchanges_of(code), before + 1, "exchanges of {code}");
        assert_eq!(self.key_seen_by(browser).await, Some(key_for_code(code)));
        hop
    }

    pub(crate) fn exchanges_of(&self, code: &str) -> usize {
        let exchanges = self.provider.exchanges();
        exchanges.iter().filter(|request| request.code().as_deref() == Some(code.as_bytes())).count()
    }

    /// **refuse(status)**: nothing reaches the provider, the store and the browser's cookies stay as they are.
    pub(crate) async fn refuses(&self, browser: &Browser, query: &str, status: u16) -> Hop {
        self.refuses_load(browser, self.returning(query), status).await
    }

    pub(crate) async fn refuses_load(&self, browser: &Browser, load: Load, status: u16) -> Hop {
        let jar = cookies(browser);
        let hop = self.refuses_for_good(browser, load, status).await;
        assert_eq!(cookies(browser), jar, "a refusal touched cookies");
        hop
    }

    /// As [`refuses`](Self::refuses), and the attempt's own cookie is gone.
    pub(crate) async fn refuses_and_clears(&self, browser: &Browser, query: &str, status: u16, cookie: &str) -> Hop {
        let mut jar = cookies(browser);
        let hop = self.refuses_for_good(browser, self.returning(query), status).await;
        jar.retain(|(name, _)| name != cookie);
        assert_eq!(cookies(browser), jar, "the attempt's own cookie goes and no other");
        assert!(hop.set_cookies().iter().any(|line| line.starts_with(&format!("{cookie}=;"))));
        hop
    }

    async fn refuses_for_good(&self, browser: &Browser, load: Load, status: u16) -> Hop {
        let before = self.mark();
        let hop = load_and_go_on(browser, load).await;
        assert_eq!((hop.status(), hop.location()), (status, None), "{}", hop.text());
        assert_eq!(self.mark(), before, "a refusal reached the provider or the store");
        hop
    }

    /// What a refusal leaves as it is: connections to the provider, writes to the store, its records.
    pub(crate) fn mark(&self) -> (usize, usize, BTreeMap<String, String>) {
        (self.provider.connections(), self.store.writes(), self.store.snapshot())
    }

    /// The key with which the app's handlers work for this browser now.
    pub(crate) async fn key_seen_by(&self, browser: &Browser) -> Option<String> {
        let visit = browser.open(&self.url("/key")).await;
        assert_eq!(visit.statuses(), [200], "{}", visit.last().text());
        visit.last().text().strip_prefix("key ").map(str::to_owned)
    }
}

/// One layer of the app under test.
pub(crate) fn node(
    mode: Mode,
    provider: &RawProvider,
    store: &Shelf,
    clock: &ManualClock,
    redirect_uri: &str,
    config: impl FnOnce(ConfigBuilder) -> ConfigBuilder,
) -> KomerzaConnectLayer {
    let builder =
        komerza_connect_testing::values::config().redirect_uri(redirect_uri).api_url(provider.url()).limits(limits());
    let layer = KomerzaConnectLayer::new(config(builder).build().unwrap(), store.clone()).unwrap();
    let layer = layer.with_clock(clock.clone());
    let lookup = komerza_connect_testing::shop_b::Lookup::default();
    // It takes a while, as real ones do.
    lookup.give_way(1);
    if mode == Mode::App { layer.with_user(lookup) } else { layer }
}

/// An app that shows its visitors their key, which no real one does.
pub(crate) fn app(layer: &KomerzaConnectLayer) -> Router {
    async fn key(komerza: Option<KomerzaKey>) -> String {
        komerza.map_or("none".into(), |komerza| format!("key {}", komerza.api_key().expose_secret()))
    }
    async fn user(komerza: KomerzaKey) -> Result<String, komerza_connect::Error> {
        Ok(komerza.user().await?.email)
    }
    let shared_key = get(async |komerza| ([("cache-control", "public, max-age=60")], key(komerza).await));
    let inner = Router::new()
        .route("/key", get(key))
        .route("/shared-key", shared_key)
        .route("/user", get(user))
        .fallback(async || "a page of the app");
    layer.mount(inner)
}

/// Reads the answer to a login that must have started.
pub(crate) fn started(hop: Hop) -> Login {
    assert_eq!(hop.status(), 303, "{}", hop.text());
    let state = hop.location_parameter("state").expect("a state in the authorize URL");
    let set = hop.set_cookies();
    let mut kept = set.iter().filter(|line| !line.contains("; Max-Age=0;"));
    let cookie = kept.next().and_then(|line| line.split_once('=')).expect("an attempt in a cookie").0.to_owned();
    assert_eq!(kept.next(), None, "one cookie is set");
    Login { state, cookie, hop }
}

/// Whether a page loads its own address again.
pub(crate) fn loads_again(page: &Hop) -> bool {
    page.text().contains("<meta http-equiv=\"refresh\" content=\"0\">")
}

/// Loads a page, and once more where it does so by itself.
pub(crate) async fn load_and_go_on(browser: &Browser, load: Load) -> Hop {
    let hop = browser.load(load.clone()).await.first().clone();
    if loads_again(&hop) { browser.load(load).await.first().clone() } else { hop }
}

/// Names and values, sorted.
pub(crate) fn cookies(browser: &Browser) -> Vec<(String, Vec<u8>)> {
    let mut all: Vec<_> = browser.jar().all().iter().map(|cookie| (cookie.name(), cookie.value.clone())).collect();
    // The mark of a page that was loaded again: it goes by itself and decides nothing else.
    all.retain(|(name, _)| !name.contains("-again-"));
    all.sort();
    all
}

/// The crate's cookies for attempts and done marks, in the order of their creation.
pub(crate) fn flow_cookies(browser: &Browser) -> Vec<String> {
    let mut names = browser.jar().names();
    names.retain(|name| name.contains("-login-") || name.contains("-done-"));
    names
}

/// T12 and T13 over the whole suite: each cookie that the crate sets has its exact form, and none is set twice.
fn inspect_cookies(hop: &Hop) {
    if !hop.url.path().contains("/komerza/") {
        return;
    }
    let form = if hop.url.scheme() == "https" { CookieForm::Host } else { CookieForm::Loopback };
    let mut names = Vec::new();
    for line in hop.set_cookies() {
        let (name, rest) = line.split_once('=').expect("a name and a value");
        if name.contains("komerza-") {
            let lives = match name {
                _ if rest.starts_with(';') => 0,
                name if name.contains("-login-") => 600,
                name if name.contains("-done-") => 120,
                name if name.ends_with("-confirm") => 600,
                name if name.contains("-again-") || name.ends_with("-stay") => 60,
                name if name.ends_with("-session") => 30 * 24 * 3_600,
                _ => panic!("an unknown cookie of the crate: {name}"),
            };
            assert_cookie_form(&line, form, lives);
            assert!(!names.contains(&name.to_owned()), "{name} is set twice in one answer");
            names.push(name.to_owned());
        }
    }
    assert_eq!(hop.refused_cookies, [], "a browser keeps every cookie of the crate");
}
