//! Small values as the API writes them.

use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::chance::uuid_from;

/// A field that is text; empty when it is not.
pub(super) fn text(object: &Value, field: &str) -> String {
    object.get(field).and_then(Value::as_str).unwrap_or_default().to_owned()
}

/// Sets a field of an object; anything else is left alone.
pub(super) fn set(object: &mut Value, field: &str, value: Value) {
    if let Some(fields) = object.as_object_mut() {
        fields.insert(field.to_owned(), value);
    }
}

/// A UUID made of what it stands for.
pub(super) fn id(parts: &[&str]) -> String {
    uuid_from(&Sha256::digest(parts.join("/")).into())
}

/// ISO 8601 in UTC.
pub(super) fn iso(seconds: i64) -> String {
    jiff::Timestamp::from_second(seconds).map(|time| time.to_string()).unwrap_or_default()
}

/// Hundredths as a JSON number in major units.
pub(crate) fn money(hundredths: i64) -> Value {
    let number = serde_json::Number::from_f64(hundredths_as_f64(hundredths));
    number.map(Value::Number).unwrap_or_default()
}

/// Exact to the hundredth for every amount below 2^53 hundredths.
#[expect(clippy::cast_precision_loss, clippy::as_conversions, reason = "amounts of a demo are far below 2^53")]
fn hundredths_as_f64(hundredths: i64) -> f64 {
    hundredths as f64 / 100.0
}
