//! The `state` value: the proof that a callback belongs to a login that this browser began.
//!
//! It has 256 random bits for each attempt, as 43 characters of base64url. It is compared in constant time
//! and has no `==`. Logs and pages show the [`AttemptId`] instead, a hash from which the state cannot be
//! found. *Source*: RFC 6749, section 10.12.

use crate::random::{Randomness, RandomnessError, draw};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD as BASE64URL};
use sha2::{Digest, Sha256};
use std::fmt;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

/// A state value.
pub(crate) struct State(Zeroizing<[u8; 32]>);

impl State {
    pub(crate) fn mint(randomness: &dyn Randomness) -> Result<Self, RandomnessError> {
        draw(randomness).map(|bytes| Self(Zeroizing::new(bytes)))
    }

    /// Reads the text of [`expose_secret`](Self::expose_secret). Any other text is not a state of this crate.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        // The length is checked first, so that a huge text costs nothing.
        if text.len() != 43 {
            return None;
        }
        let bytes = Zeroizing::new(BASE64URL.decode(text).ok()?);
        Some(Self::from_bytes(bytes.as_slice().try_into().ok()?))
    }

    pub(crate) fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(Zeroizing::new(bytes))
    }

    pub(crate) fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    pub(crate) fn expose_secret(&self) -> String {
        BASE64URL.encode(*self.0)
    }

    pub(crate) fn matches(&self, other: &Self) -> bool {
        self.0.ct_eq(&*other.0).into()
    }

    pub(crate) fn attempt_id(&self) -> AttemptId {
        // One block of SHA-256.
        let hash = Sha256::new().chain_update(b"komerza-connect attempt").chain_update(*self.0).finalize();
        let [a, b, c, d, e, f, g, h, ..]: [u8; 32] = hash.into();
        AttemptId(u64::from_be_bytes([a, b, c, d, e, f, g, h]))
    }
}

crate::kinds::redacted!(State);

/// Names a login attempt in logs, events and on pages: 16 hexadecimal digits, safe to show to everybody.
///
/// It is a hash of the attempt's state value. A visitor who needs help can tell it to support.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AttemptId(u64);

impl AttemptId {
    /// Reads what `Display` wrote.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let digits = text.len() == 16 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        digits.then(|| u64::from_str_radix(text, 16).ok()).flatten().map(Self)
    }
}

impl fmt::Display for AttemptId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

crate::kinds::named!(AttemptId);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::SystemRandomness;
    use std::collections::HashSet;

    #[test]
    fn t08_ten_thousand_states_are_all_different() {
        // Miri is slow, so it makes only a hundred.
        let many = if cfg!(miri) { 100 } else { 10_000 };
        let states: HashSet<_> = (0..many).map(|_| State::mint(&SystemRandomness).unwrap().expose_secret()).collect();
        assert_eq!(states.len(), many);
        assert!(states.iter().all(|state| state.len() == 43));
    }

    /// Does not compile if a state has `==`, because the test's call of its function `of` is then
    /// ambiguous.
    #[test]
    fn t08_states_cannot_be_compared_but_in_constant_time() {
        trait Comparable<Which> {
            fn of() {}
        }
        impl<T: ?Sized> Comparable<()> for T {}
        struct ByPartialEq;
        impl<T: ?Sized + PartialEq> Comparable<ByPartialEq> for T {}
        <State as Comparable<_>>::of();
        <crate::secret::AuthorizationCode as Comparable<_>>::of();
        <crate::secret::ClientSecret as Comparable<_>>::of();
        let (one, two) = (State::from_bytes([1; 32]), State::from_bytes([2; 32]));
        assert!(one.matches(&State::from_bytes([1; 32])) && !one.matches(&two));
    }

    #[test]
    fn a_state_is_its_43_characters_and_nothing_else() {
        let state = State::mint(&SystemRandomness).unwrap();
        let text = state.expose_secret();
        assert!(State::parse(&text).unwrap().matches(&state));
        for other in ["", &text[1..], &format!("{text}A"), &format!("{text}="), &text.replace(&text[..1], "+")] {
            assert!(State::parse(other).is_none_or(|other| !other.matches(&state)), "{other}");
        }
        assert!(!format!("{state:?} {:?}", state.attempt_id()).contains(&text[..8]));
    }
}
