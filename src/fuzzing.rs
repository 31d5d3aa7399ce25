//! The parsers that read what strangers wrote, laid open to the fuzz targets. Outside semver, like everything
//! behind `fuzzing`.
//!
//! Nothing is judged here: each function only turns crate-private types into plain ones. The oracles are in
//! `tests/it/oracles`.

use crate::seal::{Keyring, SealingKey};
use crate::site::{cookie, query::param};
use crate::{
    api, config, config::return_path::ReturnPath, random::SystemRandomness, redeem::exchange,
    secret::AuthorizationCode, wire,
};
use http::{HeaderMap, HeaderValue, StatusCode, header::COOKIE};
use std::time::{Duration, SystemTime};
use url::Url;

/// Values of the cookie `name` in these `Cookie` field lines; `None` if a line is none that HTTP can carry.
#[must_use]
pub fn cookies(lines: &[&[u8]], name: &str) -> Option<Vec<Vec<u8>>> {
    Some(cookie::named(&cookie_lines(lines)?, name).map(<[u8]>::to_vec).collect())
}

/// Names and values of the cookies whose name starts with `prefix`.
#[must_use]
pub fn cookies_with_prefix(lines: &[&[u8]], prefix: &str) -> Option<Vec<(String, Vec<u8>)>> {
    let headers = cookie_lines(lines)?;
    Some(cookie::with_prefix(&headers, prefix).map(|(name, value)| (name.to_owned(), value.to_vec())).collect())
}

fn cookie_lines(lines: &[&[u8]]) -> Option<HeaderMap> {
    let mut headers = HeaderMap::new();
    for line in lines {
        headers.append(COOKIE, HeaderValue::from_bytes(line).ok()?);
    }
    Some(headers)
}

/// What the query parser makes of `code`, `state`, `error` and `return_to`.
pub fn query(query: &str) -> [Result<Option<String>, &'static str>; 4] {
    ["code", "state", "error", "return_to"].map(|name| Ok(param(query, name)?.map(|value| value.into_owned())))
}

/// A return path that passed, as it will be used, and with a marker in its query. The routes are those of
/// `https://app.example/komerza/callback`.
#[must_use]
pub fn return_path(text: &str) -> Option<(String, String)> {
    let config = config::Config::builder()
        .client_id("fuzz")
        .client_secret("f".repeat(72))
        .redirect_uri("https://app.example/komerza/callback")
        .user_agent("Fuzz/1.0")
        .build()
        .ok()?;
    let path = ReturnPath::parse(text, config.limits.return_path_bytes, &config.routes)?;
    Some((path.as_str().to_owned(), path.with_marker("komerza", "denied")))
}

/// The URL of an exchange; `None` if the text is no code or makes no URL.
#[must_use]
pub fn exchange_url(base: &str, code: &str) -> Option<String> {
    let (base, code) = (Url::parse(base).ok()?, AuthorizationCode::new(code).ok()?);
    config::with_segments(&base, &["oauth2", "fuzz", "exchange", code.expose_secret()]).map(String::from)
}

/// Seals under a fixed key of this number, and under a name.
#[must_use]
pub fn seal(key: u8, plain: &[u8]) -> Option<String> {
    ring(key)?.seal(&SystemRandomness, &[b"1", b"name"], plain).ok()
}

/// Opens what [`seal`] made under the same key.
#[must_use]
pub fn open(key: u8, sealed: &[u8]) -> Option<Vec<u8>> {
    Some(ring(key)?.open(&[b"1", b"name"], sealed)?.0.to_vec())
}

fn ring(key: u8) -> Option<Keyring> {
    let key =
        SealingKey::from_bytes(&[&[key][..], b"obviously fake key for fuzzing: 32 bytes or more"].concat()).ok()?;
    Some(Keyring::derive(&[key], "fuzz"))
}

/// What the answer of an exchange means: the key, or the code of the failure and whether the code may be spent.
///
/// # Errors
/// Same as [`FailureKind::code`](crate::FailureKind::code).
pub fn judge(status: u16, retry_after: &[u8], body: &[u8]) -> Result<String, (&'static str, bool)> {
    let status = StatusCode::from_u16(status).unwrap_or_default();
    let retry_after = HeaderValue::from_bytes(retry_after).ok();
    exchange::judge(status, retry_after.as_ref(), body, SystemTime::UNIX_EPOCH)
        .map(|key| key.expose_secret().to_owned())
        .map_err(|error| (error.kind().code(), error.visitor.used_up))
}

/// Reads a `Retry-After`; `None` if the bytes are no header value, too.
#[must_use]
pub fn retry_after(value: &[u8], now: SystemTime) -> Option<Duration> {
    wire::retry_after(&HeaderValue::from_bytes(value).ok()?, now)
}

/// The URL of a path below the API's base.
#[must_use]
pub fn api_path(base: &str, path: &str) -> Option<String> {
    api::below(&Url::parse(base).ok()?, path).into_iter().next().map(String::from)
}

/// Reads the signature of a delivery.
#[cfg(feature = "webhook")]
#[must_use]
pub fn webhook_signature(text: &[u8]) -> Option<[u8; 32]> {
    crate::webhook::parse(text)
}
