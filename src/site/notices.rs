//! Notices mistakes in how the app is set up, and says each once. It decides nothing.
//!
//! 1. The app's session layer is on the wrong side of this layer. A handler looks the user up after all
//!    layers have run. The layer's own routes look the user up at the layer, before the inner layers run. If
//!    the results for the same cookies differ, one of the two requests did not pass the session layer.
//! 2. There are two of this layer.
//! 3. A login is opened under another host than the redirect URI's. The login cookie is set for the host of
//!    the login. When Komerza sends the browser back to another one, such as `127.0.0.1` in place of
//!    `localhost`, the cookie does not come along and the callback calls the state unknown.

use super::caller::Caller;
use crate::config::{Config, Place, is_loopback};
use crate::{core::Core, message::messages, telemetry::log};
use http::{HeaderMap, header::HOST, request::Parts};
use url::{Position, Url};

messages! {
    HOST_DIFFERS = "host_differs", "a login was opened under another host than the redirect URI's: {}",
        "Open the app under the redirect URI's host, or register a redirect URI with the other host. If a proxy rewrites the Host header, let it pass on \
         the browser's Host header (nginx: `proxy_set_header Host $host;`).";
    LAYER_ORDER = "layer_order", "handlers know who is signed in, and the login and status routes do not",
        "Add the layer after your routes and before your session layer, which then runs first: `.layer(connect).layer(auth)`.";
    LAYER_ORDER_REVERSED = "layer_order_reversed", "the login and status routes know who is signed in, and handlers do not",
        "Put handlers and routes behind the same session layer; look for a middleware that takes the user out of the request.";
    TWO_LAYERS = "two_layers", "two layers have the same redirect URI: the outer one saves the keys, and handlers ask the inner one",
        "Make one layer and add it once. If parts of the app need it separately, add clones of that one.";
}

/// Compares what one place found with what the other found for the same cookies, and says so when they differ.
pub(crate) fn layer_order(config: &Config, place: Place, headers: &HeaderMap, caller: Option<&Caller>) {
    if let Some(Caller::Browser(_)) = caller {
        return;
    }
    let message = match config.notices.differs(place, headers, caller.is_some()) {
        None => return,
        Some(Place::Handler) => &LAYER_ORDER,
        Some(Place::Route) => &LAYER_ORDER_REVERSED,
    };
    if config.notices.first(4) {
        log::error!(code = message.code, "{}", format_args!("{}. {}", message.text, message.remedy));
    }
}

/// Whether the layer that a request came through before and the one that it reaches now are two for one
/// redirect URI. With two stores a visitor would connect again and again.
pub(crate) fn are_two_layers(outer: &Core, inner: &Core) -> bool {
    let same_uri = outer.config.redirect_uri.text == inner.config.redirect_uri.text;
    let two = same_uri && !std::ptr::addr_eq(outer.store(), inner.store());
    if two && inner.config.notices.first(8) {
        log::error!(code = TWO_LAYERS.code, "{}", format_args!("{}. {}", TWO_LAYERS.text, TWO_LAYERS.remedy));
    }
    two
}

/// Said once for hosts that people confuse and once for any other, so that a scanner does not use up the first.
pub(super) fn other_host(config: &Config, parts: &Parts) {
    let host = parts.headers.get(HOST).and_then(|host| host.to_str().ok());
    let Some(host) = host.or_else(|| parts.uri.authority().map(|authority| authority.as_str())) else { return };
    let Some((confused, detail)) = difference(host, &config.redirect_uri.origin) else { return };
    if config.notices.first(if confused { 1 } else { 2 }) {
        let text = HOST_DIFFERS.text(&detail);
        log::warn!(code = HOST_DIFFERS.code, "{}", format_args!("{text}. {}", HOST_DIFFERS.remedy));
    }
}

/// How the hosts differ, if they do, and whether people confuse them: two names for one machine, or with and
/// without `www.`.
fn difference(host: &str, origin: &str) -> Option<(bool, String)> {
    let (scheme, wanted) = origin.split_once("://").unwrap_or(("https", origin));
    // As browsers write an origin: lower case, without the default port.
    let Some(url) = Url::parse(&format!("{scheme}://{host}")).ok().filter(|_| host.len() <= 255) else {
        return Some((false, format!("an invalid host instead of {wanted}")));
    };
    let found = &url[Position::BeforeHost..Position::AfterPort];
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
            ("a b\"", "https://shop.example", other("an invalid host instead of shop.example")),
        ] {
            assert_eq!(difference(host, origin), found, "{host}");
        }
    }
}
