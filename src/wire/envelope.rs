//! The provider's envelope: `{success, message, code, data}`, whatever the content type says.

use crate::strict_json;
use serde::Deserialize;
use serde_json::value::RawValue;
use std::borrow::Cow;

#[derive(Deserialize)]
pub(crate) struct Envelope<'a> {
    pub(crate) success: bool,
    #[serde(borrow, default)]
    pub(crate) message: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    code: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(crate) data: Option<&'a RawValue>,
    /// Of lists that come in pages.
    #[serde(default)]
    pub(crate) pages: Option<i64>,
}

impl<'a> Envelope<'a> {
    pub(crate) fn open(body: &'a [u8]) -> Result<Self, serde_json::Error> {
        strict_json::object(body)
    }

    /// The provider's code, if there is one.
    pub(crate) fn code(&self) -> Option<&str> {
        self.code.as_deref().filter(|code| !code.is_empty())
    }
}
