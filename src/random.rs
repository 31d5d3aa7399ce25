//! Chance, from one injectable source.
//!
//! State values, browser sessions, record versions and nonces are drawn here. The default, [`SystemRandomness`], asks the
//! operating system; when that fails, what needed the bytes is refused: no value is ever made up.

use std::fmt;

/// Where this crate draws random bytes.
pub trait Randomness: fmt::Debug + Send + Sync + 'static {
    /// Fills `bytes` with unpredictable bytes.
    ///
    /// # Errors
    /// [`RandomnessError`] when none can be had; the caller refuses and nothing was begun.
    ///
    /// # Security
    /// Everything this crate protects rests on these bytes. Replace the source in tests only.
    fn fill(&self, bytes: &mut [u8]) -> Result<(), RandomnessError>;
}

/// The operating system gave no random bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct RandomnessError;

impl RandomnessError {
    /// For sources of one's own.
    #[must_use]
    pub fn new() -> Self {
        Self
    }
}

impl Default for RandomnessError {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Display for RandomnessError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the source of randomness gave no bytes")
    }
}

impl std::error::Error for RandomnessError {}

/// The operating system's source.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemRandomness;

impl Randomness for SystemRandomness {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), RandomnessError> {
        getrandom::fill(bytes).map_err(|_| RandomnessError)
    }
}

/// Draws an array of random bytes.
pub(crate) fn draw<const N: usize>(source: &dyn Randomness) -> Result<[u8; N], RandomnessError> {
    let mut bytes = [0; N];
    source.fill(&mut bytes)?;
    Ok(bytes)
}
