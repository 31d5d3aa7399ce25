//! Hooks: where an app looks on, says no, or answers in its own words.

pub use crate::attempt::AttemptId;
use crate::{
    api::KomerzaKey,
    failure::Failure,
    store::{KeyFingerprint, TokenVersion},
    user::UserId,
};
use axum_core::body::Body;
use http::Response;
use std::fmt;

/// What an app may do at the turning points of a connection. Every method has a default that does nothing.
///
/// Set them with [`with_hooks`](crate::KomerzaConnectLayer::with_hooks). Each call has
/// [`hook_deadline`](crate::config::Limits::hook_deadline) to finish. One that panics or takes longer is logged and not waited for; only
/// for [`before_storing`](Self::before_storing) that changes what becomes of the connection.
///
/// ```
/// use komerza_connect::{hooks::{Connecting, Veto}, Hooks, async_trait};
///
/// struct OneStoreOnly;
///
/// #[async_trait]
/// impl Hooks for OneStoreOnly {
///     async fn before_storing(&self, connecting: &Connecting<'_>) -> Result<(), Veto> {
///         match connecting.key.stores().await {
///             Ok(stores) if stores.len() == 1 => Ok(()),
///             Ok(_) => Err(Veto::new("Please remove this app at Komerza, then approve exactly one store.")),
///             Err(_) => Err(Veto::new("Your stores could not be read. Please try again.")),
///         }
///     }
/// }
/// ```
///
/// # Answers of one's own
/// To what [`failed`](Self::failed) answers the crate adds the headers that it lacks: `Cache-Control: no-store`,
/// `Referrer-Policy: no-referrer`, `X-Content-Type-Options`, `X-Robots-Tag`, `X-Frame-Options: DENY`, and a
/// `Content-Security-Policy` with `default-src 'none'`, which blocks every style, script and picture of a page of yours: **set your
/// own `Content-Security-Policy`** on it. Two kinds have a better answer than a page, the way back into the app and the way to the
/// sign-in page: leave [`Denied`](crate::FailureKind::Denied) and [`NotSignedIn`](crate::FailureKind::NotSignedIn) to the crate. An
/// example is at [`with_hooks`](crate::KomerzaConnectLayer::with_hooks).
///
/// # Security
/// A key that [`before_storing`](Self::before_storing) refuses is not stored, and **stays alive at Komerza**: the provider has no way
/// for an app to revoke one. Let the reason of the [`Veto`] ask the user to remove the connection there.
#[async_trait::async_trait]
pub trait Hooks: Send + Sync + 'static {
    /// The key was received and is not stored yet. An error keeps it from being stored; the visitor reads the reason.
    ///
    /// The place to look at the account that was connected, and to notice one account under two users. When it does not finish in
    /// time, that counts as a veto. When it panics, the key is not stored either, the visitor sees a 500 page, and
    /// [`orphaned`](Self::orphaned) is told.
    async fn before_storing(&self, connecting: &Connecting<'_>) -> Result<(), Veto> {
        let _ = connecting;
        Ok(())
    }

    /// The key is stored; the visitor is told after this returns.
    async fn connected(&self, event: &Connected) {
        let _ = event;
    }

    /// A key was received and is not kept: nobody holds it now. It could not be saved within
    /// [`save_deadline`](crate::config::Limits::save_deadline), or the store or [`before_storing`](Self::before_storing) panicked. After a
    /// veto this is not told: the app knows.
    ///
    /// The user, if still there, is told to connect again and to remove the spare entry among the connected apps at Komerza. This
    /// is told also when the browser has gone.
    async fn orphaned(&self, event: &Orphaned) {
        let _ = event;
    }

    /// The key was forgotten at the user's wish. It lives on at Komerza until the user removes it there.
    ///
    /// Told for every disconnect that the store confirmed, a repeated one too: a store does not say whether there was a key.
    async fn disconnected(&self, event: &Disconnected) {
        let _ = event;
    }

    /// Komerza called the key dead and its record was removed.
    async fn revoked(&self, event: &Revoked) {
        let _ = event;
    }

    /// A visit to one of the crate's routes failed. `Some` is the answer in place of the crate's page; the crate adds the
    /// security headers that it lacks. `None`, a panic and no answer in time leave the crate's page.
    async fn failed(&self, failure: &Failure) -> Option<Response<Body>> {
        let _ = failure;
        None
    }
}

/// The hooks of an app that has none.
#[derive(Debug, Clone, Copy)]
pub(crate) struct NoHooks;

impl Hooks for NoHooks {}

/// A key that is about to be stored.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Connecting<'a> {
    /// Whose key it will be.
    pub user: &'a UserId,
    /// The login attempt.
    pub attempt: AttemptId,
    /// A client with the new key.
    pub key: &'a KomerzaKey,
}

/// A key was stored.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Connected {
    /// Whose key it is.
    pub user: UserId,
    /// The login attempt.
    pub attempt: AttemptId,
    /// A short hash of the key.
    pub fingerprint: KeyFingerprint,
    /// The record's version.
    pub version: TokenVersion,
}

/// A key was received and is not kept.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Orphaned {
    /// Whose key it would have been.
    pub user: UserId,
    /// The login attempt; `None` for the record of a browser session that is over, removed by
    /// [`sweep`](crate::KomerzaConnectLayer::sweep).
    pub attempt: Option<AttemptId>,
    /// A short hash of the key.
    pub fingerprint: KeyFingerprint,
}

/// A key was forgotten at the user's wish.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Disconnected {
    /// Whose key it was.
    pub user: UserId,
}

/// A key was found dead and its record removed.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Revoked {
    /// Whose key it was.
    pub user: UserId,
    /// A short hash of the key.
    pub fingerprint: KeyFingerprint,
    /// The version of the removed record.
    pub version: TokenVersion,
}

/// A hook's refusal of a connection, with the reason that the visitor reads.
///
/// The refused key is not stored; it stays alive at Komerza until the user removes the connection there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Veto {
    reason: String,
}

impl Veto {
    /// One or two plain sentences. They are shown as text: markup in them is not interpreted.
    pub fn new(reason: impl Into<String>) -> Self {
        Self { reason: reason.into() }
    }

    pub(crate) fn into_reason(self) -> String {
        self.reason
    }
}

impl fmt::Display for Veto {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.reason)
    }
}

impl std::error::Error for Veto {}
