//! The failures of the crate's routes. Each kind has a stable code, a status and a text for the visitor.
//!
//! A failure is 500 only if the operator has to act: the set-up is wrong, or the app itself broke. Failures
//! that a visitor, a browser, Komerza or a store causes have another status. No text repeats anything that
//! the visitor or Komerza sent.

use crate::store::{StoreError, StoreErrorKind};
use crate::{attempt::AttemptId, kinds::kinds, random::RandomnessError};
use http::StatusCode;
use std::{error::Error, fmt, sync::Arc, time::Duration};

kinds! {
    /// The kind of a failure on one of the crate's routes. Kinds may be added.
    ///
    /// Two kinds are not always answered with their status. [`Denied`](Self::Denied) is always a 303 to the
    /// page where the login started, with `komerza=denied` in the query. [`NotSignedIn`](Self::NotSignedIn)
    /// is a 303 for browsers if [`sign_in_page`](crate::ConfigBuilder::sign_in_page) is set. The hook
    /// [`failed`](crate::Hooks::failed) may answer with any status.
    ///
    /// [`guide::operating`](crate::guide::operating) says what the operator does about each.
    FailureKind
    /// The callback's query is malformed: a repeated value, a broken escape, or both code and error.
    MalformedRequest = "malformed_request", BAD_REQUEST, "This link is not complete.", "Start again from the app.";
    /// The callback's query is too long.
    QueryTooLong = "query_too_long", URI_TOO_LONG, "This link is too long.", "Start again from the app.";
    /// The state is missing or unknown, or the browser did not send its cookie.
    ///
    /// Usually this browser did not start the login, it blocks cookies, or the login took longer than
    /// [`attempt_lifetime`](crate::config::Limits::attempt_lifetime), after which browsers drop the cookie.
    UnknownState = "unknown_state", BAD_REQUEST, "This browser did not start this connection.",
        "It is also possible that it took too long. Start again from the app, in this browser. If this happens again, allow cookies for this site.";
    /// The login attempt has expired, although the browser still sent its cookie.
    ///
    /// Browsers normally drop the cookie by then, and the visitor gets [`UnknownState`](Self::UnknownState).
    ExpiredState = "expired_state", BAD_REQUEST, "This took too long.", "Start again from the app.";
    /// The login attempt was already finished with another code.
    StateUsed = "state_used", BAD_REQUEST, "This link was already used.",
        "Another approval was used. To change what you approved, start again from the app.";
    /// Nobody is signed in to the app.
    ///
    /// If [`sign_in_page`](crate::ConfigBuilder::sign_in_page) is set, browsers are redirected there (303).
    NotSignedIn = "not_signed_in", UNAUTHORIZED, "You are not signed in.", "Sign in to the app, then connect your store.";
    /// Another user than the one who started the login is signed in.
    OtherUser = "other_user", FORBIDDEN, "Another user started this connection.",
        "It is also possible that you disconnected in the meantime. Sign in as the user who started it, or start again.";
    /// The request came from another site or for a frame. A script of this site that calls `fetch` on the
    /// login gets [`NotNavigated`](Self::NotNavigated).
    CrossSite = "cross_site", FORBIDDEN, "This request did not come from this site.", "Open the app and try again there.";
    /// A script fetched the login route. Only a navigation of the browser can go to Komerza.
    NotNavigated = "not_navigated", FORBIDDEN, "This address must be opened as a page.",
        "Link to it, or set location.href to it. A script cannot fetch it.";
    /// The user refused at Komerza, or came back without a code.
    ///
    /// The answer is a 303 to the page where the login started, with `komerza=denied` in the query. The
    /// status below is for hooks. The text is for hooks, and for the page that the user sees if a handler
    /// needs a key right after the refusal.
    Denied = "denied", FORBIDDEN, "The connection was not approved.", "Nothing was stored. You can connect at any time.";
    /// Komerza redirected the visitor with neither a code nor a state. The visitor probably refused.
    NotApproved = "not_approved", BAD_REQUEST, "The connection was not approved.",
        "If you refused at Komerza, nothing was stored. If you approved, start again from the app.";
    /// The authorization code is wrong or was used before.
    InvalidCode = "invalid_code", BAD_REQUEST, "Komerza did not accept this approval.", "Start again from the app.";
    /// The authorization code is older than a minute.
    ExpiredCode = "code_expired", BAD_REQUEST, "The approval was too old.", "Approvals last one minute. Start again from the app.";
    /// Komerza refused the exchange without saying whether the code or the client secret was wrong.
    ExchangeRefused = "exchange_refused", BAD_REQUEST, "Komerza did not accept this approval.",
        "Start again from the app. If it happens again, tell the people who run it.";
    /// Komerza does not accept the client secret.
    InvalidClientSecret = "invalid_client_secret", INTERNAL_SERVER_ERROR, "This app is not set up correctly.",
        "Tell the people who run it: Komerza does not accept their client secret.";
    /// Komerza does not know the client ID.
    AppNotFound = "app_not_found", INTERNAL_SERVER_ERROR, "This app is not set up correctly.",
        "Tell the people who run it: Komerza does not know their application.";
    /// The user, browser or address started too many exchanges within a minute.
    TooManyAttempts = "too_many_attempts", TOO_MANY_REQUESTS, "You tried too often.", "Wait a minute, then start again.";
    /// Komerza's rate limit is reached, or too many exchanges are waiting in this app.
    Busy = "busy", SERVICE_UNAVAILABLE, "Too many people are connecting right now.",
        "Nothing is lost. Reload this page in a moment; if that does not help, start again from the app.";
    /// The connection to Komerza could not be opened. The code was not used.
    ProviderUnreachable = "provider_unreachable", BAD_GATEWAY, "Komerza could not be reached.",
        "Nothing is lost. Reload this page in a moment; if that does not help, start again from the app.";
    /// Komerza's answer could not be understood.
    ProviderFault = "provider_fault", BAD_GATEWAY, "Komerza sent an unexpected answer.",
        "Nothing was stored. Start again from the app; if an extra entry shows up among your connected apps at Komerza, remove it.";
    /// Something between this server and Komerza refused the exchange.
    ///
    /// It answered with a 403 or 451 that is not Komerza's own. Komerza's network refuses servers in some
    /// countries and requests without a User-Agent. Your own proxy or firewall may refuse too. Try `curl -A
    /// MyApp/1.0 https://api.komerza.com/user` on this server. If Komerza refuses the server's country, run
    /// the app in another country, or send its calls through a proxy there.
    ExchangeBlocked = "exchange_blocked", BAD_GATEWAY, "Komerza could not be reached from this app.",
        "Tell the people who run it: something on the way to Komerza refuses their server.";
    /// Komerza's answer was cut off. The code may have been used.
    UnknownOutcome = "unknown_outcome", BAD_GATEWAY, "Komerza's answer was lost.",
        "Nothing was stored. Start again from the app; if an extra entry shows up among your connected apps at Komerza, remove it.";
    /// Komerza did not answer in time. The code may have been used.
    ProviderTimeout = "provider_timeout", GATEWAY_TIMEOUT, "Komerza did not answer in time.",
        "Nothing was stored. Start again from the app; if an extra entry shows up among your connected apps at Komerza, remove it.";
    /// The user look-up failed.
    UserLookupFailed = "user_lookup_failed", SERVICE_UNAVAILABLE, "The app cannot check who you are right now.",
        "Nothing is lost. Reload this page in a moment.";
    /// The token store is not available. No code was used.
    StoreUnavailable = "store_unavailable", SERVICE_UNAVAILABLE, "The app cannot reach its storage right now.",
        "Nothing is lost. Reload this page in a moment.";
    /// The key was issued and could not be saved yet.
    ///
    /// The crate keeps trying for [`late_save_deadline`](crate::config::Limits::late_save_deadline). Once the
    /// key is saved, a reload of the page succeeds.
    SaveFailed = "save_failed", SERVICE_UNAVAILABLE, "Your approval arrived but could not be saved.",
        "Reload this page in a moment. If that does not help, start again from the app. At Komerza an extra entry may show up among your connected apps: remove it.";
    /// A hook of the app refused the connection.
    ///
    /// After a veto of [`before_leaving`](crate::Hooks::before_leaving) no login has started. After a veto of
    /// [`before_storing`](crate::Hooks::before_storing) the key is not stored and stays valid at Komerza. If
    /// the hook gave a reason, it replaces the second sentence below.
    Vetoed = "vetoed", FORBIDDEN, "The app did not accept this connection.", "Nothing was stored.";
    /// The route does not accept this method.
    MethodNotAllowed = "method_not_allowed", METHOD_NOT_ALLOWED, "This address does not accept this kind of request.", "Start again from the app.";
    /// The browser prefetched the page.
    Speculative = "speculative", SERVICE_UNAVAILABLE, "This page cannot be loaded in advance.", "Open it again.";
    /// The process is being shut down.
    ShuttingDown = "shutting_down", SERVICE_UNAVAILABLE, "The app is restarting.", "Nothing is lost. Reload this page in a moment.";
    /// The operating system gave no random bytes, a part of the app panicked, or
    /// [`before_leaving`](crate::Hooks::before_leaving) or [`before_storing`](crate::Hooks::before_storing)
    /// timed out.
    Internal = "internal", INTERNAL_SERVER_ERROR, "Something went wrong in the app.", "Tell the people who run it.";
}

impl FailureKind {
    /// Whether the app's operator has to act. Such a failure is logged as an error.
    #[must_use]
    pub fn needs_operator(self) -> bool {
        matches!(
            self,
            Self::InvalidClientSecret | Self::AppNotFound | Self::ExchangeBlocked | Self::SaveFailed | Self::Internal
        )
    }
}

/// A failed request to one of the crate's routes.
///
/// # Security
/// It contains no secret: nothing that the visitor sent and nothing that Komerza answered.
#[derive(Debug, Clone)]
pub struct Failure {
    pub(crate) kind: FailureKind,
    pub(crate) attempt: Option<AttemptId>,
    pub(crate) retry_after: Option<Duration>,
    pub(crate) reason: Option<Box<str>>,
    pub(crate) source: Option<Arc<dyn Error + Send + Sync>>,
    pub(crate) visitor: Visitor,
}

/// What a route adds to a failure.
#[derive(Debug, Clone, Default)]
pub(crate) struct Visitor {
    /// Where to start again.
    pub(crate) login_url: Option<Box<str>>,
    /// Whether a browser is loading a page.
    pub(crate) for_page: bool,
    /// The page that the visitor wanted to return to, taken from a login attempt of this browser. It is
    /// checked when it is used.
    pub(crate) return_to: Option<Box<str>>,
    /// Whether the attempt's cookie is of no more use. From an exchange: whether the code may be used up.
    pub(crate) used_up: bool,
    /// Whether the visitor is connected all the same.
    pub(crate) connected: bool,
}

impl Failure {
    pub(crate) fn new(kind: FailureKind) -> Self {
        let retry_after = match kind.status() {
            StatusCode::TOO_MANY_REQUESTS => Some(Duration::from_secs(60)),
            StatusCode::SERVICE_UNAVAILABLE => Some(Duration::from_secs(5)),
            _ => None,
        };
        Self { kind, attempt: None, retry_after, reason: None, source: None, visitor: Visitor::default() }
    }

    pub(crate) fn caused_by(kind: FailureKind, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self { source: Some(source.into().into()), ..Self::new(kind) }
    }

    /// Whether the attempt is of no more use, because its code may be used up.
    pub(crate) fn used_up(mut self, used_up: bool) -> Self {
        self.visitor.used_up = used_up;
        self
    }

    pub(crate) fn retry_after_at_least(self, wait: Duration) -> Self {
        let wait = self.retry_after.unwrap_or_default().max(wait);
        Self { retry_after: Some(wait), ..self }
    }

    /// What went wrong.
    #[must_use]
    pub fn kind(&self) -> FailureKind {
        self.kind
    }

    /// The login attempt, if the request belonged to one.
    #[must_use]
    pub fn attempt(&self) -> Option<AttemptId> {
        self.attempt
    }

    /// How long the visitor should wait before trying again. Only failures with the status 429 or 503 have
    /// it.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        self.retry_after
    }

    /// The path on this site at which the visitor can start again. Its parameter `return_to` is the page to
    /// return to. Escape the path when you write HTML. In [`Hooks::failed`](crate::Hooks::failed) it is never
    /// `None`.
    #[must_use]
    pub fn login_url(&self) -> Option<&str> {
        self.visitor.login_url.as_deref()
    }

    /// Whether a browser is loading a page. If `false`, a program or a script sent the request and expects
    /// JSON.
    #[must_use]
    pub fn is_for_page(&self) -> bool {
        self.visitor.for_page
    }

    /// The reason that a hook gave for the visitor.
    #[must_use]
    pub fn reason(&self) -> Option<&str> {
        self.reason.as_deref()
    }
}

impl From<RandomnessError> for Failure {
    fn from(error: RandomnessError) -> Self {
        Self::caused_by(FailureKind::Internal, error)
    }
}

/// The failure for an error of the token store.
impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        let kind = match error.kind() {
            StoreErrorKind::Panicked => FailureKind::Internal,
            _ => FailureKind::StoreUnavailable,
        };
        Self::caused_by(kind, error)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.kind.title())
    }
}

impl Error for Failure {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn every_kind_has_a_code_of_its_own_and_500_is_the_operators_alone() {
        let kinds = FailureKind::all();
        assert_eq!(kinds.iter().map(|kind| kind.code()).collect::<HashSet<_>>().len(), kinds.len());
        for kind in kinds {
            assert!(!kind.advice().is_empty() && kind.title().ends_with('.'), "{kind:?}");
            assert!(kind.status().is_client_error() || kind.status().is_server_error(), "{kind:?}");
            assert!(kind.status() != StatusCode::INTERNAL_SERVER_ERROR || kind.needs_operator(), "{kind:?}");
            let waits = matches!(kind.status().as_u16(), 429 | 503);
            assert_eq!(Failure::new(*kind).retry_after().is_some(), waits, "{kind:?}");
        }
    }
}
