//! A token store in Redis.

use super::{ReplaceIf, StoreError, StoredToken, TokenStore, TokenVersion};
use crate::user::UserId;
use redis::{
    Cmd, ErrorKind, FromRedisValue, RedisError, ServerErrorKind,
    aio::{ConnectionManager, ConnectionManagerConfig},
};
use std::{error::Error, fmt, io, sync::Arc, time::Duration};
use zeroize::Zeroizing;

/// How long a connection, and an answer, may take. *Source*: our choice, below the deadline of a save; with
/// `appendfsync always` an answer waits for the disk.
const TIMEOUT: Duration = Duration::from_secs(3);

/// The longest pause between attempts to connect again. *Source*: our choice, so that a restart is over soon after it is.
const RECONNECT_PAUSE: Duration = Duration::from_millis(300);

/// Tries of one reconnection; the next call begins another.
const RECONNECT_TRIES: usize = 2;

/// A value begins with the version, 32 digits, then a space, then the record.
const VERSION_END: usize = 32;

/// Compares the version, which is the beginning of the value, and removes.
const DELETE_IF: &str =
    "if redis.call('GETRANGE', KEYS[1], 0, 31) == ARGV[1] then return redis.call('DEL', KEYS[1]) end return 0";

/// Compares the version and replaces.
const REPLACE_IF: &str = "if redis.call('GETRANGE', KEYS[1], 0, 31) == ARGV[1] then \
                          redis.call('SET', KEYS[1], ARGV[2]) return 1 end return 0";

/// Keeps records in Redis, one key for each user: for apps on several nodes that have Redis anyway.
///
/// All calls share one connection, which comes back by itself after an outage: the call that finds it broken fails, later
/// ones wait for the new one.
///
/// **Redis keeps what it is told to keep.** As it comes, it loses up to minutes of confirmed saves when it is killed, and a
/// lost record is a merchant who must connect again. Set in its configuration:
///
/// | Setting | Why |
/// | --- | --- |
/// | `appendonly yes` | writes go to a log on the disk |
/// | `appendfsync always` | a save is confirmed once it is on the disk; with `everysec` a crash loses up to a second |
/// | `maxmemory-policy noeviction` | any other policy throws records away when memory is short, and the user is "not connected" |
///
/// A replica that takes over may lack the last writes, since Redis copies them afterwards: PostgreSQL is the better choice
/// where that matters.
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
/// Whoever can read the database or its files has every key, unless the store is wrapped in an encrypted one. Through a
/// network, use a `rediss://` address.
#[derive(Clone)]
pub struct RedisStore {
    connection: ConnectionManager,
    prefix: Arc<str>,
}

impl RedisStore {
    /// What stands before the user id in a key, unless another is given.
    pub const DEFAULT_PREFIX: &str = "komerza:token:";

    /// Connects to a `redis://`, `rediss://` or `unix:` address.
    ///
    /// # Errors
    /// [`StoreErrorKind::Misconfigured`](crate::store::StoreErrorKind::Misconfigured) for a bad address or password, else
    /// [`StoreErrorKind::Unavailable`](crate::store::StoreErrorKind::Unavailable). None repeats the address.
    pub async fn connect(url: &str) -> Result<Self, StoreError> {
        Self::connect_with(url, Self::DEFAULT_PREFIX).await
    }

    /// As [`connect`](Self::connect), with another prefix of the keys.
    ///
    /// # Errors
    /// As [`connect`](Self::connect).
    pub async fn connect_with(url: &str, prefix: &str) -> Result<Self, StoreError> {
        let client = redis::Client::open(url).map_err(|_| {
            StoreError::misconfigured("a Redis address is redis://[[user]:password@]host[:port][/database]")
        })?;
        let config = ConnectionManagerConfig::new()
            .set_connection_timeout(Some(TIMEOUT))
            .set_response_timeout(Some(TIMEOUT))
            .set_number_of_retries(RECONNECT_TRIES)
            .set_max_delay(RECONNECT_PAUSE);
        let connection = ConnectionManager::new_with_config(client, config).await.map_err(failure)?;
        Ok(Self::from_connection(connection, prefix))
    }

    /// Uses a connection of the app's own; `prefix` stands before the user id in every key.
    #[must_use]
    pub fn from_connection(connection: ConnectionManager, prefix: &str) -> Self {
        Self { connection, prefix: prefix.into() }
    }

    fn key(&self, user: &UserId) -> String {
        format!("{}{}", self.prefix, user.as_str())
    }

    pub(crate) async fn ask<T: FromRedisValue>(&self, command: &Cmd) -> Result<T, StoreError> {
        command.query_async(&mut self.connection.clone()).await.map_err(failure)
    }

    /// One script with the user's key and the version, and what else it takes.
    async fn script(&self, script: &str, user: &UserId, rest: &[&str]) -> Result<bool, StoreError> {
        let mut command = redis::cmd("EVAL");
        command.arg(script).arg(1).arg(self.key(user)).arg(rest);
        self.ask::<u64>(&command).await.map(|changed| changed > 0)
    }
}

/// The version first, so that a script compares it without reading the record.
fn value(token: &StoredToken) -> Zeroizing<String> {
    Zeroizing::new(format!("{} {}", token.version(), *Zeroizing::new(token.to_text())))
}

#[async_trait::async_trait]
impl TokenStore for RedisStore {
    async fn load(&self, user: &UserId) -> Result<Option<StoredToken>, StoreError> {
        let found = self.ask::<Option<Vec<u8>>>(redis::cmd("GET").arg(self.key(user))).await?;
        found.map(|value| read(&Zeroizing::new(value))).transpose()
    }

    async fn save(&self, user: &UserId, token: &StoredToken) -> Result<(), StoreError> {
        self.ask(redis::cmd("SET").arg(self.key(user)).arg(value(token).as_str())).await
    }

    async fn delete(&self, user: &UserId) -> Result<(), StoreError> {
        self.ask::<u64>(redis::cmd("DEL").arg(self.key(user))).await.map(drop)
    }

    async fn delete_if(&self, user: &UserId, version: &TokenVersion) -> Result<bool, StoreError> {
        self.script(DELETE_IF, user, &[&version.to_string()]).await
    }
}

#[async_trait::async_trait]
impl ReplaceIf for RedisStore {
    async fn replace_if(&self, user: &UserId, token: &StoredToken) -> Result<bool, StoreError> {
        self.script(REPLACE_IF, user, &[&token.version().to_string(), &value(token)]).await
    }
}

fn read(value: &[u8]) -> Result<StoredToken, StoreError> {
    let unreadable = || StoreError::unreadable("not a record of this crate");
    let (version, record) = value.split_at_checked(VERSION_END).ok_or_else(unreadable)?;
    let record =
        record.strip_prefix(b" ").and_then(|record| std::str::from_utf8(record).ok()).ok_or_else(unreadable)?;
    let token = StoredToken::from_text(record)?;
    if token.version().to_string().as_bytes() != version {
        return Err(StoreError::unreadable("a record of two versions"));
    }
    Ok(token)
}

/// Redis quotes the arguments of a command that it does not know, so none of its words are kept but the error's code.
fn failure(error: RedisError) -> StoreError {
    if error.is_timeout() {
        return StoreError::timed_out();
    }
    if let Some(cause) = error.source().and_then(|source| source.downcast_ref::<io::Error>()) {
        return StoreError::unavailable(format!("the connection to Redis failed: {}", cause.kind()));
    }
    let said = format!("Redis refused: {} ({})", error.code().unwrap_or("no code"), error.category());
    match error.kind() {
        ErrorKind::AuthenticationFailed | ErrorKind::InvalidClientConfig => StoreError::misconfigured(said),
        ErrorKind::Server(ServerErrorKind::NoPerm) => StoreError::misconfigured(said),
        ErrorKind::UnexpectedReturnType | ErrorKind::Parse => StoreError::unreadable(said),
        _ => StoreError::unavailable(said),
    }
}

impl fmt::Debug for RedisStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisStore").field("prefix", &self.prefix).finish_non_exhaustive()
    }
}
