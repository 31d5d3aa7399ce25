//! A wrapper that encrypts the keys before a store sees them.

use super::{
    ListUsers, Removed, ReplaceIf, StoreError, StoredToken, TokenStore, TokenVersion, UserPage, list_users::of_inner,
    token::Content, within,
};
use crate::seal::{Keyring, SealingKey};
use crate::{random::SystemRandomness, secret::ApiKey, telemetry::log, time::unix_millis, user::UserId};
use std::sync::Arc;
use std::time::{Duration, SystemTime};
use tokio::time::Instant;

/// The purpose of these seals. A seal of another purpose does not open here.
const PURPOSE: &str = "stored record";

/// The form of what is sealed: the text of the key and nothing else.
const FORMAT: &[u8] = b"1";

/// Limit for a load and the new encryption together. A load that takes longer is not cut off. *Source*: our
/// choice, well below [`store_deadline`](crate::config::Limits::store_deadline).
const RESEALED_WITHIN: Duration = Duration::from_millis(500);

/// Wraps any store so that the store, its files and its backups contain only encrypted keys.
///
/// 1. A key is encrypted with AES-256-GCM-SIV and a random nonce before it goes to the inner store,
///    and decrypted on the way back.
/// 2. The encryption is bound to the app, the user, the version, the time of the save and the note. A record
///    cannot be decrypted after it was copied to another user or app, or after its version, time or note was
///    changed.
/// 3. A record that cannot be decrypted is an error of kind
///    [`Unreadable`](crate::store::StoreErrorKind::Unreadable). It never counts as "not connected", and this
///    store does not delete it by itself. A new connect replaces it, and a disconnect removes it.
///    [`remove_older`](crate::store::ListUsers::remove_older) removes it when it is old.
/// 4. The first key of the list encrypts, and every key decrypts. A record is encrypted again when
///    it is saved. With [`reseals_on_load`](Self::reseals_on_load) this also happens when it is
///    loaded.
///
/// The version and the user id stay readable, so `delete_if` works without decrypting.
///
/// ```
/// use komerza_connect::{store::EncryptedStore, ApiKey, MemoryStore, SealingKey, StoredToken, TokenStore, UserId};
///
/// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
/// // `openssl rand -base64 32` makes a key; the id of the app is Komerza's client ID.
/// let key = SealingKey::from_base64("b2J2aW91c2x5LWZha2Uta2V5LW9mLTMyLWJ5dGVzISE=")?;
/// let database = MemoryStore::default();
/// let store = EncryptedStore::new(database.clone(), "my-app", [key])?.reseals_on_load();
///
/// let alice = UserId::new("alice")?;
/// store.save(&alice, &StoredToken::new(ApiKey::new("obviously-fake-key")?)?).await?;
///
/// let loaded = store.load(&alice).await?.ok_or("it was saved")?;
/// assert_eq!(loaded.api_key()?.expose_secret(), "obviously-fake-key");
/// let kept = database.load(&alice).await?.ok_or("it was saved")?;
/// assert!(kept.api_key().is_err() && !kept.to_text().contains("fake"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Security
/// Do not keep the sealing keys where the records are. If you lose them, all records are lost and users must
/// connect again. To replace a key, put the new key first on every node. Remove the old key when every record
/// has been encrypted with the new one: after a save, or after a load with
/// [`reseals_on_load`](Self::reseals_on_load). User ids and the length of keys are not hidden. Somebody who
/// can write to the store can still delete a record, or put back an older record of the same user.
#[derive(Clone)]
pub struct EncryptedStore<S> {
    inner: S,
    app: Arc<str>,
    keyring: Arc<Keyring>,
    plain_accepted: bool,
    reseal: Option<fn(&S) -> &dyn ReplaceIf>,
}

impl<S: TokenStore> EncryptedStore<S> {
    /// Wraps a store. `app` is the client ID. The first of `keys` encrypts; every key decrypts.
    ///
    /// # Errors
    /// [`StoreErrorKind::Misconfigured`](crate::store::StoreErrorKind::Misconfigured) if `keys` is empty.
    /// Without this check the mistake would show only after an authorization code was used.
    pub fn new(inner: S, app: impl AsRef<str>, keys: impl IntoIterator<Item = SealingKey>) -> Result<Self, StoreError> {
        let keys: Vec<_> = keys.into_iter().collect();
        if keys.is_empty() {
            return Err(StoreError::misconfigured("an encrypted store needs at least one sealing key"));
        }
        let keyring = Arc::new(Keyring::derive(&keys, PURPOSE));
        Ok(Self { inner, app: app.as_ref().into(), keyring, plain_accepted: false, reseal: None })
    }

    /// Also loads unencrypted records, which were saved before this wrapper was added.
    ///
    /// # Security
    /// Remove this call when all records are encrypted. While it is there, anyone who can write to the store
    /// can replace a user's key with another one.
    #[must_use]
    pub fn accepts_plain_records(self) -> Self {
        Self { plain_accepted: true, ..self }
    }

    /// When a load finds a record in plain text or encrypted with an older key, encrypts it again with the
    /// first key.
    ///
    /// Such a load makes one more write. The load and this write together have half a second. If the write
    /// fails or takes longer, the load still succeeds. The crate logs a warning, and the next load tries
    /// again. The record keeps its version. The write must never undo a save that happened in between, so
    /// this setting needs a store with [`ReplaceIf`].
    #[must_use]
    pub fn reseals_on_load(self) -> Self
    where
        S: ReplaceIf,
    {
        Self { reseal: Some(|inner| inner), ..self }
    }

    fn seal(&self, user: &UserId, token: &StoredToken) -> Result<StoredToken, StoreError> {
        let key = token.api_key()?;
        let sealed = self.with_context(user, token, |context| {
            self.keyring.seal(&SystemRandomness, context, key.expose_secret().as_bytes())
        });
        let sealed = sealed.map_err(StoreError::unavailable)?;
        Ok(token.with_content(Content::Sealed(sealed.into())))
    }

    /// The record with its key, and whether it should be sealed anew.
    fn open(&self, user: &UserId, token: StoredToken) -> Result<(StoredToken, bool), StoreError> {
        let Content::Sealed(sealed) = &token.content else {
            let refused = "the record is not encrypted, and this store does not accept plain records";
            return if self.plain_accepted { Ok((token, true)) } else { Err(StoreError::unreadable(refused)) };
        };
        let opened = self.with_context(user, &token, |context| self.keyring.open(context, sealed.as_bytes()));
        let closed =
            "the record cannot be decrypted: the key, user, app, version, time of the save or note is another one";
        let (plain, by_older_key) = opened.ok_or_else(|| StoreError::unreadable(closed))?;
        let key = std::str::from_utf8(&plain).map_err(|_| StoreError::unreadable("the decrypted key is not text"))?;
        let key = ApiKey::new(key).map_err(StoreError::unreadable)?;
        Ok((token.with_content(Content::Plain(key)), by_older_key))
    }

    /// What a seal is bound to.
    fn with_context<T>(&self, user: &UserId, token: &StoredToken, act: impl FnOnce(&[&[u8]]) -> T) -> T {
        let version = token.version().to_string();
        let saved_at = unix_millis(token.saved_at()).to_be_bytes();
        let mut context = vec![FORMAT, self.app.as_bytes(), user.as_str().as_bytes(), version.as_bytes(), &saved_at];
        // Records from before notes existed have none.
        context.extend(token.note().map(|note| note.as_str().as_bytes()));
        act(&context)
    }
}

#[async_trait::async_trait]
impl<S: TokenStore> TokenStore for EncryptedStore<S> {
    async fn load(&self, user: &UserId) -> Result<Option<StoredToken>, StoreError> {
        let reseal = self.reseal.map(|reseal| (reseal, Instant::now()));
        let Some(stored) = self.inner.load(user).await? else { return Ok(None) };
        let (token, outdated) = self.open(user, stored)?;
        if let (true, Some((reseal, began))) = (outdated, reseal) {
            let left = RESEALED_WITHIN.saturating_sub(began.elapsed());
            let resealed =
                within(left, async { reseal(&self.inner).replace_if(user, &self.seal(user, &token)?).await });
            // Its failure is no reason to refuse a record that opened.
            if let Err(error) = resealed.await {
                log::warn!(error = %crate::telemetry::log::chain(&error), "a record could not be encrypted again; its next load retries");
            }
        }
        Ok(Some(token))
    }

    async fn save(&self, user: &UserId, token: &StoredToken) -> Result<(), StoreError> {
        self.inner.save(user, &self.seal(user, token)?).await
    }

    async fn delete(&self, user: &UserId) -> Result<(), StoreError> {
        self.inner.delete(user).await
    }

    async fn delete_if(&self, user: &UserId, version: &TokenVersion) -> Result<bool, StoreError> {
        self.inner.delete_if(user, version).await
    }

    fn lists_users(&self) -> Option<&dyn ListUsers> {
        self.inner.lists_users().map(|_| self as _)
    }
}

/// Same as the inner store. [`remove_older`](ListUsers::remove_older) returns the removed records decrypted.
/// A record that cannot be decrypted is removed too, and is returned in its encrypted form.
#[async_trait::async_trait]
impl<S: TokenStore> ListUsers for EncryptedStore<S> {
    async fn list_users(&self, cursor: Option<&str>, limit: usize) -> Result<UserPage, StoreError> {
        of_inner(&self.inner)?.list_users(cursor, limit).await
    }

    async fn remove_older(&self, prefix: &str, than: SystemTime, limit: usize) -> Result<Removed, StoreError> {
        let mut removed = of_inner(&self.inner)?.remove_older(prefix, than, limit).await?;
        for (user, token) in &mut removed {
            if let Ok((opened, _)) = self.open(user, token.clone()) {
                *token = opened;
            }
        }
        Ok(removed)
    }

    async fn ping(&self) -> Result<(), StoreError> {
        of_inner(&self.inner)?.ping().await
    }
}

#[async_trait::async_trait]
impl<S: ReplaceIf> ReplaceIf for EncryptedStore<S> {
    async fn replace_if(&self, user: &UserId, token: &StoredToken) -> Result<bool, StoreError> {
        self.inner.replace_if(user, &self.seal(user, token)?).await
    }
}

crate::kinds::shows! { EncryptedStore<S: std::fmt::Debug> { inner, app } }
