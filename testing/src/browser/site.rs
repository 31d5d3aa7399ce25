//! Origins and sites as browsers compare them.

use url::{Host, Url};

/// Public suffixes of more than one label. The real list has thousands; tests need these.
const PUBLIC_SUFFIXES: [&str; 4] = ["co.uk", "com.au", "github.io", "myshopify.com"];

/// How the page that asks is related to the URL that is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Relation {
    SameOrigin,
    SameSite,
    CrossSite,
}

impl Relation {
    pub fn between(one: &Url, other: &Url) -> Self {
        if one.origin() == other.origin() {
            Self::SameOrigin
        } else if site(one) == site(other) {
            Self::SameSite
        } else {
            Self::CrossSite
        }
    }

    /// The word of `Sec-Fetch-Site`.
    pub fn word(self) -> &'static str {
        match self {
            Self::SameOrigin => "same-origin",
            Self::SameSite => "same-site",
            Self::CrossSite => "cross-site",
        }
    }
}

/// Whether this is the name of a public suffix. Different sites under it must not share cookies.
pub fn is_public_suffix(host: &str) -> bool {
    PUBLIC_SUFFIXES.contains(&host) || !host.contains('.')
}

/// Scheme and registrable domain; the port does not count.
fn site(url: &Url) -> Option<(String, String)> {
    let scheme = url.scheme().to_owned();
    match url.host()? {
        Host::Domain(name) => Some((scheme, registrable(name).to_owned())),
        address => Some((scheme, address.to_string())),
    }
}

/// The public suffix and one label more; the whole name when there is no such label.
fn registrable(name: &str) -> &str {
    let mut best = name;
    let mut rest = name;
    loop {
        if is_public_suffix(rest) {
            return best;
        }
        best = rest;
        match rest.split_once('.') {
            Some((_, parent)) => rest = parent,
            None => return best,
        }
    }
}

/// Whether the host is the machine itself.
pub fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

/// Whether the browser sends fetch metadata there: https, or the machine itself.
pub fn is_trustworthy(url: &Url) -> bool {
    url.scheme() == "https" || is_loopback(url)
}

#[test]
fn relations_follow_scheme_registrable_domain_and_origin() {
    use Relation::{CrossSite, SameOrigin, SameSite};
    for (one, other, expected) in [
        ("https://shop.example", "https://shop.example/x?y", SameOrigin),
        ("https://shop.example", "https://shop.example:8443", SameSite),
        ("https://shop.example", "https://evil.shop.example", SameSite),
        ("https://a.shop.example", "https://b.shop.example", SameSite),
        ("https://shop.example", "http://shop.example", CrossSite),
        ("https://shop.example", "https://evil.example", CrossSite),
        ("https://shop.example", "https://dashboard.komerza.com", CrossSite),
        ("https://api.komerza.com", "https://dashboard.komerza.com", SameSite),
        ("https://one.co.uk", "https://two.co.uk", CrossSite),
        ("https://a.one.co.uk", "https://one.co.uk", SameSite),
        ("https://one.myshopify.com", "https://two.myshopify.com", CrossSite),
        ("http://127.0.0.1:1", "http://127.0.0.1:2", SameSite),
        ("http://127.0.0.1", "http://127.0.0.2", CrossSite),
        ("http://localhost:1", "http://localhost:2", SameSite),
        ("http://localhost", "http://127.0.0.1", CrossSite),
        ("http://[::1]:1", "http://[::1]:2", SameSite),
    ] {
        let (one, other) = (Url::parse(one).unwrap(), Url::parse(other).unwrap());
        assert_eq!(Relation::between(&one, &other), expected, "{one} {other}");
        assert_eq!(Relation::between(&other, &one), expected, "{other} {one}");
    }
}

#[test]
fn only_https_and_the_machine_itself_are_trustworthy() {
    for yes in ["https://x.example", "http://localhost", "http://a.localhost:1", "http://127.8.8.8", "http://[::1]"] {
        assert!(is_trustworthy(&Url::parse(yes).unwrap()), "{yes}");
    }
    for no in ["http://x.example", "http://10.0.0.1", "http://localhost.example", "http://[::2]"] {
        assert!(!is_trustworthy(&Url::parse(no).unwrap()), "{no}");
    }
}
