//! The lock of the tables that callbacks share.
//!
//! Guards are never held across an await. A poisoned lock is taken all the same: the tables are whole after every statement, and
//! one panic must not end every later connection.
//!
//! In unit tests the lock is also a point at which an explorer of interleavings (`shuttle`) may switch threads.

#[cfg(test)]
pub(crate) use explored::{Lock, explore_exhaustively, explore_randomly};
#[cfg(not(test))]
pub(crate) use plain::Lock;

/// A point between two steps that other threads may come between. Does something in an exploration alone.
#[inline]
pub(crate) fn step() {
    #[cfg(test)]
    explored::step();
}

#[cfg(not(test))]
mod plain {
    use std::sync::{Mutex, MutexGuard, PoisonError};

    #[derive(Default)]
    pub(crate) struct Lock<T>(Mutex<T>);

    impl<T> Lock<T> {
        pub(crate) fn new(value: T) -> Self {
            Self(Mutex::new(value))
        }

        pub(crate) fn lock(&self) -> MutexGuard<'_, T> {
            self.0.lock().unwrap_or_else(PoisonError::into_inner)
        }
    }
}

#[cfg(test)]
mod explored {
    use std::{
        cell::Cell,
        ops::{Deref, DerefMut},
        sync::PoisonError,
    };

    thread_local! {
        /// The explorer runs all its threads on one thread of the system.
        static EXPLORING: Cell<bool> = const { Cell::new(false) };
    }

    pub(crate) enum Lock<T> {
        Plain(std::sync::Mutex<T>),
        Explored(shuttle::sync::Mutex<T>),
    }

    pub(crate) enum Guard<'a, T> {
        Plain(std::sync::MutexGuard<'a, T>),
        Explored(shuttle::sync::MutexGuard<'a, T>),
    }

    impl<T> Lock<T> {
        pub(crate) fn new(value: T) -> Self {
            match EXPLORING.get() {
                true => Self::Explored(shuttle::sync::Mutex::new(value)),
                false => Self::Plain(std::sync::Mutex::new(value)),
            }
        }

        pub(crate) fn lock(&self) -> Guard<'_, T> {
            match self {
                Self::Plain(lock) => Guard::Plain(lock.lock().unwrap_or_else(PoisonError::into_inner)),
                Self::Explored(lock) => Guard::Explored(lock.lock().unwrap_or_else(PoisonError::into_inner)),
            }
        }
    }

    impl<T: Default> Default for Lock<T> {
        fn default() -> Self {
            Self::new(T::default())
        }
    }

    impl<T> Deref for Guard<'_, T> {
        type Target = T;

        fn deref(&self) -> &T {
            match self {
                Self::Plain(guard) => guard,
                Self::Explored(guard) => guard,
            }
        }
    }

    impl<T> DerefMut for Guard<'_, T> {
        fn deref_mut(&mut self) -> &mut T {
            match self {
                Self::Plain(guard) => guard,
                Self::Explored(guard) => guard,
            }
        }
    }

    pub(super) fn step() {
        if EXPLORING.get() {
            shuttle::thread::yield_now();
        }
    }

    /// Runs `scene` under every interleaving of its threads; their number. `most` guards against a scene without an end.
    pub(crate) fn explore_exhaustively(most: usize, scene: impl Fn() + Send + Sync + 'static) -> usize {
        let scheduler = shuttle::scheduler::DfsScheduler::new(Some(most), false);
        explore(|| shuttle::Runner::new(scheduler, shuttle::Config::default()).run(scene))
    }

    /// Runs `scene` under so many random interleavings.
    pub(crate) fn explore_randomly(runs: usize, scene: impl Fn() + Send + Sync + 'static) {
        explore(|| shuttle::check_random(scene, runs));
    }

    fn explore<T>(run: impl FnOnce() -> T) -> T {
        EXPLORING.set(true);
        let result = run();
        EXPLORING.set(false);
        result
    }
}
