//! A token store that counts its calls, can be looked into, and fails on demand.

use crate::time::{Flying, hang};
use komerza_connect::{StoreError, StoredToken, TokenStore, TokenVersion, UserId, async_trait};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Op {
    Load,
    Save,
    Delete,
    DeleteIf,
}

/// What becomes of one call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fate {
    Fine,
    Fail,
    /// Fails with these words: of the driver, of the look-up, or of the app that says no.
    Say(String),
    /// Says that it takes no writes.
    ReadOnly,
    /// There is a record, and it cannot be read.
    Unreadable,
    /// Never answers.
    Hang,
    Panic(String),
    /// Does what it was asked and then says that it failed: the acknowledgement is lost.
    DoneAndFail,
}

type Rule = Arc<dyn Fn(Op) -> Fate + Send + Sync>;

/// Clones share everything.
#[derive(Clone, Default)]
pub struct Shelf {
    inner: Arc<Mutex<Inner>>,
}

#[derive(Default)]
struct Inner {
    records: BTreeMap<UserId, StoredToken>,
    calls: Vec<Op>,
    /// Every record that was ever kept, in order: nothing may be stored twice.
    saved: Vec<(UserId, String)>,
    rule: Option<Rule>,
    /// How often a call yields before it acts, so that a test can drop it at one of these polls.
    yields: usize,
}

impl Shelf {
    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// From now on every call asks this what becomes of it.
    pub fn decide(&self, rule: impl Fn(Op) -> Fate + Send + Sync + 'static) {
        self.inner().rule = Some(Arc::new(rule));
    }

    /// Calls of this kind end so; all others are fine.
    pub fn all(&self, op: Op, fate: Fate) {
        self.decide(move |asked| if asked == op { fate.clone() } else { Fate::Fine });
    }

    /// Saves end like this; all other calls are fine. From the first save until the shelf is mended, tokio's
    /// clock jumps as with [`Flying`].
    pub fn saves_fail_for_good(&self, fate: Fate) {
        let flying = Mutex::new(None);
        self.decide(move |asked| {
            if asked != Op::Save {
                return Fate::Fine;
            }
            flying.lock().unwrap().get_or_insert_with(Flying::begin);
            fate.clone()
        });
    }

    pub fn mend(&self) {
        let before = self.inner().rule.take();
        drop(before);
    }

    pub fn give_way(&self, times: usize) {
        self.inner().yields = times;
    }

    /// Users and their keys: the snapshot `St` of the threat model.
    pub fn snapshot(&self) -> BTreeMap<String, String> {
        let inner = self.inner();
        let text = |token: &StoredToken| token.api_key().unwrap().expose_secret().to_owned();
        inner.records.iter().map(|(user, token)| (user.as_str().to_owned(), text(token))).collect()
    }

    /// The keys in the order of their users.
    pub fn keys(&self) -> Vec<String> {
        self.snapshot().into_values().collect()
    }

    pub fn key_of(&self, user: &str) -> Option<String> {
        self.snapshot().remove(user)
    }

    pub fn calls(&self) -> Vec<Op> {
        self.inner().calls.clone()
    }

    /// The calls since this was last asked.
    pub fn take_calls(&self) -> Vec<Op> {
        std::mem::take(&mut self.inner().calls)
    }

    pub fn writes(&self) -> usize {
        self.inner().calls.iter().filter(|op| **op != Op::Load).count()
    }

    /// User and key of every save that was carried out.
    pub fn saved(&self) -> Vec<(String, String)> {
        self.inner().saved.iter().map(|(user, key)| (user.as_str().to_owned(), key.clone())).collect()
    }

    async fn begin(&self, op: Op) -> Result<Option<StoreError>, StoreError> {
        let (rule, yields) = {
            let mut inner = self.inner();
            inner.calls.push(op);
            (inner.rule.clone(), inner.yields)
        };
        for _ in 0..yields {
            tokio::task::yield_now().await;
        }
        let failed = || StoreError::unavailable("obviously fake: the shelf fell down");
        match rule.map_or(Fate::Fine, |rule| rule(op)) {
            Fate::Fine => Ok(None),
            Fate::Fail => Err(failed()),
            Fate::Say(words) => Err(StoreError::unavailable(std::io::Error::other(words))),
            Fate::ReadOnly => Err(StoreError::not_writable("the shelf is full")),
            Fate::Unreadable => Err(StoreError::unreadable("the seal does not open")),
            Fate::Hang => hang().await,
            Fate::Panic(text) => panic!("{text}"),
            Fate::DoneAndFail => Ok(Some(failed())),
        }
    }
}

fn end<T>(value: T, afterwards: Option<StoreError>) -> Result<T, StoreError> {
    afterwards.map_or(Ok(value), Err)
}

#[async_trait]
impl TokenStore for Shelf {
    async fn load(&self, user: &UserId) -> Result<Option<StoredToken>, StoreError> {
        let afterwards = self.begin(Op::Load).await?;
        end(self.inner().records.get(user).cloned(), afterwards)
    }

    async fn save(&self, user: &UserId, token: &StoredToken) -> Result<(), StoreError> {
        let afterwards = self.begin(Op::Save).await?;
        let mut inner = self.inner();
        inner.records.insert(user.clone(), token.clone());
        inner.saved.push((user.clone(), token.api_key()?.expose_secret().to_owned()));
        end((), afterwards)
    }

    async fn delete(&self, user: &UserId) -> Result<(), StoreError> {
        let afterwards = self.begin(Op::Delete).await?;
        self.inner().records.remove(user);
        end((), afterwards)
    }

    async fn delete_if(&self, user: &UserId, version: &TokenVersion) -> Result<bool, StoreError> {
        let afterwards = self.begin(Op::DeleteIf).await?;
        let mut inner = self.inner();
        let same = inner.records.get(user).is_some_and(|token| token.version() == version);
        if same {
            inner.records.remove(user);
        }
        end(same, afterwards)
    }
}
