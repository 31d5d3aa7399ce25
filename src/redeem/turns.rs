//! Which exchange is next: the budget of each party, and the queues of [`pacing`](crate::pacing).
//!
//! 1. A party is a user, a browser or a client's address. Each known party has a budget of exchanges per
//!    minute. So a party that sends junk cannot use up the shared bucket.
//! 2. A party is unknown if the browser has no session, and its address is missing or may be a proxy's.
//!    Unknown parties first need a token of a smaller bucket, which is a part of the shared bucket.
//! 3. Then each exchange waits for a token of the shared bucket, and for a place among the running exchanges.

use super::Redeem;
use crate::config::{Bucket, Limits};
use crate::failure::{Failure, FailureKind};
use crate::pacing::{self, Ask, Budgets, Busy, Kind, Lane, Party};
use crate::sync::Lock;
use std::{sync::Arc, time::Duration};
use tokio::sync::OwnedSemaphorePermit;

/// Who is charged for an exchange.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Charged {
    /// A hash of the user, the browser or the address.
    pub(crate) party: [u8; 32],
    /// Whether it is certainly one party, and not everybody behind a proxy.
    pub(crate) known: bool,
}

/// A turn. Hold it until the answer is known.
pub(crate) type Turn = (pacing::Turn, OwnedSemaphorePermit);

/// Counts an exchange against a known party's budget.
pub(super) fn charge(budgets: &Lock<Budgets>, charged: Charged, now: Duration) -> Result<(), Failure> {
    if !charged.known {
        return Ok(());
    }
    let within = budgets.lock().charge(charged.party, now);
    within.map_err(|free| Failure { retry_after: Some(free), ..Failure::new(FailureKind::TooManyAttempts) })
}

impl Redeem {
    /// Waits for a turn, at most until `deadline` on the clock; `again` after one whose exchange was refused.
    pub(super) async fn turn(&self, charged: Charged, again: bool, deadline: Duration) -> Result<Turn, Failure> {
        let (limits, clock) = (self.limits(), &*self.core.clock);
        let left = || deadline.saturating_sub(clock.elapsed());
        let party = Party::Charged(charged.party);
        let ask = |most_waiting| Ask { party, again, patience: left(), most_waiting };
        if !charged.known && !again {
            let strangers = self.pacer.of_exchanges(Kind::Strangers, part(limits), clock);
            let queue = share(limits.exchange_queue, limits.unknown_browsers_percent);
            strangers.turn(ask(queue), clock, limits.store_deadline).await.map_err(busy)?;
        }
        let turn = self.lane().turn(ask(limits.exchange_queue), clock, limits.store_deadline).await.map_err(busy)?;
        let place = Arc::clone(&self.at_once).acquire_owned();
        tokio::select! {
            biased;
            Ok(place) = place => Ok((turn, place)),
            () = clock.sleep(left()) => Err(Failure::new(FailureKind::Busy)),
        }
    }

    /// The bucket of all exchanges.
    pub(super) fn lane(&self) -> Arc<Lane> {
        self.pacer.of_exchanges(Kind::Exchanges, self.limits().exchange_bucket, &*self.core.clock)
    }
}

/// The part of the bucket for parties that are not known.
fn part(limits: &Limits) -> Bucket {
    let Bucket { capacity, refill, period } = limits.exchange_bucket;
    // A share is never more than the whole, so it fits.
    let of = |tokens: u32| share(tokens as usize, limits.unknown_browsers_percent) as u32;
    Bucket { capacity: of(capacity), refill: of(refill), period }
}

/// A percentage of a number, rounded up.
fn share(whole: usize, percent: u32) -> usize {
    whole.saturating_mul(percent.min(100) as usize).div_ceil(100)
}

fn busy(Busy { wait, .. }: Busy) -> Failure {
    // A bucket that never fills again gives no time for a retry.
    let wait = if wait == Duration::MAX { Duration::ZERO } else { wait };
    Failure::new(FailureKind::Busy).retry_after_at_least(wait)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn t67_unknown_browsers_may_use_half_of_the_bucket_by_default() {
        let mut limits = Limits::default();
        let parts = [(50, (5, 2)), (100, (10, 4)), (1_000, (10, 4)), (1, (1, 1)), (0, (0, 0))];
        for (percent, (capacity, refill)) in parts {
            assert!(percent != 50 || limits.unknown_browsers_percent == 50);
            limits.unknown_browsers_percent = percent;
            assert_eq!(part(&limits), Bucket { capacity, refill, ..limits.exchange_bucket }, "{percent} percent");
        }
    }
}
