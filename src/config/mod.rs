//! The configuration: which application this is, and where its routes are.
//!
//! Everything that decides about security comes from here and never from a request: the redirect URI, the site's origin, the
//! form of the cookies. Every wrong value is an error at start-up that names the setting.

mod address;
mod around;
mod build;
mod client_limits;
mod env;
mod error;
mod limits;
pub(crate) mod message;
mod notices;
pub(crate) mod return_path;
mod routes;

pub(crate) use address::{is_loopback, with_segments};
pub(crate) use build::{base_url, user_agent};
pub use client_limits::ClientLimits;
pub use error::{ConfigError, WrongSetting};
pub use limits::{Bucket, Limits};
pub(crate) use message::Message;
pub(crate) use notices::Place;
pub(crate) use routes::{Route, Routes};

pub use crate::{
    seal::InvalidSealingKey,
    secret::{AuthorizationCode, ClientSecret, InvalidSecret},
};

use crate::seal::SealingKey;
use address::RedirectUri;
use http::HeaderValue;
use std::sync::Arc;
use url::Url;
use zeroize::Zeroizing;

/// Which Komerza application this is, and where its routes are. Made by [`builder`](Self::builder) or
/// [`from_env`](Self::from_env).
#[derive(Debug, Clone)]
pub struct Config {
    pub(crate) client_id: String,
    pub(crate) client_secret: ClientSecret,
    pub(crate) redirect_uri: RedirectUri,
    pub(crate) user_agent: HeaderValue,
    pub(crate) api_url: Url,
    pub(crate) dashboard_url: Url,
    /// The authorize page with all parameters but the state's value.
    authorize_url: String,
    /// Never empty: the first seals.
    pub(crate) cookie_keys: Vec<SealingKey>,
    pub(crate) routes: Routes,
    pub(crate) default_return_path: String,
    pub(crate) sign_in_page: Option<String>,
    pub(crate) sign_in_parameter: String,
    pub(crate) limits: Limits,
    pub(crate) notices: Arc<notices::Notices>,
}

impl Config {
    /// Starts a configuration. Four settings have no default: client ID, client secret, redirect URI, User-Agent.
    ///
    /// ```
    /// use komerza_connect::Config;
    ///
    /// let config = Config::builder()
    ///     .client_id("00000000-0000-4000-8000-000000000000")
    ///     .client_secret("s".repeat(72))
    ///     .redirect_uri("https://shop.example/komerza/callback")
    ///     .user_agent("MyApp/1.0")
    ///     .build()?;
    /// assert_eq!(config.callback_path(), "/komerza/callback");
    /// assert_eq!(config.disconnect_path(), "/komerza/disconnect");
    /// # Ok::<(), komerza_connect::ConfigError>(())
    /// ```
    pub fn builder() -> ConfigBuilder {
        ConfigBuilder::default()
    }

    /// The application's id.
    #[must_use]
    pub fn client_id(&self) -> &str {
        &self.client_id
    }

    /// The path that starts a login, as browsers see it. `?return_to=/path` says where to go afterwards.
    #[must_use]
    pub fn login_path(&self) -> &str {
        &self.routes.login
    }

    /// The path of the redirect URI, where Komerza sends the browser back.
    #[must_use]
    pub fn callback_path(&self) -> &str {
        &self.routes.callback
    }

    /// The path that forgets the key, by POST.
    #[must_use]
    pub fn disconnect_path(&self) -> &str {
        &self.routes.disconnect
    }

    /// The path that tells front ends whether the user is connected.
    #[must_use]
    pub fn status_path(&self) -> &str {
        &self.routes.status
    }

    /// The URL of the authorize page with `state` in its query.
    pub(crate) fn authorize_url(&self, state: &str) -> String {
        // A state is made of characters that need no encoding.
        [&self.authorize_url, state].concat()
    }
}

/// Collects the settings of a [`Config`]; [`build`](Self::build) checks them all.
#[derive(Debug, Clone, Default)]
#[must_use = "nothing is checked before `build`"]
pub struct ConfigBuilder {
    client_id: Option<String>,
    client_secret: Option<Result<ClientSecret, ConfigError>>,
    redirect_uri: Option<String>,
    user_agent: Option<String>,
    api_url: Option<String>,
    dashboard_url: Option<String>,
    cookie_keys: Vec<SealingKey>,
    login_path: Option<String>,
    disconnect_path: Option<String>,
    status_path: Option<String>,
    stripped_prefix: Option<String>,
    default_return_path: Option<String>,
    sign_in_page: Option<String>,
    sign_in_parameter: Option<String>,
    limits: Limits,
    /// What was wrong before `build`.
    wrong: error::Wrong,
}

impl ConfigBuilder {
    /// The application's id in the Komerza dashboard: letters, digits and `-._~`. Needed.
    pub fn client_id(mut self, id: impl Into<String>) -> Self {
        self.client_id = Some(id.into());
        self
    }

    /// The application's secret: 72 characters. Needed.
    pub fn client_secret(mut self, secret: impl Into<String>) -> Self {
        let secret = Zeroizing::new(secret.into());
        let checked = ClientSecret::new(secret.as_str());
        self.client_secret = Some(checked.map_err(|why| ConfigError::secret("client_secret", &secret, why)));
        self
    }

    /// The application's secret, of another length than 72 characters: for the day when the provider changes it.
    pub fn client_secret_of_any_length(mut self, secret: impl Into<String>) -> Self {
        let secret = Zeroizing::new(secret.into());
        let checked = ClientSecret::with_any_length(secret.as_str());
        self.client_secret = Some(checked.map_err(|why| ConfigError::secret("client_secret", &secret, why)));
        self
    }

    /// Where Komerza sends the browser back: exactly as registered, https (http on a loopback host only), with a path that does not
    /// end with a slash, without query and fragment. Needed.
    ///
    /// Its path is the callback route. The other routes are its siblings: `login`, `disconnect` and `status`.
    pub fn redirect_uri(mut self, uri: impl Into<String>) -> Self {
        self.redirect_uri = Some(uri.into());
        self
    }

    /// Names your app in every request to Komerza, such as `MyApp/1.0`. Needed: Komerza blocks requests without one.
    pub fn user_agent(mut self, agent: impl Into<String>) -> Self {
        self.user_agent = Some(agent.into());
        self
    }

    /// Base URL of the API: https, or http on a loopback host. Default: `https://api.komerza.com`.
    pub fn api_url(mut self, url: impl Into<String>) -> Self {
        self.api_url = Some(url.into());
        self
    }

    /// Base URL of the dashboard: https, or http on a loopback host. Default: `https://dashboard.komerza.com`.
    pub fn dashboard_url(mut self, url: impl Into<String>) -> Self {
        self.dashboard_url = Some(url.into());
        self
    }

    /// Keys for the cookies: the first seals, all open. Default: one key derived from the client secret, so that all nodes
    /// of the app agree; then a new client secret ends open login attempts and the crate's own browser sessions.
    ///
    /// A list that is given later has to include the [derived key](SealingKey::derived_from), or it ends open attempts and browser
    /// sessions once. A key of the list is changed without that: put the new one in front, and take the old one away after
    /// [`session_lifetime`](Limits::session_lifetime). Whatever the keys, another client ID or redirect URI ends attempts and browser
    /// sessions too, since cookies are bound to both. With [`with_user`](crate::KomerzaConnectLayer::with_user) there are no browser
    /// sessions, and only open attempts are lost.
    pub fn cookie_keys(mut self, keys: impl IntoIterator<Item = SealingKey>) -> Self {
        self.cookie_keys = keys.into_iter().collect();
        self
    }

    /// Path of the login route. Default: `login` beside the callback.
    pub fn login_path(mut self, path: impl Into<String>) -> Self {
        self.login_path = Some(path.into());
        self
    }

    /// Path of the disconnect route. Default: `disconnect` beside the callback.
    pub fn disconnect_path(mut self, path: impl Into<String>) -> Self {
        self.disconnect_path = Some(path.into());
        self
    }

    /// Path of the status route. Default: `status` beside the callback.
    pub fn status_path(mut self, path: impl Into<String>) -> Self {
        self.status_path = Some(path.into());
        self
    }

    /// What a proxy in front takes off the path before the app sees it, such as `/shop`. Default: nothing.
    ///
    /// Axum's `nest` needs none of this: there the crate sees the whole path.
    pub fn stripped_prefix(mut self, prefix: impl Into<String>) -> Self {
        self.stripped_prefix = Some(prefix.into());
        self
    }

    /// Where a login or a disconnect without a usable `return_to` ends. Default: `/`.
    pub fn default_return_path(mut self, path: impl Into<String>) -> Self {
        self.default_return_path = Some(path.into());
        self
    }

    /// The app's own sign-in page, where visitors are sent when [`with_user`](crate::KomerzaConnectLayer::with_user) finds
    /// nobody: with `?return_to=` and the path that they wanted. A path of this site, which may have a query.
    /// [`sign_in_parameter`](Self::sign_in_parameter) changes the name `return_to`.
    ///
    /// Default: none. Then a browser gets a 401 page from the crate's routes, and from a handler that takes the key 401 as JSON; see
    /// [`Rejection`](crate::Rejection) for words of your own.
    pub fn sign_in_page(mut self, path: impl Into<String>) -> Self {
        self.sign_in_page = Some(path.into());
        self
    }

    /// The parameter in which the [`sign_in_page`](Self::sign_in_page) finds the path to come back to. Default: `return_to`.
    ///
    /// axum-login reads `next`.
    pub fn sign_in_parameter(mut self, name: impl Into<String>) -> Self {
        self.sign_in_parameter = Some(name.into());
        self
    }

    /// The limits. Default: [`Limits::default`].
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }
}

#[cfg(test)]
pub(crate) mod tests;
