//! From a checked callback to a stored key: what must not be lost when the browser goes away.
//!
//! It runs in a task of its own, counted and bounded; the request only waits for its outcome. In this order:
//!
//! 1. The store is read and the record's version drawn, so that an outage of either costs no code.
//! 2. The user's budget is charged, and a turn is waited for; who gets none has spent nothing.
//! 3. The exchange, repeated only where it cannot have arrived or was refused by 429.
//! 4. The hook that may veto.
//! 5. The save, repeated within its bound, and only then the good news.
//! 6. A key that was received and is neither vetoed nor kept, whatever came between, is told to the app.

mod budgets;
pub(crate) mod exchange;
mod flights;
#[cfg(all(test, feature = "__explore"))]
mod interleavings;
mod turns;

pub(crate) use flights::{Boarding, Flights, Landed, Outcome, outcome};
pub(crate) use turns::{Turns, UserKey};

use crate::{
    api::KomerzaKey,
    attempt::AttemptId,
    context::{Context, Unfinished, caught, within},
    failure::{Failure, FailureKind},
    hooks::{Connected, Connecting, Orphaned},
    provider::CODE_LIFETIME,
    redeem::exchange::ExchangeError,
    secret::{ApiKey, AuthorizationCode},
    site::session::BrowserSession,
    store::{StoreError, StoreErrorKind, StoredToken, TokenVersion},
    sync::step,
    telemetry::log,
    user::UserId,
};
use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};
use tokio_util::task::{TaskTracker, task_tracker::TaskTrackerToken};

/// How often a connection that could not be opened is tried.
const CONNECT_TRIES: u32 = 3;

/// The first pause between tries; each further one is twice as long.
const PAUSE: Duration = Duration::from_millis(100);

/// A callback whose state has been checked.
pub(crate) struct Pending {
    pub(crate) attempt: AttemptId,
    pub(crate) code: AuthorizationCode,
    /// Whose key it will be.
    pub(crate) user: UserId,
    /// Whose budget the exchange is charged to.
    pub(crate) charged: UserKey,
    pub(crate) begun_at: SystemTime,
    /// The session that the browser moves to, and the id of the one that it leaves, whose record goes.
    pub(crate) session: Option<BrowserSession>,
    pub(crate) left: Option<UserId>,
    pub(crate) return_to: String,
}

/// Acts on a callback, once for each attempt, and waits for the outcome.
pub(crate) async fn connect(context: &Arc<Context>, pending: Pending) -> Result<Landed, Failure> {
    let attempt = pending.attempt;
    let limits = &context.config.limits;
    let Some(counted) = admit(&context.tasks) else {
        return Err(Failure::new(FailureKind::ShuttingDown).of_attempt(attempt));
    };
    let receiver = match context.flights.board(attempt, &pending.code, context.clock.elapsed(), limits) {
        Boarding::OtherCode => return Err(Failure::new(FailureKind::StateUsed).of_attempt(attempt)),
        Boarding::Copy(receiver) => {
            // It only looks on: whoever sends one callback a thousand times takes nobody's place.
            drop(counted);
            receiver
        }
        Boarding::First(pilot) => {
            let receiver = pilot.outcome();
            let most = limits.exchange_queue.saturating_add(limits.exchanges_at_once.max(1));
            if context.tasks.len() > most {
                let result = Err(Failure::new(FailureKind::Busy).of_attempt(attempt));
                pilot.land(Outcome { result, spent: false }, context.clock.elapsed());
            } else {
                let context = Arc::clone(context);
                tokio::spawn(log::in_current_span(async move {
                    let outcome = run(&context, pending).await;
                    pilot.land(outcome, context.clock.elapsed());
                    drop(counted);
                }));
            }
            receiver
        }
    };
    let landed = outcome(receiver).await.map(|outcome| outcome.result);
    landed.unwrap_or_else(|| Err(Failure::new(FailureKind::Internal).of_attempt(attempt)))
}

/// Counts a task before it asks whether the process shuts down, so that a shutdown either waits for it or refuses it.
fn admit(tasks: &TaskTracker) -> Option<TaskTrackerToken> {
    let counted = tasks.token();
    step();
    (!tasks.is_closed()).then_some(counted)
}

async fn run(context: &Arc<Context>, pending: Pending) -> Outcome {
    let attempt = pending.attempt;
    let obtained = obtain(context, &pending).await;
    crate::telemetry::metrics::connect(
        obtained.as_ref().map_or_else(|error| error.failure.kind().code(), |_| "connected"),
    );
    match obtained {
        Ok(token) => {
            log::info!(%attempt, fingerprint = %token.fingerprint(), "connected");
            leave(context, &pending).await;
            Outcome { result: Ok(Landed { return_to: pending.return_to, session: pending.session }), spent: true }
        }
        Err(ExchangeError { failure, spent }) => Outcome { result: Err(failure.of_attempt(attempt)), spent },
    }
}

/// The key, exchanged and saved; the record that is in the store.
async fn obtain(context: &Arc<Context>, pending: &Pending) -> Result<StoredToken, ExchangeError> {
    let unspent = |failure| ExchangeError { failure, spent: false };
    let spent = |failure| ExchangeError { failure, spent: true };
    let before = match context.load(&pending.user).await {
        Ok(before) => before.map(|token| *token.version()),
        // There is an answer, so the store works; and a new record is the only cure for one that cannot be read.
        Err(error) if error.kind() == StoreErrorKind::Unreadable => {
            log::warn!(
                attempt = %pending.attempt, error = %crate::telemetry::log::chain(&error),
                "a record that cannot be read is replaced if the exchange succeeds"
            );
            None
        }
        Err(error) => return Err(unspent(Failure::caused_by(FailureKind::StoreUnavailable, error))),
    };
    // Drawn while nothing is spent: from the exchange on, a key lives at Komerza that this task must not lose.
    let version = TokenVersion::draw(&*context.randomness)
        .map_err(|error| unspent(Failure::caused_by(FailureKind::Internal, error)))?;
    let charged_at = context.clock.elapsed();
    context.turns.charge(pending.charged, charged_at).map_err(unspent)?;
    let key = match exchange(context, pending, charged_at).await {
        Ok(key) => key,
        Err(error) if may_have_been_used(error.failure.kind()) => {
            let now = context.load(&pending.user).await.ok().flatten();
            return now.filter(|token| is_of_this_attempt(pending, before.as_ref(), token)).ok_or(error);
        }
        Err(error) => return Err(error),
    };
    let token = StoredToken::saved(key.clone(), version, context.clock.now());
    keep(context, pending, &token, &key).await.map_err(spent)?;
    let event = Connected {
        user: pending.user.clone(),
        attempt: pending.attempt,
        fingerprint: token.fingerprint(),
        version: *token.version(),
    };
    context.hook(context.hooks.connected(&event)).await;
    Ok(token)
}

/// Whether the provider may mean by this that the code was used before. It documents neither the statuses nor whether a used code
/// is called so, or expired, or is refused without a word.
fn may_have_been_used(kind: FailureKind) -> bool {
    matches!(kind, FailureKind::InvalidCode | FailureKind::ExpiredCode | FailureKind::ExchangeRefused)
}

/// Whether a refused code was used by this very attempt, on another node or in an answer that got lost: then there is a record of
/// its user that was saved since it began.
fn is_of_this_attempt(pending: &Pending, before: Option<&TokenVersion>, token: &StoredToken) -> bool {
    // A browser's next session was drawn for this attempt, so nobody else can have saved a record of it.
    pending.session.is_some()
        // Saved while this one waited for its answer.
        || Some(token.version()) != before
        // By the clocks of two nodes. No slack for clocks that differ: a user may have connected a minute before this attempt, and
        // its failure must not pass for that success.
        || token.saved_at() >= pending.begun_at
}

/// Sends the exchange when it is this one's turn, again only where that is safe, the code still lives, and the wait that is
/// allowed in all is not over.
async fn exchange(context: &Context, pending: &Pending, charged_at: Duration) -> Result<ApiKey, ExchangeError> {
    let (limits, clock) = (&context.config.limits, &*context.clock);
    let began = clock.elapsed();
    let deadline = began.saturating_add(limits.exchange_wait);
    let mut pause = PAUSE;
    let mut tries = 0_u32;
    loop {
        let turn = context.turns.turn(pending.charged, clock, deadline).await;
        let turn = turn.map_err(|failure| {
            if tries == 0 {
                context.turns.refund(pending.charged, charged_at);
            }
            ExchangeError { failure, spent: false }
        })?;
        let error = match context.exchange.exchange(&pending.code, clock.now()).await {
            Ok(key) => return Ok(key),
            Err(error) => error,
        };
        drop(turn);
        tries = tries.saturating_add(1);
        let kind = error.failure.kind();
        let wait = match kind {
            FailureKind::Busy => error.failure.retry_after().unwrap_or_default(),
            _ => pause,
        };
        let again = clock.elapsed().saturating_add(wait);
        let ends = again.saturating_sub(began).saturating_add(limits.exchange_deadline);
        let too_late = again > deadline || ends.saturating_add(limits.save_deadline) >= CODE_LIFETIME;
        if error.spent || too_late || (kind != FailureKind::Busy && tries >= CONNECT_TRIES) {
            return Err(error);
        }
        log::debug!(attempt = %pending.attempt, kind = kind.code(), "the exchange is sent again");
        clock.sleep(wait).await;
        pause = pause.saturating_mul(2);
    }
}

/// Asks the app and saves a fresh key, the only one of its kind. Whatever ends that, but for a veto, the app is told of a live
/// key that nobody holds.
async fn keep(context: &Arc<Context>, pending: &Pending, token: &StoredToken, key: &ApiKey) -> Result<(), Failure> {
    let kept = caught(async {
        approve(context, pending, token, key).await?;
        save(context, pending, token).await
    });
    let failure = match kept.await {
        Some(Ok(())) => return Ok(()),
        Some(Err(veto)) if veto.kind() == FailureKind::Vetoed => return Err(veto),
        Some(Err(failure)) => failure,
        None => Failure::new(FailureKind::Internal),
    };
    // It may be that only the confirmations were lost; what the store says now is one.
    let found = caught(context.load(&pending.user)).await.and_then(Result::ok).flatten();
    if found.is_some_and(|found| found.version() == token.version()) {
        return Ok(());
    }
    let Pending { user, attempt, .. } = pending;
    log::error!(%attempt, fingerprint = %token.fingerprint(), "a fresh key is not kept: it lives on at Komerza, and nobody holds it");
    let event = Orphaned { user: user.clone(), attempt: *attempt, fingerprint: token.fingerprint() };
    context.hook(context.hooks.orphaned(&event)).await;
    Err(failure)
}

/// Asks the app whether the key may be stored.
async fn approve(context: &Arc<Context>, pending: &Pending, token: &StoredToken, key: &ApiKey) -> Result<(), Failure> {
    let client = KomerzaKey::new(Arc::clone(context), pending.user.clone(), token, key.clone());
    let connecting = Connecting { user: &pending.user, attempt: pending.attempt, key: &client };
    match context.ask(context.hooks.before_storing(&connecting)).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(veto)) => Err(Failure::new(FailureKind::Vetoed).because(veto.into_reason())),
        Err(Unfinished::Late) => Err(Failure::new(FailureKind::Vetoed)),
        Err(Unfinished::Panicked) => Err(Failure::new(FailureKind::Internal)),
    }
}

/// Saves a fresh key, again and again within the bound: the code is spent and there is no other way to it.
async fn save(context: &Context, pending: &Pending, token: &StoredToken) -> Result<(), Failure> {
    let limits = &context.config.limits;
    let mut last = None;
    let tries = async {
        let mut pause = PAUSE;
        while let Err(error) = within(limits.store_deadline, context.store().save(&pending.user, token)).await {
            log::warn!(
                attempt = %pending.attempt, error = %crate::telemetry::log::chain(&error),
                "saving a fresh key failed; it is tried again"
            );
            last = Some(error);
            tokio::time::sleep(pause).await;
            pause = pause.saturating_mul(2);
        }
    };
    let saved = tokio::time::timeout(limits.save_deadline, tries).await;
    saved.map_err(|_| Failure::caused_by(FailureKind::SaveFailed, last.unwrap_or_else(StoreError::timed_out)))
}

/// Forgets the record of the session that the browser has left. The new key is safe whatever comes of this.
async fn leave(context: &Context, pending: &Pending) {
    let Some(left) = pending.left.as_ref().filter(|left| **left != pending.user) else { return };
    if let Err(error) = context.delete(left).await {
        log::warn!(
            attempt = %pending.attempt, error = %crate::telemetry::log::chain(&error),
            "the record of the earlier browser session could not be removed"
        );
    }
}
