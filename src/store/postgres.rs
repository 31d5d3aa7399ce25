//! A token store in PostgreSQL.

use super::{
    StoreError, StoredToken, TableName, TokenVersion,
    sql::{Statements, create, sql_store},
};
use crate::user::UserId;
use sqlx::{
    AssertSqlSafe, Connection, PgConnection, PgPool,
    error::DatabaseError,
    postgres::{PgConnectOptions, PgPoolOptions},
};
use std::{str::FromStr, time::Duration};

/// How long a call waits for a free connection. *Source*: our choice, below
/// [`store_deadline`](crate::config::Limits::store_deadline), so that this is the error that is logged, and not a bare deadline.
const ACQUIRE_TIMEOUT: Duration = Duration::from_millis(1_500);

/// A connection that was idle for longer is tried before it is used: the server may have ended it.
const TRUSTED_IDLE: Duration = Duration::from_secs(5);

/// The lock under which tables are made, so that nodes that start together do not collide. *Source*: our choice, at random.
const MIGRATION_LOCK: i64 = 0x6b6f_6d65_727a_6131;

/// Keeps records in a table of a PostgreSQL database: for apps on several nodes.
///
/// A save that was confirmed is committed: it survives a crash of the app and of the server, unless the server, the database
/// or the role has `synchronous_commit` or `fsync` switched off. The server may restart at any time; connections come back
/// by themselves. Each operation is one statement outside any transaction.
///
/// The columns are `user_id` (bytes; `WHERE user_id = 'alice'` finds a user all the same), `version` and `record`.
///
/// ```no_run
/// use komerza_connect::store::PostgresStore;
///
/// # async fn example() -> Result<(), komerza_connect::StoreError> {
/// let store = PostgresStore::connect("postgres://app:password@db.example/shop").await?;
/// # Ok(())
/// # }
/// ```
///
/// # Security
/// Whoever can read the table, or a dump of it, has every key, unless the store is wrapped in an encrypted one. Through a
/// network, ask for `sslmode=verify-full` in the address.
#[derive(Clone)]
pub struct PostgresStore {
    pool: PgPool,
    statements: Statements,
}

impl PostgresStore {
    /// Connects to a `postgres://` address, and makes the table `komerza_tokens` if it is not there.
    ///
    /// At most 10 connections. The address takes the client's options: `sslmode`, `sslrootcert`, `application_name`,
    /// `options`, and `statement-cache-capacity=0` for a pooler that gives each statement another connection.
    ///
    /// # Errors
    /// [`StoreErrorKind::Misconfigured`](crate::store::StoreErrorKind::Misconfigured) for a bad address, password, database or missing
    /// right; else [`StoreErrorKind::Unavailable`](crate::store::StoreErrorKind::Unavailable) or
    /// [`StoreErrorKind::TimedOut`](crate::store::StoreErrorKind::TimedOut). None repeats the address.
    pub async fn connect(url: &str) -> Result<Self, StoreError> {
        Self::connect_with(url, &TableName::default()).await
    }

    /// As [`connect`](Self::connect), with a table of another name.
    ///
    /// # Errors
    /// As [`connect`](Self::connect).
    pub async fn connect_with(url: &str, table: &TableName) -> Result<Self, StoreError> {
        let options = PgConnectOptions::from_str(url).map_err(failure)?;
        let pool = PgPoolOptions::new()
            .acquire_timeout(ACQUIRE_TIMEOUT)
            // A test before each use would double the way to the server; only what was idle is in doubt.
            .test_before_acquire(false)
            .before_acquire(|connection, state| {
                Box::pin(async move {
                    if state.idle_for > TRUSTED_IDLE {
                        connection.ping().await?;
                    }
                    Ok(true)
                })
            })
            .connect_with(options.clone());
        match pool.await {
            Ok(pool) => Self::from_pool(pool, table).await,
            // The pool tries a server that refuses again until its time is over, and forgets the reason.
            Err(sqlx::Error::PoolTimedOut) => Err(why_no_connection(&options).await),
            Err(error) => Err(failure(error)),
        }
    }

    /// Uses the app's own pool, and makes the table in it if it is not there.
    ///
    /// Nodes may do this at the same moment. A role without the right to make tables is enough once the table is there.
    ///
    /// # Errors
    /// As [`connect`](Self::connect).
    pub async fn from_pool(pool: PgPool, table: &TableName) -> Result<Self, StoreError> {
        let store = Self { pool, statements: Statements::on(table) };
        store.migrate(table).await.map_err(failure)?;
        Ok(store)
    }

    async fn migrate(&self, table: &TableName) -> Result<(), sqlx::Error> {
        let there = sqlx::query_scalar::<_, bool>("SELECT to_regclass($1) IS NOT NULL");
        if there.bind(table.to_string()).fetch_one(&self.pool).await? {
            return Ok(());
        }
        // `IF NOT EXISTS` alone is no guard: two servers' sessions may both find no table, and one of them then fails.
        let mut transaction = self.pool.begin().await?;
        sqlx::query("SELECT pg_advisory_xact_lock($1)").bind(MIGRATION_LOCK).execute(&mut *transaction).await?;
        sqlx::query(AssertSqlSafe(create(table, "BYTEA"))).execute(&mut *transaction).await?;
        transaction.commit().await
    }

    /// Closes the connections; later calls fail.
    pub async fn close(&self) {
        self.pool.close().await;
    }

    /// PostgreSQL orders writes itself.
    async fn turn(&self) {}
}

sql_store!(PostgresStore);

fn failure(error: sqlx::Error) -> StoreError {
    super::sql::failure(error, refused)
}

/// Tries once more, without the pool, to learn the reason.
async fn why_no_connection(options: &PgConnectOptions) -> StoreError {
    match tokio::time::timeout(ACQUIRE_TIMEOUT, PgConnection::connect_with(options)).await {
        Ok(Err(error)) => failure(error),
        Ok(Ok(_)) | Err(_) => failure(sqlx::Error::PoolTimedOut),
    }
}

fn refused(error: &dyn DatabaseError) -> StoreError {
    by_sqlstate(&error.code().unwrap_or_default(), error.message())
}

/// Which words of the server are kept: those about names, rights and the server's state. Others may quote a row.
/// *Source*: the classes of <https://www.postgresql.org/docs/current/errcodes-appendix.html>.
fn by_sqlstate(code: &str, message: &str) -> StoreError {
    let said = || format!("PostgreSQL refused: {message} (SQLSTATE {code})");
    match code.get(..2) {
        // Login, database, schema, names and rights.
        Some("28" | "3D" | "3F" | "42") => StoreError::misconfigured(said()),
        // Connection, read-only server, conflict, resources, state, operator.
        Some("08" | "25" | "40" | "53" | "55" | "57") => StoreError::unavailable(said()),
        _ => StoreError::unavailable(format!("PostgreSQL failed with SQLSTATE {code}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::StoreErrorKind;

    #[test]
    fn t44_only_words_that_cannot_quote_a_row_are_kept() {
        let row = "Failing row contains (obviously-fake-key)";
        for (code, kind, kept) in [
            ("42P01", StoreErrorKind::Misconfigured, true),
            ("28P01", StoreErrorKind::Misconfigured, true),
            ("53300", StoreErrorKind::Unavailable, true),
            ("23514", StoreErrorKind::Unavailable, false),
            ("22P02", StoreErrorKind::Unavailable, false),
            ("P0001", StoreErrorKind::Unavailable, false),
            ("", StoreErrorKind::Unavailable, false),
        ] {
            let error = by_sqlstate(code, row);
            assert_eq!(error.kind(), kind, "{code}");
            assert_eq!(format!("{error:?}").contains("obviously-fake"), kept, "{code}");
        }
    }
}
