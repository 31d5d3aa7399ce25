//! Runs the app's own code: a look-up, a store, a hook, a clock. The one place where its panics are caught.
//!
//! 1. A panic becomes an ERROR event. It names the code that panicked, but not the panic's text, which may contain
//!    anything.
//! 2. A future that panicked is not polled again, and shares no half-changed state with the crate.
//! 3. The caller decides what the panic means for the visitor. Usually it is 500 `internal`, and no code counts as
//!    used.

use crate::telemetry::log;
use std::{
    future::{Future, poll_fn},
    panic::{AssertUnwindSafe, catch_unwind},
    pin::pin,
    task::Poll,
    time::Duration,
};
use tokio::time::error::Elapsed;

/// Why the app's own code gave no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unfinished {
    Late,
    Panicked,
}

/// Runs a future of the app under a deadline. `what` names it in the log.
pub(crate) async fn run<T>(
    what: &'static str,
    deadline: Duration,
    call: impl Future<Output = T>,
) -> Result<T, Unfinished> {
    match timeout(deadline, caught(what, call)).await {
        Ok(Some(answer)) => Ok(answer),
        Ok(None) => Err(Unfinished::Panicked),
        Err(_) => Err(Unfinished::Late),
    }
}

/// Runs a future: `None` if it panicked.
pub(crate) async fn caught<T>(what: &'static str, call: impl Future<Output = T>) -> Option<T> {
    let mut call = pin!(call);
    poll_fn(|task| match caught_now(what, || call.as_mut().poll(task)) {
        Some(poll) => poll.map(Some),
        None => Poll::Ready(None),
    })
    .await
}

/// Calls a function: `None` if it panicked.
pub(crate) fn caught_now<T>(what: &'static str, call: impl FnOnce() -> T) -> Option<T> {
    let called = catch_unwind(AssertUnwindSafe(call));
    if called.is_err() {
        log::error!(what, "the app's own code panicked");
    }
    called.ok()
}

/// As tokio's, but a future that is ready at once, such as a look-up in memory, pays for no timer.
async fn timeout<T>(deadline: Duration, call: impl Future<Output = T>) -> Result<T, Elapsed> {
    let mut call = pin!(call);
    match poll_fn(|task| Poll::Ready(call.as_mut().poll(task))).await {
        Poll::Ready(done) => Ok(done),
        // Boxed, so that it adds nothing to the size of futures that never wait.
        Poll::Pending => Box::pin(tokio::time::timeout(deadline, call)).await,
    }
}
