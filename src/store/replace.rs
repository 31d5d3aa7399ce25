//! Rewriting a record that has not changed since it was read.

use super::{StoreError, StoredToken, TokenStore};
use crate::user::UserId;
use std::sync::Arc;

/// A store that can also write a record anew, as long as no other save came between.
///
/// Every store of this crate can. It is what sealing under a new key rests on: the four operations of [`TokenStore`] could not
/// do it without the danger of putting an old record in place of a newer one. A store of one's own need not have it.
#[async_trait::async_trait]
pub trait ReplaceIf: TokenStore {
    /// Puts `token` in place of the record of `user` that has the same version: compared and replaced in one atomic step.
    ///
    /// `true` if it was replaced; `false` if there is no record or one of another version, which stays.
    ///
    /// # Errors
    /// [`StoreError`] when the record may not have been replaced; the old record or the new one is there, whole.
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
