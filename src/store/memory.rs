//! A token store in the memory of this process.

use super::{ListUsers, ListedUser, ReplaceIf, StoreError, StoredToken, TokenStore, TokenVersion, UserPage};
use crate::user::UserId;
use std::{
    collections::{HashMap, hash_map::RandomState},
    fmt,
    hash::BuildHasher,
    sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard},
    time::SystemTime,
};

/// Keeps records in memory, for tests, demos and first steps only.
///
/// All records are lost when the process ends, and other processes do not see them. Clones share
/// their records. Look-ups take a read lock on one of 64 shards, so readers do not wait for each
/// other.
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

    fn all_shards(&self) -> impl Iterator<Item = &Shard> {
        self.shards.shards.iter().chain([&self.shards.last])
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

    fn lists_users(&self) -> Option<&dyn ListUsers> {
        Some(self)
    }
}

#[async_trait::async_trait]
impl ListUsers for MemoryStore {
    async fn list_users(&self, cursor: Option<&str>, limit: usize) -> Result<UserPage, StoreError> {
        // The number of a shard and, after a space, the last user of it that was returned.
        let (first, mut after) = match cursor.map(|cursor| cursor.split_once(' ')) {
            None => (0, None),
            Some(Some((shard, user))) if shard.parse::<usize>().is_ok() => {
                (shard.parse().unwrap_or_default(), Some(user))
            }
            Some(_) => return Err(StoreError::misconfigured("this cursor is not from this store")),
        };
        let mut users = Vec::new();
        for (index, shard) in self.all_shards().enumerate().skip(first) {
            let records = shard.read().unwrap_or_else(PoisonError::into_inner);
            let mut found: Vec<_> =
                records.iter().filter(|(user, _)| after.is_none_or(|after| user.as_str() > after)).collect();
            found.sort_unstable_by(|one, other| one.0.cmp(other.0));
            let room = limit.max(1).saturating_sub(users.len());
            if found.len() > room {
                let taken = found.iter().take(room);
                let last = taken.clone().next_back().map_or("", |(user, _)| user.as_str());
                let next = format!("{index} {last}");
                users.extend(taken.map(|(user, token)| ListedUser::new((*user).clone(), Some(*token))));
                return Ok(UserPage::new(users, Some(next)));
            }
            users.extend(found.iter().map(|(user, token)| ListedUser::new((*user).clone(), Some(*token))));
            after = None;
        }
        Ok(UserPage::new(users, None))
    }

    async fn remove_older(
        &self,
        prefix: &str,
        than: SystemTime,
        limit: usize,
    ) -> Result<Vec<(UserId, StoredToken)>, StoreError> {
        let mut removed = Vec::new();
        for shard in self.all_shards() {
            let mut records = shard.write().unwrap_or_else(PoisonError::into_inner);
            let old = records.extract_if(|user, token| user.as_str().starts_with(prefix) && token.saved_at() < than);
            // What is not taken stays in the map.
            removed.extend(old.take(limit.saturating_sub(removed.len())));
        }
        Ok(removed)
    }

    async fn ping(&self) -> Result<(), StoreError> {
        Ok(())
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
