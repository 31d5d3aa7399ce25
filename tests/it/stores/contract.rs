//! The contract suite, over every shipped store: alone, and in each wrapper.

use super::places::Directory;
use komerza_connect::{
    MemoryStore, SealingKey, TokenStore, UserId,
    store::{CachedStore, EncryptedStore, SqliteStore, contract::Contract},
    token_store_contract,
};
use std::sync::Arc;

mod memory {
    use super::*;
    token_store_contract!(Contract::new(|| async { MemoryStore::default() }));
}

mod memory_shared {
    use super::*;
    // Clones share their records, which is what two nodes on one database do.
    fn contract() -> Contract {
        let store: Arc<dyn TokenStore> = Arc::new(MemoryStore::default());
        Contract::new(move || {
            let store = store.clone();
            async move { store }
        })
        .outlives_restarts()
    }
    token_store_contract!(contract(), restarts);
}

mod memory_boxed {
    use super::*;
    token_store_contract!(Contract::new(|| async { Box::new(MemoryStore::default()) as Box<dyn TokenStore> }));
}

/// What damages a record: another text in its place.
pub(super) const DAMAGE: &str = "{\"format\":1,\"version\":\"not a version\"}";

/// Every contract of a kind of store: `$with` puts the opened store into its wrapper.
fn sqlite<S: TokenStore>(with: fn(SqliteStore) -> S) -> Contract {
    let directory = Arc::new(Directory::new());
    let (opened, damaged) = (directory.clone(), directory);
    Contract::new(move || {
        let directory = opened.clone();
        async move { with(SqliteStore::open(directory.path().join("tokens.db")).await.unwrap()) }
    })
    .outlives_restarts()
    .damaged_by(move |user| {
        let path = damaged.path().join("tokens.db");
        async move { damage_sqlite(&path, &user).await }
    })
    .unreachable(move || async move {
        let store = SqliteStore::in_memory().await.unwrap();
        store.close().await;
        with(store)
    })
}

async fn damage_sqlite(path: &std::path::Path, user: &UserId) {
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(path);
    let pool = sqlx::SqlitePool::connect_with(options).await.unwrap();
    let damage = sqlx::query("UPDATE komerza_tokens SET record = $2 WHERE user_id = $1");
    let done = damage.bind(user.as_str().as_bytes()).bind(DAMAGE).execute(&pool).await.unwrap();
    assert_eq!(done.rows_affected(), 1);
    pool.close().await;
}

fn key() -> SealingKey {
    SealingKey::from_bytes(b"obviously-fake-key-of-32-bytes!!").unwrap()
}

pub(super) fn encrypted<S: TokenStore>(store: S) -> EncryptedStore<S> {
    EncryptedStore::new(store, "app", [key()]).unwrap()
}

/// Two nodes cannot see each other's writes at once through caches: those claims are the plain stores' alone.
pub(super) fn cached<S: TokenStore>(store: S) -> CachedStore<S> {
    CachedStore::new(store)
}

pub(super) fn both<S: TokenStore>(store: S) -> CachedStore<EncryptedStore<S>> {
    cached(encrypted(store))
}

mod memory_encrypted {
    use super::*;
    token_store_contract!(Contract::new(|| async { encrypted(MemoryStore::default()) }));
}

mod memory_cached {
    use super::*;
    token_store_contract!(Contract::new(|| async { cached(MemoryStore::default()) }));
}

mod memory_cached_and_encrypted {
    use super::*;
    token_store_contract!(Contract::new(|| async { both(MemoryStore::default()) }));
}

/// The suite in each wrapper, for the function of that name.
macro_rules! in_every_wrapper {
    ($store:ident, $($ignore:tt)*) => {
        mod $store {
            mod plain {
                use super::super::*;
                token_store_contract!($($ignore)* $store(|store| store), restarts, damage, unreachable);
            }
            mod encrypted {
                use super::super::*;
                token_store_contract!($($ignore)* $store(encrypted), restarts, damage, unreachable);
            }
            mod cached {
                use super::super::*;
                token_store_contract!($($ignore)* $store(cached), restarts, unreachable);
            }
            mod cached_and_encrypted {
                use super::super::*;
                token_store_contract!($($ignore)* $store(both), restarts, unreachable);
            }
        }
    };
}
#[cfg(feature = "servers")]
pub(super) use in_every_wrapper;
in_every_wrapper!(sqlite,);
