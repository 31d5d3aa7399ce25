//! For stores whose server or file may be unavailable: every call must then be an error.

use super::trial::{Found, Trial, answer, ensure};
use crate::store::StoreError;
use std::{error::Error, sync::Arc};

type Outcome = Result<(), Found>;

pub(super) async fn a_load_from_an_unreachable_store_is_an_error(trial: Arc<Trial>) -> Outcome {
    let (store, user) = (trial.unreachable().await?, trial.user("alice")?);
    match trial.watch("load", store.load(&user)).await {
        Ok(found) => Err(Found(format!("`load` answered with {}", answer(found.as_ref())))),
        Err(_) => Ok(()),
    }
}

pub(super) async fn a_save_to_an_unreachable_store_is_an_error(trial: Arc<Trial>) -> Outcome {
    let (store, user, token) = (trial.unreachable().await?, trial.user("alice")?, trial.token()?);
    let outcome = trial.watch("save", store.save(&user, &token)).await;
    ensure!(outcome.is_err(), "`save` confirmed a record that it cannot have stored");
    Ok(())
}

pub(super) async fn a_removal_from_an_unreachable_store_is_an_error(trial: Arc<Trial>) -> Outcome {
    let (store, user, token) = (trial.unreachable().await?, trial.user("alice")?, trial.token()?);
    ensure!(
        trial.watch("delete", store.delete(&user)).await.is_err(),
        "`delete` confirmed a removal that it cannot have made"
    );
    let answer = trial.watch("delete_if", store.delete_if(&user, token.version())).await;
    ensure!(answer.is_err(), "`delete_if` answered {:?}", answer.ok());
    Ok(())
}

pub(super) async fn a_ping_of_an_unreachable_store_is_an_error(trial: Arc<Trial>) -> Outcome {
    let store = trial.unreachable().await?;
    let Some(listing) = store.lists_users() else { return Ok(()) };
    ensure!(trial.watch("ping", listing.ping()).await.is_err(), "`ping` was `Ok`");
    let page = trial.watch("list_users", listing.list_users(None, 10)).await;
    ensure!(page.is_err(), "`list_users` answered with a page");
    Ok(())
}

pub(super) async fn errors_of_an_unreachable_store_hold_no_key(trial: Arc<Trial>) -> Outcome {
    let (store, user, token) = (trial.unreachable().await?, trial.user("alice")?, trial.token()?);
    let key = token.api_key()?.expose_secret().to_owned();
    let errors = [
        trial.watch("save", store.save(&user, &token)).await.err(),
        trial.watch("load", store.load(&user)).await.err(),
        trial.watch("delete_if", store.delete_if(&user, token.version())).await.err(),
    ];
    errors.iter().flatten().try_for_each(|error| holds_no_key(error, &key))
}

/// No error may contain this many characters of a key in a row. *Source*: our choice; no other text of a
/// check has as many characters in a row in common with a key.
const PIECE: usize = 10;

/// Neither the error nor any cause of it may hold a piece of the key, as `Display` or as `Debug`, as text or as
/// the numbers of its bytes.
pub(super) fn holds_no_key(error: &StoreError, key: &str) -> Outcome {
    let mut texts = format!("{error} {error:?}");
    let mut cause: Option<&dyn Error> = error.cause().map(|cause| cause as _);
    while let Some(error) = cause {
        texts.push_str(&format!(" {error} {error:?}"));
        cause = error.source();
    }
    let numbers = |piece: &[u8]| format!("{piece:?}").trim_matches(['[', ']']).to_owned();
    for piece in key.as_bytes().windows(PIECE) {
        let text = String::from_utf8_lossy(piece);
        ensure!(!texts.contains(&*text) && !texts.contains(&numbers(piece)), "an error contains a part of the key");
    }
    Ok(())
}
