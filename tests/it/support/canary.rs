//! Placeholder until the capturing subscriber is in.
pub(crate) fn install() {}
