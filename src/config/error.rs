//! Why a configuration was refused.

use crate::{seal::InvalidSealingKey, secret::InvalidSecret};
use std::{error::Error, fmt};

/// A setting is missing or wrong. Its text names the setting and never repeats a secret.
///
/// `Debug` is the same text as `Display`, because a `main` that returns an error prints the former:
///
/// ```
/// use komerza_connect::Config;
///
/// let error = Config::builder().client_id("x").client_secret("too short").build().unwrap_err();
/// assert_eq!(error.setting(), "client_secret");
/// assert_eq!(format!("{error:?}"), error.to_string());
/// assert!(error.to_string().starts_with("client_secret (KOMERZA_CLIENT_SECRET) "));
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct ConfigError {
    setting: &'static str,
    problem: Problem,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Problem {
    Missing,
    Secret(InvalidSecret),
    Key(InvalidSealingKey),
    /// A fixed sentence.
    Because(&'static str),
    /// The HTTP client, which names no value of ours.
    Client(String),
}

impl ConfigError {
    pub(crate) fn new(setting: &'static str, problem: Problem) -> Self {
        Self { setting, problem }
    }

    pub(crate) fn because(setting: &'static str, why: &'static str) -> Self {
        Self::new(setting, Problem::Because(why))
    }

    /// The name of the setting, as the method of the builder is called: `"redirect_uri"`. Where
    /// [`Config::from_env`](crate::Config::from_env) reads it too, the text names the variable as well: `KOMERZA_REDIRECT_URI`.
    #[must_use]
    pub fn setting(&self) -> &str {
        self.setting
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match super::env::variable_of(self.setting) {
            Some(variable) => write!(f, "{} ({variable}) ", self.setting)?,
            None => write!(f, "{} ", self.setting)?,
        }
        match &self.problem {
            Problem::Missing => f.write_str("is missing"),
            Problem::Secret(why) => why.fmt(f),
            Problem::Key(why) => why.fmt(f),
            Problem::Because(why) => f.write_str(why),
            Problem::Client(why) => f.write_str(why),
        }
    }
}

impl fmt::Debug for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Error for ConfigError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match &self.problem {
            Problem::Secret(why) => Some(why),
            Problem::Key(why) => Some(why),
            Problem::Missing | Problem::Because(_) | Problem::Client(_) => None,
        }
    }
}
