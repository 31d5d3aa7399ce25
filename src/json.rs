//! JSON objects, read strictly.

use serde::{Deserialize, de::Error as _};

/// Reads an object.
///
/// `serde_json` also fills a struct from an array, by position: `[true, null, "text"]` would pass for an envelope. And it lets bytes
/// that are no UTF-8 pass in strings that nobody asks for.
pub(crate) fn object<'a, T: Deserialize<'a>>(json: &'a [u8]) -> Result<T, serde_json::Error> {
    match std::str::from_utf8(json) {
        Ok(text) if text.trim_ascii_start().starts_with('{') => serde_json::from_str(text),
        _ => Err(serde_json::Error::custom("not a JSON object")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Deserialize)]
    struct Envelope {
        success: bool,
    }

    #[test]
    fn an_array_is_no_object_whatever_is_in_it() {
        let success = |json: &str| object::<Envelope>(json.as_bytes()).ok().map(|envelope| envelope.success);
        assert_eq!(success(" \r\n\t{\"success\":true} "), Some(true));
        for json in ["[true]", "", "true", "{}", "\u{a0}{\"success\":true}"] {
            assert_eq!(success(json), None, "{json:?}");
        }
        assert!(object::<Envelope>(b"{\"success\":true,\"message\":\"\xaa\"}").is_err());
    }
}
