//! What the SQL stores share: one table, its statements, and how each operation runs.
//!
//! 1. **Nothing is left on a server between two calls**: no prepared statement (except in MySQL), no session
//!    setting, no open transaction. So a pooler may give each transaction another connection.
//! 2. **Loads are one round trip**: one statement. On a server it contains its values as hexadecimal digits.
//!    Records are never written into a statement's text, which servers log; they are sent as parameters,
//!    inside a transaction.
//! 3. **An unconditional write is committed in a separate message.** If the caller is gone before the commit
//!    is sent, nothing is committed. If the commit itself arrives late, the row stays locked until then, so
//!    no later write can come before it.
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
pub use table::SqlStore;
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

/// How a statement is carried out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum How {
    /// It reads: one message.
    Read,
    /// A write that does no harm when it is late: it removes one version of a record, or creates what is
    /// missing. It is one message and is sent once, because a second try could not tell what the first one
    /// removed.
    WriteOnce,
    /// Any other write, and every write that contains a record. It runs in a transaction whose commit is a
    /// separate message. The values are not in the statement's text.
    Transact,
}

/// What a statement found or changed.
#[derive(Default)]
struct Answer {
    rows: Vec<Row>,
    changed: u64,
}

/// The columns of a row as text; `None` for what is not text.
type Row = Vec<Option<Zeroizing<String>>>;

/// What differs between databases.
trait Dialect: Database {
    /// What its error codes are called.
    const CODE: &'static str;

    /// What names of tables are quoted with.
    const QUOTE: &'static str = "\"";

    /// How opening asks whether the table is there.
    const PROBED: How = How::Read;

    /// How the table is made.
    const CREATED: How = How::WriteOnce;

    /// The id of a user as hexadecimal digits.
    const HEX_ID: &'static str = "hex(user_id)";

    /// The end of an insert that replaces the row of the same user.
    const UPSERT: &'static str = "ON CONFLICT (user_id) DO UPDATE SET \
         version = excluded.version, record = excluded.record, saved_at = excluded.saved_at";

    /// Whether writes begin one at a time: waiting here is fair, waiting for a lock of the database is not.
    const IN_TURN: bool = false;

    /// Whether a connection is closed after its call failed or was dropped. A connection that has its
    /// database in memory stays open.
    fn closes(_: &<Self::Connection as sqlx::Connection>::Options) -> bool {
        true
    }

    /// Makes the table and its index; `table` is its name as it stands in a statement.
    fn create(table: &str, name: &TableName) -> String;

    /// What an error of the database means.
    fn refusal(error: &dyn DatabaseError) -> Refusal;

    /// Runs a statement.
    fn run(connection: &mut Self::Connection, how: How, statement: String, values: Vec<Value>) -> Call<'_>;
}

/// Where a server is, for errors: without a password.
#[cfg(any(feature = "postgres", feature = "mysql"))]
fn place<DB: Dialect>(socket: Option<&std::path::PathBuf>, host: &str, port: u16) -> String {
    match socket {
        Some(socket) => format!("{} at {}", DB::NAME, socket.display()),
        None => format!("{} at {host}:{port}", DB::NAME),
    }
}

/// The statement with its values in it. Bytes and texts are written as hexadecimal digits.
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

/// Sends a query and reads the whole answer. The declared types of columns are not checked.
macro_rules! answer {
    ($connection:expr, $query:expr) => {{
        let mut steps = $connection.fetch_many($query);
        let mut answer = $crate::store::sql::Answer::default();
        while let Some(step) = std::future::poll_fn(|task| steps.as_mut().poll_next(task)).await {
            match step? {
                sqlx::Either::Left(done) => answer.changed = answer.changed.saturating_add(done.rows_affected()),
                sqlx::Either::Right(row) => {
                    let column = |column| row.try_get_unchecked::<Option<String>, _>(column).ok().flatten();
                    answer.rows.push((0..row.len()).map(|index| column(index).map(zeroize::Zeroizing::new)).collect());
                }
            }
        }
        answer
    }};
}
use answer;

/// How a server is asked: in one message, with each value in the statement's text; or in a transaction, with
/// the values as parameters of `$prepared`.
#[cfg(any(feature = "postgres", feature = "mysql"))]
macro_rules! run_on_a_server {
    ($connection:ty, $prepared:expr) => {
        fn run(connection: &mut $connection, how: How, statement: String, values: Vec<Value>) -> Call<'_> {
            Box::pin(async move {
                if how != How::Transact {
                    let statement = sqlx::raw_sql(sqlx::AssertSqlSafe(literal(&statement, &values)));
                    return Ok(answer!(connection, statement));
                }
                connection.execute(BEGIN).await?;
                let query: sqlx::query::Query<'_, Self, _> = $prepared(statement, values.len());
                let answer = answer!(&mut *connection, bind!(query, values));
                connection.execute(COMMIT).await?;
                Ok(answer)
            })
        }
    };
}
#[cfg(any(feature = "postgres", feature = "mysql"))]
use run_on_a_server;
