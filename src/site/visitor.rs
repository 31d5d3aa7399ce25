//! What is known about a request's visitor when its answer goes out: whether its handler asked for the key,
//! whether a person will look at the answer, and whether the session is renewed.
//!
//! It is known only in the task that answers the request. If a handler answers from another task, its errors
//! are not shown as pages, and the answer gets neither `no-store` nor a renewed session.

use super::page::Look;
use http::HeaderValue;
use std::{cell::RefCell, sync::Arc, time::Duration};
use tokio::time::Instant;

/// A handler asked for the key of this visitor.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    /// Whether a browser is loading a page.
    pub(crate) page: bool,
    /// Whether the same address can be loaded again.
    pub(crate) get: bool,
    /// The cookie that renews the visitor's session, and since when.
    pub(crate) renewal: Option<(HeaderValue, Instant)>,
    /// When to come back, as an error or a rejection in this request says. The app may answer in its own words.
    pub(crate) retry_after: Option<Duration>,
    /// How the pages of this app look.
    pub(crate) look: Arc<Look>,
}

thread_local! {
    /// What is known of the request that is being worked on right now. `None`: this is no request of a layer.
    static CURRENT: RefCell<Option<Option<Asked>>> = const { RefCell::new(None) };
}

/// Runs one step of a request's work and keeps in `asked` what it learns.
pub(crate) fn within<T>(asked: &mut Option<Asked>, work: impl FnOnce() -> T) -> T {
    /// Restores the thread's former state, even if the work panics.
    struct Back<'a>(&'a mut Option<Asked>, Option<Option<Asked>>);

    impl Drop for Back<'_> {
        fn drop(&mut self) {
            *self.0 = CURRENT.replace(self.1.take()).flatten();
        }
    }

    let before = CURRENT.replace(Some(asked.take()));
    let _back = Back(asked, before);
    work()
}

/// A handler asks for the key.
pub(crate) fn asks(asked: Asked) {
    CURRENT.with_borrow_mut(|current| current.as_mut()?.replace(asked));
}

/// Adds to what is known of the visitor who asked.
pub(crate) fn learns(change: impl FnOnce(&mut Asked)) {
    CURRENT.with_borrow_mut(|current| current.as_mut()?.as_mut().map(change));
}

/// Who asked for the key in the request that is being answered.
pub(crate) fn asked() -> Option<Asked> {
    CURRENT.with_borrow(|current| current.clone().flatten())
}
