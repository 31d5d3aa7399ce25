//! A token store in one SQLite file.

use super::pool::{Call, OPENING};
use super::{Dialect, How, Pool, Refusal, SqlStore, TableName, Value, answer, bind, failure};
use crate::{store::StoreError, telemetry::log};
use sqlx::sqlite::{SqliteConnectOptions, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{
    AssertSqlSafe, ConnectOptions, Connection, Executor as _, Row as _, Sqlite, SqliteConnection, error::DatabaseError,
};
use std::{io, path::Path, time::Duration};
use tokio::time::Instant;

/// How long a statement waits for another process's lock at a time. *Source*: our choice, below the deadline of
/// a call, so that the error says that the database is locked.
const BUSY_TIMEOUT: Duration = Duration::from_millis(1_200);

/// Connections to one file. *Source*: our choice: loads run beside each other, writes one at a time whatever
/// the number.
const CONNECTIONS: usize = 4;

/// Keeps records in one SQLite file, for apps on one machine. There is nothing to install.
///
/// A confirmed save is on the disk. It survives `kill -9` of the app. It survives a power cut if the disk
/// keeps what it reports as written (write-ahead log, `synchronous=FULL`). SQLite overwrites deleted records
/// with zeros (`secure_delete`). The log next to the file (`-wal`) may keep an older copy until its next
/// checkpoint. Several processes on one machine may share the file. It must not be on a network file system.
/// Writes of one process run one after the other, so they do not compete for SQLite's lock. A write that
/// reaches its deadline while it waits for the lock of another process is never carried out later.
///
/// **The journal mode.** A new file gets a write-ahead log. An existing database keeps its mode, because the
/// app decides about it. If that is another mode, a log event names it. Readers and writers then wait for
/// each other.
///
/// **The table.** The columns are `user_id` (bytes), `version`, `record` and `saved_at` (milliseconds since
/// 1970, with an index).
///
/// ```
/// use komerza_connect::{ApiKey, StoredToken, TokenStore, UserId, store::SqliteStore};
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
/// A new file can be read and written only by its owner (0600). Anyone who can read it has every key, unless
/// the store is wrapped in an `EncryptedStore`.
pub type SqliteStore = SqlStore<Sqlite>;

impl SqlStore<Sqlite> {
    /// Opens the file at `path`. Creates the file and the table `komerza_tokens` if they are missing.
    ///
    /// # Errors
    /// [`StoreErrorKind::Misconfigured`](crate::store::StoreErrorKind::Misconfigured) if the file cannot be
    /// opened, created or written. The directory must exist.
    pub async fn open(path: impl AsRef<Path>) -> Result<Self, StoreError> {
        Self::open_with(path, &TableName::default()).await
    }

    /// Same as [`open`](Self::open), with a table of another name.
    ///
    /// # Errors
    /// Same as [`open`](Self::open).
    pub async fn open_with(path: impl AsRef<Path>, table: &TableName) -> Result<Self, StoreError> {
        let path = path.as_ref();
        let place = format!("the SQLite file {}", path.display());
        let empty = make_private(path).map_err(|error| StoreError::misconfigured(format!("{place}: {error}")))?;
        let options = SqliteConnectOptions::new()
            .filename(path)
            .busy_timeout(BUSY_TIMEOUT)
            .synchronous(SqliteSynchronous::Full)
            .pragma("secure_delete", "ON")
            .disable_statement_logging();
        let pool = Pool::own(options, CONNECTIONS, place);
        // A new file gets a write-ahead log. An existing file keeps its mode, which is logged.
        let asked = if empty { "PRAGMA journal_mode = WAL" } else { "PRAGMA journal_mode" };
        let began = Instant::now();
        let rows = loop {
            match pool.tried(How::WriteOnce, asked.into(), Vec::new()).await {
                // SQLite does not wait for the lock that this change needs: other nodes may start at the same moment.
                Err(error) if failure::is_conflict::<Sqlite>(&error) && began.elapsed() < OPENING => {
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
                outcome => break outcome.map_err(|error| failure::explain::<Sqlite>(error, &pool.place))?.rows,
            }
        };
        let mode = rows.concat().into_iter().flatten().next().unwrap_or_default();
        if *mode != "wal" {
            log::info!(
                mode = %*mode,
                "{} keeps its journal mode; with PRAGMA journal_mode=WAL readers and writers would not wait for each other",
                pool.place
            );
        }
        Self::in_pool(pool, table).await
    }

    /// Same as [`open`](Self::open), but takes an address, for example from a setting: `sqlite:PATH`,
    /// `sqlite://PATH` or `sqlite::memory:`.
    ///
    /// The path is used unchanged; percent signs in it are not decoded.
    ///
    /// # Errors
    /// [`StoreErrorKind::Misconfigured`](crate::store::StoreErrorKind::Misconfigured), also if the address
    /// has options after a question mark. To set options, make your own pool and give it to
    /// [`from_pool`](Self::from_pool).
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

    /// Opens a database in memory, for tests. Its records are lost when the store is dropped.
    ///
    /// # Errors
    /// Same as [`open`](Self::open).
    pub async fn in_memory() -> Result<Self, StoreError> {
        // One connection that never ends: each has a database of its own. sqlx's pool keeps it also when a call is dropped.
        let pool = SqlitePoolOptions::new()
            .max_connections(1)
            .idle_timeout(None)
            .max_lifetime(None)
            .connect_with(SqliteConnectOptions::new().in_memory(true).shared_cache(false).disable_statement_logging())
            .await
            .map_err(|error| failure::explain::<Sqlite>(error, "the SQLite database in memory"))?;
        Self::from_pool(pool, &TableName::default()).await
    }
}

/// Takes the lock before anything is written, so a call that is dropped while it waits has written nothing.
const BEGIN: &str = "BEGIN IMMEDIATE";

impl Dialect for Sqlite {
    const CODE: &'static str = "code";
    const IN_TURN: bool = true;
    const CREATED: How = How::Transact;

    /// When the disk is full, SQLite ends the transaction by itself. sqlx still counts it as open and begins
    /// no other one on that connection.
    fn closes(options: &SqliteConnectOptions) -> bool {
        options.get_filename().is_file()
    }

    fn create(table: &str, name: &TableName) -> String {
        let (schema, index, own_name) = (name.schema.as_deref().unwrap_or("main"), name.index(), &name.name);
        format!(
            "CREATE TABLE IF NOT EXISTS {table} (user_id BLOB NOT NULL PRIMARY KEY, version TEXT NOT NULL, \
             record TEXT NOT NULL, saved_at INTEGER NOT NULL); \
             CREATE INDEX IF NOT EXISTS \"{schema}\".{index} ON \"{own_name}\" (saved_at)"
        )
    }

    fn refusal(error: &dyn DatabaseError) -> Refusal {
        by_code(&error.code().unwrap_or_default())
    }

    fn run(connection: &mut SqliteConnection, how: How, statement: String, values: Vec<Value>) -> Call<'_> {
        Box::pin(async move {
            let query = bind!(sqlx::query(AssertSqlSafe(statement)), values);
            if how != How::Transact {
                return Ok(answer!(connection, query));
            }
            // sqlx's own transaction: it is rolled back when it is dropped, also in a pool of the app.
            let mut transaction = connection.begin_with(BEGIN).await?;
            let answer = answer!(&mut *transaction, query);
            transaction.commit().await?;
            Ok(answer)
        })
    }
}

/// Creates the file, if it is missing, with access for its owner only. Returns whether it is empty. SQLite
/// itself would create it with the umask of the process. SQLite gives the files beside this one the same
/// mode.
fn make_private(path: &Path) -> io::Result<bool> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(path) {
        // If the length cannot be read, SQLite refuses the file later.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            Ok(path.metadata().is_ok_and(|file| file.len() == 0))
        }
        made => made.map(|_| true),
    }
}

/// SQLite's messages name tables and columns. Only those of constraints and triggers can quote values.
fn by_code(code: &str) -> Refusal {
    // The low byte of an extended code is the plain one: https://sqlite.org/rescode.html
    match code.parse::<u32>().map_or(0, |code| code & 0xff) {
        1 | 14 | 23 | 26 => Refusal::Setting,
        // Read-only, or the disk is full.
        8 | 13 => Refusal::NoWrites,
        // Another connection has the lock.
        5 | 6 => Refusal::Conflict,
        7 | 9 | 10 | 11 | 15 => Refusal::Passing,
        _ => Refusal::Unspoken,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_confirmed_save_is_on_the_disk_and_a_removed_one_is_not() {
        let path = std::env::temp_dir().join(format!("komerza-connect-unit-{}.db", std::process::id()));
        let store = SqliteStore::open(&path).await.unwrap();
        let pragma = async |name: &str| {
            let answer = store.run(How::Read, format!("PRAGMA {name}"), Vec::new()).await.unwrap();
            answer.rows[0][0].as_ref().unwrap().to_string()
        };
        // 2 is FULL: https://sqlite.org/pragma.html#pragma_synchronous
        for (name, wanted) in [("synchronous", "2"), ("secure_delete", "1"), ("journal_mode", "wal")] {
            assert_eq!(pragma(name).await, wanted, "{name}");
        }
        store.close().await;
        std::fs::remove_file(path).unwrap();
    }
}
