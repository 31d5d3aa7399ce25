//! Every limit, in one plain struct.

use super::ClientLimits;
use crate::provider::{ANONYMOUS_BUCKET, DocumentedBucket};
use std::time::Duration;

/// The limits of the login flow and, in [`client`](Self::client), of the API client; each has a default that suits most apps.
///
/// *Source* of the defaults: our choice, where a field does not say otherwise.
///
/// They hold for one process. A deadline of zero lets through what is ready at once, as a look-up in memory is, and nothing else;
/// deadlines over the network are never met then.
///
/// ```
/// use komerza_connect::config::Limits;
/// use std::time::Duration;
///
/// let mut limits = Limits::default();
/// assert_eq!(limits.attempt_lifetime, Duration::from_secs(600));
/// limits.store_deadline = Duration::from_secs(1);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// How long a login attempt can be finished. 10 minutes; zero makes every attempt expire at once.
    pub attempt_lifetime: Duration,
    /// How long a repeated callback is answered with the outcome of the first. 2 minutes; zero forgets at once.
    pub done_lifetime: Duration,
    /// Login attempts that one browser can have open; one more expires the oldest. 5; zero counts as 1.
    pub outstanding_attempts: usize,
    /// What the cookies of all open attempts may take together, in bytes of names and values. 4,096, because common servers
    /// refuse request heads over 8 KiB. Older attempts expire to make room; the newest is always kept, with zero as the only one.
    pub attempt_cookie_bytes: usize,
    /// The longest return path that a visitor may bring, in bytes; longer ones count as absent. 512; zero lets none in.
    pub return_path_bytes: usize,
    /// The longest query of a callback, in bytes; over it the answer is 414. 8,192. Zero refuses every callback.
    pub callback_query_bytes: usize,
    /// How long the crate's own browser session lasts, counted from the start of the login that led to it. 30 days; zero ends it
    /// at once. It matters only without [`with_user`](crate::KomerzaConnectLayer::with_user).
    ///
    /// Afterwards the browser is not connected and the record stays in the store: the next connect of that browser removes it as
    /// long as the browser still sends the old cookie, which it drops at about the same time. A browser that never comes back, or
    /// whose cookies were cleared, leaves a record that nobody can reach and a key that lives on at Komerza. An app that must not
    /// keep those removes records whose [`saved_at`](crate::StoredToken::saved_at) is longer ago than this, by its database's
    /// means, or has users of its own.
    pub session_lifetime: Duration,
    /// Time to open the connection of an exchange. 5 seconds. Zero: none ever opens.
    pub exchange_connect_deadline: Duration,
    /// Time for a whole exchange, connecting and reading included. 15 seconds. Zero: none ever succeeds.
    pub exchange_deadline: Duration,
    /// The longest reply of an exchange, in bytes. 65,536. Zero: none ever succeeds.
    pub exchange_body_bytes: usize,
    /// Exchanges under way at once in this process. 64; zero counts as 1.
    pub exchanges_at_once: usize,
    /// What this process allows itself of exchanges. The provider's documented bucket for calls without a key: 10, and 4
    /// more every 7 seconds; a period of zero switches the limit off. Nodes do not know of each other here: whether Komerza counts
    /// such calls by address or by something else is not documented, so an app that runs on several nodes behind one address
    /// divides these numbers by the number of nodes. *Source*: docs.komerza.com, "Rate limits".
    pub exchange_bucket: Bucket,
    /// How long an exchange may wait in all: for its turn, and for another try after a 429 or a connect that failed. 20 seconds:
    /// with the exchange and the save, within the code's minute. Zero never waits.
    pub exchange_wait: Duration,
    /// Exchanges that may wait for their turn at once; over it the answer is 503. 256. Zero: who finds no token is refused
    /// at once.
    pub exchange_queue: usize,
    /// Exchanges that one user may begin in a minute; over it the answer is 429. 5; zero allows none.
    pub exchanges_per_user: u32,
    /// Finished callbacks that are remembered for [`done_lifetime`](Self::done_lifetime), the oldest being forgotten first. 4,096. Zero
    /// remembers none: then a repetition is answered from the browser's own mark, or costs an exchange that is refused.
    pub remembered_callbacks: usize,
    /// Time for one call of the token store or of the look-up of the user on the way of a request. 2 seconds. Zero: only for what
    /// answers at once.
    pub store_deadline: Duration,
    /// Time to save a fresh key, repeated tries included. 5 seconds. Zero: one try, for what answers at once.
    pub save_deadline: Duration,
    /// Time for one call of a hook. 5 seconds; over it a veto counts as given and a notice as delivered. Zero: only for hooks
    /// that do not wait.
    pub hook_deadline: Duration,
    /// The limits of the API client.
    pub client: ClientLimits,
}

/// A token bucket that is refilled in batches: how the provider describes its rate limits.
///
/// A full bucket holds [`capacity`](Self::capacity) tokens, each request takes one, and [`refill`](Self::refill) more are added
/// at the end of every [`period`](Self::period), up to the capacity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bucket {
    /// Tokens in a full bucket, at most 10,000. Zero lets nothing through.
    pub capacity: u32,
    /// Tokens added at the end of a period. Zero: what is taken never comes back.
    pub refill: u32,
    /// Length of a period. Zero switches the limit off.
    pub period: Duration,
}

impl Bucket {
    pub(super) const CAPACITY_MOST: u32 = 10_000;
}

impl From<DocumentedBucket> for Bucket {
    fn from(bucket: DocumentedBucket) -> Self {
        Self { capacity: bucket.capacity, refill: bucket.refill, period: bucket.period }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            attempt_lifetime: Duration::from_secs(600),
            done_lifetime: Duration::from_secs(120),
            outstanding_attempts: 5,
            attempt_cookie_bytes: 4_096,
            return_path_bytes: 512,
            callback_query_bytes: 8_192,
            session_lifetime: Duration::from_secs(30 * 24 * 3_600),
            exchange_connect_deadline: Duration::from_secs(5),
            exchange_deadline: Duration::from_secs(15),
            exchange_body_bytes: 65_536,
            exchanges_at_once: 64,
            exchange_bucket: ANONYMOUS_BUCKET.into(),
            exchange_wait: Duration::from_secs(20),
            exchange_queue: 256,
            exchanges_per_user: 5,
            remembered_callbacks: 4_096,
            store_deadline: Duration::from_secs(2),
            save_deadline: Duration::from_secs(5),
            hook_deadline: Duration::from_secs(5),
            client: ClientLimits::default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::provider::CODE_LIFETIME;

    #[test]
    fn a_code_that_waits_its_longest_is_exchanged_and_saved_within_its_minute() {
        let limits = Limits::default();
        assert!(limits.exchange_wait + limits.exchange_deadline + limits.save_deadline < CODE_LIFETIME);
    }
}
