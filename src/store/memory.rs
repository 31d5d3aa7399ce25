//! A token store in the memory of this process.

use super::{ListUsers, ListedUser, Removed, ReplaceIf, StoreError, StoredToken, TokenStore, TokenVersion, UserPage};
use crate::user::UserId;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::{collections::HashMap, time::SystemTime};

/// Keeps records in memory, for tests, demos and first steps only.
///
/// All records are lost when the process ends, and other processes do not see them. Clones share
/// their records. Look-ups take a read lock, so readers do not wait for each other.
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
    /// The standard hash is safe against chosen ids. Shards would save nothing: docs/budgets.md.
    records: Arc<RwLock<HashMap<UserId, StoredToken>>>,
}

/// What a cursor of this store begins with.
const MARK: &str = "after ";

impl MemoryStore {
    // The map stays whole whatever panics, so a poisoned lock is no reason to refuse.
    fn read(&self) -> RwLockReadGuard<'_, HashMap<UserId, StoredToken>> {
        self.records.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, HashMap<UserId, StoredToken>> {
        self.records.write().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait::async_trait]
impl TokenStore for MemoryStore {
    async fn load(&self, user: &UserId) -> Result<Option<StoredToken>, StoreError> {
        Ok(self.read().get(user).cloned())
    }

    async fn save(&self, user: &UserId, token: &StoredToken) -> Result<(), StoreError> {
        self.write().insert(user.clone(), token.clone());
        Ok(())
    }

    async fn delete(&self, user: &UserId) -> Result<(), StoreError> {
        self.write().remove(user);
        Ok(())
    }

    async fn delete_if(&self, user: &UserId, version: &TokenVersion) -> Result<bool, StoreError> {
        let mut records = self.write();
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
        // After a mark, the last user of the page before.
        let unknown = || StoreError::misconfigured("this cursor is not from this store");
        let after = cursor.map(|cursor| cursor.strip_prefix(MARK).ok_or_else(unknown)).transpose()?;
        let limit = limit.max(1);
        let records = self.read();
        let mut found: Vec<_> =
            records.iter().filter(|(user, _)| after.is_none_or(|after| user.as_str() > after)).collect();
        let more = found.len() > limit;
        if more {
            found.select_nth_unstable_by_key(limit, |(user, _)| *user);
            found.truncate(limit);
        }
        found.sort_unstable_by_key(|(user, _)| *user);
        let next = found.last().filter(|_| more).map(|(user, _)| format!("{MARK}{}", user.as_str()));
        let users = found.into_iter().map(|(user, token)| ListedUser::new(user.clone(), Some(token)));
        Ok(UserPage::new(users.collect(), next))
    }

    async fn remove_older(&self, prefix: &str, than: SystemTime, limit: usize) -> Result<Removed, StoreError> {
        let mut records = self.write();
        let old = records.extract_if(|user, token| user.as_str().starts_with(prefix) && token.saved_at() < than);
        // What is not taken stays in the map.
        Ok(old.take(limit).collect())
    }

    async fn ping(&self) -> Result<(), StoreError> {
        Ok(())
    }
}

#[async_trait::async_trait]
impl ReplaceIf for MemoryStore {
    async fn replace_if(&self, user: &UserId, token: &StoredToken) -> Result<bool, StoreError> {
        let mut records = self.write();
        let same = records.get_mut(user).filter(|record| record.version() == token.version());
        Ok(same.map(|record| *record = token.clone()).is_some())
    }
}

crate::kinds::shows! { MemoryStore {} }
