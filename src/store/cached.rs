//! A wrapper that remembers loads for a moment.

use super::{ListUsers, ReplaceIf, StoreError, StoredToken, TokenStore, TokenVersion, UserPage, list_users::of_inner};
use crate::{
    time::{Clock, SystemClock},
    user::UserId,
};
use quick_cache::sync::{Cache, EntryAction, EntryResult};
use std::{
    fmt,
    sync::Arc,
    time::{Duration, SystemTime},
};

/// Remembers the records of any store, so that most requests need no look-up.
///
/// 1. At most 10,000 users are remembered, for at most 30 seconds since their load began; both can be set.
/// 2. Many loads of one user at once are one load of the inner store.
/// 3. Every write goes to the inner store; what was remembered of its user is dropped, also when the write fails or its future
///    is dropped. A load that was under way meanwhile is not remembered.
/// 4. Only records are remembered: neither errors, nor that there is none. So a user who has just connected on another node is
///    connected here at once.
///
/// **How stale an answer can be.** On the node that wrote, a confirmed write is seen by every load that begins after it. On
/// other nodes a removed or replaced key is used for up to the time to live, 30 seconds unless set, and up to one load longer
/// by calls that join a load under way. The same bound holds for a write whose outcome its caller never learnt.
/// [`forget`](Self::forget) ends it early, where nodes have a way to tell each other.
///
/// One more thing rests on a fresh look: a callback that is repeated on another node, because the first answer got lost, finds the
/// code used and asks the store whether this very connection was saved. For a user of the app's own whose older record is
/// remembered on that node, the answer may be "no" for as long: then the visitor is told to start again though the key is kept.
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
/// // Another node removes the record: this one learns of it within 5 seconds, or when it is told.
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
/// Keys stay in memory in plain for as long as they are remembered. Around an encrypted store that saves opening the seal;
/// inside one it remembers sealed records.
///
/// # Source
/// The bounds are our choice: 30 seconds is what a merchant who disconnects may be asked to wait.
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
    /// `None` is for those who waited for this very load; nobody else believes it.
    found: Option<StoredToken>,
    /// Nanoseconds of the clock; half as wide as `Duration`, in what may be a million entries.
    began: u64,
    ended: u64,
}

impl<S> CachedStore<S> {
    /// Wraps a store: 10,000 users, 30 seconds.
    pub fn new(inner: S) -> Self {
        let entries = Arc::new(Cache::new(CAPACITY));
        Self { inner, entries, time_to_live: TIME_TO_LIVE, clock: Arc::new(SystemClock) }
    }

    /// How long a record is remembered; 0 remembers none, and still joins loads of one user.
    #[must_use]
    pub fn with_time_to_live(mut self, time_to_live: Duration) -> Self {
        self.time_to_live = time_to_live;
        self
    }

    /// How many users are remembered, rarely used ones being dropped first; 0 remembers none.
    #[must_use]
    pub fn with_capacity(mut self, users: usize) -> Self {
        self.entries = Arc::new(Cache::new(users));
        self
    }

    /// The clock that the time to live is measured by, for tests.
    #[must_use]
    pub fn with_clock(mut self, clock: impl Clock) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// The store inside. What is written to it directly is not noticed here.
    pub fn inner(&self) -> &S {
        &self.inner
    }

    /// Drops what is remembered of a user; the next load asks the inner store. A load under way is not remembered.
    pub fn forget(&self, user: &UserId) {
        self.entries.remove(user);
    }

    /// Drops everything that is remembered.
    pub fn forget_all(&self) {
        self.entries.clear();
    }

    /// Whether a record is remembered and young enough.
    fn fresh(&self, entry: &Entry, now: u64) -> bool {
        entry.found.is_some() && Duration::from_nanos(now.saturating_sub(entry.began)) < self.time_to_live
    }

    fn now(&self) -> u64 {
        u64::try_from(self.clock.elapsed().as_nanos()).unwrap_or(u64::MAX)
    }

    /// Forgets the user when it is dropped: after a write, however that ends.
    fn written<'a>(&'a self, user: &'a UserId) -> impl Drop + 'a {
        struct Written<'a>(&'a Cache<UserId, Entry>, &'a UserId);
        impl Drop for Written<'_> {
            fn drop(&mut self) {
                self.0.remove(self.1);
            }
        }
        Written(&self.entries, user)
    }
}

#[async_trait::async_trait]
impl<S: TokenStore> TokenStore for CachedStore<S> {
    async fn load(&self, user: &UserId) -> Result<Option<StoredToken>, StoreError> {
        let began = self.now();
        if let Some(entry) = self.entries.get(user).filter(|entry| self.fresh(entry, began)) {
            return Ok(entry.found);
        }
        let entry = self.entries.entry_async(user, |_, entry| {
            // Ended after this call began: it is the load that this call has waited for.
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
        let began = self.now();
        let found = self.inner.load(user).await?;
        // Refused if the entry was removed since the load began: then it may be older than what was written.
        let _ = guard.insert(Entry { found: found.clone(), began, ended: self.now() });
        Ok(found)
    }

    async fn save(&self, user: &UserId, token: &StoredToken) -> Result<(), StoreError> {
        let _written = self.written(user);
        self.inner.save(user, token).await
    }

    async fn delete(&self, user: &UserId) -> Result<(), StoreError> {
        let _written = self.written(user);
        self.inner.delete(user).await
    }

    async fn delete_if(&self, user: &UserId, version: &TokenVersion) -> Result<bool, StoreError> {
        let _written = self.written(user);
        self.inner.delete_if(user, version).await
    }

    fn lists_users(&self) -> Option<&dyn ListUsers> {
        self.inner.lists_users().map(|_| self as _)
    }
}

/// As the store inside. [`remove_older`](ListUsers::remove_older) also forgets the users whose records it removes; when its
/// future is dropped half-way or fails, it forgets all users.
#[async_trait::async_trait]
impl<S: TokenStore> ListUsers for CachedStore<S> {
    async fn list_users(&self, cursor: Option<&str>, limit: usize) -> Result<UserPage, StoreError> {
        of_inner(&self.inner)?.list_users(cursor, limit).await
    }

    async fn remove_older(
        &self,
        prefix: &str,
        than: SystemTime,
        limit: usize,
    ) -> Result<Vec<(UserId, StoredToken)>, StoreError> {
        /// Forgets everybody, unless the call ended and said whom it removed.
        struct Unknown<'a>(Option<&'a Cache<UserId, Entry>>);
        impl Drop for Unknown<'_> {
            fn drop(&mut self) {
                if let Some(entries) = self.0 {
                    entries.clear();
                }
            }
        }
        let inner = of_inner(&self.inner)?;
        let mut unknown = Unknown(Some(&self.entries));
        let removed = inner.remove_older(prefix, than, limit).await?;
        removed.iter().for_each(|(user, _)| self.forget(user));
        unknown.0 = None;
        Ok(removed)
    }

    async fn ping(&self) -> Result<(), StoreError> {
        of_inner(&self.inner)?.ping().await
    }
}

#[async_trait::async_trait]
impl<S: ReplaceIf> ReplaceIf for CachedStore<S> {
    async fn replace_if(&self, user: &UserId, token: &StoredToken) -> Result<bool, StoreError> {
        let _written = self.written(user);
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
