//! Reading the `Cookie` header, byte by byte.
//!
//! Every field line is read, split at `;`, trimmed of spaces and tabs, and split at the first `=`. Names are
//! compared as bytes; nothing is decoded and nothing is unquoted, so `%5F%5FHost-x` is not `__Host-x`.
//! Cookies that are not this crate's are skipped, whatever bytes they contain. So one odd cookie of another
//! app cannot hide the others.

#![deny(clippy::arithmetic_side_effects, reason = "it reads what others wrote")]

use http::{HeaderMap, header::COOKIE};
use memchr::memchr;
use std::iter;

/// How many cookies of one name are tried: a browser sends more than one only when a sibling domain or path
/// set the others.
const CANDIDATES: usize = 8;

/// How many cookies with one of our prefixes are looked at. A browser that follows our rules has five. A
/// client that sends thousands causes no more work than this.
const LOOKED_AT: usize = 64;

/// The values of the cookie `name`, at most eight.
pub(crate) fn named<'a>(headers: &'a HeaderMap, name: &'a str) -> impl Iterator<Item = &'a [u8]> {
    pairs(headers).filter(move |(found, _)| *found == name.as_bytes()).map(|(_, value)| value).take(CANDIDATES)
}

/// Names (as text; others cannot be ours) and values of the cookies whose name starts with `prefix`, at most
/// 64.
pub(crate) fn with_prefix<'a>(headers: &'a HeaderMap, prefix: &'a str) -> impl Iterator<Item = (&'a str, &'a [u8])> {
    pairs(headers)
        .filter(move |(name, _)| name.starts_with(prefix.as_bytes()))
        .filter_map(|(name, value)| Some((std::str::from_utf8(name).ok()?, value)))
        .take(LOOKED_AT)
}

fn pairs(headers: &HeaderMap) -> impl Iterator<Item = (&[u8], &[u8])> {
    headers.get_all(COOKIE).iter().flat_map(|line| pieces(line.as_bytes())).map(|pair| {
        let (name, value) = split_at(b'=', pair);
        (name.trim_ascii(), value.unwrap_or_default().trim_ascii())
    })
}

/// What stands between the semicolons.
fn pieces(line: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = Some(line);
    iter::from_fn(move || {
        let (piece, after) = split_at(b';', rest?);
        rest = after;
        Some(piece)
    })
}

/// What is before the first such byte, and what is after it if there is one.
fn split_at(byte: u8, bytes: &[u8]) -> (&[u8], Option<&[u8]>) {
    let at = memchr(byte, bytes).unwrap_or(bytes.len());
    (bytes.get(..at).unwrap_or_default(), bytes.get(at.saturating_add(1)..))
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    fn values(lines: &[&[u8]], name: &str) -> Vec<Vec<u8>> {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(COOKIE, HeaderValue::from_bytes(line).unwrap());
        }
        named(&headers, name).map(<[u8]>::to_vec).collect()
    }

    #[test]
    fn t14_an_encoded_name_is_another_name() {
        assert_eq!(values(&[b"__Host-n=good; %5F%5FHost-n=other; __host-n=other"], "__Host-n"), [b"good"]);
    }

    #[test]
    fn t15_an_odd_neighbour_hides_nothing() {
        assert_eq!(values(&[b"x=\xff; =; ;; \xfe; n=good; y=\"a;b\""], "n"), [b"good"]);
        assert_eq!(values(&[b"x=1", b"n=good"], "n"), [b"good"], "another field line");
    }

    #[test]
    fn t16_every_cookie_of_the_name_is_a_candidate_and_eight_at_most() {
        assert_eq!(values(&[b"n=stale;\tn = good "], "n"), [b"stale".to_vec(), b"good".to_vec()]);
        assert_eq!(values(&[b"n=1;n=2;n=3;n=4;n=5;n=6;n=7;n=8;n=9"], "n").len(), 8);
    }

    #[test]
    fn values_are_taken_as_they_are() {
        assert_eq!(values(&[b"n=\"a%20b=c\""], "n"), [b"\"a%20b=c\""]);
        assert_eq!(values(&[b"n"], "n"), [b""]);
    }
}
