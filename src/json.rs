//! JSON objects, read strictly, and Komerza's envelope around them.

use serde::{Deserialize, Deserializer, de::Error as _};
use serde_json::value::RawValue;

/// Komerza's envelope: `{success, message, code, data}`, whatever the content type says.
///
/// `success` decides. What else is in it, or of which type, does not spoil it.
#[derive(Deserialize)]
pub(crate) struct Envelope<'a> {
    pub(crate) success: bool,
    #[serde(default, deserialize_with = "text")]
    pub(crate) message: Option<String>,
    /// Never empty.
    #[serde(default, deserialize_with = "text")]
    pub(crate) code: Option<String>,
    #[serde(borrow, default)]
    pub(crate) data: Option<&'a RawValue>,
    /// Of lists that come in pages.
    #[serde(default)]
    pub(crate) pages: Option<i64>,
}

/// A text that is not empty; anything else is none.
fn text<'de, D: Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    let value = Option::<&RawValue>::deserialize(from)?;
    let text = value.and_then(|value| serde_json::from_str::<String>(value.get()).ok());
    Ok(text.filter(|text| !text.is_empty()))
}

/// Reads an object.
///
/// `serde_json` also fills a struct from an array, by position: `[true, null, "text"]` would pass for an envelope. And it lets bytes
/// that are no UTF-8 pass in strings that nobody asks for.
pub(crate) fn object<'a, T: Deserialize<'a>>(json: &'a [u8]) -> Result<T, serde_json::Error> {
    match std::str::from_utf8(json) {
        Ok(text) => {
            // Some servers of Komerza's kind begin their replies with a byte order mark.
            let text = text.strip_prefix('\u{feff}').unwrap_or(text);
            match text.trim_ascii_start().starts_with('{') {
                true => serde_json::from_str(text),
                false => Err(serde_json::Error::custom("not a JSON object")),
            }
        }
        Err(_) => Err(serde_json::Error::custom("not a JSON object")),
    }
}

/// What is wrong with JSON that somebody else wrote, without a word of what it holds.
///
/// `serde` quotes the value that it did not expect, which may be anything: an address, a license key. What it did expect comes last
/// in its sentence and is ours, as is the name of a field that is missing.
pub(crate) fn why(error: &serde_json::Error) -> String {
    let text = error.to_string();
    match text.rsplit_once(", expected ") {
        // Elsewhere, as in the name of an unknown field, those words may be somebody else's.
        Some((_, expected)) if text.starts_with("invalid ") => format!("expected {expected}"),
        _ if text.starts_with("missing field `") => text,
        _ => format!("{:?} error at line {} column {}", error.classify(), error.line(), error.column()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Closed {}

    #[test]
    fn an_array_is_no_object_whatever_is_in_it() {
        let success = |json: &str| object::<Envelope<'_>>(json.as_bytes()).ok().map(|envelope| envelope.success);
        assert_eq!(success(" \r\n\t{\"success\":true} "), Some(true));
        assert_eq!(success("\u{feff}{\"success\":true}"), Some(true), "a byte order mark");
        for json in ["[true]", "", "true", "{}", "\u{a0}{\"success\":true}", "\u{feff}\u{feff}{\"success\":true}"] {
            assert_eq!(success(json), None, "{json:?}");
        }
        assert!(object::<Envelope<'_>>(b"{\"success\":true,\"message\":\"\xaa\"}").is_err());
    }

    #[test]
    fn what_stands_beside_a_success_does_not_spoil_it() {
        for beside in
            [r#""code":200"#, r#""code":{"a":[]}"#, r#""code":"""#, r#""message":["x"],"code":null"#, r#""later":1"#]
        {
            let json = format!(r#"{{"success":true,{beside},"data":7}}"#);
            let envelope: Envelope<'_> = object(json.as_bytes()).unwrap();
            assert_eq!((envelope.success, envelope.code), (true, None), "{beside}");
            assert_eq!(envelope.data.map(RawValue::get), Some("7"), "{beside}");
        }
        let envelope: Envelope<'_> =
            object(r#"{"success":false,"code":"B\u0061d","message":"no"}"#.as_bytes()).unwrap();
        assert_eq!((envelope.code.as_deref(), envelope.message.as_deref()), (Some("Bad"), Some("no")));
    }

    #[test]
    fn what_is_wrong_is_told_without_the_value_that_is_wrong() {
        let told = |json: &str| why(&serde_json::from_str::<Envelope<'_>>(json).err().unwrap());
        assert_eq!(told(r#"{"success":"obviously, expected fake"}"#), "expected a boolean at line 1 column 37");
        assert_eq!(told(r#"{"obviously-fake":1}"#), "missing field `success` at line 1 column 20");
        let closed = serde_json::from_str::<Closed>(r#"{"x, expected obviously-fake":1}"#).err().unwrap();
        assert_eq!(why(&closed), "Data error at line 1 column 29");
        assert_eq!(told(r#"{"success":tru"#), "Eof error at line 1 column 14");
        assert_eq!(told(r#"{"success":obviously"#), "Syntax error at line 1 column 12");
    }
}
