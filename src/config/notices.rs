//! What is said once per layer and process, so that a log is not filled by it.

use std::sync::atomic::{AtomicU8, Ordering::Relaxed};

/// Shared by all clones of a configuration.
#[derive(Debug)]
pub(crate) struct Notices {
    /// Bits of what was said.
    said: AtomicU8,
    /// How many requests may still be used to compare two look-ups of the user.
    comparisons: AtomicU8,
}

impl Default for Notices {
    fn default() -> Self {
        Self { said: AtomicU8::new(0), comparisons: AtomicU8::new(32) }
    }
}

impl Notices {
    /// Whether this is said for the first time.
    pub(crate) fn first(&self, bit: u8) -> bool {
        self.said.fetch_or(bit, Relaxed) & bit == 0
    }

    pub(crate) fn compares(&self) -> bool {
        self.comparisons.load(Relaxed) > 0
    }

    /// One comparison is made; `settled` if it was the last that is needed.
    pub(crate) fn compared(&self, settled: bool) {
        let _ = self.comparisons.fetch_update(Relaxed, Relaxed, |left| match settled {
            true => Some(0),
            false => left.checked_sub(1),
        });
    }
}
