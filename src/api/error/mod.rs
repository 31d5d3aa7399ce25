//! The error of an API call.

mod kind;

pub use kind::ErrorKind;
pub(crate) use kind::is_error_code;

use super::{key::Reconnect, says_key_is_dead};
use crate::wire::Envelope;
use bytes::Bytes;
use http::{Response, StatusCode};
use std::{fmt, sync::Arc, time::Duration};

type Source = Box<dyn std::error::Error + Send + Sync>;

/// An API call failed.
///
/// Check its [`kind`](Self::kind), or call a method such as [`is_revoked`](Self::is_revoked). A handler can
/// return it as an answer. A browser that loads a page gets a web page. Other clients get a problem document
/// (RFC 9457) with `code`, `login_url` and `needed_scope`. If the key is revoked, browsers are redirected to
/// the login. The answer's extensions contain the error, so a layer of your app can replace the page with
/// your own. The crate then adds `Retry-After` to your page, if your layer is inside the crate's layer.
/// [`Hooks`](crate::Hooks#your-own-pages) lists the other places for pages of your own.
///
/// ```
/// use axum::response::{Html, IntoResponse, Response};
/// use komerza_connect::Error;
///
/// // As `axum::middleware::map_response(own_page)`, inside the layer of this crate.
/// async fn own_page(response: Response) -> Response {
///     let is_page = response.headers().get("content-type").is_some_and(|of| of.as_bytes().starts_with(b"text/html"));
///     match response.extensions().get::<Error>() {
///         // Scripts and programs keep their JSON.
///         Some(error) if is_page && error.is_rate_limited() => (response.status(), Html("One moment, please.")).into_response(),
///         _ => response,
///     }
/// }
/// ```
///
/// # Security
/// The text of the error contains no key, no ids and nothing that was sent.
/// [`message`](Self::message) and [`body`](Self::body) are Komerza's words and may contain
/// anything, so do not log them unchecked.
#[derive(Clone)]
pub struct Error {
    kind: ErrorKind,
    details: Arc<Details>,
}

#[derive(Default)]
struct Details {
    status: Option<StatusCode>,
    code: Option<String>,
    message: Option<String>,
    body: Option<Bytes>,
    attempts: u32,
    /// Whether an attempt before the last one may have taken effect.
    in_doubt: bool,
    retry_after: Option<Duration>,
    needed_scope: Option<&'static str>,
    reconnect: Option<Reconnect>,
    source: Option<Source>,
}

impl Error {
    /// Returns the error that `fetch` would return for this reply of
    /// [`RequestBuilder::send`](super::RequestBuilder::send). `None`: the reply is a success.
    ///
    /// ```
    /// use komerza_connect::{Error, ErrorKind};
    ///
    /// let reply = http::Response::builder().status(404).body(r#"{"success":false,"code":"NotFound"}"#.into())?;
    /// assert_eq!(Error::of_reply(&reply).map(|error| error.kind()), Some(ErrorKind::NotFound));
    /// let reply = http::Response::new(r#"{"success":true,"data":[]}"#.into());
    /// assert!(Error::of_reply(&reply).is_none());
    /// # Ok::<(), http::Error>(())
    /// ```
    #[must_use]
    pub fn of_reply(reply: &Response<Bytes>) -> Option<Self> {
        let refused = Envelope::open(reply.body()).is_ok_and(|envelope| !envelope.success);
        let failed = refused || !reply.status().is_success();
        failed.then(|| Self::refused(reply, says_key_is_dead(reply)).after(1, None))
    }

    pub(super) fn new(kind: ErrorKind) -> Self {
        Self { kind, details: Arc::default() }
    }

    fn with(mut self, change: impl FnOnce(&mut Details)) -> Self {
        // While it is being made nobody else holds it.
        if let Some(details) = Arc::get_mut(&mut self.details) {
            change(details);
        }
        self
    }

    pub(super) fn caused_by(kind: ErrorKind, source: impl Into<Source>) -> Self {
        Self::new(kind).with(|details| details.source = Some(source.into()))
    }

    pub(super) fn bad_path() -> Self {
        Self::caused_by(ErrorKind::BadRequest, "the path must start with one slash and stay below the API")
    }

    pub(super) fn bad_id() -> Self {
        Self::caused_by(ErrorKind::BadRequest, "an id is empty, a dot segment, or not fit for a path")
    }

    /// A reply that is too long to be read.
    pub(super) fn too_long(status: StatusCode) -> Self {
        Self::caused_by(ErrorKind::ProviderFault, "the reply is too long").with(|details| details.status = Some(status))
    }

    /// A success, or an item of a list, that this version cannot read.
    pub(super) fn unexpected(status: StatusCode, body: Bytes, why: String) -> Self {
        Self::caused_by(ErrorKind::UnexpectedReply, why)
            .with(|details| (details.status, details.body) = (Some(status), Some(body)))
    }

    /// The error for a refusal by Komerza.
    pub(super) fn refused(reply: &Response<Bytes>, dead_key: bool) -> Self {
        let envelope = Envelope::open(reply.body()).ok();
        let enveloped = envelope.is_some();
        let (code, message) = envelope.map(|envelope| (envelope.code, envelope.message)).unwrap_or_default();
        let kind =
            if dead_key { ErrorKind::KeyRevoked } else { kind::of_refusal(reply.status(), code.as_deref(), enveloped) };
        Self::new(kind).with(|details| {
            details.status = Some(reply.status());
            (details.code, details.message) = (code, message);
            details.body = Some(reply.body().clone());
        })
    }

    pub(super) fn after(self, attempts: u32, retry_after: Option<Duration>) -> Self {
        self.with(|details| {
            details.attempts = attempts;
            details.retry_after = details.retry_after.or(retry_after);
        })
    }

    pub(super) fn in_doubt(self, in_doubt: bool) -> Self {
        if in_doubt { self.with(|details| details.in_doubt = true) } else { self }
    }

    /// What may help: the scope of a denied call, and where to connect again with a new key.
    pub(super) fn advising(self, scope: Option<&'static str>, at: impl FnOnce() -> Option<Reconnect>) -> Self {
        match self.kind {
            ErrorKind::AccessDenied => self.with(|details| details.needed_scope = scope),
            ErrorKind::KeyRevoked => self.with(|details| details.reconnect = at()),
            _ => self,
        }
    }

    /// The kind of the failure.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// The status of the last reply, if there was one.
    #[must_use]
    pub fn status(&self) -> Option<StatusCode> {
        self.details.status
    }

    /// Komerza's own code, such as `AccessDenied`. New codes may appear.
    #[must_use]
    pub fn code(&self) -> Option<&str> {
        self.details.code.as_deref()
    }

    /// Komerza's own message.
    #[must_use]
    pub fn message(&self) -> Option<&str> {
        self.details.message.as_deref()
    }

    /// The complete last reply. It may name the fields of a wrong input.
    ///
    /// # Source
    /// Komerza's schema mentions `invalidFields`, but not where and in which form.
    #[must_use]
    pub fn body(&self) -> Option<&Bytes> {
        self.details.body.as_ref()
    }

    /// How often the call was sent. Zero: nothing was sent.
    #[must_use]
    pub fn attempts(&self) -> u32 {
        self.details.attempts
    }

    /// How long to wait before trying again, if known.
    ///
    /// If the app's own rate limit refused the call, it is the time that the call would have
    /// waited.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        self.details.retry_after
    }

    /// The scope that the endpoint needs, if access was denied; see [`scopes`](crate::api::scopes).
    ///
    /// Komerza gives the same answer for a missing scope, a store that was not approved, and a user without
    /// the right. So a missing scope is likely but not certain. The crate knows the scope of typed calls
    /// only, not of calls by path.
    #[must_use]
    pub fn needed_scope(&self) -> Option<&'static str> {
        self.details.needed_scope
    }

    /// The path of this app where the user connects again, if the key is revoked.
    #[must_use]
    pub fn login_url(&self) -> Option<&str> {
        self.reconnect().map(|reconnect| reconnect.url.as_str())
    }

    pub(crate) fn reconnect(&self) -> Option<&Reconnect> {
        self.details.reconnect.as_ref()
    }

    /// Whether the key is revoked. The user then has to connect again.
    #[must_use]
    pub fn is_revoked(&self) -> bool {
        self.kind() == ErrorKind::KeyRevoked
    }

    /// Whether there were too many calls.
    #[must_use]
    pub fn is_rate_limited(&self) -> bool {
        self.kind() == ErrorKind::RateLimited
    }

    /// Whether the same call may succeed later without any change.
    #[must_use]
    pub fn is_temporary(&self) -> bool {
        match self.kind() {
            ErrorKind::RateLimited | ErrorKind::Unreachable | ErrorKind::Interrupted | ErrorKind::TimedOut => true,
            ErrorKind::ProviderFault => self.status().is_none_or(|status| status.is_server_error()),
            _ => false,
        }
    }

    /// Whether the call may have taken effect although it failed. Check this before you repeat a
    /// change.
    #[must_use]
    pub fn may_have_happened(&self) -> bool {
        match self.kind() {
            ErrorKind::Interrupted | ErrorKind::TimedOut | ErrorKind::ProviderFault => self.attempts() > 0,
            ErrorKind::UnexpectedReply => true,
            _ => self.details.in_doubt,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.kind().title())?;
        match (self.status(), self.code().filter(|code| is_plain(code))) {
            (Some(status), Some(code)) => write!(f, " ({}, {code})", status.as_u16())?,
            (Some(status), None) => write!(f, " ({})", status.as_u16())?,
            (None, _) => {}
        }
        if let Some(scope) = self.needed_scope() {
            write!(f, "; this needs the scope {scope}")?;
        }
        match (self.kind(), self.retry_after()) {
            (ErrorKind::RateLimited, Some(wait)) => write!(f, "; try again in {:.1} s", wait.as_secs_f64()),
            _ => Ok(()),
        }
    }
}

/// Whether a code is one plain word, which may be logged. Any other code is only in [`Error::code`].
fn is_plain(code: &str) -> bool {
    code.len() <= 64 && code.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", crate::telemetry::log::chain(self))
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.details.source.as_deref().map(|source| source as _)
    }
}
