//! Places for stores to keep their records in: a directory of one's own, a table, a prefix.

use crate::prelude::*;
use std::sync::atomic::AtomicU32;

static NEXT: AtomicU32 = AtomicU32::new(0);

/// A name that no other test of this or another process has.
pub(crate) fn unique(what: &str) -> String {
    format!("{what}_{}_{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed))
}

pub(crate) fn alice() -> UserId {
    user("alice")
}

/// A new record of the same key each time.
pub(crate) fn token() -> StoredToken {
    record("obviously-fake-key")
}

/// A server that a busy machine slows down answers within this time too: for tests that count how many calls fail.
#[cfg(feature = "servers")]
pub(crate) const PATIENT: Duration = Duration::from_secs(4);

/// A port for a server of a test's own; the port 10,000 above it is free too, which a node of a Redis Cluster uses.
///
/// None that the system gives to those who connect: while the server is down, one of them could get it.
#[cfg(feature = "servers")]
pub(crate) fn free_port() -> u16 {
    use std::hash::BuildHasher as _;
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

/// What a web server says to what is no request.
#[cfg(feature = "servers")]
pub(crate) const WEB: &[u8] = b"HTTP/1.1 400 Bad Request\r\n\r\n";

/// A server of another kind, which says this to everybody, and then keeps the connection or closes it.
#[cfg(feature = "servers")]
pub(crate) async fn says(answer: &'static [u8], and_stays: bool) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let mut kept = Vec::new();
        while let Ok((mut client, _)) = listener.accept().await {
            let _ = client.write_all(answer).await;
            if !answer.is_empty() || and_stays {
                // Reading what the client says, so that the close is no reset.
                let _ = timeout(Duration::from_millis(200), client.read(&mut [0; 1024])).await;
            }
            kept.extend(and_stays.then_some(client));
        }
    });
    address
}

/// The servers of `.ci/servers`, by their URLs.
#[cfg(feature = "servers")]
pub(crate) use self::urls::*;

#[cfg(feature = "servers")]
mod urls {
    fn url(variable: &str) -> String {
        std::env::var(variable).unwrap_or_else(|_| panic!("{variable} is not set: run .ci/servers"))
    }

    pub(crate) fn postgres_url() -> String {
        url("KOMERZA_TEST_POSTGRES_URL")
    }

    /// PgBouncer in front of that PostgreSQL; the mode is `session`, `transaction`, `transaction_few` or `statement`.
    pub(crate) fn pgbouncer_url(mode: &str) -> String {
        format!("{}/{mode}", url("KOMERZA_TEST_PGBOUNCER_URL"))
    }

    pub(crate) fn mysql_url() -> String {
        url("KOMERZA_TEST_MYSQL_URL")
    }

    pub(crate) fn redis_url() -> String {
        url("KOMERZA_TEST_REDIS_URL")
    }

    pub(crate) fn cluster_url() -> String {
        url("KOMERZA_TEST_REDIS_CLUSTER_URL")
    }

    pub(crate) fn sentinel_url() -> String {
        url("KOMERZA_TEST_REDIS_SENTINEL_URL")
    }

    /// A table as it stands in statements.
    pub(crate) fn in_statements(url: &str, table: &komerza_connect::store::TableName) -> String {
        table.to_string().replace('"', if url.starts_with("mysql") { "`" } else { "\"" })
    }

    /// Runs statements on a connection of its own; how many rows they changed.
    pub(crate) async fn run(url: &str, statements: &str) -> u64 {
        use sqlx::Connection as _;
        let statements = sqlx::raw_sql(sqlx::AssertSqlSafe(statements.to_owned()));
        if url.starts_with("mysql") {
            let mut connection = sqlx::MySqlConnection::connect(url).await.unwrap();
            return statements.execute(&mut connection).await.unwrap().rows_affected();
        }
        let options: sqlx::postgres::PgConnectOptions = url.parse().unwrap();
        let mut connection = sqlx::PgConnection::connect_with(&options.extra_float_digits(None)).await.unwrap();
        statements.execute(&mut connection).await.unwrap().rows_affected()
    }

    /// A connection to Redis behind the store's back.
    pub(crate) async fn redis_connection() -> redis::aio::MultiplexedConnection {
        redis::Client::open(redis_url()).unwrap().get_multiplexed_async_connection().await.unwrap()
    }
}

/// A record that was saved so many milliseconds after 1970, with a key of its own.
pub(crate) fn saved_at(millis: u64) -> StoredToken {
    let token = record(format!("obviously-fake-key-{millis}"));
    let mut form: Value = serde_json::from_str(&token.to_text()).unwrap();
    form["saved_at"] = millis.into();
    StoredToken::from_text(&form.to_string()).unwrap()
}

pub(crate) fn time(millis: u64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_millis(millis)
}

/// Nodes that start together where there is nothing yet all come up, and what each saves is there.
pub(crate) async fn all_come_up<S: TokenStore, F: Future<Output = S> + Send + 'static>(
    count: u32,
    open: impl Fn() -> F,
) {
    let mut nodes = JoinSet::new();
    for number in 0..count {
        let opening = open();
        nodes.spawn(async move {
            let store = opening.await;
            store.save(&UserId::from(number), &token()).await.unwrap();
            store
        });
    }
    let stores = nodes.join_all().await;
    for number in 0..count {
        assert!(stores[0].load(&UserId::from(number)).await.unwrap().is_some(), "what node {number} saved is gone");
    }
}
