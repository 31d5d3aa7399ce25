//! What came out of a run.

use std::{borrow::Cow, fmt};

/// The checks that a store passed, and the claims that were left out.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Passed {
    pub(super) checks: Vec<&'static str>,
    pub(super) left_out: Vec<(&'static str, String)>,
}

impl Passed {
    /// The names of the checks.
    #[must_use]
    pub fn checks(&self) -> &[&'static str] {
        &self.checks
    }

    /// The claims that were left out, each with the reason.
    pub fn left_out(&self) -> impl Iterator<Item = (&str, &str)> {
        self.left_out.iter().map(|(claim, reason)| (*claim, reason.as_str()))
    }
}

impl fmt::Display for Passed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} checks passed", self.checks.len())?;
        self.left_out().try_for_each(|(claim, reason)| write!(f, "; not checked: {claim} ({reason})"))
    }
}

/// A check that a store did not pass.
#[derive(Clone, PartialEq, Eq)]
pub struct ContractFailure {
    pub(super) check: Cow<'static, str>,
    pub(super) sentence: &'static str,
    pub(super) found: String,
}

impl ContractFailure {
    /// The name of the check.
    #[must_use]
    pub fn check(&self) -> &str {
        &self.check
    }

    /// What the check requires of a store.
    #[must_use]
    pub fn sentence(&self) -> &str {
        self.sentence
    }

    /// What was found instead.
    #[must_use]
    pub fn found(&self) -> &str {
        &self.found
    }
}

impl fmt::Display for ContractFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} Found: {}.", self.check, self.sentence, self.found)
    }
}

/// Same as [`Display`](fmt::Display), since this is what a test prints that returns an error.
impl fmt::Debug for ContractFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for ContractFailure {}
