//! JSON objects, read strictly.

#![deny(clippy::arithmetic_side_effects, reason = "it reads what others wrote")]

use serde::{Deserialize, de::Error as _};

/// Reads an object.
///
/// `serde_json` also fills a struct from an array, by position, so `[true, null, "text"]` would pass for an
/// envelope. It also accepts invalid UTF-8 in strings that are skipped.
pub(crate) fn object<'a, T: Deserialize<'a>>(json: &'a [u8]) -> Result<T, serde_json::Error> {
    let text = std::str::from_utf8(json).unwrap_or_default();
    // Some servers of Komerza's kind begin their replies with a byte order mark.
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    if text.trim_ascii_start().starts_with('{') {
        return serde_json::from_str(text);
    }
    Err(serde_json::Error::custom("not a JSON object"))
}

/// What is wrong with foreign JSON, without any of its content.
///
/// `serde` quotes the value that it did not expect, which may be an address or a license key. The expected
/// type comes last in its sentence and is ours, as is the name of a missing field.
pub(crate) fn why(error: &serde_json::Error) -> String {
    let text = error.to_string();
    match text.rsplit_once(", expected ") {
        // In other places, such as the name of an unknown field, those words may be foreign.
        Some((_, expected)) if text.starts_with("invalid ") => format!("expected {expected}"),
        _ if text.starts_with("missing field `") => text,
        _ => format!("{:?} error at line {} column {}", error.classify(), error.line(), error.column()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Deserialize)]
    struct Success {
        #[allow(dead_code, reason = "only whether it is there matters")]
        success: bool,
    }

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Closed {}

    #[test]
    fn what_is_wrong_is_told_without_the_value_that_is_wrong() {
        let told = |json: &str| why(&serde_json::from_str::<Success>(json).err().unwrap());
        assert_eq!(told(r#"{"success":"obviously, expected fake"}"#), "expected a boolean at line 1 column 37");
        assert_eq!(told(r#"{"obviously-fake":1}"#), "missing field `success` at line 1 column 20");
        let closed = serde_json::from_str::<Closed>(r#"{"x, expected obviously-fake":1}"#).err().unwrap();
        assert_eq!(why(&closed), "Data error at line 1 column 29");
        assert_eq!(told(r#"{"success":tru"#), "Eof error at line 1 column 14");
        assert_eq!(told(r#"{"success":obviously"#), "Syntax error at line 1 column 12");
    }
}
