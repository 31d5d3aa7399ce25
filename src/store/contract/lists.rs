//! For stores that list their users and remove old records.

use super::trial::{Found, Trial, ensure, lists};
use crate::user::UserId;
use std::time::{Duration, SystemTime};
use std::{collections::BTreeMap, sync::Arc};

type Outcome = Result<(), Found>;

/// Pages after which a listing counts as endless.
const MOST_PAGES: usize = 100_000;

/// A time long ago: nobody else's records are as old.
pub(super) fn long_ago(seconds: u64) -> SystemTime {
    SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(seconds)).unwrap_or(SystemTime::UNIX_EPOCH)
}

/// Everybody of the store, in pages of `limit`.
pub(super) async fn everybody(trial: &Trial, limit: usize) -> Result<BTreeMap<UserId, Option<SystemTime>>, Found> {
    let store = trial.store()?;
    let (mut users, mut cursor) = (BTreeMap::new(), None);
    for _ in 0..MOST_PAGES {
        let page = trial.call("list_users", lists(&store)?.list_users(cursor.as_deref(), limit)).await?;
        users.extend(page.users.into_iter().map(|listed| (listed.user, listed.saved_at)));
        match page.next {
            Some(next) => {
                ensure!(
                    cursor.as_ref() != Some(&next),
                    "with pages of {limit}, the next cursor is the same as the one before, so the listing never ends"
                );
                cursor = Some(next);
            }
            None => return Ok(users),
        }
    }
    Err(Found::new("the listing does not end"))
}

pub(super) async fn everybody_with_a_record_is_listed(trial: Arc<Trial>) -> Outcome {
    let mut saved = Vec::new();
    for number in 0..13 {
        saved.push(trial.saved(&number.to_string()).await?);
    }
    // A limit of 0 counts as 1. With pages of one user, a cursor that returns its own user again never moves
    // on.
    for limit in [0, 1, 5, 1_000] {
        let listed = everybody(&trial, limit).await?;
        for (user, token) in &saved {
            let found =
                listed.get(user).ok_or_else(|| Found(format!("one of 13 users is missing in pages of {limit}")))?;
            ensure!(*found == Some(token.saved_at()), "a user is listed with another time than that of the save");
        }
    }
    Ok(())
}

pub(super) async fn who_has_no_record_is_not_listed(trial: Arc<Trial>) -> Outcome {
    let (alice, _) = trial.saved("alice").await?;
    let (bob, his) = trial.saved("bob").await?;
    trial.delete(&alice).await?;
    ensure!(trial.delete_if(&bob, his.version()).await?, "`false` for the version that was there");
    let listed = everybody(&trial, 1_000).await?;
    ensure!(!listed.contains_key(&alice) && !listed.contains_key(&bob), "a user is listed whose record was removed");
    Ok(())
}

pub(super) async fn remove_older_removes_what_is_old_and_gives_it_back(trial: Arc<Trial>) -> Outcome {
    let (user, token) = (trial.user("alice")?, trial.token_saved_at(long_ago(1))?);
    trial.save(&user, &token).await?;
    let removed = trial.remove_older(user.as_str(), long_ago(2), 10).await?;
    ensure!(removed.len() == 1, "{} records were returned, but exactly 1 is old", removed.len());
    ensure!(
        removed.iter().all(|(whose, record)| *whose == user && record.version() == token.version()),
        "another record was returned"
    );
    trial.expect(&user, None).await
}

pub(super) async fn remove_older_leaves_what_is_young(trial: Arc<Trial>) -> Outcome {
    let (user, token) = (trial.user("alice")?, trial.token_saved_at(long_ago(2))?);
    trial.save(&user, &trial.token_saved_at(long_ago(1))?).await?;
    trial.save(&user, &token).await?;
    let removed = trial.remove_older(user.as_str(), long_ago(2), 10).await?;
    ensure!(removed.is_empty(), "a record was removed although it was saved exactly at the given time");
    trial.expect(&user, Some(&token)).await
}

pub(super) async fn remove_older_leaves_what_is_saved_meanwhile(trial: Arc<Trial>) -> Outcome {
    for round in 0..10 {
        let (user, newer) = (trial.user(&round.to_string())?, trial.token()?);
        trial.save(&user, &trial.token_saved_at(long_ago(1))?).await?;
        let (save, removal) =
            (trial.save(&user, &newer), async { trial.remove_older(user.as_str(), long_ago(2), 10).await.map(drop) });
        let (one, other) = if round % 2 == 0 { tokio::join!(save, removal) } else { tokio::join!(removal, save) };
        one.and(other)?;
        let outcome = trial.expect(&user, Some(&newer)).await;
        outcome.map_err(|found| found.after("`remove_older` beside a save"))?;
    }
    Ok(())
}

pub(super) async fn remove_older_removes_no_more_than_its_limit(trial: Arc<Trial>) -> Outcome {
    let users = [trial.user("alice")?, trial.user("bob")?];
    for user in &users {
        let token = trial.token_saved_at(long_ago(1))?;
        trial.save(user, &token).await?;
        let removed = trial.remove_older(user.as_str(), long_ago(2), 0).await?;
        ensure!(removed.is_empty(), "a record was removed though the limit was 0");
        trial.expect(user, Some(&token)).await?;
    }
    let Some(prefix) = trial.prefix() else { return Ok(()) };
    for left in [1, 0] {
        let removed = trial.remove_older(&prefix, long_ago(2), 1).await?.len();
        let mut there = 0;
        for user in &users {
            there += usize::from(trial.load(user).await?.is_some());
        }
        ensure!(
            removed == 1 && there == left,
            "with a limit of 1, {removed} records were returned, and {there} of 2 are still in the store"
        );
    }
    Ok(())
}

pub(super) async fn remove_older_leaves_other_users(trial: Arc<Trial>) -> Outcome {
    let (alice, bob) = (trial.user("alice")?, trial.user("bob")?);
    let (hers, his) = (trial.token_saved_at(long_ago(1))?, trial.token_saved_at(long_ago(1))?);
    trial.save(&alice, &hers).await?;
    trial.save(&bob, &his).await?;
    trial.remove_older(alice.as_str(), long_ago(2), 10).await?;
    trial.expect(&alice, None).await?;
    trial.expect(&bob, Some(&his)).await
}

pub(super) async fn a_ping_is_answered(trial: Arc<Trial>) -> Outcome {
    let store = trial.store()?;
    trial.call("ping", lists(&store)?.ping()).await
}
