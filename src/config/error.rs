//! Why a configuration was refused.

use super::{
    around::around,
    message::{self, Message},
};
use crate::{seal::InvalidSealingKey, secret::InvalidSecret};
use std::fmt;

/// Settings are missing or wrong. The text names every one with its remedy and never repeats a secret.
///
/// `Debug` is the same text as `Display`, because a `main` that returns an error prints `Debug`:
///
/// ```
/// use komerza_connect::Config;
///
/// let error = Config::builder().client_id("x").client_secret("too short").build().unwrap_err();
/// assert_eq!(error.settings().iter().map(|wrong| wrong.setting()).collect::<Vec<_>>(), [
///     "client_secret",
///     "redirect_uri",
///     "user_agent",
/// ]);
/// assert_eq!(format!("{error:?}"), error.to_string());
/// assert!(error.to_string().contains("\n- redirect_uri (KOMERZA_REDIRECT_URI) is missing."));
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct ConfigError {
    /// Never empty.
    settings: Vec<WrongSetting>,
}

/// One setting that is missing or wrong; a part of [`ConfigError`].
///
/// `Display` says what is wrong: `redirect_uri (KOMERZA_REDIRECT_URI) is missing`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WrongSetting {
    setting: &'static str,
    message: &'static Message,
    detail: String,
}

impl WrongSetting {
    /// The name of the setting, which is the name of the builder's method: `"redirect_uri"`.
    #[must_use]
    pub fn setting(&self) -> &str {
        self.setting
    }

    /// The environment variable of the setting, if it has one: `KOMERZA_REDIRECT_URI`.
    #[must_use]
    pub fn variable(&self) -> Option<&str> {
        super::env::variable_of(self.setting)
    }

    /// What sort of mistake it is: `"trailing_slash"`. The [guide](crate::guide::setting_up) lists all.
    #[must_use]
    pub fn code(&self) -> &str {
        self.message.code
    }

    /// What to do about it, in one or two sentences.
    #[must_use]
    pub fn remedy(&self) -> &str {
        self.message.remedy
    }
}

impl fmt::Display for WrongSetting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.setting)?;
        if let Some(variable) = self.variable() {
            write!(f, " ({variable})")?;
        }
        write!(f, " {}", self.message.text(&self.detail))
    }
}

impl ConfigError {
    pub(crate) fn new(setting: &'static str, message: &'static Message, detail: impl Into<String>) -> Self {
        Self { settings: vec![WrongSetting { setting, message, detail: detail.into() }] }
    }

    pub(crate) fn because(setting: &'static str, message: &'static Message) -> Self {
        Self::new(setting, message, "")
    }

    /// Same as [`because`](Self::because), unless something around the value is the cause.
    pub(super) fn about(setting: &'static str, value: &str, message: &'static Message) -> Self {
        match around(value) {
            Some(found) => Self::surrounded(setting, value, &found),
            None => Self::because(setting, message),
        }
    }

    fn surrounded(setting: &'static str, value: &str, found: &str) -> Self {
        let length = value.chars().count();
        Self::new(setting, &message::SURROUNDED, format!("{length} characters: it {found}"))
    }

    pub(super) fn secret(setting: &'static str, value: &str, why: InvalidSecret) -> Self {
        match (why, around(value)) {
            (_, Some(found)) => Self::surrounded(setting, value, &found),
            (InvalidSecret::Empty | InvalidSecret::Length { found: 0, .. }, _) => {
                Self::because(setting, &message::EMPTY)
            }
            (InvalidSecret::Length { found, .. }, _) => Self::new(setting, &message::SECRET_LENGTH, found.to_string()),
            (InvalidSecret::TooLong { most, .. }, _) => Self::new(setting, &message::TOO_LONG, most.to_string()),
            (InvalidSecret::Unprintable | InvalidSecret::DotSegment, _) => {
                Self::because(setting, &message::NOT_VISIBLE_ASCII)
            }
        }
    }

    pub(super) fn key(setting: &'static str, why: InvalidSealingKey) -> Self {
        match why {
            InvalidSealingKey::TooShort { found } => Self::new(setting, &message::KEY_TOO_SHORT, found.to_string()),
            InvalidSealingKey::AllEqual => Self::because(setting, &message::KEY_OF_EQUAL_BYTES),
            InvalidSealingKey::NotBase64 => Self::because(setting, &message::KEY_NOT_BASE64),
        }
    }

    /// Everything that is missing or wrong, in the order of the builder's methods. Never empty.
    #[must_use]
    pub fn settings(&self) -> &[WrongSetting] {
        &self.settings
    }

    /// The name of the first setting that is missing or wrong, which is the name of the builder's method.
    #[must_use]
    pub fn setting(&self) -> &str {
        self.settings.first().map_or("", WrongSetting::setting)
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let [only] = &*self.settings {
            return write!(f, "{only}. {}", only.remedy());
        }
        write!(f, "{} settings are missing or wrong:", self.settings.len())?;
        self.settings.iter().try_for_each(|wrong| write!(f, "\n- {wrong}. {}", wrong.remedy()))
    }
}

crate::kinds::readable!(ConfigError);

/// Collects what is wrong, so that all of it is said at once.
#[derive(Default)]
pub(super) struct Wrong(Vec<WrongSetting>);

impl Wrong {
    /// The value; without one what is wrong is kept.
    pub(super) fn keep<T>(&mut self, checked: Result<T, ConfigError>) -> Option<T> {
        checked.map_err(|error| self.0.extend(error.settings)).ok()
    }

    pub(super) fn check(self) -> Result<(), ConfigError> {
        if self.0.is_empty() { Ok(()) } else { Err(ConfigError { settings: self.0 }) }
    }
}
