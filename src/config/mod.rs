//! The configuration: which application this is, and where its routes are.
//!
//! Everything that decides about security comes from here and never from a request: the redirect URI, the site's origin, the
//! form of the cookies. Every wrong value is an error at start-up that names the setting.

mod address;
mod client_limits;
mod env;
mod error;
mod limits;
pub(crate) mod return_path;
mod routes;

pub(crate) use address::{is_loopback, with_segments};
pub use client_limits::ClientLimits;
pub use error::ConfigError;
pub(crate) use error::Problem;
pub use limits::{Bucket, Limits};
pub(crate) use routes::{Route, Routes};

pub use crate::{
    seal::InvalidSealingKey,
    secret::{AuthorizationCode, ClientSecret, InvalidSecret},
};

use crate::{provider, seal::SealingKey};
use address::RedirectUri;
use http::HeaderValue;
use url::Url;

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
    pub(crate) limits: Limits,
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
    client_secret: Option<Result<ClientSecret, crate::secret::InvalidSecret>>,
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
    limits: Limits,
}

impl ConfigBuilder {
    /// The application's id in the Komerza dashboard. Needed.
    pub fn client_id(mut self, id: impl Into<String>) -> Self {
        self.client_id = Some(id.into());
        self
    }

    /// The application's secret: 72 characters. Needed.
    pub fn client_secret(mut self, secret: impl Into<String>) -> Self {
        self.client_secret = Some(ClientSecret::new(secret));
        self
    }

    /// The application's secret, of another length than 72 characters: for the day when the provider changes it.
    pub fn client_secret_of_any_length(mut self, secret: impl Into<String>) -> Self {
        self.client_secret = Some(ClientSecret::with_any_length(secret));
        self
    }

    /// Where Komerza sends the browser back: exactly as registered, https (http on a loopback host only), with a path, without
    /// query and fragment. Needed.
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
    ///
    /// Default: none. Then a browser gets a 401 page from the crate's routes, and from a handler that takes the key 401 as JSON; see
    /// [`Rejection`](crate::Rejection) for words of your own.
    pub fn sign_in_page(mut self, path: impl Into<String>) -> Self {
        self.sign_in_page = Some(path.into());
        self
    }

    /// The limits. Default: [`Limits::default`].
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Checks everything.
    ///
    /// # Errors
    /// [`ConfigError`] names all settings that are missing; when none is, the first that is wrong.
    pub fn build(self) -> Result<Config, ConfigError> {
        let needed = [
            ("client_id", self.client_id.is_none()),
            ("client_secret", self.client_secret.is_none()),
            ("redirect_uri", self.redirect_uri.is_none()),
            ("user_agent", self.user_agent.is_none()),
        ];
        let (Some(client_id), Some(client_secret), Some(redirect_uri), Some(user_agent)) =
            (self.client_id, self.client_secret, self.redirect_uri, self.user_agent)
        else {
            return Err(ConfigError::missing(needed));
        };
        let client_id = check("client_id", client_id, 128, |byte| byte.is_ascii_graphic())?;
        if matches!(client_id.as_str(), "." | "..") {
            return Err(ConfigError::because("client_id", "is a dot segment"));
        }
        let client_secret = client_secret.map_err(|why| ConfigError::new("client_secret", Problem::Secret(why)))?;
        let redirect_uri =
            RedirectUri::parse(&redirect_uri).map_err(|why| ConfigError::because("redirect_uri", why))?;
        let user_agent = self::user_agent(user_agent)?;
        let base =
            |setting, given: Option<String>, default: &str| base_url(setting, given.as_deref().unwrap_or(default));
        let api_url = base("api_url", self.api_url, provider::API_URL)?;
        let dashboard_url = base("dashboard_url", self.dashboard_url, provider::DASHBOARD_URL)?;
        for (setting, bucket) in [
            ("limits.exchange_bucket", self.limits.exchange_bucket),
            ("limits.client.bucket", self.limits.client.bucket),
        ] {
            // Each token costs memory and, when the provider refuses a call, time. Whoever wants no limit says so by the period.
            if bucket.capacity > Bucket::CAPACITY_MOST && !bucket.period.is_zero() {
                return Err(ConfigError::because(
                    setting,
                    "holds more than 10,000 tokens; a period of zero means no limit",
                ));
            }
        }
        let routes = Routes::beside(&redirect_uri.path, self.stripped_prefix.as_deref())?.overridden(
            self.login_path,
            self.disconnect_path,
            self.status_path,
        )?;
        // Without a limit on their length: that is for what visitors send.
        let local =
            |setting, path: String| match crate::config::return_path::ReturnPath::parse(&path, usize::MAX, &routes) {
                Some(_) => Ok(path),
                None => {
                    Err(ConfigError::because(setting, "must be a path on this site, and none of the crate's routes"))
                }
            };
        let default_return_path = local("default_return_path", self.default_return_path.unwrap_or_else(|| "/".into()))?;
        let sign_in_page = self.sign_in_page.map(|path| local("sign_in_page", path)).transpose()?;
        let mut cookie_keys = self.cookie_keys;
        if cookie_keys.is_empty() {
            cookie_keys.push(SealingKey::derived_from(&client_secret));
        }
        // The segments are constants, so the URL is always the base and these.
        let mut authorize_url =
            with_segments(&dashboard_url, &provider::AUTHORIZE_PATH).unwrap_or_else(|| dashboard_url.clone());
        authorize_url
            .query_pairs_mut()
            .append_pair("client_id", &client_id)
            .append_pair("redirect_uri", &redirect_uri.text)
            .append_pair("state", "");
        Ok(Config {
            authorize_url: authorize_url.into(),
            client_id,
            client_secret,
            redirect_uri,
            user_agent,
            api_url,
            dashboard_url,
            cookie_keys,
            routes,
            default_return_path,
            sign_in_page,
            limits: self.limits,
        })
    }
}

/// A User-Agent that Komerza lets pass.
pub(crate) fn user_agent(agent: String) -> Result<HeaderValue, ConfigError> {
    let agent = check("user_agent", agent, 256, |byte| matches!(byte, b' '..=b'~'))?;
    let agent = HeaderValue::from_str(agent.trim()).ok().filter(|agent| !agent.is_empty());
    agent.ok_or_else(|| ConfigError::because("user_agent", "has no visible character"))
}

/// The base URL of an API or a dashboard.
pub(crate) fn base_url(setting: &'static str, text: &str) -> Result<Url, ConfigError> {
    address::base_url(text).map_err(|why| ConfigError::because(setting, why))
}

fn check(setting: &'static str, value: String, most: usize, allowed: fn(u8) -> bool) -> Result<String, ConfigError> {
    let why = match value.len() {
        0 => "is empty",
        length if length > most => "is too long",
        _ if !value.bytes().all(allowed) => "has a character that is not visible ASCII",
        _ => return Ok(value),
    };
    Err(ConfigError::because(setting, why))
}

#[cfg(test)]
mod tests;
