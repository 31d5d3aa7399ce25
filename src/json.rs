//! JSON objects, read strictly.

use serde::{Deserialize, de::Error as _};

/// Reads an object.
///
/// `serde_json` also fills a struct from an array, by position: `[true, null, "text"]` would pass for an envelope.
pub(crate) fn object<'a, T: Deserialize<'a>>(json: &'a [u8]) -> Result<T, serde_json::Error> {
    match json.trim_ascii_start().first() {
        Some(b'{') => serde_json::from_slice(json),
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
    }
}
