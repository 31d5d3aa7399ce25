//! Attempts to leave the site, or to write a header, by `return_to`; and oracles that know when one has succeeded.
//!
//! The attempts are generated family by family ([`families`]) and not taken from any list. There are two
//! oracles: [`stays_on_site`] asks the URL standard, as a browser would. [`broken_rule`] implements the
//! written rule (threat T24) a second time, independent of the crate, so that the two can be compared over
//! any input.

mod families;
mod tests;

use percent_encoding::percent_decode_str;
use url::Url;

/// A page of the crate on the site that the attempts try to leave.
const BASE: &str = "https://shop.example/komerza/login";

/// The routes that nobody is sent back to.
const OWN_ROUTES: [&str; 4] = ["/komerza/login", "/komerza/callback", "/komerza/disconnect", "/komerza/status"];

/// The longest return path, in bytes.
const LONGEST: usize = 512;

/// One attempt, both as it is written in a query and as the application reads it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// The trick, in a few words.
    pub family: &'static str,
    /// The value of the parameter after decoding; `None` when its bytes are no text or its escapes are broken.
    pub decoded: Option<String>,
    /// The value as in a raw query. Every server lets it through as part of a request target.
    pub query: String,
    /// The written rule refuses it. The others are harmless and may be followed, as long as they stay on the site.
    pub must_be_refused: bool,
}

/// All attempts; at least 300, no two with the same bytes.
pub fn attempts() -> Vec<Attempt> {
    let mut all = families::all();
    let mut seen = std::collections::HashSet::new();
    all.retain(|attempt| seen.insert(attempt.query.clone()));
    all
}

/// Return paths of ordinary apps. Each must be followed unchanged.
pub fn harmless() -> Vec<String> {
    let paths = "/ /x /stores/ /stores/42/orders?page=2&sort=-date /a%20b /%C3%A9t%C3%A9 /a?next=//evil.example \
                 /a?u=https://evil.example/ /a?q=.. /@alice /a:b /a;v=1/b /... /.hidden /a..b /~alice /komerza /komerza/ \
                 /komerza/logins /komerza/login/x /Komerza/Login /a#section /a?#//x /a?b=%2F%2Fc /a%2Fb /[x] /a|b /' \
                 /!$&'()*+,-.=_ /? /# /?return_to=/x";
    let longest = format!("/{}", "a".repeat(LONGEST - 1));
    paths.split(' ').map(str::to_owned).chain([longest]).collect()
}

/// Whether a browser that gets this `Location` on a page of the crate stays on the site: by the URL standard.
pub fn stays_on_site(path: &str) -> bool {
    let base = Url::parse(BASE).unwrap();
    path.starts_with('/') && base.join(path).is_ok_and(|target| target.origin() == base.origin())
}

/// Which part of the written rule for return paths this one breaks, if any.
pub fn broken_rule(path: &str) -> Option<&'static str> {
    let decoded: Vec<u8> = percent_decode_str(path).collect();
    let place = path.split(['?', '#']).next().unwrap_or_default();
    let segments: Vec<_> = place.split('/').skip(1).collect();
    let before_last = segments.get(..segments.len().saturating_sub(1)).unwrap_or_default();
    let is_dots = |segment: &str| {
        let segment = segment.to_ascii_lowercase().replace("%2e", ".");
        segment == "." || segment == ".."
    };
    if !path.starts_with('/') {
        Some("no slash at the start")
    } else if path.len() > LONGEST {
        Some("too long")
    } else if !path.bytes().all(|byte| byte.is_ascii_graphic()) {
        Some("more than visible ASCII")
    } else if path.contains('\\') {
        Some("a backslash")
    } else if path.as_bytes().get(1) == Some(&b'%')
        && decoded.get(1).is_some_and(|byte| byte.is_ascii_control() || b"/\\".contains(byte))
    {
        Some("an encoded slash, backslash or control behind the first slash")
    } else if before_last.contains(&"") {
        Some("an empty segment before the last")
    } else if segments.iter().any(|segment| is_dots(segment)) {
        Some("a dot segment")
    } else if !stays_on_site(path) {
        Some("another origin")
    } else if OWN_ROUTES.contains(&place) {
        Some("a route of the crate")
    } else {
        None
    }
}
