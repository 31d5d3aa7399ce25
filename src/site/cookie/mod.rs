//! Cookies: their names and attributes, and a reader of our own for the `Cookie` header.
//!
//! 1. Names start with `__Host-`, so that no sibling domain can set them. This prefix requires `Secure`,
//!    `Path=/` and no `Domain`. On http (a loopback redirect URI, for development) there is neither prefix
//!    nor `Secure`.
//! 2. `HttpOnly` always, and `SameSite=Lax` always: the return from Komerza is a cross-site navigation, which
//!    `Strict` would strip of its cookies.
//! 3. A name contains the mount (a short hash of client ID and redirect URI), the purpose and, for attempts,
//!    the attempt's id. So two mounts on one host, and two tabs of one browser, do not change each other's
//!    cookies.

mod read;
mod sealed;

pub(crate) use read::named;
#[cfg(feature = "__fuzzing")]
pub(crate) use read::with_prefix;
pub(crate) use sealed::{Done, Jar, LoginAttempt, Starter, is_fresh};

use crate::{attempt::AttemptId, config::Config};
use http::{HeaderMap, HeaderValue};
use sha2::{Digest, Sha256};
use std::time::Duration;

/// The names of the crate's cookies at one mount.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Names {
    secure: bool,
    /// A hash of application and redirect URI.
    mount: [u8; 32],
    /// What all names start with.
    prefix: String,
    pub(crate) session: String,
    /// What the link of the confirm page has to repeat.
    pub(crate) confirm: String,
    /// See [`Stay`](super::stay::Stay).
    pub(crate) stay: String,
}

impl Names {
    pub(crate) fn new(config: &Config) -> Self {
        let secure = config.redirect_uri.https;
        let hash =
            Sha256::new_with_prefix(b"komerza-connect mount\0").chain_update(&config.client_id).chain_update([0]);
        let mount: [u8; 32] = hash.chain_update(&config.redirect_uri.text).finalize().into();
        let [a, b, c, d, ..] = mount;
        let prefix = format!("{}komerza-{a:02x}{b:02x}{c:02x}{d:02x}-", if secure { "__Host-" } else { "" });
        let [session, confirm, stay] = ["session", "confirm", "stay"].map(|purpose| format!("{prefix}{purpose}"));
        Self { secure, mount, prefix, session, confirm, stay }
    }

    /// The mark that a callback of this attempt was loaded again.
    pub(crate) fn again(&self, attempt: AttemptId) -> String {
        format!("{}again-{attempt}", self.prefix)
    }

    /// A `Set-Cookie` value. `None` only for a name or value that no header can carry, which ours never are.
    pub(crate) fn set(&self, name: &str, value: &str, max_age: Duration) -> Option<HeaderValue> {
        let secure = if self.secure { "; Secure" } else { "" };
        let mut digits = itoa::Buffer::new();
        let age = digits.format(max_age.as_secs());
        // In one piece: `format!` would grow it several times.
        let text = [name, "=", value, "; Path=/; Max-Age=", age, "; HttpOnly; SameSite=Lax", secure].concat();
        let mut header = HeaderValue::try_from(text).ok()?;
        header.set_sensitive(true);
        Some(header)
    }

    /// A `Set-Cookie` value that removes a cookie, if the request sent it. A POST from another site sends
    /// none, and so removes none.
    pub(crate) fn remove_if_sent(&self, headers: &HeaderMap, name: &str) -> Option<HeaderValue> {
        named(headers, name).next().and_then(|_| self.remove(name))
    }

    /// A `Set-Cookie` value that removes a cookie. The name may come from the request: one with other
    /// characters than ours have is not echoed, and not removed.
    pub(crate) fn remove(&self, name: &str) -> Option<HeaderValue> {
        let plain = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
        plain.then(|| self.set(name, "", Duration::ZERO))?
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(redirect_uri: &str) -> Names {
        let config = Config::builder().client_id("x").client_secret("s".repeat(72)).user_agent("MyApp/1.0");
        Names::new(&config.redirect_uri(redirect_uri).build().unwrap())
    }

    fn set(redirect_uri: &str) -> String {
        let names = names(redirect_uri);
        names.set(&names.session, "v", Duration::from_secs(60)).unwrap().to_str().unwrap().to_owned()
    }

    #[test]
    fn t12_cookies_have_exactly_these_attributes() {
        let https = set("https://shop.example/cb");
        let (name, attributes) = https.split_once('=').unwrap();
        assert!(name.starts_with("__Host-komerza-") && name.ends_with("-session"), "{name}");
        assert_eq!(attributes, "v; Path=/; Max-Age=60; HttpOnly; SameSite=Lax; Secure");
    }

    #[test]
    fn t13_only_an_http_redirect_uri_drops_prefix_and_secure() {
        let http = set("http://127.0.0.1:3000/cb");
        assert!(http.starts_with("komerza-"), "{http}");
        assert!(http.ends_with("=v; Path=/; Max-Age=60; HttpOnly; SameSite=Lax"), "{http}");
        assert!(set("https://localhost/cb").ends_with("; Secure"));
    }

    #[test]
    fn t06_two_mounts_have_two_sets_of_names() {
        assert_ne!(names("https://shop.example/a/cb"), names("https://shop.example/b/cb"));
        assert_eq!(names("https://shop.example/a/cb"), names("https://shop.example/a/cb"));
    }
}
