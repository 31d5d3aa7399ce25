//! Runs the app's own code: a look-up, a store, a hook, a clock. Panics of that code are caught only here.
//!
//! 1. A panic becomes an ERROR event. It names the code that panicked, but not the panic's text, which may
//!    contain anything.
//! 2. A future that panicked is not polled again, and shares no half-changed state with the crate.
//! 3. The caller decides what the panic means for the visitor. Usually it is 500 `internal`, and no
//!    authorization code counts as used.

use crate::telemetry::log;
use pin_project_lite::pin_project;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::task::{Context, Poll};
use std::{future::Future, pin::Pin, time::Duration};
use tokio::time::{Sleep, sleep};

/// Why the app's own code gave no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unfinished {
    Late,
    Panicked,
}

/// Runs a future of the app under a deadline. `what` names it in the log.
pub(crate) fn run<F: Future>(what: &'static str, deadline: Duration, call: F) -> Run<F> {
    Run { what, deadline: Some(deadline), timer: None, call }
}

/// Runs a future without a deadline. It is never [`Unfinished::Late`].
pub(crate) fn caught<F: Future>(what: &'static str, call: F) -> Run<F> {
    Run { what, deadline: None, timer: None, call }
}

// Written by hand, because an `async fn` around a call would hold the call twice and copy it, for every
// request.
pin_project! {
    pub(crate) struct Run<F> {
        what: &'static str,
        deadline: Option<Duration>,
        // A call that is ready at once, such as a look-up in memory, needs no timer.
        timer: Option<Pin<Box<Sleep>>>,
        #[pin]
        call: F,
    }
}

impl<F: Future> Future for Run<F> {
    type Output = Result<F::Output, Unfinished>;

    fn poll(self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        match caught_now(this.what, || this.call.poll(task)) {
            None => return Poll::Ready(Err(Unfinished::Panicked)),
            Some(Poll::Ready(answer)) => return Poll::Ready(Ok(answer)),
            Some(Poll::Pending) => {}
        }
        let Some(deadline) = *this.deadline else { return Poll::Pending };
        let timer = this.timer.get_or_insert_with(|| Box::pin(sleep(deadline)));
        timer.as_mut().poll(task).map(|()| Err(Unfinished::Late))
    }
}

/// Calls a function: `None` if it panicked.
pub(crate) fn caught_now<T>(what: &'static str, call: impl FnOnce() -> T) -> Option<T> {
    let called = catch_unwind(AssertUnwindSafe(call));
    if called.is_err() {
        log::error!(what, "the app's own code panicked");
    }
    called.ok()
}
