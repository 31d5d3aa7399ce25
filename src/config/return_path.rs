//! Where the browser goes after a login: a path on this site and nothing else.
//!
//! 1. It starts with one slash. The rest is visible ASCII without backslashes. It is not longer than the limit.
//! 2. No browser reads it as another host: directly after the first slash there is no second slash, and no
//!    encoded slash or backslash.
//! 3. It has no empty segment except the last, no dot segment (plain or encoded), and no encoded control
//!    character.
//! 4. It has the same origin when it is resolved by the URL standard, as browsers do.
//! 5. It is none of the crate's own routes. A login that leads to the login route would never end.
//!
//! It is checked when a login starts and again when the path is used. A path that breaks a rule is replaced
//! by the default path without a message, because a bad link is not the visitor's fault.

#![deny(clippy::arithmetic_side_effects, reason = "it reads what others wrote")]

use crate::config::Routes;
use url::Url;

/// A path, with an optional query and fragment, on this site.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ReturnPath(String);

impl ReturnPath {
    pub(crate) fn parse(text: &str, most: usize, routes: &Routes) -> Option<Self> {
        let visible = text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
        if text.len() > most || !visible {
            return None;
        }
        let path = text.split(['?', '#']).next()?;
        let (first, rest) = path.split_at_checked(1)?;
        if first != "/" || has_traps(rest) || !stays_here(text) {
            return None;
        }
        let own = routes.all().iter().any(|(_, route)| *route == path || path.strip_suffix('/') == Some(*route));
        (!own).then(|| Self(text.to_owned()))
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// The path with this parameter in its query, once.
    pub(crate) fn with_marker(&self, name: &str, value: &str) -> String {
        let plain = self.without_marker(name);
        let (before, fragment) = plain.split_fragment();
        let joint = if before.contains('?') { '&' } else { '?' };
        format!("{before}{joint}{name}={value}{fragment}")
    }

    /// The path without this parameter.
    pub(crate) fn without_marker(&self, name: &str) -> Self {
        let (before, fragment) = self.split_fragment();
        let Some((path, query)) = before.split_once('?') else { return self.clone() };
        let is_marker = |pair: &&str| pair.strip_prefix(name).is_some_and(|rest| rest.starts_with('='));
        let kept: Vec<_> = query.split('&').filter(|pair| !is_marker(pair)).collect();
        let query = if kept.is_empty() { String::new() } else { format!("?{}", kept.join("&")) };
        Self(format!("{path}{query}{fragment}"))
    }

    fn split_fragment(&self) -> (&str, &str) {
        self.0.split_at(self.0.find('#').unwrap_or(self.0.len()))
    }
}

/// Whether a browser or proxy could read the path as another host, as a step upwards, or with a control
/// character.
fn has_traps(rest: &str) -> bool {
    let lower = rest.to_ascii_lowercase();
    let encoded_start = ["/", "%2f", "%5c"].iter().any(|trap| lower.starts_with(trap));
    let encoded_control = lower.match_indices('%').any(|(at, _)| {
        let digits = lower.get(at.saturating_add(1)..at.saturating_add(3));
        digits.and_then(|digits| u8::from_str_radix(digits, 16).ok()).is_none_or(|byte| byte.is_ascii_control())
    });
    let mut segments = lower.split('/');
    let last = segments.next_back();
    let bad = |segment: &str| matches!(segment.replace("%2e", ".").as_str(), "." | "..");
    encoded_start
        || encoded_control
        || last.is_some_and(bad)
        || segments.any(|segment| segment.is_empty() || bad(segment))
}

/// Whether a browser that resolves the path stays on this site.
fn stays_here(text: &str) -> bool {
    let Ok(site) = Url::parse("https://site.invalid/komerza/callback") else { return false };
    site.join(text)
        .is_ok_and(|url| url.origin() == site.origin() && url.username().is_empty() && url.password().is_none())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    fn routes() -> Routes {
        let config = Config::builder()
            .client_id("x")
            .client_secret("s".repeat(72))
            .redirect_uri("https://shop.example/komerza/callback")
            .user_agent("MyApp/1.0");
        config.build().unwrap().routes
    }

    fn parse(text: &str) -> Option<ReturnPath> {
        ReturnPath::parse(text, 512, &routes())
    }

    #[test]
    fn paths_of_this_site_pass_unchanged() {
        for path in [
            "/",
            "/stores",
            "/stores/",
            "/a/b?c=d&e=f",
            "/a%20b",
            "/a?next=https://x.example//y",
            "/a#part",
            "/a..b/.c",
        ] {
            assert_eq!(parse(path).unwrap().as_str(), path);
        }
        assert!(parse(&format!("/{}", "a".repeat(511))).is_some());
    }

    #[test]
    fn t24_what_could_lead_elsewhere_is_absent() {
        for path in [
            "",
            "stores",
            "//evil.example",
            "///evil.example",
            "/\\evil.example",
            "\\/evil.example",
            "/%5cevil.example",
            "/%2fevil.example",
            "/%2Fevil.example",
            "http:evil.example",
            "https://a@evil.example",
            "//a@evil.example",
            "javascript:alert(1)",
            "/a\r\nSet-Cookie:x=1",
            "/a%0d%0aSet-Cookie:x=1",
            "/%09/evil.example",
            "/\t/evil.example",
            "/%00",
            "/a%7f",
            "/é",
            "/a//b",
            "/./a",
            "/../a",
            "/a/..",
            "/a/%2e%2E/b",
            "/.%2e",
            "/a/%",
            "/a/%zz",
            " /a",
            "/a b",
            "/komerza/login",
            "/komerza/callback?code=x",
            "/komerza/login/",
            "/komerza/disconnect",
            "?a",
            "#a",
            "/%5Cevil",
        ] {
            assert_eq!(parse(path), None, "{path:?}");
        }
        assert_eq!(parse(&format!("/{}", "a".repeat(512))), None);
    }

    #[test]
    fn a_marker_goes_into_the_query() {
        for (path, marked) in [
            ("/a", "/a?k=v"),
            ("/a?b=c", "/a?b=c&k=v"),
            ("/a#f", "/a?k=v#f"),
            ("/a?b#f", "/a?b&k=v#f"),
            ("/a?k=v", "/a?k=v"),
            ("/a?k=w&b&k=x#f", "/a?b&k=v#f"),
            ("/a?kk=1", "/a?kk=1&k=v"),
        ] {
            assert_eq!(parse(path).unwrap().with_marker("k", "v"), marked);
            assert!(!parse(marked).unwrap().without_marker("k").as_str().contains("k=v"));
        }
    }
}
