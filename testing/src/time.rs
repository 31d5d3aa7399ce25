//! Tokio's clock, moved by hand, so that no test waits for a deadline, and a slow machine does not miss one.
//!
//! Real connections need real time, so the clock is not stopped from the beginning. It moves where something hangs.

use komerza_connect::time::{Clock, ManualClock};
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex};
use std::task::{Context, Waker};
use std::time::{Duration, SystemTime};
use std::{cell::Cell, future::Future};
use tokio::runtime::{Handle, RuntimeFlavor};

/// Longer than every deadline of the crate, shorter than [`PATIENCE`].
pub const AGES: Duration = Duration::from_secs(35);

/// How long a test waits for what should happen at once. Only a guard against hanging for ever.
pub const PATIENCE: Duration = Duration::from_secs(120);

thread_local! {
    /// Number of [`Flying`] on this thread, which is the one thread of its test's runtime.
    static FLYING: Cell<usize> = const { Cell::new(0) };
}

/// Whether this runtime has one thread: only then can its clock be moved.
fn movable() -> bool {
    Handle::try_current().is_ok_and(|handle| handle.runtime_flavor() == RuntimeFlavor::CurrentThread)
}

/// Lets so much time pass at once for everything that waits by tokio's clock in this test.
pub fn pass(time: Duration) {
    assert!(movable(), "the clock of a runtime with several threads cannot be moved");
    let _flying = Flying::begin();
    // The time has passed at the first poll; what follows only gives way to others.
    let _gives_way = pin!(tokio::time::advance(time)).poll(&mut Context::from_waker(Waker::noop()));
}

/// While it lives, tokio's clock jumps to the next deadline whenever nothing else can go on.
///
/// Use it only where no connection is needed: the clock also jumps while a message is on its way.
#[must_use]
pub struct Flying(());

impl Flying {
    pub fn begin() -> Self {
        FLYING.with(|flying| {
            if flying.get() == 0 {
                tokio::time::pause();
            }
            flying.set(flying.get() + 1);
        });
        Self(())
    }
}

impl Drop for Flying {
    fn drop(&mut self) {
        FLYING.with(|flying| {
            flying.set(flying.get() - 1);
            // When the runtime has ended, there is no clock to resume.
            if flying.get() == 0 && movable() {
                tokio::time::resume();
            }
        });
    }
}

/// Stands for a store, a hook or a look-up that hangs. Tokio's clock jumps meanwhile. Panics if the caller
/// does not give up.
pub async fn hang<T>() -> T {
    let _flying = Flying::begin();
    tokio::time::sleep(PATIENCE).await;
    panic!("the caller did not give up although this call hangs");
}

/// Stands for the far end of a connection that hangs. Lets [`AGES`] pass at once, and returns later if the
/// caller still does not give up.
pub async fn hang_far_away() {
    if movable() {
        pass(AGES);
    }
    tokio::time::sleep(PATIENCE).await;
}

/// A manual clock on which every sleep is over at once and moves the clock by its duration.
#[derive(Debug, Clone, Default)]
pub struct Jumping(pub ManualClock);

impl Clock for Jumping {
    fn now(&self) -> SystemTime {
        self.0.now()
    }

    fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }

    fn sleep(&self, duration: Duration) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        let clock = self.0.clone();
        Box::pin(async move { clock.advance(duration) })
    }
}

/// A manual clock that counts the sleeps on it, so that a test can move it once everything else has been
/// done.
#[derive(Debug, Clone, Default)]
pub struct Sleepers {
    clock: ManualClock,
    /// When each of them wakes up.
    wake_at: Arc<Mutex<Vec<Duration>>>,
}

impl Sleepers {
    /// Number of those whose time has not come.
    pub fn asleep(&self) -> usize {
        let now = self.elapsed();
        self.wake_at.lock().unwrap().iter().filter(|at| **at > now).count()
    }

    /// How long the first of them still sleeps.
    fn left(&self) -> Option<Duration> {
        let now = self.elapsed();
        self.wake_at.lock().unwrap().iter().filter(|at| **at > now).min().map(|at| *at - now)
    }

    /// Waits until somebody sleeps. Returns how long the first sleep still lasts.
    pub async fn pause(&self) -> Duration {
        let somebody = async {
            loop {
                match self.left() {
                    Some(left) => return left,
                    None => tokio::task::yield_now().await,
                }
            }
        };
        tokio::time::timeout(PATIENCE, somebody).await.expect("nobody sleeps")
    }

    /// Moves the clock to when the first of them wakes up.
    pub fn wake_the_first(&self) {
        self.clock.advance(self.left().expect("nobody sleeps"));
    }

    pub fn advance(&self, by: Duration) {
        self.clock.advance(by);
    }
}

impl Clock for Sleepers {
    fn now(&self) -> SystemTime {
        self.clock.now()
    }

    fn elapsed(&self) -> Duration {
        self.clock.elapsed()
    }

    fn sleep(&self, duration: Duration) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        let at = self.elapsed().saturating_add(duration);
        self.wake_at.lock().unwrap().push(at);
        let (in_bed, sleep) = (InBed { at, all: Arc::clone(&self.wake_at) }, self.clock.sleep(duration));
        Box::pin(async move {
            let _in_bed = in_bed;
            sleep.await;
        })
    }
}

/// One sleep of [`Sleepers`]. It is removed when it ends or is dropped.
struct InBed {
    at: Duration,
    all: Arc<Mutex<Vec<Duration>>>,
}

impl Drop for InBed {
    fn drop(&mut self) {
        let mut all = self.all.lock().unwrap();
        let mine = all.iter().position(|at| *at == self.at).unwrap();
        all.swap_remove(mine);
    }
}

#[tokio::test]
async fn a_clock_knows_who_sleeps_on_it() {
    let clock = Sleepers::default();
    let (first, second) = (tokio::spawn(clock.sleep(AGES)), clock.sleep(AGES * 2));
    assert_eq!(clock.asleep(), 2);
    clock.wake_the_first();
    assert_eq!((clock.asleep(), clock.elapsed()), (1, AGES));
    first.await.unwrap();
    drop(second);
    assert_eq!(clock.asleep(), 0);
}

#[tokio::test]
async fn time_that_is_passed_by_hand_ends_what_waits_for_it_and_nothing_else() {
    let sleep = |time| tokio::spawn(tokio::time::sleep(time));
    let (soon, late) = (sleep(AGES), sleep(AGES * 100));
    tokio::task::yield_now().await;
    pass(AGES);
    soon.await.unwrap();
    assert!(!late.is_finished());
    late.abort();
}

#[tokio::test]
async fn time_flies_while_something_hangs_and_stops_flying_when_it_is_given_up() {
    for _ in 0..2 {
        let (one, two) =
            tokio::join!(tokio::time::timeout(AGES, hang::<()>()), tokio::time::timeout(AGES, hang::<()>()));
        assert!(one.is_err() && two.is_err());
        assert_eq!(FLYING.get(), 0);
    }
}
