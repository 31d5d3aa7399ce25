//! The connections to the API, and when all of them are replaced.
//!
//! 1. With HTTP/2 one connection serves all users of the app. Pings check whether the server still answers.
//! 2. A server may answer pings and nothing else. Over HTTP/1.1 many idle connections may be dead at once. So
//!    all open connections are retired when a call times out. The same happens when a caller stops waiting
//!    after a second or more. Later calls open new ones. Running calls keep theirs.
//! 3. Connections are retired at most once a second, so that a server that refuses everything is not flooded
//!    with new ones.

use crate::config::ConfigError;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// A call whose caller stops waiting after this time without an answer retires the connections. *Source*: our
/// choice.
const SUSPICIOUS: Duration = Duration::from_secs(1);

/// The time between two HTTP/2 pings, and the time that the server has to answer one. *Source*: our choice, so
/// that a silent server is noticed within ten seconds.
const PING: Duration = Duration::from_secs(5);

/// The time after which the system sends a TCP keep-alive on an idle connection. *Source*: our choice.
const KEEPALIVE: Duration = Duration::from_secs(15);

/// How long sent bytes may stay unacknowledged. *Source*: our choice.
#[cfg(any(target_os = "android", target_os = "fuchsia", target_os = "linux"))]
const USER_TIMEOUT: Duration = Duration::from_secs(15);

/// Sets the options by which the system notices dead connections.
pub(super) fn watched(builder: reqwest::ClientBuilder) -> reqwest::ClientBuilder {
    let builder = builder
        .http2_keep_alive_interval(PING)
        .http2_keep_alive_timeout(PING)
        .http2_keep_alive_while_idle(true)
        .tcp_keepalive(KEEPALIVE)
        .tcp_keepalive_interval(PING)
        .tcp_keepalive_retries(3);
    #[cfg(any(target_os = "android", target_os = "fuchsia", target_os = "linux"))]
    let builder = builder.tcp_user_timeout(USER_TIMEOUT);
    builder
}

type Build = dyn Fn() -> Result<reqwest::Client, ConfigError> + Send + Sync;

pub(super) struct Connections {
    build: Box<Build>,
    pool: Mutex<Arc<Pool>>,
}

/// An HTTP client and the connections that it opened.
pub(super) struct Pool {
    pub(super) http: reqwest::Client,
    began: Instant,
    given_up: AtomicBool,
}

/// A try over the connections.
pub(super) struct Try {
    pub(super) pool: Arc<Pool>,
    began: Instant,
    /// Whether the connection answered, or broke by itself. `None`: the caller stopped waiting.
    well: Option<bool>,
}

impl Connections {
    pub(super) fn new(build: Box<Build>) -> Result<Self, ConfigError> {
        Ok(Self { pool: Mutex::new(Pool::new(&*build)?), build })
    }

    pub(super) fn begin(&self) -> Try {
        let mut pool = self.pool.lock().unwrap_or_else(PoisonError::into_inner);
        // The same client was built before, so this fails only if the system changed. Then the old connections stay in use.
        if pool.given_up.load(Ordering::Relaxed)
            && let Ok(new) = Pool::new(&*self.build)
        {
            crate::telemetry::log::debug!("the connections to the API are replaced");
            *pool = new;
        }
        Try { pool: Arc::clone(&pool), began: Instant::now(), well: None }
    }
}

impl Pool {
    fn new(build: &Build) -> Result<Arc<Self>, ConfigError> {
        Ok(Arc::new(Self { http: build()?, began: Instant::now(), given_up: AtomicBool::new(false) }))
    }
}

impl Try {
    /// `well`: the connection answered, or broke by itself. Otherwise it is open, but the server does not
    /// answer or accepts no requests. Counts once the result is dropped.
    pub(super) fn ended(self, well: bool) -> Self {
        let mut ended = self;
        ended.well = Some(well);
        ended
    }
}

impl Drop for Try {
    fn drop(&mut self) {
        let well = self.well.unwrap_or_else(|| self.began.elapsed() < SUSPICIOUS);
        if !well && self.pool.began.elapsed() >= SUSPICIOUS {
            self.pool.given_up.store(true, Ordering::Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::Download;
    use std::sync::atomic::AtomicU32;
    use tokio::time::advance;

    /// Returns the connections, and a function that begins a try and returns how often they were replaced.
    fn connections() -> (Arc<Connections>, impl Fn() -> u32) {
        let builds = Arc::new(AtomicU32::new(0));
        let counted = Arc::clone(&builds);
        let connections = Connections::new(Box::new(move || {
            counted.fetch_add(1, Ordering::Relaxed);
            Ok(reqwest::Client::builder().tls_certs_only([]).build().unwrap())
        }));
        let connections = Arc::new(connections.unwrap());
        let same = Arc::clone(&connections);
        let replaced = move || {
            drop(same.begin());
            builds.load(Ordering::Relaxed) - 1
        };
        (connections, replaced)
    }

    #[tokio::test(start_paused = true)]
    async fn a_try_without_an_answer_gives_up_the_connections_it_used() {
        let (connections, replaced) = connections();
        let (late, answered, brief) = (connections.begin(), connections.begin(), connections.begin());
        brief.ended(true);
        answered.ended(true);
        assert_eq!(replaced(), 0);
        advance(SUSPICIOUS).await;
        drop(late);
        assert_eq!(replaced(), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn a_caller_who_leaves_soon_says_nothing_about_the_connections() {
        let (connections, replaced) = connections();
        advance(SUSPICIOUS).await;
        drop(connections.begin());
        assert_eq!(replaced(), 0);
    }

    #[tokio::test(start_paused = true)]
    async fn many_late_tries_give_up_their_connections_once() {
        let (connections, replaced) = connections();
        let late: Vec<_> = (0..20).map(|_| connections.begin()).collect();
        advance(SUSPICIOUS).await;
        for one in late {
            drop(one);
            assert_eq!(replaced(), 1);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_peer_that_refuses_everything_gets_a_new_connection_once_a_second() {
        let (connections, replaced) = connections();
        for _ in 0..100 {
            connections.begin().ended(false);
            advance(Duration::from_millis(100)).await;
        }
        assert!((8..=10).contains(&replaced()));
    }

    #[tokio::test(start_paused = true)]
    async fn a_download_that_stalls_gives_up_the_connections_and_one_that_is_dropped_does_not() {
        let (connections, replaced) = connections();
        let parts = || http::Response::new(()).into_parts().0;
        let begun = || {
            let never = futures_util::stream::pending::<Result<http_body::Frame<bytes::Bytes>, ConfigError>>();
            let body = reqwest::Body::wrap(http_body_util::StreamBody::new(never));
            Download::new(parts(), (body, connections.begin().ended(true)), 1, SUSPICIOUS)
        };
        let (dropped, mut stalled) = (begun(), begun());
        advance(SUSPICIOUS).await;
        drop(dropped);
        assert_eq!(replaced(), 0);
        assert_eq!(stalled.chunk().await.unwrap_err().kind(), crate::ErrorKind::TimedOut);
        assert_eq!(replaced(), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn connections_that_cannot_be_made_anew_stay() {
        let builds = AtomicU32::new(0);
        let connections = Connections::new(Box::new(move || match builds.fetch_add(1, Ordering::Relaxed) {
            0 => Ok(reqwest::Client::builder().tls_certs_only([]).build().unwrap()),
            _ => Err(ConfigError::because("api_url", &crate::message::NOT_HTTPS)),
        }));
        let connections = connections.unwrap();
        let first = Arc::clone(&connections.begin().pool);
        advance(SUSPICIOUS).await;
        connections.begin().ended(false);
        assert!(Arc::ptr_eq(&connections.begin().pool, &first));
    }
}
