//! The limits of the API client.

use super::Bucket;
use crate::provider::KEY_BUCKET;
use std::time::Duration;

/// How the client of the API paces, repeats and bounds its calls; a part of [`Limits`](super::Limits).
///
/// *Source* of the defaults: our choice, where a field does not say otherwise.
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
    /// What this process allows itself of calls with one key. The provider's documented bucket: 12, and 4 more every 2 seconds; a
    /// period of zero switches pacing off. *Source*: docs.komerza.com, "Rate limits".
    pub bucket: Bucket,
    /// How long a call of [`Priority::Page`](crate::pacing::Priority::Page) may wait for its turns in all. 30 seconds, in which 68 calls
    /// of one key get theirs. Zero: it is sent at once or refused.
    pub page_wait: Duration,
    /// The same for [`Priority::Background`](crate::pacing::Priority::Background). 10 minutes, in which 1,208 calls of one key get theirs.
    pub background_wait: Duration,
    /// Calls of one key that may wait at once; over it a call is refused without waiting. 1,024. Zero: whoever finds no token is
    /// refused.
    pub queue: usize,
    /// Keys whose buckets are remembered at once, in some 600 bytes each; over it those not in use are forgotten. 65,536. Buckets
    /// that are full again are forgotten in any case. Zero counts as 16, one for each of the tables they are in.
    pub buckets: usize,
    /// How often a call is sent at most, the first time included, where sending it again is safe; a refusal by 429 does not count. 4;
    /// zero counts as 1.
    pub tries: u32,
    /// The pause before the second try, each further one twice as long, and each cut at random by up to a half. 200 milliseconds. Zero:
    /// no pause.
    pub first_pause: Duration,
    /// The longest pause between tries, and the longest wait that a 429 is believed. 60 seconds. Zero: no pause, and a 429
    /// empties the bucket for a moment only.
    pub longest_pause: Duration,
    /// Time to open a connection. 5 seconds. Zero: none ever opens.
    pub connect_deadline: Duration,
    /// Time for a whole call: tries, replies and pauses, without the waits for turns. 30 seconds. A call may be given
    /// [another one](crate::api::RequestBuilder::deadline). For [`download`](crate::api::RequestBuilder::download) until the reply begins, and then
    /// for each piece. Zero: every call fails.
    pub deadline: Duration,
    /// The longest reply that is read into memory, in bytes. 16 MiB. Zero: every reply with a body is an error.
    pub reply_bytes: usize,
    /// The longest body that is sent, in bytes. 32 MiB, a little over the 30 MB that the provider documents for images. Zero: none.
    pub upload_bytes: u64,
}

impl Default for ClientLimits {
    fn default() -> Self {
        Self {
            bucket: KEY_BUCKET.into(),
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
