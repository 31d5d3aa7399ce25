//! Why a call of the API gave no value.

use axum_core::{body::Body, response::IntoResponse};
use http::{Response, StatusCode};
use std::fmt;

type Source = Box<dyn std::error::Error + Send + Sync>;

/// A call of the API failed.
#[derive(Debug)]
pub struct Error {
    inner: Box<Inner>,
}

#[derive(Debug)]
struct Inner {
    kind: ErrorKind,
    status: Option<StatusCode>,
    code: Option<String>,
    message: Option<String>,
    source: Option<Source>,
}

/// What sort of failure an [`Error`] is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The call itself is wrong: a path that leaves the API, a body that cannot be serialised. Nothing was sent.
    BadRequest,
    /// The key is dead; the user has to connect again.
    KeyRevoked,
    /// The key lacks a scope, the store was not approved, or the account may not do this.
    AccessDenied,
    /// The endpoint wants a signed-in person and no key.
    LoginRequired,
    /// No such thing.
    NotFound,
    /// The provider found the input wrong.
    Validation,
    /// The thing is there already.
    Conflict,
    /// Too many calls.
    RateLimited,
    /// Komerza could not be reached.
    Unreachable,
    /// No reply in time.
    TimedOut,
    /// A reply that is not what the provider documents, or a failure on its side.
    ProviderFault,
    /// Refused for another reason; see [`Error::code`].
    Refused,
}

impl Error {
    fn new(kind: ErrorKind) -> Self {
        Self { inner: Box::new(Inner { kind, status: None, code: None, message: None, source: None }) }
    }

    fn sourced(kind: ErrorKind, status: Option<StatusCode>, source: impl Into<Source>) -> Self {
        let mut error = Self::new(kind);
        error.inner.status = status;
        error.inner.source = Some(source.into());
        error
    }

    pub(super) fn bad_path() -> Self {
        Self::sourced(ErrorKind::BadRequest, None, "the path must start with one slash and stay below the API")
    }

    pub(super) fn unserialisable(error: serde_json::Error) -> Self {
        Self::sourced(ErrorKind::BadRequest, None, error)
    }

    pub(super) fn transport(error: reqwest::Error) -> Self {
        let kind = if error.is_timeout() { ErrorKind::TimedOut } else { ErrorKind::Unreachable };
        Self::sourced(kind, None, error)
    }

    pub(super) fn timed_out() -> Self {
        Self::new(ErrorKind::TimedOut)
    }

    pub(super) fn too_long(status: StatusCode) -> Self {
        Self::sourced(ErrorKind::ProviderFault, Some(status), "the reply is too long")
    }

    pub(super) fn unreadable(status: StatusCode, error: serde_json::Error) -> Self {
        Self::sourced(ErrorKind::ProviderFault, Some(status), error)
    }

    /// What the provider said: by its code first, by the status second.
    pub(super) fn refused(status: StatusCode, code: Option<&str>, message: Option<&str>) -> Self {
        let kind = match (code.unwrap_or_default(), status.as_u16()) {
            ("BadToken", 401) => ErrorKind::KeyRevoked,
            ("OAuthLoginRequired", _) => ErrorKind::LoginRequired,
            ("AccessDenied", _) => ErrorKind::AccessDenied,
            ("NotFound", _) => ErrorKind::NotFound,
            ("ValidationError", _) => ErrorKind::Validation,
            ("ObjectConflict", _) => ErrorKind::Conflict,
            ("RateLimited", _) => ErrorKind::RateLimited,
            ("", 401) => ErrorKind::KeyRevoked,
            ("", 403) => ErrorKind::AccessDenied,
            ("", 404 | 405) => ErrorKind::NotFound,
            ("", 400) => ErrorKind::Validation,
            ("", 409) => ErrorKind::Conflict,
            (_, 429) => ErrorKind::RateLimited,
            (_, 500..) => ErrorKind::ProviderFault,
            ("", 200..400) => ErrorKind::ProviderFault,
            _ => ErrorKind::Refused,
        };
        let mut error = Self::new(kind);
        error.inner.status = Some(status);
        error.inner.code = code.map(str::to_owned);
        error.inner.message = message.map(str::to_owned);
        error
    }

    /// What sort of failure it is.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.inner.kind
    }

    /// The status of the reply, if there was one.
    #[must_use]
    pub fn status(&self) -> Option<StatusCode> {
        self.inner.status
    }

    /// The provider's own code, such as `AccessDenied`.
    #[must_use]
    pub fn code(&self) -> Option<&str> {
        self.inner.code.as_deref()
    }

    /// The provider's own words.
    #[must_use]
    pub fn message(&self) -> Option<&str> {
        self.inner.message.as_deref()
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.inner.kind {
            ErrorKind::BadRequest => "the call to Komerza is not well-formed",
            ErrorKind::KeyRevoked => "the connection to Komerza was revoked; connect again",
            ErrorKind::AccessDenied => "Komerza does not allow this",
            ErrorKind::LoginRequired => "Komerza allows this to a signed-in person alone",
            ErrorKind::NotFound => "Komerza knows no such thing",
            ErrorKind::Validation => "Komerza found the input wrong",
            ErrorKind::Conflict => "Komerza has this already",
            ErrorKind::RateLimited => "too many calls to Komerza",
            ErrorKind::Unreachable => "Komerza could not be reached",
            ErrorKind::TimedOut => "Komerza did not answer in time",
            ErrorKind::ProviderFault => "Komerza gave no usable answer",
            ErrorKind::Refused => "Komerza refused",
        })?;
        match (self.inner.status, self.code()) {
            (Some(status), Some(code)) => write!(f, " ({}, {code})", status.as_u16()),
            (Some(status), None) => write!(f, " ({})", status.as_u16()),
            (None, _) => Ok(()),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.inner.source.as_deref().map(|source| source as _)
    }
}

impl IntoResponse for Error {
    fn into_response(self) -> Response<Body> {
        let status = match self.inner.kind {
            ErrorKind::KeyRevoked => StatusCode::UNAUTHORIZED,
            ErrorKind::AccessDenied | ErrorKind::LoginRequired => StatusCode::FORBIDDEN,
            ErrorKind::NotFound => StatusCode::NOT_FOUND,
            ErrorKind::Validation => StatusCode::BAD_REQUEST,
            ErrorKind::Conflict => StatusCode::CONFLICT,
            ErrorKind::RateLimited => StatusCode::SERVICE_UNAVAILABLE,
            ErrorKind::TimedOut => StatusCode::GATEWAY_TIMEOUT,
            ErrorKind::BadRequest => StatusCode::INTERNAL_SERVER_ERROR,
            _ => StatusCode::BAD_GATEWAY,
        };
        let mut response = Response::new(Body::from(self.to_string()));
        *response.status_mut() = status;
        response
    }
}
