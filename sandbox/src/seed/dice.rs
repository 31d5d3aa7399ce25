//! Choices that look random and are the same on every run.

use sha2::{Digest as _, Sha256};

/// Choices for one thing, made of its name: one hash, then SplitMix64.
pub(super) struct Dice {
    state: u64,
}

impl Dice {
    pub(super) fn of(parts: &[&str]) -> Self {
        let hash = Sha256::digest(parts.join("/"));
        Self { state: hash.iter().take(8).fold(0, |state, byte| state << 8 | u64::from(*byte)) }
    }

    /// A number from 0 to `sides` - 1; 0 when there are no sides.
    pub(super) fn below(&mut self, sides: usize) -> usize {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.state ^ (self.state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        let number = u32::try_from((mixed ^ (mixed >> 31)) >> 32).unwrap_or_default();
        usize::try_from(number).unwrap_or_default().checked_rem(sides).unwrap_or_default()
    }

    pub(super) fn seconds_below(&mut self, seconds: i64) -> i64 {
        i64::try_from(self.below(usize::try_from(seconds).unwrap_or_default())).unwrap_or_default()
    }

    pub(super) fn pick<'t, T>(&mut self, of: &'t [T]) -> Option<&'t T> {
        of.get(self.below(of.len()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_name_throws_the_same_and_stays_below_its_sides() {
        let throws = |name: &str| {
            let mut dice = Dice::of(&["dice", name]);
            (0..20).map(|_| dice.below(6)).collect::<Vec<_>>()
        };
        assert_eq!(throws("a"), throws("a"));
        assert_ne!(throws("a"), throws("b"));
        assert!(throws("a").iter().all(|throw| *throw < 6));
        assert_eq!(Dice::of(&[]).below(0), 0);
        assert_eq!(Dice::of(&[]).pick::<u8>(&[]), None);
    }
}
