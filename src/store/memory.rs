//! A token store in the memory of this process.

use super::{ReplaceIf, StoreError, StoredToken, TokenStore, TokenVersion};
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

/// Shards beside the last one, which takes what falls beyond them: 64 in all.
const SHARDS: usize = 63;

type Shard = RwLock<HashMap<UserId, StoredToken>>;

struct Shards {
    hasher: RandomState,
    shards: [Shard; SHARDS],
    last: Shard,
}

impl Default for Shards {
    fn default() -> Self {
        Self { hasher: RandomState::new(), shards: std::array::from_fn(|_| Shard::default()), last: Shard::default() }
    }
}

impl MemoryStore {
    fn shard(&self, user: &UserId) -> &Shard {
        let hash = self.shards.hasher.hash_one(user);
        // The larger of two draws: shards fill unevenly, so they do not all double their tables at the same number of users.
        let index = usize::try_from((hash % 64).max((hash >> 32) % 64)).unwrap_or_default();
        self.shards.shards.get(index).unwrap_or(&self.shards.last)
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

#[async_trait::async_trait]
impl ReplaceIf for MemoryStore {
    async fn replace_if(&self, user: &UserId, token: &StoredToken) -> Result<bool, StoreError> {
        match self.write(user).get_mut(user) {
            Some(record) if record.version() == token.version() => {
                *record = token.clone();
                Ok(true)
            }
            _ => Ok(false),
        }
    }
}

impl fmt::Debug for MemoryStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryStore").finish_non_exhaustive()
    }
}
