//! The text of a signature.

use base64::{Engine, engine::general_purpose::STANDARD};

/// Bytes of an HMAC-SHA256.
pub(crate) const BYTES: usize = 32;

const HEX: usize = 64;
const BASE64: usize = 44;
const PREFIX: &[u8] = b"sha256=";

/// Reads a signature; `None` for anything but the accepted forms.
pub(crate) fn parse(text: &[u8]) -> Option<[u8; BYTES]> {
    let text = match text.split_at_checked(PREFIX.len()) {
        Some((prefix, rest)) if prefix.eq_ignore_ascii_case(PREFIX) => rest,
        _ => text,
    };
    match text.len() {
        HEX => hex(text),
        BASE64 => STANDARD.decode(text).ok()?.try_into().ok(),
        _ => None,
    }
}

fn hex(text: &[u8]) -> Option<[u8; BYTES]> {
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let mut bytes = [0; BYTES];
    for (byte, pair) in bytes.iter_mut().zip(text.chunks_exact(2)) {
        let [high, low] = *pair else { return None };
        *byte = digit(high)? << 4 | digit(low)?;
    }
    Some(bytes)
}
