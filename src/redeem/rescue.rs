//! What becomes of a fresh key that could not be saved while its visitor waited.
//!
//! The visitor has been told, and may reload the page. The save is tried for a while longer, in the task that a shutdown waits for. When
//! it works, a repetition of the callback is a success. A key that is lost all the same is told to the app, once.

use super::{Outcome, Pending, tell_connected};
use crate::{
    context::{Context, caught, within},
    hooks::Orphaned,
    store::{StoreErrorKind, StoredToken, TokenVersion},
    telemetry::log,
};
use std::{sync::Arc, time::Duration};

/// The longest pause between two tries.
const PAUSE: Duration = Duration::from_secs(1);

/// A fresh key that is not in the store, and the version of the record that was there before.
pub(super) struct Unsaved {
    pub(super) token: StoredToken,
    pub(super) before: Option<TokenVersion>,
}

/// Tries to save a key until it is saved, until there is a newer one, or until the time is over.
pub(super) async fn keep_trying(context: &Arc<Context>, pending: &Pending, unsaved: Unsaved) {
    let token = &unsaved.token;
    let tries = async {
        loop {
            tokio::select! {
                () = context.writes.wait() => {}
                () = tokio::time::sleep(PAUSE) => {}
            }
            if let Some(saved) = caught(try_again(context, pending, &unsaved)).await.flatten() {
                return saved;
            }
        }
    };
    let saved = tokio::time::timeout(context.config.limits.late_save_deadline, tries).await;
    if saved != Ok(true) {
        return orphan(context, pending, token).await;
    }
    log::info!(attempt = %pending.attempt, fingerprint = %token.fingerprint(), "connected, after the visitor was told otherwise");
    context.flights.amend(pending.attempt, Outcome { result: Ok(pending.landed()), spent: true });
    tell_connected(context, pending, token).await;
}

/// Whether the key is in the store now, or never will be; `None` to try again.
async fn try_again(context: &Context, pending: &Pending, unsaved: &Unsaved) -> Option<bool> {
    let _alone = context.writes.alone().await;
    let now = match context.load(&pending.user).await {
        Ok(now) => now.map(|token| *token.version()),
        Err(error) if error.kind() == StoreErrorKind::Unreadable => unsaved.before,
        Err(_) => return None,
    };
    if now == Some(*unsaved.token.version()) {
        return Some(true);
    }
    // A record that came in between is newer: the user has connected again, or has disconnected.
    if now != unsaved.before {
        return Some(false);
    }
    let deadline = context.config.limits.store_deadline;
    within(deadline, context.store().save(&pending.user, &unsaved.token)).await.ok()?;
    context.writes.worked();
    Some(true)
}

/// Tells the app of a live key that nobody holds.
pub(super) async fn orphan(context: &Context, pending: &Pending, token: &StoredToken) {
    let Pending { user, attempt, .. } = pending;
    log::error!(%attempt, fingerprint = %token.fingerprint(), "a fresh key is not kept: it lives on at Komerza, and nobody holds it");
    let event = Orphaned { user: user.clone(), attempt: *attempt, fingerprint: token.fingerprint() };
    context.hook(context.hooks.orphaned(&event)).await;
}
