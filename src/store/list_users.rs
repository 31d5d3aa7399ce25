//! Listing the users of a store, removing old records, and asking whether the store answers.

use super::{StoreError, StoredToken, TokenStore};
use crate::{note::Note, user::UserId};
use std::time::SystemTime;

/// A store that can list its users and remove old records.
///
/// Every store of this crate can. A wrapper of this crate can if its inner store can. Your own store does not
/// have to implement it: connecting, calling and disconnecting work without it. If you implement it, return
/// `Some(self)` from [`TokenStore::lists_users`], so that the layer finds it. The [module](super) has an
/// example.
///
/// ```
/// use komerza_connect::{store::ListUsers, ApiKey, MemoryStore, StoredToken, TokenStore, UserId};
/// use std::time::{Duration, SystemTime};
///
/// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
/// let store = MemoryStore::default();
/// for user in ["alice", "browser-1", "browser-2"] {
///     store.save(&UserId::new(user)?, &StoredToken::new(ApiKey::new("obviously-fake-key")?)?).await?;
/// }
///
/// let (mut users, mut cursor) = (Vec::new(), None);
/// loop {
///     let page = store.list_users(cursor.as_deref(), 2).await?;
///     users.extend(page.users);
///     cursor = page.next;
///     if cursor.is_none() {
///         break;
///     }
/// }
/// assert_eq!(users.len(), 3);
///
/// let tomorrow = SystemTime::now() + Duration::from_secs(86_400);
/// let removed = store.remove_older("browser-", tomorrow, 100).await?;
/// assert_eq!(removed.len(), 2);
/// assert!(store.load(&UserId::new("alice")?).await?.is_some());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[async_trait::async_trait]
pub trait ListUsers: TokenStore {
    /// Returns the users who have a record, about `limit` at a time.
    ///
    /// Pass `None` for the first page, then the [`next`](UserPage::next) of the page before. A cursor is a
    /// text that only the store understands: do not make or change one. The order of the users depends on the
    /// store.
    ///
    /// A user whose record is there during the whole listing is returned at least once. A user who connects or
    /// disconnects meanwhile may be missing, and some stores (Redis) may return a user twice. A page may have
    /// more or fewer users than `limit`, or none at all: only `next` says whether the listing is over. A user
    /// whose record cannot be read is listed too. A `limit` of zero counts as 1.
    ///
    /// # Errors
    /// [`StoreErrorKind::Misconfigured`](crate::store::StoreErrorKind::Misconfigured) for a cursor that the
    /// store did not make; otherwise as [`load`](TokenStore::load). You can ask for the same page again.
    async fn list_users(&self, cursor: Option<&str>, limit: usize) -> Result<UserPage, StoreError>;

    /// Removes at most `limit` records of users whose id begins with `prefix`. Only records that were saved
    /// before `than` are removed.
    ///
    /// Each record is removed only if it is still the one that was found too old: a record that is saved
    /// meanwhile stays. Returns what this call removed. Fewer than `limit` records means that no more were
    /// found, or that a failure ended the call early. An empty `prefix` means every user. A record whose time
    /// cannot be read is never removed. With a `limit` of zero nothing is removed.
    ///
    /// If a server's answer is lost, the keys in it are lost too. So the stores of this crate first look for
    /// old records, and then remove each by its version. One `DELETE … RETURNING` for all of them could lose
    /// up to `limit` keys.
    ///
    /// # Errors
    /// [`StoreError`] when the store fails and nothing was removed yet. After the first removal a failure
    /// only ends the call early. The call then returns what it removed, because the caller must learn of each
    /// key that is gone.
    async fn remove_older(&self, prefix: &str, than: SystemTime, limit: usize) -> Result<Removed, StoreError>;

    /// Asks the store whether it answers, for health checks. It reads no record and changes nothing.
    ///
    /// # Errors
    /// [`StoreError`] when the store cannot be reached or does not answer in time.
    async fn ping(&self) -> Result<(), StoreError>;
}

/// Records that were removed, and whose they were.
pub type Removed = Vec<(UserId, StoredToken)>;

/// One page of the users of a store, and the cursor of the next page.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct UserPage {
    /// The users of this page.
    pub users: Vec<ListedUser>,
    /// The cursor of the next page. `None` when the listing is over.
    pub next: Option<String>,
}

impl UserPage {
    /// Makes a page of these users.
    #[must_use]
    pub fn new(users: Vec<ListedUser>, next: Option<String>) -> Self {
        Self { users, next }
    }
}

/// A user who has a record.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct ListedUser {
    /// The user.
    pub user: UserId,
    /// When the record was saved. `None` when the record cannot be read.
    pub saved_at: Option<SystemTime>,
    /// The note that the app made when the login began. `None` without a note, or when the record cannot be
    /// read.
    pub note: Option<Note>,
}

impl ListedUser {
    /// Makes an entry for a user. `record` is the record that was found, or `None` if it cannot be read.
    #[must_use]
    pub fn new(user: UserId, record: Option<&StoredToken>) -> Self {
        Self { user, saved_at: record.map(StoredToken::saved_at), note: record.and_then(StoredToken::note).cloned() }
    }
}

/// The result of a removal that took these records and then ended with `outcome`. A failure after the first
/// record is no error, since the caller must learn of each key that is gone.
#[cfg(any(feature = "sqlite", feature = "postgres", feature = "mysql", feature = "redis"))]
pub(super) fn what_was_removed(removed: Removed, outcome: Result<(), StoreError>) -> Result<Removed, StoreError> {
    if let Err(error) = outcome {
        if removed.is_empty() {
            return Err(error);
        }
        crate::telemetry::log::warn!(error = %crate::telemetry::log::chain(&error), "removing old records stopped early; the next call continues");
    }
    Ok(removed)
}

/// The list of the store inside a wrapper.
#[cfg(any(feature = "cache", feature = "encrypt", feature = "store-contract"))]
pub(super) fn of_inner(inner: &impl TokenStore) -> Result<&dyn ListUsers, StoreError> {
    inner.lists_users().ok_or_else(|| StoreError::misconfigured("the store inside the wrapper does not list users"))
}
