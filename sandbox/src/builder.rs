//! Setting up a sandbox.

use std::net::{Ipv4Addr, SocketAddr};
use std::{fmt, sync::Arc};

use super::pipeline::{Pipeline, Role};
use super::world::{Shared, World};
use super::{
    App, Sandbox, SandboxError, chance::Chance, request_log::RequestLog, seed::Account, server::Port,
    switches::Switches,
};
use komerza_connect::random::{Randomness, SystemRandomness};
use komerza_connect::time::{Clock, SystemClock};

/// Enough for a few pages.
const ORDERS_PER_STORE: usize = 64;

/// The number of requests that are kept for [`Sandbox::requests`].
const REQUESTS_KEPT: usize = 10_000;

/// Settings of a [`Sandbox`]; begin with [`Sandbox::builder`].
#[must_use = "nothing listens before start"]
pub struct SandboxBuilder {
    app: App,
    address: SocketAddr,
    separate_dashboard: bool,
    accounts: usize,
    orders_per_store: usize,
    requests_kept: usize,
    switches: Switches,
    clock: Arc<dyn Clock>,
    randomness: Arc<dyn Randomness>,
}

impl Default for SandboxBuilder {
    fn default() -> Self {
        Self {
            app: App::new("Demo app"),
            address: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            separate_dashboard: false,
            accounts: 1,
            orders_per_store: ORDERS_PER_STORE,
            requests_kept: REQUESTS_KEPT,
            switches: Switches::default(),
            clock: Arc::new(SystemClock),
            randomness: Arc::new(SystemRandomness),
        }
    }
}

impl SandboxBuilder {
    /// The name of the app, which the consent page shows. Default: "Demo app".
    pub fn app_name(mut self, name: impl Into<String>) -> Self {
        self.app = self.app.name(name);
        self
    }

    /// Adds a redirect URI of the app. More can follow with [`Sandbox::register_redirect_uri`].
    pub fn redirect_uri(mut self, uri: impl Into<String>) -> Self {
        self.app = self.app.redirect_uri(uri);
        self
    }

    /// The permissions that the app asks for. Default: to read the user, stores, products, orders and
    /// customers.
    pub fn scopes<S: Into<String>>(mut self, scopes: impl IntoIterator<Item = S>) -> Self {
        self.app = self.app.scopes(scopes);
        self
    }

    /// Replaces the whole app, for a fixed client ID and secret.
    pub fn app(mut self, app: App) -> Self {
        self.app = app;
        self
    }

    /// Where to listen. Default: `127.0.0.1` and a free port. Only loopback addresses are accepted.
    pub fn address(mut self, address: SocketAddr) -> Self {
        self.address = address;
        self
    }

    /// Serves the dashboard on a second free port, under the name `localhost`, while the API stays on the
    /// first.
    ///
    /// Browsers then see two sites, as with Komerza itself. Default: one port for both.
    pub fn separate_dashboard(mut self) -> Self {
        self.separate_dashboard = true;
        self
    }

    /// How many Komerza accounts there are, each with two stores of its own. Default: 1. Zero: counts as 1.
    pub fn accounts(mut self, accounts: usize) -> Self {
        self.accounts = accounts.max(1);
        self
    }

    /// How many orders each store has, spread over the 30 days that end with 20 November 2026. Default: 64.
    pub fn orders_per_store(mut self, orders: usize) -> Self {
        self.orders_per_store = orders;
        self
    }

    /// How many requests [`Sandbox::requests`] keeps. Default: 10,000.
    pub fn requests_kept(mut self, requests: usize) -> Self {
        self.requests_kept = requests;
        self
    }

    /// Sets how the sandbox behaves where Komerza's behaviour is unknown; see [`Switches`].
    pub fn switches(mut self, set: impl FnOnce(&mut Switches)) -> Self {
        set(&mut self.switches);
        self
    }

    /// Switches both rate limits off.
    pub fn unlimited(self) -> Self {
        self.switches(|switches| (switches.limit_anonymous, switches.limit_keys) = (false, false))
    }

    /// Replaces the clock for codes, limits and latencies. Default: [`SystemClock`].
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// Replaces the source of randomness, which is asked once at the start. Default: [`SystemRandomness`].
    pub fn randomness(mut self, randomness: impl Randomness) -> Self {
        self.randomness = Arc::new(randomness);
        self
    }

    /// Registers the app, opens the port and begins to answer, on tasks of the current tokio runtime.
    ///
    /// # Errors
    /// [`SandboxError::NotLoopback`], [`SandboxError::Bind`] for the address; [`SandboxError::SecretLength`],
    /// [`SandboxError::RedirectUri`] for the app; [`SandboxError::Randomness`] when no key can be made.
    ///
    /// # Panics
    /// Panics outside a tokio runtime with its IO driver, as all of tokio's sockets do.
    pub async fn start(self) -> Result<Sandbox, SandboxError> {
        let mut chance = Chance::new(&*self.randomness)?;
        let app = self.app.register(&mut chance)?;
        let accounts = (0..self.accounts).map(|number| Account::demo(number, self.orders_per_store)).collect();
        let mut world = World::new(self.switches, accounts, chance, self.clock.elapsed());
        world.apps.push(app.clone());
        let shared = Arc::new(Shared::new(self.clock, RequestLog::new(self.requests_kept), world));
        let pipeline = Pipeline::new(shared.clone());
        let role = if self.separate_dashboard { Role::Api } else { Role::Everything };
        let api = Port::open(self.address, role, pipeline.clone()).await?;
        let dashboard = if self.separate_dashboard {
            Some(Port::open(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)), Role::Dashboard, pipeline).await?)
        } else {
            None
        };
        Ok(Sandbox::new(app, shared, api, dashboard))
    }
}

impl fmt::Debug for SandboxBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SandboxBuilder")
            .field("app", &self.app)
            .field("address", &self.address)
            .field("switches", &self.switches)
            .finish_non_exhaustive()
    }
}
