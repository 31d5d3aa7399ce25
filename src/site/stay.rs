//! Remembers that a visitor just refused at Komerza or just disconnected, so that no page sends them straight
//! back.
//!
//! A short-lived cookie remembers it, or the parameter `komerza=denied` in the address after a refusal. They
//! only decide whether the visitor gets a page with a link or a redirect. So nobody gains anything by forging
//! them.

use super::cookie::{self, Names};
use crate::failure::FailureKind;
use http::{HeaderMap, HeaderValue};
use std::time::Duration;

/// The parameter that tells a page of the app what became of a connection: `komerza=denied`.
pub(crate) const MARKER: &str = "komerza";

/// How long the cookie lives.
const LIFETIME: Duration = Duration::from_secs(60);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stay {
    Denied,
    Disconnected,
}

impl Stay {
    /// What the cookie says, then what the page says: its heading and its text.
    pub(crate) fn words(self) -> [&'static str; 3] {
        let denied = FailureKind::Denied;
        match self {
            Self::Denied => [denied.code(), denied.title(), denied.advice()],
            Self::Disconnected => [
                "disconnected",
                "You are disconnected.",
                "This app no longer has a key to your store. To withdraw your approval too, remove the app at Komerza.",
            ],
        }
    }

    pub(crate) fn cookie(self, names: &Names) -> Option<HeaderValue> {
        let [code, ..] = self.words();
        names.set(&names.stay, code, LIFETIME)
    }

    /// What the cookie or the query of a request says.
    pub(crate) fn of_request(names: &Names, headers: &HeaderMap, query: Option<&str>) -> Option<Self> {
        let marked = query.and_then(|query| {
            query.split('&').find_map(|pair| pair.strip_prefix(MARKER)?.strip_prefix('=')).map(str::as_bytes)
        });
        cookie::named(headers, &names.stay).chain(marked).find_map(|code| {
            [Self::Denied, Self::Disconnected].into_iter().find(|stay| stay.words()[0].as_bytes() == code)
        })
    }
}
