//! The error of a token store.

use crate::kinds::kinds;
use std::{error::Error, fmt};

type Source = Box<dyn Error + Send + Sync>;

/// A call of a token store failed, or the store could not tell the result.
///
/// `Display` shows the kind and the cause. `Debug` shows the whole chain of causes, so that an error that
/// `main` returns is readable. [`cause`](Self::cause) returns the cause. [`source`](Error::source) returns
/// the cause of the cause, because `Display` already shows the cause.
///
/// # Security
/// Pass only causes that contain no key; a driver's error may quote the values of a statement. The error's
/// own text never contains a key.
///
/// ```
/// use komerza_connect::{store::StoreErrorKind, StoreError};
///
/// let refused = StoreError::unavailable(std::io::Error::from(std::io::ErrorKind::ConnectionRefused));
/// assert_eq!(refused.kind(), StoreErrorKind::Unavailable);
/// assert_eq!(refused.to_string(), "the token store is not available: connection refused");
/// assert!(refused.cause().is_some_and(|cause| cause.is::<std::io::Error>()));
/// ```
pub struct StoreError {
    kind: StoreErrorKind,
    source: Option<Source>,
}

kinds! {
    /// What sort of failure a [`StoreError`] is.
    StoreErrorKind
    /// The store cannot be reached, or it refused the call. Trying again later may help.
    Unavailable = "unavailable", SERVICE_UNAVAILABLE, "the token store is not available";
    /// The store did not answer within the deadline.
    TimedOut = "timed_out", SERVICE_UNAVAILABLE, "the token store did not answer in time";
    /// The record of this one user is there but cannot be read: its format is unknown, or it cannot be
    /// decrypted. The crate never deletes it for this reason; a new connect may replace it. A whole file or
    /// table that cannot be read is [`Unavailable`](Self::Unavailable), or
    /// [`Misconfigured`](Self::Misconfigured) if waiting cannot help.
    Unreadable = "unreadable", SERVICE_UNAVAILABLE, "a record of the token store cannot be read";
    /// The store answers but accepts no writes: it is a replica, its disk is full, or it has reached its
    /// memory limit. Loads may still work.
    NotWritable = "not_writable", SERVICE_UNAVAILABLE, "the token store takes no writes";
    /// The code of the store panicked. This is a defect of the store.
    Panicked = "panicked", INTERNAL_SERVER_ERROR, "the token store panicked";
    /// The store was set up wrongly: a bad address, a missing table or key. Only the operator of the app can
    /// correct this.
    Misconfigured = "misconfigured", SERVICE_UNAVAILABLE, "the token store is not set up correctly";
}

impl StoreError {
    /// The store cannot be reached, or it refused the call.
    pub fn unavailable(source: impl Into<Source>) -> Self {
        Self::of(StoreErrorKind::Unavailable, source)
    }

    /// The store answers but accepts no writes.
    pub fn not_writable(source: impl Into<Source>) -> Self {
        Self::of(StoreErrorKind::NotWritable, source)
    }

    /// A record is there but cannot be read.
    pub fn unreadable(source: impl Into<Source>) -> Self {
        Self::of(StoreErrorKind::Unreadable, source)
    }

    /// The store was set up wrongly.
    pub fn misconfigured(source: impl Into<Source>) -> Self {
        Self::of(StoreErrorKind::Misconfigured, source)
    }

    /// The store did not answer within its deadline.
    #[must_use]
    pub fn timed_out() -> Self {
        Self { kind: StoreErrorKind::TimedOut, source: None }
    }

    pub(super) fn of(kind: StoreErrorKind, source: impl Into<Source>) -> Self {
        Self { kind, source: Some(source.into()) }
    }

    /// The code of the store panicked.
    pub(crate) fn panicked() -> Self {
        Self { kind: StoreErrorKind::Panicked, source: None }
    }

    /// What sort of failure it is.
    #[must_use]
    pub fn kind(&self) -> StoreErrorKind {
        self.kind
    }

    /// The cause of the failure, as the store gave it.
    #[must_use]
    pub fn cause(&self) -> Option<&(dyn Error + Send + Sync + 'static)> {
        self.source.as_deref()
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.kind.title())?;
        self.source.iter().try_for_each(|cause| write!(f, ": {cause}"))
    }
}

impl fmt::Debug for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", crate::telemetry::log::chain(self))
    }
}

impl Error for StoreError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source.as_deref().and_then(|cause| cause.source())
    }
}
