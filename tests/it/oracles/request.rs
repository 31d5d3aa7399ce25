//! What a browser sends: the `Cookie` header and the callback's query.

use super::{Broken, hold};
use komerza_connect::__fuzzing;

const NAME: &str = "__Host-komerza-0a1b2c3d-login-x";

/// Input: field lines. Oracle: a slow reading of the same lines, and a good cookie at the end is found whatever stands before it.
pub(super) fn cookie_header(input: &[u8]) -> Result<(), Broken> {
    let mut lines: Vec<&[u8]> = input.split(|byte| *byte == b'\n').collect();
    let good = [NAME.as_bytes(), b"=good"].concat();
    let last = [*lines.last().unwrap_or(&&[][..]), b"; ", &good].concat();
    lines.pop();
    lines.push(&last);
    let (Some(found), Some(prefixed)) =
        (__fuzzing::cookies(&lines, NAME), __fuzzing::cookies_with_prefix(&lines, "__Host-komerza-"))
    else {
        return Ok(());
    };
    let pairs = slowly(&lines);
    let wanted: Vec<&Vec<u8>> = pairs.iter().filter(|(name, _)| name == NAME.as_bytes()).map(|(_, v)| v).collect();
    hold!(found.iter().collect::<Vec<_>>() == wanted[..wanted.len().min(8)], "{found:?} and not {wanted:?}");
    hold!(
        wanted.len() > 8 || found.last().is_some_and(|last| last == b"good"),
        "the good cookie is not found: {found:?}"
    );
    let wanted: Vec<(String, Vec<u8>)> = pairs
        .into_iter()
        .filter(|(name, _)| name.starts_with(b"__Host-komerza-"))
        .filter_map(|(name, value)| Some((String::from_utf8(name).ok()?, value)))
        .take(64)
        .collect();
    hold!(prefixed == wanted, "{prefixed:?} and not {wanted:?}");
    Ok(())
}

/// Byte by byte: `;` ends a cookie, the first `=` ends its name, spaces and tabs around both are no part of them.
fn slowly(lines: &[&[u8]]) -> Vec<(Vec<u8>, Vec<u8>)> {
    let mut pairs = Vec::new();
    for line in lines {
        let (mut name, mut value, mut in_value) = (Vec::new(), Vec::new(), false);
        for byte in line.iter().chain(b";") {
            match byte {
                b';' => {
                    pairs.push((bare(&name), bare(&value)));
                    (name, value, in_value) = (Vec::new(), Vec::new(), false);
                }
                b'=' if !in_value => in_value = true,
                byte if in_value => value.push(*byte),
                byte => name.push(*byte),
            }
        }
    }
    pairs
}

fn bare(bytes: &[u8]) -> Vec<u8> {
    let blank = |byte: &u8| matches!(byte, b' ' | b'\t');
    let start = bytes.iter().take_while(|byte| blank(byte)).count();
    let end = bytes.iter().rev().take_while(|byte| blank(byte)).count();
    bytes[start..(bytes.len() - end).max(start)].to_vec()
}

/// Input: a query. Oracle: the URL standard's form parser on the one value there is, and a value encoded again reads the same.
pub(super) fn callback_query(input: &[u8]) -> Result<(), Broken> {
    let Ok(query) = std::str::from_utf8(input) else { return Ok(()) };
    for (name, read) in ["code", "state", "error", "return_to"].iter().zip(__fuzzing::query(query)) {
        let values: Vec<&str> = query
            .split('&')
            .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
            .filter(|(found, _)| found == name)
            .map(|(_, value)| value)
            .collect();
        let wanted = match values[..] {
            [] => Ok(None),
            [value] => decoded(value).map(Some).ok_or("malformed"),
            _ => Err("repeated"),
        };
        hold!(read == wanted, "{name}: {read:?} and not {wanted:?}");
        if let Ok(Some(value)) = read {
            let again =
                format!("{name}={}", percent_encoding::utf8_percent_encode(&value, percent_encoding::NON_ALPHANUMERIC));
            hold!(__fuzzing::query(&again).contains(&Ok(Some(value))), "{again} reads otherwise");
        }
    }
    Ok(())
}

/// By the form parser, which forgives: so what it would forgive is looked for first.
fn decoded(value: &str) -> Option<String> {
    let hex = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_hexdigit);
    let bytes = value.as_bytes();
    let whole =
        (0..bytes.len()).filter(|at| bytes[*at] == b'%').all(|at| hex(bytes.get(at + 1)) && hex(bytes.get(at + 2)));
    let form = format!("x={}", value.replace('+', "%2B"));
    let (_, text) = url::form_urlencoded::parse(form.as_bytes()).next()?;
    // The parser puts U+FFFD where bytes are not UTF-8; one that was meant is in the encoded bytes.
    let replaced = text.matches('\u{fffd}').count();
    let meant = value.matches('\u{fffd}').count() + value.to_ascii_lowercase().matches("%ef%bf%bd").count();
    (whole && replaced == meant).then(|| text.into_owned())
}
