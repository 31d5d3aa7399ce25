//! Log events, through `tracing` where the feature is on.
//!
//! Events carry attempt ids, kinds and key fingerprints: never a state, a code, a key, a query or a user's id.
//! An error is shown as the whole [`chain`] of its causes: the last one is what the driver said.

macro_rules! event {
    ($level:ident, $($event:tt)+) => {{
        #[cfg(feature = "tracing")]
        tracing::$level!(target: "komerza_connect", $($event)+);
    }};
}

macro_rules! debug { ($($event:tt)+) => { $crate::telemetry::log::event!(debug, $($event)+) }; }
macro_rules! info { ($($event:tt)+) => { $crate::telemetry::log::event!(info, $($event)+) }; }
macro_rules! warn_ { ($($event:tt)+) => { $crate::telemetry::log::event!(warn, $($event)+) }; }
macro_rules! error { ($($event:tt)+) => { $crate::telemetry::log::event!(error, $($event)+) }; }

pub(crate) use {debug, error, event, info, warn_ as warn};

/// An error with all its causes in one line, outermost first:
/// `the token store is not available: connection refused`.
///
/// Inside the macros call it as `crate::telemetry::log::chain`: if `tracing` also writes to the `log` crate,
/// its macros bring the name `log` with them.
pub(crate) fn chain<'a>(error: &'a dyn std::error::Error) -> impl std::fmt::Display + use<'a> {
    std::fmt::from_fn(move |f| {
        // Texts for visitors are whole sentences.
        write!(f, "{}", error.to_string().trim_end_matches('.'))?;
        std::iter::successors(error.source(), |cause| cause.source()).try_for_each(|cause| write!(f, ": {cause}"))
    })
}

/// Lets a separate task log into the span of the request that started it.
pub(crate) fn in_current_span<F: Future>(task: F) -> impl Future<Output = F::Output> {
    #[cfg(feature = "tracing")]
    let task = tracing::Instrument::in_current_span(task);
    task
}

#[cfg(test)]
mod tests {
    use super::chain;
    use std::{error::Error, fmt, io};

    #[derive(Debug)]
    struct Layered(&'static str, Option<Box<dyn Error>>);

    impl fmt::Display for Layered {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str(self.0)
        }
    }

    impl Error for Layered {
        fn source(&self) -> Option<&(dyn Error + 'static)> {
            self.1.as_deref()
        }
    }

    #[test]
    fn a_chain_has_every_cause_once_and_the_driver_last() {
        let store = Layered("the store is not available", Some(Box::new(io::Error::other("connection refused"))));
        assert_eq!(chain(&Layered("too late", None)).to_string(), "too late");
        assert_eq!(
            chain(&Layered("The app cannot reach its storage right now.", Some(Box::new(store)))).to_string(),
            "The app cannot reach its storage right now: the store is not available: connection refused"
        );
    }
}
