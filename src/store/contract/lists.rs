//! For stores that list their users and remove old records.

use super::trial::{Found, Trial, ensure, failed};
use crate::{
    store::{ListUsers, TokenStore},
    user::UserId,
};
use std::{
    collections::BTreeMap,
    sync::Arc,
    time::{Duration, SystemTime},
};

type Outcome = Result<(), Found>;

/// Pages after which a listing counts as endless.
const MOST_PAGES: usize = 100_000;

/// A time long ago: nobody else's records are as old.
fn long_ago(seconds: u64) -> SystemTime {
    SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(seconds)).unwrap_or(SystemTime::UNIX_EPOCH)
}

fn lists(store: &Arc<dyn TokenStore>) -> Result<&dyn ListUsers, Found> {
    store.lists_users().ok_or_else(|| Found::new("`lists_users` is `None`"))
}

/// Everybody of the store, in pages of `limit`.
async fn everybody(trial: &Trial, limit: usize) -> Result<BTreeMap<UserId, Option<SystemTime>>, Found> {
    let store = trial.store()?;
    let (mut users, mut cursor) = (BTreeMap::new(), None);
    for _ in 0..MOST_PAGES {
        let page = lists(&store)?.list_users(cursor.as_deref(), limit).await;
        let page = page.map_err(|error| failed("list_users", &error))?;
        users.extend(page.users.into_iter().map(|listed| (listed.user, listed.saved_at)));
        match page.next {
            Some(next) => cursor = Some(next),
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
    for limit in [5, 1_000] {
        let listed = everybody(&trial, limit).await?;
        for (user, token) in &saved {
            let found =
                listed.get(user).ok_or_else(|| Found(format!("one of 13 users is missing in pages of {limit}")))?;
            ensure!(*found == Some(token.saved_at()), "another time than that of the save");
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
    let store = trial.store()?;
    let removed = lists(&store)?.remove_older(user.as_str(), long_ago(2), 10).await;
    let removed = removed.map_err(|error| failed("remove_older", &error))?;
    ensure!(removed.len() == 1, "{} records were given back for one that is old", removed.len());
    ensure!(
        removed.iter().all(|(whose, record)| *whose == user && record.version() == token.version()),
        "another record was given back"
    );
    trial.expect(&user, None).await
}

pub(super) async fn remove_older_leaves_what_is_young(trial: Arc<Trial>) -> Outcome {
    let (user, token) = (trial.user("alice")?, trial.token_saved_at(long_ago(2))?);
    trial.save(&user, &trial.token_saved_at(long_ago(1))?).await?;
    trial.save(&user, &token).await?;
    let store = trial.store()?;
    let removed = lists(&store)?.remove_older(user.as_str(), long_ago(2), 10).await;
    ensure!(
        removed.map_err(|error| failed("remove_older", &error))?.is_empty(),
        "a record of that very time was removed"
    );
    trial.expect(&user, Some(&token)).await
}

pub(super) async fn remove_older_leaves_other_users(trial: Arc<Trial>) -> Outcome {
    let (alice, bob) = (trial.user("alice")?, trial.user("bob")?);
    let (hers, his) = (trial.token_saved_at(long_ago(1))?, trial.token_saved_at(long_ago(1))?);
    trial.save(&alice, &hers).await?;
    trial.save(&bob, &his).await?;
    let store = trial.store()?;
    let removed = lists(&store)?.remove_older(alice.as_str(), long_ago(2), 10).await;
    removed.map_err(|error| failed("remove_older", &error))?;
    trial.expect(&alice, None).await?;
    trial.expect(&bob, Some(&his)).await
}

pub(super) async fn a_ping_is_answered(trial: Arc<Trial>) -> Outcome {
    let store = trial.store()?;
    lists(&store)?.ping().await.map_err(|error| failed("ping", &error))
}
