//! What every check works with: a store, users and records of its own, and calls that turn an error into a
//! finding.

use super::{Claim, Contract, Relay};
use crate::random::{SystemRandomness, draw};
use crate::store::{ListUsers, ReplaceIf, StoreError, StoredToken, TokenStore, TokenVersion};
use crate::{note::Note, secret::ApiKey, telemetry::log::chain, user::UserId};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};
use std::{any::Any, error::Error, fmt};
use tokio::task::JoinError;

/// What a check found in place of what it looked for.
pub(super) struct Found(pub(super) String);

impl Found {
    pub(super) fn new(what: impl Into<String>) -> Self {
        Self(what.into())
    }

    /// The same, with the call that came before it.
    pub(super) fn after(self, what: &str) -> Self {
        Self(format!("after {what}, {}", self.0))
    }
}

/// The calls that have begun and not ended, for a check that does not end.
#[derive(Clone, Default)]
pub(super) struct Calls(Arc<Mutex<Vec<&'static str>>>);

impl Calls {
    /// The call that has lasted longest.
    pub(super) fn first(&self) -> Option<&'static str> {
        lock(&self.0).first().copied()
    }

    async fn watch<T>(&self, what: &'static str, call: impl Future<Output = T>) -> T {
        struct UnderWay<'a>(&'a Calls, &'static str);
        impl Drop for UnderWay<'_> {
            fn drop(&mut self) {
                let mut calls = lock(&self.0.0);
                let ended = calls.iter().position(|call| *call == self.1);
                ended.map(|ended| calls.remove(ended));
            }
        }
        lock(&self.0).push(what);
        let _under_way = UnderWay(self, what);
        call.await
    }
}

impl<E: Error> From<E> for Found {
    fn from(error: E) -> Self {
        Self(format!("the check itself failed: {}", chain(&error)))
    }
}

/// A task that ended too early, with the text of its panic.
pub(super) fn ended(error: JoinError) -> Found {
    let said = |panic: &(dyn Any + Send)| {
        panic.downcast_ref::<&str>().map(ToString::to_string).or_else(|| panic.downcast_ref::<String>().cloned())
    };
    match error.try_into_panic().map(|panic| said(&*panic)) {
        Ok(Some(text)) => Found(format!("a panic: {text}")),
        Ok(None) => Found::new("a panic"),
        Err(_) => Found::new("a task was cancelled"),
    }
}

/// Fails the check with a finding unless the condition holds.
macro_rules! ensure {
    ($holds:expr, $($found:tt)*) => {
        if !$holds {
            return Err($crate::store::contract::trial::Found::new(format!($($found)*)));
        }
    };
}
pub(super) use ensure;

/// One run of one check.
pub(super) struct Trial {
    contract: Contract,
    claim: Claim,
    calls: Calls,
    /// `None` while it is closed.
    store: Mutex<Option<Arc<dyn TokenStore>>>,
    replacing: Option<Arc<dyn ReplaceIf>>,
    relay: Option<Relay>,
    run: u64,
    next: AtomicU64,
    users: Mutex<Vec<UserId>>,
}

/// How long tidying up may take; what hangs then has failed the check already.
const CLEAN_UP_DEADLINE: Duration = Duration::from_secs(5);

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Trial {
    /// Opens the store in the way that checks of this claim need.
    pub(super) async fn begin(contract: Contract, claim: Claim, calls: Calls) -> Result<Self, Found> {
        let run = u64::from_be_bytes(draw(&SystemRandomness)?);
        let (mut replacing, mut relay) = (None, None);
        let store: Arc<dyn TokenStore> = match (claim, &contract.replacing, &contract.network) {
            (Claim::Replaces, Some(open), _) => {
                let store = calls.watch("open", open()).await;
                replacing = Some(Arc::clone(&store));
                store
            }
            (Claim::Network, _, Some((server, open))) => {
                let between = Relay::to(*server).await?;
                let store = calls.watch("open", open(between.address())).await;
                relay = Some(between);
                store
            }
            _ => calls.watch("open", (contract.open)()).await,
        };
        let (store, next, users) = (Mutex::new(Some(store)), AtomicU64::new(0), Mutex::default());
        Ok(Self { contract, claim, calls, store, replacing, relay, run, next, users })
    }

    /// Another run of the same kind, with a store and a relay of its own.
    pub(super) async fn again(&self) -> Result<Self, Found> {
        Self::begin(self.contract.clone(), self.claim, self.calls.clone()).await
    }

    pub(super) fn claims(&self, claim: Claim) -> bool {
        self.contract.claims(claim)
    }

    /// Awaits a call. If it does not end, the finding names it.
    pub(super) async fn watch<T>(&self, what: &'static str, call: impl Future<Output = T>) -> T {
        self.calls.watch(what, call).await
    }

    /// A call that must succeed.
    pub(super) async fn call<T>(
        &self,
        what: &'static str,
        call: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, Found> {
        self.watch(what, call).await.map_err(|error| Found(format!("`{what}` failed: {}", chain(&error))))
    }

    pub(super) fn store(&self) -> Result<Arc<dyn TokenStore>, Found> {
        lock(&self.store).clone().ok_or_else(|| Found::new("the store is closed"))
    }

    /// Another store over the same records, beside the first.
    pub(super) async fn another(&self) -> Arc<dyn TokenStore> {
        self.watch("open", (self.contract.open)()).await
    }

    /// Closes the store, then opens it again over the same records.
    pub(super) async fn restart(&self) -> Result<(), Found> {
        let closed = lock(&self.store).take();
        drop(closed);
        let opened = self.another().await;
        *lock(&self.store) = Some(opened);
        Ok(())
    }

    pub(super) fn replacing(&self) -> Result<&dyn ReplaceIf, Found> {
        self.replacing.as_deref().ok_or_else(|| Found::new("the contract has no store of `replaces`"))
    }

    pub(super) fn relay(&self) -> Result<&Relay, Found> {
        self.relay.as_ref().ok_or_else(|| Found::new("the contract has no relay of `over_network`"))
    }

    pub(super) async fn unreachable(&self) -> Result<Arc<dyn TokenStore>, Found> {
        match &self.contract.unreachable {
            Some(open) => Ok(self.watch("open", open()).await),
            None => Err(Found::new("the contract has no store of `unreachable`")),
        }
    }

    pub(super) async fn damage(&self, user: &UserId) -> Result<(), Found> {
        match &self.contract.damage {
            Some(damage) => damage(user.clone()).await,
            None => return Err(Found::new("the contract has no `damaged_by`")),
        }
        Ok(())
    }

    /// A user that only this run has. Give another `id` in each call. Its id ends in `id`, unless the app
    /// makes its own ids.
    pub(super) fn user(&self, id: &str) -> Result<UserId, Found> {
        match &self.contract.ids {
            None => self.exact_user(&format!("{:016x}{id}", self.run)),
            Some(make) => {
                // Numbers that neither this run nor another one had.
                let number = self.run.wrapping_add(self.next.fetch_add(2, Ordering::Relaxed));
                let user = make(i64::try_from(number >> 1).unwrap_or(i64::MAX));
                ensure!(!lock(&self.users).contains(&user), "`ids` gave the same user twice: {}", Shown(&user));
                lock(&self.users).push(user.clone());
                Ok(user)
            }
        }
    }

    /// The beginning of all ids of this run. No id of another run begins like this. `None` if the app makes
    /// its own.
    pub(super) fn prefix(&self) -> Option<String> {
        self.contract.ids.is_none().then(|| format!("{:016x}", self.run))
    }

    /// The user of exactly this id, remembered for tidying up.
    pub(super) fn exact_user(&self, id: &str) -> Result<UserId, Found> {
        let user = UserId::new(id)?;
        lock(&self.users).push(user.clone());
        Ok(user)
    }

    /// A new record of a key that no other record has.
    pub(super) fn token(&self) -> Result<StoredToken, Found> {
        let chance = u128::from_be_bytes(draw(&SystemRandomness)?);
        self.token_of(format!("obviously-fake-key-{chance:032x}"))
    }

    pub(super) fn token_of(&self, key: impl Into<String>) -> Result<StoredToken, Found> {
        Ok(StoredToken::new(ApiKey::new(key)?)?.with_note(Some(Note::new("obviously a note of the app")?)))
    }

    /// A record that was saved at that time.
    pub(super) fn token_saved_at(&self, at: SystemTime) -> Result<StoredToken, Found> {
        let token = self.token()?;
        Ok(StoredToken::saved(token.api_key()?.clone(), TokenVersion::draw(&SystemRandomness)?, at, None))
    }

    /// A user with a record.
    pub(super) async fn saved(&self, id: &str) -> Result<(UserId, StoredToken), Found> {
        let (user, token) = (self.user(id)?, self.token()?);
        self.save(&user, &token).await?;
        Ok((user, token))
    }

    pub(super) async fn load(&self, user: &UserId) -> Result<Option<StoredToken>, Found> {
        self.call("load", self.store()?.load(user)).await
    }

    pub(super) async fn save(&self, user: &UserId, token: &StoredToken) -> Result<(), Found> {
        self.call("save", self.store()?.save(user, token)).await
    }

    pub(super) async fn delete(&self, user: &UserId) -> Result<(), Found> {
        self.call("delete", self.store()?.delete(user)).await
    }

    pub(super) async fn delete_if(&self, user: &UserId, version: &TokenVersion) -> Result<bool, Found> {
        self.call("delete_if", self.store()?.delete_if(user, version)).await
    }

    pub(super) async fn remove_older(
        &self,
        prefix: &str,
        than: SystemTime,
        limit: usize,
    ) -> Result<Vec<(UserId, StoredToken)>, Found> {
        let store = self.store()?;
        self.call("remove_older", lists(&store)?.remove_older(prefix, than, limit)).await
    }

    /// The record of `user` must be `wanted`, whole.
    pub(super) async fn expect(&self, user: &UserId, wanted: Option<&StoredToken>) -> Result<(), Found> {
        self.expect_in(&*self.store()?, user, wanted).await
    }

    /// The same of the store of another node.
    pub(super) async fn expect_in(
        &self,
        store: &dyn TokenStore,
        user: &UserId,
        wanted: Option<&StoredToken>,
    ) -> Result<(), Found> {
        let found = self.call("load", store.load(user)).await?;
        match (&found, wanted) {
            (None, None) => Ok(()),
            (Some(one), Some(other)) => {
                let differing = differences(one, other).join(" and another ");
                let (found, wanted) = (described(Some(one)), described(wanted));
                ensure!(
                    differing.is_empty(),
                    "{} loaded with another {differing} than was saved: {found}, not {wanted}",
                    Shown(user)
                );
                Ok(())
            }
            _ => Err(Found(format!(
                "{} loaded as {}, not as {}",
                Shown(user),
                described(found.as_ref()),
                described(wanted)
            ))),
        }
    }

    /// The record of `user` must be one of `wanted`, whole; `None` stands for no record.
    pub(super) async fn expect_any(&self, user: &UserId, wanted: &[Option<&StoredToken>]) -> Result<(), Found> {
        let found = self.load(user).await?;
        ensure!(
            wanted.iter().any(|wanted| same(found.as_ref(), *wanted)),
            "{} loaded as {}, which is none of the {} possible records",
            Shown(user),
            described(found.as_ref()),
            wanted.len()
        );
        Ok(())
    }

    pub(super) async fn clean_up(&self) {
        if let Some(relay) = &self.relay {
            relay.release();
        }
        let (users, Ok(store)) = (std::mem::take(&mut *lock(&self.users)), self.store()) else { return };
        let removal = async {
            for user in users {
                // Its failure is no finding: the check has had its answer.
                let _ = store.delete(&user).await;
            }
        };
        let _ = tokio::time::timeout(CLEAN_UP_DEADLINE, removal).await;
    }
}

pub(super) fn lists(store: &Arc<dyn TokenStore>) -> Result<&dyn ListUsers, Found> {
    store.lists_users().ok_or_else(|| Found::new("`lists_users` is `None`"))
}

/// What differs between two records.
fn differences(one: &StoredToken, other: &StoredToken) -> Vec<&'static str> {
    let same_key = matches!((one.api_key(), other.api_key()),
        (Ok(one), Ok(other)) if one.expose_secret() == other.expose_secret());
    let same = [
        ("version", one.version() == other.version()),
        ("key", same_key),
        ("time", one.saved_at() == other.saved_at()),
        ("note", one.note() == other.note()),
    ];
    same.into_iter().filter(|(_, same)| !same).map(|(what, _)| what).collect()
}

/// Whether two records are one: key, version, time and note.
pub(super) fn same(one: Option<&StoredToken>, other: Option<&StoredToken>) -> bool {
    match (one, other) {
        (None, None) => true,
        (Some(one), Some(other)) => differences(one, other).is_empty(),
        _ => false,
    }
}

/// What a load answered, in words, for checks that expect an error.
pub(super) fn answer(found: Option<&StoredToken>) -> &'static str {
    if found.is_some() { "a record" } else { "no record" }
}

fn described(token: Option<&StoredToken>) -> String {
    match token.map(|token| (token.api_key().map(|key| key.expose_secret().len()), token)) {
        None => "no record".into(),
        Some((Ok(length), token)) => {
            format!("version {} with key {} of {length} bytes", token.version(), token.fingerprint())
        }
        Some((Err(_), token)) => format!("version {}, sealed", token.version()),
    }
}

/// An id as a finding shows it: at most the first 60 characters, escaped.
pub(super) struct Shown<'a>(pub(super) &'a UserId);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let id: String = self.0.as_str().chars().take(60).flat_map(char::escape_default).collect();
        write!(f, "user \"{id}\" ({} bytes)", self.0.as_str().len())
    }
}
