//! A connection that is closed on purpose.

/// The connection is closed without an answer.
#[derive(Debug)]
pub(super) struct HangUp;

impl std::fmt::Display for HangUp {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the sandbox closes this connection on purpose")
    }
}

impl std::error::Error for HangUp {}
