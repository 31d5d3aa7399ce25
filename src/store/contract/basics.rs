//! One caller at a time: what is saved is there, what is removed is gone.

use super::trial::{Found, Shown, Trial, ensure};
use crate::{config::Limits, store::StoredToken, user::UserId};
use std::sync::Arc;
use tokio::time::timeout;

type Outcome = Result<(), Found>;

pub(super) async fn a_user_never_saved_loads_as_none(trial: Arc<Trial>) -> Outcome {
    trial.expect(&trial.user("nobody")?, None).await
}

pub(super) async fn a_saved_record_loads_whole(trial: Arc<Trial>) -> Outcome {
    let (user, token) = trial.saved("alice").await?;
    trial.expect(&user, Some(&token)).await
}

pub(super) async fn loading_consumes_nothing(trial: Arc<Trial>) -> Outcome {
    let (user, token) = trial.saved("alice").await?;
    for _ in 0..3 {
        trial.expect(&user, Some(&token)).await?;
    }
    Ok(())
}

pub(super) async fn a_save_replaces_the_record(trial: Arc<Trial>) -> Outcome {
    let (user, _) = trial.saved("alice").await?;
    let newer = trial.token()?;
    trial.save(&user, &newer).await?;
    trial.expect(&user, Some(&newer)).await
}

pub(super) async fn the_same_key_saved_again_has_its_new_version(trial: Arc<Trial>) -> Outcome {
    let (user, token) = trial.saved("alice").await?;
    let again = trial.token_of(token.api_key()?.expose_secret())?;
    trial.save(&user, &again).await?;
    trial.expect(&user, Some(&again)).await
}

pub(super) async fn the_same_record_saved_twice_is_there_once(trial: Arc<Trial>) -> Outcome {
    let (user, token) = trial.saved("alice").await?;
    trial.save(&user, &token).await?;
    trial.expect(&user, Some(&token)).await?;
    trial.delete(&user).await?;
    trial.expect(&user, None).await
}

pub(super) async fn a_deleted_record_is_gone(trial: Arc<Trial>) -> Outcome {
    let (user, _) = trial.saved("alice").await?;
    trial.delete(&user).await?;
    trial.expect(&user, None).await
}

pub(super) async fn deleting_nothing_is_fine(trial: Arc<Trial>) -> Outcome {
    let user = trial.user("nobody")?;
    trial.delete(&user).await?;
    trial.delete(&user).await?;
    trial.expect(&user, None).await
}

pub(super) async fn a_save_after_a_delete_is_there(trial: Arc<Trial>) -> Outcome {
    let (user, token) = trial.saved("alice").await?;
    trial.delete(&user).await?;
    trial.save(&user, &token).await?;
    trial.expect(&user, Some(&token)).await
}

pub(super) async fn delete_if_removes_the_record_of_that_version(trial: Arc<Trial>) -> Outcome {
    let (user, token) = trial.saved("alice").await?;
    ensure!(trial.delete_if(&user, token.version()).await?, "`false` for the version that was there");
    trial.expect(&user, None).await
}

pub(super) async fn delete_if_is_true_once(trial: Arc<Trial>) -> Outcome {
    let (user, token) = trial.saved("alice").await?;
    let answers = [trial.delete_if(&user, token.version()).await?, trial.delete_if(&user, token.version()).await?];
    ensure!(answers == [true, false], "{answers:?} for two calls in a row");
    Ok(())
}

pub(super) async fn delete_if_of_an_older_version_leaves_the_record(trial: Arc<Trial>) -> Outcome {
    let (user, older) = trial.saved("alice").await?;
    let newer = trial.token()?;
    trial.save(&user, &newer).await?;
    ensure!(!trial.delete_if(&user, older.version()).await?, "`true` for an older version");
    trial.expect(&user, Some(&newer)).await
}

pub(super) async fn delete_if_of_a_newer_version_leaves_the_record(trial: Arc<Trial>) -> Outcome {
    let (user, token) = trial.saved("alice").await?;
    let never_saved = trial.token()?;
    ensure!(!trial.delete_if(&user, never_saved.version()).await?, "`true` for a version that was never saved");
    trial.expect(&user, Some(&token)).await
}

pub(super) async fn delete_if_tells_equal_keys_apart(trial: Arc<Trial>) -> Outcome {
    let (user, older) = trial.saved("alice").await?;
    let newer = trial.token_of(older.api_key()?.expose_secret())?;
    trial.save(&user, &newer).await?;
    ensure!(!trial.delete_if(&user, older.version()).await?, "`true` for an older save of the same key");
    trial.expect(&user, Some(&newer)).await
}

pub(super) async fn delete_if_of_nothing_is_false(trial: Arc<Trial>) -> Outcome {
    let (user, token) = (trial.user("nobody")?, trial.token()?);
    ensure!(!trial.delete_if(&user, token.version()).await?, "`true` though there was no record");
    trial.expect(&user, None).await
}

pub(super) async fn delete_if_minds_the_user(trial: Arc<Trial>) -> Outcome {
    let (alice, hers) = trial.saved("alice").await?;
    let (bob, his) = trial.saved("bob").await?;
    ensure!(!trial.delete_if(&alice, his.version()).await?, "`true` for the version of another user");
    trial.expect(&alice, Some(&hers)).await?;
    trial.expect(&bob, Some(&his)).await
}

pub(super) async fn delete_if_works_after_the_record_was_saved_twice(trial: Arc<Trial>) -> Outcome {
    let (user, token) = trial.saved("alice").await?;
    trial.save(&user, &token).await?;
    ensure!(trial.delete_if(&user, token.version()).await?, "`false` for the version that was there");
    trial.expect(&user, None).await
}

pub(super) async fn a_key_of_one_byte_is_kept(trial: Arc<Trial>) -> Outcome {
    let (user, token) = (trial.user("alice")?, trial.token_of("k")?);
    trial.save(&user, &token).await?;
    trial.expect(&user, Some(&token)).await
}

pub(super) async fn a_key_of_16_kib_is_kept(trial: Arc<Trial>) -> Outcome {
    let (user, token) = (trial.user("alice")?, trial.token_of("obviously-fake--".repeat(1024))?);
    trial.save(&user, &token).await?;
    trial.expect(&user, Some(&token)).await?;
    ensure!(trial.delete_if(&user, token.version()).await?, "`false` for the version that was there");
    trial.expect(&user, None).await
}

pub(super) async fn every_visible_character_of_a_key_is_kept(trial: Arc<Trial>) -> Outcome {
    let all: String = ('!'..='~').collect();
    let (user, token) = (trial.user("alice")?, trial.token_of(format!("{all}{all}"))?);
    trial.save(&user, &token).await?;
    trial.expect(&user, Some(&token)).await
}

pub(super) async fn users_are_independent(trial: Arc<Trial>) -> Outcome {
    let mut users = Vec::new();
    for number in 0..12 {
        users.push(trial.saved(&number.to_string()).await?);
    }
    for (position, (user, token)) in users.iter().enumerate() {
        let call = match position % 3 {
            0 => "delete_if",
            1 => "delete",
            _ => continue,
        };
        if call == "delete" {
            trial.delete(user).await?;
        } else {
            ensure!(trial.delete_if(user, token.version()).await?, "`false` for the version that was there");
        }
        for (other, (user_then, token)) in users.iter().enumerate() {
            let there = other > position || other % 3 == 2;
            let outcome = trial.expect(user_then, there.then_some(token)).await;
            outcome.map_err(|found| found.after(&format!("`{call}` of {}", Shown(user))))?;
        }
    }
    Ok(())
}

pub(super) async fn calls_end_before_the_layer_gives_up(trial: Arc<Trial>) -> Outcome {
    let ((user, token), limit) = (trial.saved("alice").await?, Limits::default().store_deadline);
    for call in ["load", "save", "delete_if", "delete"] {
        // On a busy machine, one or two may be late.
        for attempt in 1.. {
            if let Ok(outcome) = timeout(limit, made(&trial, call, &user, &token)).await {
                outcome?;
                break;
            }
            ensure!(attempt < 3, "three calls of `{call}` took longer than {} seconds each", limit.as_secs());
        }
    }
    Ok(())
}

async fn made(trial: &Trial, call: &str, user: &UserId, token: &StoredToken) -> Outcome {
    match call {
        "load" => trial.load(user).await.map(drop),
        "save" => trial.save(user, token).await,
        "delete_if" => trial.delete_if(user, token.version()).await.map(drop),
        _ => trial.delete(user).await,
    }
}
