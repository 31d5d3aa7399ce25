//! The operations, the same for every database.

use super::{
    Dialect, Pool, Row, Value,
    pool::{DEADLINE, OPENING, TRIES},
};
use crate::{
    store::{
        ListUsers, ListedUser, ReplaceIf, StoreError, StoredToken, TokenStore, TokenVersion, UserPage,
        list_users::what_was_removed,
    },
    time::unix_millis,
    user::UserId,
};
use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};
use zeroize::Zeroizing;

/// The end of an insert that replaces a row, as PostgreSQL and SQLite say it.
#[cfg(any(feature = "postgres", feature = "sqlite"))]
pub(super) const EXCLUDED: &str = "ON CONFLICT (user_id) DO UPDATE SET \
     version = excluded.version, record = excluded.record, saved_at = excluded.saved_at";

/// Records that are looked at in one call when old ones are removed.
const LOOKED_AT: usize = 200;

pub(super) struct Table<DB: Dialect> {
    pub(super) pool: Arc<Pool<DB>>,
    /// Quoted as in a statement.
    name: Arc<str>,
    pub(super) deadline: Duration,
}

impl<DB: Dialect> Clone for Table<DB> {
    fn clone(&self) -> Self {
        Self { pool: self.pool.clone(), name: self.name.clone(), deadline: self.deadline }
    }
}

fn id(user: &UserId) -> Value {
    Value::Bytes(user.as_str().as_bytes().to_vec())
}

pub(super) fn text(text: String) -> Value {
    Value::Text(Zeroizing::new(text))
}

fn number(number: impl TryInto<i64>) -> Value {
    Value::Number(number.try_into().unwrap_or(i64::MAX))
}

impl<DB: Dialect> Table<DB> {
    /// While its store is opened, a call may take longer.
    pub(super) fn opening(pool: Pool<DB>, name: &str) -> Self {
        Self { pool: Arc::new(pool), name: name.into(), deadline: OPENING }
    }

    pub(super) fn opened(self) -> Self {
        Self { deadline: DEADLINE, ..self }
    }

    pub(super) async fn rows(&self, statement: String, values: Vec<Value>) -> Result<Vec<Row>, StoreError> {
        self.pool
            .run(self.deadline, false, 1, |connection| DB::rows(connection, statement.clone(), values.clone()))
            .await
    }

    /// A write that does no harm when it is late, because it is conditional on what it replaces. It is sent once: a
    /// second try could not tell what the first one removed.
    pub(super) async fn write(&self, statement: String, values: Vec<Value>) -> Result<u64, StoreError> {
        self.pool
            .run(self.deadline, true, 1, |connection| DB::execute(connection, statement.clone(), values.clone()))
            .await
    }

    /// Any other write, and each with a record: in a transaction whose commit is a message of its own.
    pub(super) async fn transact(&self, statement: String, values: Vec<Value>) -> Result<u64, StoreError> {
        self.pool
            .run(self.deadline, true, TRIES, |connection| DB::transact(connection, statement.clone(), values.clone()))
            .await
    }
}

// In each statement `$1`, `$2` and so on stand for its values, each once and in this order.
#[async_trait::async_trait]
impl<DB: Dialect> TokenStore for Table<DB> {
    async fn load(&self, user: &UserId) -> Result<Option<StoredToken>, StoreError> {
        let statement = format!("SELECT record FROM {} WHERE user_id = $1", self.name);
        let rows = self.rows(statement, vec![id(user)]).await?;
        let Some(row) = rows.first() else { return Ok(None) };
        let unreadable = || StoreError::unreadable("the column `record` does not hold text");
        let record = row.first().and_then(Option::as_deref).ok_or_else(unreadable)?;
        StoredToken::from_text(record).map(Some)
    }

    async fn save(&self, user: &UserId, token: &StoredToken) -> Result<(), StoreError> {
        let (table, upsert) = (&self.name, DB::UPSERT);
        let statement =
            format!("INSERT INTO {table} (user_id, version, record, saved_at) VALUES ($1, $2, $3, $4) {upsert}");
        let values = vec![
            id(user),
            text(token.version().to_string()),
            text(token.to_text()),
            number(unix_millis(token.saved_at())),
        ];
        self.transact(statement, values).await.map(drop)
    }

    async fn delete(&self, user: &UserId) -> Result<(), StoreError> {
        self.transact(format!("DELETE FROM {} WHERE user_id = $1", self.name), vec![id(user)]).await.map(drop)
    }

    async fn delete_if(&self, user: &UserId, version: &TokenVersion) -> Result<bool, StoreError> {
        let statement = format!("DELETE FROM {} WHERE user_id = $1 AND version = $2", self.name);
        Ok(self.write(statement, vec![id(user), text(version.to_string())]).await? > 0)
    }

    fn lists_users(&self) -> Option<&dyn ListUsers> {
        Some(self)
    }
}

#[async_trait::async_trait]
impl<DB: Dialect> ReplaceIf for Table<DB> {
    async fn replace_if(&self, user: &UserId, token: &StoredToken) -> Result<bool, StoreError> {
        let statement = format!("UPDATE {} SET record = $1 WHERE user_id = $2 AND version = $3", self.name);
        Ok(self.transact(statement, vec![text(token.to_text()), id(user), text(token.version().to_string())]).await?
            > 0)
    }
}

#[async_trait::async_trait]
impl<DB: Dialect> ListUsers for Table<DB> {
    /// Pages in the order of the ids' bytes; the cursor is the last id.
    async fn list_users(&self, cursor: Option<&str>, limit: usize) -> Result<UserPage, StoreError> {
        let (table, id, limit) = (&self.name, DB::HEX_ID, limit.max(1));
        // No id has a NUL, so each is greater.
        let after = Value::Bytes(cursor.unwrap_or("\0").into());
        let statement = format!("SELECT {id}, record FROM {table} WHERE user_id > $1 ORDER BY user_id LIMIT $2");
        let rows = self.rows(statement, vec![after, number(limit)]).await?;
        let users: Vec<_> =
            rows.iter().filter_map(named).map(|(user, record)| ListedUser::new(user, record.as_ref())).collect();
        let next = users.last().filter(|_| rows.len() >= limit).map(|last| last.user.as_str().to_owned());
        Ok(UserPage::new(users, next))
    }

    async fn remove_older(
        &self,
        prefix: &str,
        than: SystemTime,
        limit: usize,
    ) -> Result<Vec<(UserId, StoredToken)>, StoreError> {
        let statement = format!(
            "SELECT {}, record FROM {} WHERE user_id >= $1 AND user_id < $2 AND saved_at < $3 \
             ORDER BY saved_at, user_id LIMIT $4 OFFSET $5",
            DB::HEX_ID,
            self.name
        );
        let (mut removed, mut left) = (Vec::new(), 0_usize);
        let outcome = async {
            while removed.len() < limit {
                let wanted = limit.saturating_sub(removed.len()).min(LOOKED_AT);
                // Every id that begins with the prefix, since no byte of UTF-8 is 255.
                let range = [prefix.into(), [prefix.as_bytes(), &[u8::MAX]].concat()].map(Value::Bytes);
                let values =
                    range.into_iter().chain([number(unix_millis(than)), number(wanted), number(left)]).collect();
                let rows = self.rows(statement.clone(), values).await?;
                for row in &rows {
                    // What cannot be said to be old stays where it is.
                    let Some((user, Some(record))) = named(row) else {
                        left = left.saturating_add(1);
                        continue;
                    };
                    if self.delete_if(&user, record.version()).await? {
                        removed.push((user, record));
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
        self.rows("SELECT 1".into(), Vec::new()).await.map(drop)
    }
}

/// The user of a row, and the record if it can be read. Ids that are none were not written by this crate.
fn named(row: &Row) -> Option<(UserId, Option<StoredToken>)> {
    let mut columns = row.iter();
    let bytes = unhex(columns.next()?.as_deref()?)?;
    let user = UserId::new(String::from_utf8(bytes).ok()?).ok()?;
    let record = columns.next().and_then(Option::as_deref).and_then(|record| StoredToken::from_text(record).ok());
    Some((user, record))
}

fn unhex(digits: &str) -> Option<Vec<u8>> {
    let halves: Vec<_> = digits.chars().map(|digit| digit.to_digit(16)).collect::<Option<_>>()?;
    let bytes = halves.chunks_exact(2).map(|pair| pair.iter().fold(0, |byte, half| byte << 4 | half));
    bytes.map(|byte| u8::try_from(byte).ok()).collect()
}
