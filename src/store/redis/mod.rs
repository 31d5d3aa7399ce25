//! A token store in Redis.

mod address;
mod failure;
mod line;
mod list;

use super::{ListUsers, ReplaceIf, StoreError, StoredToken, TokenStore, TokenVersion};
use crate::user::UserId;
use address::Address;
use line::{Line, Then};
use redis::{Cmd, FromRedisValue};
use std::{fmt, sync::Arc, time::Duration};
use zeroize::Zeroizing;

/// How long a call may take, connecting included. *Source*: our choice, below the deadline that the layer gives
/// a call, so that the store notices first. With `appendfsync always` an answer waits for the disk.
const LIMIT: Duration = Duration::from_millis(1_500);

/// The longest deadline, so that its moment can be calculated.
const LONGEST: Duration = Duration::from_secs(365 * 86_400);

/// What every script begins with: the last argument is the time after which it does nothing.
const IN_TIME: &str = "local now = redis.call('TIME') \
    if now[1] * 1000000 + now[2] > tonumber(ARGV[#ARGV]) then return redis.error_reply('LATE too late') end ";

const SAVE: &str = "return redis.pcall('SET', KEYS[1], ARGV[1])";

const DELETE: &str = "return redis.pcall('DEL', KEYS[1])";

/// Compares the version, which is the beginning of the value, and removes.
const DELETE_IF: &str =
    "if redis.call('GETRANGE', KEYS[1], 0, 31) == ARGV[1] then return redis.pcall('DEL', KEYS[1]) end return 0";

/// Compares the version and replaces.
const REPLACE_IF: &str = "if redis.call('GETRANGE', KEYS[1], 0, 31) ~= ARGV[1] then return 0 end \
    local done = redis.pcall('SET', KEYS[1], ARGV[2]) if done.err then return done end return 1";

/// Keeps records in Redis, one Redis key for each user. It is for apps on several nodes that already use
/// Redis.
///
/// All calls share one connection. The store replaces it when a call over it is late, when it breaks, and
/// when its server has become a replica, for example after a failover. A write whose deadline is over is
/// never carried out.
///
/// | Address | Where the records are |
/// | --- | --- |
/// | `redis://[[user]:password@]host[:port][/database]` | one server; after a failover the host name may point to another server |
/// | `rediss://…` | the same over TLS; likewise `rediss-cluster` and `rediss-sentinel` |
/// | `unix:///path` | a server on this machine |
/// | `redis-cluster://[[user]:password@]host[:port],…` | a Redis Cluster; name one or more of its nodes |
/// | `redis-sentinel://[[user]:password@]host[:port],…/service[/database]` | the primary that the Sentinels name. The hosts are those of the Sentinels; their default port is 26379. User and password are those of the Redis servers. If the Sentinels have a password too, append `?sentinel_password=…`, and `&sentinel_user=…` if needed |
///
/// It needs Redis 5 or newer, or Valkey. Its user must be allowed to use `GET`, `SET`, `DEL`, `GETRANGE`,
/// `EVAL`, `TIME`, `SCAN`, `MGET` and `PING`, and in a cluster `CLUSTER SLOTS`.
///
/// **Configure Redis to be durable.** By default Redis can lose the confirmed saves of the last minutes when
/// it is killed. A user whose record is lost must connect again. Set in the configuration of Redis:
///
/// | Setting | Why |
/// | --- | --- |
/// | `appendonly yes` | writes go to a log on the disk |
/// | `appendfsync always` | a save is confirmed when it is on the disk; with `everysec` a crash can lose the saves of the last second |
/// | `maxmemory-policy noeviction` | the `allkeys-` policies delete records when memory is short; such a user is then "not connected" |
///
/// Redis may confirm a write before it copies the write to its replicas. So a replica that takes over may
/// lack the last writes. If that matters, use PostgreSQL.
///
/// ```no_run
/// use komerza_connect::store::RedisStore;
///
/// # async fn example() -> Result<(), komerza_connect::StoreError> {
/// let store = RedisStore::connect("redis://:password@cache.example/0").await?;
/// # Ok(())
/// # }
/// ```
///
/// # Security
/// Anyone who can read the database or its files has every key, unless the store is wrapped in an
/// `EncryptedStore`. Over a network, use a `rediss://` address.
#[derive(Clone)]
pub struct RedisStore {
    line: Line,
    prefix: Arc<str>,
}

impl RedisStore {
    /// The default start of every Redis key. The user id follows it.
    pub const DEFAULT_PREFIX: &str = "komerza:token:";

    /// Connects to a server, a cluster or Sentinels; see the addresses [above](Self).
    ///
    /// # Errors
    /// [`StoreErrorKind::Misconfigured`](crate::store::StoreErrorKind::Misconfigured) for a bad address or
    /// password: correct the setting.
    /// [`StoreErrorKind::Unavailable`](crate::store::StoreErrorKind::Unavailable) or
    /// [`StoreErrorKind::TimedOut`](crate::store::StoreErrorKind::TimedOut) when Redis cannot be reached: try
    /// again later. The errors name the server, never the password.
    pub async fn connect(url: &str) -> Result<Self, StoreError> {
        Self::connect_with(url, Self::DEFAULT_PREFIX).await
    }

    /// Same as [`connect`](Self::connect), with another prefix of the Redis keys.
    ///
    /// # Errors
    /// Same as [`connect`](Self::connect).
    pub async fn connect_with(url: &str, prefix: &str) -> Result<Self, StoreError> {
        Self::of(address::parse(url)?, prefix).await
    }

    /// Connects to the server of a client that the app has set up, for example with its own certificates.
    ///
    /// Every Redis key is `prefix` followed by the user id. The store opens its own connections.
    ///
    /// # Errors
    /// Same as [`connect`](Self::connect).
    pub async fn from_client(client: redis::Client, prefix: &str) -> Result<Self, StoreError> {
        Self::of(address::of_client(client)?, prefix).await
    }

    async fn of(address: Address, prefix: &str) -> Result<Self, StoreError> {
        address::choose_tls_provider();
        // No user id has a NUL.
        let line = Line::connect(address, &format!("{prefix}\0"), LIMIT).await?;
        Ok(Self { line, prefix: prefix.into() })
    }

    /// Sets how long a call may take, connecting included. Default: 1.5 seconds.
    ///
    /// Keep it below [`Limits::store_deadline`](crate::config::Limits::store_deadline): the store then replaces
    /// a connection that does not answer, and a write that was given up is never carried out later. Zero: a
    /// call fails unless it is answered at once. More than a year counts as a year.
    #[must_use]
    pub fn with_deadline(mut self, deadline: Duration) -> Self {
        self.line.limit = deadline.min(LONGEST);
        self
    }

    fn key(&self, user: &UserId) -> String {
        format!("{}{}", self.prefix, user.as_str())
    }

    /// Sends a command that is carried out at most once.
    pub(crate) async fn ask<T: FromRedisValue>(&self, command: &Cmd) -> Result<T, StoreError> {
        self.line.ask(command, Then::Once).await
    }

    /// Runs a script with the user's key and the other arguments. Returns whether it changed something.
    async fn script(&self, script: &str, user: &UserId, rest: &[&str], repeat: bool) -> Result<bool, StoreError> {
        let key = self.key(user);
        let mut command = redis::cmd("EVAL");
        command.arg([IN_TIME, script].concat()).arg(1).arg(&key).arg(rest);
        self.line.ask(&command, Then::Write { key: &key, repeat }).await
    }
}

/// The version of 32 digits, a space, the record: a script compares the version without reading the record.
fn value(token: &StoredToken) -> Zeroizing<String> {
    Zeroizing::new(format!("{} {}", token.version(), *Zeroizing::new(token.to_text())))
}

#[async_trait::async_trait]
impl TokenStore for RedisStore {
    async fn load(&self, user: &UserId) -> Result<Option<StoredToken>, StoreError> {
        let mut command = redis::cmd("GET");
        command.arg(self.key(user));
        let found: Option<Vec<u8>> = self.line.ask(&command, Then::Read).await?;
        found.map(|value| read(&Zeroizing::new(value))).transpose()
    }

    async fn save(&self, user: &UserId, token: &StoredToken) -> Result<(), StoreError> {
        self.script(SAVE, user, &[&value(token)], true).await.map(drop)
    }

    async fn delete(&self, user: &UserId) -> Result<(), StoreError> {
        self.script(DELETE, user, &[], true).await.map(drop)
    }

    async fn delete_if(&self, user: &UserId, version: &TokenVersion) -> Result<bool, StoreError> {
        self.script(DELETE_IF, user, &[&version.to_string()], false).await
    }

    fn lists_users(&self) -> Option<&dyn ListUsers> {
        Some(self)
    }
}

#[async_trait::async_trait]
impl ReplaceIf for RedisStore {
    async fn replace_if(&self, user: &UserId, token: &StoredToken) -> Result<bool, StoreError> {
        self.script(REPLACE_IF, user, &[&token.version().to_string(), &value(token)], false).await
    }
}

fn read(value: &[u8]) -> Result<StoredToken, StoreError> {
    let parts = std::str::from_utf8(value).ok().and_then(|value| value.split_once(' '));
    let (version, record) = parts.ok_or_else(|| StoreError::unreadable("not a record of this crate"))?;
    let token = StoredToken::from_text(record)?;
    if version.parse().ok() != Some(*token.version()) {
        return Err(StoreError::unreadable("the version in the record differs from the version before it"));
    }
    Ok(token)
}

impl fmt::Debug for RedisStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisStore")
            .field("address", &self.line.address.place)
            .field("prefix", &self.prefix)
            .finish_non_exhaustive()
    }
}
