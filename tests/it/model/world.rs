//! The system under test: two nodes over one store, two browsers, a clock that jumps.

use super::{provider::Provider, *};
use axum::routing::get;
use tower::util::BoxCloneSyncService;

pub(super) const DASHBOARD: &str = "https://dashboard.example";
pub(super) const USERS: [&str; 2] = ["alice", "bob"];
pub(super) const SECRET: &str = "obviously-fake-client-secret-with-the-documented-length-of-72-characters";

pub(super) type App = BoxCloneSyncService<Request<Body>, Response<Body>, Infallible>;

pub(super) struct World {
    pub(super) clock: Jumping,
    pub(super) shelf: Shelf,
    pub(super) provider: Provider,
    pub(super) nodes: Vec<KomerzaConnectLayer>,
    pub(super) browsers: Vec<Browser>,
    /// How often the keys were rotated.
    pub(super) epoch: u8,
    mode: Mode,
}

impl World {
    pub(super) async fn new(mode: Mode) -> Self {
        let clock = Jumping::default();
        let browser = |clock: Jumping| {
            Browser::new()
                .with_clock(move || clock.now())
                .with_own_answers(OwnAnswers::authorized_at(&format!("{DASHBOARD}/auth/authorize")))
        };
        let browsers = vec![browser(clock.clone()), browser(clock.clone())];
        let (shelf, provider) = (Shelf::default(), Provider::start().await);
        let mut world = Self { clock, shelf, provider, nodes: Vec::new(), browsers, epoch: 0, mode };
        world.nodes = vec![world.node(), world.node()];
        world
    }

    /// A node with the present keys and an empty memory.
    pub(super) fn node(&self) -> KomerzaConnectLayer {
        let key = |epoch: u8| {
            SealingKey::from_bytes(&[&[epoch][..], b"obviously fake sealing key, 32 bytes or more"].concat())
        };
        let keys = [Some(self.epoch), self.epoch.checked_sub(1)].into_iter().flatten().map(|epoch| key(epoch).unwrap());
        let mut limits = Limits::default();
        limits.exchange_bucket = Bucket { capacity: 1, refill: 1, period: Duration::ZERO };
        limits.exchanges_per_user = u32::MAX;
        // A save succeeds at once or is meant to fail.
        limits.save_deadline = Duration::ZERO;
        limits.late_save_deadline = Duration::ZERO;
        let config = Config::builder()
            .client_id("model")
            .client_secret(SECRET)
            .redirect_uri(format!("{SITE}/komerza/callback"))
            .user_agent("Model/1.0")
            .api_url(self.provider.url())
            .dashboard_url(DASHBOARD)
            .cookie_keys(keys)
            .limits(limits);
        let layer = KomerzaConnectLayer::new(config.build().unwrap(), self.shelf.clone()).unwrap();
        let layer = layer.with_clock(self.clock.clone());
        match self.mode {
            Mode::Users => layer.with_user(|parts: &Parts| {
                let user = parts.headers.get("x-test-user")?.to_str().ok()?;
                UserId::new(user).ok()
            }),
            Mode::Browsers => layer,
        }
    }

    /// The app on a node; its one page shows the key of whoever looks.
    pub(super) fn app(&self, node: usize) -> App {
        let look = async |key: Option<KomerzaKey>| {
            key.map_or("none".to_owned(), |key| key.api_key().expose_secret().to_owned())
        };
        let app = Router::new().route("/look", get(look));
        BoxCloneSyncService::new(self.nodes[node].layer(app))
    }

    /// The browser, connected to a node.
    pub(super) fn browser(&self, browser: usize, node: usize) -> &Browser {
        let browser = &self.browsers[browser];
        browser.move_to(SITE, self.app(node));
        browser
    }
}
