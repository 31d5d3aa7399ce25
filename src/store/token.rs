//! The record of a user, and its text form.

#![deny(clippy::arithmetic_side_effects, reason = "it reads what others wrote")]

use crate::random::{Randomness, RandomnessError, SystemRandomness, draw};
use crate::time::{from_unix_millis, unix_millis};
use crate::{attempt::AttemptId, note::Note, secret::ApiKey, store::StoreError, strict_json};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD as BASE64URL};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::{fmt, mem::take, str::FromStr, time::SystemTime};
use zeroize::Zeroizing;

/// The record of one user: the API key, the version of this save, and its time.
///
/// Stores keep it as the text of [`to_text`](Self::to_text), so that later fields need no migration. A store
/// whose database compares the versions also keeps [`version`](Self::version) in a column. Clones share the
/// key.
#[derive(Clone)]
pub struct StoredToken {
    pub(super) content: Content,
    version: TokenVersion,
    saved_at: u64,
    attempt: Option<AttemptId>,
    note: Option<Note>,
}

/// The key, or what stands in its place when a wrapper has sealed it.
#[derive(Clone)]
pub(crate) enum Content {
    Plain(ApiKey),
    #[allow(dead_code, reason = "read and written by the sealing wrapper alone")]
    Sealed(Box<str>),
}

/// The text form. What is secret is wiped. Unknown fields are ignored, so that a newer version of this crate
/// may add some.
#[derive(Serialize, Deserialize)]
struct TextForm {
    format: u8,
    version: String,
    saved_at: u64,
    /// A text. Any other value counts as no attempt.
    #[serde(default, skip_serializing_if = "Value::is_null")]
    attempt: Value,
    #[serde(default, skip_serializing_if = "Value::is_null")]
    note: Value,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    key: Option<Zeroizing<String>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    sealed: Option<Zeroizing<String>>,
}

const FORMAT: u8 = 1;

impl StoredToken {
    /// Makes a record of `key` with the current time and a new version. It does not save it.
    ///
    /// The crate makes records itself after each exchange. Make one to import a key that you
    /// already have.
    ///
    /// # Errors
    /// [`RandomnessError`] if the operating system gives no random bytes for the version.
    pub fn new(key: ApiKey) -> Result<Self, RandomnessError> {
        Ok(Self::saved(key, TokenVersion::draw(&SystemRandomness)?, SystemTime::now(), None))
    }

    pub(crate) fn saved(key: ApiKey, version: TokenVersion, at: SystemTime, attempt: Option<AttemptId>) -> Self {
        Self { content: Content::Plain(key), version, saved_at: unix_millis(at), attempt, note: None }
    }

    /// The same record with other content: how a wrapper seals and opens it.
    #[allow(dead_code, reason = "called by the sealing wrapper alone")]
    pub(super) fn with_content(&self, content: Content) -> Self {
        Self { content, ..self.clone() }
    }

    /// The key.
    ///
    /// # Errors
    /// [`StoreErrorKind::Unreadable`](crate::store::StoreErrorKind::Unreadable) if the record is
    /// encrypted. Read it through the wrapper that encrypted it.
    pub fn api_key(&self) -> Result<&ApiKey, StoreError> {
        let Content::Plain(key) = &self.content else {
            return Err(StoreError::unreadable("the record is encrypted; read it through an EncryptedStore"));
        };
        Ok(key)
    }

    /// The version of this save. Every save has a new one, even for the same key.
    #[must_use]
    pub fn version(&self) -> &TokenVersion {
        &self.version
    }

    /// When the record was made, to the millisecond, by the clock of the machine that made it.
    #[must_use]
    pub fn saved_at(&self) -> SystemTime {
        from_unix_millis(self.saved_at)
    }

    /// The login attempt that the key came from. `None` for a key that the app imported, and in a
    /// record that was written without it.
    #[must_use]
    pub fn attempt(&self) -> Option<AttemptId> {
        self.attempt
    }

    /// What the app noted when the login began; see [`Note`].
    #[must_use]
    pub fn note(&self) -> Option<&Note> {
        self.note.as_ref()
    }

    /// Returns this record with `note`, or without a note.
    #[must_use]
    pub fn with_note(self, note: Option<Note>) -> Self {
        Self { note, ..self }
    }

    /// A short hash of the key, for logs and pages. If the record is encrypted, it is a hash of the
    /// encrypted text.
    #[must_use]
    pub fn fingerprint(&self) -> KeyFingerprint {
        match &self.content {
            Content::Plain(key) => key.fingerprint(),
            Content::Sealed(text) => KeyFingerprint::of(text),
        }
    }

    /// The record as one line of JSON text, of any length.
    ///
    /// # Security
    /// The text contains the key in plain text. Give it only to the store.
    #[must_use]
    pub fn to_text(&self) -> String {
        let (key, sealed) = match &self.content {
            Content::Plain(key) => (Some(Zeroizing::new(key.expose_secret().to_owned())), None),
            Content::Sealed(text) => (None, Some(Zeroizing::new(text.to_string()))),
        };
        let form = TextForm {
            format: FORMAT,
            version: self.version.to_string(),
            saved_at: self.saved_at,
            attempt: self.attempt.map_or(Value::Null, |attempt| attempt.to_string().into()),
            note: self.note.as_ref().map_or(Value::Null, |note| note.as_str().into()),
            key,
            sealed,
        };
        // Strings and numbers alone: there is nothing in it that could fail to serialise.
        serde_json::to_string(&form).unwrap_or_default()
    }

    /// Reads a text of [`to_text`](Self::to_text), from this or an earlier version of the crate.
    ///
    /// # Errors
    /// [`StoreErrorKind::Unreadable`](crate::store::StoreErrorKind::Unreadable) for any other text.
    /// The error does not contain the text.
    pub fn from_text(text: &str) -> Result<Self, StoreError> {
        // Not serde_json's own error, which may quote what it read.
        let form: TextForm =
            strict_json::object(text.as_bytes()).map_err(|_| StoreError::unreadable("not a record of this crate"))?;
        if form.format != FORMAT {
            return Err(StoreError::unreadable(format!(
                "this version of komerza-connect does not know record format {}",
                form.format
            )));
        }
        let content = match (form.key, form.sealed) {
            (Some(mut key), None) => Content::Plain(ApiKey::new(take(&mut *key)).map_err(StoreError::unreadable)?),
            (None, Some(sealed)) => Content::Sealed(sealed.as_str().into()),
            _ => return Err(StoreError::unreadable("a record must have either a key or an encrypted key")),
        };
        let version = form.version.parse().map_err(StoreError::unreadable)?;
        // An attempt that cannot be read is one that is not known.
        let attempt = form.attempt.as_str().and_then(AttemptId::parse);
        let note = form.note.as_str().and_then(|note| Note::new(note).ok());
        Ok(Self { content, version, saved_at: form.saved_at, attempt, note })
    }
}

impl fmt::Debug for StoredToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StoredToken")
            .field("fingerprint", &self.fingerprint())
            .field("version", &self.version)
            .field("saved_at", &self.saved_at())
            .finish_non_exhaustive()
    }
}

/// Identifies one save of a record: 128 random bits, new on every save.
///
/// Its text is 32 hexadecimal digits.
///
/// ```
/// use komerza_connect::TokenVersion;
///
/// let version: TokenVersion = "000102030405060708090a0b0c0d0e0f".parse()?;
/// assert_eq!(version.to_string(), "000102030405060708090a0b0c0d0e0f");
/// # Ok::<(), komerza_connect::StoreError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct TokenVersion([u8; 16]);

impl TokenVersion {
    /// Draws a new one.
    pub(crate) fn draw(randomness: &dyn Randomness) -> Result<Self, RandomnessError> {
        Ok(Self(draw(randomness)?))
    }
}

impl fmt::Display for TokenVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", u128::from_be_bytes(self.0))
    }
}

impl FromStr for TokenVersion {
    type Err = StoreError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        // One text for each version: neither a sign nor capitals, and all leading zeros.
        let exact = text.len() == 32 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        let version = u128::from_str_radix(text, 16).ok().filter(|_| exact).map(|number| Self(number.to_be_bytes()));
        version.ok_or_else(|| StoreError::unreadable("a version has 32 hexadecimal digits"))
    }
}

/// A short hash of an API key, safe to log and to show. It has 12 characters and does not reveal
/// the key.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct KeyFingerprint([u8; 9]);

impl KeyFingerprint {
    /// The fingerprint of this key: a short hash that is safe in logs and on pages.
    #[must_use]
    pub fn of(key: &str) -> Self {
        let hash = Sha256::new().chain_update(b"komerza-connect key fingerprint\0").chain_update(key).finalize();
        Self(hash.first_chunk().copied().unwrap_or_default())
    }
}

impl fmt::Display for KeyFingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&BASE64URL.encode(self.0))
    }
}

crate::kinds::named!(TokenVersion, KeyFingerprint);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::StoreErrorKind;

    fn token(key: &str) -> StoredToken {
        StoredToken::new(ApiKey::new(key).unwrap()).unwrap()
    }

    #[test]
    fn a_note_is_kept_and_one_that_is_too_long_is_none() {
        let token = token("obviously-fake-key").with_note(Note::new("a\n\"b").ok());
        let read = StoredToken::from_text(&token.to_text()).unwrap();
        assert_eq!(read.note().unwrap().as_str(), "a\n\"b");
        let long = token.to_text().replace("\"a\\n\\\"b\"", &format!("\"{}\"", "x".repeat(257)));
        assert_ne!(long, token.to_text());
        assert!(StoredToken::from_text(&long).unwrap().note().is_none());
        assert!(StoredToken::from_text(&token.clone().with_note(None).to_text()).unwrap().note().is_none());
    }

    #[test]
    fn a_record_survives_its_text_form() {
        let token = token(r#"obviously-fake-"key"\with-quotes"#);
        let again = StoredToken::from_text(&token.to_text()).unwrap();
        assert_eq!(again.api_key().unwrap().expose_secret(), token.api_key().unwrap().expose_secret());
        assert_eq!((again.version(), again.saved_at()), (token.version(), token.saved_at()));
    }

    #[test]
    fn two_saves_of_one_key_have_two_versions_and_one_fingerprint() {
        let (one, two) = (token("obviously-fake"), token("obviously-fake"));
        assert_ne!(one.version(), two.version());
        assert_eq!(one.fingerprint(), two.fingerprint());
        assert_eq!(one.fingerprint().to_string().len(), 12);
    }

    #[test]
    fn what_is_no_record_is_unreadable_and_not_quoted() {
        let good = token("obviously-fake").to_text();
        for text in [
            "",
            "null",
            "obviously-fake",
            r#"{"format":1,"version":"obviously","saved_at":1,"key":"obviously-fake"}"#,
            r#"{"format":1,"version":"000102030405060708090a0b0c0d0e0f","saved_at":1}"#,
            r#"{"format":1,"version":"000102030405060708090a0b0c0d0e0f","saved_at":1,"key":"obviously fake"}"#,
            &good.replace("\"format\":1", "\"format\":2"),
            &good.replace('}', r#","sealed":"obviously-fake"}"#),
        ] {
            let error = StoredToken::from_text(text).unwrap_err();
            assert_eq!(error.kind(), StoreErrorKind::Unreadable, "{text}");
            assert!(!format!("{error} {error:?}").contains("obviously"), "{error:?}");
        }
        assert!(StoredToken::from_text(&good.replace('}', r#","later":[1,2]}"#)).is_ok());
    }

    #[test]
    fn each_version_has_one_text() {
        let text = "0a0102030405060708090a0b0c0d0e0f";
        assert_eq!(text.parse::<TokenVersion>().unwrap().to_string(), text);
        for other in ["", &text[1..], &format!("0{text}"), &text.to_uppercase(), &text.replacen('0', "+", 1)] {
            assert!(other.parse::<TokenVersion>().is_err(), "{other}");
        }
    }

    #[test]
    fn debug_shows_no_key() {
        assert!(!format!("{:?}", token("obviously-fake")).contains("obviously-fake"));
    }
}
