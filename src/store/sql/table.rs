//! The operations, the same for every database.

use super::{Dialect, Pool, Row, Statements, Value, failure};
use crate::{
    store::{ListUsers, ListedUser, ReplaceIf, StoreError, StoredToken, TokenStore, TokenVersion, UserPage},
    telemetry::log,
    time::unix_millis,
    user::UserId,
};
use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};
use zeroize::Zeroizing;

/// How often a statement is tried that another call was in the way of.
const TRIES: u32 = 5;

/// Records that are looked at in one call when old ones are removed.
const LOOKED_AT: usize = 200;

pub(super) struct Table<DB: Dialect> {
    pub(super) pool: Pool<DB>,
    pub(super) statements: Arc<Statements>,
}

impl<DB: Dialect> Clone for Table<DB> {
    fn clone(&self) -> Self {
        Self { pool: self.pool.clone(), statements: self.statements.clone() }
    }
}

fn id(user: &UserId) -> Value {
    Value::Bytes(user.as_str().as_bytes().to_vec())
}

fn text(text: impl ToString) -> Value {
    Value::Text(Zeroizing::new(text.to_string()))
}

fn millis(at: SystemTime) -> Value {
    Value::Number(i64::try_from(unix_millis(at)).unwrap_or(i64::MAX))
}

fn count(number: usize) -> Value {
    Value::Number(i64::try_from(number).unwrap_or(i64::MAX))
}

impl<DB: Dialect> Table<DB> {
    pub(super) fn with_deadline(self, deadline: Duration) -> Self {
        Self { pool: self.pool.with_deadline(deadline), ..self }
    }

    pub(super) async fn rows(&self, statement: &Arc<str>, values: Vec<Value>) -> Result<Vec<Row>, StoreError> {
        let statement = statement.clone();
        self.pool.call(move |connection| DB::rows(connection, statement, values)).await
    }

    /// A write that does no harm when it is late, because it is conditional on what it replaces.
    pub(super) async fn write(&self, statement: &Arc<str>, values: Vec<Value>) -> Result<u64, StoreError> {
        let statement = statement.clone();
        self.pool.write(move |connection| DB::execute(connection, statement, values)).await
    }

    /// Any other write, and each with a record: in a transaction whose commit is a message of its own.
    async fn transact(
        &self,
        statement: &Arc<str>,
        values: impl Fn() -> Vec<Value> + Send + Sync + 'static,
    ) -> Result<u64, StoreError> {
        let statement = statement.clone();
        let work = self.pool.write(move |connection| {
            Box::pin(async move {
                let mut tries = 1;
                loop {
                    match DB::transact(connection, statement.clone(), values()).await {
                        Err(error) if tries < TRIES && failure::is_conflict::<DB>(&error) => {
                            tries = tries.saturating_add(1);
                            DB::roll_back(connection).await?;
                        }
                        outcome => return outcome,
                    }
                }
            })
        });
        work.await
    }
}

#[async_trait::async_trait]
impl<DB: Dialect> TokenStore for Table<DB> {
    async fn load(&self, user: &UserId) -> Result<Option<StoredToken>, StoreError> {
        let rows = self.rows(&self.statements.load, vec![id(user)]).await?;
        let Some(row) = rows.into_iter().next() else { return Ok(None) };
        let unreadable = || StoreError::unreadable("the record's column holds something else than text");
        let record = row.into_iter().next().flatten().ok_or_else(unreadable)?;
        StoredToken::from_text(&record).map(Some)
    }

    async fn save(&self, user: &UserId, token: &StoredToken) -> Result<(), StoreError> {
        let (user, token) = (user.clone(), token.clone());
        let values = move || {
            let record = Value::Text(Zeroizing::new(token.to_text()));
            vec![id(&user), text(token.version()), record, millis(token.saved_at())]
        };
        self.transact(&self.statements.save, values).await.map(drop)
    }

    async fn delete(&self, user: &UserId) -> Result<(), StoreError> {
        let user = user.clone();
        self.transact(&self.statements.delete, move || vec![id(&user)]).await.map(drop)
    }

    async fn delete_if(&self, user: &UserId, version: &TokenVersion) -> Result<bool, StoreError> {
        Ok(self.write(&self.statements.delete_if, vec![id(user), text(version)]).await? > 0)
    }

    fn lists_users(&self) -> Option<&dyn ListUsers> {
        Some(self)
    }
}

#[async_trait::async_trait]
impl<DB: Dialect> ReplaceIf for Table<DB> {
    async fn replace_if(&self, user: &UserId, token: &StoredToken) -> Result<bool, StoreError> {
        let (user, token) = (user.clone(), token.clone());
        let values = move || vec![Value::Text(Zeroizing::new(token.to_text())), id(&user), text(token.version())];
        Ok(self.transact(&self.statements.replace_if, values).await? > 0)
    }
}

#[async_trait::async_trait]
impl<DB: Dialect> ListUsers for Table<DB> {
    /// Pages in the order of the ids' bytes; the cursor is the last id.
    async fn list_users(&self, cursor: Option<&str>, limit: usize) -> Result<UserPage, StoreError> {
        let limit = limit.max(1);
        // No id has a NUL, so each is greater.
        let after = cursor.map_or(vec![0], |cursor| cursor.as_bytes().to_vec());
        let rows = self.rows(&self.statements.list, vec![Value::Bytes(after), count(limit)]).await?;
        let full = rows.len() >= limit;
        let users: Vec<_> =
            rows.iter().filter_map(named).map(|(user, record)| ListedUser::new(user, record.as_ref())).collect();
        let next = users.last().filter(|_| full).map(|last| last.user.as_str().to_owned());
        Ok(UserPage::new(users, next))
    }

    async fn remove_older(
        &self,
        prefix: &str,
        than: SystemTime,
        limit: usize,
    ) -> Result<Vec<(UserId, StoredToken)>, StoreError> {
        let (mut removed, mut left) = (Vec::new(), 0_usize);
        while removed.len() < limit {
            let wanted = limit.saturating_sub(removed.len()).min(LOOKED_AT);
            let range = [Value::Bytes(prefix.as_bytes().to_vec()), Value::Bytes(end_of(prefix))];
            let values = range.into_iter().chain([millis(than), count(wanted), count(left)]).collect();
            let rows = match self.rows(&self.statements.older, values).await {
                Ok(rows) => rows,
                Err(error) => return ended_early(removed, error),
            };
            for row in &rows {
                // What cannot be said to be old stays where it is.
                let Some((user, record)) = named(row).and_then(|(user, record)| Some((user, record?))) else {
                    left = left.saturating_add(1);
                    continue;
                };
                match self.delete_if(&user, record.version()).await {
                    Ok(true) => removed.push((user, record)),
                    Ok(false) => {}
                    Err(error) => return ended_early(removed, error),
                }
            }
            if rows.len() < wanted {
                break;
            }
        }
        Ok(removed)
    }

    async fn ping(&self) -> Result<(), StoreError> {
        self.rows(&"SELECT 1".into(), Vec::new()).await.map(drop)
    }
}

/// What was removed must be told, whatever came afterwards.
fn ended_early(
    removed: Vec<(UserId, StoredToken)>,
    error: StoreError,
) -> Result<Vec<(UserId, StoredToken)>, StoreError> {
    if removed.is_empty() {
        return Err(error);
    }
    log::warn!(error = %crate::telemetry::log::chain(&error), "removing old records stopped early; the next call continues");
    Ok(removed)
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

/// The first bytes that are greater than every id that begins with the prefix.
fn end_of(prefix: &str) -> Vec<u8> {
    // No byte of UTF-8 is 255.
    let mut end = prefix.as_bytes().to_vec();
    match end.last_mut() {
        Some(last) => *last = last.saturating_add(1),
        None => end.push(u8::MAX),
    }
    end
}
