//! Rewriting a record that has not changed since it was read.

use super::{StoreError, StoredToken, TokenStore};
use crate::user::UserId;
use std::sync::Arc;

/// A store that can replace a record if no other save came in between.
///
/// Every store of this crate can. It is needed to encrypt records with a new key: with the four
/// methods of [`TokenStore`] alone, an old record could replace a newer one. Your own store needs it
/// only inside an `EncryptedStore` with `reseals_on_load`. The [module](super) has an example.
#[async_trait::async_trait]
pub trait ReplaceIf: TokenStore {
    /// Replaces the record of `user` with `token` if both have the same version, in one atomic step.
    ///
    /// Returns `true` if this call replaced the record, and `false` if there is no record or one
    /// with another version, which stays.
    ///
    /// # Errors
    /// [`StoreError`] if the record may not have been replaced. The whole old record or the whole
    /// new one is there.
    async fn replace_if(&self, user: &UserId, token: &StoredToken) -> Result<bool, StoreError>;
}

/// Passes every call on, as `passed_on` does.
macro_rules! replace_if_passed_on {
    ([$($generics:tt)*] $store:ty, |$this:ident| $inner:expr) => {
        #[async_trait::async_trait]
        impl<$($generics)*> ReplaceIf for $store {
            async fn replace_if(&self, user: &UserId, token: &StoredToken) -> Result<bool, StoreError> {
                let $this = self;
                $inner.replace_if(user, token).await
            }
        }
    };
}
replace_if_passed_on!([T: ReplaceIf + ?Sized] Arc<T>, |store| (**store));
replace_if_passed_on!([T: ReplaceIf + ?Sized] Box<T>, |store| (**store));
#[cfg(any(feature = "sqlite", feature = "postgres", feature = "mysql"))]
pub(crate) use replace_if_passed_on;
