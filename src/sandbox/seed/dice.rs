//! Choices that look random and are the same on every run.

use sha2::{Digest as _, Sha256};

/// Choices for one thing, made of its name.
pub(super) struct Dice {
    name: String,
    throws: u32,
}

impl Dice {
    pub(super) fn of(parts: &[&str]) -> Self {
        Self { name: parts.join("/"), throws: 0 }
    }

    /// A number from 0 to `sides` - 1; 0 when there are no sides.
    pub(super) fn below(&mut self, sides: usize) -> usize {
        self.throws = self.throws.wrapping_add(1);
        let hash = Sha256::new().chain_update(&self.name).chain_update(self.throws.to_be_bytes()).finalize();
        let number = hash.iter().take(4).fold(0_u32, |number, byte| number << 8 | u32::from(*byte));
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
