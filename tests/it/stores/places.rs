//! Places for stores to keep their records in: a directory of one's own, a table, a prefix.

use crate::prelude::*;
use std::sync::atomic::{AtomicU32, Ordering};

static NEXT: AtomicU32 = AtomicU32::new(0);

/// A name that no other test of this or another process has.
pub(crate) fn unique(what: &str) -> String {
    format!("{what}_{}_{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed))
}

pub(crate) fn alice() -> UserId {
    UserId::new("alice").unwrap()
}

/// A new record of the same key each time.
pub(crate) fn token() -> StoredToken {
    StoredToken::new(ApiKey::new("obviously-fake-key").unwrap()).unwrap()
}

#[cfg(feature = "servers")]
pub(crate) use komerza_connect_testing::time::PATIENCE;

/// A server that a busy machine slows down answers within this time too: for tests that count how many calls fail.
#[cfg(feature = "servers")]
pub(crate) const PATIENT: std::time::Duration = std::time::Duration::from_secs(4);

/// A port for a server of a test's own; the port 10,000 above it is free too, which a node of a Redis Cluster uses.
///
/// None that the system gives to those who connect: while the server is down, one of them could get it.
#[cfg(feature = "servers")]
pub(crate) fn free_port() -> u16 {
    use std::{hash::BuildHasher as _, sync::LazyLock};
    static FIRST: LazyLock<u64> = LazyLock::new(|| std::hash::RandomState::new().hash_one(0));
    loop {
        let next = u64::from(NEXT.fetch_add(1, Ordering::Relaxed));
        let port = 10_000 + u16::try_from(FIRST.wrapping_add(next) % 10_000).unwrap();
        if [port, port + 10_000].iter().all(|port| std::net::TcpListener::bind(("127.0.0.1", *port)).is_ok()) {
            return port;
        }
    }
}

/// A directory that is removed when the test ends.
pub(crate) struct Directory(PathBuf);

impl Directory {
    pub(crate) fn new() -> Self {
        let path = std::env::temp_dir().join(unique("komerza_connect"));
        std::fs::create_dir(&path).unwrap();
        Self(path)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

#[cfg(feature = "servers")]
pub(crate) fn postgres_url() -> String {
    std::env::var("KOMERZA_TEST_POSTGRES_URL").expect("KOMERZA_TEST_POSTGRES_URL is not set: run .ci/servers")
}

/// PgBouncer in front of that PostgreSQL; the mode is `session`, `transaction`, `transaction_few` or `statement`.
#[cfg(feature = "servers")]
pub(crate) fn pgbouncer_url(mode: &str) -> String {
    let url =
        std::env::var("KOMERZA_TEST_PGBOUNCER_URL").expect("KOMERZA_TEST_PGBOUNCER_URL is not set: run .ci/servers");
    format!("{url}/{mode}")
}

#[cfg(feature = "servers")]
pub(crate) fn mysql_url() -> String {
    std::env::var("KOMERZA_TEST_MYSQL_URL").expect("KOMERZA_TEST_MYSQL_URL is not set: run .ci/servers")
}

#[cfg(feature = "servers")]
pub(crate) fn redis_url() -> String {
    std::env::var("KOMERZA_TEST_REDIS_URL").expect("KOMERZA_TEST_REDIS_URL is not set: run .ci/servers")
}

/// A record that was saved so many milliseconds after 1970, with a key of its own.
pub(crate) fn saved_at(millis: u64) -> StoredToken {
    let token = StoredToken::new(ApiKey::new(format!("obviously-fake-key-{millis}")).unwrap()).unwrap();
    let mut form: serde_json::Value = serde_json::from_str(&token.to_text()).unwrap();
    form["saved_at"] = millis.into();
    StoredToken::from_text(&form.to_string()).unwrap()
}

pub(crate) fn time(millis: u64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_millis(millis)
}
