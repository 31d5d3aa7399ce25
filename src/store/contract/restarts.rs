//! For stores that claim that their records outlive them. Each restart closes the store before it opens it
//! again.

use super::trial::{Found, Trial, ensure};
use std::sync::Arc;

type Outcome = Result<(), Found>;

pub(super) async fn a_record_outlives_a_restart(trial: Arc<Trial>) -> Outcome {
    let (user, token) = trial.saved("alice").await?;
    trial.restart().await?;
    trial.expect(&user, Some(&token)).await
}

pub(super) async fn a_replacement_outlives_a_restart(trial: Arc<Trial>) -> Outcome {
    let (user, _) = trial.saved("alice").await?;
    let newer = trial.token()?;
    trial.save(&user, &newer).await?;
    trial.restart().await?;
    trial.expect(&user, Some(&newer)).await
}

pub(super) async fn a_removal_outlives_a_restart(trial: Arc<Trial>) -> Outcome {
    let (alice, _) = trial.saved("alice").await?;
    let (bob, his) = trial.saved("bob").await?;
    trial.delete(&alice).await?;
    ensure!(trial.delete_if(&bob, his.version()).await?, "`false` for the version that was there");
    trial.restart().await?;
    trial.expect(&alice, None).await?;
    trial.expect(&bob, None).await
}

pub(super) async fn the_longest_key_and_id_outlive_a_restart(trial: Arc<Trial>) -> Outcome {
    let room = 255_usize.saturating_sub(trial.user("")?.as_str().len());
    let (user, token) = (trial.user(&"%".repeat(room))?, trial.token_of("obviously-fake--".repeat(1024))?);
    trial.save(&user, &token).await?;
    trial.restart().await?;
    trial.expect(&user, Some(&token)).await
}
