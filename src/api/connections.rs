//! The connections to the API, and when all of them are given up.
//!
//! 1. HTTP/2 has one connection for all users of the app. Pings find out whether its peer is still there.
//! 2. A peer may answer pings and nothing else, and over HTTP/1.1 many idle connections may be dead at once. So
//!    a call that got no answer, in its time or for as long as its caller waited, gives up all connections of
//!    that time. Later calls open new ones. Calls that are under way keep theirs.
//! 3. Connections are given up at most once a second: a peer that refuses everything is not asked for more of
//!    them.

use crate::config::ConfigError;
use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::time::Instant;

/// A call that got no answer for this long speaks against its connections. *Source*: our choice.
const SUSPICIOUS: Duration = Duration::from_secs(1);

/// Every so often the peer of an HTTP/2 connection is asked for a sign of life, and so long it has to answer.
/// *Source*: our choice; a silent peer is given up after ten seconds at most.
const PING: Duration = Duration::from_secs(5);

/// When the system asks the peer of an idle connection for a sign of life. *Source*: our choice.
const KEEPALIVE: Duration = Duration::from_secs(15);

/// How long sent bytes may stay unacknowledged. *Source*: our choice.
#[cfg(any(target_os = "android", target_os = "fuchsia", target_os = "linux"))]
const USER_TIMEOUT: Duration = Duration::from_secs(15);

/// Has dead connections found out.
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

/// Clones share the connections.
#[derive(Clone)]
pub(super) struct Connections(Arc<Shared>);

struct Shared {
    build: Box<Build>,
    pool: Mutex<Pool>,
}

struct Pool {
    http: reqwest::Client,
    number: u64,
    began: Instant,
    given_up: bool,
}

/// A try over the connections.
pub(super) struct Try {
    connections: Connections,
    http: reqwest::Client,
    number: u64,
    began: Instant,
    ended: bool,
}

impl Connections {
    pub(super) fn new(
        build: impl Fn() -> Result<reqwest::Client, ConfigError> + Send + Sync + 'static,
    ) -> Result<Self, ConfigError> {
        let pool = Pool { http: build()?, number: 0, began: Instant::now(), given_up: false };
        Ok(Self(Arc::new(Shared { build: Box::new(build), pool: Mutex::new(pool) })))
    }

    pub(super) fn begin(&self) -> Try {
        let mut pool = self.0.pool.lock().unwrap_or_else(PoisonError::into_inner);
        // It was built before, so it fails only if the system has changed; then the old connections are all there is.
        if pool.given_up
            && let Ok(http) = (self.0.build)()
        {
            crate::telemetry::log::debug!("the connections to the API are replaced");
            *pool = Pool { http, number: pool.number.wrapping_add(1), began: Instant::now(), given_up: false };
        }
        Try {
            connections: self.clone(),
            http: pool.http.clone(),
            number: pool.number,
            began: Instant::now(),
            ended: false,
        }
    }

    fn give_up(&self, number: u64) {
        let mut pool = self.0.pool.lock().unwrap_or_else(PoisonError::into_inner);
        if pool.number == number && pool.began.elapsed() >= SUSPICIOUS {
            pool.given_up = true;
        }
    }
}

impl Try {
    pub(super) fn http(&self) -> &reqwest::Client {
        &self.http
    }

    /// The connection answered, or broke by itself.
    pub(super) fn ended(mut self) {
        self.ended = true;
    }

    /// The connection is there and does not answer, or takes no requests.
    pub(super) fn give_up(mut self) {
        self.ended = true;
        self.connections.give_up(self.number);
    }
}

impl Drop for Try {
    fn drop(&mut self) {
        if !self.ended && self.began.elapsed() >= SUSPICIOUS {
            self.connections.give_up(self.number);
        }
    }
}

impl fmt::Debug for Connections {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connections").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::time::advance;

    fn connections() -> Connections {
        Connections::new(|| Ok(reqwest::Client::builder().tls_certs_only([]).build().unwrap())).unwrap()
    }

    #[tokio::test(start_paused = true)]
    async fn a_try_without_an_answer_gives_up_the_connections_it_used() {
        let connections = connections();
        let (late, answered, brief) = (connections.begin(), connections.begin(), connections.begin());
        brief.ended();
        answered.ended();
        assert_eq!(connections.begin().number, 0);
        advance(SUSPICIOUS).await;
        drop(late);
        assert_eq!(connections.begin().number, 1);
    }

    #[tokio::test(start_paused = true)]
    async fn a_caller_who_leaves_soon_says_nothing_about_the_connections() {
        let connections = connections();
        advance(SUSPICIOUS).await;
        drop(connections.begin());
        assert_eq!(connections.begin().number, 0);
    }

    #[tokio::test(start_paused = true)]
    async fn many_late_tries_give_up_their_connections_once() {
        let connections = connections();
        let late: Vec<_> = (0..20).map(|_| connections.begin()).collect();
        advance(SUSPICIOUS).await;
        for one in late {
            drop(one);
            assert_eq!(connections.begin().number, 1);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_peer_that_refuses_everything_gets_a_new_connection_once_a_second() {
        let connections = connections();
        for _ in 0..100 {
            connections.begin().give_up();
            advance(Duration::from_millis(100)).await;
        }
        assert!((8..=10).contains(&connections.begin().number));
    }

    #[tokio::test(start_paused = true)]
    async fn connections_that_cannot_be_made_anew_stay() {
        let builds = std::sync::atomic::AtomicU32::new(0);
        let connections = Connections::new(move || match builds.fetch_add(1, std::sync::atomic::Ordering::Relaxed) {
            0 => Ok(reqwest::Client::builder().tls_certs_only([]).build().unwrap()),
            _ => Err(ConfigError::because("api_url", &crate::config::message::NOT_HTTPS)),
        });
        let connections = connections.unwrap();
        advance(SUSPICIOUS).await;
        connections.begin().give_up();
        assert_eq!(connections.begin().number, 0);
    }
}
