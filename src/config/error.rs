//! Why a configuration was refused.

use super::around::around;
use crate::message::{InvalidValue, MISSING, SURROUNDED};
use std::fmt;

/// Settings are missing or wrong. The text names every one with its remedy and never repeats a secret.
///
/// `Debug` is the same text as `Display`, because a `main` that returns an error prints `Debug`:
///
/// ```
/// use komerza_connect::Config;
///
/// let error = Config::builder().client_id("x").client_secret("too short").build().unwrap_err();
/// assert_eq!(error.settings().iter().map(|wrong| wrong.setting).collect::<Vec<_>>(), [
///     "client_secret",
///     "redirect_uri",
///     "user_agent",
/// ]);
/// assert_eq!(format!("{error:?}"), error.to_string());
/// assert!(error.to_string().contains("\n- redirect_uri (KOMERZA_REDIRECT_URI) is missing."));
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct ConfigError {
    /// Empty only while the settings are checked.
    settings: Vec<WrongSetting>,
}

/// One setting that is missing or wrong; a part of [`ConfigError`].
///
/// `Display` says what is wrong: `redirect_uri (KOMERZA_REDIRECT_URI) is missing`.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct WrongSetting {
    /// The name of the setting and of the builder's method, such as `"redirect_uri"`.
    pub setting: &'static str,
    /// The mistake, with its code and its remedy.
    pub why: InvalidValue,
}

impl WrongSetting {
    /// The environment variable of the setting, if it has one, such as `KOMERZA_REDIRECT_URI`.
    #[must_use]
    pub fn variable(&self) -> Option<&str> {
        super::env::variable_of(self.setting)
    }
}

impl fmt::Display for WrongSetting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.setting)?;
        if let Some(variable) = self.variable() {
            write!(f, " ({variable})")?;
        }
        write!(f, " {}", self.why.text)
    }
}

impl ConfigError {
    /// Nothing is wrong yet.
    pub(super) const fn none() -> Self {
        Self { settings: Vec::new() }
    }

    /// The value, if it is right. Otherwise what is wrong is kept, so that all of it is said at once.
    pub(super) fn keep<T>(&mut self, setting: &'static str, checked: Result<T, InvalidValue>) -> Option<T> {
        checked.map_err(|why| self.settings.push(WrongSetting { setting, why })).ok()
    }

    /// What a text stands for, if there is one and it is right.
    pub(super) fn check<T>(
        &mut self,
        setting: &'static str,
        text: Option<&str>,
        check: impl FnOnce(&str) -> Result<T, InvalidValue>,
    ) -> Option<T> {
        self.keep(setting, text.ok_or_else(|| (&MISSING).into()).and_then(|text| checked(text, check)))
    }

    pub(super) fn finish(self) -> Result<(), ConfigError> {
        if self.settings.is_empty() { Ok(()) } else { Err(self) }
    }

    pub(crate) fn because(setting: &'static str, why: impl Into<InvalidValue>) -> Self {
        Self { settings: vec![WrongSetting { setting, why: why.into() }] }
    }

    /// Everything that is missing or wrong, in the order of the builder's methods. Never empty.
    #[must_use]
    pub fn settings(&self) -> &[WrongSetting] {
        &self.settings
    }

    /// The name of the first setting that is missing or wrong. It is also the name of the builder's method.
    #[must_use]
    pub fn setting(&self) -> &str {
        self.settings.first().map_or("", |wrong| wrong.setting)
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let [only] = &*self.settings {
            return write!(f, "{only}. {}", only.why.remedy);
        }
        write!(f, "{} settings are missing or wrong:", self.settings.len())?;
        self.settings.iter().try_for_each(|wrong| write!(f, "\n- {wrong}. {}", wrong.why.remedy))
    }
}

crate::kinds::readable!(ConfigError);

/// Checks a text. If it is wrong, and something around it was copied or quoted by mistake, that is the reason.
pub(super) fn checked<T>(text: &str, check: impl FnOnce(&str) -> Result<T, InvalidValue>) -> Result<T, InvalidValue> {
    check(text).map_err(|why| match around(text) {
        Some(found) => SURROUNDED.with(format_args!("{} characters: it {found}", text.chars().count())),
        None => why,
    })
}
