//! Secret values. They print as redacted, and one method, which is easy to search for, returns the text.
//!
//! `expose_secret` is the only way to the text. None of these types implements `Display`, `Serialize` or `==`; all are wiped
//! from memory when the last copy is dropped.

use crate::{provider, store::KeyFingerprint};
use sha2::Digest;
use std::{
    fmt,
    sync::{Arc, OnceLock},
};
use zeroize::Zeroizing;

/// The longest API key that is accepted, in bytes. *Source*: our choice; the provider documents no length, and 16 KiB is what
/// common servers take in a header.
pub(crate) const API_KEY_MAX: usize = 16_384;

/// The longest authorization code that is accepted, in bytes. *Source*: our choice. Komerza documents no length, and servers of its
/// kind take request lines of 8,192 bytes, which the code is a part of.
pub(crate) const CODE_MAX: usize = 8_000;

/// A Komerza API key, which OAuth calls an access token.
///
/// It opens a user's stores until the user revokes it. It never appears in logs, `Debug` output or
/// errors. Clones share one copy in memory.
///
/// ```
/// use komerza_connect::ApiKey;
///
/// let key = ApiKey::new("obviously-fake-key")?;
/// assert_eq!(key.expose_secret(), "obviously-fake-key");
/// assert!(!format!("{key:?}").contains("fake"));
/// # Ok::<(), komerza_connect::config::InvalidSecret>(())
/// ```
#[derive(Clone)]
pub struct ApiKey(Arc<Key>);

struct Key {
    text: Zeroizing<Box<str>>,
    /// Computed when it is first needed, because a key in memory is read far more often than it changes.
    fingerprint: OnceLock<KeyFingerprint>,
}

impl ApiKey {
    /// Takes the text of a key: 1 to 16,384 bytes of visible ASCII. It is not parsed in any other way.
    ///
    /// # Errors
    /// [`InvalidSecret`] when a header could not carry the text.
    ///
    /// # Source
    /// The provider calls the key a JWT and documents neither length nor claims; so it is opaque here.
    pub fn new(text: impl Into<String>) -> Result<Self, InvalidSecret> {
        Ok(Self(Arc::new(Key { text: visible(text, API_KEY_MAX)?, fingerprint: OnceLock::new() })))
    }

    /// The text of the key.
    #[must_use]
    pub fn expose_secret(&self) -> &str {
        &self.0.text
    }

    /// A short hash of the text.
    pub(crate) fn fingerprint(&self) -> KeyFingerprint {
        *self.0.fingerprint.get_or_init(|| KeyFingerprint::of(self.expose_secret()))
    }
}

/// The client secret of an application, as the Komerza dashboard shows it.
///
/// ```
/// use komerza_connect::config::ClientSecret;
///
/// assert!(ClientSecret::new("too-short").is_err());
/// let secret = ClientSecret::new("x".repeat(72))?;
/// assert_eq!(format!("{secret:?}"), "ClientSecret(redacted)");
/// # Ok::<(), komerza_connect::config::InvalidSecret>(())
/// ```
#[derive(Clone)]
pub struct ClientSecret(Arc<Zeroizing<Box<str>>>);

impl ClientSecret {
    /// Takes a client secret: exactly 72 characters of visible ASCII.
    ///
    /// # Errors
    /// [`InvalidSecret`], which has the length of the text and never the text.
    ///
    /// # Source
    /// docs.komerza.com, "Exchange": the header takes a string of 72 characters.
    pub fn new(text: impl Into<String>) -> Result<Self, InvalidSecret> {
        let text = Zeroizing::new(text.into());
        if text.chars().count() != provider::CLIENT_SECRET_LENGTH {
            return Err(InvalidSecret::Length { found: text.chars().count(), wanted: provider::CLIENT_SECRET_LENGTH });
        }
        Self::with_any_length(text.as_str())
    }

    /// Same as [`new`](Self::new), for the day when the provider changes the length: 1 to 16,384 bytes.
    ///
    /// # Errors
    /// [`InvalidSecret`] when a header could not carry the text.
    pub fn with_any_length(text: impl Into<String>) -> Result<Self, InvalidSecret> {
        visible(text, API_KEY_MAX).map(|text| Self(Arc::new(text)))
    }

    /// The text of the secret.
    #[must_use]
    pub fn expose_secret(&self) -> &str {
        &self.0
    }
}

/// An authorization code, as the provider hands it to the callback. It lives a minute and works once.
pub struct AuthorizationCode(Zeroizing<Box<str>>);

impl AuthorizationCode {
    /// Takes a code: 1 to 8,000 bytes of visible ASCII, and neither `.` nor `..`, because it becomes a segment of a
    /// path.
    ///
    /// # Errors
    /// [`InvalidSecret`]. The login attempt stays valid for the right code.
    ///
    /// # Source
    /// The provider documents neither alphabet nor length; the bounds are ours. RFC 3986, section 5.2.4, for the dots.
    pub fn new(text: impl Into<String>) -> Result<Self, InvalidSecret> {
        let text = visible(text, CODE_MAX)?;
        if matches!(&**text, "." | "..") {
            return Err(InvalidSecret::DotSegment);
        }
        Ok(Self(text))
    }

    /// The text of the code.
    #[must_use]
    pub fn expose_secret(&self) -> &str {
        &self.0
    }

    /// A hash that tells codes apart, so that they need not be kept.
    pub(crate) fn hash(&self) -> CodeHash {
        sha2::Sha256::digest(self.expose_secret()).into()
    }
}

/// A hash of an authorization code.
pub(crate) type CodeHash = [u8; 32];

/// A text that a header can carry.
fn visible(text: impl Into<String>, most: usize) -> Result<Zeroizing<Box<str>>, InvalidSecret> {
    let text = Zeroizing::new(text.into());
    match text.len() {
        0 => Err(InvalidSecret::Empty),
        found if found > most => Err(InvalidSecret::TooLong { found, most }),
        _ if !text.bytes().all(|byte| byte.is_ascii_graphic()) => Err(InvalidSecret::Unprintable),
        _ => Ok(Zeroizing::new(text.as_str().into())),
    }
}

crate::kinds::redacted!(ApiKey, ClientSecret, AuthorizationCode);

/// The reason why a text is not a valid secret. It never contains the text.
#[derive(Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum InvalidSecret {
    /// The text is empty.
    Empty,
    /// Longer than this crate takes, in bytes.
    TooLong {
        /// Bytes that were given.
        found: usize,
        /// Bytes that are allowed.
        most: usize,
    },
    /// Not the documented number of characters.
    Length {
        /// Characters that were given.
        found: usize,
        /// Characters that the provider documents.
        wanted: usize,
    },
    /// A space, a control character or a character beyond ASCII is in it.
    Unprintable,
    /// It is `.` or `..`, which a URL would resolve instead of carry.
    DotSegment,
}

impl fmt::Display for InvalidSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("the key or secret is empty"),
            Self::TooLong { found, most } => {
                write!(f, "the key or secret has {found} bytes; at most {most} are accepted")
            }
            Self::Length { found, wanted } => write!(f, "the secret has {found} characters; Komerza's have {wanted}"),
            Self::Unprintable => f.write_str("the key or secret has a character that is not visible ASCII"),
            Self::DotSegment => f.write_str("the authorization code is `.` or `..`"),
        }
    }
}

crate::kinds::readable!(InvalidSecret);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_that_a_header_or_a_path_cannot_carry_are_refused() {
        let long = "k".repeat(API_KEY_MAX + 1);
        for (text, why) in [
            ("", InvalidSecret::Empty),
            ("a b", InvalidSecret::Unprintable),
            ("a\r\nx: y", InvalidSecret::Unprintable),
            ("clé", InvalidSecret::Unprintable),
            (long.as_str(), InvalidSecret::TooLong { found: API_KEY_MAX + 1, most: API_KEY_MAX }),
        ] {
            assert_eq!(ApiKey::new(text).unwrap_err(), why);
        }
        assert!(ApiKey::new("k".repeat(API_KEY_MAX)).is_ok());
        for dots in [".", ".."] {
            assert_eq!(AuthorizationCode::new(dots).unwrap_err(), InvalidSecret::DotSegment);
        }
        assert!(AuthorizationCode::new("...").is_ok());
        assert!(AuthorizationCode::new("c".repeat(CODE_MAX + 1)).is_err());
    }

    #[test]
    fn a_client_secret_of_another_length_needs_the_explicit_way() {
        let wrong = InvalidSecret::Length { found: 71, wanted: 72 };
        assert_eq!(ClientSecret::new("s".repeat(71)).unwrap_err(), wrong);
        assert!(ClientSecret::with_any_length("s".repeat(71)).is_ok());
    }
}
