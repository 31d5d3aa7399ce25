//! From a checked callback to a stored key. This goes on even if the browser closes the connection.
//!
//! Each callback runs in its own task, and the number of these tasks is limited. The request only waits for
//! the outcome. A task does this in order:
//!
//! 1. The store is read. If an earlier save failed, a test write must then succeed. Then the record's version
//!    is drawn. If any of these steps fails, no code is used.
//! 2. The exchange is counted against the budget of the user, browser or address. Then it waits for its turn.
//!    Without a turn, neither the code nor the budget is used.
//! 3. The exchange. It is repeated only if it cannot have arrived or was refused with 429.
//! 4. The hook `before_storing`, which may refuse the key.
//! 5. The save, repeated within its deadline. Then the hook `connected` runs, and after it the visitor is
//!    told of the success.
//! 6. After the deadline the visitor is told of the failure, and the save is repeated for a while longer.
//! 7. If a received key is neither refused nor stored, for whatever reason, the hook `orphaned` runs.

pub(crate) mod exchange;
mod flights;
#[cfg(all(test, feature = "__explore"))]
mod interleavings;
mod rescue;
mod turns;
mod writes;

pub(crate) use turns::Charged;

use crate::api::{Keeper, KomerzaKey};
use crate::config::{ConfigError, Limits};
use crate::failure::{Failure, FailureKind};
use crate::hooks::{Connected, Connecting};
use crate::pacing::{Budgets, Pacer};
use crate::secret::{ApiKey, AuthorizationCode};
use crate::store::{StoreError, StoreErrorKind, StoredToken, TokenVersion};
use crate::sync::{Lock, step};
use crate::telemetry::{log, metrics};
use crate::{attempt::AttemptId, core::Core, guard, note::Note, provider::CODE_LIFETIME, user::UserId};
use flights::{Flight, Flights, Leader};
use rescue::{Unsaved, is_this};
use std::{sync::Arc, time::Duration};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::{TaskTracker, task_tracker::TaskTrackerToken};
use turns::{Turn, charge};
use writes::Writes;

/// How often an exchange is sent whose connection could not be opened.
const CONNECT_TRIES: u32 = 3;

/// The first pause between tries; each further one is twice as long.
const PAUSE: Duration = Duration::from_millis(100);

/// A callback with a checked state.
pub(crate) struct Pending {
    pub(crate) attempt: AttemptId,
    pub(crate) code: AuthorizationCode,
    /// Whose key it will be.
    pub(crate) user: UserId,
    /// Who is charged for the exchange.
    pub(crate) charged: Charged,
    /// The user whose record is removed once this one is saved.
    pub(crate) left: Option<UserId>,
    /// What the app noted when the login began.
    pub(crate) note: Option<Note>,
}

/// The outcome of a callback.
pub(crate) type Outcome = Result<(), Failure>;

/// What a connection leaves behind, however it ends.
#[derive(Default)]
struct Remains {
    /// Whether the code may be used up.
    spent: bool,
    /// A fresh key that may still be saved.
    unsaved: Option<Unsaved>,
}

/// The exchanges of one layer. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Redeem {
    pub(crate) core: Arc<Core>,
    /// Sends the client secret with each request, so it is for exchanges alone.
    client: reqwest::Client,
    pub(crate) pacer: Arc<Pacer>,
    /// The budgets of the parties.
    budgets: Arc<Lock<Budgets>>,
    /// The places of the exchanges that run.
    at_once: Arc<Semaphore>,
    flights: Arc<Flights>,
    writes: Arc<Writes>,
    /// Exchanges and saves under way, for a shutdown to wait for.
    tasks: TaskTracker,
    /// Ends the late saves: the time for a shutdown is nearly over.
    closing: CancellationToken,
}

impl Redeem {
    pub(crate) fn new(core: Arc<Core>, pacer: Arc<Pacer>) -> Result<Self, ConfigError> {
        Ok(Self {
            client: exchange::client(&core.config)?,
            budgets: Arc::new(Lock::new(Budgets::new(core.config.limits.exchanges_per_user))),
            at_once: Arc::new(Semaphore::new(core.config.limits.exchanges_at_once.max(1))),
            flights: Arc::default(),
            writes: Arc::default(),
            pacer,
            tasks: TaskTracker::new(),
            closing: CancellationToken::new(),
            core,
        })
    }

    fn limits(&self) -> &Limits {
        &self.core.config.limits
    }

    /// Refuses new callbacks and waits for the running ones. Returns whether they ended in time.
    pub(crate) async fn shutdown(&self, deadline: Duration) -> bool {
        self.tasks.close();
        // A late save that is given up reads the store once more and runs a hook.
        let rest = deadline.min(self.limits().store_deadline.saturating_add(self.limits().hook_deadline));
        if tokio::time::timeout(deadline.saturating_sub(rest), self.tasks.wait()).await.is_ok() {
            return true;
        }
        self.closing.cancel();
        tokio::time::timeout(rest, self.tasks.wait()).await.is_ok()
    }

    /// Carries a callback out, once for each attempt, and waits for the outcome. `keeper` keeps the keys.
    pub(crate) async fn connect(&self, pending: Pending, keeper: Arc<dyn Keeper>) -> Outcome {
        let refused = |kind| Err(Failure::new(kind));
        let Some(counted) = admit(&self.tasks) else { return refused(FailureKind::ShuttingDown) };
        let began = self.core.clock.elapsed();
        let receiver = match self.flights.join(pending.attempt, &pending.code, began, self.limits()) {
            Flight::OtherCode => return refused(FailureKind::StateUsed),
            Flight::Follower(receiver) => {
                // A copy takes no place in the queue, so that nobody can fill it with one callback.
                drop(counted);
                receiver
            }
            Flight::Leader(leader, receiver) => {
                let most = self.limits().exchange_queue.saturating_add(self.limits().exchanges_at_once.max(1));
                if self.tasks.len() > most {
                    leader.finish(refused(FailureKind::Busy), began);
                } else {
                    let redeem = self.clone();
                    tokio::spawn(log::in_current_span(async move {
                        redeem.run(&pending, keeper, leader, began).await;
                        drop(counted);
                    }));
                }
                receiver
            }
        };
        flights::outcome(receiver).await.unwrap_or_else(|| refused(FailureKind::Internal))
    }

    async fn run(&self, pending: &Pending, keeper: Arc<dyn Keeper>, leader: Leader, began: Duration) {
        let (attempt, mut remains) = (pending.attempt, Remains::default());
        let obtained = guard::caught("connect", self.obtain(pending, keeper, &mut remains)).await;
        let obtained = obtained.unwrap_or_else(|_| Err(Failure::new(FailureKind::Internal)));
        metrics::connect(obtained.as_ref().map_or_else(|failure| failure.kind().code(), |_| "connected"));
        if let Ok(token) = &obtained {
            log::info!(%attempt, fingerprint = %token.fingerprint(), "connected");
            if let Some(left) = pending.left.as_ref().filter(|left| **left != pending.user) {
                self.core.leave(left).await;
            }
        }
        let ended = guard::caught_now("clock", || self.core.clock.elapsed()).unwrap_or(began);
        leader.finish(obtained.map(drop).map_err(|failure| failure.used_up(remains.spent)), ended);
        if let Some(unsaved) = remains.unsaved {
            self.keep_trying(pending, unsaved).await;
        }
    }

    /// Exchanges and saves the key. Returns the record in the store.
    async fn obtain(
        &self,
        pending: &Pending,
        keeper: Arc<dyn Keeper>,
        remains: &mut Remains,
    ) -> Result<StoredToken, Failure> {
        let replaced = match self.core.load(&pending.user).await {
            Ok(found) => found,
            // The store works, because it answered. Only a new record can replace one that cannot be read.
            Err(error) if error.kind() == StoreErrorKind::Unreadable => {
                log::warn!(
                    attempt = %pending.attempt, error = %crate::telemetry::log::chain(&error),
                    "a record that cannot be read is replaced if the exchange succeeds"
                );
                None
            }
            Err(error) => return Err(error.into()),
        };
        let before = replaced.as_ref().map(|token| *token.version());
        let let_through = self.writes.ensure(&self.core).await?;
        // Drawn before the exchange, because a failure after it would lose the key.
        let version = TokenVersion::draw(&*self.core.randomness)?;
        let now = self.core.clock.now();
        let (key, turn) = match self.exchange(pending, let_through, &mut remains.spent).await {
            Ok(obtained) => obtained,
            // This attempt may have used the code before: on another node, or in an exchange whose answer was lost. Then its
            // record is in the store.
            Err(failure) if may_have_been_used(failure.kind()) => {
                let now = self.core.load(&pending.user).await.ok().flatten();
                return now.filter(|token| token.attempt() == Some(pending.attempt)).ok_or(failure);
            }
            Err(failure) => return Err(failure),
        };
        let saved_at = guard::caught_now("clock", || self.core.clock.now()).unwrap_or(now);
        let token =
            StoredToken::saved(key.clone(), version, saved_at, Some(pending.attempt)).with_note(pending.note.clone());
        if let Err(failure) = self.keep(pending, &token, key, replaced.as_ref(), keeper, turn).await {
            remains.unsaved = (failure.kind() == FailureKind::SaveFailed).then_some(Unsaved { token, before });
            return Err(failure);
        }
        self.tell_connected(pending, &token).await;
        Ok(token)
    }

    async fn tell_connected(&self, pending: &Pending, token: &StoredToken) {
        let event = Connected {
            user: pending.user.clone(),
            attempt: pending.attempt,
            fingerprint: token.fingerprint(),
            version: *token.version(),
            note: token.note().cloned(),
        };
        self.core.hook(async { self.core.hooks.connected(&event).await }).await;
    }

    /// Charges the party, waits for a turn and sends the exchange. Repeats it only if that is safe, the code
    /// is still valid, and the total wait is not over. Keeps `spent` up to date, should something panic.
    async fn exchange(
        &self,
        pending: &Pending,
        let_through: bool,
        spent: &mut bool,
    ) -> Result<(ApiKey, Turn), Failure> {
        let (limits, clock) = (self.limits(), &*self.core.clock);
        let began = clock.elapsed();
        charge(&self.budgets, pending.charged, began)?;
        let deadline = began.saturating_add(limits.exchange_wait);
        let mut pause = PAUSE;
        let mut tries = 0;
        loop {
            let turn = match self.turn(pending.charged, tries > 0, deadline).await {
                // The exchange before this one may have found that the store takes no writes.
                Ok(turn) if !let_through => self.writes.ensure(&self.core).await.map(|_| turn).map_err(Failure::from),
                turn => turn,
            };
            if turn.is_err() && tries == 0 {
                self.budgets.lock().refund(pending.charged.party, began);
            }
            let turn = turn?;
            let now = clock.now();
            *spent = true;
            let failure = match exchange::send(&self.client, &self.core.config, &pending.code, now).await {
                Ok(key) => return Ok((key, turn)),
                Err(failure) => failure,
            };
            *spent = failure.visitor.used_up;
            tries += 1;
            let refused = failure.kind() == FailureKind::Busy;
            let wait = if refused { failure.retry_after().unwrap_or_default() } else { pause };
            if refused {
                self.lane().refused(wait, clock, limits.store_deadline).await;
            }
            drop(turn);
            let again = clock.elapsed().saturating_add(wait);
            let ends = again.saturating_sub(began).saturating_add(limits.exchange_deadline);
            let too_late = again > deadline || ends.saturating_add(limits.save_deadline) >= CODE_LIFETIME;
            if *spent || too_late || (!refused && tries >= CONNECT_TRIES) {
                return Err(failure);
            }
            log::debug!(attempt = %pending.attempt, kind = failure.kind().code(), "the exchange is sent again");
            // After a 429 the bucket, if there is one, knows how long to wait.
            if !refused || limits.exchange_bucket.period.is_zero() {
                clock.sleep(wait).await;
                pause *= 2;
            }
        }
    }

    /// Asks the app and saves a fresh key. If this fails for any reason but a veto or a save that is still
    /// retried, the app is told that a valid key was not stored.
    async fn keep(
        &self,
        pending: &Pending,
        token: &StoredToken,
        key: ApiKey,
        replaced: Option<&StoredToken>,
        keeper: Arc<dyn Keeper>,
        turn: Turn,
    ) -> Result<(), Failure> {
        let Pending { user, attempt, .. } = pending;
        let kept = guard::caught("connect", async {
            let client = KomerzaKey::new(keeper, user.clone(), token, key, None);
            let connecting = Connecting { user, attempt: *attempt, key: &client, note: token.note(), replaced };
            self.core.ask(async { self.core.hooks.before_storing(&connecting).await }).await?;
            self.save(pending, token, turn).await
        });
        let failure = match kept.await.unwrap_or_else(|_| Err(Failure::new(FailureKind::Internal))) {
            Ok(()) => return Ok(()),
            Err(veto) if veto.kind() == FailureKind::Vetoed => return Err(veto),
            Err(failure) => failure,
        };
        // Perhaps only the confirmations were lost. If the record is in the store now, that confirms the save.
        let found = self.core.load(&pending.user).await.ok().flatten();
        if is_this(found, token) {
            return Ok(());
        }
        if failure.kind() != FailureKind::SaveFailed {
            self.orphan(pending, token).await;
        }
        Err(failure)
    }

    /// Saves a fresh key, repeatedly within the deadline: the code is used up, so the key cannot be had again.
    async fn save(&self, pending: &Pending, token: &StoredToken, turn: Turn) -> Result<(), Failure> {
        let (mut last, mut turn) = (None, Some(turn));
        let tries = async {
            let mut pause = PAUSE;
            while let Err(error) = self.core.save(&pending.user, token).await {
                if error.kind() == StoreErrorKind::Panicked {
                    return Err(error.into());
                }
                log::warn!(
                    attempt = %pending.attempt, error = %crate::telemetry::log::chain(&error),
                    "saving a new key failed; it is tried again"
                );
                // Exchanges that waited behind this one now check the store first.
                self.writes.failed();
                drop(turn.take());
                last = Some(error);
                tokio::time::sleep(pause).await;
                pause *= 2;
            }
            Ok(())
        };
        match tokio::time::timeout(self.limits().save_deadline, tries).await {
            Ok(ended) => ended.inspect(|()| self.writes.worked()),
            Err(_) => {
                self.writes.failed();
                Err(Failure::caused_by(FailureKind::SaveFailed, last.unwrap_or_else(StoreError::timed_out)))
            }
        }
    }
}

/// Counts a task before checking for a shutdown, so that a shutdown either waits for the task or refuses it.
fn admit(tasks: &TaskTracker) -> Option<TaskTrackerToken> {
    let counted = tasks.token();
    step();
    (!tasks.is_closed()).then_some(counted)
}

/// Whether this failure may mean that the code was used before. Komerza does not document how it refuses a used
/// code: as used, as expired, or without a reason.
fn may_have_been_used(kind: FailureKind) -> bool {
    matches!(kind, FailureKind::InvalidCode | FailureKind::ExpiredCode | FailureKind::ExchangeRefused)
}
