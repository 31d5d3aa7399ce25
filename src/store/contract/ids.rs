//! Ids are exact: ids that differ in one byte are different users.

use super::trial::{Found, Shown, Trial, ensure};
use crate::random::{SystemRandomness, draw};
use std::sync::Arc;

type Outcome = Result<(), Found>;

/// Each id must be a different user: it loads what was saved for it, and removing one leaves the others.
async fn are_distinct(trial: &Trial, ids: &[String]) -> Outcome {
    let mut users = Vec::new();
    for id in ids {
        let (user, token) = (trial.exact_user(id)?, trial.token()?);
        let before = trial.load(&user).await?;
        ensure!(
            before.is_none(),
            "{} has a record, but none was saved for this user: the store treats two ids as one",
            Shown(&user)
        );
        trial.save(&user, &token).await?;
        users.push((user, token));
    }
    for (user, token) in &users {
        trial.expect(user, Some(token)).await?;
    }
    for (position, (user, token)) in users.iter().enumerate() {
        // Both ways of removal must be as exact as the look-up.
        let call = if position % 2 == 0 { "delete" } else { "delete_if" };
        if call == "delete" {
            trial.delete(user).await?;
        } else {
            ensure!(trial.delete_if(user, token.version()).await?, "`false` for {}", Shown(user));
        }
        for (other, (user_then, token)) in users.iter().enumerate().skip(position) {
            let outcome = trial.expect(user_then, (other > position).then_some(token)).await;
            outcome.map_err(|found| found.after(&format!("`{call}` of {}", Shown(user))))?;
        }
    }
    Ok(())
}

async fn endings_are_distinct(trial: &Trial, endings: &[&str]) -> Outcome {
    let run = trial.user("")?;
    are_distinct(trial, &endings.iter().map(|ending| format!("{}{ending}", run.as_str())).collect::<Vec<_>>()).await
}

pub(super) async fn ids_differ_by_case(trial: Arc<Trial>) -> Outcome {
    endings_are_distinct(&trial, &["alice", "Alice", "ALICE", "élise", "Élise"]).await
}

pub(super) async fn ids_differ_by_what_folding_makes_equal(trial: Arc<Trial>) -> Outcome {
    let folded = ["strasse", "straße", "k", "\u{212a}", "i", "ı", "İ", "a", "\u{ff41}", "ﬁ", "fi", "σ", "ς"];
    endings_are_distinct(&trial, &folded).await
}

pub(super) async fn ids_differ_by_composed_and_combining_form(trial: Arc<Trial>) -> Outcome {
    endings_are_distinct(&trial, &["é", "e\u{301}", "e", "Å", "\u{212b}", "A\u{30a}", "가", "\u{1100}\u{1161}"]).await
}

pub(super) async fn ids_keep_their_spaces(trial: Arc<Trial>) -> Outcome {
    endings_are_distinct(&trial, &["a", "a ", " a", "a  ", "a\t", "a\n", "a\r\n", "a\u{a0}", "a\u{200b}", "\u{feff}a"])
        .await
}

pub(super) async fn ids_with_sql_characters_are_only_ids(trial: Arc<Trial>) -> Outcome {
    endings_are_distinct(
        &trial,
        &[
            "alice",
            "alice'--",
            "alice''",
            "alice\"",
            "alice`",
            "alice;",
            "' OR '1'='1",
            "$1",
            "?",
            ":user",
            "\\'",
            "/*",
        ],
    )
    .await
}

pub(super) async fn ids_with_path_characters_are_only_ids(trial: Arc<Trial>) -> Outcome {
    endings_are_distinct(
        &trial,
        &["/a", "a", "/../a", "/./a", "//a", "\\a", "/a/", "a.", "..", "%2Fa", "%2fa", "a:b", "a:$DATA", "~", "|a"],
    )
    .await
}

pub(super) async fn ids_with_pattern_characters_are_only_ids(trial: Arc<Trial>) -> Outcome {
    endings_are_distinct(&trial, &["abc", "a%", "a_c", "%", "_", "a*", "a?c", "*", "[a-z]bc", "{abc}", "a.c", "^abc$"])
        .await
}

pub(super) async fn ids_that_begin_alike_are_distinct(trial: Arc<Trial>) -> Outcome {
    endings_are_distinct(&trial, &["a", "aa", "aaa", "a:", "a:a", "a/a", "a\u{1}", "a\u{7f}"]).await
}

pub(super) async fn ids_that_read_as_one_number_are_distinct(trial: Arc<Trial>) -> Outcome {
    // Digits alone, so that a column or a language that guesses types would see equal numbers.
    let number = u64::from_be_bytes(draw(&SystemRandomness)?) | (1 << 62);
    let ids =
        [format!("{number}"), format!("0{number}"), format!("{number}.0"), format!("+{number}"), format!("{number}e0")];
    are_distinct(&trial, &ids).await
}

pub(super) async fn ids_of_255_bytes_are_distinct_to_the_last(trial: Arc<Trial>) -> Outcome {
    let run = trial.user("")?;
    let room = 255_usize.saturating_sub(run.as_str().len());
    let ascii = "a".repeat(room.saturating_sub(1));
    // A run's prefix has 16 bytes: 59 characters of 4 bytes and three of 1 fill the rest.
    let wide = "\u{1f6d2}".repeat(room / 4);
    let rest = "a".repeat((room % 4).saturating_sub(1));
    let ids = [
        format!("{}{ascii}a", run.as_str()),
        format!("{}{ascii}b", run.as_str()),
        format!("{}{ascii}", run.as_str()),
        format!("{}{wide}{rest}a", run.as_str()),
        format!("{}{wide}{rest}b", run.as_str()),
    ];
    ensure!(ids.iter().filter(|id| id.len() == 255).count() == 4, "four ids should have 255 bytes");
    are_distinct(&trial, &ids).await
}

pub(super) async fn an_id_of_one_character_is_an_id(trial: Arc<Trial>) -> Outcome {
    // One of 20,000, so that runs at the same time do not meet.
    let chance = u32::from_be_bytes(draw(&SystemRandomness)?) % 20_000;
    let id = char::from_u32(0x4e00 + chance).unwrap_or('\u{4e00}');
    are_distinct(&trial, &[id.to_string()]).await
}

pub(super) async fn ids_of_any_script_and_control_characters_are_kept(trial: Arc<Trial>) -> Outcome {
    endings_are_distinct(
        &trial,
        &["عمر", "\u{202e}abc", "אבג", "日本", "🛍️", "🛍", "\u{1}", "\u{1b}[31m", "\u{ffff}", "\u{10ffff}", "\u{2028}"],
    )
    .await
}
