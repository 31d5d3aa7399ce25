use super::*;

const SECOND: Duration = Duration::from_secs(1);

fn take(bucket: &mut TokenBucket, at: Duration) -> u32 {
    std::iter::from_fn(|| bucket.take(at).ok()).count() as u32
}

fn key_bucket() -> TokenBucket {
    TokenBucket::full(crate::provider::KEY_BUCKET, Duration::ZERO)
}

#[test]
fn tokens_come_in_batches_at_the_end_of_each_period() {
    let mut bucket = TokenBucket::full(Bucket { capacity: 10, refill: 4, period: 7 * SECOND }, Duration::ZERO);
    assert_eq!(take(&mut bucket, 3 * SECOND), 10);
    assert_eq!(bucket.take(4 * SECOND), Err(6 * SECOND));
    assert_eq!(take(&mut bucket, 10 * SECOND - Duration::from_nanos(1)), 0);
    assert_eq!(take(&mut bucket, 10 * SECOND), 4);
    assert_eq!(take(&mut bucket, 24 * SECOND), 8, "two periods on");
    assert_eq!(take(&mut bucket, 1_000 * SECOND), 10, "never over the capacity");
}

#[test]
fn a_period_of_zero_switches_the_limit_off_and_a_capacity_of_zero_the_bucket() {
    let mut off = TokenBucket::full(Bucket { capacity: 0, refill: 0, period: Duration::ZERO }, Duration::ZERO);
    assert_eq!((0..100).filter(|_| off.take(Duration::ZERO).is_ok()).count(), 100);
    let mut closed = TokenBucket::full(Bucket { capacity: 0, refill: 4, period: SECOND }, Duration::ZERO);
    assert_eq!((take(&mut closed, 9 * SECOND), closed.take(SECOND)), (0, Err(Duration::MAX)));
    let mut once = TokenBucket::full(Bucket { capacity: 3, refill: 0, period: SECOND }, Duration::ZERO);
    assert_eq!((take(&mut once, SECOND), once.take(9 * SECOND)), (3, Err(Duration::MAX)));
}

#[test]
fn a_batch_that_the_provider_may_have_lost_is_not_counted() {
    // After one request there are eleven tokens. A batch then fills the bucket to twelve and is partly lost.
    // Eight more requests leave four tokens, not seven.
    let mut bucket = key_bucket();
    bucket.take(Duration::ZERO).unwrap();
    (0..8).for_each(|_| bucket.take(SECOND * 19 / 10).unwrap());
    assert_eq!(take(&mut bucket, 2 * SECOND), 4);
}

#[test]
fn a_refusal_gives_nothing_that_would_not_have_come_without_it() {
    let mut bucket = key_bucket();
    assert_eq!(take(&mut bucket, Duration::ZERO), 12);
    bucket.empty(SECOND / 10, Duration::ZERO);
    assert_eq!(take(&mut bucket, SECOND), 0);
    assert_eq!([2, 4, 6, 8].map(|seconds| take(&mut bucket, SECOND * seconds)), [4, 4, 4, 4]);
    // The second refusal asks for a longer wait than the bucket's own tokens need. The bucket obeys it.
    bucket.empty(SECOND * 5, SECOND * 8);
    assert_eq!([12, 13, 15].map(|seconds| take(&mut bucket, SECOND * seconds)), [0, 4, 4]);
}

/// The provider's bucket as it is documented, with its periods beginning at any moment.
struct Documented {
    limit: Bucket,
    tokens: u32,
    refilled: u128,
    phase: Duration,
}

impl Documented {
    fn take(&mut self, now: Duration) -> bool {
        let ended = (now + self.limit.period - self.phase).as_nanos() / self.limit.period.as_nanos();
        let batches = (ended - self.refilled).min(1_000) as u32;
        self.refilled = ended;
        self.tokens = (self.tokens + batches * self.limit.refill).min(self.limit.capacity);
        let left = self.tokens.checked_sub(1);
        self.tokens = left.unwrap_or_default();
        left.is_some()
    }
}

proptest::proptest! {
    #[test]
    fn what_we_take_is_there_whenever_the_periods_of_the_provider_begin(
        gaps in proptest::collection::vec(0_u64..1_500, 1..120),
        bursts in proptest::collection::vec(1_u32..14, 120),
        phase in 0_u64..2_000,
    ) {
        let mut ours = key_bucket();
        let limit: Bucket = crate::provider::KEY_BUCKET;
        let phase = Duration::from_millis(phase);
        let mut theirs = Documented { limit, tokens: limit.capacity, refilled: 0, phase };
        let mut now = limit.period;
        theirs.refilled = ((now + limit.period - phase).as_nanos()) / limit.period.as_nanos();
        for (gap, burst) in gaps.into_iter().zip(bursts) {
            now += Duration::from_millis(gap);
            for _ in 0..burst {
                if ours.take(now).is_ok() {
                    proptest::prop_assert!(theirs.take(now), "refused at {now:?}");
                }
            }
        }
    }

    #[test]
    fn waiting_as_long_as_told_is_enough_and_not_too_long(wants in proptest::collection::vec(1_usize..30, 1..10)) {
        let mut bucket = TokenBucket { slack: SECOND / 10, ..key_bucket() };
        let mut now = SECOND;
        for want in wants {
            let wait = bucket.wait_for(want, now);
            if !wait.is_zero() {
                let early = bucket.clone().wait_for(want, now + wait - Duration::from_nanos(1));
                proptest::prop_assert!(!early.is_zero());
            }
            let mut taken = 0;
            while taken < want {
                match bucket.take(now) {
                    Ok(()) => taken += 1,
                    Err(more) => now += more,
                }
            }
        }
    }
}

#[test]
fn a_steady_user_gets_all_that_the_provider_gives() {
    let mut bucket = TokenBucket { slack: SECOND / 10, ..key_bucket() };
    let mut now = Duration::ZERO;
    for _ in 0..200 {
        while let Err(wait) = bucket.take(now) {
            now += wait;
        }
    }
    // 12 at once, then 47 batches of 4.
    assert_eq!(now, 94 * SECOND + SECOND / 10);
}

#[test]
fn after_a_429_tokens_come_batch_by_batch_from_the_moment_that_was_told() {
    let mut bucket = key_bucket();
    assert_eq!(take(&mut bucket, Duration::ZERO), 12);
    bucket.empty(5 * SECOND, SECOND);
    bucket.empty(SECOND, SECOND);
    assert_eq!(bucket.take(SECOND), Err(5 * SECOND), "the later of two is kept");
    assert_eq!(take(&mut bucket, 6 * SECOND), 4);
    assert_eq!(take(&mut bucket, 8 * SECOND), 4);
    assert_eq!(bucket.remaining(100 * SECOND), 12);
}

#[test]
fn a_bucket_is_full_again_six_seconds_after_it_was_emptied() {
    let mut bucket = key_bucket();
    assert!(bucket.is_full(Duration::ZERO));
    take(&mut bucket, SECOND);
    assert!(!bucket.is_full(7 * SECOND - Duration::from_nanos(1)));
    assert!(bucket.is_full(7 * SECOND));
    assert_eq!(bucket.remaining(7 * SECOND), 12);
    bucket.empty(SECOND, 7 * SECOND);
    assert_eq!((bucket.is_full(9 * SECOND), bucket.remaining(8 * SECOND)), (false, 4));
}
