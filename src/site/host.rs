//! Says when a login is opened under another host than the redirect URI's. It decides nothing.
//!
//! The login cookie is set for the host of the login. When Komerza sends the browser back to another one, such
//! as `127.0.0.1` in place of `localhost`, the cookie does not come along and the callback calls the state
//! unknown.

use crate::{
    config::{Config, is_loopback, message::messages},
    telemetry::log,
};
use http::{header::HOST, request::Parts};
use url::Url;

messages! {
    HOST_DIFFERS = "host_differs", "a login was opened under another host than the redirect URI's: {}",
        "Open the app under the redirect URI's host, or register the other one. If a proxy rewrites the Host header, let it pass \
         the browser's (nginx: `proxy_set_header Host $host;`).";
}

/// Said once for hosts that people confuse and once for any other, so that a scanner does not use up the first.
pub(super) fn notice(config: &Config, parts: &Parts) {
    let host = parts.headers.get(HOST).and_then(|host| host.to_str().ok());
    let Some(host) = host.or_else(|| parts.uri.authority().map(|authority| authority.as_str())) else { return };
    let Some((confused, detail)) = difference(host, &config.redirect_uri.origin) else { return };
    if config.notices.first(if confused { 1 } else { 2 }) {
        log::warn!(
            code = HOST_DIFFERS.code,
            "{}",
            format_args!("{}. {}", HOST_DIFFERS.text(&detail), HOST_DIFFERS.remedy)
        );
    }
}

/// How the hosts differ, if they do, and whether people confuse them: two names for one machine, or with and
/// without `www.`.
fn difference(host: &str, origin: &str) -> Option<(bool, String)> {
    let (scheme, wanted) = origin.split_once("://").unwrap_or(("https", origin));
    // As browsers write an origin: lower case, without the default port.
    let Some(url) = Url::parse(&format!("{scheme}://{host}")).ok().filter(|_| host.len() <= 255) else {
        return Some((false, format!("one that is no host instead of {wanted}")));
    };
    let found = url.origin().ascii_serialization();
    let found = found.split_once("://").map_or("", |(_, found)| found);
    let without_www = |name: &str| name.strip_prefix("www.").unwrap_or(name).to_owned();
    let loopback = Url::parse(origin).is_ok_and(|origin| is_loopback(&origin)) && is_loopback(&url);
    let confused = loopback || without_www(found) == without_www(wanted);
    (found != wanted).then(|| (confused, format!("{found} instead of {wanted}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_compared_as_browsers_write_them() {
        let confused = |detail: &str| Some((true, detail.to_owned()));
        let other = |detail: &str| Some((false, detail.to_owned()));
        for (host, origin, found) in [
            ("shop.example", "https://shop.example", None),
            ("Shop.Example:443", "https://shop.example", None),
            ("127.0.0.1:3000", "http://127.0.0.1:3000", None),
            ("localhost:3000", "http://127.0.0.1:3000", confused("localhost:3000 instead of 127.0.0.1:3000")),
            ("127.0.0.1:3001", "http://127.0.0.1:3000", confused("127.0.0.1:3001 instead of 127.0.0.1:3000")),
            ("www.shop.example", "https://shop.example", confused("www.shop.example instead of shop.example")),
            ("shop.example", "https://www.shop.example", confused("shop.example instead of www.shop.example")),
            ("app:8080", "https://shop.example", other("app:8080 instead of shop.example")),
            ("a b\"", "https://shop.example", other("one that is no host instead of shop.example")),
        ] {
            assert_eq!(difference(host, origin), found, "{host}");
        }
    }
}
