//! What sort of failure an error is, and how the provider's codes and statuses become one.

use http::StatusCode;

/// What sort of failure an [`Error`](super::Error) is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The call itself is wrong: a path that leaves the API, an id that is none, a body that cannot be serialised or is too long.
    /// Nothing was sent.
    BadRequest,
    /// The key is dead; its record is removed, and the user has to connect again.
    KeyRevoked,
    /// The key lacks a scope, the store was not approved, or the user may not do this.
    /// [`needed_scope`](super::Error::needed_scope) tells which scope it would be.
    AccessDenied,
    /// The endpoint wants a signed-in person and no key.
    LoginRequired,
    /// The endpoint wants a second factor, which no key has.
    TwoFactorRequired,
    /// The account has to be verified first.
    VerificationRequired,
    /// The account's plan does not include this.
    UpgradeRequired,
    /// Too little money.
    NotEnoughFunds,
    /// No such thing.
    NotFound,
    /// Komerza found the input wrong. [`body`](super::Error::body) has its whole answer, which may name the fields.
    Validation,
    /// The thing is there already.
    Conflict,
    /// A product or a feature that is not available, or a request that is not supported.
    Unavailable,
    /// Komerza could not take an upload.
    UploadFailed,
    /// Too many calls; [`retry_after`](super::Error::retry_after) tells when there is room again.
    ///
    /// Mostly the app's own pacing says so, before anything is sent; see [`ClientLimits`](crate::ClientLimits).
    RateLimited,
    /// No connection to Komerza could be opened. Nothing was sent.
    Unreachable,
    /// The connection broke before the whole reply was there. A change may have been made or not.
    Interrupted,
    /// No reply in time. A change may have been made or not.
    TimedOut,
    /// A 403 that is not Komerza's own answer but of something in between, such as a block by region. The key may be as good as ever.
    Blocked,
    /// A reply that is not what Komerza documents, or a failure on its side.
    ProviderFault,
    /// Refused for another reason; see [`code`](super::Error::code) and [`status`](super::Error::status).
    Refused,
}

impl ErrorKind {
    /// A stable word for logs, metrics and programs, such as `key_revoked`.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::BadRequest => "bad_request",
            Self::KeyRevoked => "key_revoked",
            Self::AccessDenied => "access_denied",
            Self::LoginRequired => "login_required",
            Self::TwoFactorRequired => "two_factor_required",
            Self::VerificationRequired => "verification_required",
            Self::UpgradeRequired => "upgrade_required",
            Self::NotEnoughFunds => "not_enough_funds",
            Self::NotFound => "not_found",
            Self::Validation => "validation",
            Self::Conflict => "conflict",
            Self::Unavailable => "unavailable",
            Self::UploadFailed => "upload_failed",
            Self::RateLimited => "rate_limited",
            Self::Unreachable => "unreachable",
            Self::Interrupted => "interrupted",
            Self::TimedOut => "timed_out",
            Self::Blocked => "blocked",
            Self::ProviderFault => "provider_fault",
            Self::Refused => "refused",
        }
    }

    pub(super) fn sentence(self) -> &'static str {
        match self {
            Self::BadRequest => "the call to Komerza is not well-formed",
            Self::KeyRevoked => "the connection to Komerza was revoked; connect again",
            Self::AccessDenied => "Komerza does not allow this to the app or its user",
            Self::LoginRequired => "Komerza allows this to a signed-in person alone",
            Self::TwoFactorRequired => "Komerza wants a second factor for this",
            Self::VerificationRequired => "Komerza wants the account to be verified first",
            Self::UpgradeRequired => "the Komerza plan does not include this",
            Self::NotEnoughFunds => "too little money on the Komerza account",
            Self::NotFound => "Komerza knows no such thing",
            Self::Validation => "Komerza found the input wrong",
            Self::Conflict => "Komerza has this already",
            Self::Unavailable => "this is not available at Komerza",
            Self::UploadFailed => "Komerza could not take the upload",
            Self::RateLimited => "too many calls to Komerza",
            Self::Unreachable => "Komerza could not be reached",
            Self::Interrupted => "the connection to Komerza broke off",
            Self::TimedOut => "Komerza did not answer in time",
            Self::Blocked => "something on the way to Komerza refuses this",
            Self::ProviderFault => "Komerza gave no usable answer",
            Self::Refused => "Komerza refused",
        }
    }

    /// The status of an app's own answer after this failure.
    pub(super) fn answer(self) -> StatusCode {
        match self {
            Self::BadRequest => StatusCode::INTERNAL_SERVER_ERROR,
            Self::KeyRevoked => StatusCode::UNAUTHORIZED,
            Self::AccessDenied
            | Self::LoginRequired
            | Self::TwoFactorRequired
            | Self::VerificationRequired
            | Self::UpgradeRequired => StatusCode::FORBIDDEN,
            Self::NotEnoughFunds => StatusCode::PAYMENT_REQUIRED,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::Validation => StatusCode::BAD_REQUEST,
            Self::Conflict => StatusCode::CONFLICT,
            Self::Unavailable | Self::UploadFailed | Self::Refused => StatusCode::UNPROCESSABLE_ENTITY,
            Self::RateLimited => StatusCode::SERVICE_UNAVAILABLE,
            Self::TimedOut => StatusCode::GATEWAY_TIMEOUT,
            Self::Unreachable | Self::Interrupted | Self::Blocked | Self::ProviderFault => StatusCode::BAD_GATEWAY,
        }
    }
}

/// What a refusal means: by the provider's code first, by the status second.
///
/// `enveloped` tells the provider's own answers from those of something in between. Whether the key is dead is not decided here.
pub(super) fn of_refusal(status: StatusCode, code: Option<&str>, enveloped: bool) -> ErrorKind {
    code.and_then(of_code).unwrap_or_else(|| of_status(status, enveloped))
}

/// The documented codes, in either of the provider's two casing families. The set is open.
fn of_code(code: &str) -> Option<ErrorKind> {
    let plain: String =
        code.chars().filter(|letter| *letter != '_').map(|letter| letter.to_ascii_lowercase()).collect();
    Some(match plain.as_str() {
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
        // Not a dead key by itself: that takes the whole reply.
        "badtoken" | "badcaptcha" => ErrorKind::Refused,
        _ => return None,
    })
}

fn of_status(status: StatusCode, enveloped: bool) -> ErrorKind {
    match status.as_u16() {
        400 => ErrorKind::Validation,
        // Of something in between: it knows nothing of keys.
        401 | 407 if !enveloped => ErrorKind::ProviderFault,
        402 => ErrorKind::NotEnoughFunds,
        403 if enveloped => ErrorKind::AccessDenied,
        403 | 451 => ErrorKind::Blocked,
        404 | 405 | 410 => ErrorKind::NotFound,
        409 => ErrorKind::Conflict,
        413 | 415 | 422 => ErrorKind::Validation,
        429 => ErrorKind::RateLimited,
        500.. => ErrorKind::ProviderFault,
        0..400 => ErrorKind::ProviderFault,
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
