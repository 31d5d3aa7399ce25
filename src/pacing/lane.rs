//! One bucket and the line in front of it.

use super::line::{Line, Place};
use super::{Ask, BucketId, Busy, SharedBuckets, Taken, bucket::TokenBucket};
use crate::telemetry::{log, metrics};
use crate::{config::Bucket, sync::Lock, time::Clock};
use std::{sync::Arc, time::Duration};

/// How long a shared bucket is not asked after it failed, so that one that hangs does not delay every call.
const ALONE: Duration = Duration::from_secs(5);

/// A shared bucket that did not answer for so long counts as failed.
const LONG_ENOUGH: Duration = Duration::from_millis(50);

/// How long others wait for the answer to the exchange that goes ahead.
const PROBE: Duration = Duration::from_secs(2);

/// What a bucket is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Kind {
    /// The calls of one key.
    Calls,
    /// All exchanges. While nothing is known of the provider's bucket, one exchange goes ahead and the others
    /// wait for its answer.
    Exchanges,
    /// The part of the exchanges that unknown browsers may use.
    Strangers,
}

impl Kind {
    fn label(self) -> &'static str {
        if self == Self::Calls { "call" } else { "exchange" }
    }
}

/// One bucket and its line. No lock is held while anything is awaited.
pub(crate) struct Lane {
    id: BucketId,
    kind: Kind,
    limit: Bucket,
    shared: Option<Arc<dyn SharedBuckets>>,
    state: Lock<State>,
}

/// A turn. Hold that of an exchange until its answer is known.
pub(crate) struct Turn {
    /// How long it was waited for.
    pub(crate) waited: Duration,
    lane: Option<Arc<Lane>>,
}

struct State {
    bucket: TokenBucket,
    line: Line,
    /// Whether a request is asking the shared bucket.
    asking: bool,
    /// Before this time the shared bucket has no token.
    ask_at: Duration,
    /// Until then our own bucket is used, because the shared one failed.
    alone_until: Duration,
    /// Whether a 429 came since the shared bucket was asked last.
    refused: bool,
    /// Until then the others wait for the answer to an exchange that is ahead. Zero: none is.
    probe_until: Duration,
    /// Whether a 429 came and no good answer since.
    doubt: bool,
}

impl Lane {
    pub(super) fn new(id: BucketId, kind: Kind, limit: Bucket, shared: Option<Arc<dyn SharedBuckets>>) -> Self {
        let state = State {
            bucket: TokenBucket::full(limit, super::SLACK),
            line: Line::default(),
            asking: false,
            ask_at: Duration::ZERO,
            alone_until: Duration::ZERO,
            refused: false,
            probe_until: Duration::ZERO,
            doubt: false,
        };
        Self { id, kind, limit, shared, state: Lock::new(state) }
    }

    /// Whether tokens come from the shared bucket at this time.
    fn shares(&self, state: &State, now: Duration) -> bool {
        self.shared.is_some() && !self.limit.period.is_zero() && state.alone_until <= now
    }

    /// Waits for a turn.
    pub(crate) async fn turn(self: &Arc<Self>, ask: Ask, clock: &dyn Clock, deadline: Duration) -> Result<Turn, Busy> {
        self.wait(ask, clock, deadline).await.map(|waited| {
            let lane = (self.kind == Kind::Exchanges).then(|| Arc::clone(self));
            lane.iter().for_each(|_| metrics::exchanging(1.0));
            Turn { waited, lane }
        })
    }

    async fn wait(&self, ask: Ask, clock: &dyn Clock, deadline: Duration) -> Result<Duration, Busy> {
        if self.limit.period.is_zero() {
            return Ok(Duration::ZERO);
        }
        let (place, began) = {
            let mut state = self.state.lock();
            let began = clock.elapsed();
            let shares = self.shares(&state, began);
            if !shares {
                state.grant_own(self.kind, began);
            }
            // Nobody overtakes those who wait.
            let free = state.line.is_empty() && !shares;
            let impatient = ask.patience.is_zero();
            if free && (state.take_own(self.kind, began) || (impatient && state.bucket.take(began).is_ok())) {
                return Ok(Duration::ZERO);
            }
            let ahead = if ask.again { 0 } else { state.line.ahead_of(ask.party) };
            let full = !ask.again && state.line.len() >= ask.most_waiting;
            let wait = state.bucket.wait_for(ahead.saturating_add(1), began);
            if full || wait > ask.patience {
                return Err(Busy { wait, waited: Duration::ZERO });
            }
            (state.line.join(ask.party, ask.again), began)
        };
        metrics::waiting(self.kind.label(), 1.0);
        let waiting = Waiting { lane: self, place: &place };
        loop {
            let (wait, asks) = {
                let mut state = self.state.lock();
                let now = clock.elapsed();
                let shares = self.shares(&state, now);
                if !shares {
                    state.grant_own(self.kind, now);
                }
                let wait = if state.line.is_front(&place) { state.next_wait(now, shares) } else { Duration::MAX };
                let asks = shares && wait.is_zero() && !state.asking;
                if asks {
                    (state.asking, state.refused) = (true, false);
                }
                (wait, asks)
            };
            let waited = clock.elapsed().saturating_sub(began);
            if place.is_granted() {
                return Ok(waited);
            }
            let left = ask.patience.saturating_sub(waited);
            // With no patience at all the shared bucket is still asked once.
            if left.is_zero() && !asks {
                drop(waiting);
                return Err(Busy { wait: self.wait_estimate(ask.party, clock.elapsed()), waited });
            }
            if asks {
                let patience = if left.is_zero() { deadline } else { deadline.min(left) };
                if self.ask(clock, patience, patience < deadline.min(LONG_ENOUGH)).await || place.is_granted() {
                    continue;
                }
                drop(waiting);
                return Err(Busy { wait: self.wait_estimate(ask.party, clock.elapsed()), waited });
            }
            tokio::select! {
                biased;
                () = place.wake.notified() => {}
                () = clock.sleep(wait.min(left)) => {}
            }
        }
    }

    /// Takes tokens out of the shared bucket for those who wait, or out of our own while that cannot be
    /// asked. `false`: the shared bucket did not answer, but the deadline was `short`, so this does not
    /// show that the bucket is down.
    async fn ask(&self, clock: &dyn Clock, deadline: Duration, short: bool) -> bool {
        let Some(shared) = &self.shared else { return true };
        let _asking = Asking(self);
        let (wanted, ahead) = {
            let state = self.state.lock();
            let ahead = state.goes_ahead(self.kind, clock.elapsed());
            (if ahead { 1 } else { state.line.len() }, ahead)
        };
        let wanted = u32::try_from(wanted).unwrap_or(u32::MAX).clamp(1, self.limit.capacity.max(1));
        let asked = tokio::time::timeout(deadline, shared.take(&self.id, self.limit, wanted)).await;
        let mut state = self.state.lock();
        let now = clock.elapsed();
        if state.refused {
            // Tokens from before the 429 do not count.
            return true;
        }
        if asked.is_err() && short {
            return false;
        }
        match asked.unwrap_or_else(|late| Err(late.into())) {
            Ok(Taken { granted, wait }) => {
                let mut tokens = 0..granted.min(wanted);
                // Our own bucket follows, for estimates and for an outage.
                for _ in tokens.clone() {
                    let _ = state.bucket.take(now);
                }
                if granted < wanted {
                    state.bucket.empty(wait, now);
                    state.ask_at = now.saturating_add(wait.max(Duration::from_millis(1)));
                }
                if ahead && granted > 0 && !state.line.is_empty() {
                    state.probe_until = now.saturating_add(PROBE);
                }
                // Tokens for callers who have left are lost. Kept, they would add to a bucket that is full again.
                state.grant(|_| tokens.next().is_some());
            }
            Err(error) => {
                log::warn!(error = %crate::telemetry::log::chain(&*error), "the shared bucket does not answer; this process uses its own");
                state.alone_until = now.saturating_add(ALONE);
                state.grant_own(self.kind, now);
            }
        }
        true
    }

    /// Learns from a 429 that the bucket is empty for so long.
    pub(crate) async fn refused(&self, wait: Duration, clock: &dyn Clock, deadline: Duration) {
        let shares = {
            let mut state = self.state.lock();
            let now = clock.elapsed();
            state.bucket.empty(wait, now);
            state.ask_at = state.ask_at.max(now.saturating_add(wait));
            (state.refused, state.doubt, state.probe_until) = (true, true, Duration::ZERO);
            self.shares(&state, now)
        };
        if let Some(shared) = self.shared.as_ref().filter(|_| shares) {
            let noted = tokio::time::timeout(deadline, shared.empty(&self.id, self.limit, wait)).await;
            if let Err(error) = noted.unwrap_or_else(|late| Err(late.into())) {
                log::warn!(error = %crate::telemetry::log::chain(&*error), "the shared bucket could not be told of a refusal");
                self.state.lock().alone_until = clock.elapsed().saturating_add(ALONE);
            }
        }
    }

    pub(crate) fn remaining(&self, now: Duration) -> u32 {
        let state = self.state.lock();
        if state.line.is_empty() { state.bucket.remaining(now) } else { 0 }
    }

    pub(crate) fn wait_estimate(&self, party: super::Party, now: Duration) -> Duration {
        let state = self.state.lock();
        state.bucket.wait_for(state.line.ahead_of(party).saturating_add(1), now)
    }

    pub(super) fn is_full(&self, now: Duration) -> bool {
        let state = self.state.lock();
        state.line.is_empty() && state.bucket.is_full(now)
    }
}

impl State {
    /// Whether nothing is known of the provider's bucket: nothing was sent lately, or the last answer was a
    /// 429.
    fn goes_ahead(&self, kind: Kind, now: Duration) -> bool {
        kind == Kind::Exchanges && (self.doubt || self.bucket.is_full(now))
    }

    /// Takes a token of our own bucket.
    fn take_own(&mut self, kind: Kind, now: Duration) -> bool {
        let ahead = self.goes_ahead(kind, now);
        let taken = self.probe_until <= now && self.bucket.take(now).is_ok();
        if taken && ahead {
            self.probe_until = now.saturating_add(PROBE);
        }
        taken
    }

    /// Gives our own bucket's tokens to those whose turn it is.
    fn grant_own(&mut self, kind: Kind, now: Duration) {
        self.grant(|state| state.take_own(kind, now));
    }

    /// Gives turns for as long as `take` finds a token.
    fn grant(&mut self, mut take: impl FnMut(&mut Self) -> bool) {
        let mut granted = false;
        while !self.line.is_empty() && take(self) {
            // A caller that leaves at this moment costs one token.
            self.line.next().iter().for_each(|place| place.grant());
            granted = true;
        }
        if granted {
            self.line.wake_fronts();
        }
    }

    /// How long those at the front sleep; zero when the shared bucket is to be asked.
    fn next_wait(&self, now: Duration, shared: bool) -> Duration {
        let token = if !shared {
            self.bucket.wait_for(1, now)
        } else if self.asking {
            Duration::MAX
        } else {
            self.ask_at.saturating_sub(now)
        };
        token.max(self.probe_until.saturating_sub(now))
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let Some(lane) = &self.lane else { return };
        metrics::exchanging(-1.0);
        let mut state = lane.state.lock();
        // A 429 has ended the probe already, and the doubt stays.
        if !std::mem::take(&mut state.probe_until).is_zero() {
            state.doubt = false;
            state.line.wake_fronts();
        }
    }
}

/// Leaves the line when the call is given up.
struct Waiting<'a> {
    lane: &'a Lane,
    place: &'a Arc<Place>,
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        metrics::waiting(self.lane.kind.label(), -1.0);
        if !self.place.is_granted() {
            let mut state = self.lane.state.lock();
            state.line.leave(self.place);
            state.line.wake_fronts();
        }
    }
}

/// The shared bucket is being asked, until this is dropped.
struct Asking<'a>(&'a Lane);

impl Drop for Asking<'_> {
    fn drop(&mut self) {
        let mut state = self.0.state.lock();
        state.asking = false;
        state.line.wake_fronts();
    }
}
