//! A token store of your own, here on redb, and the contract suite that tries to break it. Run `cargo run` in
//! this folder, or `cargo test`, which has one test for each check.
//!
//! `Cargo.toml` beside this file has the dependencies.

use komerza_connect::store::contract::{Claim, Contract};
use komerza_connect::{StoreError, StoredToken, TokenStore, TokenVersion, UserId, async_trait};
use redb::{Database, ReadableDatabase, ReadableTable, Table, TableDefinition};
use std::path::Path;
use std::sync::{Arc, Weak};
use tokio::{sync::Mutex, task::spawn_blocking};

const TOKENS: TableDefinition<&str, &str> = TableDefinition::new("komerza_tokens");

/// Keys in one file, for one process.
#[derive(Clone)]
pub struct RedbStore {
    database: Arc<Database>,
    /// Writers queue here, first come, first served. If the caller gives up while a write waits, the write
    /// never begins. A write that has begun ends before the next one begins. So no write undoes a later one.
    writing: Arc<Mutex<()>>,
}

fn failed(error: impl Into<redb::Error>) -> StoreError {
    StoreError::unavailable(error.into())
}

impl RedbStore {
    pub fn open(path: impl AsRef<Path>) -> Result<Self, StoreError> {
        let database = Database::create(path).map_err(failed)?;
        let begun = database.begin_write().map_err(failed)?;
        begun.open_table(TOKENS).map_err(failed)?;
        begun.commit().map_err(failed)?;
        Ok(Self { database: Arc::new(database), writing: Arc::default() })
    }

    /// Carries out one transaction to its end, even if nobody waits for it any more.
    async fn write<T: Send + 'static>(
        &self,
        act: impl FnOnce(&mut Table<&'static str, &'static str>) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (database, turn) = (self.database.clone(), self.writing.clone().lock_owned().await);
        let written = spawn_blocking(move || {
            let _turn = turn;
            let transaction = database.begin_write().map_err(failed)?;
            let outcome = act(&mut transaction.open_table(TOKENS).map_err(failed)?)?;
            // The transaction is on the disk when this returns.
            transaction.commit().map_err(failed)?;
            Ok(outcome)
        });
        written.await.map_err(StoreError::unavailable)?
    }
}

/// The record of a user. A record that cannot be read is an error and never means "not connected".
fn read(
    table: &impl ReadableTable<&'static str, &'static str>,
    user: &UserId,
) -> Result<Option<StoredToken>, StoreError> {
    table.get(user.as_str()).map_err(failed)?.map(|text| StoredToken::from_text(text.value())).transpose()
}

#[async_trait]
impl TokenStore for RedbStore {
    async fn load(&self, user: &UserId) -> Result<Option<StoredToken>, StoreError> {
        let (database, user) = (self.database.clone(), user.clone());
        let loaded = spawn_blocking(move || {
            let transaction = database.begin_read().map_err(failed)?;
            read(&transaction.open_table(TOKENS).map_err(failed)?, &user)
        });
        loaded.await.map_err(StoreError::unavailable)?
    }

    async fn save(&self, user: &UserId, token: &StoredToken) -> Result<(), StoreError> {
        let (user, text) = (user.clone(), token.to_text());
        self.write(move |table| table.insert(user.as_str(), text.as_str()).map(drop).map_err(failed)).await
    }

    async fn delete(&self, user: &UserId) -> Result<(), StoreError> {
        let user = user.clone();
        self.write(move |table| table.remove(user.as_str()).map(drop).map_err(failed)).await
    }

    async fn delete_if(&self, user: &UserId, version: &TokenVersion) -> Result<bool, StoreError> {
        let (user, version) = (user.clone(), *version);
        self.write(move |table| {
            let same = read(table, &user)?.is_some_and(|token| *token.version() == version);
            if same {
                table.remove(user.as_str()).map_err(failed)?;
            }
            Ok(same)
        })
        .await
    }
}

/// The contract, and what this store claims beyond it.
fn contract() -> Contract {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let opened = Arc::new(std::sync::Mutex::new(Weak::new()));
    let last = opened.clone();
    Contract::new(move || {
        let store = RedbStore::open(directory.path().join("tokens.redb")).expect("the database opens");
        *opened.lock().expect("no panic before") = Arc::downgrade(&store.database);
        async move { store }
    })
    .any_id()
    .outlives_restarts()
    .damaged_by(move |user| {
        let database = last.lock().expect("no panic before").upgrade().expect("the store is open");
        let store = RedbStore { database, writing: Arc::default() };
        async move {
            let half = store.write(move |table| table.insert(user.as_str(), "half of a rec").map(drop).map_err(failed));
            half.await.expect("the record is damaged");
        }
    })
    .without(Claim::Nodes, "redb gives a file to one process at a time")
    .without(Claim::Unreachable, "if the file cannot be reached, the store does not open")
    .without(Claim::Network, "it needs none")
    .without(Claim::Replaces, "keys are not sealed anew here")
    .without(Claim::Lists, "nobody asks who is connected")
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let passed = contract().check().await?;
    for check in passed.checks() {
        println!("passed: {check}");
    }
    println!("{passed}");
    Ok(())
}

#[cfg(test)]
mod tests {
    komerza_connect::token_store_contract!(super::contract(), any_id, restarts, damage);
}
