//! For stores that reach their server over a network, which may fall silent.

use super::trial::{Found, Trial, ended, ensure, same};
use crate::{store::StoredToken, user::UserId};
use std::{sync::Arc, time::Duration};
use tokio::task::JoinSet;
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

/// How many turns of a call are disturbed. *Source*: our choice; a transaction on a new connection has about
/// ten.
const MOST_TURNS: usize = 12;

/// A call that must end by itself.
async fn ends<T>(what: &str, call: impl Future<Output = Result<T, Found>>) -> Result<Result<T, Found>, Found> {
    let still = |_| Found(format!("`{what}` was still waiting after {} seconds", LONGEST_CALL.as_secs()));
    timeout(LONGEST_CALL, call).await.map_err(still)
}

/// Loads until a load succeeds.
async fn loaded(trial: &Trial, user: &UserId) -> Result<Option<StoredToken>, Found> {
    let (mut first_failure, mut failures): (Option<Instant>, _) = (None, 0);
    loop {
        let failure = match ends("load", trial.load(user)).await? {
            Ok(found) => return Ok(found),
            Err(failure) => failure.0,
        };
        failures += 1;
        let since = first_failure.get_or_insert_with(Instant::now).elapsed();
        ensure!(
            since < GOOD_AGAIN || failures < FEW,
            "loads still fail {} seconds after the first failure: {failure}",
            since.as_secs()
        );
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Loads until a load succeeds, and then it must find the record.
async fn loads_again(trial: &Trial, user: &UserId, wanted: &StoredToken) -> Outcome {
    let found = loaded(trial, user).await?;
    ensure!(same(found.as_ref(), Some(wanted)), "a load that succeeded after the silence found another record");
    Ok(())
}

/// Saves until a save succeeds.
async fn saves(trial: &Trial, user: &UserId, token: &StoredToken) -> Outcome {
    let (begun, mut failures) = (Instant::now(), 0);
    while let Err(failure) = ends("save", trial.save(user, token)).await? {
        failures += 1;
        let soon = begun.elapsed() < GOOD_AGAIN.saturating_add(LONGEST_CALL);
        ensure!(soon || failures < FEW, "saves still fail over a good connection: {}", failure.0);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    Ok(())
}

/// A user with a record that was saved through the relay.
async fn saved(trial: &Trial) -> Result<(UserId, StoredToken), Found> {
    let (user, token) = (trial.user("alice")?, trial.token()?);
    saves(trial, &user, &token).await?;
    ensure!(
        trial.relay()?.opened() > 0,
        "nothing connected to the relay: `open` must use the address that it is given"
    );
    Ok((user, token))
}

pub(super) async fn a_silent_connection_is_given_up(trial: Arc<Trial>) -> Outcome {
    let (user, token) = saved(&trial).await?;
    trial.relay()?.silence();
    loads_again(&trial, &user, &token).await
}

pub(super) async fn given_up_connections_are_closed(trial: Arc<Trial>) -> Outcome {
    let (user, token) = saved(&trial).await?;
    let relay = trial.relay()?;
    let before = relay.open();
    for _ in 0..3 {
        relay.silence();
        loads_again(&trial, &user, &token).await?;
    }
    let settled = relay.settles_at(before.saturating_add(1), LONGEST_CALL).await;
    ensure!(
        settled,
        "{} connections are open after the network fell silent three times; before it were {before}",
        relay.open()
    );
    Ok(())
}

pub(super) async fn closed_connections_are_made_anew(trial: Arc<Trial>) -> Outcome {
    let (user, token) = saved(&trial).await?;
    let relay = trial.relay()?;
    relay.close();
    loads_again(&trial, &user, &token).await?;
    relay.reset();
    loads_again(&trial, &user, &token).await
}

async fn write(trial: &Trial, call: &'static str, user: &UserId, older: &StoredToken) -> Outcome {
    match call {
        "save" => trial.save(user, &trial.token()?).await,
        "delete" => trial.delete(user).await,
        _ => trial.delete_if(user, older.version()).await.map(drop),
    }
}

/// A call has one or more turns: a message to the server, and its answer. For each turn there is a run in
/// which the network falls silent at that turn. A pool may ask for an answer first, and a write may come in
/// several steps. What was held back arrives after a later save was confirmed.
async fn never_undoes_a_later_save(trial: Arc<Trial>, call: &'static str) -> Outcome {
    let (user, older) = saved(&trial).await?;
    let before = trial.relay()?.turns();
    write(&trial, call, &user, &older).await?;
    let turns = trial.relay()?.turns().saturating_sub(before).clamp(1, MOST_TURNS);
    let mut rounds = JoinSet::new();
    for turn in 0..turns {
        let trial = trial.again().await?;
        rounds.spawn(async move {
            let outcome = silent_after(&trial, turn, call).await;
            trial.clean_up().await;
            outcome
        });
    }
    while let Some(outcome) = rounds.join_next().await {
        outcome.map_err(ended)??;
    }
    Ok(())
}

async fn silent_after(trial: &Trial, turns: usize, call: &'static str) -> Outcome {
    let (user, older) = saved(trial).await?;
    let (relay, newer) = (trial.relay()?, trial.token()?);
    relay.silence_after(turns);
    if ends(call, write(trial, call, &user, &older)).await?.is_ok() {
        ensure!(turns > 0, "`{call}` was confirmed, but none of its messages could reach the server");
        return Ok(());
    }
    // From here on, new connections are good.
    relay.silence();
    saves(trial, &user, &newer).await?;
    relay.release();
    tokio::time::sleep(SETTLED).await;
    let found = loaded(trial, &user).await?;
    ensure!(
        same(found.as_ref(), Some(&newer)),
        "the network fell silent at message {} of `{call}`, which failed and later undid a confirmed save",
        turns.saturating_add(1)
    );
    Ok(())
}

pub(super) async fn a_save_that_was_given_up_never_undoes_a_later_one(trial: Arc<Trial>) -> Outcome {
    never_undoes_a_later_save(trial, "save").await
}

pub(super) async fn a_removal_that_was_given_up_never_undoes_a_later_save(trial: Arc<Trial>) -> Outcome {
    never_undoes_a_later_save(trial.clone(), "delete_if").await?;
    never_undoes_a_later_save(trial, "delete").await
}
