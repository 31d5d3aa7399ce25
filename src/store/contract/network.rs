//! For stores that reach their server over a network, which may fall silent.

use super::trial::{Found, Trial, ensure, load, same};
use crate::{store::StoredToken, user::UserId};
use std::{sync::Arc, time::Duration};
use tokio::time::{Instant, timeout};

type Outcome = Result<(), Found>;

/// The longest that a call may take, whatever the network does.
const LONGEST_CALL: Duration = Duration::from_secs(6);

/// How soon a call must succeed after the first one that failed.
const GOOD_AGAIN: Duration = Duration::from_secs(3);

/// How many calls may fail however long they take: on a busy machine a single one can take seconds.
const FEW: u32 = 10;

/// Time for what was held back to arrive, and to be carried out.
const SETTLED: Duration = Duration::from_millis(300);

/// A call that must end by itself. `None` if it failed.
async fn ends<T, E>(what: &str, call: impl Future<Output = Result<T, E>>) -> Result<Option<T>, Found> {
    match timeout(LONGEST_CALL, call).await {
        Ok(outcome) => Ok(outcome.ok()),
        Err(_) => Err(Found(format!("`{what}` was still waiting after {} seconds", LONGEST_CALL.as_secs()))),
    }
}

/// Loads until a load succeeds, and then it must find the record.
async fn loads_again(trial: &Trial, user: &UserId, wanted: &StoredToken) -> Outcome {
    let mut first_failure: Option<Instant> = None;
    for failures in 1.. {
        if let Some(found) = ends("load", load(&*trial.store()?, user)).await? {
            ensure!(same(found.as_ref(), Some(wanted)), "a load that succeeded after the silence found another record");
            return Ok(());
        }
        let since = first_failure.get_or_insert_with(Instant::now).elapsed();
        ensure!(
            since < GOOD_AGAIN || failures < FEW,
            "loads still fail {} seconds after the first failure",
            since.as_secs()
        );
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    Ok(())
}

async fn saves_again(trial: &Trial, user: &UserId, token: &StoredToken) -> Outcome {
    let (begun, mut failures) = (Instant::now(), 0);
    while ends("save", trial.save(user, token)).await?.is_none() {
        failures += 1;
        let soon = begun.elapsed() < GOOD_AGAIN.saturating_add(LONGEST_CALL);
        ensure!(soon || failures < FEW, "saves still fail long after the silence");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    Ok(())
}

pub(super) async fn a_silent_connection_is_given_up(trial: Arc<Trial>) -> Outcome {
    let (user, token) = trial.saved("alice").await?;
    trial.relay()?.silence();
    loads_again(&trial, &user, &token).await
}

pub(super) async fn given_up_connections_are_closed(trial: Arc<Trial>) -> Outcome {
    let (user, token) = trial.saved("alice").await?;
    let relay = trial.relay()?;
    let before = relay.open();
    for _ in 0..3 {
        relay.silence();
        loads_again(&trial, &user, &token).await?;
    }
    let settled = relay.settles_at(before.saturating_add(1), LONGEST_CALL).await;
    ensure!(settled, "{} connections are open after three silences, {before} before", relay.open());
    Ok(())
}

pub(super) async fn closed_connections_are_made_anew(trial: Arc<Trial>) -> Outcome {
    let (user, token) = trial.saved("alice").await?;
    let relay = trial.relay()?;
    relay.close();
    loads_again(&trial, &user, &token).await?;
    relay.reset();
    loads_again(&trial, &user, &token).await
}

/// What was stuck in a silent connection arrives after a later save was confirmed.
async fn stuck(
    trial: &Trial,
    what: &str,
    call: impl AsyncFnOnce(&UserId, &StoredToken) -> Result<(), Found>,
) -> Outcome {
    let (user, older) = trial.saved("alice").await?;
    let relay = trial.relay()?;
    relay.silence();
    ensure!(ends(what, call(&user, &older)).await?.is_none(), "`{what}` was confirmed over a silent connection");
    let newer = trial.token()?;
    saves_again(trial, &user, &newer).await?;
    relay.release();
    tokio::time::sleep(SETTLED).await;
    trial.expect(&user, Some(&newer)).await
}

pub(super) async fn a_save_that_was_given_up_never_undoes_a_later_one(trial: Arc<Trial>) -> Outcome {
    let other = trial.token()?;
    stuck(&trial, "save", async |user, _| trial.save(user, &other).await).await
}

pub(super) async fn a_removal_that_was_given_up_never_undoes_a_later_save(trial: Arc<Trial>) -> Outcome {
    stuck(&trial, "delete_if", async |user, older| trial.delete_if(user, older.version()).await.map(drop)).await?;
    stuck(&trial, "delete", async |user, _| trial.delete(user).await).await
}
