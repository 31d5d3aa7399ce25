//! From a checked callback to a stored key. This goes on when the browser disconnects.
//!
//! It runs in its own task, and their number is counted and limited. The request only waits for the outcome. In
//! this order:
//!
//! 1. The store is read and the record's version is drawn. If either fails, no code is used. After a failed save
//!    a write has to work first.
//! 2. The party's budget is charged, then the exchange waits for its turn. Without a turn nothing is used.
//! 3. The exchange. It is repeated only if it cannot have arrived or was refused with 429.
//! 4. The hook `before_storing`, which may refuse the key.
//! 5. The save, repeated within its deadline. Only then the visitor is told of the success.
//! 6. After the deadline the visitor is told of the failure, and the save is repeated for a while longer.
//! 7. If a received key is neither refused nor stored, for whatever reason, the hook `orphaned` runs.

pub(crate) mod exchange;
mod flights;
#[cfg(all(test, feature = "__explore"))]
mod interleavings;
mod rescue;
mod turns;
mod writes;

pub(crate) use flights::Outcome;
pub(crate) use turns::Charged;

use crate::{
    api::{Keeper, KomerzaKey},
    attempt::AttemptId,
    config::{ConfigError, Limits},
    core::Core,
    failure::{Failure, FailureKind},
    guard,
    hooks::{Connected, Connecting},
    note::Note,
    pacing::Pacer,
    provider::CODE_LIFETIME,
    secret::{ApiKey, AuthorizationCode},
    store::{StoreError, StoreErrorKind, StoredToken, TokenVersion},
    sync::step,
    telemetry::{log, metrics},
    user::UserId,
};
use exchange::{ExchangeClient, ExchangeError};
use flights::{Flight, Flights};
use rescue::Unsaved;
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};
use tokio_util::task::{TaskTracker, task_tracker::TaskTrackerToken};
use turns::{Turn, Turns};
use writes::Writes;

/// How often a connection that could not be opened is tried.
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

/// A key that has just been exchanged, with its record.
struct Fresh<'a> {
    token: &'a StoredToken,
    key: ApiKey,
    replaced: Option<&'a StoredToken>,
    keeper: Arc<dyn Keeper>,
}

/// The exchanges of one layer. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Redeem {
    pub(crate) core: Arc<Core>,
    exchange: ExchangeClient,
    pub(crate) pacer: Arc<Pacer>,
    turns: Arc<Turns>,
    flights: Arc<Flights>,
    writes: Arc<Writes>,
    /// Exchanges and saves under way, for a shutdown to wait for.
    tasks: TaskTracker,
}

impl Redeem {
    pub(crate) fn new(core: Arc<Core>, pacer: Arc<Pacer>) -> Result<Self, ConfigError> {
        Ok(Self {
            exchange: ExchangeClient::new(&core.config)?,
            turns: Arc::new(Turns::new(&core.config.limits)),
            flights: Arc::default(),
            writes: Arc::default(),
            pacer,
            tasks: TaskTracker::new(),
            core,
        })
    }

    fn limits(&self) -> &Limits {
        &self.core.config.limits
    }

    /// Refuses new callbacks and waits for the running ones. Returns whether they ended in time.
    pub(crate) async fn shutdown(&self, deadline: Duration) -> bool {
        self.tasks.close();
        tokio::time::timeout(deadline, self.tasks.wait()).await.is_ok()
    }

    /// Carries a callback out, once for each attempt, and waits for the outcome. `keeper` keeps the keys.
    pub(crate) async fn connect(&self, pending: Pending, keeper: Arc<dyn Keeper>) -> Outcome {
        let attempt = pending.attempt;
        let refused = |kind| Outcome { result: Err(Failure::new(kind).of_attempt(attempt)), spent: false };
        let Some(counted) = admit(&self.tasks) else {
            return refused(FailureKind::ShuttingDown);
        };
        let began = self.core.clock.elapsed();
        let receiver = match self.flights.join(attempt, &pending.code, began, self.limits()) {
            Flight::OtherCode => return refused(FailureKind::StateUsed),
            Flight::Follower(receiver) => {
                // A copy takes no place in the queue, so that nobody can fill it with one callback.
                drop(counted);
                receiver
            }
            Flight::Leader(leader) => {
                let receiver = leader.outcome();
                let most = self.limits().exchange_queue.saturating_add(self.limits().exchanges_at_once.max(1));
                if self.tasks.len() > most {
                    leader.finish(refused(FailureKind::Busy), began);
                } else {
                    let redeem = self.clone();
                    tokio::spawn(log::in_current_span(async move {
                        let (outcome, unsaved) = redeem.run(&pending, keeper).await;
                        let ended = guard::caught_now("clock", || redeem.core.clock.elapsed());
                        leader.finish(outcome, ended.unwrap_or(began));
                        if let Some(unsaved) = unsaved {
                            redeem.keep_trying(&pending, *unsaved).await;
                        }
                        drop(counted);
                    }));
                }
                receiver
            }
        };
        flights::outcome(receiver).await.unwrap_or_else(|| refused(FailureKind::Internal))
    }

    async fn run(&self, pending: &Pending, keeper: Arc<dyn Keeper>) -> (Outcome, Option<Box<Unsaved>>) {
        let attempt = pending.attempt;
        // Whether the code may be used up, should something panic.
        let spent = AtomicBool::new(false);
        let obtained = guard::caught("connect", self.obtain(pending, keeper, &spent)).await.unwrap_or_else(|_| {
            let failure = Failure::new(FailureKind::Internal);
            Err(ExchangeError { failure, spent: spent.load(Ordering::Relaxed) }.into())
        });
        metrics::connect(obtained.as_ref().map_or_else(|missed| missed.error.failure.kind().code(), |_| "connected"));
        match obtained {
            Ok(token) => {
                log::info!(%attempt, fingerprint = %token.fingerprint(), "connected");
                if let Some(left) = pending.left.as_ref().filter(|left| **left != pending.user) {
                    self.core.leave(left).await;
                }
                (Outcome { result: Ok(()), spent: true }, None)
            }
            Err(Missed { error: ExchangeError { failure, spent }, unsaved }) => {
                (Outcome { result: Err(failure.of_attempt(attempt)), spent }, unsaved)
            }
        }
    }

    /// Exchanges and saves the key. Returns the record in the store.
    async fn obtain(
        &self,
        pending: &Pending,
        keeper: Arc<dyn Keeper>,
        may_be_spent: &AtomicBool,
    ) -> Result<StoredToken, Missed> {
        let unspent = |failure| Missed::from(ExchangeError { failure, spent: false });
        let replaced = match self.core.load(&pending.user).await {
            Ok(found) => found,
            // There is an answer, so the store works; and a new record is the only cure for one that cannot be read.
            Err(error) if error.kind() == StoreErrorKind::Unreadable => {
                log::warn!(
                    attempt = %pending.attempt, error = %crate::telemetry::log::chain(&error),
                    "a record that cannot be read is replaced if the exchange succeeds"
                );
                None
            }
            Err(error) => return Err(unspent(error.into())),
        };
        let before = replaced.as_ref().map(|token| *token.version());
        self.writes.ensure(&self.core).await.map_err(|error| unspent(error.into()))?;
        // Drawn before the exchange: afterwards there is a key that this task must not lose.
        let version = TokenVersion::draw(&*self.core.randomness)
            .map_err(|error| unspent(Failure::caused_by(FailureKind::Internal, error)))?;
        let (now, charged_at) = (self.core.clock.now(), self.core.clock.elapsed());
        self.turns.charge(pending.charged, charged_at).map_err(unspent)?;
        let (key, turn) = match self.exchange(pending, charged_at, may_be_spent).await {
            Ok(obtained) => obtained,
            // If this attempt used the code, on another node or in an answer that was lost, its record is here.
            Err(error) if may_have_been_used(error.failure.kind()) => {
                let now = self.core.load(&pending.user).await.ok().flatten();
                return now.filter(|token| token.attempt() == Some(pending.attempt)).ok_or(error.into());
            }
            Err(error) => return Err(error.into()),
        };
        let saved_at = guard::caught_now("clock", || self.core.clock.now()).unwrap_or(now);
        let token =
            StoredToken::saved(key.clone(), version, saved_at, Some(pending.attempt)).with_note(pending.note.clone());
        let fresh = Fresh { token: &token, key, replaced: replaced.as_ref(), keeper };
        if let Err(failure) = self.keep(pending, fresh, turn).await {
            let unsaved = (failure.kind() == FailureKind::SaveFailed).then(|| Box::new(Unsaved { token, before }));
            return Err(Missed { error: ExchangeError { failure, spent: true }, unsaved });
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

    /// Waits for a turn and sends the exchange. Repeats it only if that is safe, the code is still valid, and the
    /// total wait is not over.
    async fn exchange(
        &self,
        pending: &Pending,
        charged_at: Duration,
        may_be_spent: &AtomicBool,
    ) -> Result<(ApiKey, Turn), ExchangeError> {
        let (limits, clock) = (self.limits(), &*self.core.clock);
        let began = clock.elapsed();
        let deadline = began.saturating_add(limits.exchange_wait);
        let mut pause = PAUSE;
        let mut tries = 0;
        loop {
            let turn = match self.turns.turn(self, pending.charged, tries > 0, deadline).await {
                // The key of one that was ahead may have met with a store that takes no writes.
                Ok(turn) => self.writes.ensure(&self.core).await.map(|()| turn).map_err(Failure::from),
                busy => busy,
            };
            let turn = turn.map_err(|failure| {
                if tries == 0 {
                    self.turns.refund(pending.charged, charged_at);
                }
                ExchangeError { failure, spent: false }
            })?;
            let now = clock.now();
            may_be_spent.store(true, Ordering::Relaxed);
            let error = match self.exchange.send(&pending.code, now).await {
                Ok(key) => return Ok((key, turn)),
                Err(error) => error,
            };
            may_be_spent.store(error.spent, Ordering::Relaxed);
            tries += 1;
            let kind = error.failure.kind();
            let refused = kind == FailureKind::Busy;
            let wait = if refused { error.failure.retry_after().unwrap_or_default() } else { pause };
            if refused {
                self.turns.refused(self, wait).await;
            }
            drop(turn);
            let again = clock.elapsed().saturating_add(wait);
            let ends = again.saturating_sub(began).saturating_add(limits.exchange_deadline);
            let too_late = again > deadline || ends.saturating_add(limits.save_deadline) >= CODE_LIFETIME;
            if error.spent || too_late || (!refused && tries >= CONNECT_TRIES) {
                return Err(error);
            }
            log::debug!(attempt = %pending.attempt, kind = kind.code(), "the exchange is sent again");
            // After a 429 the bucket, if there is one, knows how long to wait.
            if !refused || limits.exchange_bucket.period.is_zero() {
                clock.sleep(wait).await;
                pause *= 2;
            }
        }
    }

    /// Asks the app and saves a fresh key. If this fails for any reason but a veto or a save that is still
    /// retried, the app is told that a valid key was not stored.
    async fn keep(&self, pending: &Pending, fresh: Fresh<'_>, turn: Turn) -> Result<(), Failure> {
        let token = fresh.token;
        let kept = guard::caught("connect", async {
            self.approve(pending, fresh).await?;
            self.save(pending, token, turn).await
        });
        let failure = match kept.await.ok() {
            Some(Ok(())) => return Ok(()),
            Some(Err(veto)) if veto.kind() == FailureKind::Vetoed => return Err(veto),
            Some(Err(failure)) => failure,
            None => Failure::new(FailureKind::Internal),
        };
        // Perhaps only the confirmations were lost. If the record is in the store now, that confirms the save.
        let found = self.core.load(&pending.user).await.ok().flatten();
        if found.is_some_and(|found| found.version() == token.version()) {
            return Ok(());
        }
        if failure.kind() != FailureKind::SaveFailed {
            self.orphan(pending, token).await;
        }
        Err(failure)
    }

    /// Asks the app whether the key may be stored.
    async fn approve(&self, pending: &Pending, fresh: Fresh<'_>) -> Result<(), Failure> {
        let Fresh { token, key, replaced, keeper } = fresh;
        let client = KomerzaKey::new(keeper, pending.user.clone(), token, key, None);
        let connecting =
            Connecting { user: &pending.user, attempt: pending.attempt, key: &client, note: token.note(), replaced };
        self.core.ask(async { self.core.hooks.before_storing(&connecting).await }).await
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

/// A failed connection, with the fresh key that may still be saved, if there is one.
struct Missed {
    error: ExchangeError,
    unsaved: Option<Box<Unsaved>>,
}

impl From<ExchangeError> for Missed {
    fn from(error: ExchangeError) -> Self {
        Self { error, unsaved: None }
    }
}
