//! The seam for buckets that several nodes share.

use crate::config::Bucket;
use sha2::{Digest, Sha256};
use std::{error::Error, fmt, time::Duration};

/// Names one bucket: a hash of the API's host and of the key, or of the word for exchanges. It leads back to
/// none of them.
///
/// Its text is 64 hexadecimal digits.
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

impl fmt::Debug for BucketId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "BucketId({self})")
    }
}

/// What [`SharedBuckets::take`] gave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Taken {
    /// Tokens taken: 0 to as many as were wanted.
    pub granted: u32,
    /// The time until there may be a further token; it matters when fewer than wanted were granted.
    pub wait: Duration,
}

/// Buckets that several nodes of an app share, so that together they never ask for more than the provider
/// allows.
///
/// There is one for the calls of each key and one for all exchanges.
///
/// Set it with [`with_shared_buckets`](crate::KomerzaConnectLayer::with_shared_buckets). Each node keeps its
/// own line of waiting calls and takes tokens here for as many of them as there are. A call that fails, or
/// takes longer than [`store_deadline`](crate::config::Limits::store_deadline), makes the node fall back on its
/// own bucket for five seconds, after which it asks again: an outage costs precision, and no calls.
///
/// `RedisBuckets` is the implementation for Redis, under the feature `redis`.
///
/// # Security
/// Errors are logged with all their causes, so they must not contain a secret.
#[async_trait::async_trait]
pub trait SharedBuckets: Send + Sync + 'static {
    /// Takes up to `wanted` tokens (at least 1) out of a bucket, which is full when it was never asked for.
    ///
    /// It must be atomic, and safe whenever the provider's periods begin: from any token to any later one at
    /// most [`capacity`](Bucket::capacity) tokens, and [`refill`](Bucket::refill) more for each whole
    /// [`period`](Bucket::period) between the two.
    ///
    /// # Errors
    /// Any error if the tokens could not be taken, or the answer was lost.
    async fn take(&self, id: &BucketId, bucket: Bucket, wanted: u32) -> Result<Taken, Box<dyn Error + Send + Sync>>;

    /// The provider refused a call by 429: nothing for `wait`, then a batch at the end of each period.
    ///
    /// # Errors
    /// Any error if the refusal could not be noted.
    async fn empty(&self, id: &BucketId, bucket: Bucket, wait: Duration) -> Result<(), Box<dyn Error + Send + Sync>>;
}
