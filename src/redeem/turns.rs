//! Whose exchange is next: one limiter for the process, shaped like the provider's bucket and fair between users.
//!
//! 1. Each user has a budget of exchanges a minute, so that one who sends junk cannot use up everybody's bucket.
//! 2. Who finds no token waits in a bounded queue; turns go round the users, not round the requests.
//! 3. Who would wait too long is told at once how long, and has spent nothing.

use super::budgets::Budgets;
use crate::{
    config::Limits,
    failure::{Failure, FailureKind},
    pacing::bucket::TokenBucket,
    sync::Lock,
    time::Clock,
};
use std::{collections::VecDeque, sync::Arc, time::Duration};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};

/// Identifies a user towards the limiter: a hash.
pub(crate) type UserKey = [u8; 32];

/// The limiter of one layer.
pub(crate) struct Turns {
    state: Lock<State>,
    at_once: Arc<Semaphore>,
    queue: usize,
}

struct State {
    bucket: TokenBucket,
    line: Line<UserKey>,
    budgets: Budgets,
}

/// A turn: hold it while the exchange runs.
#[derive(Debug)]
pub(crate) struct Turn {
    _place: OwnedSemaphorePermit,
}

impl Turns {
    pub(crate) fn new(limits: &Limits) -> Self {
        let state = State {
            bucket: TokenBucket::full(limits.exchange_bucket),
            line: Line { users: VecDeque::new(), waiting: 0 },
            budgets: Budgets::new(limits.exchanges_per_user),
        };
        Self {
            state: Lock::new(state),
            at_once: Arc::new(Semaphore::new(limits.exchanges_at_once.max(1))),
            queue: limits.exchange_queue,
        }
    }

    /// Counts an exchange against a user's budget.
    pub(crate) fn charge(&self, user: UserKey, now: Duration) -> Result<(), Failure> {
        let charged = self.state.lock().budgets.charge(user, now);
        charged.map_err(|free| Failure::new(FailureKind::TooManyAttempts).retry_after_exactly(free))
    }

    /// Takes back a charge of that time: no exchange was begun.
    pub(crate) fn refund(&self, user: UserKey, charged_at: Duration) {
        self.state.lock().budgets.refund(user, charged_at);
    }

    /// Waits for a turn, at most until `deadline` on the clock.
    pub(crate) async fn turn(&self, user: UserKey, clock: &dyn Clock, deadline: Duration) -> Result<Turn, Failure> {
        let busy = |wait| {
            // A bucket that never fills again has no time at which to come back.
            let wait = if wait == Duration::MAX { Duration::ZERO } else { wait };
            Failure::new(FailureKind::Busy).retry_after_at_least(wait)
        };
        let mut granted = {
            let mut state = self.state.lock();
            state.grant(clock.elapsed());
            // Nobody overtakes those who wait.
            let wait = if state.line.waiting == 0 { state.bucket.take(clock.elapsed()) } else { Err(Duration::ZERO) };
            match wait {
                Ok(()) => None,
                Err(wait) if state.line.waiting >= self.queue => return Err(busy(wait)),
                Err(_) => Some(state.line.join(user)),
            }
        };
        while let Some(turn) = &mut granted {
            let wait = {
                let mut state = self.state.lock();
                let now = clock.elapsed();
                let (wait, left) = (state.grant(now), deadline.saturating_sub(now));
                // A turn that came at the last moment is a turn. Tokens are given under the lock, so none comes unseen.
                if turn.try_recv().is_ok() {
                    break;
                }
                if left.is_zero() {
                    turn.close();
                    return Err(busy(wait));
                }
                wait.min(left)
            };
            tokio::select! {
                biased;
                _ = turn => granted = None,
                () = clock.sleep(wait) => {}
            }
        }
        let place = Arc::clone(&self.at_once).acquire_owned();
        tokio::select! {
            biased;
            Ok(place) = place => Ok(Turn { _place: place }),
            () = clock.sleep(deadline.saturating_sub(clock.elapsed())) => Err(busy(Duration::ZERO)),
        }
    }
}

impl State {
    /// Gives tokens to those whose turn it is; returns the wait until there may be more.
    fn grant(&mut self, now: Duration) -> Duration {
        loop {
            self.line.leave_out_the_gone();
            if self.line.waiting == 0 {
                return Duration::MAX;
            }
            if let Err(wait) = self.bucket.take(now) {
                return wait;
            }
            if let Some(next) = self.line.next() {
                // One that goes away at this very moment costs a token and nothing else.
                let _ = next.send(());
            }
        }
    }
}

/// Those who wait, by user; the user at the front is next.
struct Line<K> {
    users: VecDeque<(K, VecDeque<oneshot::Sender<()>>)>,
    waiting: usize,
}

impl<K: Eq> Line<K> {
    fn join(&mut self, user: K) -> oneshot::Receiver<()> {
        let (sender, receiver) = oneshot::channel();
        match self.users.iter_mut().find(|(other, _)| *other == user) {
            Some((_, waiting)) => waiting.push_back(sender),
            None => self.users.push_back((user, VecDeque::from([sender]))),
        }
        self.waiting = self.waiting.saturating_add(1);
        receiver
    }

    /// The first of the user at the front, who then goes to the back.
    fn next(&mut self) -> Option<oneshot::Sender<()>> {
        let (user, mut waiting) = self.users.pop_front()?;
        let next = waiting.pop_front();
        if !waiting.is_empty() {
            self.users.push_back((user, waiting));
        }
        self.waiting = self.waiting.saturating_sub(usize::from(next.is_some()));
        next
    }

    fn leave_out_the_gone(&mut self) {
        self.users.retain_mut(|(_, waiting)| {
            waiting.retain(|sender| !sender.is_closed());
            !waiting.is_empty()
        });
        self.waiting = self.users.iter().map(|(_, waiting)| waiting.len()).sum();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{config::Bucket, time::ManualClock};

    const SECOND: Duration = Duration::from_secs(1);

    fn turns(change: impl FnOnce(&mut Limits)) -> Arc<Turns> {
        let mut limits =
            Limits { exchange_bucket: Bucket { capacity: 1, refill: 1, period: SECOND }, ..Limits::default() };
        change(&mut limits);
        Arc::new(Turns::new(&limits))
    }

    fn ask(turns: &Arc<Turns>, user: u8, clock: &ManualClock, within: Duration) -> tokio::task::JoinHandle<Option<u8>> {
        let (turns, clock) = (Arc::clone(turns), clock.clone());
        let deadline = clock.elapsed() + within;
        tokio::spawn(async move { turns.turn([user; 32], &clock, deadline).await.ok().map(|_| user) })
    }

    async fn settle() {
        for _ in 0..50 {
            tokio::task::yield_now().await;
        }
    }

    #[tokio::test]
    async fn t40_turns_go_round_the_users_and_not_round_the_requests() {
        let (turns, clock) = (turns(|_| {}), ManualClock::default());
        assert!(ask(&turns, 0, &clock, SECOND).await.unwrap().is_some(), "the full bucket's token");
        let mallory: Vec<_> = (0..5).map(|_| ask(&turns, 1, &clock, 60 * SECOND)).collect();
        settle().await;
        let alice = ask(&turns, 2, &clock, 60 * SECOND);
        for _ in 0..2 {
            settle().await;
            clock.advance(SECOND);
        }
        settle().await;
        assert!(alice.is_finished(), "second in turn, though sixth to come");
        assert_eq!(mallory.iter().filter(|turn| turn.is_finished()).count(), 1);
    }

    #[tokio::test]
    async fn who_would_wait_too_long_or_in_too_long_a_line_is_told_so() {
        let (turns, clock) = (turns(|limits| limits.exchange_queue = 1), ManualClock::default());
        ask(&turns, 0, &clock, SECOND).await.unwrap();
        let waiting = ask(&turns, 1, &clock, SECOND / 2);
        settle().await;
        assert_eq!(ask(&turns, 2, &clock, SECOND).await.unwrap(), None, "the line is full");
        clock.advance(SECOND / 2);
        assert_eq!(waiting.await.unwrap(), None, "the deadline is over");
        assert_eq!(turns.state.lock().grant(clock.elapsed()), Duration::MAX, "nobody is left in the line");
    }

    #[tokio::test]
    async fn t59_one_who_goes_away_leaves_the_line() {
        let (turns, clock) = (turns(|_| {}), ManualClock::default());
        ask(&turns, 0, &clock, SECOND).await.unwrap();
        let gone = ask(&turns, 1, &clock, 60 * SECOND);
        let stays = ask(&turns, 2, &clock, 60 * SECOND);
        settle().await;
        gone.abort();
        settle().await;
        clock.advance(SECOND);
        assert_eq!(stays.await.unwrap(), Some(2), "the token is not given to who has gone");
    }

    #[tokio::test]
    async fn a_turn_that_comes_at_the_very_deadline_is_taken() {
        let (turns, clock) = (turns(|_| {}), ManualClock::default());
        ask(&turns, 0, &clock, SECOND).await.unwrap();
        let waiting = ask(&turns, 1, &clock, SECOND);
        settle().await;
        clock.advance(SECOND);
        assert_eq!(waiting.await.unwrap(), Some(1));
    }

    #[tokio::test]
    async fn a_bucket_that_never_fills_again_names_no_time_for_ever() {
        let never = Bucket { capacity: 0, refill: 0, period: SECOND };
        for queue in [0, 1] {
            let turns = turns(|limits| (limits.exchange_bucket, limits.exchange_queue) = (never, queue));
            let busy = turns.turn([1; 32], &ManualClock::default(), Duration::ZERO).await.unwrap_err();
            assert!(busy.retry_after().is_some_and(|wait| wait < 60 * SECOND), "{busy:?}");
        }
    }
}
