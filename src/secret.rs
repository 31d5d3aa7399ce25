//! Secret values. They print as redacted.
//!
//! Only the method `expose_secret` returns the text, so you can search for its uses. None of these types
//! implements `Display`, `Serialize` or `==`; all are wiped from memory when the last copy is dropped.

use crate::message::{DOT_SEGMENT, InvalidValue, NOT_VISIBLE_ASCII, SECRET_LENGTH, made_of};
use crate::{provider, store::KeyFingerprint};
use sha2::Digest;
use std::sync::{Arc, OnceLock};
use zeroize::Zeroizing;

/// The longest API key that is accepted, in bytes. *Source*: our choice; the provider documents no length,
/// and 16 KiB is what common servers take in a header.
pub(crate) const API_KEY_MAX: usize = 16_384;

/// The longest authorization code that is accepted, in bytes. *Source*: our choice. Komerza documents no
/// length. The code is a part of the request line, which servers like Komerza's limit to 8,192 bytes.
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
/// # Ok::<(), komerza_connect::config::InvalidValue>(())
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
    /// [`InvalidValue`] when a header could not carry the text.
    ///
    /// # Source
    /// Komerza calls the key a JWT and documents neither its length nor its claims. So this crate does not
    /// look into it.
    pub fn new(text: impl Into<String>) -> Result<Self, InvalidValue> {
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
/// # Ok::<(), komerza_connect::config::InvalidValue>(())
/// ```
#[derive(Clone)]
pub struct ClientSecret(Arc<Zeroizing<Box<str>>>);

impl ClientSecret {
    /// Takes a client secret: exactly 72 characters of visible ASCII.
    ///
    /// # Errors
    /// [`InvalidValue`], which names the length of the text and never the text.
    ///
    /// # Source
    /// docs.komerza.com, "Exchange": the header takes a string of 72 characters.
    pub fn new(text: impl Into<String>) -> Result<Self, InvalidValue> {
        let text = Zeroizing::new(text.into());
        match text.chars().count() {
            0 | provider::CLIENT_SECRET_LENGTH => Self::with_any_length(text.as_str()),
            found => Err(SECRET_LENGTH.with(found)),
        }
    }

    /// Same as [`new`](Self::new), but the secret may have 1 to 16,384 bytes. Use it if Komerza changes the
    /// length.
    ///
    /// # Errors
    /// [`InvalidValue`] when a header could not carry the text.
    pub fn with_any_length(text: impl Into<String>) -> Result<Self, InvalidValue> {
        visible(text, API_KEY_MAX).map(|text| Self(Arc::new(text)))
    }

    /// The text of the secret.
    #[must_use]
    pub fn expose_secret(&self) -> &str {
        &self.0
    }
}

/// An authorization code, as Komerza sends it to the callback. It is valid for one minute and works once.
pub struct AuthorizationCode(Zeroizing<Box<str>>);

impl AuthorizationCode {
    /// Takes a code: 1 to 8,000 bytes of visible ASCII, and neither `.` nor `..`, because it becomes a
    /// segment of a path.
    ///
    /// # Errors
    /// [`InvalidValue`]. The login attempt stays valid for the right code.
    ///
    /// # Source
    /// Komerza documents neither the characters nor the length, so the limits are our choice. RFC 3986,
    /// section 5.2.4, for the dots.
    pub fn new(text: impl Into<String>) -> Result<Self, InvalidValue> {
        let text = visible(text, CODE_MAX)?;
        if matches!(&**text, "." | "..") {
            return DOT_SEGMENT.wrong();
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
fn visible(text: impl Into<String>, most: usize) -> Result<Zeroizing<Box<str>>, InvalidValue> {
    let text = Zeroizing::new(text.into());
    made_of(|letter| letter.is_ascii_graphic(), &text, most, &NOT_VISIBLE_ASCII)?;
    Ok(Zeroizing::new(text.as_str().into()))
}

crate::kinds::redacted!(ApiKey, ClientSecret, AuthorizationCode);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::{EMPTY, TOO_LONG};

    #[test]
    fn texts_that_a_header_or_a_path_cannot_carry_are_refused() {
        let long = "k".repeat(API_KEY_MAX + 1);
        for (text, why) in [
            ("", (&EMPTY).into()),
            ("a b", (&NOT_VISIBLE_ASCII).into()),
            ("a\r\nx: y", (&NOT_VISIBLE_ASCII).into()),
            ("clé", (&NOT_VISIBLE_ASCII).into()),
            (long.as_str(), TOO_LONG.with(API_KEY_MAX)),
        ] {
            assert_eq!(ApiKey::new(text).unwrap_err(), why);
        }
        assert!(ApiKey::new("k".repeat(API_KEY_MAX)).is_ok());
        for dots in [".", ".."] {
            assert_eq!(AuthorizationCode::new(dots).unwrap_err(), (&DOT_SEGMENT).into());
        }
        assert!(AuthorizationCode::new("...").is_ok());
        assert!(AuthorizationCode::new("c".repeat(CODE_MAX + 1)).is_err());
    }

    #[test]
    fn a_client_secret_of_another_length_needs_the_explicit_way() {
        assert_eq!(ClientSecret::new("s".repeat(71)).unwrap_err(), SECRET_LENGTH.with(71));
        assert!(ClientSecret::with_any_length("s".repeat(71)).is_ok());
    }
}
