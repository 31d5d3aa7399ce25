//! For stores that several nodes have open at once.

use super::trial::{Found, Trial, ended, ensure, expect};
use std::sync::Arc;

type Outcome = Result<(), Found>;

pub(super) async fn two_nodes_do_not_undo_each_other(trial: Arc<Trial>) -> Outcome {
    let (user, older) = trial.saved("alice").await?;
    let other = trial.another().await;
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
        nodes.spawn(async move { expect(&*trial.another().await, &user, Some(&token)).await });
    }
    while let Some(outcome) = nodes.join_next().await {
        outcome.map_err(ended)??;
    }
    Ok(())
}
