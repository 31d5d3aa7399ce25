//! What all parts of a layer use: the configuration, and the calls of the app's own code, each with a
//! deadline.

use crate::failure::{Failure, FailureKind};
use crate::guard::{self, Unfinished};
use crate::hooks::{Hooks, NoHooks, Veto};
use crate::random::{Randomness, SystemRandomness};
use crate::store::{StoreError, StoreErrorKind, StoredToken, TokenStore, TokenVersion, within};
use crate::sync::Lock;
use crate::time::{Clock, SystemClock};
use crate::{attempt::AttemptId, config::Config, telemetry::log, user::UserId};
use std::{future::Future, sync::Arc};

/// How often a removal reads the record, if the record is replaced each time.
const FORGET_TRIES: u32 = 3;

/// Cheap to clone: a layer with another hook or clock shares the rest.
#[derive(Clone)]
pub(crate) struct Core {
    pub(crate) config: Arc<Config>,
    store: Arc<dyn TokenStore>,
    pub(crate) hooks: Arc<dyn Hooks>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) randomness: Arc<dyn Randomness>,
    /// The keys that are still to be saved after their visitor was told of a failure, and whose they are. A
    /// disconnect strikes out those of its user.
    pub(crate) late_saves: Arc<Lock<Vec<(UserId, AttemptId)>>>,
}

impl Core {
    pub(crate) fn new(config: Config, store: Arc<dyn TokenStore>) -> Self {
        Self {
            config: Arc::new(config),
            store,
            hooks: Arc::new(NoHooks),
            clock: Arc::new(SystemClock),
            randomness: Arc::new(SystemRandomness),
            late_saves: Arc::new(Lock::new(Vec::new())),
        }
    }

    /// The store and not its `Arc`, which is a store too: calling that one would box each future twice.
    pub(crate) fn store(&self) -> &dyn TokenStore {
        &*self.store
    }

    /// A user's record, within the deadline.
    pub(crate) fn load(&self, user: &UserId) -> impl Future<Output = Result<Option<StoredToken>, StoreError>> {
        within(self.config.limits.store_deadline, async { self.store().load(user).await })
    }

    /// Saves a user's record, within the deadline.
    pub(crate) async fn save(&self, user: &UserId, token: &StoredToken) -> Result<(), StoreError> {
        within(self.config.limits.store_deadline, async { self.store().save(user, token).await }).await
    }

    /// Removes the record that a user has now. If this reaches the store late, it removes nothing newer (T65).
    pub(crate) async fn forget(&self, user: &UserId) -> Result<(), StoreError> {
        self.late_saves.lock().retain(|(of, _)| of != user);
        for _ in 0..FORGET_TRIES {
            let token = match self.load(user).await {
                Ok(Some(token)) => token,
                Ok(None) => return Ok(()),
                // Its version is not known.
                Err(error) if error.kind() == StoreErrorKind::Unreadable => {
                    return within(self.config.limits.store_deadline, async { self.store().delete(user).await }).await;
                }
                Err(error) => return Err(error),
            };
            // If not, the record was replaced in between, or a cache was out of date.
            if self.delete_if(user, token.version()).await? {
                return Ok(());
            }
        }
        Err(StoreError::unavailable("the record was replaced each time before it could be removed"))
    }

    /// Removes the record of a session that its browser no longer uses. If this fails, the key of the
    /// browser's current session is not affected.
    pub(crate) async fn leave(&self, session: &UserId) {
        if let Err(error) = self.forget(session).await {
            log::warn!(
                error = %crate::telemetry::log::chain(&error),
                "the record of the earlier browser session could not be removed"
            );
        }
    }

    /// Removes a user's record if it still has this version, within the deadline.
    pub(crate) async fn delete_if(&self, user: &UserId, version: &TokenVersion) -> Result<bool, StoreError> {
        within(self.config.limits.store_deadline, async { self.store().delete_if(user, version).await }).await
    }

    /// Calls a hook. `None` if it panicked or did not finish in time.
    pub(crate) async fn hook<T>(&self, call: impl Future<Output = T>) -> Option<T> {
        let asked = guard::run("hook", self.config.limits.hook_deadline, call).await;
        if matches!(asked, Err(Unfinished::Late)) {
            log::warn!("a hook did not finish in time");
        }
        asked.ok()
    }

    /// Calls a hook that may refuse. One that did not finish is a failure too.
    pub(crate) async fn ask<T>(&self, call: impl Future<Output = Result<T, Veto>>) -> Result<T, Failure> {
        let asked = self.hook(call).await.ok_or_else(|| Failure::new(FailureKind::Internal))?;
        asked.map_err(|veto| Failure { reason: Some(veto.0.into()), ..Failure::new(FailureKind::Vetoed) })
    }
}

crate::kinds::shows!(Core { config });
