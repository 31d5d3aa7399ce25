//! The limits of the API client.

use super::Bucket;
use crate::provider::KEY_BUCKET;
use std::time::Duration;

/// Rate limit, retries, deadlines and sizes of the API client; a part of [`Limits`](super::Limits).
///
/// *Source* of the defaults: our choice, unless a field names another source.
///
/// ```
/// use komerza_connect::config::{ClientLimits, Limits};
/// use std::time::Duration;
///
/// let mut limits = Limits::default();
/// assert_eq!((limits.client.bucket.capacity, limits.client.bucket.refill), (12, 4));
/// limits.client.page_wait = Duration::from_secs(10);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ClientLimits {
    /// Rate limit of this process for calls with one key. Default: Komerza's documented bucket,
    /// which is 12 requests and 4 more every 2 seconds. A period of zero: no limit. *Source*:
    /// docs.komerza.com, "Rate limits".
    pub bucket: Bucket,
    /// Total time that a call of [`Priority::Page`](crate::pacing::Priority::Page) may wait in the
    /// queue. Default: 30 seconds, enough for 68 calls with one key. Zero: a call that would wait
    /// fails.
    pub page_wait: Duration,
    /// The same for [`Priority::Background`](crate::pacing::Priority::Background). Default: 10
    /// minutes, enough for 1,208 calls with one key. Zero: a call that would wait fails.
    pub background_wait: Duration,
    /// Calls with one key that may wait at the same time. One more fails at once. Default: 1,024.
    /// Zero: a call that would wait fails.
    pub queue: usize,
    /// Keys whose buckets are kept in memory, about 150 bytes each. Default: 65,536. Zero: counts
    /// as 1.
    ///
    /// Above this number unused buckets are removed. Buckets that are full again are always
    /// removed.
    pub buckets: usize,
    /// How often a call is sent, including the first time, if repeating it is safe. Default: 4.
    /// Zero: counts as 1.
    ///
    /// A 429 is answered by waiting, however often it comes, as long as the call may wait. It counts as a try for
    /// the failures that come after it.
    pub tries: u32,
    /// Pause before the second try. Default: 200 milliseconds. Zero: no pause.
    ///
    /// Each further pause is twice as long. Each pause is shortened at random by up to a half.
    pub first_pause: Duration,
    /// Longest pause between tries and after a 429. Default: 60 seconds. Zero: no pause, and a 429
    /// empties the bucket for a moment only.
    pub longest_pause: Duration,
    /// Time to open a connection. Default: 5 seconds. Zero: no connection succeeds.
    pub connect_deadline: Duration,
    /// Time for a whole call: tries, replies and pauses, without waiting in the queue. Default: 30
    /// seconds. Zero: every call fails.
    ///
    /// [`RequestBuilder::deadline`](crate::api::RequestBuilder::deadline) sets another one for one call, which
    /// includes the time in the queue. In a [`download`](crate::api::RequestBuilder::download) it limits the time
    /// until the reply starts, and then the time for each piece.
    pub deadline: Duration,
    /// Largest reply that is read into memory, in bytes. Default: 16 MiB. Zero: every reply with a
    /// body is an error.
    pub reply_bytes: usize,
    /// Largest body that is sent, in bytes. Default: 32 MiB, slightly more than the 30 MB that
    /// Komerza documents for images. Zero: no body is sent.
    pub upload_bytes: u64,
}

impl Default for ClientLimits {
    fn default() -> Self {
        Self {
            bucket: KEY_BUCKET,
            page_wait: Duration::from_secs(30),
            background_wait: Duration::from_secs(600),
            queue: 1_024,
            buckets: 65_536,
            tries: 4,
            first_pause: Duration::from_millis(200),
            longest_pause: Duration::from_secs(60),
            connect_deadline: Duration::from_secs(5),
            deadline: Duration::from_secs(30),
            reply_bytes: 16 * 1024 * 1024,
            upload_bytes: 32 * 1024 * 1024,
        }
    }
}
