//! The lock under the explorer of interleavings (`shuttle`), and what its scenes share.
//!
//! It switches threads at every use of a [`Lock`], at every await and at every [`step`](super::step); a thread
//! that waits for ever is a failure.

use std::{cell::Cell, ops::DerefMut, sync::PoisonError};

/// More interleavings than any scene has that is explored exhaustively; reaching it means that it was not
/// explored to its end.
pub(crate) const MOST: usize = 20_000;

/// Bytes of stack of an explored thread: code that is not optimised fills more than `shuttle` gives by itself.
const STACK: usize = 256 * 1024;

thread_local! {
    /// The explorer runs all its threads on one thread of the system.
    static EXPLORING: Cell<bool> = const { Cell::new(false) };
}

pub(crate) enum Lock<T> {
    Plain(std::sync::Mutex<T>),
    Explored(shuttle::sync::Mutex<T>),
}

impl<T> Lock<T> {
    pub(crate) fn new(value: T) -> Self {
        if EXPLORING.get() {
            Self::Explored(shuttle::sync::Mutex::new(value))
        } else {
            Self::Plain(std::sync::Mutex::new(value))
        }
    }

    pub(crate) fn lock(&self) -> Box<dyn DerefMut<Target = T> + '_> {
        match self {
            Self::Plain(lock) => Box::new(lock.lock().unwrap_or_else(PoisonError::into_inner)),
            Self::Explored(lock) => Box::new(lock.lock().unwrap_or_else(PoisonError::into_inner)),
        }
    }
}

impl<T: Default> Default for Lock<T> {
    fn default() -> Self {
        Self::new(T::default())
    }
}

pub(super) fn step() {
    if EXPLORING.get() {
        shuttle::thread::yield_now();
    }
}

/// Runs `scene` under every interleaving of its threads, of which there are at least so many: fewer would mean
/// that they do not meet.
pub(crate) fn explore_exhaustively(least: usize, scene: impl Fn() + Send + Sync + 'static) {
    let scheduler = shuttle::scheduler::DfsScheduler::new(Some(MOST), false);
    let explored = explore(|| shuttle::Runner::new(scheduler, config()).run(scene));
    assert!((least..MOST).contains(&explored), "{explored} interleavings");
}

/// Runs `scene` under so many random interleavings.
pub(crate) fn explore_randomly(runs: usize, scene: impl Fn() + Send + Sync + 'static) {
    let scheduler = shuttle::scheduler::RandomScheduler::new(runs);
    explore(|| shuttle::Runner::new(scheduler, config()).run(scene));
}

fn config() -> shuttle::Config {
    let mut config = shuttle::Config::new();
    config.stack_size = STACK;
    config
}

fn explore<T>(run: impl FnOnce() -> T) -> T {
    EXPLORING.set(true);
    let result = run();
    EXPLORING.set(false);
    result
}
