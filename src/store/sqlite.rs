//! A token store in one SQLite file.

use super::{
    StoreError, StoredToken, TableName, TokenVersion,
    sql::{Statements, create, sql_store},
};
use crate::user::UserId;
use sqlx::{
    AssertSqlSafe, SqlitePool,
    error::DatabaseError,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};
use std::{io, path::Path, sync::Arc, time::Duration};
use tokio::sync::{Mutex, MutexGuard};

/// How long a statement waits for another process's lock. *Source*: our choice: the deadline of a save.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// Connections to one file. *Source*: our choice: loads run beside each other, writes one at a time whatever the number.
const CONNECTIONS: u32 = 4;

/// Keeps records in one SQLite file: nothing to install, for apps on one machine.
///
/// A save that was confirmed is on the disk: it survives `kill -9` of the app, and a power cut as far as the disk keeps what it
/// says it wrote (write-ahead log, `synchronous=FULL`). What is deleted is overwritten with zeros (`secure_delete`); the log
/// beside the file (`-wal`) may keep an older copy until its next checkpoint. Several processes of one machine may share the
/// file; a network file system may not. Writes of one process queue up, so that they do not fight for SQLite's lock.
///
/// ```
/// use komerza_connect::{store::SqliteStore, ApiKey, StoredToken, TokenStore, UserId};
///
/// # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
/// # let directory = std::env::temp_dir().join(format!("komerza-doc-{}", std::process::id()));
/// # std::fs::create_dir_all(&directory)?;
/// # let path = directory.join("tokens.db");
/// let store = SqliteStore::open(&path).await?;
/// let alice = UserId::new("alice")?;
/// store.save(&alice, &StoredToken::new(ApiKey::new("obviously-fake-key")?)?).await?;
/// store.close().await;
///
/// let reopened = SqliteStore::open(&path).await?;
/// assert!(reopened.load(&alice).await?.is_some());
/// # reopened.close().await;
/// # std::fs::remove_dir_all(directory)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Security
/// A new file is made readable and writable for its owner alone (0600). Whoever can read it has every key, unless the store is
/// wrapped in an encrypted one.
#[derive(Clone)]
pub struct SqliteStore {
    pool: SqlitePool,
    statements: Statements,
    writer: Arc<Mutex<()>>,
}

impl SqliteStore {
    /// Opens the file at `path` and makes the file, and the table `komerza_tokens`, if they are not there.
    ///
    /// # Errors
    /// [`StoreErrorKind::Misconfigured`](crate::store::StoreErrorKind::Misconfigured) when the file cannot be opened, made or written;
    /// the directory must exist.
    pub async fn open(path: impl AsRef<Path>) -> Result<Self, StoreError> {
        Self::open_with(path, &TableName::default()).await
    }

    /// As [`open`](Self::open), with a table of another name.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub async fn open_with(path: impl AsRef<Path>, table: &TableName) -> Result<Self, StoreError> {
        let path = path.as_ref();
        make_private(path).map_err(StoreError::misconfigured)?;
        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(true)
            .busy_timeout(BUSY_TIMEOUT)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .pragma("secure_delete", "ON");
        let pool = SqlitePoolOptions::new()
            .max_connections(CONNECTIONS)
            // A file does not go away as a server does: no test statement before each use.
            .test_before_acquire(false)
            .acquire_timeout(BUSY_TIMEOUT)
            .connect_with(options)
            .await
            .map_err(failure)?;
        Self::from_pool(pool, table).await
    }

    /// As [`open`](Self::open), for an address as settings hold it: `sqlite:PATH`, `sqlite://PATH` or `sqlite::memory:`.
    ///
    /// The path is taken as it is; nothing in it is decoded.
    ///
    /// # Errors
    /// [`StoreErrorKind::Misconfigured`](crate::store::StoreErrorKind::Misconfigured), also for options after a question mark: bring a
    /// pool of your own to [`from_pool`](Self::from_pool) for those.
    pub async fn connect(url: &str) -> Result<Self, StoreError> {
        let path = url.strip_prefix("sqlite:").map(|rest| rest.strip_prefix("//").unwrap_or(rest));
        match path {
            Some(":memory:") => Self::in_memory().await,
            Some("") | None => Err(StoreError::misconfigured("a SQLite address is sqlite:PATH")),
            Some(path) if path.contains('?') => {
                Err(StoreError::misconfigured("a SQLite address takes no options after a question mark"))
            }
            Some(path) => Self::open(path).await,
        }
    }

    /// A database in memory, for tests: it ends with the store.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub async fn in_memory() -> Result<Self, StoreError> {
        // One connection that never ends: each has a database of its own.
        let pool = SqlitePoolOptions::new()
            .max_connections(1)
            .idle_timeout(None)
            .max_lifetime(None)
            .connect_with(SqliteConnectOptions::new().in_memory(true).shared_cache(false))
            .await
            .map_err(failure)?;
        Self::from_pool(pool, &TableName::default()).await
    }

    /// Uses the app's own pool, and makes the table in it if it is not there.
    ///
    /// The pool's settings are the app's: unless it sets a write-ahead log and `synchronous=FULL`, less than
    /// [`open`](Self::open) promises survives a power cut.
    ///
    /// # Errors
    /// [`StoreErrorKind::Misconfigured`](crate::store::StoreErrorKind::Misconfigured) when the table cannot be made.
    pub async fn from_pool(pool: SqlitePool, table: &TableName) -> Result<Self, StoreError> {
        sqlx::query(AssertSqlSafe(create(table, "BLOB"))).execute(&pool).await.map_err(failure)?;
        Ok(Self { pool, statements: Statements::on(table), writer: Arc::default() })
    }

    /// Closes the connections; later calls fail. Dropping the store does the same in the background.
    pub async fn close(&self) {
        self.pool.close().await;
    }

    /// SQLite has one writer at a time; waiting here is fair, waiting for its lock is not.
    async fn turn(&self) -> MutexGuard<'_, ()> {
        self.writer.lock().await
    }
}

sql_store!(SqliteStore);

/// Makes the file for its owner alone, if there is none. SQLite would use the process's mask, and gives the files beside it
/// the mode of this one.
fn make_private(path: &Path) -> io::Result<()> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        made => made.map(drop),
    }
}

fn failure(error: sqlx::Error) -> StoreError {
    super::sql::failure(error, refused)
}

/// SQLite's words name tables and columns and quote no value, save those of a constraint or a trigger.
fn refused(error: &dyn DatabaseError) -> StoreError {
    let code = error.code().unwrap_or_default();
    // The low byte of an extended code is the plain one: https://sqlite.org/rescode.html
    match code.parse::<u32>().map_or(0, |code| code & 0xff) {
        1 | 8 | 14 | 23 | 26 => StoreError::misconfigured(format!("SQLite refused: {} (code {code})", error.message())),
        5 | 6 | 7 | 9 | 10 | 11 | 13 | 15 => {
            StoreError::unavailable(format!("SQLite failed: {} (code {code})", error.message()))
        }
        _ => StoreError::unavailable(format!("SQLite failed with code {code}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_confirmed_save_is_on_the_disk_and_a_removed_one_is_not() {
        let path = std::env::temp_dir().join(format!("komerza-connect-unit-{}.db", std::process::id()));
        let store = SqliteStore::open(&path).await.unwrap();
        // 2 is FULL: https://sqlite.org/pragma.html#pragma_synchronous
        for (pragma, wanted) in [("PRAGMA synchronous", 2), ("PRAGMA secure_delete", 1), ("PRAGMA busy_timeout", 5000)]
        {
            let found: i64 = sqlx::query_scalar(pragma).fetch_one(&store.pool).await.unwrap();
            assert_eq!(found, wanted, "{pragma}");
        }
        let mode: String = sqlx::query_scalar("PRAGMA journal_mode").fetch_one(&store.pool).await.unwrap();
        assert_eq!(mode, "wal");
        store.close().await;
        std::fs::remove_file(path).unwrap();
    }
}
