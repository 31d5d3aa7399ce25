//! The contract of token stores, the shipped stores, and their records.
//!
//! The rules, in order:
//!
//! 1. **An error is never "nothing".** [`load`](TokenStore::load) returns `Ok(None)` only when
//!    there is certainly no record.
//! 2. **Ids are exact.** A store keeps every valid [`UserId`] byte by byte. It does not change
//!    case, trim, shorten or interpret it.
//! 3. **Writes are atomic.** [`save`](TokenStore::save) replaces the whole record in one step, and
//!    the last completed save wins. A reader sees the old record or the new one, never a mixture.
//!    This also holds when the future of a call is dropped.
//! 4. **No write is late.** When a call has failed, or its future was dropped, its write must not
//!    take effect after a later [`save`](TokenStore::save) was confirmed.
//! 5. **Removal can be conditional.** [`delete_if`](TokenStore::delete_if) compares and removes in
//!    one atomic step.
//! 6. **No size limit and no expiry.** A record stays until it is removed, however long its text
//!    is. A key may have 16 KiB.
//! 7. **No secret in an error.** `Display`, `Debug` and the sources of an error never contain a
//!    key.
//!
//! | Store | Feature | For |
//! | --- | --- | --- |
//! | [`MemoryStore`] | | tests and demos: it forgets all records at exit |
//! | `SqliteStore` | `sqlite` | one machine: a file, nothing to install |
//! | `PostgresStore` | `postgres` | several nodes |
//! | `MySqlStore` | `mysql` | several nodes, on MySQL or MariaDB |
//! | `RedisStore` | `redis` | several nodes that already use Redis, **configured to be durable** |
//! | `EncryptedStore` | `encrypt` | around any store: encrypts the keys |
//! | `CachedStore` | `cache` | around any store: saves look-ups, and may return records that are a little old |
//! | your own | | four methods; test them with the feature `store-contract`, see `store::contract` |
//!
//! [`guide::stores`](crate::guide::stores) helps you to choose, and says when each method is
//! called.
//!
//! [`connect`] opens one of the first five by its address. Put a cache outside an encrypted store, so that a
//! cached record is not decrypted again.
//!
//! *Caveat*: a key gives access to a user's Komerza stores until it is revoked. Anyone who can read the token
//! store has the keys. Protect it as you protect passwords, or encrypt it.
//!
//! Here is a complete store. [`ListUsers`] and [`ReplaceIf`] are optional:
//!
//! ```
//! use komerza_connect::{
//!     ApiKey, StoreError, StoredToken, TokenStore, TokenVersion, UserId, async_trait,
//!     store::{ListUsers, ListedUser, ReplaceIf, UserPage},
//! };
//! use std::{collections::BTreeMap, sync::{Mutex, MutexGuard}, time::SystemTime};
//!
//! #[derive(Default)]
//! struct Shelf(Mutex<BTreeMap<UserId, String>>);
//!
//! impl Shelf {
//!     fn lock(&self) -> Result<MutexGuard<'_, BTreeMap<UserId, String>>, StoreError> {
//!         self.0.lock().map_err(|_| StoreError::unavailable("the shelf fell down"))
//!     }
//! }
//!
//! #[async_trait]
//! impl TokenStore for Shelf {
//!     async fn load(&self, user: &UserId) -> Result<Option<StoredToken>, StoreError> {
//!         self.lock()?.get(user).map(|text| StoredToken::from_text(text)).transpose()
//!     }
//!     async fn save(&self, user: &UserId, token: &StoredToken) -> Result<(), StoreError> {
//!         self.lock()?.insert(user.clone(), token.to_text());
//!         Ok(())
//!     }
//!     async fn delete(&self, user: &UserId) -> Result<(), StoreError> {
//!         self.lock()?.remove(user);
//!         Ok(())
//!     }
//!     async fn delete_if(&self, user: &UserId, version: &TokenVersion) -> Result<bool, StoreError> {
//!         let mut shelf = self.lock()?;
//!         let Some(text) = shelf.get(user) else { return Ok(false) };
//!         let same = StoredToken::from_text(text)?.version() == version;
//!         if same {
//!             shelf.remove(user);
//!         }
//!         Ok(same)
//!     }
//!     fn lists_users(&self) -> Option<&dyn ListUsers> {
//!         Some(self)
//!     }
//! }
//!
//! #[async_trait]
//! impl ListUsers for Shelf {
//!     async fn list_users(&self, cursor: Option<&str>, limit: usize) -> Result<UserPage, StoreError> {
//!         let shelf = self.lock()?;
//!         // The cursor is the last user of the page before. It may have disconnected since.
//!         let mut rest = shelf.iter().filter(|(user, _)| cursor.is_none_or(|last| user.as_str() > last));
//!         let listed = |(user, text): (&UserId, &String)| {
//!             ListedUser::new(user.clone(), StoredToken::from_text(text).ok().as_ref())
//!         };
//!         let users: Vec<_> = rest.by_ref().take(limit.max(1)).map(listed).collect();
//!         let next = rest.next().and(users.last()).map(|last| last.user.as_str().to_owned());
//!         Ok(UserPage::new(users, next))
//!     }
//!     async fn remove_older(
//!         &self,
//!         prefix: &str,
//!         than: SystemTime,
//!         limit: usize,
//!     ) -> Result<Vec<(UserId, StoredToken)>, StoreError> {
//!         let mut shelf = self.lock()?;
//!         let found = shelf.iter().filter(|(user, _)| user.as_str().starts_with(prefix));
//!         // A record that cannot be read stays.
//!         let read = found.filter_map(|(user, text)| Some((user.clone(), StoredToken::from_text(text).ok()?)));
//!         let old: Vec<_> = read.filter(|(_, token)| token.saved_at() < than).take(limit).collect();
//!         for (user, _) in &old {
//!             shelf.remove(user);
//!         }
//!         Ok(old)
//!     }
//!     async fn ping(&self) -> Result<(), StoreError> {
//!         self.lock().map(drop)
//!     }
//! }
//!
//! #[async_trait]
//! impl ReplaceIf for Shelf {
//!     async fn replace_if(&self, user: &UserId, token: &StoredToken) -> Result<bool, StoreError> {
//!         let mut shelf = self.lock()?;
//!         let Some(text) = shelf.get_mut(user) else { return Ok(false) };
//!         let same = StoredToken::from_text(text)?.version() == token.version();
//!         if same {
//!             *text = token.to_text();
//!         }
//!         Ok(same)
//!     }
//! }
//!
//! # #[cfg(feature = "store-contract")]
//! # tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(async {
//! #     use komerza_connect::store::contract::{Claim, Contract};
//! #     let open = || async { Shelf::default() };
//! #     let contract = Contract::new(open).any_id().lists().replaces(open);
//! #     let left_out = [Claim::Restarts, Claim::Nodes, Claim::Unreachable, Claim::Damage, Claim::Network];
//! #     left_out.into_iter().fold(contract, |contract, claim| contract.without(claim, "not here")).check().await
//! # })?;
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
mod list_users;
mod memory;
#[cfg(feature = "redis")]
mod redis;
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
pub use list_users::{ListUsers, ListedUser, Removed, UserPage};
pub use memory::MemoryStore;
#[cfg(feature = "redis")]
pub use redis::RedisStore;
#[cfg(any(feature = "sqlite", feature = "postgres", feature = "mysql"))]
pub use sql::*;
pub use token::{KeyFingerprint, StoredToken, TokenVersion};
pub use url::connect;
pub(crate) use within::within;

use crate::user::UserId;
use std::{sync::Arc, time::SystemTime};

/// Keeps one API key per user. The [module](self) has the rules and a complete example.
///
/// Implement it with [`#[async_trait]`](crate::async_trait). `Arc<T>` and `Box<T>` of a store are stores too;
/// `T` may be `dyn TokenStore`. The crate calls the methods while it handles requests. It gives each call a
/// deadline, by default 2 seconds, and then drops the call's future. The store must allow this. A store in
/// the app's process needs no deadline of its own. A store that reaches a server needs one: a dropped future
/// does not take back what was sent, and does not close a silent connection.
#[async_trait::async_trait]
pub trait TokenStore: Send + Sync + 'static {
    /// Returns the record of `user`, or `None` if there is certainly none.
    ///
    /// It never returns a record whose removal or replacement was confirmed before this call started. The
    /// only exception is a cache such as `CachedStore`, on other nodes and for a limited time.
    ///
    /// # Errors
    /// [`StoreError`] if the store cannot tell whether there is a record. The visitor then gets 503, never
    /// "not connected". Return `Unreadable` only if this user's record is damaged, because a new login may
    /// then replace it. [Which error](crate::guide::stores#which-error) lists the other kinds.
    async fn load(&self, user: &UserId) -> Result<Option<StoredToken>, StoreError>;

    /// Stores `token` as the record of `user` and replaces any other.
    ///
    /// This is one atomic upsert, and the last completed call wins. Return `Ok` only once the write
    /// is as durable as the store claims.
    ///
    /// # Errors
    /// [`StoreError`] if it is not certain that the record is stored. The crate repeats the call until
    /// [`save_deadline`](crate::config::Limits::save_deadline). After an error the store must still have
    /// either the whole old record or the whole new one.
    async fn save(&self, user: &UserId, token: &StoredToken) -> Result<(), StoreError>;

    /// Removes the record of `user`. It also succeeds if there is none.
    ///
    /// # Errors
    /// [`StoreError`] if the record may still be there.
    async fn delete(&self, user: &UserId) -> Result<(), StoreError>;

    /// Removes the record of `user` if its version is `version`, in one atomic step.
    ///
    /// Returns `true` if this call removed it. Returns `false` if there is no record, or if it has another
    /// version; such a record stays. Each save has a new version, even for the same key. So if Komerza
    /// refuses an old key late, the crate does not remove the newer record.
    ///
    /// # Errors
    /// [`StoreError`] if the record may still be there.
    async fn delete_if(&self, user: &UserId, version: &TokenVersion) -> Result<bool, StoreError>;

    /// Returns this store as a [`ListUsers`] if it implements that trait. Default: `None`.
    ///
    /// A store that implements [`ListUsers`] returns `Some(self)`. A wrapper returns itself if its
    /// inner store lists users.
    fn lists_users(&self) -> Option<&dyn ListUsers> {
        None
    }
}

/// A store that can replace a record if no other save came in between.
///
/// Every store of this crate can. Encrypting records again with a new key needs it. With only the four
/// methods of [`TokenStore`], an old record could replace a newer one. Your own store needs it only inside an
/// `EncryptedStore` with `reseals_on_load`. The [module](self) has an example.
#[async_trait::async_trait]
pub trait ReplaceIf: TokenStore {
    /// Replaces the record of `user` with `token` if both have the same version, in one atomic step.
    ///
    /// Returns `true` if this call replaced the record. Returns `false` if there is no record, or if it has
    /// another version; such a record stays.
    ///
    /// # Errors
    /// [`StoreError`] if it is not certain that the record was replaced. The store still has either the whole
    /// old record or the whole new one.
    async fn replace_if(&self, user: &UserId, token: &StoredToken) -> Result<bool, StoreError>;
}

/// A pointer to a store is a store.
macro_rules! pointer_to_a_store {
    ($pointer:ident) => {
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

        #[async_trait::async_trait]
        impl<T: ListUsers + ?Sized> ListUsers for $pointer<T> {
            async fn list_users(&self, cursor: Option<&str>, limit: usize) -> Result<UserPage, StoreError> {
                (**self).list_users(cursor, limit).await
            }
            async fn remove_older(&self, prefix: &str, than: SystemTime, limit: usize) -> Result<Removed, StoreError> {
                (**self).remove_older(prefix, than, limit).await
            }
            async fn ping(&self) -> Result<(), StoreError> {
                (**self).ping().await
            }
        }

        #[async_trait::async_trait]
        impl<T: ReplaceIf + ?Sized> ReplaceIf for $pointer<T> {
            async fn replace_if(&self, user: &UserId, token: &StoredToken) -> Result<bool, StoreError> {
                (**self).replace_if(user, token).await
            }
        }
    };
}
pointer_to_a_store!(Arc);
pointer_to_a_store!(Box);
