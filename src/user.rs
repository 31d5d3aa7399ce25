//! The id of a user: your app's own user, or a browser if your app has no users.

use std::{fmt, sync::Arc};

/// The longest user id, in bytes. *Source*: our choice, because it fits every store's key column.
pub(crate) const USER_ID_MAX: usize = 255;

/// The id of a user in the token store.
///
/// It has 1 to 255 bytes of UTF-8 and is compared byte by byte, so `Alice` and `alice` are two
/// users. U+0000 is refused, because PostgreSQL's text type cannot store it. Use an id that never
/// changes and is never reused, such as a primary key. Do not use an e-mail address.
///
/// ```
/// use komerza_connect::UserId;
///
/// let id = UserId::new("alice")?;
/// assert_eq!(id.as_str(), "alice");
/// assert_eq!(UserId::from(42_u64).as_str(), "42");
/// assert!(UserId::new("").is_err());
/// # Ok::<(), komerza_connect::user::InvalidUserId>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UserId(Arc<str>);

impl UserId {
    /// Makes an id from a text. The text is never shortened or changed.
    ///
    /// # Errors
    /// [`InvalidUserId`] if it is empty, longer than 255 bytes or contains U+0000.
    pub fn new(id: impl AsRef<str>) -> Result<Self, InvalidUserId> {
        let id = id.as_ref();
        match id.len() {
            0 => Err(InvalidUserId("cannot be empty".into())),
            found if found > USER_ID_MAX => Err(InvalidUserId(format!("has at most {USER_ID_MAX} bytes, not {found}"))),
            _ if id.contains('\0') => Err(InvalidUserId("cannot contain U+0000".into())),
            _ => Ok(Self(id.into())),
        }
    }

    /// The text of the id.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// For ids this crate makes itself, which are short ASCII.
    pub(crate) fn generated(id: &str) -> Self {
        debug_assert!((1..=USER_ID_MAX).contains(&id.len()) && id.is_ascii(), "a generated user id is short ASCII");
        Self(id.into())
    }
}

macro_rules! from_number {
    ($($number:ty),*) => {$(
        /// The decimal digits.
        impl From<$number> for UserId {
            fn from(id: $number) -> Self {
                Self::generated(itoa::Buffer::new().format(id))
            }
        }
    )*};
}
from_number!(i32, u32, i64, u64, u128);

/// The reason why a text is not a valid [`UserId`].
#[derive(Clone, PartialEq, Eq)]
pub struct InvalidUserId(String);

impl fmt::Display for InvalidUserId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a user id {}", self.0)
    }
}

crate::kinds::readable!(InvalidUserId);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_out_of_range_is_refused_and_never_cut() {
        assert_eq!(UserId::new("a".repeat(256)).unwrap_err().to_string(), "a user id has at most 255 bytes, not 256");
        assert_eq!(UserId::new("é".repeat(127)).unwrap().as_str().len(), 254);
        assert_eq!(UserId::new("a\0").unwrap_err().to_string(), "a user id cannot contain U+0000");
    }

    #[test]
    fn ids_are_compared_byte_by_byte() {
        assert_ne!(UserId::new("Alice").unwrap(), UserId::new("alice").unwrap());
        assert_ne!(UserId::new("e\u{301}").unwrap(), UserId::new("é").unwrap());
        assert_ne!(UserId::new("a ").unwrap(), UserId::new("a").unwrap());
    }
}
