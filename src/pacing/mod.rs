//! How calls are spaced out, and buckets that several nodes share.

pub(crate) mod bucket;

#[cfg(feature = "redis")]
pub use crate::api::RedisBuckets;
pub use crate::api::{BucketId, Priority, SharedBuckets, Taken};
