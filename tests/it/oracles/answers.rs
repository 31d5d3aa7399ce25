//! What the provider answers: the exchange's envelope, and `Retry-After`.

use super::{Broken, hold};
use komerza_connect::__fuzzing;
use serde_json::Value;
use std::time::{Duration, UNIX_EPOCH};

const STATUSES: [u16; 8] = [200, 201, 204, 401, 403, 404, 429, 500];

/// Input: one byte for the status, then the body. Oracle: the whole JSON read by other means. A key comes from a 200 with an object
/// that says success, has no code, and holds a string that a header can carry; and then always.
pub(super) fn exchange_envelope(input: &[u8]) -> Result<(), Broken> {
    let Some((choice, body)) = input.split_first() else { return Ok(()) };
    let status = STATUSES[usize::from(*choice) % STATUSES.len()];
    let judged = __fuzzing::judge(status, b"5", body);
    let value = serde_json::from_slice::<Value>(body).ok();
    let wanted = value.as_ref().and_then(key).filter(|_| status == 200);
    if let Ok(key) = &judged {
        hold!(wanted == Some(key.as_str()), "{status}: a key was read, and the JSON holds {wanted:?}");
    }
    if let Some(value) = &value {
        // Written again nothing comes twice, and then both must agree.
        let plain = serde_json::to_vec(value).map_err(|error| error.to_string())?;
        let judged = __fuzzing::judge(status, b"5", &plain);
        hold!(judged.as_deref().ok() == wanted, "{status} {value}: {judged:?} and not {wanted:?}");
    }
    match judged {
        Ok(_) => {}
        Err((kind, spent)) => {
            hold!(spent == (kind != "busy"), "{status}: {kind} and spent: {spent}");
            hold!(status != 429 || kind == "busy", "a 429 is {kind}");
        }
    }
    Ok(())
}

fn key(value: &Value) -> Option<&str> {
    let object = value.as_object()?;
    let no_code = match object.get("code") {
        None | Some(Value::Null) => true,
        Some(Value::String(code)) => code.is_empty(),
        Some(_) => false,
    };
    let key = object.get("data")?.as_str()?;
    let fit = (1..=16_384).contains(&key.len()) && key.bytes().all(|byte| (0x21..=0x7e).contains(&byte));
    (object.get("success")? == &Value::Bool(true) && no_code && fit).then_some(key)
}

/// Input: a header value. Oracle: never more than a minute; digits are their number; anything else is a date, formatted or not.
pub(super) fn retry_after(input: &[u8]) -> Result<(), Broken> {
    let now = UNIX_EPOCH + Duration::from_secs(1_767_225_600);
    let read = __fuzzing::retry_after(input, now);
    hold!(read.is_none_or(|wait| wait <= Duration::from_secs(60)), "{read:?} is more than a minute");
    let Ok(text) = std::str::from_utf8(input) else {
        hold!(read.is_none(), "bytes that are no text give {read:?}");
        return Ok(());
    };
    let text = text.trim_matches([' ', '\t']);
    let digits = (1..=32).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    if digits {
        // 39 digits and fewer fit the number.
        let seconds = text.parse::<u128>().map_err(|error| error.to_string())?.min(60);
        hold!(read.map(|wait| u128::from(wait.as_secs())) == Some(seconds), "{text} gives {read:?}");
    } else if let Some(wait) = read {
        let date =
            httpdate::parse_http_date(text).map_err(|_| format!("{text:?} is neither digits nor a date: {wait:?}"))?;
        hold!(text.len() <= 32, "{} bytes are read", text.len());
        let late = date.duration_since(now).unwrap_or_default();
        hold!(wait == late.min(Duration::from_secs(60)), "{text} gives {wait:?}");
    }
    Ok(())
}
