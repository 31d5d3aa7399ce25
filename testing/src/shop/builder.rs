//! How a shop is made.

use super::{ADDRESS, Lookup, Mode, SITE, Shelf, Shop, Watch};
use crate::{canary::fake_secret, raw_provider::RawProvider, values};
use axum::{Router, routing::get};
use http::request::Parts;
use komerza_connect::time::{Clock, ManualClock};
use komerza_connect::{ConfigBuilder, KomerzaConnectLayer, KomerzaKey, TokenStore, config::Limits};
use std::{net::IpAddr, sync::Arc, time::Duration};
use tokio::net::TcpListener;

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
    still: bool,
    sockets: bool,
}

impl Shop {
    /// No limit on exchanges, since most tests are not about it; the store's deadlines are the defaults, and time is real.
    pub fn builder(mode: Mode) -> ShopBuilder {
        ShopBuilder {
            mode,
            limits: unlimited(),
            config: Box::new(|config| config),
            layer: Box::new(|layer| layer),
            store: None,
            shelf: Shelf::default(),
            provider: None,
            client_secret: format!("{:x<72}", fake_secret("client-secret")),
            still: false,
            sockets: false,
        }
    }
}

/// No limit towards the provider.
fn unlimited() -> Limits {
    let mut limits = Limits::default();
    limits.exchange_bucket.period = Duration::ZERO;
    limits.exchanges_per_user = 1_000_000;
    limits
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

    /// Time stands still, for the layer and for the browsers, unless [`Shop::clock`] is moved.
    pub fn still(self) -> Self {
        Self { still: true, ..self }
    }

    /// Behind a real socket on plain HTTP.
    pub fn over_sockets(self) -> Self {
        Self { sockets: true, ..self }
    }

    /// Another store in place of the shelf.
    pub fn store(self, store: impl TokenStore) -> Self {
        Self { store: Some(Arc::new(store)), ..self }
    }

    /// A shelf of the test's own.
    pub fn shelf(self, shelf: &Shelf) -> Self {
        Self { shelf: shelf.clone(), ..self }
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
        let listener = if self.sockets { Some(TcpListener::bind("127.0.0.1:0").await.unwrap()) } else { None };
        let at = |listener: &TcpListener| format!("http://{}", listener.local_addr().unwrap());
        let origin = listener.as_ref().map_or(SITE.to_owned(), at);
        let config = settings(&provider, &self.client_secret, &origin).limits(self.limits);
        let store = self.store.unwrap_or_else(|| Arc::new(self.shelf.clone()));
        let (lookup, watch, clock) = (Lookup::default(), Watch::default(), ManualClock::default());
        let layer = KomerzaConnectLayer::new((self.config)(config).build().unwrap(), store).unwrap();
        let layer = of_mode(self.mode, layer.with_hooks(watch.clone()), &lookup);
        let layer = (self.layer)(if self.still { layer.with_clock(clock.clone()) } else { layer });
        let app = app(&layer);
        let server = listener.map(|listener| tokio::spawn(async { axum::serve(listener, app).await.unwrap() }));
        let Self { mode, shelf, client_secret, still, .. } = self;
        Shop { mode, provider, shelf, lookup, watch, clock, still, client_secret, layer, origin, server }
    }
}

/// The settings of every node of a shop.
pub(super) fn settings(provider: &RawProvider, client_secret: &str, origin: &str) -> ConfigBuilder {
    let callback = format!("{origin}/komerza/callback");
    values::config().redirect_uri(callback).client_secret(client_secret).api_url(provider.url()).limits(unlimited())
}

pub(super) fn of_mode(mode: Mode, layer: KomerzaConnectLayer, lookup: &Lookup) -> KomerzaConnectLayer {
    match mode {
        Mode::Users => layer.with_user(lookup.clone()),
        Mode::Browsers => layer.with_client_address(address_of),
    }
}

/// An app that shows its visitors their key, which no real one does: `/key` needs one and `/seen` does not; `/echo` and `/user`
/// call the provider with it.
pub fn app(layer: &KomerzaConnectLayer) -> Router {
    async fn key(key: KomerzaKey) -> String {
        key.api_key().expose_secret().to_owned()
    }
    async fn seen(key: Option<KomerzaKey>) -> String {
        key.map_or("none".into(), |key| format!("key {}", key.api_key().expose_secret()))
    }
    async fn echo(key: KomerzaKey) -> Result<String, komerza_connect::Error> {
        // Like a handler that first does something else. Meanwhile other handlers take their keys.
        tokio::task::yield_now().await;
        key.get("/echo").fetch().await
    }
    async fn user(key: KomerzaKey) -> Result<String, komerza_connect::Error> {
        Ok(key.user().await?.email)
    }
    let shared = get(async |key| ([("cache-control", "public, max-age=60")], seen(key).await));
    let routes = Router::new()
        .route("/key", get(key))
        .route("/seen", get(seen))
        .route("/shared-key", shared)
        .route("/echo", get(echo))
        .route("/user", get(user));
    layer.mount(routes.fallback(async || "a page of the app"))
}

/// An address for each name.
pub(super) fn address(user: &str) -> String {
    let hash = user.bytes().fold(7_u16, |hash, byte| hash.wrapping_mul(31).wrapping_add(byte.into()));
    format!("198.18.{}.{}", hash >> 8, hash & 255)
}

fn address_of(parts: &Parts) -> Option<IpAddr> {
    parts.headers.get(ADDRESS)?.to_str().ok()?.parse().ok()
}
