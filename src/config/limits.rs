//! Every limit, in two plain structs.

use crate::provider::{ANONYMOUS_BUCKET, Bucket, KEY_BUCKET};
use std::time::Duration;

/// Makes a struct of limits, with the default of each beside it.
macro_rules! limits {
    ($(#[$about:meta])* $name:ident { $($(#[$doc:meta])* $limit:ident: $type:ty = $default:expr,)+ }) => {
        $(#[$about])*
        #[derive(Debug, Clone, PartialEq, Eq)]
        #[non_exhaustive]
        pub struct $name {
            $($(#[$doc])* pub $limit: $type,)+
        }

        impl Default for $name {
            fn default() -> Self {
                Self { $($limit: $default,)+ }
            }
        }
    };
}

limits! {
    /// The limits of the login flow and of the API client.
    ///
    /// They hold for one process. *Source* of the defaults: our choice, unless a field names another
    /// source. With a deadline of zero only work that finishes without waiting succeeds; network calls
    /// always fail.
    ///
    /// ```
    /// use komerza_connect::config::Limits;
    /// use std::time::Duration;
    ///
    /// let mut limits = Limits::default();
    /// assert_eq!(limits.attempt_lifetime, Duration::from_secs(600));
    /// limits.store_deadline = Duration::from_secs(1);
    /// ```
    Limits {
        /// How long a login attempt stays valid. Default: 10 minutes. Zero: every attempt expires at
        /// once.
        attempt_lifetime: Duration = Duration::from_secs(600),
        /// How long a repeated callback gets the same answer as the first one. Default: 2 minutes. Zero: it
        /// never gets that answer.
        done_lifetime: Duration = Duration::from_secs(120),
        /// Open login attempts in one browser. One more removes the oldest. Default: 5. Zero: counts as
        /// 1.
        outstanding_attempts: usize = 5,
        /// Total size of the cookies of all open attempts, names and values, in bytes. Default: 4,096,
        /// because common servers refuse request heads over 8 KiB. Zero: only the newest attempt is
        /// kept.
        ///
        /// Older attempts are removed to make room. The newest attempt is always kept.
        attempt_cookie_bytes: usize = 4_096,
        /// Longest return path, in bytes. A longer one is replaced by the default path. Default: 512. Zero:
        /// every return path is ignored.
        return_path_bytes: usize = 512,
        /// Longest query of a callback, in bytes. A longer one is answered with 414. Default: 8,192.
        /// Zero: every callback is refused.
        callback_query_bytes: usize = 8_192,
        /// How long a browser session of this crate lasts without use. Default: 30 days. Zero: it ends at
        /// once.
        ///
        /// The session starts with the login. When a handler takes the key, its answer renews the session's
        /// cookie from time to time. It does not if the handler sets a `Cache-Control` without `private` or
        /// `no-store`, because a shared cache may then store the answer.
        ///
        /// This setting has no effect with [`with_user`](crate::KomerzaConnectLayer::with_user).
        session_idle_lifetime: Duration = Duration::from_secs(30 * 24 * 3_600),
        /// How long a browser session of this crate lasts in all, from the start of its login. Default: 90
        /// days. Zero: it ends at once.
        ///
        /// This setting has no effect with [`with_user`](crate::KomerzaConnectLayer::with_user).
        ///
        /// After the session ends, the browser is not connected, and its record stays in the store. The
        /// browser's next connect removes the record if the browser still sends the old cookie. Most
        /// browsers delete the cookie at about the same time, so most records stay, and their keys stay
        /// valid at Komerza. To remove old records, see
        /// [`ListUsers::remove_older`](crate::store::ListUsers::remove_older).
        session_lifetime: Duration = Duration::from_secs(90 * 24 * 3_600),
        /// Time to connect to Komerza for an exchange. Default: 5 seconds. Zero: no connection
        /// succeeds.
        exchange_connect_deadline: Duration = Duration::from_secs(5),
        /// Time for a whole exchange, including connecting and reading. Default: 15 seconds. Zero: no
        /// exchange succeeds.
        exchange_deadline: Duration = Duration::from_secs(15),
        /// Largest reply to an exchange, in bytes. Default: 65,536. Zero: no exchange succeeds.
        exchange_body_bytes: usize = 65_536,
        /// Exchanges that this process runs at the same time. Default: 64. Zero: counts as 1.
        exchanges_at_once: usize = 64,
        /// Rate limit of this process for exchanges. Default: Komerza's documented bucket for calls
        /// without a key, which is 10 requests and 4 more every 7 seconds. A period of zero: no limit.
        ///
        /// All layers of a process with the same API host and the same limits use one such bucket. Nodes
        /// share it with [`with_shared_buckets`](crate::KomerzaConnectLayer::with_shared_buckets). Komerza
        /// does not document whether it counts by IP address. If nodes without shared buckets have one
        /// address, divide these numbers by the number of nodes. *Source*: docs.komerza.com, "Rate limits".
        exchange_bucket: Bucket = ANONYMOUS_BUCKET,
        /// Part of [`exchange_bucket`](Self::exchange_bucket) and of
        /// [`exchange_queue`](Self::exchange_queue) that unknown browsers may use together, in percent.
        /// Default: 50. Zero: unknown browsers cannot connect.
        ///
        /// A browser is unknown if the request has neither a user nor a session, and its address is missing
        /// or may be a proxy's. See [`with_client_address`](crate::KomerzaConnectLayer::with_client_address).
        unknown_browsers_percent: u32 = 50,
        /// Total time that an exchange may wait, in the queue and before a retry after a 429 or a
        /// failed connect. Default: 20 seconds. Zero: exchanges never wait.
        ///
        /// By default this wait, the exchange and the save together stay below one minute, the lifetime of a
        /// code.
        exchange_wait: Duration = Duration::from_secs(20),
        /// Exchanges that may wait in the queue. One more is answered with 503. Default: 256. Zero: no
        /// exchange waits for a token.
        exchange_queue: usize = 256,
        /// Exchanges that one user may start per minute. One more is answered with 429. Default: 5.
        /// Zero: none is allowed.
        ///
        /// The crate remembers at most 4,096 exchanges of the last minute, of all users together. Above that it
        /// forgets the oldest, so a limit of 4,096 or more limits nobody.
        ///
        /// Without [`with_user`](crate::KomerzaConnectLayer::with_user) the limit counts per browser if the
        /// browser has connected before, and otherwise per address. It does not apply to unknown browsers;
        /// see [`unknown_browsers_percent`](Self::unknown_browsers_percent).
        exchanges_per_user: u32 = 5,
        /// How many finished callbacks the process remembers for [`done_lifetime`](Self::done_lifetime).
        /// Default: 4,096. Zero: none.
        ///
        /// The oldest is forgotten first. If a forgotten callback is repeated, the crate answers it from the
        /// browser's cookie. Without that cookie the crate makes one more exchange, which Komerza refuses.
        remembered_callbacks: usize = 4_096,
        /// Time for one call of the token store or the user look-up during a request. Default: 2
        /// seconds. Zero: only calls that never wait succeed.
        store_deadline: Duration = Duration::from_secs(2),
        /// Time to save a new key, including retries. Default: 5 seconds. Zero: one try, which must not
        /// wait.
        save_deadline: Duration = Duration::from_secs(5),
        /// How long the crate keeps trying to save a new key after the visitor got the answer that saving
        /// failed. Default: 60 seconds. Zero: no further try.
        late_save_deadline: Duration = Duration::from_secs(60),
        /// Time for one call of a hook. Default: 5 seconds. Zero: only hooks that never wait succeed.
        ///
        /// If [`before_leaving`](crate::Hooks::before_leaving) times out, the login stops. If
        /// [`before_storing`](crate::Hooks::before_storing) times out, the key is not stored, and
        /// [`orphaned`](crate::Hooks::orphaned) runs. A time-out of another hook is ignored.
        hook_deadline: Duration = Duration::from_secs(5),
        /// The limits of the API client. Default: [`ClientLimits::default`].
        client: ClientLimits = ClientLimits::default(),
    }
}

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
        /// With a rate limit, a call that gets a 429 waits and is sent again. This may happen any number of
        /// times, as long as the call may wait. Each 429 also counts as a try, so a later failure of another
        /// kind has one try less.
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
