//! A token store in MySQL or MariaDB.

use super::{
    Dialect, How, Pool, Refusal, SqlStore, TableName, Value, answer, bind, failure, place, pool::Call, run_on_a_server,
    with_literals,
};
use crate::store::StoreError;
use sqlx::mysql::{MySqlConnectOptions, MySqlDatabaseError};
use sqlx::{AssertSqlSafe, ConnectOptions, Executor as _, MySql, MySqlConnection, Row as _, error::DatabaseError};
use std::str::FromStr;

/// At most so many connections. *Source*: our choice, the client's own default.
const CONNECTIONS: usize = 10;

/// Keeps records in a table of a MySQL or MariaDB database: for apps on several nodes.
///
/// A confirmed save is committed. It survives a crash of the app and of the server if
/// `innodb_flush_log_at_trx_commit` of the server is 1. The server may restart or fail over at any time: the
/// store closes a connection that is silent or broken, or whose server accepts no writes. The next call opens
/// a new one.
///
/// **Exact ids.** Ids are bytes (`VARBINARY`), so no collation ignores case, accents or trailing spaces.
///
/// **The table.** The columns are `user_id`, `version`, `record` and `saved_at` (milliseconds since 1970, with
/// an index). Its engine is InnoDB.
///
/// Tested with MariaDB 10.11. MySQL 8 was not tested. Its login method `caching_sha2_password` needs TLS or a
/// Unix socket.
///
/// ```no_run
/// use komerza_connect::store::MySqlStore;
///
/// # async fn example() -> Result<(), komerza_connect::StoreError> {
/// let store = MySqlStore::connect("mysql://app:password@db.example/shop").await?;
/// # Ok(())
/// # }
/// ```
///
/// # Security
/// Anyone who can read the table, or a dump of it, has every key, unless the store is wrapped in an
/// `EncryptedStore`. Over a network, set `ssl-mode=VERIFY_IDENTITY` in the address. Keys are sent as
/// parameters of prepared statements; a server with a general or slow query log logs the parameters too.
pub type MySqlStore = SqlStore<MySql>;

impl SqlStore<MySql> {
    /// Connects to a `mysql://` or `mariadb://` address, and creates the table `komerza_tokens` if it is
    /// missing.
    ///
    /// The store opens at most 10 connections. The address must name the database. It may have the options of
    /// sqlx, such as `ssl-mode`, `ssl-ca`, `socket`.
    ///
    /// # Errors
    /// [`StoreErrorKind::Misconfigured`](crate::store::StoreErrorKind::Misconfigured) for a bad address,
    /// password, database or missing right. Otherwise
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
        let options = MySqlConnectOptions::from_str(url)
            .map_err(|error| failure::explain::<MySql>(error, "the mysql:// address"))?;
        if options.get_database().is_none() {
            return Err(StoreError::misconfigured("a mysql:// address names a database: mysql://user@host/database"));
        }
        // Statements may hold ids, so none is logged. The session keeps the server's own modes and time zone.
        let options =
            options.disable_statement_logging().pipes_as_concat(false).no_engine_substitution(false).timezone(None);
        let place = place::<MySql>(options.get_socket(), options.get_host(), options.get_port());
        Self::in_pool(Pool::own(options, CONNECTIONS, place), table).await
    }
}

/// A node that vanishes inside a transaction must not hold a row for longer than a visitor waits.
const BEGIN: &str = "SET SESSION wait_timeout = 3; START TRANSACTION";
const COMMIT: &str = "COMMIT; SET SESSION wait_timeout = DEFAULT";

impl Dialect for MySql {
    const CODE: &'static str = "error";
    const QUOTE: &'static str = "`";
    const UPSERT: &'static str = "ON DUPLICATE KEY UPDATE \
         version = VALUES(version), record = VALUES(record), saved_at = VALUES(saved_at)";

    /// Nodes may make it at the same moment: the server lets one of them do it.
    fn create(table: &str, _: &TableName) -> String {
        format!(
            "CREATE TABLE IF NOT EXISTS {table} (user_id VARBINARY(255) NOT NULL PRIMARY KEY, \
             version CHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL, \
             record LONGTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL, \
             saved_at BIGINT NOT NULL, INDEX (saved_at)) ENGINE=InnoDB"
        )
    }

    fn refusal(error: &dyn DatabaseError) -> Refusal {
        by_number(error.try_downcast_ref::<MySqlDatabaseError>().map_or(0, MySqlDatabaseError::number))
    }

    // Statements stay prepared. The server does not answer when a statement is closed, and the next message
    // then waits for the server's delayed ACK, 40 ms. The placeholders have no numbers here; the texts name
    // the values in their order.
    run_on_a_server!(MySqlConnection, |text, values| {
        sqlx::query(AssertSqlSafe((1..=values).rev().fold(text, |text: String, n| text.replace(&format!("${n}"), "?"))))
    });
}

fn literal(statement: &str, values: &[Value]) -> String {
    with_literals(statement, values, ("x'", "'"), ("CONVERT(x'", "' USING utf8mb4)"))
}

/// Which words of the server are kept: those about names, rights and the server's state. Others may quote a
/// row. *Source*: <https://mariadb.com/kb/en/mariadb-error-codes/>.
fn by_number(number: u16) -> Refusal {
    match number {
        // Database, login, table, column, rights, plugins.
        1044 | 1045 | 1046 | 1049 | 1054 | 1142 | 1143 | 1146 | 1227 | 1251 | 1698 => Refusal::Setting,
        // Read-only by a setting, a mode or a transaction; disk or table full.
        1290 | 1792 | 1836 | 1021 | 1114 | 3 | 28 => Refusal::NoWrites,
        // Shutdown, killed, connection lost.
        1053 | 1077 | 1079 | 1080 | 1152 | 1184 | 1317 | 1927 => Refusal::Ending,
        // A deadlock: this transaction was rolled back.
        1213 => Refusal::Conflict,
        // Connections, locks, memory, time.
        1040 | 1041 | 1037 | 1038 | 1129 | 1130 | 1203 | 1205 | 1226 | 1969 | 3024 => Refusal::Passing,
        _ => Refusal::Unspoken,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn t47_a_value_stands_in_a_statement_as_hexadecimal_digits_alone() {
        let values = [Value::Bytes(b"'; DROP".to_vec()), Value::Text("\\' $1".to_owned().into()), Value::Number(-7)];
        assert_eq!(
            literal("a = $1 AND b = $2 AND c = $3", &values),
            "a = x'273b2044524f50' AND b = CONVERT(x'5c27202431' USING utf8mb4) AND c = -7"
        );
    }

    #[test]
    fn t44_words_that_may_quote_a_row_are_not_kept() {
        // Duplicate entry, and data that is too long.
        for number in [1062, 1406, 0] {
            assert_eq!(by_number(number), Refusal::Unspoken, "{number}");
        }
    }
}
