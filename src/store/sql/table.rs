//! The operations, the same for every database.

use super::pool::{DEADLINE, OPENING};
use super::{Answer, Dialect, How, Pool, Row, TableName, Value, failure};
use crate::store::{
    ListUsers, ListedUser, Removed, ReplaceIf, StoreError, StoredToken, TokenStore, TokenVersion, UserPage,
    list_users::what_was_removed,
};
use crate::{time::unix_millis, user::UserId};
use sqlx::Database;
use std::time::{Duration, SystemTime};
use std::{fmt, sync::Arc};
use tokio::time::timeout;
use zeroize::Zeroizing;

/// Records that are looked at in one call when old ones are removed.
const LOOKED_AT: usize = 200;

/// Keeps records in a table of a SQL database: what `SqliteStore`, `PostgresStore` and `MySqlStore` have in
/// common.
pub struct SqlStore<DB: Database> {
    pool: Arc<Pool<DB>>,
    /// Quoted as in a statement.
    table: Arc<str>,
    deadline: Duration,
}

impl<DB: Database> Clone for SqlStore<DB> {
    fn clone(&self) -> Self {
        Self { pool: self.pool.clone(), table: self.table.clone(), deadline: self.deadline }
    }
}

impl<DB: Database> fmt::Debug for SqlStore<DB> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqlStore").field("database", &DB::NAME).field("table", &self.table).finish_non_exhaustive()
    }
}

impl<DB: Database> SqlStore<DB> {
    /// Sets the time for one call: waiting for a connection, opening it, and the statements. Default:
    /// 1.5 seconds.
    ///
    /// Keep it below [`store_deadline`](crate::config::Limits::store_deadline), so that the log shows the
    /// store's own error, which says what it waited for. Zero: a call fails unless it is answered at once.
    #[must_use]
    pub fn with_deadline(self, deadline: Duration) -> Self {
        Self { deadline, ..self }
    }

    /// Closes the connections; later calls fail. This also closes the app's pool if the store uses one.
    /// Dropping the store closes only connections that the store opened itself.
    pub async fn close(&self) {
        self.pool.close().await;
    }
}

#[allow(private_bounds, reason = "only the databases of this crate have a dialect")]
impl<DB: Dialect> SqlStore<DB> {
    /// Uses the app's own pool, and creates the table if it is missing.
    ///
    /// It takes a pool of **sqlx 0.9**. If the app uses another version of sqlx, let the store open the same
    /// database by itself, with its address or path. The two pools do not disturb each other. Several nodes
    /// may create the table at the same moment.
    ///
    /// The app chooses the pool's settings, and the pool logs statements as the app has configured. They
    /// contain no keys; on PostgreSQL and MySQL they contain user ids. The store closes a connection on which
    /// a call failed or was late, except one to a SQLite database in memory.
    ///
    /// **PostgreSQL and MySQL.** On the pool set `test_before_acquire(false)`, because its ping before each
    /// use has no time limit. Also set an `acquire_timeout` below the store's deadline.
    ///
    /// **SQLite.** Two pools may share a file. Without `synchronous=FULL` a power cut can lose confirmed
    /// saves. Two versions of sqlx work in one app if both accept the same version of `libsqlite3-sys`,
    /// because cargo allows only one. If they do not, change the version of the app's sqlx, or use another
    /// store.
    ///
    /// # Errors
    /// [`StoreErrorKind::Misconfigured`](crate::store::StoreErrorKind::Misconfigured) if the table cannot be
    /// created, or for a pooler in statement mode. Otherwise
    /// [`StoreErrorKind::Unavailable`](crate::store::StoreErrorKind::Unavailable) or
    /// [`StoreErrorKind::TimedOut`](crate::store::StoreErrorKind::TimedOut).
    pub async fn from_pool(pool: sqlx::Pool<DB>, table: &TableName) -> Result<Self, StoreError> {
        Self::in_pool(Pool::of_app(pool), table).await
    }

    /// Opens the store, and makes the table if it is missing. It first asks whether the table is there,
    /// because then the role does not need the right to create tables.
    pub(super) async fn in_pool(pool: Pool<DB>, name: &TableName) -> Result<Self, StoreError> {
        let table: Arc<str> = name.to_string().replace('"', DB::QUOTE).into();
        let store = Self { pool: Arc::new(pool), table, deadline: OPENING };
        let probe = format!("SELECT saved_at FROM {} LIMIT 0", store.table);
        let probed = timeout(OPENING, store.pool.tried(DB::PROBED, probe.clone(), Vec::new())).await;
        match probed.map_err(|_| failure::late(&store.pool.place, OPENING))? {
            Ok(_) => {}
            Err(error) if failure::no_such_table(&error) => {
                store.run(DB::CREATED, DB::create(&store.table, name), Vec::new()).await?;
                store.run(DB::PROBED, probe, Vec::new()).await?;
            }
            Err(error) => return Err(failure::explain::<DB>(error, &store.pool.place)),
        }
        Ok(store.with_deadline(DEADLINE))
    }

    /// Runs a statement on a connection within the deadline.
    pub(super) async fn run(&self, how: How, statement: String, values: Vec<Value>) -> Result<Answer, StoreError> {
        let pool = &self.pool;
        let Ok(outcome) = timeout(self.deadline, pool.tried(how, statement, values)).await else {
            pool.close_idle();
            return Err(failure::late(&pool.place, self.deadline));
        };
        outcome.map_err(|error| {
            if failure::concerns_the_server::<DB>(&error) {
                pool.close_idle();
            }
            failure::explain::<DB>(error, &pool.place)
        })
    }
}

fn id(user: &UserId) -> Value {
    Value::Bytes(user.as_str().as_bytes().to_vec())
}

fn text(text: String) -> Value {
    Value::Text(Zeroizing::new(text))
}

fn number(number: impl TryInto<i64>) -> Value {
    Value::Number(number.try_into().unwrap_or(i64::MAX))
}

// In each statement `$1`, `$2` and so on stand for its values, each once and in this order.
#[async_trait::async_trait]
impl<DB: Dialect> TokenStore for SqlStore<DB> {
    async fn load(&self, user: &UserId) -> Result<Option<StoredToken>, StoreError> {
        let statement = format!("SELECT record FROM {} WHERE user_id = $1", self.table);
        let rows = self.run(How::Read, statement, vec![id(user)]).await?.rows;
        let Some(row) = rows.first() else { return Ok(None) };
        let unreadable = || StoreError::unreadable("the column `record` does not hold text");
        let record = row.first().and_then(Option::as_deref).ok_or_else(unreadable)?;
        StoredToken::from_text(record).map(Some)
    }

    async fn save(&self, user: &UserId, token: &StoredToken) -> Result<(), StoreError> {
        let (table, upsert) = (&self.table, DB::UPSERT);
        let statement =
            format!("INSERT INTO {table} (user_id, version, record, saved_at) VALUES ($1, $2, $3, $4) {upsert}");
        let saved_at = number(unix_millis(token.saved_at()));
        let values = vec![id(user), text(token.version().to_string()), text(token.to_text()), saved_at];
        self.run(How::Transact, statement, values).await.map(drop)
    }

    async fn delete(&self, user: &UserId) -> Result<(), StoreError> {
        let statement = format!("DELETE FROM {} WHERE user_id = $1", self.table);
        self.run(How::Transact, statement, vec![id(user)]).await.map(drop)
    }

    async fn delete_if(&self, user: &UserId, version: &TokenVersion) -> Result<bool, StoreError> {
        let statement = format!("DELETE FROM {} WHERE user_id = $1 AND version = $2", self.table);
        let values = vec![id(user), text(version.to_string())];
        Ok(self.run(How::WriteOnce, statement, values).await?.changed > 0)
    }

    fn lists_users(&self) -> Option<&dyn ListUsers> {
        Some(self)
    }
}

#[async_trait::async_trait]
impl<DB: Dialect> ReplaceIf for SqlStore<DB> {
    async fn replace_if(&self, user: &UserId, token: &StoredToken) -> Result<bool, StoreError> {
        let statement = format!("UPDATE {} SET record = $1 WHERE user_id = $2 AND version = $3", self.table);
        let values = vec![text(token.to_text()), id(user), text(token.version().to_string())];
        Ok(self.run(How::Transact, statement, values).await?.changed > 0)
    }
}

#[async_trait::async_trait]
impl<DB: Dialect> ListUsers for SqlStore<DB> {
    /// Pages in the order of the ids' bytes; the cursor is the last id.
    async fn list_users(&self, cursor: Option<&str>, limit: usize) -> Result<UserPage, StoreError> {
        let (table, id, limit) = (&self.table, DB::HEX_ID, limit.max(1));
        // No id has a NUL, so each is greater.
        let after = Value::Bytes(cursor.unwrap_or("\0").into());
        let statement = format!("SELECT {id}, record FROM {table} WHERE user_id > $1 ORDER BY user_id LIMIT $2");
        let rows = self.run(How::Read, statement, vec![after, number(limit)]).await?.rows;
        let users: Vec<_> =
            rows.iter().filter_map(named).map(|(user, record)| ListedUser::new(user, record.as_ref())).collect();
        let next = users.last().filter(|_| rows.len() >= limit).map(|last| last.user.as_str().to_owned());
        Ok(UserPage::new(users, next))
    }

    async fn remove_older(&self, prefix: &str, than: SystemTime, limit: usize) -> Result<Removed, StoreError> {
        let (table, id) = (&self.table, DB::HEX_ID);
        let statement = format!(
            "SELECT {id}, record FROM {table} WHERE user_id >= $1 AND user_id < $2 AND saved_at < $3 \
             ORDER BY saved_at, user_id LIMIT $4 OFFSET $5"
        );
        let (mut removed, mut left) = (Vec::new(), 0_usize);
        let outcome = async {
            while removed.len() < limit {
                let wanted = limit.saturating_sub(removed.len()).min(LOOKED_AT);
                // Every id that begins with the prefix, since no byte of UTF-8 is 255.
                let range = [prefix.into(), [prefix.as_bytes(), &[u8::MAX]].concat()];
                let [from, to] = range.map(Value::Bytes);
                let values = vec![from, to, number(unix_millis(than)), number(wanted), number(left)];
                let rows = self.run(How::Read, statement.clone(), values).await?.rows;
                for row in &rows {
                    // A record that cannot be read stays.
                    let Some((user, Some(record))) = named(row) else {
                        left = left.saturating_add(1);
                        continue;
                    };
                    if self.delete_if(&user, record.version()).await? {
                        removed.push((user, record));
                    } else {
                        left = left.saturating_add(1);
                    }
                }
                if rows.len() < wanted {
                    break;
                }
            }
            Ok(())
        };
        let outcome = outcome.await;
        what_was_removed(removed, outcome)
    }

    async fn ping(&self) -> Result<(), StoreError> {
        self.run(How::Read, "SELECT 1".into(), Vec::new()).await.map(drop)
    }
}

/// The user of a row, and the record if it can be read. A row without a valid user id was not written by this
/// crate and gives `None`.
fn named(row: &Row) -> Option<(UserId, Option<StoredToken>)> {
    let mut columns = row.iter();
    let digits = columns.next()?.as_deref()?.as_bytes();
    let byte = |pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
    let id = String::from_utf8(digits.chunks(2).map(byte).collect::<Option<_>>()?).ok()?;
    let user = UserId::new(id).ok()?;
    let record = columns.next().and_then(Option::as_deref).and_then(|record| StoredToken::from_text(record).ok());
    Some((user, record))
}
