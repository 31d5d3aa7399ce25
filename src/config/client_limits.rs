//! The limits of the API client.

use super::{Bucket, limits::limits};
use crate::provider::KEY_BUCKET;
use std::time::Duration;

limits! {
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
    ClientLimits {
        /// Rate limit of this process for calls with one key. Default: Komerza's documented bucket,
        /// which is 12 requests and 4 more every 2 seconds. A period of zero: no limit. *Source*:
        /// docs.komerza.com, "Rate limits".
        bucket: Bucket = KEY_BUCKET,
        /// Total time that a call of [`Priority::Page`](crate::pacing::Priority::Page) may wait in the
        /// queue. Default: 30 seconds, enough for 68 calls with one key. Zero: a call that would wait
        /// fails.
        page_wait: Duration = Duration::from_secs(30),
        /// Same as [`page_wait`](Self::page_wait), for
        /// [`Priority::Background`](crate::pacing::Priority::Background). Default: 10 minutes, enough for
        /// 1,208 calls with one key. Zero: a call that would wait fails.
        background_wait: Duration = Duration::from_secs(600),
        /// Calls with one key that may wait at the same time. One more fails at once. Default: 1,024.
        /// Zero: a call that would wait fails.
        queue: usize = 1_024,
        /// Keys whose buckets are kept in memory, about 150 bytes each. Default: 65,536. Zero: counts
        /// as 1.
        ///
        /// When this number is reached, buckets that nobody uses at the moment are removed. Buckets that are
        /// full again are removed from time to time even below it.
        buckets: usize = 65_536,
        /// How often a call is sent, including the first time, if repeating it is safe. Default: 4.
        /// Zero: counts as 1.
        ///
        /// With a rate limit, a 429 is answered by waiting, however often it comes, as long as the call may
        /// wait. It also counts as a try, so a later failure of another kind has one try less.
        tries: u32 = 4,
        /// Pause before the second try. Default: 200 milliseconds. Zero: no pause.
        ///
        /// Each further pause is twice as long. Each pause is shortened at random by up to a half.
        first_pause: Duration = Duration::from_millis(200),
        /// Longest pause between tries and after a 429. Default: 60 seconds. Zero: no pause, and a 429
        /// empties the bucket for a moment only.
        longest_pause: Duration = Duration::from_secs(60),
        /// Time to open a connection. Default: 5 seconds. Zero: no connection succeeds.
        connect_deadline: Duration = Duration::from_secs(5),
        /// Time for a whole call: tries, replies and pauses. Waiting in the queue does not count. Default: 30
        /// seconds. Zero: every call fails.
        ///
        /// [`RequestBuilder::deadline`](crate::api::RequestBuilder::deadline) sets another one for one call,
        /// which includes the time in the queue. In a [`download`](crate::api::RequestBuilder::download) it
        /// limits the time until the reply starts, and then the time for each piece.
        deadline: Duration = Duration::from_secs(30),
        /// Largest reply that is read into memory, in bytes. Default: 16 MiB. Zero: every reply with a
        /// body is an error.
        reply_bytes: usize = 16 * 1024 * 1024,
        /// Largest body that is sent, in bytes. Default: 32 MiB, slightly more than the 30 MB that Komerza
        /// documents for images. Zero: every call with a body fails.
        upload_bytes: u64 = 32 * 1024 * 1024,
    }
}
