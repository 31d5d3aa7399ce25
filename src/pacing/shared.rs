//! The seam for buckets that several nodes share.

use crate::config::Bucket;
use std::{error::Error, fmt, time::Duration};

/// Names one bucket: a hash of the API's host and of the key, or of the word for exchanges. It leads back to
/// none of them.
///
/// Its text is 64 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct BucketId([u8; 32]);

impl BucketId {
    pub(super) fn from_hash(hash: [u8; 32]) -> Self {
        Self(hash)
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

/// Shared buckets could not be asked, or did not answer.
///
/// # Security
/// Give it causes that hold no secret: they are logged.
#[derive(Debug)]
pub struct SharedBucketsError {
    source: Box<dyn Error + Send + Sync>,
}

impl SharedBucketsError {
    /// An error with its cause.
    pub fn new(cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self { source: cause.into() }
    }

    pub(super) fn timed_out() -> Self {
        Self::new("no answer in time")
    }
}

impl fmt::Display for SharedBucketsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the shared buckets could not be asked")
    }
}

impl Error for SharedBucketsError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&*self.source)
    }
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
#[async_trait::async_trait]
pub trait SharedBuckets: Send + Sync + 'static {
    /// Takes up to `wanted` tokens (at least 1) out of a bucket, which is full when it was never asked for.
    ///
    /// It must be atomic, and safe whenever the provider's periods begin: from any token to any later one at
    /// most [`capacity`](Bucket::capacity) tokens, and [`refill`](Bucket::refill) more for each whole
    /// [`period`](Bucket::period) between the two.
    ///
    /// # Errors
    /// [`SharedBucketsError`] when it cannot tell.
    async fn take(&self, id: &BucketId, bucket: Bucket, wanted: u32) -> Result<Taken, SharedBucketsError>;

    /// The provider refused a call by 429: nothing for `wait`, then a batch at the end of each period.
    ///
    /// # Errors
    /// [`SharedBucketsError`] when it could not be noted.
    async fn empty(&self, id: &BucketId, bucket: Bucket, wait: Duration) -> Result<(), SharedBucketsError>;
}
