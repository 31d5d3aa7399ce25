//! What operators see: log events and metrics.

pub(crate) mod log;
pub(crate) mod metrics;
