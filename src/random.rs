//! The source of random bytes, which tests can replace.
//!
//! State values, browser sessions, record versions and nonces use it. Default: [`SystemRandomness`], which
//! asks the operating system. If that fails, the request is refused. The crate never uses a weaker value
//! instead.

use crate::guard;
use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use zeroize::Zeroizing;

/// A source of random bytes.
pub trait Randomness: fmt::Debug + Send + Sync + 'static {
    /// Fills `bytes` with unpredictable bytes.
    ///
    /// # Errors
    /// [`RandomnessError`] if the source has no random bytes. The caller then refuses the request, and
    /// nothing has started.
    ///
    /// # Security
    /// All protection by this crate depends on these bytes. Replace the source only in tests.
    fn fill(&self, bytes: &mut [u8]) -> Result<(), RandomnessError>;
}

/// The operating system, or a source of your own, gave no random bytes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct RandomnessError;

impl fmt::Display for RandomnessError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the source of randomness gave no bytes")
    }
}

crate::kinds::readable!(RandomnessError);

/// The operating system's source.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemRandomness;

impl Randomness for SystemRandomness {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), RandomnessError> {
        getrandom::fill(bytes).map_err(|_| RandomnessError)
    }
}

/// Bytes drawn in one go and given out piece by piece, each once. A login asks the operating system once and
/// not three times, which takes a third of a microsecond less.
pub(crate) struct Drawn<const N: usize> {
    bytes: Zeroizing<[u8; N]>,
    given: AtomicUsize,
}

impl<const N: usize> Drawn<N> {
    pub(crate) fn from(source: &dyn Randomness) -> Result<Self, RandomnessError> {
        Ok(Self { bytes: Zeroizing::new(draw(source)?), given: AtomicUsize::new(0) })
    }
}

impl<const N: usize> Randomness for Drawn<N> {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), RandomnessError> {
        let start = self.given.fetch_add(bytes.len(), Ordering::Relaxed);
        let piece = self.bytes.get(start..start + bytes.len()).ok_or(RandomnessError)?;
        bytes.copy_from_slice(piece);
        Ok(())
    }
}

impl<const N: usize> fmt::Debug for Drawn<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Drawn(redacted)")
    }
}

/// Draws an array of random bytes.
pub(crate) fn draw<const N: usize>(source: &dyn Randomness) -> Result<[u8; N], RandomnessError> {
    let mut bytes = [0; N];
    // A source that panics has given no bytes either.
    guard::caught_now("randomness", || source.fill(&mut bytes)).unwrap_or(Err(RandomnessError))?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_drawn_is_given_out_once_and_then_there_is_nothing_left() {
        let drawn = Drawn::<48>::from(&SystemRandomness).unwrap();
        let (one, two): ([u8; 16], [u8; 32]) = (draw(&drawn).unwrap(), draw(&drawn).unwrap());
        assert_eq!([&one[..], &two].concat(), drawn.bytes.to_vec());
        assert_eq!(draw::<1>(&drawn), Err(RandomnessError));
        assert!(!format!("{drawn:?}").contains(&one[0].to_string()));
    }
}
