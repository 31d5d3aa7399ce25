//! A token store that can be looked into and told to fail.

use super::steps::Store;
use komerza_connect::{StoreError, StoredToken, TokenStore, TokenVersion, UserId, async_trait};
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

/// Clones share their records.
#[derive(Clone, Default)]
pub(super) struct Shelf(Arc<Mutex<Inner>>);

#[derive(Default)]
struct Inner {
    records: BTreeMap<UserId, StoredToken>,
    fault: Option<Store>,
}

impl Shelf {
    /// From now on this fails; `None`: nothing.
    pub(super) fn fail(&self, fault: Option<Store>) {
        self.0.lock().unwrap().fault = fault;
    }

    /// Every record: user and key.
    pub(super) fn content(&self) -> Vec<(String, String)> {
        let inner = self.0.lock().unwrap();
        let key = |token: &StoredToken| token.api_key().unwrap().expose_secret().to_owned();
        // The scratch record of a write probe may stay while removals fail.
        let of_users = inner.records.iter().filter(|(user, _)| !user.as_str().starts_with("komerza-connect-"));
        of_users.map(|(user, token)| (user.as_str().to_owned(), key(token))).collect()
    }

    fn act<T>(
        &self,
        operation: Store,
        act: impl FnOnce(&mut BTreeMap<UserId, StoredToken>) -> T,
    ) -> Result<T, StoreError> {
        let mut inner = self.0.lock().unwrap();
        match inner.fault {
            Some(fault) if fault == operation => Err(StoreError::unavailable("the model said so")),
            _ => Ok(act(&mut inner.records)),
        }
    }
}

#[async_trait]
impl TokenStore for Shelf {
    async fn load(&self, user: &UserId) -> Result<Option<StoredToken>, StoreError> {
        self.act(Store::Load, |records| records.get(user).cloned())
    }

    async fn save(&self, user: &UserId, token: &StoredToken) -> Result<(), StoreError> {
        self.act(Store::Save, |records| drop(records.insert(user.clone(), token.clone())))
    }

    async fn delete(&self, user: &UserId) -> Result<(), StoreError> {
        self.act(Store::Delete, |records| drop(records.remove(user)))
    }

    async fn delete_if(&self, user: &UserId, version: &TokenVersion) -> Result<bool, StoreError> {
        self.act(Store::Delete, |records| {
            let same = records.get(user).is_some_and(|token| token.version() == version);
            same && records.remove(user).is_some()
        })
    }
}
