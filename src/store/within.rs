//! A call of a store under a deadline, whatever the store does.

use super::StoreError;
use crate::guard::{self, Unfinished};
use std::time::Duration;

/// Runs a call of a store. If the call is late or panics, returns an error like any other.
pub(crate) async fn within<T>(
    deadline: Duration,
    call: impl Future<Output = Result<T, StoreError>>,
) -> Result<T, StoreError> {
    match guard::run("store", deadline, call).await {
        Ok(answer) => answer,
        Err(Unfinished::Late) => Err(StoreError::timed_out()),
        Err(Unfinished::Panicked) => Err(StoreError::panicked()),
    }
}
