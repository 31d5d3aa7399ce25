//! Randomness for codes, keys and secrets.
//!
//! The source is asked once, at the start, where a failure can still be reported; from then on every value is
//! the SHA-256 of that seed and a counter.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use sha2::{Digest as _, Sha256};

use super::SandboxError;
use komerza_connect::random::Randomness;

pub(super) struct Chance {
    seed: [u8; 32],
    drawn: u64,
}

impl Chance {
    pub(super) fn new(source: &dyn Randomness) -> Result<Self, SandboxError> {
        let mut seed = [0; 32];
        source.fill(&mut seed).map_err(SandboxError::Randomness)?;
        Ok(Self { seed, drawn: 0 })
    }

    pub(super) fn bytes(&mut self) -> [u8; 32] {
        self.drawn = self.drawn.wrapping_add(1);
        Sha256::new().chain_update(self.seed).chain_update(self.drawn.to_be_bytes()).finalize().into()
    }

    /// `length` characters, each drawn from `alphabet`. An empty alphabet gives an empty text.
    pub(super) fn text(&mut self, alphabet: &str, length: usize) -> String {
        let letters: Vec<char> = alphabet.chars().collect();
        let length = if letters.is_empty() { 0 } else { length };
        let bytes = std::iter::repeat_with(|| self.bytes()).flatten();
        bytes.filter_map(|byte| letters.get(usize::from(byte).checked_rem(letters.len())?)).take(length).collect()
    }

    /// 256 random bits in base64url.
    pub(super) fn token(&mut self) -> String {
        URL_SAFE_NO_PAD.encode(self.bytes())
    }

    pub(super) fn uuid(&mut self) -> String {
        uuid_from(&self.bytes())
    }
}

/// The first 16 bytes in the form of a random (version 4) UUID.
pub(super) fn uuid_from(bytes: &[u8; 32]) -> String {
    let [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, ..] = *bytes;
    let number = u128::from_be_bytes([a, b, c, d, e, f, g & 0x0f | 0x40, h, i & 0x3f | 0x80, j, k, l, m, n, o, p]);
    let hex = format!("{number:032x}");
    let part = |from: usize, to: usize| hex.get(from..to).unwrap_or_default();
    format!("{}-{}-{}-{}-{}", part(0, 8), part(8, 12), part(12, 16), part(16, 20), part(20, 32))
}

#[cfg(test)]
mod tests {
    use super::*;
    use komerza_connect::random::SystemRandomness;

    #[test]
    fn texts_have_the_length_and_the_alphabet_asked_for() {
        let mut chance = Chance::new(&SystemRandomness).unwrap();
        let text = chance.text("/+=%?#", 100);
        assert_eq!(text.chars().count(), 100);
        assert!(text.chars().all(|letter| "/+=%?#".contains(letter)));
        assert_eq!(chance.text("", 5), "");
        assert_eq!(chance.text("ä", 3), "äää");
    }

    #[test]
    fn no_two_draws_are_equal() {
        let mut chance = Chance::new(&SystemRandomness).unwrap();
        assert_ne!(chance.token(), chance.token());
        assert_ne!(chance.uuid(), chance.uuid());
    }

    #[test]
    fn a_uuid_carries_version_and_variant() {
        assert_eq!(uuid_from(&[0xff; 32]), "ffffffff-ffff-4fff-bfff-ffffffffffff");
        assert_eq!(uuid_from(&[0; 32]), "00000000-0000-4000-8000-000000000000");
    }
}
