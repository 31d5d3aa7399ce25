//! The trait for buckets that several nodes share.

use crate::config::Bucket;
use sha2::{Digest, Sha256};
use std::{error::Error, fmt, time::Duration};

/// The name of a bucket: a hash of the API's host and of the key, or of a fixed word for exchanges.
///
/// The key cannot be computed from it. Its text is 64 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct BucketId([u8; 32]);

impl BucketId {
    pub(super) fn of(purpose: &[u8], host: &str, whose: &str) -> Self {
        let hash = Sha256::new()
            .chain_update(b"komerza-connect ")
            .chain_update(purpose)
            .chain_update(host)
            .chain_update(b"\0")
            .chain_update(whose);
        Self(hash.finalize().into())
    }
}

impl fmt::Display for BucketId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

crate::kinds::named!(BucketId);

/// The result of [`SharedBuckets::take`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Taken {
    /// Number of tokens that were taken, from 0 to `wanted`.
    pub granted: u32,
    /// The time until there may be another token. The crate uses it only if `granted` is less than `wanted`.
    pub wait: Duration,
}

/// Buckets that several nodes of an app share, so that together they stay within Komerza's limits.
///
/// There is one bucket for the calls of each key, one for all exchanges, and one for the exchanges of unknown
/// browsers.
///
/// Set it with [`with_shared_buckets`](crate::KomerzaConnectLayer::with_shared_buckets). Each node has its
/// own queue of waiting calls and takes tokens here for all of them at once. If a call of this trait fails,
/// or takes longer than [`store_deadline`](crate::config::Limits::store_deadline), the node uses its own
/// bucket for five seconds. Then it asks again. So during an outage the limit is less exact, and no call
/// fails.
///
/// `RedisBuckets` is the implementation for Redis, under the feature `redis`.
///
/// # Security
/// Errors are logged with all their causes, so they must not contain a secret.
#[async_trait::async_trait]
pub trait SharedBuckets: Send + Sync + 'static {
    /// Takes up to `wanted` tokens from a bucket. `wanted` is at least 1. A bucket that was never used is
    /// full.
    ///
    /// The call must be atomic. Take any two tokens that the bucket gives. Count these two and all tokens
    /// that it gives between them. There may be at most [`capacity`](Bucket::capacity), and
    /// [`refill`](Bucket::refill) more for each whole [`period`](Bucket::period) between the two. This is
    /// safe whenever Komerza's periods begin.
    ///
    /// # Errors
    /// Any error if the tokens could not be taken, or the answer was lost.
    async fn take(&self, id: &BucketId, bucket: Bucket, wanted: u32) -> Result<Taken, Box<dyn Error + Send + Sync>>;

    /// Notes that Komerza refused a call with 429. The bucket gives no token for `wait`. Then it gives
    /// [`refill`](Bucket::refill) tokens, and as many again at the end of each period.
    ///
    /// # Errors
    /// Any error if the refusal could not be noted.
    async fn empty(&self, id: &BucketId, bucket: Bucket, wait: Duration) -> Result<(), Box<dyn Error + Send + Sync>>;
}
