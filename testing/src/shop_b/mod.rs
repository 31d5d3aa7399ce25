//! A shop: an app with the layer in it, a raw provider, a store that can be looked into, and browsers.
//!
//! Every answer of the crate's routes is checked by the browser model, and its page given to the canaries.

mod shelf;
mod watch;

pub use self::shelf::{Fate, Op, Shelf};
pub use self::watch::{Hook, Watch, with_sources};
use super::browser::{Browser, Hop, Load};
use super::canary::fake_secret;
use super::raw_provider::RawProvider;
use super::time::hang;
use axum::{Router, routing::get};
use http::request::Parts;
use komerza_connect::{
    Config, ConfigBuilder, IdentifyUser, KomerzaConnectLayer, KomerzaKey, TokenStore, UserId, async_trait,
    config::Limits, time::Clock,
};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use std::{
    pin::pin,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    task::Poll,
    time::Duration,
};

pub const ORIGIN: &str = "https://shop.example";
pub const CALLBACK: &str = "https://shop.example/komerza/callback";
/// The address of a browser, as a proxy would tell it.
pub const ADDRESS: &str = "x-test-address";
/// Names the user who is signed in to the app: stands for the app's own session.
pub const USER: &str = "x-test-user";
const DASHBOARD_PAGE: &str = "https://dashboard.komerza.com/auth/authorize";

/// How the layer tells users apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// By the app's own login.
    Users,
    /// By the crate's own session cookie.
    Browsers,
}

pub const MODES: [Mode; 2] = [Mode::Users, Mode::Browsers];

pub struct Shop {
    pub mode: Mode,
    pub provider: RawProvider,
    pub shelf: Shelf,
    pub lookup: Lookup,
    pub watch: Watch,
    pub client_secret: String,
    pub layer: KomerzaConnectLayer,
    pub app: Router,
}

type Change<T> = Box<dyn FnOnce(T) -> T + Send>;

pub struct ShopBuilder {
    mode: Mode,
    limits: Limits,
    config: Change<ConfigBuilder>,
    layer: Change<KomerzaConnectLayer>,
    store: Option<Arc<dyn TokenStore>>,
    shelf: Shelf,
    provider: Option<RawProvider>,
    client_secret: String,
}

impl ShopBuilder {
    pub fn limits(mut self, change: impl FnOnce(&mut Limits)) -> Self {
        change(&mut self.limits);
        self
    }

    pub fn config(self, change: impl FnOnce(ConfigBuilder) -> ConfigBuilder + Send + 'static) -> Self {
        let before = self.config;
        Self { config: Box::new(|config| change(before(config))), ..self }
    }

    pub fn layer(self, change: impl FnOnce(KomerzaConnectLayer) -> KomerzaConnectLayer + Send + 'static) -> Self {
        let before = self.layer;
        Self { layer: Box::new(|layer| change(before(layer))), ..self }
    }

    pub fn clock(self, clock: &(impl Clock + Clone)) -> Self {
        let clock = clock.clone();
        self.layer(|layer| layer.with_clock(clock))
    }

    /// Another store in place of the shelf.
    pub fn store(self, store: impl TokenStore) -> Self {
        Self { store: Some(Arc::new(store)), ..self }
    }

    pub fn provider(self, provider: RawProvider) -> Self {
        Self { provider: Some(provider), ..self }
    }

    /// Shares the store and the settings with another shop: a second node of the same app.
    pub fn beside(self, other: &Shop) -> Self {
        Self { shelf: other.shelf.clone(), client_secret: other.client_secret.clone(), ..self }
    }

    pub async fn open(self) -> Shop {
        let provider = match self.provider {
            Some(provider) => provider,
            None => RawProvider::start().await,
        };
        let config = Config::builder()
            .client_id("obviously-fake-client")
            .client_secret(&self.client_secret)
            .redirect_uri(CALLBACK)
            .user_agent("ShopTests/1.0")
            .api_url(provider.url())
            .limits(self.limits);
        let config = (self.config)(config).build().unwrap();
        let store = self.store.unwrap_or_else(|| Arc::new(self.shelf.clone()));
        let lookup = Lookup::default();
        let watch = Watch::default();
        let layer = KomerzaConnectLayer::new(config, store).unwrap().with_hooks(watch.clone());
        let layer = match self.mode {
            Mode::Users => layer.with_user(lookup.clone()),
            Mode::Browsers => layer.with_client_address(address_of),
        };
        let layer = (self.layer)(layer);
        let app = routes().layer(layer.clone());
        let Self { mode, shelf, client_secret, .. } = self;
        Shop { mode, provider, shelf, lookup, watch, client_secret, layer, app }
    }
}

/// `/key` shows the key that the request may use; `/echo` calls the provider's `/echo` with it.
fn routes() -> Router {
    async fn key(key: KomerzaKey) -> String {
        key.api_key().expose_secret().to_owned()
    }
    async fn echo(key: KomerzaKey) -> Result<String, komerza_connect::Error> {
        // As handlers do that have something else to do first; meanwhile others take their keys.
        tokio::task::yield_now().await;
        key.get("/echo").fetch().await
    }
    Router::new().route("/key", get(key)).route("/echo", get(echo)).route("/x", get(|| async { "the return path" }))
}

impl Shop {
    pub async fn new(mode: Mode) -> Self {
        Self::builder(mode).open().await
    }

    /// A shop and a browser of this user.
    pub async fn with_browser(mode: Mode, user: &str) -> (Self, Browser) {
        let shop = Self::new(mode).await;
        let browser = shop.browser(user);
        (shop, browser)
    }

    /// A shop, a browser of this user, and the state of its login.
    pub async fn with_start(mode: Mode, user: &str) -> (Self, Browser, String) {
        let (shop, browser) = Self::with_browser(mode, user).await;
        let state = shop.start(&browser).await;
        (shop, browser, state)
    }

    /// No limit on exchanges, since most tests are not about it; the store's deadlines are the defaults.
    pub fn builder(mode: Mode) -> ShopBuilder {
        let mut limits = Limits::default();
        limits.exchange_bucket.period = Duration::ZERO;
        limits.exchanges_per_user = 1_000_000;
        ShopBuilder {
            mode,
            limits,
            config: Box::new(|config| config),
            layer: Box::new(|layer| layer),
            store: None,
            shelf: Shelf::default(),
            provider: None,
            client_secret: format!("{:x<72}", fake_secret("client-secret")),
        }
    }

    /// A browser in which `user` is signed in, where the app has users.
    pub fn browser(&self, user: &str) -> Browser {
        let browser = Browser::new().serve(ORIGIN, self.app.clone());
        match self.mode {
            Mode::Users => browser.with_header(USER, user),
            Mode::Browsers => browser.with_header(ADDRESS, &address(user)),
        }
    }

    /// `start(user)` of the threat model: the state.
    pub async fn start(&self, browser: &Browser) -> String {
        let visit = browser.open(&format!("{ORIGIN}/komerza/login?return_to=/x")).await;
        visit.last().location_parameter("state").expect("the login leads to the dashboard with a state")
    }

    /// `cb(user; code, state)` of the threat model: the first answer.
    pub async fn callback(&self, browser: &Browser, code: &str, state: &str) -> Hop {
        self.return_to(browser, &callback_query(code, state)).await
    }

    /// The callback with this query, as the dashboard would send the browser there.
    pub async fn return_to(&self, browser: &Browser, query: &str) -> Hop {
        let load = Load::link(DASHBOARD_PAGE, &format!("{CALLBACK}?{query}")).stop_at_first();
        browser.load(load).await.first().clone()
    }

    /// A whole connection: login and callback.
    pub async fn connect(&self, browser: &Browser, code: &str) -> Hop {
        let state = self.start(browser).await;
        self.callback(browser, code, &state).await
    }

    /// The key that the app's own page shows; `Err` is the status when there is none.
    pub async fn key(&self, browser: &Browser) -> Result<String, u16> {
        let visit = browser.load(Load::typed(&format!("{ORIGIN}/key")).stop_at_first()).await;
        let hop = visit.first();
        if hop.status() == 200 { Ok(hop.text()) } else { Err(hop.status()) }
    }

    pub async fn disconnect(&self, browser: &Browser) -> Hop {
        let load = Load::form(&format!("{ORIGIN}/"), &format!("{ORIGIN}/komerza/disconnect"), "").stop_at_first();
        browser.load(load).await.first().clone()
    }

    /// Number of exchanges that reached the provider.
    pub fn exchanges(&self) -> usize {
        self.provider.exchanges().len()
    }
}

/// `code=…&state=…`, encoded.
pub fn callback_query(code: &str, state: &str) -> String {
    format!(
        "code={}&state={}",
        utf8_percent_encode(code, NON_ALPHANUMERIC),
        utf8_percent_encode(state, NON_ALPHANUMERIC)
    )
}

/// Polls a future so often and then drops it; its output if it was ready by then.
pub async fn give_up_after<T>(polls: usize, future: impl Future<Output = T>) -> Option<T> {
    let mut future = pin!(future);
    let mut left = polls;
    std::future::poll_fn(|task| {
        if left == 0 {
            return Poll::Ready(None);
        }
        left -= 1;
        match future.as_mut().poll(task) {
            Poll::Ready(output) => Poll::Ready(Some(output)),
            // Not waited for any more.
            Poll::Pending if left == 0 => Poll::Ready(None),
            Poll::Pending => Poll::Pending,
        }
    })
    .await
}

/// Asserts a success: 303 to the return path, without a body.
pub fn assert_connected(hop: &Hop) {
    assert_eq!((hop.status(), hop.location(), hop.text().as_str()), (303, Some("/x"), ""), "{}", hop.text());
}

/// An address for each name.
fn address(user: &str) -> String {
    let hash = user.bytes().fold(7_u16, |hash, byte| hash.wrapping_mul(31).wrapping_add(byte.into()));
    format!("198.18.{}.{}", hash >> 8, hash & 255)
}

fn address_of(parts: &Parts) -> Option<std::net::IpAddr> {
    parts.headers.get(ADDRESS)?.to_str().ok()?.parse().ok()
}

type Rule = Arc<dyn Fn() -> Fate + Send + Sync>;

/// The user by the header, or what the test says about the look-up.
#[derive(Clone, Default)]
pub struct Lookup {
    rule: Arc<Mutex<Option<Rule>>>,
    yields: Arc<AtomicUsize>,
}

impl Lookup {
    pub fn decide(&self, rule: impl Fn() -> Fate + Send + Sync + 'static) {
        *self.rule.lock().unwrap() = Some(Arc::new(rule));
    }

    pub fn mend(&self) {
        *self.rule.lock().unwrap() = None;
    }

    pub fn give_way(&self, times: usize) {
        self.yields.store(times, Ordering::SeqCst);
    }
}

#[async_trait]
impl IdentifyUser for Lookup {
    async fn identify_user(
        &self,
        parts: &mut Parts,
    ) -> Result<Option<UserId>, Box<dyn std::error::Error + Send + Sync>> {
        for _ in 0..self.yields.load(Ordering::SeqCst) {
            tokio::task::yield_now().await;
        }
        let rule = self.rule.lock().unwrap().clone();
        match rule.map_or(Fate::Fine, |rule| rule()) {
            Fate::Fine => {}
            Fate::Hang => hang().await,
            Fate::Panic(text) => panic!("{text}"),
            Fate::Fail | Fate::ReadOnly | Fate::Unreadable | Fate::DoneAndFail => {
                return Err("the session table is locked".into());
            }
        }
        match parts.headers.get(USER).map(|user| user.to_str()).transpose()? {
            None => Ok(None),
            // What a test asks for by the name of its user.
            Some("panics") => panic!("obviously fake: the look-up panics"),
            Some("broken") => Err("obviously fake failure of the session store".into()),
            Some(user) => Ok(Some(UserId::new(user)?)),
        }
    }
}
