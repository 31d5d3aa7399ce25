//! The configuration: your Komerza application and the paths of its routes.
//!
//! Everything that matters for security comes from here and never from a request: the redirect URI,
//! the site's origin and the form of the cookies. A wrong value is an error at start-up that names
//! the setting.

mod address;
mod around;
mod build;
mod env;
mod error;
mod limits;
mod notices;
pub(crate) mod return_path;
mod routes;

pub(crate) use address::{is_loopback, with_segments};
pub(crate) use build::for_client;
pub use error::{ConfigError, WrongSetting};
pub use limits::{ClientLimits, Limits};
pub(crate) use notices::Place;
pub(crate) use routes::{Route, Routes};

pub use crate::message::InvalidValue;
pub use crate::provider::Bucket;
pub use crate::secret::{AuthorizationCode, ClientSecret};

use crate::{seal::SealingKey, site::page::Look};
use address::RedirectUri;
use http::HeaderValue;
use return_path::ReturnPath;
use std::sync::Arc;
use url::Url;
use zeroize::Zeroizing;

/// Your Komerza application and the paths of its routes.
///
/// Make one with [`builder`](Self::builder) or [`from_env`](Self::from_env).
#[derive(Debug, Clone)]
pub struct Config {
    pub(crate) client_id: String,
    pub(crate) client_secret: ClientSecret,
    pub(crate) redirect_uri: RedirectUri,
    pub(crate) user_agent: HeaderValue,
    pub(crate) api_url: Url,
    /// The address of the consent page with all parameters except the state.
    authorize_url: String,
    /// Never empty: the first seals.
    pub(crate) cookie_keys: Vec<SealingKey>,
    pub(crate) routes: Routes,
    pub(crate) default_return_path: ReturnPath,
    pub(crate) sign_in_page: Option<String>,
    pub(crate) sign_in_parameter: String,
    pub(crate) limits: Limits,
    pub(crate) look: Arc<Look>,
    pub(crate) notices: Arc<notices::Notices>,
}

impl Config {
    /// Starts a configuration. Client ID, client secret, redirect URI and User-Agent are required.
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

    /// The client ID.
    #[must_use]
    pub fn client_id(&self) -> &str {
        &self.client_id
    }

    /// The path of the login route, as browsers see it. `?return_to=/path` sets where the user
    /// returns to.
    #[must_use]
    pub fn login_path(&self) -> &str {
        &self.routes.login
    }

    /// The path of the redirect URI, to which Komerza redirects the browser.
    #[must_use]
    pub fn callback_path(&self) -> &str {
        &self.routes.callback
    }

    /// The path of the disconnect route, which takes POST.
    #[must_use]
    pub fn disconnect_path(&self) -> &str {
        &self.routes.disconnect
    }

    /// The path of the status route, which tells front ends whether the user is connected.
    #[must_use]
    pub fn status_path(&self) -> &str {
        &self.routes.status
    }

    /// The address of the consent page with `state` in its query.
    pub(crate) fn authorize_url(&self, state: &str) -> String {
        // A state is made of characters that need no encoding.
        [&self.authorize_url, state].concat()
    }
}

/// Makes a method for each setting that is a text.
macro_rules! texts {
    ($($(#[$about:meta])* $setting:ident($value:ident);)+) => {$(
        $(#[$about])*
        pub fn $setting(mut self, $value: impl Into<String>) -> Self {
            self.$setting = Some($value.into());
            self
        }
    )+};
}

/// Collects the settings of a [`Config`]. [`build`](Self::build) checks them.
#[derive(Debug, Clone, Default)]
#[must_use = "nothing is checked before `build`"]
pub struct ConfigBuilder {
    client_id: Option<String>,
    client_secret: Option<Result<ClientSecret, InvalidValue>>,
    redirect_uri: Option<String>,
    user_agent: Option<String>,
    api_url: Option<String>,
    dashboard_url: Option<String>,
    cookie_keys: Option<Result<Vec<SealingKey>, InvalidValue>>,
    login_path: Option<String>,
    disconnect_path: Option<String>,
    status_path: Option<String>,
    stripped_prefix: Option<String>,
    default_return_path: Option<String>,
    sign_in_page: Option<String>,
    sign_in_parameter: Option<String>,
    app_name: Option<String>,
    style_sheet: Option<String>,
    limits: Limits,
}

impl ConfigBuilder {
    /// The client secret from the Komerza dashboard: 72 characters. Required.
    pub fn client_secret(self, secret: impl Into<String>) -> Self {
        self.checked_secret(secret.into(), ClientSecret::new)
    }

    /// A client secret that does not have 72 characters.
    ///
    /// Use it in place of [`client_secret`](Self::client_secret) if Komerza changes the length.
    pub fn client_secret_of_any_length(self, secret: impl Into<String>) -> Self {
        self.checked_secret(secret.into(), ClientSecret::with_any_length)
    }

    fn checked_secret(mut self, secret: String, check: fn(String) -> Result<ClientSecret, InvalidValue>) -> Self {
        let secret = Zeroizing::new(secret);
        self.client_secret = Some(error::checked(&secret, |secret| check(secret.to_owned())));
        self
    }

    texts! {
        /// The client ID from the Komerza dashboard: letters, digits and `-._~`. Required.
        client_id(id);

        /// The redirect URI, exactly as registered at Komerza. Required.
        ///
        /// It must be https, or http on a loopback host. It needs a path, which must not end with a slash. It
        /// must have no query and no fragment. Its path is the callback route. The other routes are next to
        /// it: `login`, `disconnect` and `status`.
        redirect_uri(uri);

        /// The User-Agent of every request to Komerza, such as `MyApp/1.0`. Required: Komerza blocks
        /// requests without one.
        user_agent(agent);

        /// Base URL of the API: https, or http on a loopback host. Default: `https://api.komerza.com`.
        api_url(url);

        /// Base URL of the dashboard: https, or http on a loopback host. Default:
        /// `https://dashboard.komerza.com`.
        dashboard_url(url);

        /// Path of the login route. Default: `login` next to the callback.
        login_path(path);

        /// Path of the disconnect route. Default: `disconnect` next to the callback.
        disconnect_path(path);

        /// Path of the status route. Default: `status` next to the callback.
        status_path(path);

        /// A path prefix that a proxy removes before the app sees the path, such as `/shop`. Default:
        /// none.
        ///
        /// You do not need it for axum's `nest`, because the crate sees the whole path there.
        stripped_prefix(prefix);

        /// The path to which the browser goes after a login or disconnect without a valid `return_to`.
        /// Default: `/`.
        default_return_path(path);

        /// The path of your app's sign-in page, which may have a query. Default: none.
        ///
        /// Visitors are redirected there when [`with_user`](crate::KomerzaConnectLayer::with_user)
        /// finds no user. The crate adds `?return_to=` with the path that the visitor wanted;
        /// [`sign_in_parameter`](Self::sign_in_parameter) changes the name.
        ///
        /// Without a sign-in page, browsers get a 401 page and programs get JSON. This holds for the crate's
        /// routes and for handlers that take the key. [`Rejection`](crate::Rejection) shows how a handler can
        /// send your own answer.
        sign_in_page(path);

        /// The query parameter in which the [`sign_in_page`](Self::sign_in_page) gets the path to return to.
        /// Default: `return_to`.
        ///
        /// For axum-login set `next`.
        sign_in_parameter(name);

        /// The name that visitors know your app by, at most 100 characters. Default: none; the crate's pages
        /// say "this app".
        ///
        /// Each page of this crate shows it above the heading and in the window's title. The page that asks
        /// before connecting also has it in its text.
        app_name(name);

        /// The path of a style sheet on your site, for the pages of this crate. Default: none.
        ///
        /// The pages load it after their own style, so its rules win. The pages consist of `main`, `p.app`
        /// (the app's name), `h1`, `p`, `a.button` and `small`. The content security policy of the pages then
        /// also allows styles, images and fonts from your own origin, but no scripts. Visitors must be able
        /// to load the file without a login. For pages with other content see
        /// [`Hooks::failed`](crate::Hooks::failed).
        style_sheet(path);
    }

    /// Keys that encrypt the cookies. The first key encrypts; every key decrypts. Default: one key
    /// derived from the client secret.
    ///
    /// The default is the same on all nodes of an app. If you use the default, a new client secret ends open
    /// login attempts and browser sessions.
    ///
    /// If you set a list later, include the [derived key](SealingKey::derived_from). Otherwise the change
    /// ends open attempts and browser sessions once. To replace a key, put the new key first. Remove the old
    /// key after [`session_idle_lifetime`](Limits::session_idle_lifetime). A new client ID or redirect URI
    /// always ends attempts and sessions, because cookies are bound to both. With
    /// [`with_user`](crate::KomerzaConnectLayer::with_user) there are no browser sessions, and only open
    /// attempts end.
    pub fn cookie_keys(mut self, keys: impl IntoIterator<Item = SealingKey>) -> Self {
        self.cookie_keys = Some(Ok(keys.into_iter().collect()));
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
