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

macro_rules! forwarded {
    ($($pointer:ident),*) => {$(
        #[async_trait::async_trait]
        impl<T: ReplaceIf + ?Sized> ReplaceIf for $pointer<T> {
            async fn replace_if(&self, user: &UserId, token: &StoredToken) -> Result<bool, StoreError> {
                (**self).replace_if(user, token).await
            }
        }
    )*};
}
forwarded!(Arc, Box);
