//! For stores that rewrite a record which has not changed since it was read.

use super::trial::{Found, Trial, ensure};
use crate::store::{StoredToken, token::Content};
use std::sync::Arc;

type Outcome = Result<(), Found>;

/// The same save with another key, as written by a wrapper that encrypts the key again.
fn rewritten(trial: &Trial, token: &StoredToken) -> Result<StoredToken, Found> {
    Ok(token.with_content(Content::Plain(trial.token()?.api_key()?.clone())))
}

async fn replace(trial: &Trial, user: &crate::user::UserId, token: &StoredToken) -> Result<bool, Found> {
    trial.call("replace_if", trial.replacing()?.replace_if(user, token)).await
}

pub(super) async fn replace_if_rewrites_the_record_of_that_version(trial: Arc<Trial>) -> Outcome {
    let (user, token) = trial.saved("alice").await?;
    let rewritten = rewritten(&trial, &token)?;
    ensure!(replace(&trial, &user, &rewritten).await?, "`false` for the version that was there");
    trial.expect(&user, Some(&rewritten)).await?;
    ensure!(trial.delete_if(&user, token.version()).await?, "the version is another one afterwards");
    trial.expect(&user, None).await
}

pub(super) async fn replace_if_of_another_version_leaves_the_record(trial: Arc<Trial>) -> Outcome {
    let (user, older) = trial.saved("alice").await?;
    let newer = trial.token()?;
    trial.save(&user, &newer).await?;
    ensure!(!replace(&trial, &user, &rewritten(&trial, &older)?).await?, "`true` for an older version");
    trial.expect(&user, Some(&newer)).await
}

pub(super) async fn replace_if_of_nothing_makes_no_record(trial: Arc<Trial>) -> Outcome {
    let (user, token) = (trial.user("nobody")?, trial.token()?);
    ensure!(!replace(&trial, &user, &token).await?, "`true` though there was no record");
    trial.expect(&user, None).await
}

pub(super) async fn a_late_replace_if_never_overwrites_a_newer_record(trial: Arc<Trial>) -> Outcome {
    for round in 0..20 {
        let (user, older) = trial.saved(&round.to_string()).await?;
        let (newer, rewritten) = (trial.token()?, rewritten(&trial, &older)?);
        let save = async { trial.save(&user, &newer).await };
        let late = async { replace(&trial, &user, &rewritten).await.map(drop) };
        let (saved, replaced) = if round % 2 == 0 {
            tokio::join!(save, late)
        } else {
            async {
                let (late, save) = tokio::join!(late, save);
                (save, late)
            }
            .await
        };
        saved?;
        replaced?;
        let outcome = trial.expect(&user, Some(&newer)).await;
        outcome.map_err(|found| found.after("`replace_if` of the older record beside a save"))?;
    }
    Ok(())
}
