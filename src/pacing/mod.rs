//! Rate limits for calls and exchanges, and buckets that several nodes share. An exchange trades an
//! authorization code for a key.
//!
//! 1. Each key has a bucket for its calls, and all exchanges share one bucket. The buckets follow Komerza's
//!    documented limits. All layers of a process with the same API host and the same limits share them. With
//!    [`SharedBuckets`] all nodes share them.
//! 2. A request that finds no token waits in a queue. Visitors' calls go before background jobs, which still
//!    get every fourth token. Exchanges take turns by user, browser or IP address.
//! 3. A request that would wait too long fails at once and uses no token. One that is dropped leaves the queue.
//! 4. A 429 empties the bucket, because other programs seem to use the same limit. After a 429, or when no
//!    exchange was sent for a while, one exchange is sent first. The others wait for its answer.
//! 5. A bucket that is full again is removed.

pub(crate) mod bucket;
mod budgets;
#[cfg(all(test, feature = "__explore"))]
mod interleavings;
mod lane;
mod line;
#[cfg(feature = "redis")]
mod redis;
mod shared;
#[cfg(test)]
mod tests;

pub(crate) use budgets::Budgets;
pub(crate) use lane::{Kind, Lane, Turn};
pub(crate) use line::Party;
#[cfg(feature = "redis")]
pub use redis::RedisBuckets;
pub use shared::{BucketId, SharedBuckets, Taken};

use crate::{config::Bucket, secret::ApiKey, sync::Lock, telemetry::metrics, time::Clock};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::{collections::HashMap, time::Duration};
use url::Url;

/// Which calls of a key go first when they have to wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Priority {
    /// For a visitor who waits. It goes before the background calls of the same key, which still get every
    /// fourth token. This is the default.
    #[default]
    Page,
    /// For a job. It gets the tokens that visitors do not need, and at least every fourth token.
    Background,
}

/// What a request for a turn asks for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ask {
    pub(crate) party: Party,
    /// Whether it had a turn before: then it goes to the front, and is never refused for the length of the
    /// line.
    pub(crate) again: bool,
    /// How long it may wait.
    pub(crate) patience: Duration,
    /// The longest line that it joins.
    pub(crate) most_waiting: usize,
}

/// There was no turn in time. `wait` is how much longer it would have taken, `waited` how long the request
/// has waited.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Busy {
    pub(crate) wait: Duration,
    pub(crate) waited: Duration,
}

/// Fewer buckets are never swept.
const SWEEP_OVER: usize = 64;

/// Requests overtake each other on the way to the provider, so that one arrives up to this much later than
/// one that was sent after it. This delays requests that wait, and not those that find a token.
const SLACK: Duration = Duration::from_millis(100);

/// All buckets towards one API host.
pub(crate) struct Pacer {
    host: String,
    pub(crate) shared: Option<Arc<dyn SharedBuckets>>,
    lanes: Lock<Lanes>,
}

/// Layers with other limits have other buckets.
type LaneKey = (BucketId, Kind, Bucket);

#[derive(Default)]
struct Lanes {
    by_key: HashMap<LaneKey, Arc<Lane>>,
    /// Swept when it has grown to this.
    sweep_at: usize,
}

/// Layers of one process with the same API share their buckets: the provider does not tell them apart.
///
/// A plain lock, because a lock of the explorer must not outlive its exploration.
static PACERS: Mutex<Vec<Weak<Pacer>>> = Mutex::new(Vec::new());

impl Pacer {
    /// The pacer that all layers of this process share, on the operating system's clock.
    pub(crate) fn of_process(api: &Url) -> Arc<Self> {
        let mut pacers = PACERS.lock().unwrap_or_else(PoisonError::into_inner);
        pacers.retain(|pacer| pacer.strong_count() > 0);
        let host = api.origin().ascii_serialization();
        let known = pacers.iter().filter_map(Weak::upgrade).find(|pacer| pacer.host == host);
        known.unwrap_or_else(|| {
            let pacer = Self::alone(api, None);
            pacers.push(Arc::downgrade(&pacer));
            pacer
        })
    }

    /// A pacer for one layer, which has a clock of its own or shares its buckets with other nodes.
    pub(crate) fn alone(api: &Url, shared: Option<Arc<dyn SharedBuckets>>) -> Arc<Self> {
        Arc::new(Self { host: api.origin().ascii_serialization(), shared, lanes: Lock::default() })
    }

    /// The bucket of a key. At most `most` are remembered. Keep it, because each look-up computes a hash.
    pub(crate) fn of_key(&self, key: &ApiKey, limit: Bucket, most: usize, clock: &dyn Clock) -> Arc<Lane> {
        let id = BucketId::of(b"bucket\0", &self.host, key.expose_secret());
        self.lane((id, Kind::Calls, limit), most, clock)
    }

    /// The bucket of all exchanges, or of those of unknown browsers.
    pub(crate) fn of_exchanges(&self, kind: Kind, limit: Bucket, clock: &dyn Clock) -> Arc<Lane> {
        let name = if kind == Kind::Strangers { "unknown browsers" } else { "exchanges" };
        self.lane((BucketId::of(b"exchange bucket\0", &self.host, name), kind, limit), usize::MAX, clock)
    }

    fn lane(&self, key: LaneKey, most: usize, clock: &dyn Clock) -> Arc<Lane> {
        let mut lanes = self.lanes.lock();
        if let Some(lane) = lanes.by_key.get(&key) {
            return Arc::clone(lane);
        }
        lanes.make_room(clock.elapsed(), most.max(1));
        let (id, kind, limit) = key;
        let lane = Arc::new(Lane::new(id, kind, limit, self.shared.clone()));
        lanes.by_key.insert(key, Arc::clone(&lane));
        metrics::lanes(1.0);
        lane
    }
}

impl Lanes {
    /// Removes buckets that are full again. It runs when the table has doubled, so its cost per insertion is
    /// constant.
    fn make_room(&mut self, now: Duration, most: usize) {
        if self.by_key.len() < self.sweep_at.max(SWEEP_OVER).min(most) {
            return;
        }
        let before = self.by_key.len();
        // A lane that somebody holds stays: a second one for the same key would double its rate.
        self.by_key.retain(|_, lane| Arc::strong_count(lane) > 1 || !lane.is_full(now));
        if self.by_key.len() >= most {
            // Removing a bucket too early can cost its user one 429, which empties the new bucket.
            self.by_key.retain(|_, lane| Arc::strong_count(lane) > 1);
        }
        self.sweep_at = self.by_key.len().saturating_mul(2);
        metrics::lanes(-(before.saturating_sub(self.by_key.len()) as f64));
    }
}

impl Drop for Lanes {
    fn drop(&mut self) {
        metrics::lanes(-(self.by_key.len() as f64));
    }
}
