//! A token store in the memory of this process.

use super::{StoreError, StoredToken, TokenStore, TokenVersion};
use crate::user::UserId;
use std::{
    collections::{HashMap, hash_map::RandomState},
    fmt,
    hash::BuildHasher,
    sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard},
};

/// Keeps records in memory: for tests, demos and the first hour of a new app.
///
/// All is lost when the process ends, and nothing is shared with another one. Clones share their records. Look-ups take a
/// read lock on one of 64 shards, so that readers do not wait for each other.
///
/// ```
/// use komerza_connect::{ApiKey, MemoryStore, StoredToken, TokenStore, UserId};
///
/// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
/// let store = MemoryStore::default();
/// let alice = UserId::new("alice")?;
/// store.save(&alice, &StoredToken::new(ApiKey::new("obviously-fake-key")?)?).await?;
/// assert!(store.load(&alice).await?.is_some());
/// assert!(store.load(&UserId::new("Alice")?).await?.is_none());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Default)]
pub struct MemoryStore {
    shards: Arc<Shards>,
}

const SHARDS: usize = 64;

type Shard = RwLock<HashMap<UserId, StoredToken>>;

struct Shards {
    hasher: RandomState,
    shards: [Shard; SHARDS],
    /// Answers when the shard of a hash is out of range, which the remainder rules out; it keeps indexing out of the code.
    spare: Shard,
}

impl Default for Shards {
    fn default() -> Self {
        Self { hasher: RandomState::new(), shards: std::array::from_fn(|_| Shard::default()), spare: Shard::default() }
    }
}

impl MemoryStore {
    fn shard(&self, user: &UserId) -> &Shard {
        let hash = self.shards.hasher.hash_one(user);
        let index = usize::try_from(hash.checked_rem(SHARDS as u64).unwrap_or_default()).unwrap_or_default();
        self.shards.shards.get(index).unwrap_or(&self.shards.spare)
    }

    // Maps stay whole whatever panics, so a poisoned lock is no reason to refuse.
    fn read(&self, user: &UserId) -> RwLockReadGuard<'_, HashMap<UserId, StoredToken>> {
        self.shard(user).read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self, user: &UserId) -> RwLockWriteGuard<'_, HashMap<UserId, StoredToken>> {
        self.shard(user).write().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait::async_trait]
impl TokenStore for MemoryStore {
    async fn load(&self, user: &UserId) -> Result<Option<StoredToken>, StoreError> {
        Ok(self.read(user).get(user).cloned())
    }

    async fn save(&self, user: &UserId, token: &StoredToken) -> Result<(), StoreError> {
        self.write(user).insert(user.clone(), token.clone());
        Ok(())
    }

    async fn delete(&self, user: &UserId) -> Result<(), StoreError> {
        self.write(user).remove(user);
        Ok(())
    }

    async fn delete_if(&self, user: &UserId, version: &TokenVersion) -> Result<bool, StoreError> {
        let mut records = self.write(user);
        let same = records.get(user).is_some_and(|token| token.version() == version);
        if same {
            records.remove(user);
        }
        Ok(same)
    }
}

impl fmt::Debug for MemoryStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryStore").finish_non_exhaustive()
    }
}
