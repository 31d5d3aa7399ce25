//! What the SQL stores share: their statements, and errors without values.

use super::{StoreError, TableName};
use sqlx::error::DatabaseError;
use std::sync::Arc;

/// One statement for each operation. SQLite reads `$1` as PostgreSQL does.
#[derive(Clone)]
pub(super) struct Statements {
    pub(super) load: Arc<str>,
    pub(super) save: Arc<str>,
    pub(super) delete: Arc<str>,
    pub(super) delete_if: Arc<str>,
    pub(super) replace_if: Arc<str>,
}

impl Statements {
    pub(super) fn on(table: &TableName) -> Self {
        Self {
            load: format!("SELECT record FROM {table} WHERE user_id = $1").into(),
            save: format!(
                "INSERT INTO {table} (user_id, version, record) VALUES ($1, $2, $3) \
                 ON CONFLICT (user_id) DO UPDATE SET version = excluded.version, record = excluded.record"
            )
            .into(),
            delete: format!("DELETE FROM {table} WHERE user_id = $1").into(),
            delete_if: format!("DELETE FROM {table} WHERE user_id = $1 AND version = $2").into(),
            replace_if: format!("UPDATE {table} SET record = $3 WHERE user_id = $1 AND version = $2").into(),
        }
    }
}

/// The statement that makes the table. The id is bytes, so that no collation, encoding or type folds it.
pub(super) fn create(table: &TableName, bytes: &str) -> String {
    format!(
        "CREATE TABLE IF NOT EXISTS {table} \
         (user_id {bytes} NOT NULL PRIMARY KEY, version TEXT NOT NULL, record TEXT NOT NULL)"
    )
}

/// Implements the operations, which differ in nothing but the type of the pool.
macro_rules! sql_store {
    ($store:ident) => {
        #[async_trait::async_trait]
        impl crate::store::TokenStore for $store {
            async fn load(&self, user: &UserId) -> Result<Option<StoredToken>, StoreError> {
                let statement = AssertSqlSafe(self.statements.load.clone());
                let id = user.as_str().as_bytes();
                let found = sqlx::query_scalar::<_, String>(statement).bind(id).fetch_optional(&self.pool).await;
                let text = found.map_err(failure)?.map(zeroize::Zeroizing::new);
                text.map(|text| StoredToken::from_text(&text)).transpose()
            }

            async fn save(&self, user: &UserId, token: &StoredToken) -> Result<(), StoreError> {
                let _turn = self.turn().await;
                let save = sqlx::query(AssertSqlSafe(self.statements.save.clone()))
                    .bind(user.as_str().as_bytes())
                    .bind(token.version().to_string())
                    .bind(token.to_text());
                save.execute(&self.pool).await.map_err(failure).map(drop)
            }

            async fn delete(&self, user: &UserId) -> Result<(), StoreError> {
                let _turn = self.turn().await;
                let delete = sqlx::query(AssertSqlSafe(self.statements.delete.clone())).bind(user.as_str().as_bytes());
                delete.execute(&self.pool).await.map_err(failure).map(drop)
            }

            async fn delete_if(&self, user: &UserId, version: &TokenVersion) -> Result<bool, StoreError> {
                let _turn = self.turn().await;
                let delete = sqlx::query(AssertSqlSafe(self.statements.delete_if.clone()))
                    .bind(user.as_str().as_bytes())
                    .bind(version.to_string());
                let done = delete.execute(&self.pool).await.map_err(failure)?;
                Ok(done.rows_affected() > 0)
            }
        }

        #[async_trait::async_trait]
        impl crate::store::ReplaceIf for $store {
            async fn replace_if(&self, user: &UserId, token: &StoredToken) -> Result<bool, StoreError> {
                let _turn = self.turn().await;
                let replace = sqlx::query(AssertSqlSafe(self.statements.replace_if.clone()))
                    .bind(user.as_str().as_bytes())
                    .bind(token.version().to_string())
                    .bind(token.to_text());
                let done = replace.execute(&self.pool).await.map_err(failure)?;
                Ok(done.rows_affected() > 0)
            }
        }

        impl std::fmt::Debug for $store {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.debug_struct(stringify!($store)).finish_non_exhaustive()
            }
        }
    };
}
pub(super) use sql_store;

/// Turns the driver's error into ours. What a database says may quote the row it refused, so its words are kept only where
/// `words` knows that they cannot.
pub(super) fn failure(error: sqlx::Error, refused: fn(&dyn DatabaseError) -> StoreError) -> StoreError {
    match error {
        sqlx::Error::Database(error) => refused(&*error),
        sqlx::Error::Io(error) => StoreError::unavailable(error),
        // Certificates and versions; no statement was sent yet.
        sqlx::Error::Tls(error) => StoreError::unavailable(format!("TLS with the database failed: {error}")),
        // The pool does not say which of them it is.
        sqlx::Error::PoolTimedOut => StoreError::timed_out_because(
            "no connection in time: all are in use, or the server refuses new ones or does not answer",
        ),
        sqlx::Error::PoolClosed => StoreError::unavailable("the pool of connections is closed"),
        sqlx::Error::WorkerCrashed => StoreError::unavailable("the database's worker thread has ended"),
        sqlx::Error::Configuration(_) => {
            StoreError::misconfigured("the database's address or its options cannot be used")
        }
        sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_) => {
            StoreError::unreadable("the record's column holds something else than text")
        }
        sqlx::Error::Protocol(_) => StoreError::unavailable("the database spoke another protocol"),
        _ => StoreError::unavailable("the database client failed"),
    }
}
