//! The contract suite, over every shipped store: alone, and in each wrapper.

use super::*;

/// What a store in memory leaves out.
fn in_memory(contract: Contract) -> Contract {
    contract
        .any_id()
        .lists()
        .without(Claim::Unreachable, "it is always there")
        .without(Claim::Damage, "nobody else reaches its records")
        .without(Claim::Network, "it needs none")
}

/// What a store in memory leaves out whose records are its own.
fn alone(contract: Contract) -> Contract {
    in_memory(contract)
        .without(Claim::Restarts, "its records end with it")
        .without(Claim::Nodes, "its records are its own")
}

/// What a wrapper leaves out.
pub(super) fn wrapped(contract: Contract) -> Contract {
    contract.without(Claim::Replaces, "shown over the store in memory")
}

/// The store in memory, in a wrapper.
fn wrapper<S: ReplaceIf>(with: fn(MemoryStore) -> S) -> Contract {
    let open = move || async move { with(MemoryStore::default()) };
    alone(Contract::new(open)).replaces(open)
}

/// The store in memory, alone and in each wrapper.
macro_rules! in_memory {
    ($($name:ident => $with:expr;)+) => {$(
        mod $name {
            use super::*;
            token_store_contract!(wrapper($with), any_id, lists, replaces);
        }
    )+};
}

in_memory! {
    memory => |store| store;
    memory_encrypted => encrypted;
    memory_cached => cached;
    memory_cached_and_encrypted => both;
}

mod memory_shared {
    use super::*;
    // Clones share their records, which is what two nodes on one database do.
    fn contract() -> Contract {
        let store: Arc<dyn ReplaceIf> = Arc::new(MemoryStore::default());
        let open = move || {
            let store = store.clone();
            async move { store }
        };
        in_memory(Contract::new(open.clone())).replaces(open).outlives_restarts().shared_by_nodes()
    }
    token_store_contract!(contract(), any_id, lists, replaces, restarts, nodes);
}

mod memory_boxed {
    use super::*;
    token_store_contract!(
        wrapped(alone(Contract::new(|| async { Box::new(MemoryStore::default()) as Box<dyn TokenStore> }))),
        any_id,
        lists
    );
}

/// A store behind a foreign key of type BIGINT: it takes numbers alone.
mod memory_with_numbers {
    use super::*;

    struct Numbers(MemoryStore);

    fn number(user: &UserId) -> Result<UserId, StoreError> {
        let number: i64 = user.as_str().parse().map_err(|_| StoreError::unavailable("not a number"))?;
        Ok(UserId::from(number))
    }

    #[async_trait]
    impl TokenStore for Numbers {
        async fn load(&self, user: &UserId) -> Result<Option<StoredToken>, StoreError> {
            self.0.load(&number(user)?).await
        }
        async fn save(&self, user: &UserId, token: &StoredToken) -> Result<(), StoreError> {
            self.0.save(&number(user)?, token).await
        }
        async fn delete(&self, user: &UserId) -> Result<(), StoreError> {
            self.0.delete(&number(user)?).await
        }
        async fn delete_if(&self, user: &UserId, version: &TokenVersion) -> Result<bool, StoreError> {
            self.0.delete_if(&number(user)?, version).await
        }
    }

    fn contract() -> Contract {
        let contract = Contract::new(|| async { Numbers(MemoryStore::default()) })
            .ids(UserId::from)
            .without(Claim::Lists, "not shown here");
        [Claim::Restarts, Claim::Nodes, Claim::Unreachable, Claim::Damage, Claim::Replaces, Claim::Network]
            .into_iter()
            .fold(contract, |contract, claim| contract.without(claim, "not shown here"))
    }
    token_store_contract!(contract());
}

/// What damages a record: another text in its place.
pub(super) const DAMAGE: &str = "{\"format\":1,\"version\":\"not a version\"}";

/// Every contract of a kind of store: `$with` puts the opened store into its wrapper.
fn sqlite<S: TokenStore>(with: fn(SqliteStore) -> S) -> Contract {
    let directory = Arc::new(Directory::new());
    let (opened, damaged) = (directory.clone(), directory);
    let open = move || {
        let directory = opened.clone();
        async move { SqliteStore::open(directory.path().join("tokens.db")).await.unwrap().with_deadline(PATIENCE) }
    };
    let plain = open.clone();
    Contract::new(move || {
        let opened = open();
        async move { with(opened.await) }
    })
    .replaces(plain)
    .shared_by_nodes()
    .any_id()
    .lists()
    .outlives_restarts()
    .without(Claim::Network, "it needs none")
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

async fn damage_sqlite(path: &Path, user: &UserId) {
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

/// What a cache leaves out beside what every wrapper does.
pub(super) fn behind_a_cache(contract: Contract) -> Contract {
    wrapped(contract)
        .without(Claim::Nodes, "another node's writes are seen when the cache forgets")
        .without(Claim::Damage, "what is remembered is not read again")
        .without(Claim::Network, "what is remembered is not read again")
}

/// The suite in each wrapper, for the function of that name. `$lists` is there if the store lists its users; `$more` are
/// claims of the plain and the encrypted store.
macro_rules! in_every_wrapper {
    ($store:ident, [$($lists:ident)?], [$($more:ident),*], $($ignore:tt)*) => {
        mod $store {
            mod plain {
                use super::super::*;
                token_store_contract!(
                    $($ignore)*
                    $store(|store| store), any_id, restarts, nodes, damage, unreachable, replaces $(, $lists)? $(, $more)*
                );
            }
            mod encrypted {
                use super::super::*;
                token_store_contract!(
                    $($ignore)*
                    wrapped($store(encrypted)), any_id, restarts, nodes, damage, unreachable $(, $lists)? $(, $more)*
                );
            }
            mod cached {
                use super::super::*;
                token_store_contract!(
                    $($ignore)*
                    behind_a_cache($store(cached)), any_id, restarts, unreachable $(, $lists)?
                );
            }
            mod cached_and_encrypted {
                use super::super::*;
                token_store_contract!(
                    $($ignore)*
                    behind_a_cache($store(both)), any_id, restarts, unreachable $(, $lists)?
                );
            }
        }
    };
}
#[cfg(feature = "servers")]
pub(super) use in_every_wrapper;
in_every_wrapper!(sqlite, [lists], [],);
