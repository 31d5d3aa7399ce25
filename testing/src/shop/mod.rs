//! A shop: an app with the layer in it, a raw provider, a store that can be looked into, and browsers.
//!
//! The words of the threat model are calls: `start(alice)` is [`Shop::start`], `cb(user; code, state)` is [`Shop::callback`],
//! **ok(path)** is [`Shop::accepts`], **refuse(n)** is [`Shop::refuses`], `P` is [`Shop::provider`] and `St` is [`Shop::shelf`].
//! Every answer of the crate's routes that a browser gets here passes the assertion on headers (T23) and the one on the form
//! of cookies (T12), and its page is given to the canaries.

mod builder;
mod lookup;
mod shelf;
mod verdicts;
mod watch;

pub use self::builder::{ShopBuilder, app};
pub use self::lookup::{Lookup, USER};
pub use self::shelf::{Fate, Op, Shelf};
pub use self::verdicts::{
    Login, assert_connected, cookies, flow_cookies, load_and_go_on, loads_again, session_of, started,
};
pub use self::watch::{Hook, Watch, with_sources};
use super::browser::{Browser, Hop, Load};
use super::headers::inspect_cookies;
use super::raw_provider::RawProvider;
use komerza_connect::{ConfigBuilder, KomerzaConnectLayer, time::Clock, time::ManualClock};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use std::{pin::pin, task::Poll};
use tokio::task::JoinHandle;

pub const SITE: &str = "https://shop.example";
pub const CALLBACK: &str = "https://shop.example/komerza/callback";
pub const LOGIN: &str = "https://shop.example/komerza/login";
pub const DISCONNECT: &str = "https://shop.example/komerza/disconnect";
pub const STATUS: &str = "https://shop.example/komerza/status";
pub const AUTHORIZE: &str = "https://dashboard.komerza.com/auth/authorize";
pub const EVIL: &str = "https://evil.example/page";
/// The address of a browser, as a proxy would tell it.
const ADDRESS: &str = "x-test-address";

/// How the layer tells users apart.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// By the app's own login: [`USER`].
    #[default]
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
    /// The time of the layer and of the browsers, in a shop whose time stands still.
    pub clock: ManualClock,
    still: bool,
    pub client_secret: String,
    pub layer: KomerzaConnectLayer,
    /// Where the site is: [`SITE`], or a port of this machine.
    pub origin: String,
    server: Option<JoinHandle<()>>,
}

impl Drop for Shop {
    fn drop(&mut self) {
        if let Some(server) = &self.server {
            server.abort();
        }
    }
}

impl Shop {
    /// A shop whose time stands still unless a test moves it.
    pub async fn new(mode: Mode) -> Self {
        Self::builder(mode).still().open().await
    }

    /// A shop whose time stands still, and a browser of this user.
    pub async fn with_browser(mode: Mode, user: &str) -> (Self, Browser) {
        let shop = Self::new(mode).await;
        let browser = shop.browser(user);
        (shop, browser)
    }

    /// A shop whose time stands still, a browser of this user, and its login.
    pub async fn with_login(mode: Mode, user: &str, return_to: &str) -> (Self, Browser, Login) {
        let shop = Self::new(mode).await;
        let (browser, login) = shop.login_of(user, return_to).await;
        (shop, browser, login)
    }

    /// A shop whose time stands still, and a browser of this user that is connected by this code.
    pub async fn connected(mode: Mode, user: &str, code: &str) -> (Self, Browser) {
        let (shop, browser) = Self::with_browser(mode, user).await;
        shop.connects(&browser, code).await;
        (shop, browser)
    }

    /// A shop in real time, and a browser of this user.
    pub async fn live(mode: Mode, user: &str) -> (Self, Browser) {
        let shop = Self::builder(mode).open().await;
        let browser = shop.browser(user);
        (shop, browser)
    }

    /// A shop in real time, a browser of this user, and the state of its login.
    pub async fn with_start(mode: Mode, user: &str) -> (Self, Browser, String) {
        let (shop, browser) = Self::live(mode, user).await;
        let state = shop.begin(&browser).await;
        (shop, browser, state)
    }

    /// Another node of the same app: its own process, so to speak, with the same store, provider and time.
    pub fn another_node(&self, config: impl FnOnce(ConfigBuilder) -> ConfigBuilder) -> KomerzaConnectLayer {
        let settings = builder::settings(&self.provider, &self.client_secret, &self.origin);
        let layer = KomerzaConnectLayer::new(config(settings).build().unwrap(), self.shelf.clone()).unwrap();
        let layer = if self.still { layer.with_clock(self.clock.clone()) } else { layer };
        builder::of_mode(self.mode, layer, &Lookup::default())
    }

    /// The address of a path on the site.
    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.origin)
    }

    /// A browser in which `user` is signed in, where the app has users; elsewhere the name stands for an address.
    pub fn browser(&self, user: &str) -> Browser {
        let browser = Browser::new().with_inspector(inspect_cookies);
        let clock = self.clock.clone();
        let browser = if self.still { browser.with_clock(move || clock.now()) } else { browser };
        match self.mode {
            Mode::Users => browser.set_header(USER, user),
            Mode::Browsers => browser.set_header(ADDRESS, &builder::address(user)),
        }
        if self.server.is_some() { browser.with_network() } else { browser.serve(SITE, app(&self.layer)) }
    }

    /// A new browser of this user, and its login.
    pub async fn login_of(&self, user: &str, return_to: &str) -> (Browser, Login) {
        let browser = self.browser(user);
        let login = self.start(&browser, return_to).await;
        (browser, login)
    }

    /// A same-origin login that ends at `return_to`, in a new tab of the browser.
    pub async fn start(&self, browser: &Browser, return_to: &str) -> Login {
        let url = self.url(&format!("/komerza/login?return_to={return_to}"));
        started(browser.hop(Load::link(&self.url("/"), &url)).await)
    }

    /// A login that ends at `/x`: its state.
    pub async fn begin(&self, browser: &Browser) -> String {
        self.start(browser, "/x").await.state
    }

    /// A new browser of this user, and the state of its login that ends at `/x`.
    pub async fn begun(&self, user: &str) -> (Browser, String) {
        let browser = self.browser(user);
        let state = self.begin(&browser).await;
        (browser, state)
    }

    /// The callback with this code and state: the first answer.
    pub async fn callback(&self, browser: &Browser, code: &str, state: &str) -> Hop {
        self.return_to(browser, &callback_query(code, state)).await
    }

    /// The provider sends the browser back with this query: the first answer that does not load itself again.
    pub async fn return_to(&self, browser: &Browser, query: &str) -> Hop {
        load_and_go_on(browser, self.returning(query)).await
    }

    /// The load of the callback with this query, so that a test can change it before it is loaded.
    pub fn returning(&self, query: &str) -> Load {
        let target = format!("/komerza/callback?{query}");
        Load::link(AUTHORIZE, &self.url(&target)).raw_target(&target).stop_at_first()
    }

    /// A whole connection, however it ends: login and callback.
    pub async fn connect(&self, browser: &Browser, code: &str) -> Hop {
        let state = self.begin(browser).await;
        self.callback(browser, code, &state).await
    }

    /// The key that a page of the app which needs one shows; `Err` is the status when there is none.
    pub async fn key(&self, browser: &Browser) -> Result<String, u16> {
        let hop = browser.hop(Load::typed(&self.url("/key"))).await;
        if hop.status() == 200 { Ok(hop.text()) } else { Err(hop.status()) }
    }

    /// The key with which the app's handlers work for this browser now.
    pub async fn key_seen_by(&self, browser: &Browser) -> Option<String> {
        let visit = browser.open(&self.url("/seen")).await;
        assert_eq!(visit.statuses(), [200], "{}", visit.last().text());
        visit.last().text().strip_prefix("key ").map(str::to_owned)
    }

    /// By a form of the site itself.
    pub async fn disconnect(&self, browser: &Browser) -> Hop {
        browser.hop(Load::form(&self.url("/"), &self.url("/komerza/disconnect"), "")).await
    }

    /// Number of exchanges that reached the provider.
    pub fn exchanges(&self) -> usize {
        self.provider.exchanges().len()
    }

    /// Number of exchanges of this code that reached the provider.
    pub fn exchanges_of(&self, code: &str) -> usize {
        let exchanges = self.provider.exchanges();
        exchanges.iter().filter(|request| request.code().as_deref() == Some(code.as_bytes())).count()
    }
}

/// The same in either mode: by the app's own login, and by the crate's session cookie.
pub async fn in_both<T, F: Future<Output = T>>(open: impl Fn(Mode) -> F) -> [T; 2] {
    [open(Mode::Users).await, open(Mode::Browsers).await]
}

/// `code=…&state=…`, encoded.
pub fn callback_query(code: &str, state: &str) -> String {
    let [code, state] = [code, state].map(|value| utf8_percent_encode(value, NON_ALPHANUMERIC));
    format!("code={code}&state={state}")
}

/// Polls a future `polls` times, then drops it. Returns its output if it was ready by then.
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
