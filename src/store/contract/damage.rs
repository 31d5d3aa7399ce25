//! For stores whose records may be damaged in storage.

use super::lists::{everybody, long_ago};
use super::trial::{Found, Trial, answer, ensure, same};
use super::{Claim, unreachable::holds_no_key};
use std::sync::Arc;

type Outcome = Result<(), Found>;

pub(super) async fn a_damaged_record_is_an_error_and_not_missing(trial: Arc<Trial>) -> Outcome {
    let (user, token) = trial.saved("alice").await?;
    trial.damage(&user).await?;
    for _ in 0..2 {
        let Ok(found) = trial.load(&user).await else { continue };
        ensure!(
            !same(found.as_ref(), Some(&token)),
            "the damage did not arrive: the record loads unchanged, so `damaged_by` did nothing"
        );
        return Err(Found(format!("`load` answered with {}", answer(found.as_ref()))));
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
    match trial.watch("load", trial.store()?.load(&user)).await {
        Err(error) => holds_no_key(&error, key),
        Ok(_) => Err(Found::new("`load` of a damaged record returned no error")),
    }
}

pub(super) async fn a_damaged_record_is_listed_and_never_too_old(trial: Arc<Trial>) -> Outcome {
    if !trial.claims(Claim::Lists) {
        return Ok(());
    }
    let user = trial.user("alice")?;
    trial.save(&user, &trial.token_saved_at(long_ago(1))?).await?;
    trial.damage(&user).await?;
    match everybody(&trial, 1_000).await?.get(&user) {
        None => return Err(Found::new("the user of a damaged record is missing in the listing")),
        Some(at) => ensure!(at.is_none(), "the listing has a time for a damaged record"),
    }
    let removed = trial.remove_older(user.as_str(), long_ago(2), 10).await?;
    ensure!(removed.is_empty(), "`remove_older` returned a damaged record");
    ensure!(!matches!(trial.load(&user).await, Ok(None)), "`remove_older` removed a damaged record");
    Ok(())
}
