//! The provider's token buckets: whole batches at the end of each period, nothing in between.

use std::time::Duration;

use komerza_connect::provider;

/// One caller's bucket. Its periods are counted from its first request, which is our choice: where Komerza's
/// periods begin is not documented.
#[derive(Debug)]
pub(super) struct Bucket {
    rule: provider::Bucket,
    tokens: u32,
    born: Duration,
    periods: u32,
}

impl Bucket {
    pub(super) fn full(rule: provider::Bucket, now: Duration) -> Self {
        Self { rule, tokens: rule.capacity, born: now, periods: 0 }
    }

    /// Takes one token, or tells how long it is until the next batch.
    pub(super) fn take(&mut self, now: Duration) -> Result<(), Duration> {
        let age = now.saturating_sub(self.born);
        let ended = age.as_nanos().checked_div(self.rule.period.as_nanos()).unwrap_or_default();
        let ended = u32::try_from(ended).unwrap_or(u32::MAX);
        let batches = ended.saturating_sub(self.periods);
        self.periods = self.periods.max(ended);
        self.tokens = self.tokens.saturating_add(batches.saturating_mul(self.rule.refill)).min(self.rule.capacity);
        match self.tokens.checked_sub(1) {
            Some(left) => {
                self.tokens = left;
                Ok(())
            }
            None => Err(self.rule.period.saturating_mul(self.periods.saturating_add(1)).saturating_sub(age)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use komerza_connect::provider::{ANONYMOUS_BUCKET, KEY_BUCKET};

    fn ms(milliseconds: u64) -> Duration {
        Duration::from_millis(milliseconds)
    }

    fn taken(bucket: &mut Bucket, now: Duration) -> usize {
        std::iter::from_fn(|| bucket.take(now).ok()).count()
    }

    #[test]
    fn a_key_gets_twelve_and_then_batches_of_four_every_two_seconds() {
        let mut bucket = Bucket::full(KEY_BUCKET, ms(500));
        assert_eq!(taken(&mut bucket, ms(500)), 12);
        assert_eq!(bucket.take(ms(2499)), Err(ms(1)));
        assert_eq!(taken(&mut bucket, ms(2500)), 4);
        assert_eq!(bucket.take(ms(2500)), Err(ms(2000)));
        assert_eq!(taken(&mut bucket, ms(4499)), 0);
        assert_eq!(taken(&mut bucket, ms(4500)), 4);
    }

    #[test]
    fn the_anonymous_bucket_holds_ten_and_gets_four_every_seven_seconds() {
        let mut bucket = Bucket::full(ANONYMOUS_BUCKET, ms(0));
        assert_eq!(taken(&mut bucket, ms(0)), 10);
        assert_eq!(bucket.take(ms(6999)), Err(ms(1)));
        assert_eq!(taken(&mut bucket, ms(7000)), 4);
        assert_eq!(taken(&mut bucket, ms(21_000)), 8);
    }

    #[test]
    fn a_bucket_never_holds_more_than_its_capacity() {
        let mut bucket = Bucket::full(KEY_BUCKET, ms(0));
        assert_eq!(taken(&mut bucket, Duration::from_secs(86_400)), 12);
        assert_eq!(taken(&mut bucket, Duration::MAX), 12);
    }

    #[test]
    fn a_late_request_does_not_shift_the_periods() {
        let mut bucket = Bucket::full(KEY_BUCKET, ms(0));
        assert_eq!(taken(&mut bucket, ms(1900)), 12);
        assert_eq!(taken(&mut bucket, ms(2000)), 4);
    }

    #[test]
    fn a_clock_that_steps_back_gives_nothing_away() {
        let mut bucket = Bucket::full(KEY_BUCKET, ms(10_000));
        assert_eq!(taken(&mut bucket, ms(12_000)), 12);
        assert_eq!(taken(&mut bucket, ms(9_000)), 0);
        assert_eq!(taken(&mut bucket, ms(12_000)), 0);
        assert_eq!(taken(&mut bucket, ms(14_000)), 4);
    }
}
