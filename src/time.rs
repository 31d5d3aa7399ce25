//! The clock, which tests can replace so that they need not sleep.
//!
//! 1. Wall-clock time ([`Clock::now`]) is used for what outlives a process: how old a login attempt is, and
//!    when a key was saved.
//! 2. Monotonic time ([`Clock::elapsed`]) is used for the rest: token buckets, caches, limits.
//! 3. Deadlines of network calls and of the token store use tokio's timer and not this clock, because real
//!    servers do not follow a test clock.
//!
//! ```
//! use komerza_connect::time::{Clock, ManualClock};
//! use std::time::Duration;
//!
//! let clock = ManualClock::default();
//! let before = clock.now();
//! clock.advance(Duration::from_secs(61));
//! assert_eq!(clock.now().duration_since(before)?, Duration::from_secs(61));
//! # Ok::<(), std::time::SystemTimeError>(())
//! ```

use futures_core::future::BoxFuture;
use std::fmt;
use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use tokio::sync::watch;

/// The clock of this crate. Waiting in a queue and pauses between tries use it too.
///
/// Default: [`SystemClock`]. Tests can use a [`ManualClock`], also for the sandbox.
pub trait Clock: fmt::Debug + Send + Sync + 'static {
    /// The time of day. It may step backwards. Decisions that use it accept a step of up to one minute.
    fn now(&self) -> SystemTime;

    /// Time since some fixed moment of this clock; never goes backwards.
    fn elapsed(&self) -> Duration;

    /// Completes when [`elapsed`](Clock::elapsed) has grown by `duration`. Zero: at once.
    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()>;
}

/// The clock of the operating system, and tokio's timer.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

static PROCESS_START: LazyLock<Instant> = LazyLock::new(Instant::now);

impl Clock for SystemClock {
    fn now(&self) -> SystemTime {
        SystemTime::now()
    }

    fn elapsed(&self) -> Duration {
        PROCESS_START.elapsed()
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        Box::pin(tokio::time::sleep(duration))
    }
}

/// A clock that moves only when you move it. Clones share the same time.
///
/// It starts at 2026-01-01T00:00:00Z. See the [module](self) for an example.
#[derive(Debug, Clone)]
pub struct ManualClock {
    hands: Arc<watch::Sender<Hands>>,
}

#[derive(Debug, Clone, Copy)]
struct Hands {
    now: SystemTime,
    elapsed: Duration,
}

/// 2026-01-01T00:00:00Z in milliseconds since the Unix epoch: any fixed moment does, a recent one makes cookies
/// plausible.
const MANUAL_START: u64 = 1_767_225_600_000;

impl Default for ManualClock {
    fn default() -> Self {
        let hands = Hands { now: from_unix_millis(MANUAL_START), elapsed: Duration::ZERO };
        Self { hands: Arc::new(watch::Sender::new(hands)) }
    }
}

impl ManualClock {
    /// Moves both times forward and wakes the tasks whose waiting time is over.
    pub fn advance(&self, by: Duration) {
        self.hands.send_modify(|hands| {
            hands.now = hands.now.checked_add(by).unwrap_or(hands.now);
            hands.elapsed = hands.elapsed.saturating_add(by);
        });
    }

    /// Sets only the time of day, forwards or backwards, as a time server does.
    pub fn step_to(&self, now: SystemTime) {
        self.hands.send_modify(|hands| hands.now = now);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> SystemTime {
        self.hands.borrow().now
    }

    fn elapsed(&self) -> Duration {
        self.hands.borrow().elapsed
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        let until = self.elapsed().saturating_add(duration);
        let hands = Arc::clone(&self.hands);
        // It cannot fail: this future keeps the sender.
        Box::pin(async move { drop(hands.subscribe().wait_for(|hands| hands.elapsed >= until).await) })
    }
}

/// Milliseconds since the Unix epoch; what records and cookies hold. A time before 1970 counts as 0.
pub(crate) fn unix_millis(time: SystemTime) -> u64 {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

/// The inverse of [`unix_millis`]; a value no clock can hold becomes 1970.
pub(crate) fn from_unix_millis(millis: u64) -> SystemTime {
    UNIX_EPOCH.checked_add(Duration::from_millis(millis)).unwrap_or(UNIX_EPOCH)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_sleeper_wakes_when_its_time_has_come_and_not_before() {
        let clock = ManualClock::default();
        let sleeper = tokio::spawn(clock.sleep(Duration::from_secs(10)));
        tokio::task::yield_now().await;
        clock.advance(Duration::from_secs(9));
        tokio::task::yield_now().await;
        assert!(!sleeper.is_finished());
        clock.advance(Duration::from_secs(1));
        sleeper.await.unwrap();
    }

    #[test]
    fn a_step_of_the_time_of_day_leaves_monotonic_time_alone() {
        let clock = ManualClock::default();
        clock.step_to(UNIX_EPOCH);
        assert_eq!((clock.now(), clock.elapsed()), (UNIX_EPOCH, Duration::ZERO));
    }

    #[test]
    fn milliseconds_round_trip_and_nonsense_is_tamed() {
        assert_eq!(unix_millis(from_unix_millis(1_767_225_600_123)), 1_767_225_600_123);
        assert_eq!(unix_millis(UNIX_EPOCH - Duration::from_secs(1)), 0);
        assert!(from_unix_millis(u64::MAX) >= UNIX_EPOCH);
    }
}
