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
    let (confused, detail) = match compare(host, &config.redirect_uri.origin) {
        Hosts::Same => return,
        Hosts::Confused(detail) => (true, detail),
        Hosts::Other(detail) => (false, detail),
    };
    if config.notices.first(if confused { 1 } else { 2 }) {
        log::warn!(
            code = HOST_DIFFERS.code,
            "{}",
            format_args!("{}. {}", HOST_DIFFERS.text(&detail), HOST_DIFFERS.remedy)
        );
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Hosts {
    Same,
    /// Two names for one machine, or with and without `www.`.
    Confused(String),
    Other(String),
}

fn compare(host: &str, origin: &str) -> Hosts {
    let (scheme, wanted) = origin.split_once("://").unwrap_or(("https", origin));
    // As browsers write an origin: lower case, without the default port.
    let Some(url) = Url::parse(&format!("{scheme}://{host}")).ok().filter(|_| host.len() <= 255) else {
        return Hosts::Other(format!("one that is no host instead of {wanted}"));
    };
    let found = url.origin().ascii_serialization();
    let found = found.split_once("://").map_or("", |(_, found)| found);
    let detail = || format!("{found} instead of {wanted}");
    let without_www = |name: &str| name.strip_prefix("www.").unwrap_or(name).to_owned();
    if found == wanted {
        Hosts::Same
    } else if Url::parse(origin).is_ok_and(|origin| is_loopback(&origin)) && is_loopback(&url)
        || without_www(found) == without_www(wanted)
    {
        Hosts::Confused(detail())
    } else {
        Hosts::Other(detail())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_compared_as_browsers_write_them() {
        let confused = |detail: &str| Hosts::Confused(detail.to_owned());
        for (host, origin, found) in [
            ("shop.example", "https://shop.example", Hosts::Same),
            ("Shop.Example:443", "https://shop.example", Hosts::Same),
            ("127.0.0.1:3000", "http://127.0.0.1:3000", Hosts::Same),
            ("localhost:3000", "http://127.0.0.1:3000", confused("localhost:3000 instead of 127.0.0.1:3000")),
            ("127.0.0.1:3001", "http://127.0.0.1:3000", confused("127.0.0.1:3001 instead of 127.0.0.1:3000")),
            ("www.shop.example", "https://shop.example", confused("www.shop.example instead of shop.example")),
            ("shop.example", "https://www.shop.example", confused("shop.example instead of www.shop.example")),
            ("app:8080", "https://shop.example", Hosts::Other("app:8080 instead of shop.example".into())),
            ("a b\"", "https://shop.example", Hosts::Other("one that is no host instead of shop.example".into())),
        ] {
            assert_eq!(compare(host, origin), found, "{host}");
        }
    }
}
