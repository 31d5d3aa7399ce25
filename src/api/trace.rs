//! What logs and metrics learn of a call: method, path template, status, tries, waits. Never an id, a query or
//! a secret.
//!
//! Komerza's own words about a refusal are only in a DEBUG event, because they may repeat what was sent.

use super::{Error, ErrorKind, options::Spent};
use http::{Method, StatusCode};
use std::future::Future;

/// One call, as logs see it.
pub(super) struct Trace {
    #[cfg(feature = "tracing")]
    span: tracing::Span,
}

impl Trace {
    pub(super) fn begin(method: &Method, template: &str) -> Self {
        let _ = (method, template);
        Self {
            #[cfg(feature = "tracing")]
            span: tracing::info_span!(
                target: "komerza_connect",
                "komerza_call",
                %method,
                path = template,
                status = tracing::field::Empty,
                outcome = tracing::field::Empty,
                attempts = tracing::field::Empty,
                wait_ms = tracing::field::Empty,
            ),
        }
    }

    /// Runs a part of the call inside its span.
    pub(super) fn within<F: Future>(&self, part: F) -> impl Future<Output = F::Output> + use<F> {
        #[cfg(feature = "tracing")]
        {
            tracing::Instrument::instrument(part, self.span.clone())
        }
        #[cfg(not(feature = "tracing"))]
        part
    }

    /// The call has ended: with a reply of this status, with an error, or with both when the reply is a
    /// refusal.
    pub(super) fn end(&self, method: &Method, status: Option<StatusCode>, error: Option<&Error>, spent: &Spent) {
        let outcome = error.map_or("answered", |error| error.kind().code());
        crate::telemetry::metrics::call(method, status, outcome, spent.attempts, spent.waited, spent.worked);
        if let Some(error) = error {
            #[cfg(feature = "tracing")]
            let _entered = self.span.enter();
            let text = crate::telemetry::log::chain(error);
            // A refusal by Komerza concerns the app's code. A call that breaks on the way concerns the operator.
            if error.is_temporary() || matches!(error.kind(), ErrorKind::ProviderFault | ErrorKind::UnexpectedReply) {
                crate::telemetry::log::warn!(error = %text, "a call to Komerza failed");
            } else if let Some(scope) = error.needed_scope() {
                crate::telemetry::log::info!(scope, error = %text, "Komerza refused a call; the key may lack this permission");
            } else {
                let says = in_one_line(error.message().unwrap_or_default());
                crate::telemetry::log::debug!(error = %text, says, "Komerza refused a call");
            }
        }
        #[cfg(feature = "tracing")]
        {
            if let Some(status) = status {
                self.span.record("status", status.as_u16());
            }
            self.span.record("outcome", outcome).record("attempts", spent.attempts);
            self.span.record("wait_ms", u64::try_from(spent.waited.as_millis()).unwrap_or(u64::MAX));
        }
    }
}

/// Makes foreign text safe for a log: it cannot look like another line, and it is short.
fn in_one_line(text: &str) -> String {
    const MOST: usize = 300;
    text.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).take(MOST).collect()
}
