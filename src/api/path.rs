//! Paths of calls: kept below the API's base URL, and without their ids in logs.

#![deny(clippy::arithmetic_side_effects, reason = "it reads what others wrote")]

use super::Error;
use crate::config::with_segments;
use url::Url;

/// Longer ids are refused; the provider's have 36 characters.
const ID_MOST: usize = 256;

/// The URL of a path below the base URL: same origin, and no segment that leads upwards.
pub(crate) fn below(base: &Url, path: &str) -> Result<Url, Error> {
    let rest = path.strip_prefix('/').filter(|rest| !rest.starts_with(['/', '\\'])).ok_or_else(Error::bad_path)?;
    let plain = path.bytes().all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'\\' | b'#'));
    let lower = rest.to_ascii_lowercase().replace("%2e", ".");
    let climbs = lower.split('?').next().is_none_or(|path| {
        path.contains("%2f") || path.contains("%5c") || path.split('/').any(|part| matches!(part, "." | ".."))
    });
    if !plain || climbs {
        return Err(Error::bad_path());
    }
    let url = Url::parse(&format!("{}{path}", base.as_str().trim_end_matches('/'))).map_err(|_| Error::bad_path())?;
    if url.origin() == base.origin() { Ok(url) } else { Err(Error::bad_path()) }
}

/// The URL of a template such as `/stores/{}/orders/{}`, with each id encoded as one segment.
pub(super) fn fill(base: &Url, template: &str, ids: &[&str]) -> Result<Url, Error> {
    let mut ids = ids.iter().copied();
    let segments: Option<Vec<&str>> = template
        .split('/')
        .skip(1)
        .map(|part| if part == "{}" { ids.next().filter(|id| id.len() <= ID_MOST) } else { Some(part) })
        .collect();
    segments.and_then(|segments| with_segments(base, &segments)).ok_or_else(Error::bad_id)
}

/// The words in Komerza's paths. Every other segment is an id, a search text or a name.
const WORDS: &str = "
    affiliateDiscount affiliates all analytics applications balance banner billing blacklist block blog
    branding business cancel categories clear configure coupons csv customer-balance customers daily deliver
    delivery discounts duplicate email fields file filters flag fraud-settings hourly icon image images
    invite invoices items logs maintenance notifications onboarding options order orders passkeys pause
    payment payouts permissions products redeliver refund reply resend resume reviews search security
    settings slug stats stores subscriptions tax tickets trend unblock unflag user variants visitors
    webhooks
";

/// A path for logs: every segment that is not one of the provider's words becomes `{}`, so that no id of
/// anybody gets there.
pub(super) fn template_of(path: &str) -> String {
    let parts = path.split('?').next().unwrap_or_default().split('/').skip(1);
    let known = |part: &str| part.is_empty() || WORDS.split_ascii_whitespace().any(|word| word == part);
    parts.flat_map(|part| ["/", if known(part) { part } else { "{}" }]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn base() -> Url {
        Url::parse("https://api.example/v1").unwrap()
    }

    #[test]
    fn t45_a_path_stays_below_the_api_or_nothing_is_sent() {
        let url = |path| below(&base(), path).map(String::from).ok();
        assert_eq!(url("/stores?Page=1").unwrap(), "https://api.example/v1/stores?Page=1");
        assert_eq!(url("/stores/a%20b").unwrap(), "https://api.example/v1/stores/a%20b");
        for path in [
            "",
            "stores",
            "https://evil.example/x",
            "//evil.example/x",
            "/\\evil.example",
            "/stores/..%2f..%2fuser",
            "/../user",
            "/stores/%2e%2e/user",
            "/stores/./x",
            "/a\tb",
            "/a b",
            "/a#b",
            "@evil.example/",
            "/é",
        ] {
            assert_eq!(url(path), None, "{path}");
        }
    }

    #[test]
    fn t45_an_id_is_one_segment_or_nothing_is_sent() {
        let url = |id: &str| fill(&base(), "/stores/{}/orders", &[id]).map(String::from).ok();
        assert_eq!(url("a-1").unwrap(), "https://api.example/v1/stores/a-1/orders");
        assert_eq!(url("a/../b").unwrap(), "https://api.example/v1/stores/a%2F..%2Fb/orders");
        assert_eq!(url("a?b#c%").unwrap(), "https://api.example/v1/stores/a%3Fb%23c%25/orders");
        for id in ["", ".", "..", "a\tb", "\n", &"x".repeat(257)] {
            assert_eq!(url(id), None, "{id:?}");
        }
        assert!(fill(&base(), "/stores/{}/orders/{}", &["one"]).is_err(), "an id too few");
    }

    #[test]
    fn t41_a_template_names_nobody() {
        assert_eq!(template_of("/stores/5f0c/orders/search/ada@shop.example?x=1"), "/stores/{}/orders/search/{}");
        assert_eq!(template_of("/stores/s/customers/ada@shop.example/email"), "/stores/{}/customers/{}/email");
        assert_eq!(template_of("/user"), "/user");
        assert_eq!(template_of("/new-thing/7"), "/{}/{}");
    }
}
