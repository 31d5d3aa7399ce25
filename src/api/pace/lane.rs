//! The bucket of one key, and the line in front of it.

use super::{BucketId, Priority, SharedBuckets, Taken};
use crate::{
    config::{Bucket, ClientLimits},
    pacing::bucket::TokenBucket,
    store::StoreError,
    sync::Lock,
    telemetry::log,
    time::Clock,
};
use std::{
    collections::VecDeque,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};
use tokio::sync::Notify;

/// How long a shared bucket that has failed is left alone, so that one that hangs does not hold up every call.
const ALONE: Duration = Duration::from_secs(5);

/// One token in so many goes to a background call, when both kinds wait.
const BACKGROUND_SHARE: u32 = 4;

/// The bucket of one key. No lock is held while anything is awaited.
pub(crate) struct Lane {
    id: BucketId,
    limit: Bucket,
    most_waiting: usize,
    shared: Option<Arc<dyn SharedBuckets>>,
    line: Lock<Line>,
}

/// What a call asks for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Turn {
    pub(crate) priority: Priority,
    /// Whether it had a turn before: then it goes to the front, and is never refused for the length of the line.
    pub(crate) again: bool,
    /// How long it may wait.
    pub(crate) patience: Duration,
}

/// No turn within the patience: how much longer it would have taken, and how long it has been waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Busy {
    pub(crate) wait: Duration,
    pub(crate) waited: Duration,
}

#[derive(Debug)]
struct Line {
    bucket: TokenBucket,
    /// Whether somebody is asking the shared bucket, and when that is worth while again.
    asking: bool,
    ask_at: Duration,
    /// The shared bucket has failed: our own paces for so long.
    alone_until: Duration,
    /// Whether a 429 came since the shared bucket was asked last.
    refused: bool,
    pages: VecDeque<Arc<Place>>,
    background: VecDeque<Arc<Place>>,
    pages_in_a_row: u32,
}

/// A place in the line.
#[derive(Debug, Default)]
struct Place {
    granted: AtomicBool,
    wake: Notify,
}

impl Lane {
    pub(super) fn new(id: BucketId, limits: &ClientLimits, shared: Option<Arc<dyn SharedBuckets>>) -> Self {
        let line = Line {
            bucket: TokenBucket::full(limits.bucket).with_slack(super::SLACK),
            asking: false,
            ask_at: Duration::ZERO,
            alone_until: Duration::ZERO,
            refused: false,
            pages: VecDeque::new(),
            background: VecDeque::new(),
            pages_in_a_row: 0,
        };
        Self { id, limit: limits.bucket, most_waiting: limits.queue, shared, line: Lock::new(line) }
    }

    /// Whether tokens come from the shared bucket at this time.
    fn shares(&self, line: &Line, now: Duration) -> bool {
        self.shared.is_some() && line.alone_until <= now
    }

    fn is_off(&self) -> bool {
        self.limit.period.is_zero()
    }

    /// Waits for a turn and tells how long that took.
    pub(crate) async fn turn(&self, turn: Turn, clock: &dyn Clock, deadline: Duration) -> Result<Duration, Busy> {
        if self.is_off() {
            return Ok(Duration::ZERO);
        }
        let (place, began) = {
            let mut line = self.line.lock();
            let began = clock.elapsed();
            let shares = self.shares(&line, began);
            if !shares {
                line.grant_own(began);
            }
            // Nobody overtakes those who wait.
            let free = line.is_empty() && !shares;
            if free && line.bucket.take(began).is_ok() {
                return Ok(Duration::ZERO);
            }
            let ahead = if turn.again { 0 } else { line.ahead_of(turn.priority) };
            let full = !turn.again && line.waiting() >= self.most_waiting;
            let wait = line.bucket.wait_for(ahead.saturating_add(1), began);
            if full || wait > turn.patience {
                return Err(Busy { wait, waited: Duration::ZERO });
            }
            (line.join(turn), began)
        };
        let waiting = Waiting { lane: self, place: &place };
        loop {
            let (granted, wait, asks) = {
                let mut line = self.line.lock();
                let now = clock.elapsed();
                let shares = self.shares(&line, now);
                if !shares {
                    line.grant_own(now);
                }
                let wait = if line.is_front(&place) { line.next_wait(now, shares) } else { Duration::MAX };
                let asks = shares && wait.is_zero() && !line.asking;
                if asks {
                    (line.asking, line.refused) = (true, false);
                }
                (place.granted.load(Ordering::Relaxed), wait, asks)
            };
            if granted {
                return Ok(clock.elapsed().saturating_sub(began));
            }
            let waited = clock.elapsed().saturating_sub(began);
            let left = turn.patience.saturating_sub(waited);
            // With no patience at all the shared bucket is still asked once.
            if left.is_zero() && !asks {
                drop(waiting);
                return Err(Busy { wait: self.wait_estimate(turn.priority, clock.elapsed()), waited });
            }
            if asks {
                let patience = if left.is_zero() { deadline } else { deadline.min(left) };
                self.ask(clock, patience).await;
                continue;
            }
            tokio::select! {
                biased;
                () = place.wake.notified() => {}
                () = clock.sleep(wait.min(left)) => {}
            }
        }
    }

    /// Takes tokens out of the shared bucket for those who wait, or out of our own while that cannot be asked.
    async fn ask(&self, clock: &dyn Clock, deadline: Duration) {
        let Some(shared) = &self.shared else { return };
        let _asking = Asking(self);
        let wanted = u32::try_from(self.line.lock().waiting()).unwrap_or(u32::MAX).clamp(1, self.limit.capacity.max(1));
        let asked = tokio::time::timeout(deadline, shared.take(&self.id, self.limit, wanted)).await;
        let mut line = self.line.lock();
        let now = clock.elapsed();
        if line.refused {
            // What was taken before the 429 is worth nothing.
            return;
        }
        match asked.unwrap_or_else(|_| Err(StoreError::timed_out())) {
            Ok(Taken { granted, wait }) => {
                let mut tokens = 0..granted.min(wanted);
                // Our own bucket follows, for estimates and for an outage.
                for _ in tokens.clone() {
                    let _ = line.bucket.take(now);
                }
                if granted < wanted {
                    line.bucket.empty(wait, now);
                    line.ask_at = now.saturating_add(wait.max(Duration::from_millis(1)));
                }
                // What was for callers who have gone is lost: saved up, it would come on top of a bucket that is full again.
                line.grant(|_| tokens.next().is_some());
            }
            Err(error) => {
                log::warn!(error = %crate::telemetry::log::chain(&error), "the shared bucket does not answer; this process uses its own");
                line.alone_until = now.saturating_add(ALONE);
                line.grant_own(now);
            }
        }
    }

    /// Learns from a 429 that the bucket is empty for so long.
    pub(crate) async fn refused(&self, wait: Duration, clock: &dyn Clock, deadline: Duration) {
        if self.is_off() {
            return;
        }
        let shares = {
            let mut line = self.line.lock();
            let now = clock.elapsed();
            line.bucket.empty(wait, now);
            line.ask_at = line.ask_at.max(now.saturating_add(wait));
            line.refused = true;
            self.shares(&line, now)
        };
        if let Some(shared) = self.shared.as_ref().filter(|_| shares) {
            let noted = tokio::time::timeout(deadline, shared.empty(&self.id, self.limit, wait)).await;
            if let Err(error) = noted.unwrap_or_else(|_| Err(StoreError::timed_out())) {
                log::warn!(error = %crate::telemetry::log::chain(&error), "the shared bucket could not be told of a refusal");
                self.line.lock().alone_until = clock.elapsed().saturating_add(ALONE);
            }
        }
    }

    pub(crate) fn remaining(&self, now: Duration) -> u32 {
        let line = self.line.lock();
        if line.is_empty() || self.is_off() { line.bucket.remaining(now) } else { 0 }
    }

    pub(crate) fn wait_estimate(&self, priority: Priority, now: Duration) -> Duration {
        let line = self.line.lock();
        line.bucket.wait_for(line.ahead_of(priority).saturating_add(1), now)
    }

    pub(super) fn is_full(&self, now: Duration) -> bool {
        let line = self.line.lock();
        line.is_empty() && line.bucket.is_full(now)
    }
}

impl Line {
    fn is_empty(&self) -> bool {
        self.pages.is_empty() && self.background.is_empty()
    }

    fn waiting(&self) -> usize {
        self.pages.len().saturating_add(self.background.len())
    }

    fn join(&mut self, turn: Turn) -> Arc<Place> {
        let place = Arc::<Place>::default();
        let queue = match turn.priority {
            Priority::Page => &mut self.pages,
            Priority::Background => &mut self.background,
        };
        match turn.again {
            true => queue.push_front(Arc::clone(&place)),
            false => queue.push_back(Arc::clone(&place)),
        }
        place
    }

    /// How many will have their turn before a call that comes now, if no more come.
    fn ahead_of(&self, priority: Priority) -> usize {
        let (pages, background) = (self.pages.len(), self.background.len());
        match priority {
            Priority::Background => pages.saturating_add(background),
            Priority::Page => {
                let share = usize::try_from(BACKGROUND_SHARE.saturating_sub(1)).unwrap_or(usize::MAX);
                pages.saturating_add(pages.checked_div(share).unwrap_or_default().min(background))
            }
        }
    }

    /// Gives our own bucket's tokens to those whose turn it is; whether anybody got one.
    fn grant_own(&mut self, now: Duration) -> bool {
        self.grant(|bucket| bucket.take(now).is_ok())
    }

    /// The same for as long as `take` says that there is a token.
    fn grant(&mut self, mut take: impl FnMut(&mut TokenBucket) -> bool) -> bool {
        let mut granted = false;
        while !self.is_empty() && take(&mut self.bucket) {
            let Some(place) = self.next() else { break };
            // One that goes away at this very moment costs a token and nothing else.
            place.granted.store(true, Ordering::Relaxed);
            place.wake.notify_one();
            granted = true;
        }
        if granted {
            self.wake_fronts();
        }
        granted
    }

    fn next(&mut self) -> Option<Arc<Place>> {
        let background_is_due = self.pages_in_a_row.saturating_add(1) >= BACKGROUND_SHARE;
        if self.pages.is_empty() || (background_is_due && !self.background.is_empty()) {
            self.pages_in_a_row = 0;
            return self.background.pop_front();
        }
        self.pages_in_a_row = self.pages_in_a_row.saturating_add(1);
        self.pages.pop_front()
    }

    /// Those at the front keep the time for all; who gets there is told so.
    fn wake_fronts(&self) {
        for queue in [&self.pages, &self.background] {
            if let Some(place) = queue.front() {
                place.wake.notify_one();
            }
        }
    }

    fn is_front(&self, place: &Arc<Place>) -> bool {
        [&self.pages, &self.background].iter().any(|queue| queue.front().is_some_and(|front| Arc::ptr_eq(front, place)))
    }

    /// How long those at the front sleep; zero when the shared bucket is to be asked.
    fn next_wait(&self, now: Duration, shared: bool) -> Duration {
        match shared {
            false => self.bucket.wait_for(1, now),
            true if self.asking => Duration::MAX,
            true => self.ask_at.saturating_sub(now),
        }
    }

    fn leave(&mut self, place: &Arc<Place>) {
        for queue in [&mut self.pages, &mut self.background] {
            queue.retain(|other| !Arc::ptr_eq(other, place));
        }
        self.wake_fronts();
    }
}

/// Leaves the line when the call is given up.
struct Waiting<'a> {
    lane: &'a Lane,
    place: &'a Arc<Place>,
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        if !self.place.granted.load(Ordering::Relaxed) {
            self.lane.line.lock().leave(self.place);
        }
    }
}

/// Somebody is asking the shared bucket, or was when it was given up.
struct Asking<'a>(&'a Lane);

impl Drop for Asking<'_> {
    fn drop(&mut self) {
        let mut line = self.0.line.lock();
        line.asking = false;
        line.wake_fronts();
    }
}
