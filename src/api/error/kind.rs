//! What sort of failure an error is, and how the provider's codes and statuses become one.

use crate::{kinds::kinds, provider};
use http::StatusCode;

kinds! {
    /// What sort of failure an [`Error`](super::Error) is.
    /// [`RequestBuilder::fetch`](crate::api::RequestBuilder::fetch) has a table of what to do about each.
    /// Each kind names the status that a handler answers with when it returns the error.
    ErrorKind
    /// The call is malformed. Nothing was sent.
    ///
    /// The path leaves the API, an id is invalid, or the body cannot be serialised or is too large.
    BadRequest = "bad_request", INTERNAL_SERVER_ERROR, "the call to Komerza is not well-formed";
    /// The key is revoked. The user has to connect again.
    ///
    /// A [`KomerzaKey`](crate::KomerzaKey) removes its record, and browsers are redirected to the login (303).
    /// A [`Client`](crate::api::Client) without a layer does neither.
    KeyRevoked = "key_revoked", UNAUTHORIZED, "the connection to Komerza was revoked; connect again";
    /// The key lacks a scope, the store was not approved, or the user may not do this.
    ///
    /// [`needed_scope`](super::Error::needed_scope) returns the scope that may be missing.
    AccessDenied = "access_denied", FORBIDDEN, "Komerza does not allow this to the app or its user";
    /// The endpoint needs a signed-in person and does not accept keys.
    LoginRequired = "login_required", FORBIDDEN, "Komerza allows this only to a signed-in person";
    /// The endpoint needs a second factor, which keys do not have.
    TwoFactorRequired = "two_factor_required", FORBIDDEN, "Komerza wants a second factor for this";
    /// The account has to be verified first.
    VerificationRequired = "verification_required", FORBIDDEN, "Komerza wants the account to be verified first";
    /// The account's plan does not include this.
    UpgradeRequired = "upgrade_required", FORBIDDEN, "the Komerza plan does not include this";
    /// The account has too little money.
    NotEnoughFunds = "not_enough_funds", PAYMENT_REQUIRED, "too little money on the Komerza account";
    /// Komerza does not have the requested object.
    NotFound = "not_found", NOT_FOUND, "Komerza knows no such thing";
    /// Komerza rejected the input. [`body`](super::Error::body) has the complete reply, which may name the
    /// wrong fields.
    Validation = "validation", BAD_REQUEST, "Komerza found the input wrong";
    /// The object already exists.
    Conflict = "conflict", CONFLICT, "Komerza has this already";
    /// The product or feature is not available, or the request is not supported.
    Unavailable = "unavailable", UNPROCESSABLE_ENTITY, "this is not available at Komerza";
    /// Komerza could not accept the upload.
    UploadFailed = "upload_failed", UNPROCESSABLE_ENTITY, "Komerza could not take the upload";
    /// There were too many calls. Wait for [`retry_after`](super::Error::retry_after).
    ///
    /// Usually the app's own rate limit refuses the call before it is sent; see
    /// [`ClientLimits`](crate::config::ClientLimits).
    RateLimited = "rate_limited", SERVICE_UNAVAILABLE, "too many calls to Komerza";
    /// No connection to Komerza could be opened, or the server refused the request's HTTP/2 stream. Komerza
    /// did not process the call.
    Unreachable = "unreachable", BAD_GATEWAY, "Komerza could not be reached";
    /// The connection broke before the reply was complete. A change may have been made.
    Interrupted = "interrupted", BAD_GATEWAY, "the connection to Komerza broke off";
    /// No reply arrived in time. A change may have been made.
    TimedOut = "timed_out", GATEWAY_TIMEOUT, "Komerza did not answer in time";
    /// Something between the app and Komerza answered with 403 or 451, for example because it blocks the
    /// app's region. The key may still be valid.
    Blocked = "blocked", BAD_GATEWAY, "something on the way to Komerza refuses this";
    /// Komerza gave no usable reply: a status of 500 or above, a redirect, a reply that is too large, or a
    /// body that contradicts its status. A 401 or 407 that does not come from Komerza also counts.
    ProviderFault = "provider_fault", BAD_GATEWAY, "Komerza gave no usable answer";
    /// The call succeeded, but this version of the crate cannot read the reply. If the call changes
    /// something, the change was made.
    ///
    /// Komerza changed, or this crate is wrong. Your input is not the reason.
    UnexpectedReply = "unexpected_reply", BAD_GATEWAY,
        "Komerza's reply has a shape that this version of komerza-connect does not know";
    /// Komerza refused for another reason; see [`code`](super::Error::code) and
    /// [`status`](super::Error::status).
    Refused = "refused", UNPROCESSABLE_ENTITY, "Komerza refused";
}

/// What a refusal means: by the provider's code first, by the status second.
///
/// `enveloped` tells the provider's own answers from those of something in between. Whether the key is dead is
/// not decided here.
pub(super) fn of_refusal(status: StatusCode, code: Option<&str>, enveloped: bool) -> ErrorKind {
    code.and_then(of_code).unwrap_or_else(|| of_status(status, enveloped))
}

/// Whether a code is known to stand for an error of the API.
pub(crate) fn is_error_code(code: &str) -> bool {
    of_code(code).is_some()
}

/// The documented codes, in either of the provider's two casing families. The set is open.
fn of_code(code: &str) -> Option<ErrorKind> {
    Some(match provider::code_letters(code).as_str() {
        "accessdenied" => ErrorKind::AccessDenied,
        "oauthloginrequired" => ErrorKind::LoginRequired,
        "twofactorrequired" => ErrorKind::TwoFactorRequired,
        "verificationrequired" => ErrorKind::VerificationRequired,
        "upgraderequired" => ErrorKind::UpgradeRequired,
        "notenoughfunds" => ErrorKind::NotEnoughFunds,
        "notfound" => ErrorKind::NotFound,
        "validationerror" => ErrorKind::Validation,
        "objectconflict" => ErrorKind::Conflict,
        "productunavailable" | "featureunavailable" | "unsupportedrequest" => ErrorKind::Unavailable,
        "uploadfailed" => ErrorKind::UploadFailed,
        "ratelimited" => ErrorKind::RateLimited,
        "internalservererror" => ErrorKind::ProviderFault,
        // This code alone does not mean a dead key. The whole reply decides.
        "badtoken" | "badcaptcha" => ErrorKind::Refused,
        _ => return None,
    })
}

fn of_status(status: StatusCode, enveloped: bool) -> ErrorKind {
    match status.as_u16() {
        400 | 413 | 415 | 422 => ErrorKind::Validation,
        // It comes from something in between, which knows nothing of keys.
        401 | 407 if !enveloped => ErrorKind::ProviderFault,
        402 => ErrorKind::NotEnoughFunds,
        403 if enveloped => ErrorKind::AccessDenied,
        403 | 451 => ErrorKind::Blocked,
        404 | 405 | 410 => ErrorKind::NotFound,
        409 => ErrorKind::Conflict,
        429 => ErrorKind::RateLimited,
        0..400 | 500.. => ErrorKind::ProviderFault,
        _ => ErrorKind::Refused,
    }
}

#[cfg(test)]
mod tests {
    use super::{ErrorKind::*, *};

    fn kind(status: u16, code: Option<&str>, enveloped: bool) -> ErrorKind {
        of_refusal(StatusCode::from_u16(status).unwrap(), code, enveloped)
    }

    #[test]
    fn every_documented_code_has_a_kind_whatever_the_status_and_the_casing() {
        for (code, expected) in [
            ("AccessDenied", AccessDenied),
            ("BadToken", Refused),
            ("TwoFactorRequired", TwoFactorRequired),
            ("OAuthLoginRequired", LoginRequired),
            ("ValidationError", Validation),
            ("BadCaptcha", Refused),
            ("NotFound", NotFound),
            ("ObjectConflict", Conflict),
            ("RateLimited", RateLimited),
            ("NotEnoughFunds", NotEnoughFunds),
            ("VerificationRequired", VerificationRequired),
            ("UpgradeRequired", UpgradeRequired),
            ("ProductUnavailable", Unavailable),
            ("FeatureUnavailable", Unavailable),
            ("UnsupportedRequest", Unavailable),
            ("UploadFailed", UploadFailed),
            ("InternalServerError", ProviderFault),
            ("access_denied", AccessDenied),
            ("object_conflict", Conflict),
        ] {
            for status in [200, 400, 403, 422, 500] {
                assert_eq!(kind(status, Some(code), true), expected, "{status} {code}");
            }
        }
    }

    #[test]
    fn an_unknown_or_missing_code_leaves_it_to_the_status_and_to_who_answered() {
        for (status, enveloped, bare) in [
            (200, ProviderFault, ProviderFault),
            (302, ProviderFault, ProviderFault),
            (400, Validation, Validation),
            (401, Refused, ProviderFault),
            (402, NotEnoughFunds, NotEnoughFunds),
            (403, AccessDenied, Blocked),
            (404, NotFound, NotFound),
            (405, NotFound, NotFound),
            (409, Conflict, Conflict),
            (418, Refused, Refused),
            (429, RateLimited, RateLimited),
            (500, ProviderFault, ProviderFault),
            (503, ProviderFault, ProviderFault),
        ] {
            for code in [None, Some(""), Some("SomethingNew")] {
                assert_eq!(kind(status, code, true), enveloped, "{status} {code:?}");
            }
            assert_eq!(kind(status, None, false), bare, "{status} bare");
        }
    }
}
