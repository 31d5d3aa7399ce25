//! The token store under the flow tests: in memory, every record in sight, and broken on demand.

use komerza_connect::{StoreError, StoredToken, TokenStore, TokenVersion, UserId, async_trait};
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard},
};

/// What the store does instead of its work.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Fault {
    #[default]
    None,
    /// Every call fails.
    Down,
    /// Saving fails; the rest works.
    SavesFail,
    /// A call never returns.
    Hangs,
}

/// Clones are one store.
#[derive(Clone, Default)]
pub(crate) struct Ledger(Arc<Mutex<Book>>);

#[derive(Default)]
struct Book {
    records: BTreeMap<String, StoredToken>,
    writes: usize,
    fault: Fault,
}

impl Ledger {
    fn book(&self) -> MutexGuard<'_, Book> {
        self.0.lock().unwrap()
    }

    pub(crate) fn breaks(&self, fault: Fault) {
        self.book().fault = fault;
    }

    /// `St`: every record as text, by user.
    pub(crate) fn snapshot(&self) -> BTreeMap<String, String> {
        self.book().records.iter().map(|(user, token)| (user.clone(), token.to_text())).collect()
    }

    /// `St[user]`: the key.
    pub(crate) fn key_of(&self, user: &str) -> Option<String> {
        self.book().records.get(user).map(|token| token.api_key().unwrap().expose_secret().to_owned())
    }

    /// All keys, in no order that means anything.
    pub(crate) fn keys(&self) -> Vec<String> {
        self.book().records.values().map(|token| token.api_key().unwrap().expose_secret().to_owned()).collect()
    }

    /// Saves and deletes so far.
    pub(crate) fn writes(&self) -> usize {
        self.book().writes
    }

    async fn enter(&self, saving: bool) -> Result<(), StoreError> {
        let fault = self.book().fault;
        match fault {
            Fault::Down => Err(StoreError::unavailable("obviously fake outage")),
            Fault::SavesFail if saving => Err(StoreError::unavailable("obviously fake failure to save")),
            Fault::Hangs => komerza_connect_testing::time::hang().await,
            Fault::None | Fault::SavesFail => Ok(()),
        }
    }
}

#[async_trait]
impl TokenStore for Ledger {
    async fn load(&self, user: &UserId) -> Result<Option<StoredToken>, StoreError> {
        self.enter(false).await?;
        Ok(self.book().records.get(user.as_str()).cloned())
    }

    async fn save(&self, user: &UserId, token: &StoredToken) -> Result<(), StoreError> {
        self.enter(true).await?;
        let mut book = self.book();
        book.writes += 1;
        book.records.insert(user.as_str().to_owned(), token.clone());
        Ok(())
    }

    async fn delete(&self, user: &UserId) -> Result<(), StoreError> {
        self.enter(false).await?;
        let mut book = self.book();
        book.writes += 1;
        book.records.remove(user.as_str());
        Ok(())
    }

    async fn delete_if(&self, user: &UserId, version: &TokenVersion) -> Result<bool, StoreError> {
        self.enter(false).await?;
        let mut book = self.book();
        let same = book.records.get(user.as_str()).is_some_and(|token| token.version() == version);
        if same {
            book.writes += 1;
            book.records.remove(user.as_str());
        }
        Ok(same)
    }
}
