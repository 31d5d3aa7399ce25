//! For stores whose records may be damaged behind their back.

use super::{
    trial::{Found, Trial, ensure},
    unreachable::holds_no_key,
};
use std::sync::Arc;

type Outcome = Result<(), Found>;

pub(super) async fn a_damaged_record_is_an_error_and_not_missing(trial: Arc<Trial>) -> Outcome {
    let (user, _) = trial.saved("alice").await?;
    trial.damage(&user).await?;
    for _ in 0..2 {
        let outcome = trial.store()?.load(&user).await;
        ensure!(outcome.is_err(), "`load` answered {:?}", outcome.map(|record| record.is_some()));
    }
    Ok(())
}

pub(super) async fn a_damaged_record_gives_way_to_a_new_save(trial: Arc<Trial>) -> Outcome {
    let (user, _) = trial.saved("alice").await?;
    trial.damage(&user).await?;
    let newer = trial.token()?;
    trial.save(&user, &newer).await?;
    trial.expect(&user, Some(&newer)).await
}

pub(super) async fn a_damaged_record_can_be_deleted(trial: Arc<Trial>) -> Outcome {
    let (user, _) = trial.saved("alice").await?;
    trial.damage(&user).await?;
    trial.delete(&user).await?;
    trial.expect(&user, None).await
}

pub(super) async fn damage_to_one_record_leaves_the_others(trial: Arc<Trial>) -> Outcome {
    let (alice, _) = trial.saved("alice").await?;
    let (bob, his) = trial.saved("bob").await?;
    trial.damage(&alice).await?;
    trial.expect(&bob, Some(&his)).await
}

pub(super) async fn errors_about_a_damaged_record_hold_no_key(trial: Arc<Trial>) -> Outcome {
    let (user, token) = trial.saved("alice").await?;
    trial.damage(&user).await?;
    let key = token.api_key()?.expose_secret();
    match trial.store()?.load(&user).await {
        Err(error) => holds_no_key(&error, key),
        Ok(_) => Err(Found::new("no error at all")),
    }
}
