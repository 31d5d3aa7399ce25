//! What the SQL stores share: one table, its statements, and how each operation runs.
//!
//! 1. **Nothing is left on a server between two calls**: no named statement, no session setting, no open
//!    transaction. So a pooler may give each transaction another connection.
//! 2. **Loads are one round trip**: one statement whose values stand in it as hexadecimal digits. Records are
//!    never written into a statement's text, which servers log; they are sent as parameters, inside a
//!    transaction.
//! 3. **A write that is not conditional is committed in a message of its own.** If its caller has gone away by
//!    then, nothing is committed; if the commit itself is late, the row is locked until then, so that no later
//!    write can come before it.
//! 4. **The record says when it was saved.** The column `saved_at` is a copy for the index.

mod failure;
#[cfg(feature = "mysql")]
mod mysql;
mod pool;
#[cfg(feature = "postgres")]
mod postgres;
#[cfg(feature = "sqlite")]
mod sqlite;
mod table;
mod table_name;

#[cfg(feature = "mysql")]
pub use mysql::MySqlStore;
#[cfg(feature = "postgres")]
pub use postgres::PostgresStore;
#[cfg(feature = "sqlite")]
pub use sqlite::SqliteStore;
pub use table_name::TableName;

use failure::Refusal;
use pool::{Call, Pool};
use sqlx::{Database, error::DatabaseError};
use zeroize::Zeroizing;

/// A value of a statement.
#[derive(Clone)]
enum Value {
    Bytes(Vec<u8>),
    Text(Zeroizing<String>),
    Number(i64),
}

/// The columns of a row as text; `None` for what is not text.
type Row = Vec<Option<Zeroizing<String>>>;

/// What differs between databases.
trait Dialect: Database {
    /// What its error codes are called.
    const CODE: &'static str;

    /// The id of a user as hexadecimal digits.
    const HEX_ID: &'static str;

    /// The end of an insert that replaces the row of the same user.
    const UPSERT: &'static str;

    /// Whether one write at a time begins: waiting here is fair, waiting for a lock of the database is not.
    const IN_TURN: bool = false;

    /// Whether a connection whose call failed or was dropped is closed. Not one that has its database in memory.
    fn closes(_: &<Self::Connection as sqlx::Connection>::Options) -> bool {
        true
    }

    /// What an error of the database means.
    fn refusal(error: &dyn DatabaseError) -> Refusal;

    /// The rows of a statement whose values are no secrets.
    fn rows(connection: &mut Self::Connection, statement: String, values: Vec<Value>) -> Call<'_, Vec<Row>>;

    /// Runs a statement whose values are no secrets; returns how many rows it changed.
    fn execute(connection: &mut Self::Connection, statement: String, values: Vec<Value>) -> Call<'_, u64>;

    /// Runs a statement in a transaction, whose commit is a message of its own. Its values do not stand in the
    /// statement's text.
    fn transact(connection: &mut Self::Connection, statement: String, values: Vec<Value>) -> Call<'_, u64>;
}

/// The statement with its values in it, each as hexadecimal digits.
#[cfg(any(feature = "postgres", feature = "mysql"))]
fn with_literals(statement: &str, values: &[Value], bytes: (&str, &str), text: (&str, &str)) -> String {
    let mut statement = statement.to_owned();
    // From the last to the first: `$1` is the beginning of `$10`.
    for (index, value) in values.iter().enumerate().rev() {
        let literal = match value {
            Value::Bytes(value) => format!("{}{}{}", bytes.0, hex(value), bytes.1),
            Value::Text(value) => format!("{}{}{}", text.0, hex(value.as_bytes()), text.1),
            Value::Number(value) => value.to_string(),
        };
        statement = statement.replace(&format!("${}", index.saturating_add(1)), &literal);
    }
    statement
}

#[cfg(any(feature = "postgres", feature = "mysql"))]
fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Binds the values in their order.
macro_rules! bind {
    ($query:expr, $values:expr) => {
        $values.into_iter().fold($query, |query, value| match value {
            $crate::store::sql::Value::Bytes(value) => query.bind(value),
            $crate::store::sql::Value::Text(value) => query.bind(value.to_string()),
            $crate::store::sql::Value::Number(value) => query.bind(value),
        })
    };
}
use bind;

/// The columns of a row as text. Their declared types are not checked.
macro_rules! row {
    ($row:expr) => {{
        let row = $row;
        (0..row.len())
            .map(|column| {
                row.try_get_unchecked::<Option<String>, _>(column).ok().flatten().map(zeroize::Zeroizing::new)
            })
            .collect::<$crate::store::sql::Row>()
    }};
}
use row;

/// How a server is asked: in one message, with each value in the statement's text.
#[cfg(any(feature = "postgres", feature = "mysql"))]
macro_rules! in_literals {
    ($connection:ty) => {
        fn rows(connection: &mut $connection, statement: String, values: Vec<Value>) -> Call<'_, Vec<Row>> {
            Box::pin(async move {
                let rows = sqlx::raw_sql(AssertSqlSafe(literal(&statement, &values))).fetch_all(connection).await?;
                Ok(rows.iter().map(|found| row!(found)).collect())
            })
        }

        fn execute(connection: &mut $connection, statement: String, values: Vec<Value>) -> Call<'_, u64> {
            Box::pin(async move {
                let done = sqlx::raw_sql(AssertSqlSafe(literal(&statement, &values))).execute(connection).await?;
                Ok(done.rows_affected())
            })
        }
    };
}
#[cfg(any(feature = "postgres", feature = "mysql"))]
use in_literals;

/// Makes a store of its table.
macro_rules! sql_store {
    ($store:ident) => {
        impl $store {
            /// Sets the time for one call: waiting for a connection, opening it, and the statements. Default:
            /// 1.5 seconds.
            ///
            /// Keep it below [`store_deadline`](crate::config::Limits::store_deadline), so that the log has the
            /// store's own error. Zero: every call fails.
            #[must_use]
            pub fn with_deadline(mut self, deadline: std::time::Duration) -> Self {
                self.table.deadline = deadline;
                self
            }

            /// Closes the connections; later calls fail. Dropping the store closes its own connections too.
            pub async fn close(&self) {
                self.table.pool.close().await;
            }
        }

        use crate::store::{
            ListUsers, ReplaceIf, StoredToken, TokenStore, TokenVersion, UserPage, list_users_passed_on, passed_on,
            replace_if_passed_on,
        };
        use crate::user::UserId;
        use std::time::SystemTime;
        passed_on!([] $store, |store| store.table);
        replace_if_passed_on!([] $store, |store| store.table);
        list_users_passed_on!([] $store, |store| store.table);

        impl std::fmt::Debug for $store {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.debug_struct(stringify!($store)).finish_non_exhaustive()
            }
        }
    };
}
use sql_store;
