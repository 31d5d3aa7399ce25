//! Keeps trying to save a new key after its visitor was told of the failure.
//!
//! The save is repeated for at most [`late_save_deadline`](crate::config::Limits::late_save_deadline), in a
//! task that a shutdown waits for. Once it works, a reload of the callback succeeds. If it never works, the
//! hook `orphaned` runs, once.

use super::{Pending, Redeem};
use crate::store::{StoreErrorKind, StoredToken, TokenVersion};
use crate::{guard, hooks::Orphaned, telemetry::log};
use std::time::Duration;

/// The longest pause between two tries.
const PAUSE: Duration = Duration::from_secs(1);

/// A fresh key that is not in the store, and the version of the record that was there before.
pub(super) struct Unsaved {
    pub(super) token: StoredToken,
    pub(super) before: Option<TokenVersion>,
}

impl Redeem {
    /// Tries to save a key until it is saved, until there is a newer one, or until the time is over.
    pub(super) async fn keep_trying(&self, pending: &Pending, unsaved: Unsaved) {
        let token = &unsaved.token;
        let deadline = self.limits().late_save_deadline;
        // A timer of zero still runs for a moment, in which a save could start.
        if deadline.is_zero() {
            return self.orphan(pending, token).await;
        }
        let tries = async {
            loop {
                let _ = tokio::time::timeout(PAUSE, self.writes.healed.notified()).await;
                if let Some(saved) = guard::caught("connect", self.try_again(pending, &unsaved)).await.ok().flatten() {
                    return saved;
                }
            }
        };
        let saved = tokio::time::timeout(deadline, tries).await;
        if saved != Ok(true) {
            return self.orphan(pending, token).await;
        }
        log::info!(attempt = %pending.attempt, fingerprint = %token.fingerprint(), "connected: a later try saved the key, after the visitor was told that saving failed");
        self.flights.amend(pending.attempt, Ok(()));
        self.tell_connected(pending, token).await;
    }

    /// Whether the key is in the store now, or never will be; `None` to try again.
    async fn try_again(&self, pending: &Pending, unsaved: &Unsaved) -> Option<bool> {
        let _alone = self.writes.probe.lock().await;
        let now = match self.core.load(&pending.user).await {
            Ok(now) => now.map(|token| *token.version()),
            Err(error) if error.kind() == StoreErrorKind::Unreadable => unsaved.before,
            Err(_) => return None,
        };
        if now == Some(*unsaved.token.version()) {
            return Some(true);
        }
        // The record was replaced or removed meanwhile: the user has connected again or disconnected.
        if now != unsaved.before {
            return Some(false);
        }
        self.core.save(&pending.user, &unsaved.token).await.ok()?;
        self.writes.worked();
        Some(true)
    }

    /// Runs the hook `orphaned`: a valid key could not be stored.
    pub(super) async fn orphan(&self, pending: &Pending, token: &StoredToken) {
        let Pending { user, attempt, .. } = pending;
        log::error!(%attempt, fingerprint = %token.fingerprint(), "a new key could not be stored; it stays valid at Komerza");
        let event = Orphaned { user: user.clone(), attempt: Some(*attempt), fingerprint: token.fingerprint() };
        self.core.hook(async { self.core.hooks.orphaned(&event).await }).await;
    }
}
