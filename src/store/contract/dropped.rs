//! Calls that are given up: a deadline passes, a browser leaves, a server stops.

use super::trial::{Found, Trial, ensure};
use std::future::{Future, poll_fn};
use std::{pin::pin, sync::Arc, task::Poll};

type Outcome = Result<(), Found>;

/// A future is dropped after each number of polls up to this one. *Source*: our choice; real stores end long
/// before it.
const MOST_POLLS: usize = 64;

/// Drives a future and drops it once it was polled `polls` times without coming to its end.
async fn dropped_after<F: Future>(polls: usize, future: F) -> Option<F::Output> {
    let mut future = pin!(future);
    let mut left = polls;
    poll_fn(|context| {
        let Some(fewer) = left.checked_sub(1) else { return Poll::Ready(None) };
        left = fewer;
        match future.as_mut().poll(context) {
            Poll::Ready(output) => Poll::Ready(Some(output)),
            Poll::Pending if left == 0 => Poll::Ready(None),
            Poll::Pending => Poll::Pending,
        }
    })
    .await
}

pub(super) async fn a_dropped_save_leaves_the_old_record_or_the_new(trial: Arc<Trial>) -> Outcome {
    for polls in 0..MOST_POLLS {
        let (user, old) = trial.saved(&polls.to_string()).await?;
        let new = trial.token()?;
        let ended = dropped_after(polls, trial.save(&user, &new)).await;
        trial.expect_any(&user, &[Some(&old), Some(&new)]).await?;
        if let Some(outcome) = ended {
            outcome?;
            return trial.expect(&user, Some(&new)).await;
        }
    }
    Ok(())
}

pub(super) async fn a_dropped_first_save_leaves_nothing_or_the_record(trial: Arc<Trial>) -> Outcome {
    for polls in 0..MOST_POLLS {
        let (user, new) = (trial.user(&polls.to_string())?, trial.token()?);
        let ended = dropped_after(polls, trial.save(&user, &new)).await;
        trial.expect_any(&user, &[None, Some(&new)]).await?;
        if let Some(outcome) = ended {
            outcome?;
            return trial.expect(&user, Some(&new)).await;
        }
    }
    Ok(())
}

pub(super) async fn a_dropped_delete_leaves_the_record_or_nothing(trial: Arc<Trial>) -> Outcome {
    for polls in 0..MOST_POLLS {
        let (user, old) = trial.saved(&polls.to_string()).await?;
        let ended = dropped_after(polls, trial.delete(&user)).await;
        trial.expect_any(&user, &[Some(&old), None]).await?;
        if let Some(outcome) = ended {
            outcome?;
            return trial.expect(&user, None).await;
        }
    }
    Ok(())
}

pub(super) async fn a_dropped_delete_if_leaves_the_record_or_nothing(trial: Arc<Trial>) -> Outcome {
    for polls in 0..MOST_POLLS {
        let (user, old) = trial.saved(&polls.to_string()).await?;
        let ended = dropped_after(polls, trial.delete_if(&user, old.version())).await;
        trial.expect_any(&user, &[Some(&old), None]).await?;
        if let Some(outcome) = ended {
            ensure!(outcome?, "`false` for the version that was there");
            return trial.expect(&user, None).await;
        }
    }
    Ok(())
}

pub(super) async fn a_dropped_load_changes_nothing(trial: Arc<Trial>) -> Outcome {
    let (user, token) = trial.saved("alice").await?;
    for polls in 0..MOST_POLLS {
        let ended = dropped_after(polls, trial.expect(&user, Some(&token))).await;
        trial.expect(&user, Some(&token)).await?;
        if let Some(outcome) = ended {
            return outcome;
        }
    }
    Ok(())
}

pub(super) async fn the_store_answers_after_many_dropped_calls(trial: Arc<Trial>) -> Outcome {
    let (alice, token) = trial.saved("alice").await?;
    for round in 0..60 {
        // One poll begins the call; whatever it took (a connection, a lock) must come back.
        let user = trial.user(&round.to_string())?;
        let (user, token) = (&user, &token);
        let _ = dropped_after(1, trial.load(user)).await;
        let _ = dropped_after(1, trial.save(user, token)).await;
        let _ = dropped_after(1, trial.delete_if(user, token.version())).await;
    }
    trial.expect(&alice, Some(&token)).await?;
    let newer = trial.token()?;
    trial.save(&alice, &newer).await?;
    trial.expect(&alice, Some(&newer)).await
}
