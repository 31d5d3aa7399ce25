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
