//! A running sandbox, as a program drives it.

use std::{collections::BTreeMap, fmt, sync::Arc};

use super::{
    App, Faults, RegisteredApp, SandboxBuilder, SandboxError, app::check_redirect_uri, consent::Ask, grant::Approval,
    request_log::RecordedRequest, server::Port, switches::Switches, world::Shared,
};
use komerza_connect::{
    ApiKey, Config, ConfigBuilder, ConfigError, MemoryStore, StoreError, StoredToken, TokenStore, UserId,
};

/// The default `User-Agent` of an app that uses the sandbox.
const USER_AGENT: &str = "SandboxedApp/1.0";

/// A test server that stands in for Komerza. Dropping it closes its ports and connections at once.
///
/// See the [module](super) for its rules and an example.
#[must_use = "the sandbox stops when it is dropped"]
pub struct Sandbox {
    app: RegisteredApp,
    shared: Arc<Shared>,
    api: Port,
    dashboard: Option<Port>,
}

impl Sandbox {
    pub(super) fn new(app: RegisteredApp, shared: Arc<Shared>, api: Port, dashboard: Option<Port>) -> Self {
        Self { app, shared, api, dashboard }
    }

    pub(super) fn shared(&self) -> &Arc<Shared> {
        &self.shared
    }

    /// Returns a builder for a sandbox with your own settings.
    pub fn builder() -> SandboxBuilder {
        SandboxBuilder::default()
    }

    /// Starts a sandbox with the default settings: one account, both limits on, no redirect URI yet.
    ///
    /// # Errors
    /// Same as [`SandboxBuilder::start`].
    pub async fn start() -> Result<Self, SandboxError> {
        Self::builder().start().await
    }

    /// The configuration of an app that uses this sandbox. To change settings first, use
    /// [`config_builder`](Self::config_builder).
    ///
    /// # Errors
    /// [`ConfigError`] when the redirect URI is not one that a [`Config`] takes.
    pub fn config(&self, redirect_uri: impl Into<String>) -> Result<Config, ConfigError> {
        self.config_builder(redirect_uri).build()
    }

    /// Same as [`config`](Self::config), but not built yet.
    pub fn config_builder(&self, redirect_uri: impl Into<String>) -> ConfigBuilder {
        Config::builder()
            .client_id(self.client_id())
            .client_secret(self.client_secret())
            .redirect_uri(redirect_uri)
            .user_agent(USER_AGENT)
            .api_url(self.api_url())
            .dashboard_url(self.dashboard_url())
    }

    /// The environment variables of an app that uses this sandbox, by the names that [`Config::from_env`]
    /// reads.
    ///
    /// ```
    /// use komerza_connect::ConfigBuilder;
    /// use komerza_sandbox::Sandbox;
    ///
    /// # tokio::runtime::Runtime::new()?.block_on(async {
    /// let sandbox = Sandbox::start().await?;
    /// let variables = sandbox.variables("http://127.0.0.1:3000/komerza/callback");
    /// let config = ConfigBuilder::from_lookup(|name| variables.get(name).cloned()).build()?;
    /// assert_eq!(config.callback_path(), "/komerza/callback");
    /// # Ok::<(), Box<dyn std::error::Error>>(()) })?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn variables(&self, redirect_uri: impl Into<String>) -> BTreeMap<&'static str, String> {
        BTreeMap::from([
            ("KOMERZA_CLIENT_ID", self.client_id().to_owned()),
            ("KOMERZA_CLIENT_SECRET", self.client_secret().to_owned()),
            ("KOMERZA_REDIRECT_URI", redirect_uri.into()),
            ("KOMERZA_USER_AGENT", USER_AGENT.to_owned()),
            ("KOMERZA_API_URL", self.api_url()),
            ("KOMERZA_DASHBOARD_URL", self.dashboard_url()),
        ])
    }

    /// Stops answering and waits until the ports are free again.
    pub async fn stop(self) {
        self.go_offline().await;
    }

    /// Closes the ports and every connection, so that connecting is refused, and keeps everything else.
    ///
    /// Nothing is answered until [`go_online`](Self::go_online). Waits until the ports are closed.
    pub async fn go_offline(&self) {
        for port in self.ports() {
            port.close().await;
        }
    }

    /// Opens the same ports again after [`go_offline`](Self::go_offline).
    ///
    /// # Errors
    /// [`SandboxError::Bind`] when another program took a port in between, or when the ports are already
    /// open.
    pub async fn go_online(&self) -> Result<(), SandboxError> {
        for port in self.ports() {
            port.listen().await?;
        }
        Ok(())
    }

    fn ports(&self) -> impl Iterator<Item = &Port> {
        [Some(&self.api), self.dashboard.as_ref()].into_iter().flatten()
    }

    /// `http://127.0.0.1:PORT`, without a slash at the end: the API, and the dashboard unless it has its own
    /// port.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.api.address)
    }

    /// The base URL of the API and the exchange; what an app sets as `KOMERZA_API_URL`.
    #[must_use]
    pub fn api_url(&self) -> String {
        self.url()
    }

    /// The base URL of the dashboard; what an app sets as `KOMERZA_DASHBOARD_URL`.
    #[must_use]
    pub fn dashboard_url(&self) -> String {
        match &self.dashboard {
            Some(port) => format!("http://localhost:{}", port.address.port()),
            None => self.url(),
        }
    }

    /// The client ID of the app that the sandbox was started with.
    #[must_use]
    pub fn client_id(&self) -> &str {
        self.app.client_id()
    }

    /// The client secret of that app: 72 characters, valid only for this sandbox.
    #[must_use]
    pub fn client_secret(&self) -> &str {
        self.app.client_secret()
    }

    /// Adds a redirect URI to the app that the sandbox was started with.
    ///
    /// # Errors
    /// [`SandboxError::RedirectUri`] when it is not an absolute URL without a fragment.
    pub fn register_redirect_uri(&self, uri: impl Into<String>) -> Result<(), SandboxError> {
        let uri = uri.into();
        check_redirect_uri(&uri)?;
        let mut world = self.shared.world();
        let app = world.apps.iter_mut().find(|app| app.client_id == self.app.client_id);
        app.ok_or(SandboxError::Unknown("app"))?.redirect_uris.push(uri);
        Ok(())
    }

    /// Registers another app.
    ///
    /// # Errors
    /// [`SandboxError::SecretLength`] and [`SandboxError::RedirectUri`] for wrong settings of the app.
    pub fn register_app(&self, app: App) -> Result<RegisteredApp, SandboxError> {
        let mut world = self.shared.world();
        let app = app.register(&mut world.chance)?;
        world.apps.push(app.clone());
        Ok(app)
    }

    /// Changes how the sandbox behaves from now on; see [`Switches`].
    pub fn switch(&self, set: impl FnOnce(&mut Switches)) {
        set(&mut self.shared.world().switches);
    }

    /// Acts as a user who presses Approve with all stores ticked.
    ///
    /// `authorize_url` is the address that a login redirects to. The result is the callback URL with `code`
    /// and `state`, to which Komerza would send the browser. No request is made: the log does not contain
    /// this, and no fault applies.
    ///
    /// # Errors
    /// [`SandboxError::Refused`] when the page would have shown an error: another path than the authorize
    /// page's, an unknown client ID, a redirect URI that is not registered.
    pub fn approve(&self, authorize_url: &str) -> Result<String, SandboxError> {
        self.approve_with(authorize_url, &Approval::everything())
    }

    /// Same as [`approve`](Self::approve), but by another account, or with fewer stores or scopes.
    ///
    /// # Errors
    /// Same as [`approve`](Self::approve), and [`SandboxError::Unknown`] for an account that does not exist.
    pub fn approve_with(&self, authorize_url: &str, approval: &Approval) -> Result<String, SandboxError> {
        Ask::of(authorize_url)?.approve(approval, &self.shared)
    }

    /// Acts as a user who presses Deny. Returns the callback URL, which depends on [`Switches::deny`], or
    /// `None` when the browser never returns.
    ///
    /// # Errors
    /// As [`approve`](Self::approve).
    pub fn deny(&self, authorize_url: &str) -> Result<Option<String>, SandboxError> {
        Ask::of(authorize_url)?.deny(&self.shared)
    }

    /// An authorization code for the first app and all stores of the first account, good for one minute.
    ///
    /// # Errors
    /// None in practice: the first app and account always exist.
    pub fn issue_code(&self) -> Result<String, SandboxError> {
        self.issue_code_for(self.client_id(), &Approval::everything())
    }

    /// An authorization code for any app and approval.
    ///
    /// # Errors
    /// [`SandboxError::Unknown`] when the app or the account does not exist.
    pub fn issue_code_for(&self, client_id: &str, approval: &Approval) -> Result<String, SandboxError> {
        let mut world = self.shared.world();
        let grant = world.grant(client_id, approval)?;
        Ok(world.issue_code(grant, &*self.shared.clock))
    }

    /// An API key for the first app and all stores of the first account, without any exchange.
    ///
    /// # Errors
    /// None in practice: the first app and account always exist.
    pub fn issue_key(&self) -> Result<String, SandboxError> {
        self.issue_key_for(self.client_id(), &Approval::everything())
    }

    /// A store in memory in which `user` is connected, with a key from [`issue_key`](Self::issue_key): for
    /// tests of an app.
    ///
    /// ```
    /// use komerza_connect::{KomerzaConnectLayer, UserId};
    /// use komerza_sandbox::Sandbox;
    ///
    /// # tokio::runtime::Runtime::new()?.block_on(async {
    /// let (sandbox, alice) = (Sandbox::start().await?, UserId::new("alice")?);
    /// let config = sandbox.config("http://127.0.0.1:3000/komerza/callback")?;
    /// let connect = KomerzaConnectLayer::new(config, sandbox.connected(&alice).await?)?;
    ///
    /// let komerza = connect.client_for(&alice).await?.ok_or("not connected")?;
    /// assert_eq!(komerza.stores().await?.len(), 2);
    /// # Ok::<(), Box<dyn std::error::Error>>(()) })?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// None in practice: the first app and account always exist.
    pub async fn connected(&self, user: &UserId) -> Result<MemoryStore, StoreError> {
        let store = MemoryStore::default();
        let key = self.issue_key().map_err(StoreError::unavailable)?;
        let key = ApiKey::new(key).map_err(StoreError::unavailable)?;
        let token = StoredToken::new(key).map_err(StoreError::unavailable)?;
        store.save(user, &token).await?;
        Ok(store)
    }

    /// An API key for any app and approval, without any exchange.
    ///
    /// # Errors
    /// [`SandboxError::Unknown`] when the app or the account does not exist.
    pub fn issue_key_for(&self, client_id: &str, approval: &Approval) -> Result<String, SandboxError> {
        let mut world = self.shared.world();
        let grant = world.grant(client_id, approval)?;
        Ok(world.issue_key(grant, &*self.shared.clock))
    }

    /// Revokes a key, as its user does in the dashboard: its next call is answered with `401 BadToken`.
    ///
    /// Returns whether the key was valid.
    pub fn revoke(&self, key: &str) -> bool {
        self.shared.world().keys.revoke(key)
    }

    /// Revokes every key and returns how many were valid.
    pub fn revoke_all(&self) -> usize {
        self.shared.world().keys.revoke_all()
    }

    /// The valid keys, in the order of their issue.
    #[must_use]
    pub fn keys(&self) -> Vec<String> {
        let world = self.shared.world();
        world.keys.iter().filter(|(_, record)| !record.revoked).map(|(key, _)| key.to_owned()).collect()
    }

    /// Ids of an account's stores, in the order in which they are listed; empty for an account that does not
    /// exist.
    #[must_use]
    pub fn store_ids(&self, account: usize) -> Vec<String> {
        let world = self.shared.world();
        world.accounts.get(account).iter().flat_map(|account| &account.stores).map(|store| store.id.clone()).collect()
    }

    /// The faults of this sandbox; see [`Faults`].
    #[must_use]
    pub fn faults(&self) -> Faults {
        self.shared.faults.clone()
    }

    /// The requests that arrived and are still kept, oldest first.
    #[must_use]
    pub fn requests(&self) -> Vec<RecordedRequest> {
        self.shared.log.all()
    }

    /// Forgets the kept requests. The counts go on.
    pub fn clear_requests(&self) {
        self.shared.log.clear();
    }

    /// How many requests arrived in all.
    #[must_use]
    pub fn request_count(&self) -> u64 {
        self.shared.log.counts().0
    }

    /// How many exchanges arrived in all, whatever the answer was.
    #[must_use]
    pub fn exchanges(&self) -> u64 {
        self.shared.log.counts().1
    }
}

impl fmt::Debug for Sandbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sandbox").field("url", &self.url()).field("app", &self.app).finish_non_exhaustive()
    }
}
