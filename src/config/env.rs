//! Reads the configuration from environment variables.

use super::{Config, ConfigBuilder, ConfigError};
use crate::seal::SealingKey;

/// A method of the builder that takes a text.
type Set = fn(ConfigBuilder, String) -> ConfigBuilder;

/// How many of the variables are required. Others that are empty count as not set.
const REQUIRED: usize = 4;

/// The settings that are read from the environment, by their variables; the required ones first.
const VARIABLES: [(&str, &str, Set); 7] = [
    ("client_id", "KOMERZA_CLIENT_ID", |builder, value| builder.client_id(value)),
    ("client_secret", "KOMERZA_CLIENT_SECRET", |builder, value| builder.client_secret(value)),
    ("redirect_uri", "KOMERZA_REDIRECT_URI", |builder, value| builder.redirect_uri(value)),
    ("user_agent", "KOMERZA_USER_AGENT", |builder, value| builder.user_agent(value)),
    ("api_url", "KOMERZA_API_URL", |builder, value| builder.api_url(value)),
    ("dashboard_url", "KOMERZA_DASHBOARD_URL", |builder, value| builder.dashboard_url(value)),
    ("cookie_keys", "KOMERZA_COOKIE_KEYS", cookie_keys),
];

/// The variable of a setting, if it has one.
pub(super) fn variable_of(setting: &str) -> Option<&'static str> {
    VARIABLES.iter().find(|(name, ..)| *name == setting).map(|(_, variable, _)| *variable)
}

pub(super) fn cookie_keys(mut builder: ConfigBuilder, list: String) -> ConfigBuilder {
    builder.cookie_keys = Some(list.split(',').map(SealingKey::from_base64).collect());
    builder
}

impl Config {
    /// The names of the variables that [`from_env`](Self::from_env) reads. Use them to check whether any is
    /// set.
    pub fn variables() -> impl Iterator<Item = &'static str> {
        VARIABLES.iter().map(|(_, variable, _)| *variable)
    }

    /// Reads the configuration from environment variables: [`ConfigBuilder::from_env`] with
    /// [`build`](ConfigBuilder::build).
    ///
    /// # Errors
    /// [`ConfigError`] names every variable that is missing, empty or wrong, with its remedy. An empty
    /// variable is an error only if it has no default.
    pub fn from_env() -> Result<Self, ConfigError> {
        ConfigBuilder::from_env().build()
    }
}

impl ConfigBuilder {
    /// Starts a configuration with the settings from environment variables. You can add further settings. If
    /// you set one twice, the last value counts.
    ///
    /// | Variable | Meaning | Without it |
    /// | --- | --- | --- |
    /// | `KOMERZA_CLIENT_ID` | the application's id | an error |
    /// | `KOMERZA_CLIENT_SECRET` | its secret, 72 characters | an error |
    /// | `KOMERZA_REDIRECT_URI` | exactly as registered | an error |
    /// | `KOMERZA_USER_AGENT` | names your app, such as `MyApp/1.0` | an error |
    /// | `KOMERZA_API_URL` | base URL of the API | `https://api.komerza.com` |
    /// | `KOMERZA_DASHBOARD_URL` | base URL of the dashboard | `https://dashboard.komerza.com` |
    /// | `KOMERZA_COOKIE_KEYS` | base64 keys, separated by commas; the first one encrypts | derived from the secret |
    ///
    /// An empty variable counts as not set if it has a default; otherwise it is an error. Nothing is checked
    /// before [`build`](Self::build), which names everything that is missing or wrong.
    ///
    /// ```no_run
    /// use komerza_connect::ConfigBuilder;
    ///
    /// let config = ConfigBuilder::from_env().sign_in_page("/login").sign_in_parameter("next").build()?;
    /// # Ok::<(), komerza_connect::ConfigError>(())
    /// ```
    pub fn from_env() -> Self {
        // A variable that is not Unicode does not count as missing; the error names it.
        Self::from_lookup(|name| std::env::var_os(name).map(|value| value.to_string_lossy().into_owned()))
    }

    /// Same as [`from_env`](Self::from_env), but asks `lookup` for each variable in its table.
    ///
    /// ```
    /// use komerza_connect::ConfigBuilder;
    ///
    /// let config = ConfigBuilder::from_lookup(|name| match name {
    ///     "KOMERZA_CLIENT_ID" => Some("00000000-0000-4000-8000-000000000000".into()),
    ///     "KOMERZA_CLIENT_SECRET" => Some("obviously-fake".repeat(6)[..72].into()),
    ///     "KOMERZA_REDIRECT_URI" => Some("https://shop.example/komerza/callback".into()),
    ///     "KOMERZA_USER_AGENT" => Some("MyApp/1.0".into()),
    ///     _ => None,
    /// });
    /// assert_eq!(config.build()?.login_path(), "/komerza/login");
    ///
    /// let error = ConfigBuilder::from_lookup(|_| None).build().unwrap_err();
    /// assert!(error.to_string().starts_with("4 settings are missing or wrong:\n- client_id (KOMERZA_CLIENT_ID) is missing."));
    /// # Ok::<(), komerza_connect::ConfigError>(())
    /// ```
    pub fn from_lookup(lookup: impl Fn(&str) -> Option<String>) -> Self {
        VARIABLES.iter().enumerate().fold(Self::default(), |builder, (at, (_, variable, set))| {
            match lookup(variable).filter(|value| at < REQUIRED || !value.is_empty()) {
                Some(value) => set(builder, value),
                None => builder,
            }
        })
    }
}
