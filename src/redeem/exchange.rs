//! Authorization code to API key: one GET, sent once.
//!
//! 1. It uses a fresh connection. If a stale one broke, nobody could tell whether the code was used.
//! 2. It follows no redirect and sends no referrer, because the secret is in a header and the code in the path.
//!    It does not decompress.
//! 3. It has one deadline and a bounded body, which is read as JSON whatever its content type.
//! 4. The caller sends it again only if the request cannot have arrived, or was refused with 429.
//!
//! [`judge`] decides what the answer means. It is a pure function.

use crate::config::{Config, ConfigError, with_segments};
use crate::failure::{Failure, FailureKind};
use crate::secret::{ApiKey, AuthorizationCode};
use crate::wire::{self, BodyError, Envelope};
use crate::{api::is_error_code, message, provider};
use http::{HeaderName, HeaderValue, StatusCode, header::RETRY_AFTER};
use std::time::{Duration, SystemTime};

/// The HTTP client of the exchanges. Each of its requests carries the client secret.
pub(crate) fn client(config: &Config) -> Result<reqwest::Client, ConfigError> {
    let mut secret = HeaderValue::from_str(config.client_secret.expose_secret())
        .map_err(|_| ConfigError::because("client_secret", &message::NOT_VISIBLE_ASCII))?;
    secret.set_sensitive(true);
    let client = wire::client(&config.user_agent, &config.api_url)?
        .default_headers([(HeaderName::from_static(provider::CLIENT_SECRET_HEADER), secret)].into_iter().collect())
        .connect_timeout(config.limits.exchange_connect_deadline)
        .pool_max_idle_per_host(0)
        .http1_only();
    wire::build(client)
}

/// Sends the exchange once. A failure tells whether the code may be used up.
pub(crate) async fn send(
    client: &reqwest::Client,
    config: &Config,
    code: &AuthorizationCode,
    now: SystemTime,
) -> Result<ApiKey, Failure> {
    let segments = ["oauth2", &config.client_id, "exchange", code.expose_secret()];
    let url = with_segments(&config.api_url, &segments).ok_or_else(|| Failure::new(FailureKind::MalformedRequest))?;
    let send = client.get(url).send();
    let answer = tokio::time::timeout(config.limits.exchange_deadline, async {
        let response = send.await.map_err(|error| transport(error.without_url()))?;
        let status = response.status();
        let retry_after = response.headers().get(RETRY_AFTER).cloned();
        let body = wire::read(response.into(), config.limits.exchange_body_bytes).await;
        let body = body.map_err(|error| match error {
            // The body of a 429 does not matter.
            _ if status == StatusCode::TOO_MANY_REQUESTS => busy(retry_after.as_ref(), now),
            BodyError::TooLong => Failure::new(FailureKind::ProviderFault).used_up(true),
            BodyError::Broken(error) => Failure::caused_by(FailureKind::UnknownOutcome, error).used_up(true),
        })?;
        judge(status, retry_after.as_ref(), &body, now)
    });
    answer.await.unwrap_or_else(|_| Err(Failure::new(FailureKind::ProviderTimeout).used_up(true)))
}

fn transport(error: reqwest::Error) -> Failure {
    if error.is_connect() {
        return Failure::caused_by(FailureKind::ProviderUnreachable, error);
    }
    let kind = if error.is_timeout() { FailureKind::ProviderTimeout } else { FailureKind::UnknownOutcome };
    Failure::caused_by(kind, error).used_up(true)
}

fn busy(retry_after: Option<&HeaderValue>, now: SystemTime) -> Failure {
    let wait = retry_after.and_then(|value| wire::retry_after(value, now)).unwrap_or(DEFAULT_WAIT);
    Failure::new(FailureKind::Busy).retry_after_at_least(wait)
}

/// The wait after a 429 without `Retry-After`: until the documented bucket has tokens again.
const DEFAULT_WAIT: Duration = provider::ANONYMOUS_BUCKET.period;

/// What an answer means: a key only for status 200, `success: true`, and a string fit for a header. A `code`
/// beside them matters only if it is known to be an error: Komerza's own client looks at `success` alone.
///
/// Failures are told apart by the envelope's code first, by the status second: 401 and 403 each stand for a
/// wrong secret and for a wrong code. A 403 or 451 without the envelope comes from the network in front of
/// Komerza.
pub(crate) fn judge(
    status: StatusCode,
    retry_after: Option<&HeaderValue>,
    body: &[u8],
    now: SystemTime,
) -> Result<ApiKey, Failure> {
    let spent = |kind| Failure::new(kind).used_up(true);
    if status == StatusCode::TOO_MANY_REQUESTS {
        return Err(busy(retry_after, now));
    }
    let blocked = matches!(status, StatusCode::FORBIDDEN | StatusCode::UNAVAILABLE_FOR_LEGAL_REASONS);
    let unclear = if blocked { FailureKind::ExchangeBlocked } else { FailureKind::ProviderFault };
    let envelope = Envelope::open(body).map_err(|_| spent(unclear))?;
    let code = envelope.code.as_deref();
    let known = code.and_then(kind_of_code);
    let is_error = known.is_some() || code.is_some_and(is_error_code);
    if status == StatusCode::OK && envelope.success && !is_error {
        let key = envelope.data.and_then(|data| serde_json::from_str::<String>(data.get()).ok());
        return key.and_then(|key| ApiKey::new(key).ok()).ok_or_else(|| spent(FailureKind::ProviderFault));
    }
    if known == Some(FailureKind::Busy) {
        return Err(busy(retry_after, now));
    }
    let by_status = match status.as_u16() {
        _ if envelope.success => FailureKind::ProviderFault,
        401 | 403 => FailureKind::ExchangeRefused,
        404 => FailureKind::AppNotFound,
        _ => FailureKind::ProviderFault,
    };
    Err(spent(known.unwrap_or(by_status)))
}

/// The documented codes, in either casing family.
fn kind_of_code(code: &str) -> Option<FailureKind> {
    Some(match provider::code_letters(code).as_str() {
        "invalidcode" => FailureKind::InvalidCode,
        "codeexpired" => FailureKind::ExpiredCode,
        "invalidclientsecret" => FailureKind::InvalidClientSecret,
        "appnotfound" => FailureKind::AppNotFound,
        "ratelimited" => FailureKind::Busy,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use FailureKind::*;

    fn verdict(status: u16, body: &str) -> Result<String, (FailureKind, bool)> {
        judge(StatusCode::from_u16(status).unwrap(), None, body.as_bytes(), SystemTime::UNIX_EPOCH)
            .map(|key| key.expose_secret().to_owned())
            .map_err(|error| (error.kind(), error.visitor.used_up))
    }

    #[test]
    fn t74_a_key_is_taken_from_a_200_with_success_and_a_good_string_alone() {
        assert_eq!(verdict(200, r#"{"success":true,"data":"fake.key"}"#), Ok("fake.key".into()));
        assert_eq!(verdict(200, r#"{"success":true,"message":"m","code":null,"data":"fake"}"#), Ok("fake".into()));
        assert_eq!(verdict(200, r#" {"data":"f\u0061ke","success":true,"later":{}} "#), Ok("fake".into()));
        // What stands beside a success, and a byte order mark, do not matter.
        for code in [r#""Ok""#, r#""Success""#, r#""OperationCompleted""#, "null", r#""""#, "200", "{}"] {
            let body = format!(
                r#"{{"success":true,"message":"Operation completed successfully","code":{code},"data":"fake"}}"#
            );
            assert_eq!(verdict(200, &body), Ok("fake".into()), "{code}");
            assert_eq!(verdict(200, &format!("\u{feff}{body}")), Ok("fake".into()), "{code} behind a mark");
        }
        assert_eq!(verdict(200, r#"{"success":true,"data":"fake","code":"Invalid_Code"}"#), Err((InvalidCode, true)));
    }

    #[test]
    fn t36_a_success_that_is_none_is_a_fault() {
        let long = format!(r#"{{"success":true,"data":"{}"}}"#, "k".repeat(16_385));
        for (status, body) in [
            (200, ""),
            (200, "<html>"),
            (200, "null"),
            (200, "[]"),
            (200, r#""fake""#),
            (200, r#"{"success":true}"#),
            (200, r#"{"success":true,"data":null}"#),
            (200, r#"{"success":true,"data":""}"#),
            (200, r#"{"success":true,"data":{"key":"fake"}}"#),
            (200, r#"{"success":true,"data":["fake"]}"#),
            (200, r#"[true,null,"fake"]"#),
            (200, r#"{"success":true,"data":"fake\r\nX: y"}"#),
            (200, r#"{"success":true,"data":"fake key"}"#),
            (200, r#"{"success":"true","data":"fake"}"#),
            (200, r#"{"success":1,"data":"fake"}"#),
            (200, r#"{"data":"fake"}"#),
            (200, r#"{"success":true,"data":"fake""#),
            (200, r#"{"success":true,"data":"fake","code":"InternalServerError"}"#),
            (200, r#"{"success":true,"data":"fake","code":"bad_token"}"#),
            (200, r#"{"success":false,"data":"fake"}"#),
            (201, r#"{"success":true,"data":"fake"}"#),
            (204, ""),
            (301, r#"{"success":true,"data":"fake"}"#),
            (401, r#"{"success":true,"data":"fake"}"#),
            (500, r#"{"success":true,"data":"fake"}"#),
            (200, &long),
        ] {
            assert_eq!(verdict(status, body), Err((ProviderFault, true)), "{status} {body:.60}");
        }
    }

    #[test]
    fn t37_the_code_decides_first_and_the_status_second() {
        for status in [200, 400, 401, 403, 404] {
            for (code, kind) in [
                ("invalid_code", InvalidCode),
                ("InvalidCode", InvalidCode),
                ("code_expired", ExpiredCode),
                ("invalid_client_secret", InvalidClientSecret),
                ("InvalidClientSecret", InvalidClientSecret),
                ("app_not_found", AppNotFound),
            ] {
                let body = format!(r#"{{"success":false,"message":"m","code":"{code}","data":null}}"#);
                assert_eq!(verdict(status, &body), Err((kind, true)), "{status} {code}");
            }
        }
        for code in [r#""SomethingElse""#, "null", r#""""#] {
            let body = format!(r#"{{"success":false,"code":{code}}}"#);
            assert_eq!(verdict(401, &body), Err((ExchangeRefused, true)));
            assert_eq!(verdict(403, &body), Err((ExchangeRefused, true)));
            assert_eq!(verdict(404, &body), Err((AppNotFound, true)));
            assert_eq!(verdict(500, &body), Err((ProviderFault, true)));
        }
        for page in ["<h1>Service unavailable in your region</h1>", "", "error code: 1020", "[]"] {
            for status in [401, 404, 500, 502, 503, 520, 522, 524] {
                assert_eq!(verdict(status, page), Err((ProviderFault, true)), "{status} {page}");
            }
            for status in [403, 451] {
                assert_eq!(verdict(status, page), Err((ExchangeBlocked, true)), "{status} {page}");
            }
        }
    }

    #[test]
    fn a_429_spends_nothing_whatever_its_body() {
        for body in ["", "<html>", r#"{"success":false,"code":"RateLimited"}"#, r#"{"success":true,"data":"fake"}"#] {
            assert_eq!(verdict(429, body), Err((Busy, false)));
        }
        assert_eq!(verdict(400, r#"{"success":false,"code":"RateLimited"}"#), Err((Busy, false)));
    }
}
