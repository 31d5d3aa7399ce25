//! Rate limits for calls and exchanges, and buckets that several nodes share.

pub(crate) mod bucket;

#[cfg(feature = "redis")]
pub use crate::api::RedisBuckets;
pub use crate::api::{BucketId, Priority, SharedBuckets, Taken};
