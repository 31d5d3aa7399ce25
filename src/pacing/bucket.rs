//! A token bucket that is refilled in batches. The provider describes its own bucket like this; we see that
//! one only from outside.
//!
//! The provider's periods begin at moments that we do not know, and a batch that finds the bucket nearly full
//! is partly lost. So a request is safe only if every such bucket has a token for it, whenever its periods
//! begin. That is: take any request and any later one, and count both and all requests between them. There
//! may be at most `capacity`, and `refill` more for each whole period between the two, because that many
//! periods have certainly ended in between.
//!
//! The rule needs no history beyond the last `capacity` requests. Let `t` be the time of request number `n`,
//! and `due(n) = max(t, due(n - refill) + period)`. Then request number `n` is safe from `due(n - capacity) +
//! period` on.

use crate::config::Bucket;
use std::{collections::VecDeque, time::Duration};

/// The state of one bucket. Times are those of [`Clock::elapsed`](crate::time::Clock::elapsed).
#[derive(Debug, Clone)]
pub(crate) struct TokenBucket {
    limit: Bucket,
    /// How much later than counted a request may arrive at the provider.
    slack: Duration,
    /// `due` of the last requests, oldest first; as many as the capacity, or fewer.
    due: VecDeque<Duration>,
    /// Before this time there are no tokens, because the provider said so.
    closed_until: Duration,
}

impl TokenBucket {
    pub(crate) fn full(limit: Bucket, slack: Duration) -> Self {
        Self { limit, slack, due: VecDeque::new(), closed_until: Duration::ZERO }
    }

    /// Takes a token, or says how long it takes until there is one: [`Duration::MAX`] for never.
    pub(crate) fn take(&mut self, now: Duration) -> Result<(), Duration> {
        if self.limit.period.is_zero() {
            return Ok(());
        }
        // When the next token can be taken, if the provider has not said otherwise.
        let next = match self.due.front() {
            _ if self.limit.capacity == 0 => Duration::MAX,
            Some(due) if self.due.len() >= self.capacity() => {
                due.saturating_add(self.limit.period).saturating_add(self.slack)
            }
            _ => Duration::ZERO,
        };
        let from = next.max(self.closed_until);
        if from > now {
            return Err(if from == Duration::MAX { from } else { from.saturating_sub(now) });
        }
        let batch = self.batch();
        let earlier = self.due.len().checked_sub(batch).and_then(|at| self.due.get(at));
        let due = match earlier {
            _ if batch == 0 => Duration::MAX,
            Some(due) => due.saturating_add(self.limit.period).max(now),
            None => now,
        };
        if self.due.len() >= self.capacity() {
            self.due.pop_front();
        }
        self.due.push_back(due);
        Ok(())
    }

    /// Tokens that could be taken now.
    pub(crate) fn remaining(&self, now: Duration) -> u32 {
        let mut trial = self.clone();
        if self.limit.period.is_zero() {
            return u32::MAX;
        }
        let taken = std::iter::from_fn(|| trial.take(now).ok()).take(self.capacity()).count();
        u32::try_from(taken).unwrap_or(u32::MAX)
    }

    /// The wait for the last of `tokens` tokens, if nobody else takes any: [`Duration::MAX`] for never.
    pub(crate) fn wait_for(&self, tokens: usize, now: Duration) -> Duration {
        let mut trial = self.clone();
        let mut at = now;
        for _ in 0..tokens {
            while let Err(wait) = trial.take(at) {
                if wait == Duration::MAX {
                    return wait;
                }
                at = at.saturating_add(wait);
            }
        }
        at.saturating_sub(now)
    }

    /// The provider found the bucket empty: nothing for `wait`, then batch by batch.
    ///
    /// Does nothing if the bucket is already closed for longer.
    pub(crate) fn empty(&mut self, wait: Duration, now: Duration) {
        let until = now.saturating_add(wait);
        if self.limit.period.is_zero() || until <= self.closed_until {
            return;
        }
        self.closed_until = until;
        let (batch, capacity) = (self.batch().max(1), self.capacity());
        // The first batch comes at `until`, and one more at the end of each period. No token comes earlier than it would have
        // come without the refusal.
        let first = until.saturating_sub(self.limit.period).saturating_sub(self.slack);
        let unknown = capacity.saturating_sub(self.due.len());
        let known = std::iter::repeat_n(Duration::ZERO, unknown).chain(self.due.iter().copied());
        self.due = known
            .enumerate()
            .map(|(at, due)| {
                let batches = u32::try_from(at.checked_div(batch).unwrap_or_default()).unwrap_or(u32::MAX);
                first.saturating_add(self.limit.period.saturating_mul(batches)).max(due)
            })
            .collect();
    }

    /// Whether the bucket holds what a new one would, so that it need not be remembered.
    pub(crate) fn is_full(&self, now: Duration) -> bool {
        let last = self.due.iter().max();
        let refilled = |due: &Duration| due.saturating_add(self.limit.period).saturating_add(self.slack) <= now;
        self.closed_until <= now && last.is_none_or(refilled)
    }

    fn capacity(&self) -> usize {
        usize::try_from(self.limit.capacity).unwrap_or(usize::MAX)
    }

    /// More than the capacity is never added.
    fn batch(&self) -> usize {
        usize::try_from(self.limit.refill.min(self.limit.capacity)).unwrap_or(usize::MAX)
    }
}

#[cfg(all(test, feature = "__explore"))]
mod tests;
