//! The addresses in a configuration: the redirect URI, and the base URLs of the provider.

use crate::message::{
    InvalidValue, NO_PATH, NOT_A_URL, NOT_HTTPS, NOT_PLAIN, TRAILING_SLASH, URL_CHARACTERS, URL_FRAGMENT, URL_QUERY,
    URL_USER, made_of,
};
use url::{Host, Url};

/// Where Komerza sends the browser back, exactly as it is registered there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RedirectUri {
    /// The registered string. How the provider compares it is not documented, so not a byte of it is changed.
    pub(crate) text: String,
    /// Scheme, host and port, as browsers write an `Origin`.
    pub(crate) origin: String,
    /// The path of the callback route.
    pub(crate) path: String,
    /// Whether cookies can have `Secure` and the `__Host-` prefix.
    pub(crate) https: bool,
}

impl RedirectUri {
    pub(crate) fn parse(text: &str) -> Result<Self, InvalidValue> {
        let url = http_url(text)?;
        match url.path() {
            "" | "/" => return NO_PATH.wrong(),
            path if path.ends_with('/') => return TRAILING_SLASH.wrong(),
            // The parser resolves dots and encodes odd characters; the route must be what is registered.
            path if !is_plain_path(path) || text.splitn(4, '/').nth(3) != path.strip_prefix('/') => {
                return NOT_PLAIN.wrong();
            }
            _ => {}
        }
        let origin = url.origin().ascii_serialization();
        Ok(Self { text: text.to_owned(), origin, path: url.path().to_owned(), https: url.scheme() == "https" })
    }
}

/// Whether a browser asks for this path exactly as it is written here.
pub(super) fn is_plain_path(path: &str) -> bool {
    let parsed = Url::parse(&format!("https://localhost{path}"));
    path.starts_with('/')
        && !path.contains("//")
        && !path.contains('%')
        && parsed.is_ok_and(|url| url.path() == path && url.query().is_none() && url.fragment().is_none())
}

/// Parses the base URL of the API or the dashboard. Its path is kept, without a slash at the end.
pub(crate) fn base_url(text: &str) -> Result<Url, InvalidValue> {
    let mut url = http_url(text)?;
    if url.path().contains("//") {
        return NOT_PLAIN.wrong();
    }
    if let Ok(mut segments) = url.path_segments_mut() {
        segments.pop_if_empty();
    }
    Ok(url)
}

/// Appends segments to the path of a base URL, each encoded as one.
///
/// `None` if the result is not the base plus exactly these segments. The URL standard resolves dots and drops
/// tabs and line feeds silently, and an address that was changed in this way must never be used.
pub(crate) fn with_segments(base: &Url, segments: &[&str]) -> Option<Url> {
    let mut url = base.clone();
    url.path_segments_mut().ok()?.pop_if_empty().extend(segments);
    let before = base.path_segments().map_or(0, |parts| parts.filter(|part| !part.is_empty()).count());
    let after: Vec<&str> = url.path_segments()?.collect();
    let appended = after.get(before..)?;
    let same = appended.len() == segments.len()
        && appended.iter().zip(segments).all(|(encoded, plain)| {
            percent_encoding::percent_decode_str(encoded).eq(plain.bytes()) && !plain.is_empty()
        });
    (same && url.origin() == base.origin()).then_some(url)
}

/// Reads an address. It refuses the parts that a redirect URI and a base URL must not have, such as a user
/// name or a fragment. Whether Komerza keeps the query of a redirect URI is not documented.
fn http_url(text: &str) -> Result<Url, InvalidValue> {
    made_of(|letter| letter.is_ascii_graphic() && letter != '\\', text, usize::MAX, &URL_CHARACTERS)?;
    let url = Url::parse(text).map_err(|_| &NOT_A_URL)?;
    let faults = [
        (!url.username().is_empty() || url.password().is_some(), &URL_USER),
        (url.fragment().is_some(), &URL_FRAGMENT),
        (url.query().is_some(), &URL_QUERY),
    ];
    match url.scheme() {
        _ if let Some((_, why)) = faults.into_iter().find(|(found, _)| *found) => why.wrong(),
        "https" => Ok(url),
        "http" if is_loopback(&url) => Ok(url),
        _ => NOT_HTTPS.wrong(),
    }
}

/// Whether the host never leaves the machine. RFC 8252, section 7.3; RFC 6761, section 6.3, for `localhost`.
pub(crate) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn t13_a_redirect_uri_is_https_or_on_loopback() {
        for (text, https) in [
            ("https://shop.example/komerza/callback", Some(true)),
            ("https://shop.example:8443/cb", Some(true)),
            ("http://127.0.0.1:3000/cb", Some(false)),
            ("http://127.9.9.9/cb", Some(false)),
            ("http://[::1]:3000/cb", Some(false)),
            ("http://localhost:3000/cb", Some(false)),
            ("http://app.localhost/cb", Some(false)),
            ("https://localhost/cb", Some(true)),
            ("http://shop.example/cb", None),
            ("http://localhost.evil.example/cb", None),
            ("http://0.0.0.0/cb", None),
            ("http://192.168.1.5/cb", None),
            ("ftp://localhost/cb", None),
            ("javascript:alert(1)", None),
            ("shop.example/cb", None),
            ("/cb", None),
            ("", None),
        ] {
            assert_eq!(RedirectUri::parse(text).ok().map(|uri| uri.https), https, "{text}");
        }
    }

    #[test]
    fn a_redirect_uri_with_parts_that_could_be_read_in_two_ways_is_refused() {
        for text in [
            "https://shop.example",
            "https://shop.example/",
            "https://shop.example/komerza/callback/",
            "https://shop.example/cb#top",
            "https://shop.example/cb?x=1",
            "https://user@shop.example/cb",
            "https://user:word@shop.example/cb",
            "https://shop.example/a/../cb",
            "https://shop.example/a//cb",
            "https://shop.example/%2e%2e/cb",
            "https://shop.example/c\u{e9}",
            "https://shop.example\\@evil.example/cb",
            "https://shop.example/cb\r\n",
            " https://shop.example/cb",
        ] {
            assert!(RedirectUri::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn the_registered_text_is_kept_and_the_origin_is_as_browsers_write_it() {
        let uri = RedirectUri::parse("https://Shop.Example:443/komerza/callback").unwrap();
        assert_eq!(uri.text, "https://Shop.Example:443/komerza/callback");
        assert_eq!(uri.origin, "https://shop.example");
        assert_eq!(uri.path, "/komerza/callback");
    }

    #[test]
    fn t31_a_segment_arrives_as_one_or_not_at_all() {
        let base = base_url("https://api.example/v1/").unwrap();
        for (segment, path) in [
            ("abc", Some("/v1/x/abc")),
            ("../../stores", Some("/v1/x/..%2F..%2Fstores")),
            ("%2e%2e", Some("/v1/x/%252e%252e")),
            ("a?x=1", Some("/v1/x/a%3Fx=1")),
            ("a#b", Some("/v1/x/a%23b")),
            ("a+b/c=", Some("/v1/x/a+b%2Fc=")),
            ("a\\b", Some("/v1/x/a%5Cb")),
            ("..", None),
            (".", None),
            ("", None),
            ("a\tb", None),
            ("a\nb", None),
        ] {
            let url = with_segments(&base, &["x", segment]);
            assert_eq!(url.as_ref().map(Url::path), path, "{segment:?}");
        }
        assert_eq!(
            with_segments(&base_url("https://api.example").unwrap(), &["x"]).unwrap().as_str(),
            "https://api.example/x"
        );
    }
}
