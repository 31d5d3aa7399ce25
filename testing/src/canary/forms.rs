//! The encodings in which a secret may appear, and the decoded forms of a text that are searched for them.

use base64::Engine as _;
use base64::alphabet::{self, Alphabet};
use base64::engine::general_purpose::{GeneralPurpose, NO_PAD};
use percent_encoding::percent_decode_str;
use std::fmt::Write as _;

/// What to look for.
pub struct Needle {
    text: String,
    /// When not empty: one of these characters follows.
    next: String,
}

impl From<String> for Needle {
    fn from(text: String) -> Self {
        Self { text, next: String::new() }
    }
}

/// Each encoding's name and what it makes of the secret. Percent-encoding is not here: [`Haystacks`] undo it.
pub fn forms(secret: &[u8]) -> Vec<(&'static str, Needle)> {
    let mut forms: Vec<(_, Needle)> = Vec::new();
    if let Ok(plain) = std::str::from_utf8(secret) {
        forms.push(("plain", plain.to_owned().into()));
        let escaped = plain.escape_debug().to_string();
        if escaped != plain {
            forms.push(("escaped", escaped.into()));
        }
    }
    let hex = |upper: bool| {
        secret.iter().fold(String::new(), |mut hex, byte| {
            if upper { write!(hex, "{byte:02X}") } else { write!(hex, "{byte:02x}") }.unwrap();
            hex
        })
    };
    forms.push(("hex, lower case", hex(false).into()));
    forms.push(("hex, upper case", hex(true).into()));
    for (alphabet, name) in [(&alphabet::STANDARD, "base64"), (&alphabet::URL_SAFE, "base64, URL-safe")] {
        for bytes_before in 0..3 {
            forms.push((name, inside_base64(alphabet, secret, bytes_before)));
        }
    }
    let decimals: Vec<_> = secret.iter().map(u8::to_string).collect();
    forms.push(("list of bytes", decimals.join(",").into()));
    forms
}

/// The base64 characters that depend only on the secret, if this many bytes (modulo 3) come before it and
/// anything comes after it. The last character may depend on the secret only in part. That part is searched
/// for too, because otherwise secrets that differ only at their end would be mixed up.
fn inside_base64(alphabet: &Alphabet, secret: &[u8], bytes_before: usize) -> Needle {
    let encoded = GeneralPurpose::new(alphabet, NO_PAD).encode([&vec![0; bytes_before][..], secret].concat());
    let bits = (bytes_before + secret.len()) * 8;
    let first = (bytes_before * 8).div_ceil(6);
    let last = bits / 6;
    let next = encoded[last..].chars().next().map(|partial| {
        let place = |letter| alphabet.as_str().find(letter).unwrap() >> (6 - bits % 6);
        alphabet.as_str().chars().filter(|letter| place(*letter) == place(partial)).collect()
    });
    Needle { text: encoded[first..last].to_owned(), next: next.unwrap_or_default() }
}

/// A text as it is, without blanks (lists and wrapped lines come together), and percent-decoded once and twice.
pub struct Haystacks(Vec<String>);

impl Haystacks {
    pub fn new(text: &str) -> Self {
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
    pub fn find(&self, needle: &Needle) -> Option<String> {
        let follows = |rest: &str| needle.next.is_empty() || rest.starts_with(|letter| needle.next.contains(letter));
        self.0.iter().find_map(|text| {
            let mut places = text.match_indices(&needle.text).map(|(at, found)| (at, &text[at + found.len()..]));
            let (at, _) = places.find(|(_, rest)| follows(rest))?;
            let before = text[..at].chars().rev().take(160).collect::<Vec<_>>().into_iter().rev();
            Some(before.chain(text[at..].chars().take(160)).collect())
        })
    }
}
