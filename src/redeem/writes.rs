//! Checks that the store accepts writes, so that no code is used for a key that cannot be stored.
//!
//! 1. A healthy store has no extra work: the checks start only after a save has failed.
//! 2. Then, before each exchange, a scratch record is saved and removed, by one task at a time. The scratch
//!    record belongs to a user of its own. So even a late write cannot replace a real user's record.
//! 3. After a failed check the next one waits 100 milliseconds. Any write that works ends the checks.
//! 4. It is possible that an app's own store refuses the scratch record and accepts all others. So, unless
//!    the store says that it takes no writes, one exchange a minute is let through.

use crate::store::{StoreError, StoreErrorKind, StoredToken, TokenVersion};
use crate::{core::Core, secret::ApiKey, telemetry::log, user::UserId};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::sync::{Mutex, Notify};
use tokio::time::Instant;

/// The user of the scratch record.
const SCRATCH: &str = "komerza-connect-write-probe";

/// The pause after a failed check.
const MOMENT: Duration = Duration::from_millis(100);

/// How often an exchange is let through although the scratch record is refused.
const LET_THROUGH: Duration = Duration::from_secs(60);

/// What is known about writes to the store.
#[derive(Default)]
pub(crate) struct Writes {
    doubted: AtomicBool,
    /// Lets one writer at a time through.
    pub(super) probe: Mutex<Probe>,
    /// Notified when a save has worked that follows one that failed.
    pub(super) healed: Notify,
}

#[derive(Default)]
pub(crate) struct Probe {
    failed_at: Option<Instant>,
    let_through_at: Option<Instant>,
}

impl Writes {
    /// A save of a fresh key has failed.
    pub(crate) fn failed(&self) {
        self.doubted.store(true, Ordering::Relaxed);
    }

    /// A save has worked.
    pub(crate) fn worked(&self) {
        if self.doubted.swap(false, Ordering::Relaxed) {
            // Whoever has the lock now forgets by itself.
            let _ = self.probe.try_lock().map(|mut probe| *probe = Probe::default());
            log::info!("the token store takes writes again");
            self.healed.notify_waiters();
        }
    }

    /// After a failed save: checks that a write works. `true`: it does not, and one exchange is let through.
    pub(crate) async fn ensure(&self, core: &Core) -> Result<bool, StoreError> {
        if !self.doubted.load(Ordering::Relaxed) {
            return Ok(false);
        }
        let came = Instant::now();
        let limit = core.config.limits.store_deadline;
        let Ok(mut probe) = tokio::time::timeout(limit, self.probe.lock()).await else {
            return Err(StoreError::unavailable("it is still being checked whether a write works"));
        };
        if !self.doubted.load(Ordering::Relaxed) {
            return Ok(false);
        }
        if let Some(failed_at) = probe.failed_at {
            if failed_at >= came {
                return Err(StoreError::unavailable("a write failed a moment ago"));
            }
            tokio::time::sleep_until(failed_at.checked_add(MOMENT).unwrap_or(failed_at)).await;
        }
        let Err(error) = scratch(core).await else {
            *probe = Probe::default();
            self.worked();
            return Ok(false);
        };
        log::warn!(error = %crate::telemetry::log::chain(&error), "the token store takes no writes; until it does, at most one code a minute is exchanged");
        let now = Instant::now();
        probe.failed_at = Some(now);
        let since = *probe.let_through_at.get_or_insert(now);
        if error.kind() != StoreErrorKind::NotWritable && now.saturating_duration_since(since) >= LET_THROUGH {
            probe.let_through_at = Some(now);
            return Ok(true);
        }
        Err(error)
    }
}

/// Saves a scratch record and removes it.
async fn scratch(core: &Core) -> Result<(), StoreError> {
    let user = UserId::generated(SCRATCH);
    let key = ApiKey::new("no-key:a-write-probe").map_err(StoreError::misconfigured)?;
    let version = TokenVersion::draw(&*core.randomness).map_err(StoreError::unavailable)?;
    let record = StoredToken::saved(key, version, core.clock.now(), None);
    core.save(&user, &record).await?;
    // A record that stays is overwritten by the next check.
    if let Err(error) = core.delete_if(&user, &version).await {
        log::debug!(error = %crate::telemetry::log::chain(&error), "the scratch record could not be removed");
    }
    Ok(())
}
