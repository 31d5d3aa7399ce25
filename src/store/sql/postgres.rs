//! A token store in PostgreSQL.

use super::{
    Dialect, How, Pool, Refusal, SqlStore, TableName, Value, answer, bind, failure, place, pool::Call, run_on_a_server,
    with_literals,
};
use crate::store::StoreError;
use sqlx::{
    AssertSqlSafe, ConnectOptions, Executor as _, PgConnection, Postgres, Row as _, error::DatabaseError,
    postgres::PgConnectOptions,
};
use std::str::FromStr;

/// At most so many connections. *Source*: our choice, the client's own default.
const CONNECTIONS: usize = 10;

/// The lock under which tables are made, so that nodes that start together do not collide. *Source*: our
/// choice, at random.
const MIGRATION_LOCK: i64 = 0x6b6f_6d65_727a_6131;

/// Keeps records in a table of a PostgreSQL database: for apps on several nodes.
///
/// A confirmed save is committed. It survives a crash of the app and of the server, unless the server, the
/// database or the role has `synchronous_commit` or `fsync` switched off. The server may restart or fail over
/// at any time: the store closes a connection that is silent or broken, or whose server accepts no writes.
/// The next call opens a new one.
///
/// **Poolers.** PgBouncer in session and transaction mode works with the default address: no statement,
/// setting or transaction is left on a server between two calls. In statement mode the store refuses to open,
/// because saving needs a transaction. Tested with PgBouncer 1.18; other poolers that keep a transaction on
/// one server should work, but were not tested.
///
/// **The table.** The columns are `user_id` (bytes; `WHERE user_id = 'alice'` still finds a user), `version`,
/// `record` and `saved_at` (milliseconds since 1970, with an index). Once the table exists, the role does not
/// need the right to create tables.
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
/// Anyone who can read the table, or a dump of it, has every key, unless the store is wrapped in an
/// `EncryptedStore`. Over a network, set `sslmode=verify-full` in the address. The store sends keys as
/// parameters, so the text of a statement never contains a key. A server that logs the parameters of
/// statements (`log_statement`, `log_min_duration_statement`) logs the keys.
pub type PostgresStore = SqlStore<Postgres>;

impl SqlStore<Postgres> {
    /// Connects to a `postgres://` address, and creates the table `komerza_tokens` if it is missing.
    ///
    /// The store opens at most 10 connections. The address may have the options of sqlx, such as `sslmode`,
    /// `sslrootcert`, `application_name`, `options`.
    ///
    /// # Errors
    /// [`StoreErrorKind::Misconfigured`](crate::store::StoreErrorKind::Misconfigured) for a bad address,
    /// password, database or missing right, or a pooler in statement mode. Otherwise
    /// [`StoreErrorKind::Unavailable`](crate::store::StoreErrorKind::Unavailable) or
    /// [`StoreErrorKind::TimedOut`](crate::store::StoreErrorKind::TimedOut). No error repeats the password.
    pub async fn connect(url: &str) -> Result<Self, StoreError> {
        Self::connect_with(url, &TableName::default()).await
    }

    /// Same as [`connect`](Self::connect), with a table of another name.
    ///
    /// # Errors
    /// Same as [`connect`](Self::connect).
    pub async fn connect_with(url: &str, table: &TableName) -> Result<Self, StoreError> {
        let options = PgConnectOptions::from_str(url)
            .map_err(|error| failure::explain::<Postgres>(error, "the postgres:// address"))?;
        // PgBouncer refuses this parameter by default, and no number here is a float. Statements may hold ids, so none is logged.
        let options = options.extra_float_digits(None).disable_statement_logging();
        let place = place::<Postgres>(options.get_socket(), options.get_host(), options.get_port());
        Self::in_pool(Pool::own(options, CONNECTIONS, place), table).await
    }
}

/// A node that vanishes inside a transaction must not hold a row for longer than a visitor waits.
const BEGIN: &str = "BEGIN; SET LOCAL idle_in_transaction_session_timeout = 3000; SET LOCAL lock_timeout = 3000";
const COMMIT: &str = "COMMIT";

impl Dialect for Postgres {
    const CODE: &'static str = "SQLSTATE";
    const HEX_ID: &'static str = "encode(user_id, 'hex')";

    /// Runs in a transaction of several messages, like a save. So a pooler in statement mode refuses it
    /// already when the store is opened.
    const PROBED: How = How::Transact;

    /// `IF NOT EXISTS` by itself is no guard: two sessions may both find no table, and one of them then fails.
    fn create(table: &str, name: &TableName) -> String {
        let index = name.index();
        format!(
            "BEGIN; SET LOCAL lock_timeout = 5000; SELECT pg_advisory_xact_lock({MIGRATION_LOCK}); \
             CREATE TABLE IF NOT EXISTS {table} (user_id BYTEA NOT NULL PRIMARY KEY, version TEXT NOT NULL, \
             record TEXT NOT NULL, saved_at BIGINT NOT NULL); \
             CREATE INDEX IF NOT EXISTS {index} ON {table} (saved_at); COMMIT"
        )
    }

    fn refusal(error: &dyn DatabaseError) -> Refusal {
        by_sqlstate(&error.code().unwrap_or_default(), error.message())
    }

    // Unnamed: a named one would stay on the server, where a pooler gives it to another client.
    run_on_a_server!(PgConnection, |text, _| sqlx::query(AssertSqlSafe(text)).persistent(false));
}

/// Uses `decode` instead of `'\x…'`, because with an old setting the server reads the backslash as an escape.
fn literal(statement: &str, values: &[Value]) -> String {
    with_literals(statement, values, ("decode('", "', 'hex')"), ("convert_from(decode('", "', 'hex'), 'UTF8')"))
}

/// Which words of the server are kept: those about names, rights and the server's state. Others may quote a
/// row. *Source*: the classes of <https://www.postgresql.org/docs/current/errcodes-appendix.html>.
fn by_sqlstate(code: &str, message: &str) -> Refusal {
    match (code.get(..2), code) {
        // PgBouncer's own words, with the code of a protocol violation.
        (Some("08"), _) if message.contains("statement pooling mode") => Refusal::Setting,
        // A replica, or a full disk.
        (_, "25006" | "53100") => Refusal::NoWrites,
        // The server or an operator ends the connection; a pooler that has lost its server does too.
        (_, "57P01" | "57P02" | "57P03" | "57P05") | (Some("08"), _) => Refusal::Ending,
        // Login, database, schema, names and rights.
        (Some("28" | "3D" | "3F" | "42"), _) => Refusal::Setting,
        (Some("40"), _) => Refusal::Conflict,
        // Resources, state, operator.
        (Some("25" | "53" | "55" | "57"), _) => Refusal::Passing,
        _ => Refusal::Unspoken,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn t44_only_words_that_cannot_quote_a_row_are_kept() {
        for (code, meaning) in [
            ("42P01", Refusal::Setting),
            ("28P01", Refusal::Setting),
            ("53300", Refusal::Passing),
            ("25006", Refusal::NoWrites),
            ("53100", Refusal::NoWrites),
            ("57P01", Refusal::Ending),
            ("40P01", Refusal::Conflict),
            ("23514", Refusal::Unspoken),
            ("22P02", Refusal::Unspoken),
            ("P0001", Refusal::Unspoken),
            ("", Refusal::Unspoken),
        ] {
            assert_eq!(by_sqlstate(code, "Failing row contains (obviously-fake-key)"), meaning, "{code}");
        }
    }

    #[test]
    fn t47_a_value_stands_in_a_statement_as_hexadecimal_digits_alone() {
        let values = [Value::Bytes(b"'; DROP".to_vec()), Value::Text("\\' $1".to_owned().into()), Value::Number(-7)];
        assert_eq!(
            literal("a = $1 AND b = $2 AND c = $3", &values),
            "a = decode('273b2044524f50', 'hex') AND b = convert_from(decode('5c27202431', 'hex'), 'UTF8') AND c = -7"
        );
    }
}
