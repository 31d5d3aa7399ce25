//! Applications registered with the sandbox.

use std::fmt;

use url::Url;

use super::{SandboxError, chance::Chance};
use komerza_connect::provider::CLIENT_SECRET_LENGTH;

/// The scopes of an app that sets none: they read what most connected apps read.
const DEFAULT_SCOPES: [&str; 5] =
    ["user.view", "stores.view", "stores.products.view", "stores.orders.view", "stores.customers.view"];

/// Letters of the client secrets that the sandbox makes. The provider's alphabet is not documented.
const SECRET_LETTERS: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/// Beginning of the client secrets that the sandbox makes, so that nobody takes one for a real secret.
const SECRET_PREFIX: &str = "obviously-fake-secret-";

/// An application to register, as a developer does by hand in Komerza's dashboard.
///
/// What is not set is made up: a random client ID, a random secret of 72 characters, the name "Demo app", and
/// the scopes to read the user, stores, products, orders and customers.
///
/// # Example
/// ```
/// # tokio::runtime::Runtime::new()?.block_on(async {
/// use komerza_sandbox::{App, Sandbox};
///
/// let sandbox = Sandbox::start().await?;
/// let app = App::new("Order printer").redirect_uri("http://127.0.0.1:3000/callback").scopes(["stores.orders.view"]);
/// let registered = sandbox.register_app(app)?;
/// assert_eq!(registered.client_secret().len(), 72);
/// # Ok::<(), komerza_sandbox::SandboxError>(()) })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
#[must_use = "an app is known to the sandbox only after register_app"]
pub struct App {
    name: String,
    client_id: Option<String>,
    client_secret: Option<String>,
    redirect_uris: Vec<String>,
    scopes: Vec<String>,
}

impl App {
    /// An app with this name, which the consent page shows.
    pub fn new(name: impl Into<String>) -> Self {
        let scopes = DEFAULT_SCOPES.map(str::to_owned).to_vec();
        Self { name: name.into(), client_id: None, client_secret: None, redirect_uris: Vec::new(), scopes }
    }

    /// Replaces the name.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = name.into();
        self
    }

    /// Adds a redirect URI. The authorize page compares exact strings.
    pub fn redirect_uri(mut self, uri: impl Into<String>) -> Self {
        self.redirect_uris.push(uri.into());
        self
    }

    /// Replaces the permissions that the app asks for. Any name is accepted, also one that the sandbox does not
    /// know.
    pub fn scopes<S: Into<String>>(mut self, scopes: impl IntoIterator<Item = S>) -> Self {
        self.scopes = scopes.into_iter().map(Into::into).collect();
        self
    }

    /// Sets the client ID instead of a random UUID.
    pub fn client_id(mut self, client_id: impl Into<String>) -> Self {
        self.client_id = Some(client_id.into());
        self
    }

    /// Sets the client secret: 72 characters, as Komerza's are.
    pub fn client_secret(mut self, client_secret: impl Into<String>) -> Self {
        self.client_secret = Some(client_secret.into());
        self
    }

    pub(super) fn register(self, chance: &mut Chance) -> Result<RegisteredApp, SandboxError> {
        self.redirect_uris.iter().try_for_each(|uri| check_redirect_uri(uri))?;
        let random = || CLIENT_SECRET_LENGTH.saturating_sub(SECRET_PREFIX.len());
        let client_secret =
            self.client_secret.unwrap_or_else(|| format!("{SECRET_PREFIX}{}", chance.text(SECRET_LETTERS, random())));
        let length = client_secret.chars().count();
        if length != CLIENT_SECRET_LENGTH {
            return Err(SandboxError::SecretLength(length, CLIENT_SECRET_LENGTH));
        }
        Ok(RegisteredApp {
            name: self.name,
            client_id: self.client_id.unwrap_or_else(|| chance.uuid()),
            client_secret,
            redirect_uris: self.redirect_uris,
            scopes: self.scopes,
        })
    }
}

impl fmt::Debug for App {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("App")
            .field("name", &self.name)
            .field("redirect_uris", &self.redirect_uris)
            .finish_non_exhaustive()
    }
}

pub(super) fn check_redirect_uri(uri: &str) -> Result<(), SandboxError> {
    match Url::parse(uri) {
        Ok(url) if matches!(url.scheme(), "http" | "https") && url.fragment().is_none() => Ok(()),
        _ => Err(SandboxError::RedirectUri(uri.to_owned())),
    }
}

/// An application that the sandbox knows.
#[derive(Clone)]
pub struct RegisteredApp {
    pub(super) name: String,
    pub(super) client_id: String,
    pub(super) client_secret: String,
    pub(super) redirect_uris: Vec<String>,
    pub(super) scopes: Vec<String>,
}

impl RegisteredApp {
    /// The client ID.
    #[must_use]
    pub fn client_id(&self) -> &str {
        &self.client_id
    }

    /// The client secret: 72 characters, valid only for this sandbox.
    #[must_use]
    pub fn client_secret(&self) -> &str {
        &self.client_secret
    }
}

impl fmt::Debug for RegisteredApp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RegisteredApp")
            .field("name", &self.name)
            .field("client_id", &self.client_id)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use komerza_connect::random::SystemRandomness;

    fn register(app: App) -> Result<RegisteredApp, SandboxError> {
        app.register(&mut Chance::new(&SystemRandomness).unwrap())
    }

    #[test]
    fn a_secret_that_the_sandbox_makes_has_the_documented_length_and_looks_fake() {
        let app = register(App::new("Demo")).unwrap();
        assert_eq!(app.client_secret().len(), CLIENT_SECRET_LENGTH);
        assert!(app.client_secret().starts_with("obviously-fake"));
        assert!(!format!("{app:?}").contains(app.client_secret()));
    }

    #[test]
    fn a_secret_of_another_length_is_refused() {
        for length in [0, CLIENT_SECRET_LENGTH - 1, CLIENT_SECRET_LENGTH + 1] {
            let refused = register(App::new("Demo").client_secret("x".repeat(length))).unwrap_err();
            assert!(matches!(refused, SandboxError::SecretLength(given, _) if given == length), "{refused}");
        }
        assert!(register(App::new("Demo").client_secret("x".repeat(CLIENT_SECRET_LENGTH))).is_ok());
    }

    #[test]
    fn a_redirect_uri_is_absolute_and_has_no_fragment() {
        for uri in ["/callback", "127.0.0.1:3000/callback", "ftp://127.0.0.1/", "http://127.0.0.1/#part", ""] {
            assert!(matches!(register(App::new("Demo").redirect_uri(uri)), Err(SandboxError::RedirectUri(_))), "{uri}");
        }
        assert!(register(App::new("Demo").redirect_uri("http://127.0.0.1:3000/callback?tenant=1")).is_ok());
    }
}
