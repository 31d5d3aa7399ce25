//! Every way in which a visit to the crate's routes can fail: one kind each, with a stable public code, a status, and the sentence
//! that the visitor reads.
//!
//! 500 is for the operator's own wrong settings alone; what a visitor, a browser, the provider or a store causes has another
//! status. No text here repeats anything that was sent.

use crate::{
    attempt::AttemptId,
    kinds::kinds,
    store::{StoreError, StoreErrorKind},
};
use http::StatusCode;
use std::{error::Error, fmt, sync::Arc, time::Duration};

kinds! {
    /// What went wrong on one of the crate's routes. The set may grow.
    ///
    /// Two kinds have other answers than their status: [`Denied`](Self::Denied) is always a 303 to where the login began, with
    /// `komerza=denied` in the query; [`NotSignedIn`](Self::NotSignedIn) is a 303 for a page navigation where
    /// [`sign_in_page`](crate::ConfigBuilder::sign_in_page) is set. A hook ([`failed`](crate::Hooks::failed)) may answer with any
    /// status. What whoever runs the app does about each: [`guide::operating`](crate::guide::operating).
    FailureKind
    /// The query of the callback is not one that Komerza would send: a value twice, a broken escape, or code and error both.
    MalformedRequest = "malformed_request", BAD_REQUEST, "This link is not complete.", "Start again from the app.";
    /// The query of the callback is longer than allowed.
    QueryTooLong = "query_too_long", URI_TOO_LONG, "This link is too long.", "Start again from the app.";
    /// The state is missing, not ours, or its cookie did not come along: no login of this browser, or one that took longer than
    /// [`attempt_lifetime`](crate::config::Limits::attempt_lifetime), after which browsers drop the cookie.
    UnknownState = "unknown_state", BAD_REQUEST, "This browser did not start this connection.",
        "Or it took more than ten minutes. Start again from the app, in this browser. If it happens again, allow cookies for this site.";
    /// The login attempt is older than its lifetime and its cookie came along all the same. Browsers drop it by then, so most
    /// visitors who took too long see [`UnknownState`](Self::UnknownState).
    ExpiredState = "expired_state", BAD_REQUEST, "This took too long.", "Start again from the app.";
    /// The attempt was answered before, with another code.
    StateUsed = "state_used", BAD_REQUEST, "This connection was already answered.", "Start again from the app.";
    /// Nobody is signed in to the app. Where [`sign_in_page`](crate::ConfigBuilder::sign_in_page) is set, a page navigation is sent
    /// there (303) in place of the text below.
    NotSignedIn = "not_signed_in", UNAUTHORIZED, "You are not signed in.", "Sign in to the app, then connect your store.";
    /// Somebody else is signed in than the one who started the login.
    OtherUser = "other_user", FORBIDDEN, "This connection was started by somebody else.",
        "It was begun by another user of this app, or before you disconnected. Sign in as that user, or start again as the present one.";
    /// The request came from another site, a script or a frame.
    CrossSite = "cross_site", FORBIDDEN, "This request did not come from this site.", "Open the app and try again there.";
    /// The user refused at Komerza, or came back without a code. The answer is a 303 to where the login began, with
    /// `komerza=denied` in the query: the status and the text below are for hooks.
    Denied = "denied", FORBIDDEN, "The connection was not approved.", "Nothing was stored. You can connect at any time.";
    /// Komerza sent a visitor back with neither a code nor a state. Most likely the visitor refused there.
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
    /// The user began more exchanges in a minute than allowed.
    TooManyAttempts = "too_many_attempts", TOO_MANY_REQUESTS, "That was too often.", "Wait a minute, then start again.";
    /// Komerza, or this app's own limit towards it, asks to wait.
    Busy = "busy", SERVICE_UNAVAILABLE, "Too many people are connecting right now.",
        "Nothing is lost. Reload this page in a moment; if that does not help, start again from the app.";
    /// The connection to Komerza could not be opened; the code was not spent.
    ProviderUnreachable = "provider_unreachable", BAD_GATEWAY, "Komerza could not be reached.",
        "Nothing is lost. Reload this page in a moment; if that does not help, start again from the app.";
    /// Komerza answered with something that is no answer.
    ProviderFault = "provider_fault", BAD_GATEWAY, "Komerza gave no usable answer.",
        "Nothing was stored. Start again from the app; if an extra entry shows up among your connected apps at Komerza, remove it.";
    /// Something between this server and Komerza refused the exchange, with a 403 or 451 that is not Komerza's own answer. Komerza's
    /// network refuses servers in some countries, and requests without a User-Agent; a proxy or firewall of yours may refuse as well.
    /// Ask for the API from this server (`curl -A MyApp/1.0 https://api.komerza.com`), then run it in another region or through a
    /// relay in one.
    ExchangeBlocked = "exchange_blocked", BAD_GATEWAY, "Komerza could not be reached from this app.",
        "Tell the people who run it: something on the way to Komerza refuses their server.";
    /// The answer of Komerza was cut off: whether the code was spent is not known.
    UnknownOutcome = "unknown_outcome", BAD_GATEWAY, "The answer of Komerza was lost.",
        "Nothing was stored. Start again from the app; if an extra entry shows up among your connected apps at Komerza, remove it.";
    /// Komerza did not answer in time: whether the code was spent is not known.
    ProviderTimeout = "provider_timeout", GATEWAY_TIMEOUT, "Komerza did not answer in time.",
        "Nothing was stored. Start again from the app; if an extra entry shows up among your connected apps at Komerza, remove it.";
    /// Looking up the app's user failed.
    UserLookupFailed = "user_lookup_failed", SERVICE_UNAVAILABLE, "The app cannot tell who you are right now.",
        "Nothing is lost. Reload this page in a moment.";
    /// The token store is not available; nothing was spent.
    StoreUnavailable = "store_unavailable", SERVICE_UNAVAILABLE, "The app cannot reach its storage right now.",
        "Nothing is lost. Reload this page in a moment.";
    /// The key was received and could not be saved.
    SaveFailed = "save_failed", SERVICE_UNAVAILABLE, "Your approval arrived and could not be kept.",
        "Start again from the app in a moment. At Komerza an extra entry may show up among your connected apps: remove it.";
    /// A hook of the app refused the connection, or did not finish in time. The key was not stored and stays alive at Komerza; the
    /// visitor reads the hook's reason in place of the second sentence below, if it gave one.
    Vetoed = "vetoed", FORBIDDEN, "The app did not accept this connection.", "Nothing was stored.";
    /// The method is not one of this route.
    MethodNotAllowed = "method_not_allowed", METHOD_NOT_ALLOWED, "This address cannot be used that way.", "Start again from the app.";
    /// The browser loads the page before anybody asked for it.
    Speculative = "speculative", SERVICE_UNAVAILABLE, "This page is not loaded ahead of time.", "Open it again.";
    /// The process is being shut down.
    ShuttingDown = "shutting_down", SERVICE_UNAVAILABLE, "The app is restarting.", "Nothing is lost. Reload this page in a moment.";
    /// The operating system gave no random bytes, or a part of the app broke down.
    Internal = "internal", INTERNAL_SERVER_ERROR, "Something broke inside the app.", "Tell the people who run it.";
}

impl FailureKind {
    /// Whether only the people who run the app can mend it; such a failure is logged as an error.
    #[must_use]
    pub fn needs_operator(self) -> bool {
        matches!(
            self,
            Self::InvalidClientSecret | Self::AppNotFound | Self::ExchangeBlocked | Self::SaveFailed | Self::Internal
        )
    }

    /// How long to wait before trying again, where the status asks for it.
    fn default_retry_after(self) -> Option<Duration> {
        match self {
            Self::TooManyAttempts => Some(Duration::from_secs(60)),
            kind if kind.status() == StatusCode::SERVICE_UNAVAILABLE => Some(Duration::from_secs(5)),
            _ => None,
        }
    }
}

/// One failed visit: the kind, and what may be told about it.
///
/// # Security
/// It holds no secret: neither what the visitor sent nor what Komerza answered.
#[derive(Debug, Clone)]
pub struct Failure {
    kind: FailureKind,
    attempt: Option<AttemptId>,
    retry_after: Option<Duration>,
    reason: Option<String>,
    source: Option<Arc<dyn Error + Send + Sync>>,
}

impl Failure {
    pub(crate) fn new(kind: FailureKind) -> Self {
        Self { kind, attempt: None, retry_after: kind.default_retry_after(), reason: None, source: None }
    }

    pub(crate) fn caused_by(kind: FailureKind, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self { source: Some(source.into().into()), ..Self::new(kind) }
    }

    pub(crate) fn of_attempt(self, attempt: AttemptId) -> Self {
        Self { attempt: Some(attempt), ..self }
    }

    pub(crate) fn retry_after_at_least(self, wait: Duration) -> Self {
        let wait = self.retry_after.unwrap_or_default().max(wait);
        Self { retry_after: Some(wait), ..self }
    }

    pub(crate) fn retry_after_exactly(self, wait: Duration) -> Self {
        Self { retry_after: Some(wait), ..self }
    }

    pub(crate) fn because(self, reason: String) -> Self {
        Self { reason: Some(reason), ..self }
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

    /// How long the visitor should wait before trying again; `None` where waiting does not help.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        self.retry_after
    }

    /// What a hook of the app wants the visitor to read.
    #[must_use]
    pub fn reason(&self) -> Option<&str> {
        self.reason.as_deref()
    }
}

/// What a store that is asked on a request's way did not answer with.
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
