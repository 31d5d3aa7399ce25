//! Why a configuration was refused.

use crate::{InvalidSealingKey, InvalidSecret};
use std::{error::Error, fmt};

/// A setting is missing or wrong. Its text names the setting and never repeats a secret.
#[derive(Debug, Clone, PartialEq, Eq)]
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

    /// The name of the setting, as the method of the builder is called: `"redirect_uri"`. In the environment it is written
    /// `KOMERZA_REDIRECT_URI`.
    #[must_use]
    pub fn setting(&self) -> &str {
        self.setting
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (KOMERZA_{}) ", self.setting, self.setting.to_ascii_uppercase())?;
        match &self.problem {
            Problem::Missing => f.write_str("is missing"),
            Problem::Secret(why) => why.fmt(f),
            Problem::Key(why) => why.fmt(f),
            Problem::Because(why) => f.write_str(why),
            Problem::Client(why) => f.write_str(why),
        }
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
