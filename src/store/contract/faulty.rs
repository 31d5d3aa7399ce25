//! A store that fails on demand, so that an app can be tested with its store down.

use crate::store::{
    ListUsers, ReplaceIf, StoreError, StoredToken, TokenStore, TokenVersion, UserPage, list_users::of_inner,
};
use crate::user::UserId;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

/// Wraps a store and makes it slow, or makes it fail, hang or panic, as its [`Faults`] say.
///
/// It needs the feature `store-contract` and is for tests. Without a fault it passes every call through.
///
/// ```
/// use komerza_connect::{MemoryStore, TokenStore, UserId};
/// use komerza_connect::store::contract::faulty::{StoreFault, FaultyStore, Operation};
///
/// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
/// let store = FaultyStore::new(MemoryStore::default());
/// let faults = store.faults();
/// let (alice, bob) = (UserId::new("alice")?, UserId::new("bob")?);
///
/// // The second load of alice fails; all other calls work.
/// faults.add(StoreFault::error().on(Operation::Load).for_user(&alice).from_call(2).times(1));
/// assert!(store.load(&alice).await.is_ok());
/// assert!(store.load(&alice).await.is_err());
/// assert!(store.load(&alice).await.is_ok());
/// assert!(store.load(&bob).await.is_ok());
///
/// // The store is down, and then works again.
/// faults.add(StoreFault::error());
/// assert!(store.delete(&bob).await.is_err());
/// faults.clear();
/// assert!(store.delete(&bob).await.is_ok());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct FaultyStore<S> {
    inner: S,
    faults: Faults,
}

impl<S> FaultyStore<S> {
    /// Wraps a store; there are no faults yet.
    pub fn new(inner: S) -> Self {
        Self { inner, faults: Faults::default() }
    }

    /// The faults of this store. They can be changed from any thread, also while calls are running.
    pub fn faults(&self) -> Faults {
        self.faults.clone()
    }
}

/// What a store is asked to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Operation {
    /// [`TokenStore::load`].
    Load,
    /// [`TokenStore::save`].
    Save,
    /// [`TokenStore::delete`].
    Delete,
    /// [`TokenStore::delete_if`].
    DeleteIf,
    /// [`ReplaceIf::replace_if`].
    ReplaceIf,
    /// [`ListUsers::list_users`]. It concerns no single user.
    ListUsers,
    /// [`ListUsers::remove_older`]. It concerns no single user.
    RemoveOlder,
    /// [`ListUsers::ping`]. It concerns no single user.
    Ping,
}

#[derive(Debug, Clone, Copy)]
enum Kind {
    Delay(Duration),
    Error,
    ErrorAfterwards,
    Hang,
    Panic,
}

/// One fault: what happens, and to which calls. Without a restriction it happens to every call.
#[derive(Debug, Clone)]
#[must_use = "a fault does nothing before it is added"]
pub struct StoreFault {
    kind: Kind,
    operation: Option<Operation>,
    user: Option<UserId>,
    skipped: u64,
    left: u64,
}

impl StoreFault {
    fn of(kind: Kind) -> Self {
        Self { kind, operation: None, user: None, skipped: 0, left: u64::MAX }
    }

    /// The call takes this much longer, by tokio's timer.
    pub fn delay(by: Duration) -> Self {
        Self::of(Kind::Delay(by))
    }

    /// The call does nothing and is an error of kind
    /// [`Unavailable`](crate::store::StoreErrorKind::Unavailable).
    pub fn error() -> Self {
        Self::of(Kind::Error)
    }

    /// The call is carried out and still fails, as if its answer was lost.
    pub fn error_afterwards() -> Self {
        Self::of(Kind::ErrorAfterwards)
    }

    /// The call does nothing and never ends.
    pub fn hang() -> Self {
        Self::of(Kind::Hang)
    }

    /// The call panics.
    pub fn panic() -> Self {
        Self::of(Kind::Panic)
    }

    /// Restricts the fault to calls of that operation.
    pub fn on(mut self, operation: Operation) -> Self {
        self.operation = Some(operation);
        self
    }

    /// Restricts the fault to calls for that user.
    pub fn for_user(mut self, user: &UserId) -> Self {
        self.user = Some(user.clone());
        self
    }

    /// Restricts the fault to the n-th such call and all later ones. The first such call after the fault is
    /// added has number 1.
    pub fn from_call(mut self, first: u64) -> Self {
        self.skipped = first.saturating_sub(1);
        self
    }

    /// Restricts the fault to this many calls.
    pub fn times(mut self, calls: u64) -> Self {
        self.left = calls;
        self
    }

    fn concerns(&self, operation: Operation, user: Option<&UserId>) -> bool {
        self.operation.is_none_or(|only| only == operation) && self.user.as_ref().is_none_or(|only| Some(only) == user)
    }

    /// Counts a call that the fault concerns, and returns whether the fault strikes.
    fn strikes(&mut self) -> bool {
        if let Some(fewer) = self.skipped.checked_sub(1) {
            self.skipped = fewer;
            return false;
        }
        let strikes = self.left > 0;
        self.left = self.left.saturating_sub(1);
        strikes
    }
}

/// The faults of a [`FaultyStore`], and a count of its calls. Clones share them.
#[derive(Clone, Default)]
pub struct Faults(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    faults: Vec<StoreFault>,
    calls: Vec<(Operation, u64)>,
}

impl Faults {
    /// Adds a fault. If several faults concern one call, they happen in the order in which they were added,
    /// until one of them ends the call.
    pub fn add(&self, fault: StoreFault) {
        self.state().faults.push(fault);
    }

    /// Removes all faults. Calls that already hang do not end.
    pub fn clear(&self) {
        self.state().faults.clear();
    }

    /// How many calls of that operation have begun, faulty or not.
    #[must_use]
    pub fn calls(&self, operation: Operation) -> u64 {
        self.state().calls.iter().find(|(counted, _)| *counted == operation).map_or(0, |(_, calls)| *calls)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn struck(&self, operation: Operation, user: Option<&UserId>) -> Vec<Kind> {
        let mut state = self.state();
        match state.calls.iter_mut().find(|(counted, _)| *counted == operation) {
            Some((_, calls)) => *calls += 1,
            None => state.calls.push((operation, 1)),
        }
        let concerned = state.faults.iter_mut().filter(|fault| fault.concerns(operation, user));
        concerned.filter_map(|fault| fault.strikes().then_some(fault.kind)).collect()
    }

    /// Carries out a call with the faults that strike it.
    #[allow(clippy::panic, reason = "a panic is what was asked for, in a test")]
    async fn around<T>(
        &self,
        operation: Operation,
        user: Option<&UserId>,
        call: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, StoreError> {
        let mut afterwards = false;
        for kind in self.struck(operation, user) {
            match kind {
                Kind::Delay(by) => tokio::time::sleep(by).await,
                Kind::Error => return Err(StoreError::unavailable("a fault that the test asked for")),
                Kind::ErrorAfterwards => afterwards = true,
                Kind::Hang => std::future::pending().await,
                Kind::Panic => panic!("a panic that the test asked for"),
            }
        }
        let outcome = call.await;
        if afterwards {
            Err(StoreError::unavailable("a fault after the call, which the test asked for"))
        } else {
            outcome
        }
    }
}

impl fmt::Debug for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.state();
        f.debug_struct("Faults").field("faults", &state.faults).field("calls", &state.calls).finish()
    }
}

#[async_trait::async_trait]
impl<S: TokenStore> TokenStore for FaultyStore<S> {
    async fn load(&self, user: &UserId) -> Result<Option<StoredToken>, StoreError> {
        self.faults.around(Operation::Load, Some(user), self.inner.load(user)).await
    }

    async fn save(&self, user: &UserId, token: &StoredToken) -> Result<(), StoreError> {
        self.faults.around(Operation::Save, Some(user), self.inner.save(user, token)).await
    }

    async fn delete(&self, user: &UserId) -> Result<(), StoreError> {
        self.faults.around(Operation::Delete, Some(user), self.inner.delete(user)).await
    }

    async fn delete_if(&self, user: &UserId, version: &TokenVersion) -> Result<bool, StoreError> {
        self.faults.around(Operation::DeleteIf, Some(user), self.inner.delete_if(user, version)).await
    }

    fn lists_users(&self) -> Option<&dyn ListUsers> {
        self.inner.lists_users().map(|_| self as _)
    }
}

#[async_trait::async_trait]
impl<S: TokenStore> ListUsers for FaultyStore<S> {
    async fn list_users(&self, cursor: Option<&str>, limit: usize) -> Result<UserPage, StoreError> {
        self.faults.around(Operation::ListUsers, None, of_inner(&self.inner)?.list_users(cursor, limit)).await
    }

    async fn remove_older(
        &self,
        prefix: &str,
        than: SystemTime,
        limit: usize,
    ) -> Result<Vec<(UserId, StoredToken)>, StoreError> {
        self.faults.around(Operation::RemoveOlder, None, of_inner(&self.inner)?.remove_older(prefix, than, limit)).await
    }

    async fn ping(&self) -> Result<(), StoreError> {
        self.faults.around(Operation::Ping, None, of_inner(&self.inner)?.ping()).await
    }
}

#[async_trait::async_trait]
impl<S: ReplaceIf> ReplaceIf for FaultyStore<S> {
    async fn replace_if(&self, user: &UserId, token: &StoredToken) -> Result<bool, StoreError> {
        self.faults.around(Operation::ReplaceIf, Some(user), self.inner.replace_if(user, token)).await
    }
}
