//! The options of one call.

use crate::{config::ClientLimits, pacing::Priority};
use std::time::Duration;

/// Options of one call.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Options {
    pub(super) priority: Priority,
    pub(super) deadline: Option<Duration>,
    pub(super) no_retry: bool,
    /// Repeating the call does no harm.
    pub(super) repeatable: bool,
}

/// The time that a call has used so far.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Spent {
    /// Waiting in the queue.
    pub(super) waited: Duration,
    /// Sending, and pausing between attempts.
    pub(super) worked: Duration,
    pub(super) attempts: u32,
    /// Whether an attempt may have taken effect although another one followed it.
    pub(super) in_doubt: bool,
}

impl Options {
    fn left(&self, spent: &Spent) -> Duration {
        self.deadline
            .map_or(Duration::MAX, |deadline| deadline.saturating_sub(spent.waited).saturating_sub(spent.worked))
    }

    /// How long the call may still wait for a turn.
    pub(super) fn patience(&self, limits: &ClientLimits, spent: &Spent) -> Duration {
        let whole = match self.priority {
            Priority::Page => limits.page_wait,
            Priority::Background => limits.background_wait,
        };
        whole.saturating_sub(spent.waited).min(self.left(spent))
    }

    /// How long the call may still send and pause: the limits decide, or the call's own deadline.
    pub(super) fn work(&self, limits: &ClientLimits, spent: &Spent) -> Duration {
        match self.deadline {
            None => limits.deadline.saturating_sub(spent.worked),
            Some(_) => self.left(spent),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn waits_and_work_have_bounds_of_their_own_and_one_deadline_over_both() {
        let limits = ClientLimits::default();
        let spent = Spent { waited: 10 * SECOND, worked: 5 * SECOND, attempts: 1, ..Spent::default() };
        let free = Options::default();
        assert_eq!((free.patience(&limits, &spent), free.work(&limits, &spent)), (20 * SECOND, 25 * SECOND));
        let background = Options { priority: Priority::Background, ..free };
        assert_eq!(background.patience(&limits, &spent), 590 * SECOND);
        let short = Options { deadline: Some(16 * SECOND), ..background };
        assert_eq!((short.patience(&limits, &spent), short.work(&limits, &spent)), (SECOND, SECOND));
        let long = Options { deadline: Some(300 * SECOND), ..free };
        assert_eq!((long.patience(&limits, &spent), long.work(&limits, &spent)), (20 * SECOND, 285 * SECOND));
        let over = Options { deadline: Some(SECOND), ..free };
        assert_eq!(over.work(&limits, &spent), Duration::ZERO);
    }
}
