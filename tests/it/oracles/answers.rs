//! What the provider answers: the exchange's envelope, and `Retry-After`.

use super::{Broken, hold};
use komerza_connect::__fuzzing;
use serde_json::Value;
use std::time::{Duration, UNIX_EPOCH};

const STATUSES: [u16; 8] = [200, 201, 204, 401, 403, 404, 429, 500];

/// Input: one byte for the status, then the body. Oracle: the whole JSON read by other means. A key comes from a 200 with an object
/// that says success, has no code of an error, and holds a string that a header can carry; and then always.
pub(super) fn exchange_envelope(input: &[u8]) -> Result<(), Broken> {
    let Some((choice, body)) = input.split_first() else { return Ok(()) };
    let status = STATUSES[usize::from(*choice) % STATUSES.len()];
    let judged = __fuzzing::judge(status, b"5", body);
    // A byte order mark is no part of it.
    let value = serde_json::from_slice::<Value>(body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body)).ok();
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

const ERRORS: &str = "invalidcode codeexpired invalidclientsecret appnotfound accessdenied badtoken twofactorrequired \
    oauthloginrequired validationerror badcaptcha notfound objectconflict ratelimited notenoughfunds \
    verificationrequired upgraderequired productunavailable featureunavailable unsupportedrequest \
    uploadfailed internalservererror";

fn key(value: &Value) -> Option<&str> {
    let object = value.as_object()?;
    // A code is no hindrance unless it is known to be an error.
    let no_code = match object.get("code") {
        None | Some(Value::Null) => true,
        Some(Value::String(code)) => {
            !ERRORS.split(' ').any(|error| error == code.replace('_', "").to_ascii_lowercase())
        }
        // Nor is anything that is no text.
        Some(_) => true,
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

/// Input: a signature. Oracle: a slow reading of both alphabets, and what is read is written so that it reads the same.
pub(super) fn webhook_signature(input: &[u8]) -> Result<(), Broken> {
    let prefixed = input.len() >= 7 && input[..7].to_ascii_lowercase() == *b"sha256=";
    let text = if prefixed { &input[7..] } else { input };
    let wanted = match text.len() {
        64 => digits(b"0123456789abcdef", &text.to_ascii_lowercase(), 4),
        44 if text[43] == b'=' => {
            const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
            digits(ALPHABET, &text[..43], 6)
        }
        _ => None,
    };
    let read = __fuzzing::webhook_signature(input);
    hold!(read.map(Vec::from) == wanted, "{read:?} and not {wanted:?}");
    if let Some(bytes) = read {
        let hex: String = bytes.iter().map(|byte| format!("{byte:02X}")).collect();
        hold!(__fuzzing::webhook_signature(format!("sha256={hex}").as_bytes()) == Some(bytes), "{hex} reads otherwise");
    }
    Ok(())
}

/// Digit by digit into bits, and bits into bytes; bits that are left over must be zero.
fn digits(alphabet: &[u8], text: &[u8], width: u32) -> Option<Vec<u8>> {
    let mut bits = Vec::new();
    for letter in text {
        let digit = alphabet.iter().position(|known| known == letter)?;
        bits.extend((0..width).rev().map(|bit| digit >> bit & 1));
    }
    let (bytes, rest) = bits.split_at(256);
    let byte = |bits: &[usize]| bits.iter().fold(0_u8, |byte, bit| byte << 1 | u8::from(*bit == 1));
    rest.iter().all(|bit| *bit == 0).then(|| bytes.chunks(8).map(byte).collect())
}
