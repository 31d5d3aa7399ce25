//! Keeps trying to save a new key after its visitor was told of the failure.
//!
//! The save is repeated for at most [`late_save_deadline`](crate::config::Limits::late_save_deadline), in a
//! task that a shutdown waits for. Once it works, a reload of the callback succeeds. If it never works, if the
//! user disconnects on this node, or if the shutdown's time is nearly over, the hook `orphaned` runs, once.

use super::writes::Probe;
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

pub(super) fn is_this(found: Option<StoredToken>, token: &StoredToken) -> bool {
    found.is_some_and(|found| found.version() == token.version())
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
        let entry = (pending.user.clone(), pending.attempt);
        self.core.late_saves.lock().push(entry.clone());
        let tries = async {
            loop {
                let _ = tokio::time::timeout(PAUSE, self.writes.healed.notified()).await;
                if let Some(saved) = guard::caught("connect", self.try_again(pending, &unsaved)).await.ok().flatten() {
                    return saved;
                }
            }
        };
        let saved = tokio::select! {
            saved = tokio::time::timeout(deadline, tries) => saved == Ok(true),
            () = self.closing.cancelled() => false,
        };
        self.core.late_saves.lock().retain(|late| *late != entry);
        // A try that was given up, or whose confirmation was lost, may have saved it.
        if !saved && !self.core.load(&pending.user).await.is_ok_and(|now| is_this(now, token)) {
            return self.orphan(pending, token).await;
        }
        log::info!(attempt = %pending.attempt, fingerprint = %token.fingerprint(), "connected: a later try saved the key, after the visitor was told that saving failed");
        self.flights.amend(pending.attempt, Ok(()));
        self.tell_connected(pending, token).await;
    }

    /// Whether the key is in the store now, or never will be; `None` to try again.
    async fn try_again(&self, pending: &Pending, unsaved: &Unsaved) -> Option<bool> {
        let mut probe = self.writes.probe.lock().await;
        let now = match self.core.load(&pending.user).await {
            Ok(now) => now.map(|token| *token.version()),
            Err(error) if error.kind() == StoreErrorKind::Unreadable => unsaved.before,
            Err(_) => return None,
        };
        if now == Some(*unsaved.token.version()) {
            return Some(true);
        }
        let wanted = || self.core.late_saves.lock().contains(&(pending.user.clone(), pending.attempt));
        // The record was replaced or removed meanwhile: the user has connected again or disconnected.
        if now != unsaved.before || !wanted() {
            return Some(false);
        }
        self.core.save(&pending.user, &unsaved.token).await.ok()?;
        *probe = Probe::default();
        self.writes.worked();
        // The user may have disconnected during the save, and found no record yet.
        if wanted() {
            return Some(true);
        }
        let _ = self.core.delete_if(&pending.user, unsaved.token.version()).await;
        Some(false)
    }

    /// Runs the hook `orphaned`: a valid key could not be stored.
    pub(super) async fn orphan(&self, pending: &Pending, token: &StoredToken) {
        let Pending { user, attempt, .. } = pending;
        log::error!(%attempt, fingerprint = %token.fingerprint(), "a new key could not be stored; it stays valid at Komerza");
        let event = Orphaned { user: user.clone(), attempt: Some(*attempt), fingerprint: token.fingerprint() };
        self.core.hook(async { self.core.hooks.orphaned(&event).await }).await;
    }
}
