//! Persistence: the contract every token store keeps, and the records it keeps them in.
//!
//! The rules, in order:
//!
//! 1. **An error is never "nothing".** [`load`](TokenStore::load) answers `Ok(None)` only when it knows that there is no record.
//! 2. **Ids are exact.** Any valid [`UserId`] round-trips byte by byte: nothing is folded, trimmed, cut or interpreted.
//! 3. **Writes are whole.** [`save`](TokenStore::save) replaces the record in one atomic step; the last completed save wins; an
//!    observer sees the old record or the new one and never a mixture, also when the future of a call is dropped half-way.
//! 4. **Removal can be conditional.** [`delete_if`](TokenStore::delete_if) compares and removes in one atomic step.
//! 5. **No width, no expiry.** A record is kept until it is removed, however long its text is (a key may have 16 KiB).
//! 6. **No secret in an error.** Neither `Display` nor `Debug` of an error, nor its sources, hold a key.
//!
//! | Store | Feature | For |
//! | --- | --- | --- |
//! | [`MemoryStore`] | | tests and demos: everything ends with the process |
//! | `SqliteStore` | `sqlite` | one machine; a file, nothing to install |
//! | `PostgresStore` | `postgres` | several nodes |
//! | `MySqlStore` | `mysql` | several nodes, on MySQL or MariaDB |
//! | `RedisStore` | `redis` | several nodes that have Redis anyway, **set up to keep what it is told** |
//! | `EncryptedStore` | `encrypt` | around any of them: keys are sealed before they are stored |
//! | `CachedStore` | `cache` | around any of them: fewer look-ups, for a stated staleness |
//! | your own | | four methods; feature `store-contract` tests them: see `store::contract` |
//!
//! Which to take, and when each method is called: [`guide::stores`](crate::guide::stores).
//!
//! [`connect`] opens one of them by its address. Put a cache outside an encrypted store, so that a remembered record need not be
//! opened again.
//!
//! *Caveat*: a key opens a merchant's stores until it is revoked, and whoever reads the store has it. Keep the store as you keep
//! passwords, or seal it.
//!
//! A store of one's own, complete:
//!
//! ```
//! use komerza_connect::{ApiKey, StoreError, StoredToken, TokenStore, TokenVersion, UserId, async_trait};
//! use std::{collections::HashMap, sync::Mutex};
//!
//! #[derive(Default)]
//! struct Shelf(Mutex<HashMap<UserId, String>>);
//!
//! #[async_trait]
//! impl TokenStore for Shelf {
//!     async fn load(&self, user: &UserId) -> Result<Option<StoredToken>, StoreError> {
//!         let shelf = self.0.lock().map_err(|_| StoreError::unavailable("the shelf fell down"))?;
//!         shelf.get(user).map(|text| StoredToken::from_text(text)).transpose()
//!     }
//!     async fn save(&self, user: &UserId, token: &StoredToken) -> Result<(), StoreError> {
//!         let mut shelf = self.0.lock().map_err(|_| StoreError::unavailable("the shelf fell down"))?;
//!         shelf.insert(user.clone(), token.to_text());
//!         Ok(())
//!     }
//!     async fn delete(&self, user: &UserId) -> Result<(), StoreError> {
//!         let mut shelf = self.0.lock().map_err(|_| StoreError::unavailable("the shelf fell down"))?;
//!         shelf.remove(user);
//!         Ok(())
//!     }
//!     async fn delete_if(&self, user: &UserId, version: &TokenVersion) -> Result<bool, StoreError> {
//!         let mut shelf = self.0.lock().map_err(|_| StoreError::unavailable("the shelf fell down"))?;
//!         let Some(text) = shelf.get(user) else { return Ok(false) };
//!         let same = StoredToken::from_text(text)?.version() == version;
//!         if same {
//!             shelf.remove(user);
//!         }
//!         Ok(same)
//!     }
//! }
//!
//! # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
//! let (shelf, alice) = (Shelf::default(), UserId::new("alice")?);
//! let token = StoredToken::new(ApiKey::new("obviously-fake-key")?)?;
//! shelf.save(&alice, &token).await?;
//! let loaded = shelf.load(&alice).await?.ok_or("it was saved")?;
//! assert_eq!(loaded.api_key()?.expose_secret(), "obviously-fake-key");
//! assert!(shelf.delete_if(&alice, token.version()).await?);
//! assert!(shelf.load(&alice).await?.is_none());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! # })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

#[cfg(feature = "cache")]
mod cached;
#[cfg(feature = "store-contract")]
pub mod contract;
#[cfg(feature = "encrypt")]
mod encrypted;
mod error;
#[cfg(feature = "store-contract")]
pub mod faulty;
mod list_users;
mod memory;
#[cfg(feature = "redis")]
mod redis;
mod replace;
#[cfg(any(feature = "sqlite", feature = "postgres", feature = "mysql"))]
mod sql;
mod token;
mod url;
mod within;

#[cfg(feature = "cache")]
pub use cached::CachedStore;
#[cfg(feature = "encrypt")]
pub use encrypted::EncryptedStore;
pub use error::{StoreError, StoreErrorKind};
pub use list_users::{ListUsers, ListedUser, UserPage};
pub use memory::MemoryStore;
#[cfg(feature = "redis")]
pub use redis::RedisStore;
pub use replace::ReplaceIf;
#[cfg(feature = "mysql")]
pub use sql::MySqlStore;
#[cfg(feature = "postgres")]
pub use sql::PostgresStore;
#[cfg(feature = "sqlite")]
pub use sql::SqliteStore;
#[cfg(any(feature = "sqlite", feature = "postgres", feature = "mysql"))]
pub use sql::TableName;
pub use token::{InvalidToken, KeyFingerprint, StoredToken, TokenVersion};
pub use url::connect;
pub(crate) use within::within;

use crate::user::UserId;
use std::sync::Arc;

/// Keeps one API key per user. See the [module](self) for the rules and a complete example.
///
/// Implement it with [`#[async_trait]`](crate::async_trait). `Arc<T>` and `Box<T>` of a store are stores, also of
/// `dyn TokenStore`. The calls come from request handlers: each is given a deadline from outside (2 seconds on the request path
/// by default), so a store need not have one of its own, but must bear that its futures are dropped.
#[async_trait::async_trait]
pub trait TokenStore: Send + Sync + 'static {
    /// The record of `user`; `None` only if there is certainly none.
    ///
    /// A record whose removal or replacement was confirmed before this call began is never returned.
    ///
    /// # Errors
    /// [`StoreError`] when the store cannot tell. The visitor sees 503, never "not connected".
    async fn load(&self, user: &UserId) -> Result<Option<StoredToken>, StoreError>;

    /// Makes `token` the record of `user`, in place of any other: one atomic upsert, the last completed call wins.
    ///
    /// `Ok` promises that the record outlives whatever the store promises to outlive: it is what the browser is told.
    ///
    /// # Errors
    /// [`StoreError`] when the record may not have been kept. The call is repeated within its bound; the old record or the
    /// new one is there, whole.
    async fn save(&self, user: &UserId, token: &StoredToken) -> Result<(), StoreError>;

    /// Removes the record of `user`. Nothing there is fine.
    ///
    /// # Errors
    /// [`StoreError`] when the record may still be there.
    async fn delete(&self, user: &UserId) -> Result<(), StoreError>;

    /// Removes the record of `user` if its version is still `version`: compared and removed in one atomic step.
    ///
    /// `true` if this call removed it, `false` if there was none or another one, which stays. A version is new on every
    /// save, also for the same key, so that a late failure of an old record never removes a newer one.
    ///
    /// # Errors
    /// [`StoreError`] when the record may still be there.
    async fn delete_if(&self, user: &UserId, version: &TokenVersion) -> Result<bool, StoreError>;

    /// This store as one that lists its users, if it can. Default: `None`.
    ///
    /// A store that implements [`ListUsers`] returns `Some(self)`. A wrapper returns itself if the store inside can.
    fn lists_users(&self) -> Option<&dyn ListUsers> {
        None
    }
}

macro_rules! forwarded {
    ($($pointer:ident),*) => {$(
        #[async_trait::async_trait]
        impl<T: TokenStore + ?Sized> TokenStore for $pointer<T> {
            async fn load(&self, user: &UserId) -> Result<Option<StoredToken>, StoreError> {
                (**self).load(user).await
            }
            async fn save(&self, user: &UserId, token: &StoredToken) -> Result<(), StoreError> {
                (**self).save(user, token).await
            }
            async fn delete(&self, user: &UserId) -> Result<(), StoreError> {
                (**self).delete(user).await
            }
            async fn delete_if(&self, user: &UserId, version: &TokenVersion) -> Result<bool, StoreError> {
                (**self).delete_if(user, version).await
            }
            fn lists_users(&self) -> Option<&dyn ListUsers> {
                (**self).lists_users()
            }
        }
    )*};
}
forwarded!(Arc, Box);
