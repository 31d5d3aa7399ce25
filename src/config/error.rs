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
/// let error = Config::builder().client_id("x").client_secret("s".repeat(72)).build().unwrap_err();
/// assert_eq!(error.setting(), "redirect_uri");
/// assert_eq!(
///     error.to_string(),
///     "redirect_uri (KOMERZA_REDIRECT_URI) and user_agent (KOMERZA_USER_AGENT) are missing"
/// );
/// assert_eq!(format!("{error:?}"), error.to_string());
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct ConfigError {
    setting: &'static str,
    problem: Problem,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Problem {
    /// These settings; the error's own is the first of them.
    Missing(Vec<&'static str>),
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

    /// Of all settings that are needed, those for which it is true are missing.
    pub(super) fn missing(needed: impl IntoIterator<Item = (&'static str, bool)>) -> Self {
        let all: Vec<_> = needed.into_iter().filter_map(|(setting, missing)| missing.then_some(setting)).collect();
        Self::new(all.first().copied().unwrap_or_default(), Problem::Missing(all))
    }

    pub(crate) fn because(setting: &'static str, why: &'static str) -> Self {
        Self::new(setting, Problem::Because(why))
    }

    /// The name of the setting, as the method of the builder is called: `"redirect_uri"`. When several are missing, the first of them. Where
    /// [`Config::from_env`](crate::Config::from_env) reads it too, the text names the variable as well: `KOMERZA_REDIRECT_URI`.
    #[must_use]
    pub fn setting(&self) -> &str {
        self.setting
    }
}

/// The setting, with its variable if it has one.
fn named(setting: &str) -> String {
    super::env::variable_of(setting).map_or(setting.to_owned(), |variable| format!("{setting} ({variable})"))
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let setting = named(self.setting);
        match &self.problem {
            Problem::Missing(all) => match all.split_last() {
                Some((last, others @ [_, ..])) => {
                    let others: Vec<_> = others.iter().map(|setting| named(setting)).collect();
                    write!(f, "{} and {} are missing", others.join(", "), named(last))
                }
                _ => write!(f, "{setting} is missing"),
            },
            Problem::Secret(why) => write!(f, "{setting} {why}"),
            Problem::Key(why) => write!(f, "{setting} {why}"),
            Problem::Because(why) => write!(f, "{setting} {why}"),
            Problem::Client(why) => write!(f, "{setting} {why}"),
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
            Problem::Missing(_) | Problem::Because(_) | Problem::Client(_) => None,
        }
    }
}
