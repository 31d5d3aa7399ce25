//! Counters and histograms, through the `metrics` crate where the feature `metrics` is on.
//! [`guide::operating`](crate::guide::operating) lists the names and labels, and says when each is counted.
//! Names and labels are covered by semantic versioning.

#![cfg_attr(not(feature = "metrics"), allow(unused_variables, reason = "what is only counted has no other use"))]

use http::{Method, StatusCode};
use std::time::Duration;

/// A call has ended.
pub(crate) fn call(
    method: &Method,
    status: Option<StatusCode>,
    outcome: &'static str,
    attempts: u32,
    waited: Duration,
    worked: Duration,
) {
    #[cfg(feature = "metrics")]
    {
        let status = status.map_or(0, |status| status.as_u16()).to_string();
        let method = method.as_str().to_owned();
        metrics::counter!("komerza_calls_total", "method" => method.clone(), "status" => status, "outcome" => outcome)
            .increment(1);
        metrics::counter!("komerza_call_retries_total").increment(u64::from(attempts.saturating_sub(1)));
        metrics::histogram!("komerza_call_wait_seconds").record(waited);
        metrics::histogram!("komerza_call_seconds", "method" => method).record(worked);
    }
}

/// A record was removed because its key was dead.
pub(crate) fn revoked() {
    #[cfg(feature = "metrics")]
    metrics::counter!("komerza_revocations_total").increment(1);
}

/// A connect has ended.
pub(crate) fn connect(outcome: &'static str) {
    #[cfg(feature = "metrics")]
    metrics::counter!("komerza_connects_total", "outcome" => outcome).increment(1);
}

/// Changes the number of requests that wait for a token.
pub(crate) fn waiting(what: &'static str, more: f64) {
    #[cfg(feature = "metrics")]
    metrics::gauge!("komerza_waiting", "for" => what).increment(more);
}

/// Changes the number of running exchanges.
pub(crate) fn exchanging(more: f64) {
    #[cfg(feature = "metrics")]
    metrics::gauge!("komerza_exchanges_running").increment(more);
}

/// Changes the number of buckets in memory.
pub(crate) fn lanes(more: f64) {
    #[cfg(feature = "metrics")]
    metrics::gauge!("komerza_buckets").increment(more);
}

/// A route refused a request, or a handler got no key.
pub(crate) fn refused(route: &'static str, code: &'static str) {
    #[cfg(feature = "metrics")]
    metrics::counter!("komerza_refusals_total", "route" => route, "code" => code).increment(1);
}
