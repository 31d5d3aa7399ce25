//! For stores that several nodes have open at once.

use super::trial::{Found, Trial, ended, ensure};
use std::sync::Arc;

type Outcome = Result<(), Found>;

pub(super) async fn two_nodes_do_not_undo_each_other(trial: Arc<Trial>) -> Outcome {
    let (user, older) = trial.saved("alice").await?;
    let other = trial.another().await;
    let newer = trial.token()?;
    other.save(&user, &newer).await?;
    ensure!(!trial.delete_if(&user, older.version()).await?, "`true` for a version that another node had replaced");
    trial.expect_in(&*other, &user, Some(&newer)).await?;
    ensure!(other.delete_if(&user, newer.version()).await?, "`false` for the version that was there");
    ensure!(!trial.delete_if(&user, newer.version()).await?, "`true` for a record that another node had removed");
    Ok(())
}

pub(super) async fn a_node_sees_at_once_what_another_one_wrote(trial: Arc<Trial>) -> Outcome {
    let (user, other) = (trial.user("alice")?, trial.another().await);
    // The other node loads before each write: whatever it remembers is then old.
    trial.expect_in(&*other, &user, None).await?;
    let mut there = None;
    for write in ["save", "save", "delete", "save", "delete_if"] {
        let token = trial.token()?;
        there = match (write, there) {
            ("save", _) => {
                trial.save(&user, &token).await?;
                Some(token)
            }
            ("delete_if", Some(token)) => {
                ensure!(trial.delete_if(&user, token.version()).await?, "`false` for the version that was there");
                None
            }
            _ => {
                trial.delete(&user).await?;
                None
            }
        };
        let seen = trial.expect_in(&*other, &user, there.as_ref()).await;
        seen.map_err(|found| found.after(&format!("`{write}` on another node was confirmed")))?;
    }
    Ok(())
}

pub(super) async fn many_nodes_may_open_the_store_at_once(trial: Arc<Trial>) -> Outcome {
    let (user, token) = trial.saved("alice").await?;
    let mut nodes = tokio::task::JoinSet::new();
    for _ in 0..6 {
        let (trial, user, token) = (trial.clone(), user.clone(), token.clone());
        nodes.spawn(async move { trial.expect_in(&*trial.another().await, &user, Some(&token)).await });
    }
    while let Some(outcome) = nodes.join_next().await {
        outcome.map_err(ended)??;
    }
    Ok(())
}
