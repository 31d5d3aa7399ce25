//! The configuration as the environment gives it.

use super::{Config, ConfigBuilder, ConfigError, Problem};
use crate::seal::SealingKey;

/// A method of the builder that takes a text.
type Set = fn(ConfigBuilder, String) -> ConfigBuilder;

/// The settings that are read from the environment, by their variables.
const VARIABLES: [(&str, &str, Option<Set>); 7] = [
    ("client_id", "KOMERZA_CLIENT_ID", Some(|builder, value| builder.client_id(value))),
    ("client_secret", "KOMERZA_CLIENT_SECRET", Some(|builder, value| builder.client_secret(value))),
    ("redirect_uri", "KOMERZA_REDIRECT_URI", Some(|builder, value| builder.redirect_uri(value))),
    ("user_agent", "KOMERZA_USER_AGENT", Some(|builder, value| builder.user_agent(value))),
    ("api_url", "KOMERZA_API_URL", Some(|builder, value| builder.api_url(value))),
    ("dashboard_url", "KOMERZA_DASHBOARD_URL", Some(|builder, value| builder.dashboard_url(value))),
    // A list, which may be wrong before the builder sees it.
    ("cookie_keys", COOKIE_KEYS, None),
];

const COOKIE_KEYS: &str = "KOMERZA_COOKIE_KEYS";

/// The variable of a setting, if it has one.
pub(super) fn variable_of(setting: &str) -> Option<&'static str> {
    VARIABLES.iter().find(|(name, ..)| *name == setting).map(|(_, variable, _)| *variable)
}

impl Config {
    /// The names of the variables that [`from_env`](Self::from_env) reads, to see whether any of them is set.
    pub fn variables() -> impl Iterator<Item = &'static str> {
        VARIABLES.iter().map(|(_, variable, _)| *variable)
    }

    /// Reads the configuration from environment variables.
    ///
    /// | Variable | Meaning | Without it |
    /// | --- | --- | --- |
    /// | `KOMERZA_CLIENT_ID` | the application's id | an error |
    /// | `KOMERZA_CLIENT_SECRET` | its secret, 72 characters | an error |
    /// | `KOMERZA_REDIRECT_URI` | exactly as registered | an error |
    /// | `KOMERZA_USER_AGENT` | names your app, such as `MyApp/1.0` | an error |
    /// | `KOMERZA_API_URL` | base URL of the API | `https://api.komerza.com` |
    /// | `KOMERZA_DASHBOARD_URL` | base URL of the dashboard | `https://dashboard.komerza.com` |
    /// | `KOMERZA_COOKIE_KEYS` | base64 keys between commas, the first seals | derived from the secret |
    ///
    /// # Errors
    /// [`ConfigError`] names all variables that are missing; when none is, the first that is wrong. An empty variable counts as
    /// missing.
    pub fn from_env() -> Result<Self, ConfigError> {
        Self::from_lookup(|name| std::env::var(name).ok())
    }

    /// As [`from_env`](Self::from_env), from any source of settings, by the names of the table above.
    ///
    /// # Errors
    /// As there.
    ///
    /// ```
    /// use komerza_connect::Config;
    ///
    /// let config = Config::from_lookup(|name| match name {
    ///     "KOMERZA_CLIENT_ID" => Some("00000000-0000-4000-8000-000000000000".into()),
    ///     "KOMERZA_CLIENT_SECRET" => Some("obviously-fake".repeat(6)[..72].into()),
    ///     "KOMERZA_REDIRECT_URI" => Some("https://shop.example/komerza/callback".into()),
    ///     "KOMERZA_USER_AGENT" => Some("MyApp/1.0".into()),
    ///     _ => None,
    /// })?;
    /// assert_eq!(config.login_path(), "/komerza/login");
    ///
    /// let error = Config::from_lookup(|_| None).unwrap_err();
    /// assert!(error.to_string().starts_with("client_id (KOMERZA_CLIENT_ID), client_secret (KOMERZA_CLIENT_SECRET), "));
    /// assert!(error.to_string().ends_with(" are missing"));
    /// # Ok::<(), komerza_connect::ConfigError>(())
    /// ```
    pub fn from_lookup(lookup: impl Fn(&str) -> Option<String>) -> Result<Self, ConfigError> {
        let read = |name| lookup(name).filter(|value| !value.is_empty());
        let mut builder = Self::builder();
        for (_, variable, set) in VARIABLES {
            if let Some(set) = set
                && let Some(value) = read(variable)
            {
                builder = set(builder, value);
            }
        }
        if let Some(list) = read(COOKIE_KEYS) {
            let keys: Result<Vec<_>, _> = list.split(',').map(SealingKey::from_base64).collect();
            builder = builder.cookie_keys(keys.map_err(|why| ConfigError::new("cookie_keys", Problem::Key(why)))?);
        }
        builder.build()
    }
}
