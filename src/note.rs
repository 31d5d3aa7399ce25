//! A short note by the app about one connection.

use std::{fmt, sync::Arc};

/// A short note by the app about one connection, such as its plan, invitation or tenant.
///
/// [`before_leaving`](crate::Hooks::before_leaving) returns it. During the login it is encrypted in the login
/// attempt's cookie. [`before_storing`](crate::Hooks::before_storing) and
/// [`connected`](crate::Hooks::connected) receive it. Then it is kept in the record: see
/// [`KomerzaKey::note`](crate::KomerzaKey::note) and [`StoredToken::note`](crate::StoredToken::note). A later
/// connection replaces the note. If the later connection has no note, the record has none either.
///
/// ```
/// use komerza_connect::hooks::Note;
///
/// assert_eq!(Note::new("plan=pro")?.as_str(), "plan=pro");
/// assert_eq!(Note::new("x".repeat(257)).unwrap_err().found, 257);
/// # Ok::<(), komerza_connect::hooks::NoteTooLong>(())
/// ```
///
/// # Security
/// Anyone who can read the store can read the note. An `EncryptedStore` does not encrypt the note, but
/// detects if it was changed. The note's `Debug` shows only its length.
#[derive(Clone, PartialEq, Eq)]
pub struct Note(Arc<str>);

/// A [`Note`] has at most this many bytes. *Source*: our choice, so that five attempts still fit into the
/// cookies of a request.
const MOST: usize = 256;

impl Note {
    /// Makes a note of 0 to 256 bytes.
    ///
    /// # Errors
    /// [`NoteTooLong`] for a longer text. Keep it in your own database, and note its id.
    pub fn new(text: impl Into<Arc<str>>) -> Result<Self, NoteTooLong> {
        let text = text.into();
        if text.len() > MOST { Err(NoteTooLong { found: text.len() }) } else { Ok(Self(text)) }
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Note({} bytes)", self.0.len())
    }
}

/// The text of a [`Note`] has more than 256 bytes.
#[derive(Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct NoteTooLong {
    /// How many bytes the text has.
    pub found: usize,
}

impl fmt::Display for NoteTooLong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a note has at most {MOST} bytes, and this one has {}", self.found)
    }
}

crate::kinds::readable!(NoteTooLong);
