//! A wrapper that caches loads.

use super::{
    ListUsers, Removed, ReplaceIf, StoreError, StoredToken, TokenStore, TokenVersion, UserPage, list_users::of_inner,
};
use crate::time::{Clock, SystemClock};
use crate::user::UserId;
use quick_cache::sync::{Cache, EntryAction, EntryResult};
use std::time::{Duration, SystemTime};
use std::{fmt, sync::Arc};

/// Caches the records of any store, so that most requests need no look-up.
///
/// 1. It caches at most 10,000 users, each for at most 30 seconds from the start of the load. You can set
///    both limits.
/// 2. Simultaneous loads of one user become one load of the inner store.
/// 3. Every write goes to the inner store and removes the user from the cache. This also holds if
///    the write fails or its future is dropped. The result of a load that was running meanwhile is
///    not cached.
/// 4. Only records are cached. Errors and missing records are not. So a user who has just connected
///    on another node is connected here at once.
///
/// **How old an answer can be.** On the node that wrote, every later load sees a confirmed write. Other nodes
/// may use a removed or replaced key for the time to live, by default 30 seconds. A call that joins a running
/// load may use such a key longer, by the duration of one load. The same limit holds on the node that wrote
/// if the outcome of the write is unknown, because the call failed or was dropped. If your nodes can notify
/// each other, they can call [`forget`](Self::forget) to end this earlier.
///
/// One more case needs a fresh look-up. A browser may repeat a callback on another node because the first
/// answer was lost. The exchange of that node fails because the code was already used, so the node asks the
/// store whether the key was saved. If an older record of the user is cached there, the answer may be "no"
/// until the cache entry expires. The visitor is then asked to start again although the key is stored.
///
/// ```
/// use komerza_connect::{store::CachedStore, ApiKey, MemoryStore, StoredToken, TokenStore, UserId};
/// use std::time::Duration;
///
/// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
/// let database = MemoryStore::default();
/// let store = CachedStore::new(database.clone()).with_time_to_live(Duration::from_secs(5)).with_capacity(50_000);
///
/// let alice = UserId::new("alice")?;
/// store.save(&alice, &StoredToken::new(ApiKey::new("obviously-fake-key")?)?).await?;
/// assert!(store.load(&alice).await?.is_some());
///
/// // Another node removes the record: this one notices within 5 seconds, or at once with `forget`.
/// database.delete(&alice).await?;
/// assert!(store.load(&alice).await?.is_some());
/// store.forget(&alice);
/// assert!(store.load(&alice).await?.is_none());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Security
/// Cached keys are in memory in plain text. A cache around an `EncryptedStore` caches decrypted keys, so it
/// saves the decryption. A cache inside an `EncryptedStore` caches encrypted records.
///
/// # Source
/// The limits are our choice. 30 seconds is an acceptable wait for a user who disconnects.
#[derive(Clone)]
pub struct CachedStore<S> {
    inner: S,
    entries: Arc<Cache<UserId, Entry>>,
    time_to_live: Duration,
    clock: Arc<dyn Clock>,
}

const TIME_TO_LIVE: Duration = Duration::from_secs(30);
const CAPACITY: usize = 10_000;

/// What a load found, and when.
#[derive(Clone)]
struct Entry {
    /// `None` is only for calls that waited for this load.
    found: Option<StoredToken>,
    /// When the load began, by the clock of the cache.
    began: Duration,
    ended: Duration,
}

impl<S> CachedStore<S> {
    /// Wraps a store. It caches at most 10,000 users, each for 30 seconds.
    pub fn new(inner: S) -> Self {
        let entries = Arc::new(Cache::new(CAPACITY));
        Self { inner, entries, time_to_live: TIME_TO_LIVE, clock: Arc::new(SystemClock) }
    }

    /// Sets how long a record is cached. Default: 30 seconds. Zero: nothing is cached, but simultaneous loads
    /// of one user are still joined.
    #[must_use]
    pub fn with_time_to_live(self, time_to_live: Duration) -> Self {
        Self { time_to_live, ..self }
    }

    /// Sets how many users are cached; rarely used ones are dropped first. Default: 10,000. Zero:
    /// nothing is cached.
    #[must_use]
    pub fn with_capacity(self, users: usize) -> Self {
        Self { entries: Arc::new(Cache::new(users)), ..self }
    }

    /// Replaces the clock, for tests.
    #[must_use]
    pub fn with_clock(self, clock: impl Clock) -> Self {
        Self { clock: Arc::new(clock), ..self }
    }

    /// The inner store. The cache does not notice writes that you make on it directly.
    pub fn inner(&self) -> &S {
        &self.inner
    }

    /// Removes a user from the cache. The result of a load that is running now is not cached.
    pub fn forget(&self, user: &UserId) {
        self.entries.remove(user);
    }

    /// Empties the cache.
    pub fn forget_all(&self) {
        self.entries.clear();
    }

    /// Whether the entry has a record whose time to live is not over.
    fn fresh(&self, entry: &Entry, now: Duration) -> bool {
        entry.found.is_some() && now.saturating_sub(entry.began) < self.time_to_live
    }
}

/// Forgets a user, or everybody, when it is dropped: after a write, however that ends.
struct Written<'a>(&'a Cache<UserId, Entry>, Option<&'a UserId>);

impl Drop for Written<'_> {
    fn drop(&mut self) {
        match self.1 {
            Some(user) => drop(self.0.remove(user)),
            None => self.0.clear(),
        }
    }
}

#[async_trait::async_trait]
impl<S: TokenStore> TokenStore for CachedStore<S> {
    async fn load(&self, user: &UserId) -> Result<Option<StoredToken>, StoreError> {
        let began = self.clock.elapsed();
        if let Some(entry) = self.entries.get(user).filter(|entry| self.fresh(entry, began)) {
            return Ok(entry.found);
        }
        let entry = self.entries.entry_async(user, |_, entry| {
            // It ended after this call began, so this call has waited for it.
            if entry.ended > began || self.fresh(entry, began) {
                EntryAction::Retain(entry.found.clone())
            } else {
                EntryAction::ReplaceWithGuard
            }
        });
        let guard = match entry.await {
            EntryResult::Retained(found) => return Ok(found),
            EntryResult::Vacant(guard) | EntryResult::Replaced(guard, _) => guard,
            EntryResult::Removed(..) | EntryResult::Timeout => return self.inner.load(user).await,
        };
        // An error drops the guard, and the next in line loads for itself.
        let began = self.clock.elapsed();
        let found = self.inner.load(user).await?;
        // The insert is refused if the entry was removed while the load ran. The record that was found may
        // then be older than what was written.
        let _ = guard.insert(Entry { found: found.clone(), began, ended: self.clock.elapsed() });
        Ok(found)
    }

    async fn save(&self, user: &UserId, token: &StoredToken) -> Result<(), StoreError> {
        let _written = Written(&self.entries, Some(user));
        self.inner.save(user, token).await
    }

    async fn delete(&self, user: &UserId) -> Result<(), StoreError> {
        let _written = Written(&self.entries, Some(user));
        self.inner.delete(user).await
    }

    async fn delete_if(&self, user: &UserId, version: &TokenVersion) -> Result<bool, StoreError> {
        let _written = Written(&self.entries, Some(user));
        self.inner.delete_if(user, version).await
    }

    fn lists_users(&self) -> Option<&dyn ListUsers> {
        self.inner.lists_users().map(|_| self as _)
    }
}

/// Same as the inner store. [`remove_older`](ListUsers::remove_older) also forgets the users whose records it
/// removes. If it fails or its future is dropped, all users are forgotten.
#[async_trait::async_trait]
impl<S: TokenStore> ListUsers for CachedStore<S> {
    async fn list_users(&self, cursor: Option<&str>, limit: usize) -> Result<UserPage, StoreError> {
        of_inner(&self.inner)?.list_users(cursor, limit).await
    }

    async fn remove_older(&self, prefix: &str, than: SystemTime, limit: usize) -> Result<Removed, StoreError> {
        let inner = of_inner(&self.inner)?;
        // Until it returns the removed users, any user may have been removed.
        let unknown = Written(&self.entries, None);
        let removed = inner.remove_older(prefix, than, limit).await?;
        removed.iter().for_each(|(user, _)| self.forget(user));
        std::mem::forget(unknown);
        Ok(removed)
    }

    async fn ping(&self) -> Result<(), StoreError> {
        of_inner(&self.inner)?.ping().await
    }
}

#[async_trait::async_trait]
impl<S: ReplaceIf> ReplaceIf for CachedStore<S> {
    async fn replace_if(&self, user: &UserId, token: &StoredToken) -> Result<bool, StoreError> {
        let _written = Written(&self.entries, Some(user));
        self.inner.replace_if(user, token).await
    }
}

impl<S: fmt::Debug> fmt::Debug for CachedStore<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CachedStore")
            .field("inner", &self.inner)
            .field("time_to_live", &self.time_to_live)
            .field("remembered", &self.entries.len())
            .finish_non_exhaustive()
    }
}
