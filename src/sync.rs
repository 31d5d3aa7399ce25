//! The lock of the tables that requests share: flights, turns, and the buckets of the API client.
//!
//! Guards are never held across an await. A poisoned lock is taken all the same: the tables are whole after
//! every statement, and one panic must not end every later connection or call.
//!
//! In unit tests the lock is also a point at which an explorer of interleavings (`shuttle`) may switch threads.

#[cfg(all(test, feature = "__explore"))]
pub(crate) mod explored;
#[cfg(all(test, feature = "__explore"))]
pub(crate) use explored::Lock;

/// A point at which the explorer may run other threads. Outside an exploration it does nothing.
#[inline]
pub(crate) fn step() {
    #[cfg(all(test, feature = "__explore"))]
    explored::step();
}

#[cfg(not(all(test, feature = "__explore")))]
#[derive(Default)]
pub(crate) struct Lock<T>(std::sync::Mutex<T>);

#[cfg(not(all(test, feature = "__explore")))]
impl<T> Lock<T> {
    pub(crate) fn new(value: T) -> Self {
        Self(std::sync::Mutex::new(value))
    }

    pub(crate) fn lock(&self) -> std::sync::MutexGuard<'_, T> {
        self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}
