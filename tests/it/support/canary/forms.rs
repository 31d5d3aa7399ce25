//! The forms in which a secret may hide, and the readings of a text in which they are looked for.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::alphabet;
use base64::engine::general_purpose::{GeneralPurpose, NO_PAD};
use percent_encoding::percent_decode_str;

const STANDARD: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, NO_PAD);
const URL_SAFE: GeneralPurpose = GeneralPurpose::new(&alphabet::URL_SAFE, NO_PAD);

/// Each encoding's name and what it makes of the secret. Percent-encoding is not here: [`Haystacks`] undo it.
pub(super) fn forms(secret: &[u8]) -> Vec<(&'static str, String)> {
    let mut forms = Vec::new();
    if let Ok(plain) = std::str::from_utf8(secret) {
        forms.push(("plain", plain.to_owned()));
        let escaped = plain.escape_debug().to_string();
        if escaped != plain {
            forms.push(("escaped", escaped));
        }
    }
    let hex = |upper: bool| {
        secret.iter().fold(String::new(), |mut hex, byte| {
            if upper { write!(hex, "{byte:02X}") } else { write!(hex, "{byte:02x}") }.unwrap();
            hex
        })
    };
    forms.push(("hex, lower case", hex(false)));
    forms.push(("hex, upper case", hex(true)));
    for (engine, name) in [(&STANDARD, "base64"), (&URL_SAFE, "base64, URL-safe")] {
        for bytes_before in 0..3 {
            forms.push((name, inside_base64(engine, secret, bytes_before)));
        }
    }
    let decimals: Vec<_> = secret.iter().map(u8::to_string).collect();
    forms.push(("list of bytes", decimals.join(",")));
    forms
}

/// The characters that the secret alone decides when this many bytes (modulo 3) stand before it and anything behind it.
fn inside_base64(engine: &GeneralPurpose, secret: &[u8], bytes_before: usize) -> String {
    let encoded = engine.encode([&vec![0; bytes_before][..], secret].concat());
    let first = (bytes_before * 8).div_ceil(6);
    let last = (bytes_before + secret.len()) * 8 / 6;
    encoded[first..last].to_owned()
}

/// A text as it is, without blanks (lists and wrapped lines come together), and percent-decoded once and twice.
pub(super) struct Haystacks(Vec<String>);

impl Haystacks {
    pub(super) fn new(text: &str) -> Self {
        let mut all = vec![text.to_owned()];
        all.push(text.split_ascii_whitespace().collect());
        for _ in 0..2 {
            let last = all.last().map(String::as_str).unwrap_or_default();
            if !last.contains('%') {
                break;
            }
            let decoded: Vec<u8> = percent_decode_str(last).collect();
            all.push(String::from_utf8_lossy(&decoded).into_owned());
        }
        Self(all)
    }

    /// Some text around the first place.
    pub(super) fn find(&self, needle: &str) -> Option<String> {
        self.0.iter().find_map(|text| {
            let at = text.find(needle)?;
            let before = text[..at].chars().rev().take(160).collect::<Vec<_>>().into_iter().rev();
            Some(before.chain(text[at..].chars().take(160)).collect())
        })
    }
}
