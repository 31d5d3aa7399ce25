//! For stores that may be away: that is an error, and never an answer.

use super::trial::{Found, Trial, ensure};
use crate::store::StoreError;
use std::{error::Error, sync::Arc};

type Outcome = Result<(), Found>;

pub(super) async fn a_load_from_an_unreachable_store_is_an_error(trial: Arc<Trial>) -> Outcome {
    let outcome = trial.unreachable().await?.load(&trial.user("alice")?).await;
    ensure!(outcome.is_err(), "`load` answered {:?}", outcome.map(|record| record.is_some()));
    Ok(())
}

pub(super) async fn a_save_to_an_unreachable_store_is_an_error(trial: Arc<Trial>) -> Outcome {
    let outcome = trial.unreachable().await?.save(&trial.user("alice")?, &trial.token()?).await;
    ensure!(outcome.is_err(), "`save` confirmed what it cannot have kept");
    Ok(())
}

pub(super) async fn a_removal_from_an_unreachable_store_is_an_error(trial: Arc<Trial>) -> Outcome {
    let (store, user) = (trial.unreachable().await?, trial.user("alice")?);
    ensure!(store.delete(&user).await.is_err(), "`delete` confirmed a removal");
    let answer = store.delete_if(&user, trial.token()?.version()).await;
    ensure!(answer.is_err(), "`delete_if` answered {:?}", answer.ok());
    Ok(())
}

pub(super) async fn errors_of_an_unreachable_store_hold_no_key(trial: Arc<Trial>) -> Outcome {
    let (store, user, token) = (trial.unreachable().await?, trial.user("alice")?, trial.token()?);
    let key = token.api_key()?.expose_secret().to_owned();
    let errors = [
        store.save(&user, &token).await.err(),
        store.load(&user).await.err(),
        store.delete_if(&user, token.version()).await.err(),
    ];
    errors.iter().flatten().try_for_each(|error| holds_no_key(error, &key))
}

/// Neither the error nor any cause of it may hold the key, as `Display` or as `Debug`.
pub(super) fn holds_no_key(error: &StoreError, key: &str) -> Outcome {
    let mut cause: Option<&dyn Error> = Some(error);
    while let Some(error) = cause {
        let text = format!("{error} {error:?} {error:#?}");
        // The unique part of the key is its end.
        let end = key.get(key.len().saturating_sub(12)..).unwrap_or(key);
        ensure!(!text.contains(key) && !text.contains(end), "the key stands in an error");
        cause = error.source();
    }
    Ok(())
}
