//! A token bucket that is refilled in batches, as the provider describes its own.
//!
//! A period begins with the first token taken from a full bucket. The provider's periods begin at moments that we do not know; so
//! counted, its bucket never holds less than ours, if both were full at that moment.

use crate::config::Bucket;
use std::time::Duration;

/// The state of one bucket. Times are those of [`Clock::elapsed`](crate::time::Clock::elapsed).
#[derive(Debug, Clone)]
pub(crate) struct TokenBucket {
    limit: Bucket,
    tokens: u32,
    /// When the present period began.
    since: Duration,
}

impl TokenBucket {
    pub(crate) fn full(limit: Bucket) -> Self {
        Self { limit, tokens: limit.capacity, since: Duration::ZERO }
    }

    /// Takes a token, or says how long it takes until there is one.
    pub(crate) fn take(&mut self, now: Duration) -> Result<(), Duration> {
        if self.limit.period.is_zero() {
            return Ok(());
        }
        self.refill(now);
        if self.tokens == self.limit.capacity {
            self.since = now;
        }
        match self.tokens.checked_sub(1) {
            Some(rest) => {
                self.tokens = rest;
                Ok(())
            }
            None => Err(self.since.saturating_add(self.limit.period).saturating_sub(now)),
        }
    }

    fn refill(&mut self, now: Duration) {
        let passed = now.saturating_sub(self.since).as_nanos();
        // The period is not zero here.
        let periods = passed.checked_div(self.limit.period.as_nanos()).unwrap_or_default();
        let periods = u32::try_from(periods).unwrap_or(u32::MAX);
        let more = periods.saturating_mul(self.limit.refill);
        self.tokens = self.tokens.saturating_add(more).min(self.limit.capacity);
        self.since = self.since.saturating_add(self.limit.period.saturating_mul(periods));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn take(bucket: &mut TokenBucket, at: Duration) -> u32 {
        std::iter::from_fn(|| bucket.take(at).ok()).count() as u32
    }

    #[test]
    fn tokens_come_in_batches_at_the_end_of_each_period() {
        let mut bucket = TokenBucket::full(Bucket { capacity: 10, refill: 4, period: 7 * SECOND });
        assert_eq!(take(&mut bucket, 3 * SECOND), 10);
        assert_eq!(bucket.take(4 * SECOND), Err(6 * SECOND));
        assert_eq!(take(&mut bucket, 10 * SECOND - Duration::from_nanos(1)), 0);
        assert_eq!(take(&mut bucket, 10 * SECOND), 4);
        assert_eq!(take(&mut bucket, 24 * SECOND), 8, "two periods on");
        assert_eq!(take(&mut bucket, 1_000 * SECOND), 10, "never over the capacity");
    }

    #[test]
    fn a_period_of_zero_switches_the_limit_off_and_a_capacity_of_zero_the_bucket() {
        let mut off = TokenBucket::full(Bucket { capacity: 0, refill: 0, period: Duration::ZERO });
        assert_eq!((0..100).filter(|_| off.take(Duration::ZERO).is_ok()).count(), 100);
        let mut closed = TokenBucket::full(Bucket { capacity: 0, refill: 4, period: SECOND });
        assert_eq!(take(&mut closed, 9 * SECOND), 0);
    }
}
