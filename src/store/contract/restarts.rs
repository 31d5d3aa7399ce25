//! For stores that claim that their records outlive them.

use super::trial::{Found, Trial, ensure, expect};
use std::sync::Arc;

type Outcome = Result<(), Found>;

pub(super) async fn a_record_outlives_a_restart(trial: Arc<Trial>) -> Outcome {
    let (user, token) = trial.saved("alice").await?;
    expect(&*trial.reopen().await, &user, Some(&token)).await
}

pub(super) async fn a_replacement_outlives_a_restart(trial: Arc<Trial>) -> Outcome {
    let (user, _) = trial.saved("alice").await?;
    let newer = trial.token()?;
    trial.save(&user, &newer).await?;
    expect(&*trial.reopen().await, &user, Some(&newer)).await
}

pub(super) async fn a_removal_outlives_a_restart(trial: Arc<Trial>) -> Outcome {
    let (alice, _) = trial.saved("alice").await?;
    let (bob, his) = trial.saved("bob").await?;
    trial.delete(&alice).await?;
    ensure!(trial.delete_if(&bob, his.version()).await?, "`false` for the version that was there");
    let reopened = trial.reopen().await;
    expect(&*reopened, &alice, None).await?;
    expect(&*reopened, &bob, None).await
}

pub(super) async fn the_longest_key_and_id_outlive_a_restart(trial: Arc<Trial>) -> Outcome {
    let room = 255_usize.saturating_sub(trial.user("")?.as_str().len());
    let (user, token) = (trial.user(&"%".repeat(room))?, trial.token_of("obviously-fake--".repeat(1024))?);
    trial.save(&user, &token).await?;
    expect(&*trial.reopen().await, &user, Some(&token)).await
}

pub(super) async fn two_nodes_do_not_undo_each_other(trial: Arc<Trial>) -> Outcome {
    let (user, older) = trial.saved("alice").await?;
    let other = trial.reopen().await;
    let newer = trial.token()?;
    other.save(&user, &newer).await?;
    ensure!(!trial.delete_if(&user, older.version()).await?, "`true` for a version that another node had replaced");
    expect(&*other, &user, Some(&newer)).await?;
    ensure!(other.delete_if(&user, newer.version()).await?, "`false` for the version that was there");
    ensure!(!trial.delete_if(&user, newer.version()).await?, "`true` for a record that another node had removed");
    Ok(())
}

pub(super) async fn many_nodes_may_open_the_store_at_once(trial: Arc<Trial>) -> Outcome {
    let (user, token) = trial.saved("alice").await?;
    let mut nodes = tokio::task::JoinSet::new();
    for _ in 0..6 {
        let (trial, user, token) = (trial.clone(), user.clone(), token.clone());
        nodes.spawn(async move { expect(&*trial.reopen().await, &user, Some(&token)).await });
    }
    while let Some(outcome) = nodes.join_next().await {
        outcome.map_err(|_| Found::new("a panic"))??;
    }
    Ok(())
}
