//! The order of calls: one bucket for each key, which follows Komerza's documented limit.
//!
//! 1. All clones of a key and all requests of the process share one bucket. It is found by a hash
//!    of the key and the API's address.
//! 2. Calls queue first come, first served. Visitors' calls go before background jobs, which still
//!    get every fourth token.
//! 3. A call that would wait too long fails at once, with the time that it would wait, and uses no
//!    token. A call that is dropped leaves the queue.
//! 4. A 429 empties the bucket, because another process uses the same key.
//! 5. A bucket that is full again is removed.

#[cfg(all(test, feature = "__explore"))]
mod interleavings;
mod lane;
#[cfg(feature = "redis")]
mod redis;
mod shared;

pub(crate) use lane::{Busy, Lane, Turn};
#[cfg(feature = "redis")]
pub use redis::RedisBuckets;
pub use shared::{BucketId, SharedBuckets, Taken};

use crate::{config::ClientLimits, secret::ApiKey, sync::Lock, time::Clock};
use sha2::{Digest, Sha256};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError, Weak},
    time::Duration,
};
use url::Url;

/// Which calls of a key go first when they have to wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Priority {
    /// For a visitor who waits. It goes before all background calls of the same key. This is the
    /// default.
    #[default]
    Page,
    /// For a job. It gets the tokens that visitors leave, and at least every fourth one.
    Background,
}

/// The maps are many and each has its own lock, so that users do not wait for each other.
const SHARDS: usize = 16;

/// A shard below this many buckets is never swept.
const SWEEP_OVER: usize = 64;

/// How much later than another a request may arrive at the provider, although it was sent before: the slack between the provider's
/// clock and ours. It delays those who wait, not those who find a token.
const SLACK: Duration = Duration::from_millis(100);

/// The buckets of all keys towards one API.
pub(crate) struct Pacer {
    api: Url,
    limits: ClientLimits,
    shared: Option<Arc<dyn SharedBuckets>>,
    shards: [Lock<Shard>; SHARDS],
}

#[derive(Default)]
struct Shard {
    lanes: HashMap<BucketId, Arc<Lane>>,
    /// Swept when it has grown to this.
    sweep_at: usize,
}

/// Layers of one process with the same API and the same limits share their buckets: the provider does not tell them apart.
///
/// A plain lock: what is static outlives every exploration.
static PACERS: Mutex<Vec<Weak<Pacer>>> = Mutex::new(Vec::new());

impl Pacer {
    /// Of the process, on the operating system's clock.
    pub(crate) fn of_process(api: &Url, limits: &ClientLimits) -> Arc<Self> {
        let mut pacers = PACERS.lock().unwrap_or_else(PoisonError::into_inner);
        pacers.retain(|pacer| pacer.strong_count() > 0);
        let known = pacers.iter().filter_map(Weak::upgrade).find(|pacer| pacer.api == *api && pacer.limits == *limits);
        known.unwrap_or_else(|| {
            let pacer = Self::alone(api, limits, None);
            pacers.push(Arc::downgrade(&pacer));
            pacer
        })
    }

    /// Of one layer: on a clock of its own, or with buckets shared with other nodes.
    pub(crate) fn alone(api: &Url, limits: &ClientLimits, shared: Option<Arc<dyn SharedBuckets>>) -> Arc<Self> {
        Arc::new(Self { api: api.clone(), limits: limits.clone(), shared, shards: Default::default() })
    }

    pub(crate) fn shared(&self) -> Option<Arc<dyn SharedBuckets>> {
        self.shared.clone()
    }

    /// The bucket of a key. Keep it: the look-up hashes.
    pub(crate) fn lane(&self, key: &ApiKey, clock: &dyn Clock) -> Arc<Lane> {
        let id = BucketId::of(&self.api, key);
        let mut shard = self.shard(&id).lock();
        if let Some(lane) = shard.lanes.get(&id) {
            return Arc::clone(lane);
        }
        shard.make_room(clock.elapsed(), self.limits.buckets.div_euclid(SHARDS).max(1));
        let lane = Arc::new(Lane::new(id, &self.limits, self.shared.clone()));
        shard.lanes.insert(id, Arc::clone(&lane));
        lane
    }

    fn shard(&self, id: &BucketId) -> &Lock<Shard> {
        let at = usize::from(id.first_byte()).checked_rem(SHARDS).unwrap_or_default();
        // There are as many shards as the remainder has values.
        #[allow(clippy::indexing_slicing, reason = "a remainder by the length of the array")]
        &self.shards[at]
    }

    #[cfg(test)]
    fn remembered(&self) -> usize {
        self.shards.iter().map(|shard| shard.lock().lanes.len()).sum()
    }
}

impl Shard {
    /// Forgets what is full again; each sweep is paid for by the insertions since the last one.
    fn make_room(&mut self, now: Duration, most: usize) {
        if self.lanes.len() < self.sweep_at.max(SWEEP_OVER).min(most) {
            return;
        }
        // A lane that somebody holds stays: a second one for the same key would double its rate.
        self.lanes.retain(|_, lane| Arc::strong_count(lane) > 1 || !lane.is_full(now));
        if self.lanes.len() >= most {
            // Forgetting a bucket too early can cost its user one 429, which is learned from.
            self.lanes.retain(|_, lane| Arc::strong_count(lane) > 1);
        }
        self.sweep_at = self.lanes.len().saturating_mul(2);
    }
}

impl BucketId {
    fn of(api: &Url, key: &ApiKey) -> Self {
        let hash = Sha256::new()
            .chain_update(b"komerza-connect bucket\0")
            .chain_update(api.as_str())
            .chain_update(b"\0")
            .chain_update(key.expose_secret());
        Self::from_hash(hash.finalize().into())
    }
}

#[cfg(test)]
mod tests;
