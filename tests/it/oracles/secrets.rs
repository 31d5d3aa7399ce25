//! What left this server and comes back: sealed values and stored records.

use super::{Broken, hold};
use komerza_connect::{__fuzzing, StoredToken};
use std::error::Error;

/// Under one key this target seals; under the other nobody does. (A fuzzer finds sealed values in the memory of the process.)
const KEY: u8 = 1;
const NOBODYS: u8 = 2;

/// Input: a changed place, then text. Oracle: what was sealed opens to the same; what nobody sealed never opens, and no change of
/// a sealed value opens either.
pub(super) fn sealed_value(input: &[u8]) -> Result<(), Broken> {
    hold!(__fuzzing::open(NOBODYS, input).is_none(), "opened what nobody sealed");
    let sealed = __fuzzing::seal(KEY, input).ok_or("nothing was sealed")?;
    hold!(__fuzzing::open(KEY, sealed.as_bytes()).as_deref() == Some(input), "a seal does not open to what it holds");
    hold!(__fuzzing::open(NOBODYS, sealed.as_bytes()).is_none(), "another key opens a seal");
    let [place, bit, ..] = *input else { return Ok(()) };
    let mut changed = sealed.clone().into_bytes();
    let at = usize::from(place) % changed.len();
    match bit % 4 {
        0 => changed.truncate(at),
        1 => changed.insert(at, b'A'),
        2 => changed[at] = changed[at].wrapping_add(1 + bit / 4),
        _ => changed[at] ^= 1 << (bit % 8),
    }
    if changed != sealed.as_bytes() {
        hold!(__fuzzing::open(KEY, &changed).is_none(), "opened after a change at {at}");
    }
    Ok(())
}

const SECRET: &str = "obviously-fake";

/// Input: a record's text. Oracle: what is read is written so that it reads the same, and an error quotes nothing.
pub(super) fn stored_record(input: &[u8]) -> Result<(), Broken> {
    let Ok(text) = std::str::from_utf8(input) else { return Ok(()) };
    match StoredToken::from_text(text) {
        Ok(token) => {
            let written = token.to_text();
            let again =
                StoredToken::from_text(&written).map_err(|error| format!("{written} is not read again: {error}"))?;
            hold!(again.to_text() == written, "{written} is not written again");
            hold!((again.version(), again.saved_at()) == (token.version(), token.saved_at()), "{text} reads otherwise");
            let keys = [&token, &again].map(|token| token.api_key().ok().map(|key| key.expose_secret().to_owned()));
            hold!(keys[0] == keys[1], "the key of {text} changed");
            hold!(!format!("{token:?}").contains(SECRET), "Debug shows the key");
            let object = serde_json::from_str::<serde_json::Value>(text).is_ok_and(|value| value.is_object());
            hold!(object, "a record that is no JSON object was read: {text}");
        }
        Err(error) => {
            let source = error.source().map(ToString::to_string).unwrap_or_default();
            hold!(!format!("{error} {error:?} {source}").contains(SECRET), "the error quotes the record: {error:?}");
        }
    }
    Ok(())
}
