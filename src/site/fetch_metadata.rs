//! What a browser says about a request: where it came from, what for, and whether anybody asked for it.
//!
//! It decides by fetch metadata (`Sec-Fetch-*`), which pages cannot forge. If a browser sends no fetch
//! metadata, it decides by `Origin` or `Referer`. Nothing here looks at `Host` or at forwarding headers.
//! *Source*: W3C Fetch Metadata; OWASP, Cross-Site Request Forgery Prevention.

use crate::failure::FailureKind;
use http::{HeaderMap, HeaderName, Method, header};

static SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
static MODE: HeaderName = HeaderName::from_static("sec-fetch-mode");
static DEST: HeaderName = HeaderName::from_static("sec-fetch-dest");
static PURPOSE: [HeaderName; 3] =
    [HeaderName::from_static("sec-purpose"), HeaderName::from_static("purpose"), HeaderName::from_static("x-moz")];

/// What to do with a request to start a login.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Start {
    /// The visitor asked for it on this site or typed it.
    Begin,
    /// A link on another site led here: ask first.
    Confirm,
    /// A service worker hides where the visitor comes from: ask first, and have the answer proven by a cookie.
    Prove,
}

/// Whether the login may start (T5). Another site can never start one that the visitor does not want. Frames,
/// and scripts and forms of other sites, are refused. So is a script of this site, because it cannot go to
/// Komerza.
pub(crate) fn login_start(method: &Method, headers: &HeaderMap, origin: &str) -> Result<Start, FailureKind> {
    let (site, mode, dest) = (word(headers, &SITE), word(headers, &MODE), word(headers, &DEST));
    match (mode, dest) {
        (None | Some("navigate"), None | Some("document")) => {}
        // A service worker passed the navigation on. What it says of the site is untrue in WebKit and Firefox.
        (Some("navigate" | "same-origin"), Some("empty")) if is_page(headers) => return Ok(Start::Prove),
        (_, Some("empty")) if site == Some("same-origin") => return Err(FailureKind::NotNavigated),
        _ => return Err(FailureKind::CrossSite),
    }
    if *method == Method::POST {
        return same_origin_post(headers, origin).then_some(Start::Begin).ok_or(FailureKind::CrossSite);
    }
    let from_here = match site {
        Some("same-origin") => true,
        // A browser without fetch metadata, or one that says the visitor typed the address. WebKit also says
        // so when a visitor goes back to the page that asks, but the referrer still names the other site. If
        // the login started at once, the visitor could never go back past it.
        Some("none") | None => word(headers, &header::REFERER)
            .is_none_or(|page| page.strip_prefix(origin).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))),
        Some(_) => false,
    };
    Ok(if from_here { Start::Begin } else { Start::Confirm })
}

/// Whether a POST comes from a page of this site (T53): fetch metadata first, `Origin` where there is none, and
/// never against it.
pub(crate) fn same_origin_post(headers: &HeaderMap, origin: &str) -> bool {
    match (word(headers, &SITE), word(headers, &header::ORIGIN)) {
        // A page with `Referrer-Policy: no-referrer`, such as our own, posts with the origin `null`.
        (_, Some(from)) if from != origin && from != "null" => false,
        (Some("same-origin"), _) => true,
        (Some("same-site" | "cross-site" | "none" | UNCLEAR), _) => false,
        (_, from) => from == Some(origin),
    }
}

/// Whether the browser prefetches a page that nobody has asked for yet (T29).
pub(crate) fn is_speculative(headers: &HeaderMap) -> bool {
    PURPOSE.iter().flat_map(|name| headers.get_all(name)).any(|value| {
        let value = String::from_utf8_lossy(value.as_bytes()).to_ascii_lowercase();
        ["prefetch", "prerender", "preview"].iter().any(|word| value.contains(word))
    })
}

/// Whether the answer will be looked at by a person: a page is shown or redirected, a program gets JSON.
pub(crate) fn is_page(headers: &HeaderMap) -> bool {
    match word(headers, &MODE) {
        Some("navigate") => true,
        // Firefox sends `same-origin` for a navigation that a service worker passes on. Scripts do not ask
        // for HTML.
        None | Some("same-origin") => headers
            .get_all(header::ACCEPT)
            .iter()
            .any(|accept| accept.to_str().is_ok_and(|accept| accept.contains("text/html"))),
        Some(_) => false,
    }
}

/// Stands for a header that was sent twice or is not text: nobody says what it means, so no rule trusts it.
/// No header has this text.
const UNCLEAR: &str = "\n";

fn word<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    let mut values = headers.get_all(name).iter();
    let value = values.next()?.to_str().ok().filter(|_| values.next().is_none());
    Some(value.unwrap_or(UNCLEAR))
}

#[cfg(test)]
mod tests {
    use super::*;

    const HERE: &str = "https://shop.example";

    fn headers(list: &[(&'static str, &'static str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in list {
            headers.append(*name, value.parse().unwrap());
        }
        headers
    }

    #[test]
    fn t05_a_login_starts_at_once_only_where_the_visitor_asked_for_it() {
        for (list, start) in [
            (&[][..], Ok(Start::Begin)),
            (
                &[("sec-fetch-site", "none"), ("sec-fetch-mode", "navigate"), ("sec-fetch-dest", "document")],
                Ok(Start::Begin),
            ),
            (&[("sec-fetch-site", "same-origin"), ("sec-fetch-mode", "navigate")], Ok(Start::Begin)),
            (&[("sec-fetch-site", "cross-site"), ("sec-fetch-mode", "navigate")], Ok(Start::Confirm)),
            (&[("sec-fetch-site", "same-site")], Ok(Start::Confirm)),
            (&[("sec-fetch-site", "from-the-future")], Ok(Start::Confirm)),
            (&[("sec-fetch-site", "none"), ("sec-fetch-site", "none")], Ok(Start::Confirm)),
            (&[("sec-fetch-site", "same-origin"), ("sec-fetch-mode", "cors")], Err(FailureKind::CrossSite)),
            (
                &[("sec-fetch-site", "same-origin"), ("sec-fetch-mode", "cors"), ("sec-fetch-dest", "empty")],
                Err(FailureKind::NotNavigated),
            ),
            (
                &[("sec-fetch-site", "cross-site"), ("sec-fetch-mode", "cors"), ("sec-fetch-dest", "empty")],
                Err(FailureKind::CrossSite),
            ),
            (
                &[("sec-fetch-site", "same-origin"), ("sec-fetch-mode", "no-cors"), ("sec-fetch-dest", "image")],
                Err(FailureKind::CrossSite),
            ),
            (
                &[("sec-fetch-site", "cross-site"), ("sec-fetch-mode", "navigate"), ("sec-fetch-dest", "iframe")],
                Err(FailureKind::CrossSite),
            ),
            (&[("sec-fetch-site", "none"), ("referer", "https://shop.example/page")], Ok(Start::Begin)),
            (&[("sec-fetch-site", "none"), ("referer", "https://evil.example/")], Ok(Start::Confirm)),
            (&[("referer", "https://shop.example/page")], Ok(Start::Begin)),
            (&[("referer", "https://shop.example")], Ok(Start::Begin)),
            (&[("referer", "https://shop.example.evil.example/")], Ok(Start::Confirm)),
            (&[("referer", "https://evil.example/")], Ok(Start::Confirm)),
        ] {
            assert_eq!(login_start(&Method::GET, &headers(list), HERE), start, "{list:?}");
        }
        for (list, start) in [
            (&[][..], Err(FailureKind::CrossSite)),
            (&[("sec-fetch-site", "same-origin"), ("sec-fetch-mode", "navigate")], Ok(Start::Begin)),
            (&[("origin", HERE)], Ok(Start::Begin)),
            (&[("sec-fetch-site", "cross-site"), ("origin", "https://evil.example")], Err(FailureKind::CrossSite)),
            (
                &[("sec-fetch-site", "same-origin"), ("sec-fetch-mode", "cors"), ("origin", HERE)],
                Err(FailureKind::CrossSite),
            ),
        ] {
            assert_eq!(login_start(&Method::POST, &headers(list), HERE), start, "{list:?}");
        }
    }

    #[test]
    fn t72_behind_a_service_worker_the_visitor_is_always_asked_first() {
        // What Chromium, WebKit and Firefox say of a navigation that a worker passes on; WebKit also of another site's.
        for (site, mode) in [
            ("same-origin", "navigate"),
            ("cross-site", "navigate"),
            ("none", "navigate"),
            ("same-origin", "same-origin"),
        ] {
            let mut list = headers(&[("sec-fetch-dest", "empty"), ("accept", "text/html,*/*;q=0.8")]);
            list.insert("sec-fetch-site", site.parse().unwrap());
            list.insert("sec-fetch-mode", mode.parse().unwrap());
            for method in [Method::GET, Method::POST] {
                assert_eq!(login_start(&method, &list, HERE), Ok(Start::Prove), "{method} {site} {mode}");
            }
            assert!(is_page(&list), "{site} {mode}");
        }
    }

    #[test]
    fn t53_a_post_is_ours_by_fetch_metadata_or_by_origin_and_never_against_either() {
        for (list, ours) in [
            (&[][..], false),
            (&[("sec-fetch-site", "same-origin")], true),
            (&[("sec-fetch-site", "same-origin"), ("origin", HERE)], true),
            (&[("sec-fetch-site", "same-origin"), ("origin", "null")], true),
            (&[("sec-fetch-site", "same-origin"), ("origin", "https://evil.example")], false),
            (&[("sec-fetch-site", "same-origin"), ("origin", "http://shop.example")], false),
            (&[("sec-fetch-site", "cross-site"), ("origin", HERE)], false),
            (&[("sec-fetch-site", "same-site"), ("origin", HERE)], false),
            (&[("sec-fetch-site", "none")], false),
            (&[("sec-fetch-site", "same-origin"), ("sec-fetch-site", "same-origin")], false),
            (&[("sec-fetch-site", "odd")], false),
            (&[("sec-fetch-site", "odd"), ("origin", HERE)], true),
            (&[("sec-fetch-site", ""), ("origin", HERE)], true),
            (&[("sec-fetch-site", "odd"), ("sec-fetch-site", "odd"), ("origin", HERE)], false),
            (&[("origin", HERE)], true),
            (&[("origin", HERE), ("origin", HERE)], false),
            (&[("origin", "null")], false),
            (&[("origin", "https://shop.example:444")], false),
            (&[("origin", "https://shop.example/")], false),
            (&[("referer", "https://shop.example/")], false),
        ] {
            assert_eq!(same_origin_post(&headers(list), HERE), ours, "{list:?}");
        }
    }

    #[test]
    fn t29_a_guess_of_the_browser_is_told_from_a_click() {
        for (name, value, speculative) in [
            ("sec-purpose", "prefetch", true),
            ("sec-purpose", "prefetch;prerender", true),
            ("sec-purpose", "Prefetch; anonymous-client-ip", true),
            ("purpose", "prefetch", true),
            ("purpose", "preview", true),
            ("x-moz", "prefetch", true),
            ("x-purpose", "prefetch", false),
            ("sec-purpose", "other", false),
        ] {
            assert_eq!(is_speculative(&headers(&[(name, value)])), speculative, "{name}: {value}");
        }
    }

    #[test]
    fn a_page_is_a_navigation_or_what_accepts_html() {
        for (list, page) in [
            (&[("sec-fetch-mode", "navigate")][..], true),
            (&[("sec-fetch-mode", "cors"), ("accept", "text/html")], false),
            (&[("accept", "text/html,application/xhtml+xml")], true),
            (&[("sec-fetch-mode", "same-origin"), ("accept", "text/html")], true),
            (&[("sec-fetch-mode", "same-origin"), ("accept", "*/*")], false),
            (&[("accept", "*/*")], false),
            (&[("accept", "application/json")], false),
            (&[], false),
        ] {
            assert_eq!(is_page(&headers(list)), page, "{list:?}");
        }
    }
}
