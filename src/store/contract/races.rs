//! Many callers at once: whole records only, and one winner.

use super::trial::{Found, Trial, ended, ensure};
use crate::{store::StoredToken, user::UserId};
use std::{future::Future, sync::Arc};
use tokio::task::JoinSet;

type Outcome = Result<(), Found>;

/// Runs the futures as tasks of their own and gives what each found, in no order.
async fn all_at_once<T, F>(futures: impl IntoIterator<Item = F>) -> Result<Vec<T>, Found>
where
    T: Send + 'static,
    F: Future<Output = Result<T, Found>> + Send + 'static,
{
    let mut tasks: JoinSet<_> = futures.into_iter().collect();
    let mut outcomes = Vec::new();
    while let Some(outcome) = tasks.join_next().await {
        outcomes.push(outcome.map_err(ended)??);
    }
    Ok(outcomes)
}

/// Runs two futures as tasks of their own to the end of both.
async fn both_at_once(
    one: impl Future<Output = Outcome> + Send + 'static,
    other: impl Future<Output = Outcome> + Send + 'static,
) -> Outcome {
    let (one, other) = (tokio::spawn(one), tokio::spawn(other));
    one.await.map_err(ended)??;
    other.await.map_err(ended)?
}

async fn save(trial: Arc<Trial>, user: UserId, token: StoredToken) -> Outcome {
    trial.save(&user, &token).await
}

fn tokens(trial: &Trial, count: usize) -> Result<Vec<StoredToken>, Found> {
    // Of very different lengths, so that a mixture of two could not go unseen.
    (0..count).map(|number| trial.token_of(format!("obviously-fake-{number}-").repeat(number + 1))).collect()
}

pub(super) async fn saves_at_once_leave_one_whole_record(trial: Arc<Trial>) -> Outcome {
    let user = trial.user("alice")?;
    let tokens = tokens(&trial, 32)?;
    all_at_once(tokens.iter().map(|token| save(trial.clone(), user.clone(), token.clone()))).await?;
    let any: Vec<_> = tokens.iter().map(Some).collect();
    trial.expect_any(&user, &any).await
}

pub(super) async fn loads_during_saves_see_whole_records(trial: Arc<Trial>) -> Outcome {
    let user = trial.user("alice")?;
    let tokens = tokens(&trial, 16)?;
    let Some(first) = tokens.first() else { return Ok(()) };
    trial.save(&user, first).await?;
    let any = Arc::new(tokens.clone());
    let reader = || {
        let (trial, user, any) = (trial.clone(), user.clone(), any.clone());
        async move {
            for _ in 0..20 {
                trial.expect_any(&user, &any.iter().map(Some).collect::<Vec<_>>()).await?;
            }
            Ok(())
        }
    };
    let writer = {
        let (trial, user) = (trial.clone(), user.clone());
        async move {
            for token in &tokens {
                trial.save(&user, token).await?;
            }
            Ok(())
        }
    };
    let readers = [reader(), reader(), reader()];
    both_at_once(writer, async { all_at_once(readers).await.map(drop) }).await
}

pub(super) async fn one_of_many_delete_ifs_is_true(trial: Arc<Trial>) -> Outcome {
    for round in 0..5 {
        let (user, token) = trial.saved(&round.to_string()).await?;
        let removal = |_| {
            let (trial, user, token) = (trial.clone(), user.clone(), token.clone());
            async move { trial.delete_if(&user, token.version()).await }
        };
        let answers = all_at_once((0..8).map(removal)).await?;
        let removed = answers.iter().filter(|removed| **removed).count();
        ensure!(removed == 1, "{removed} of 8 simultaneous calls returned `true`");
        trial.expect(&user, None).await?;
    }
    Ok(())
}

pub(super) async fn a_late_delete_if_never_removes_a_newer_record(trial: Arc<Trial>) -> Outcome {
    for round in 0..30 {
        let (user, older) = trial.saved(&round.to_string()).await?;
        let newer = trial.token()?;
        let late = {
            let (trial, user) = (trial.clone(), user.clone());
            async move { trial.delete_if(&user, older.version()).await.map(drop) }
        };
        let save = save(trial.clone(), user.clone(), newer.clone());
        if round % 2 == 0 {
            both_at_once(save, late).await?
        } else {
            both_at_once(late, save).await?
        }
        trial.expect(&user, Some(&newer)).await?;
    }
    Ok(())
}

pub(super) async fn a_save_and_a_delete_at_once_leave_all_or_nothing(trial: Arc<Trial>) -> Outcome {
    for round in 0..15 {
        let (user, _) = trial.saved(&round.to_string()).await?;
        let newer = trial.token()?;
        let removal = {
            let (trial, user) = (trial.clone(), user.clone());
            async move { trial.delete(&user).await }
        };
        let save = save(trial.clone(), user.clone(), newer.clone());
        if round % 2 == 0 {
            both_at_once(save, removal).await?
        } else {
            both_at_once(removal, save).await?
        }
        trial.expect_any(&user, &[None, Some(&newer)]).await?;
        // And it stays so: nothing of either call is still under way.
        let after = trial.load(&user).await?;
        trial.expect(&user, after.as_ref()).await?;
    }
    Ok(())
}

pub(super) async fn users_at_once_get_their_own_records(trial: Arc<Trial>) -> Outcome {
    let life = |number: usize| {
        let trial = trial.clone();
        async move {
            let (user, token) = trial.saved(&number.to_string()).await?;
            for _ in 0..10 {
                trial.expect(&user, Some(&token)).await?;
            }
            let newer = trial.token()?;
            trial.save(&user, &newer).await?;
            ensure!(!trial.delete_if(&user, token.version()).await?, "`true` for an older version");
            trial.expect(&user, Some(&newer)).await
        }
    };
    all_at_once((0..32).map(life)).await.map(drop)
}
