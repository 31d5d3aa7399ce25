//! Komerza's envelope around everything that it answers.

use crate::strict_json;
use serde::{Deserialize, Deserializer, de::DeserializeOwned};
use serde_json::value::RawValue;

/// Komerza's envelope: `{success, message, code, data}`, whatever the content type says.
///
/// `success` decides whether the call succeeded. Other fields, or fields of another type, are no error.
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
    #[serde(default, deserialize_with = "lenient")]
    pub(crate) pages: Option<i64>,
}

/// A text that is not empty; anything else is none.
fn text<'de, D: Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    lenient(from).map(|text| text.filter(|text: &String| !text.is_empty()))
}

/// A value of this type; anything else is none.
fn lenient<'de, D: Deserializer<'de>, T: DeserializeOwned>(from: D) -> Result<Option<T>, D::Error> {
    let value = Option::<&RawValue>::deserialize(from)?;
    Ok(value.and_then(|value| serde_json::from_str(value.get()).ok()))
}

impl<'a> Envelope<'a> {
    /// Opens the body of a reply.
    pub(crate) fn open(body: &'a [u8]) -> Result<Self, serde_json::Error> {
        strict_json::object(body)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_array_is_no_object_whatever_is_in_it() {
        let success = |json: &str| Envelope::open(json.as_bytes()).ok().map(|envelope| envelope.success);
        assert_eq!(success(" \r\n\t{\"success\":true} "), Some(true));
        assert_eq!(success("\u{feff}{\"success\":true}"), Some(true), "a byte order mark");
        for json in ["[true]", "", "true", "{}", "\u{a0}{\"success\":true}", "\u{feff}\u{feff}{\"success\":true}"] {
            assert_eq!(success(json), None, "{json:?}");
        }
        assert!(Envelope::open(b"{\"success\":true,\"message\":\"\xaa\"}").is_err());
    }

    #[test]
    fn what_stands_beside_a_success_does_not_spoil_it() {
        for beside in [
            r#""code":200"#,
            r#""code":{"a":[]}"#,
            r#""code":"""#,
            r#""message":["x"],"code":null"#,
            r#""pages":1.5"#,
            r#""pages":"""#,
            r#""later":1"#,
        ] {
            let json = format!(r#"{{"success":true,{beside},"data":7}}"#);
            let envelope = Envelope::open(json.as_bytes()).unwrap();
            assert_eq!((envelope.success, envelope.code), (true, None), "{beside}");
            assert_eq!(envelope.data.map(RawValue::get), Some("7"), "{beside}");
        }
        let envelope = Envelope::open(r#"{"success":false,"code":"B\u0061d","message":"no"}"#.as_bytes()).unwrap();
        assert_eq!((envelope.code.as_deref(), envelope.message.as_deref()), (Some("Bad"), Some("no")));
    }
}
