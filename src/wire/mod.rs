//! The HTTP client for Komerza: no redirects or retries of its own, limits for bodies, and Komerza's
//! envelope.

mod envelope;

pub(crate) use envelope::Envelope;

use crate::config::{ConfigError, is_loopback};
use crate::{message, telemetry::log::chain};
use bytes::Bytes;
use http::HeaderValue;
use http_body_util::{BodyExt, Limited};
use std::error::Error;
use std::time::{Duration, SystemTime};
use url::Url;

/// The longest wait that a `Retry-After` can ask for.
const RETRY_AFTER_MOST: Duration = Duration::from_secs(60);

/// A client for `base`: no redirects, no referrer, no retries of its own, no decompression, always with the
/// User-Agent.
///
/// The methods that switch decompression off matter even though its features are off here: another crate of
/// the app may switch them on. A proxy from the environment is not used for loopback hosts.
pub(crate) fn client(user_agent: &HeaderValue, base: &Url) -> Result<reqwest::ClientBuilder, ConfigError> {
    let builder = reqwest::Client::builder()
        .user_agent(user_agent.clone())
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        .referer(false)
        .no_gzip()
        .no_brotli()
        .no_zstd()
        .no_deflate();
    match (is_loopback(base), base.scheme()) {
        // Plain HTTP needs no certificates, and reading those of the platform takes tens of milliseconds in every test that
        // builds a layer.
        #[cfg(any(feature = "rustls", feature = "native-tls"))]
        (true, "http") => Ok(builder.no_proxy().tls_certs_only([])),
        (true, _) => Ok(builder.no_proxy()),
        (false, "https") => Ok(builder.https_only(true)),
        (false, _) => Err(ConfigError::because("api_url", &message::NOT_HTTPS)),
    }
}

pub(crate) fn build(builder: reqwest::ClientBuilder) -> Result<reqwest::Client, ConfigError> {
    builder
        .build()
        .map_err(|error| ConfigError::because("api_url", message::HTTP_CLIENT.with(chain(&error.without_url()))))
}

/// The first error of this type in a chain of causes.
pub(crate) fn cause<'a, T: Error + 'static>(error: &'a (dyn Error + 'static)) -> Option<&'a T> {
    std::iter::successors(Some(error), |&cause| cause.source()).find_map(|cause| cause.downcast_ref())
}

/// Why a body could not be read.
#[derive(Debug)]
pub(crate) enum BodyError {
    TooLong,
    Broken(reqwest::Error),
}

/// Reads a body of at most `most` bytes. It counts while reading, so an endless body costs no more.
pub(crate) async fn read(body: reqwest::Body, most: usize) -> Result<Bytes, BodyError> {
    match Limited::new(body, most).collect().await {
        Ok(whole) => Ok(whole.to_bytes()),
        Err(error) => Err(match error.downcast::<reqwest::Error>() {
            Ok(error) => BodyError::Broken(error.without_url()),
            Err(_) => BodyError::TooLong,
        }),
    }
}

/// Reads a `Retry-After`: whole seconds or an HTTP date, at most 32 bytes, never more than a minute. RFC
/// 9110, section 10.2.3.
pub(crate) fn retry_after(value: &HeaderValue, now: SystemTime) -> Option<Duration> {
    let text = value.to_str().ok().map(str::trim).filter(|text| (1..=32).contains(&text.len()))?;
    let wait = if text.bytes().all(|byte| byte.is_ascii_digit()) {
        text.parse().map_or(RETRY_AFTER_MOST, Duration::from_secs)
    } else {
        httpdate::parse_http_date(text).ok()?.duration_since(now).unwrap_or_default()
    };
    Some(wait.min(RETRY_AFTER_MOST))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn t38_retry_after_is_digits_or_a_date_and_never_more_than_a_minute() {
        let now = httpdate::parse_http_date("Mon, 23 Nov 2026 12:00:00 GMT").unwrap();
        for (text, seconds) in [
            ("5", Some(5)),
            ("0", Some(0)),
            (" 7 ", Some(7)),
            ("61", Some(60)),
            ("99999999999999999999999999999", Some(60)),
            ("Mon, 23 Nov 2026 12:00:09 GMT", Some(9)),
            ("Mon, 23 Nov 2026 11:00:00 GMT", Some(0)),
            ("Mon, 23 Nov 2099 12:00:00 GMT", Some(60)),
            ("-1", None),
            ("+5", None),
            ("1.5", None),
            ("soon", None),
            ("", None),
            ("5, 6", None),
        ] {
            let wait = retry_after(&HeaderValue::from_str(text).unwrap(), now);
            assert_eq!(wait, seconds.map(Duration::from_secs), "{text:?}");
        }
        let long = HeaderValue::from_str(&"9".repeat(10_240)).unwrap();
        assert_eq!(retry_after(&long, now), None);
    }
}
