//! Log events, through `tracing` where the feature is on.
//!
//! Events carry attempt ids, kinds and key fingerprints: never a state, a code, a key, a query or a user's id.

macro_rules! event {
    ($level:ident, $($event:tt)+) => {{
        #[cfg(feature = "tracing")]
        tracing::$level!(target: "komerza_connect", $($event)+);
    }};
}

macro_rules! debug { ($($event:tt)+) => { $crate::log::event!(debug, $($event)+) }; }
macro_rules! info { ($($event:tt)+) => { $crate::log::event!(info, $($event)+) }; }
macro_rules! warn_ { ($($event:tt)+) => { $crate::log::event!(warn, $($event)+) }; }
macro_rules! error { ($($event:tt)+) => { $crate::log::event!(error, $($event)+) }; }

pub(crate) use {debug, error, event, info, warn_ as warn};

/// An error and its causes in one line: `the token store is not available: connection refused`.
#[cfg(any(feature = "tracing", feature = "store-contract"))]
pub(crate) fn chain<'a>(error: &'a dyn std::error::Error) -> impl std::fmt::Display + use<'a> {
    std::fmt::from_fn(move |f| {
        write!(f, "{error}")?;
        std::iter::successors(error.source(), |cause| cause.source()).try_for_each(|cause| write!(f, ": {cause}"))
    })
}
