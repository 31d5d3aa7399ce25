//! Sealing: authenticated encryption of what leaves this server and must come back unchanged.
//!
//! 1. Every purpose (login attempt, done mark, session, stored record) has a key of its own, derived by
//!    HKDF-SHA-256 with a label, so that a value of one kind never passes as another.
//! 2. The cipher is AES-256-GCM-SIV with a random nonce: a repeated nonce reveals only whether two
//!    plaintexts are equal.
//! 3. The context (format, app, name, …) is associated data: a value opens only where it was sealed.
//! 4. A list of keys: the first seals, all open. A value names its key by a short id, so that usually only
//!    one key is tried, also while keys are replaced.
//! 5. A value that does not open counts as absent. The plaintext is not used before the tag was checked.

use crate::message::{InvalidValue, KEY_NOT_BASE64, KEY_OF_EQUAL_BYTES, KEY_TOO_SHORT};
use crate::random::{Randomness, RandomnessError, draw};
use crate::secret::ClientSecret;
use aes_gcm_siv::aead::{Aead, Payload};
use aes_gcm_siv::{Aes256GcmSiv, KeyInit, Nonce};
use base64::Engine;
use base64::prelude::{BASE64_STANDARD_NO_PAD, BASE64_URL_SAFE_NO_PAD as BASE64URL};
use hkdf::Hkdf;
use hmac::{Hmac, Mac};
use sha2::Sha256;
use std::sync::Arc;
use zeroize::Zeroizing;

/// The salt of every derivation; the number changes if the meaning of a label ever does.
const SALT: &[u8] = b"komerza-connect/1";

/// The shortest key in bytes: as long as the keys that are derived from it.
const KEY_MIN: usize = 32;

/// A key that encrypts cookies or stored records.
///
/// It has at least 32 random bytes. Keys are given as a list. The first key encrypts, and every key
/// decrypts. To replace a key, put the new key first. Remove the old key when nothing that it
/// encrypted is needed any more.
///
/// ```
/// use komerza_connect::SealingKey;
///
/// // `openssl rand -base64 32` makes one.
/// let key = SealingKey::from_base64("b2J2aW91c2x5LWZha2Uta2V5LW9mLTMyLWJ5dGVzISE=")?;
/// assert_eq!(format!("{key:?}"), "SealingKey(redacted)");
/// assert!(SealingKey::from_bytes(b"too short").is_err());
/// assert!(SealingKey::from_bytes(&[7; 32]).is_err(), "all bytes equal");
/// # Ok::<(), komerza_connect::config::InvalidValue>(())
/// ```
#[derive(Clone)]
pub struct SealingKey(Arc<Zeroizing<Box<[u8]>>>);

impl SealingKey {
    /// Makes a key from at least 32 bytes, which should be random.
    ///
    /// # Errors
    /// [`InvalidValue`] if there are fewer bytes or all are equal.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, InvalidValue> {
        if bytes.len() < KEY_MIN {
            return Err(KEY_TOO_SHORT.with(bytes.len()));
        }
        if bytes.iter().all(|byte| Some(byte) == bytes.first()) {
            return KEY_OF_EQUAL_BYTES.wrong();
        }
        Ok(Self(Arc::new(Zeroizing::new(bytes.into()))))
    }

    /// Makes a key from base64 of at least 32 bytes. Both alphabets are accepted, with or without
    /// padding.
    ///
    /// # Errors
    /// [`InvalidValue`] if the text is not base64, is too short, or all bytes are equal.
    pub fn from_base64(text: &str) -> Result<Self, InvalidValue> {
        let text = text.trim().trim_end_matches('=');
        let bytes =
            BASE64URL.decode(text).or_else(|_| BASE64_STANDARD_NO_PAD.decode(text)).map_err(|_| &KEY_NOT_BASE64)?;
        Self::from_bytes(&Zeroizing::new(bytes))
    }

    /// Derives a key from the client secret. By default the crate uses this key.
    ///
    /// Use it in [`cookie_keys`](crate::ConfigBuilder::cookie_keys) when the client secret changes, so that
    /// browser sessions go on. Put the key of the new secret first, then the key of the old one.
    ///
    /// ```
    /// use komerza_connect::{Config, SealingKey, config::ClientSecret};
    ///
    /// let (new, old) = ("n".repeat(72), ClientSecret::new("o".repeat(72))?);
    /// let config = Config::builder()
    ///     .cookie_keys([SealingKey::derived_from(&ClientSecret::new(&new)?), SealingKey::derived_from(&old)])
    ///     .client_secret(new)
    ///     .client_id("00000000-0000-4000-8000-000000000000")
    ///     .redirect_uri("https://shop.example/komerza/callback")
    ///     .user_agent("MyApp/1.0")
    ///     .build()?;
    /// # let _ = config;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Security
    /// Whoever has a leaked secret can make valid cookies until its key is removed from the list. They cannot
    /// take over a session, because its 256 random bits are only in its browser. Remove the old key after
    /// [`session_idle_lifetime`](crate::config::Limits::session_idle_lifetime).
    #[must_use]
    pub fn derived_from(secret: &ClientSecret) -> Self {
        let key = derive::<KEY_MIN>(secret.expose_secret().as_bytes(), "sealing key from client secret");
        Self(Arc::new(Zeroizing::new(key.as_slice().into())))
    }
}

crate::kinds::redacted!(SealingKey);

/// Expands a key for one purpose.
fn derive<const N: usize>(key: &[u8], label: &str) -> Zeroizing<[u8; N]> {
    let mut derived = Zeroizing::new([0; N]);
    let expanded = Hkdf::<Sha256>::new(Some(SALT), key).expand(label.as_bytes(), &mut *derived);
    debug_assert!(expanded.is_ok(), "HKDF-SHA-256 gives up to 8,160 bytes");
    derived
}

/// The keys of one purpose.
pub(crate) struct Keyring(Box<[PurposeKey]>);

struct PurposeKey {
    id: [u8; 4],
    cipher: Aes256GcmSiv,
}

impl Keyring {
    pub(crate) fn derive(keys: &[SealingKey], label: &str) -> Self {
        let derived = keys.iter().map(|key| {
            let id = *derive::<4>(&key.0, &format!("{label}: id"));
            let cipher = Aes256GcmSiv::new((&*derive::<32>(&key.0, label)).into());
            PurposeKey { id, cipher }
        });
        Self(derived.collect())
    }

    /// Seals under the first key: base64url of key id, nonce, ciphertext and tag.
    pub(crate) fn seal(
        &self,
        randomness: &dyn Randomness,
        context: &[&[u8]],
        plain: &[u8],
    ) -> Result<String, RandomnessError> {
        let nonce: [u8; 12] = draw(randomness)?;
        let key = self.0.first().ok_or(RandomnessError)?;
        let aad = associated(context);
        // Fails only for plaintexts beyond 64 GiB.
        let sealed =
            key.cipher.encrypt(&Nonce::from(nonce), Payload { msg: plain, aad: &aad }).map_err(|_| RandomnessError)?;
        Ok(BASE64URL.encode([&key.id[..], &nonce, &sealed].concat()))
    }

    /// Opens what [`seal`](Self::seal) made under any of the keys and in the same context; `None` for all else.
    /// Also tells whether an older key than the first opened it.
    pub(crate) fn open(&self, context: &[&[u8]], sealed: &[u8]) -> Option<(Zeroizing<Vec<u8>>, bool)> {
        let bytes = BASE64URL.decode(sealed).ok()?;
        let (id, rest) = bytes.split_first_chunk::<4>()?;
        let (nonce, ciphertext) = rest.split_first_chunk::<12>()?;
        let aad = associated(context);
        let nonce = Nonce::from(*nonce);
        // Ids are short, so two keys may share one: each that matches is tried.
        self.0.iter().enumerate().filter(|(_, key)| key.id == *id).find_map(|(position, key)| {
            let plain = key.cipher.decrypt(&nonce, Payload { msg: ciphertext, aad: &aad }).ok()?;
            Some((Zeroizing::new(plain), position > 0))
        })
    }
}

/// Each part with its length before it, so that two different lists never give the same bytes.
fn associated(parts: &[&[u8]]) -> Vec<u8> {
    let mut joined = Vec::with_capacity(parts.iter().map(|part| part.len().saturating_add(8)).sum());
    for part in parts {
        joined.extend_from_slice(&(part.len() as u64).to_be_bytes());
        joined.extend_from_slice(part);
    }
    joined
}

/// The tag keys of one purpose: the first signs, all verify. For values that need no secrecy.
#[derive(Clone, Default)]
pub(crate) struct Tags(Vec<Hmac<Sha256>>);

impl Tags {
    pub(crate) fn derive(keys: &[SealingKey], label: &str) -> Self {
        keys.iter().fold(Self::default(), |tags, key| tags.and(&*derive::<32>(&key.0, label)))
    }

    /// Adds a key. HMAC takes keys of any length.
    pub(crate) fn and(mut self, key: &[u8]) -> Self {
        self.0.extend(<Hmac<Sha256> as KeyInit>::new_from_slice(key));
        self
    }

    pub(crate) fn sign(&self, message: &[u8]) -> Option<[u8; 32]> {
        self.0.first().map(|key| key.clone().chain_update(message).finalize().into_bytes().into())
    }

    /// In constant time.
    pub(crate) fn verify(&self, message: &[u8], tag: &[u8]) -> bool {
        self.0.iter().any(|key| key.clone().chain_update(message).verify_slice(tag).is_ok())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::SystemRandomness;

    fn key(number: u8) -> SealingKey {
        let mut bytes = [number; 32];
        bytes[0] = 0xff;
        SealingKey::from_bytes(&bytes).unwrap()
    }

    fn ring(numbers: &[u8], label: &str) -> Keyring {
        Keyring::derive(&numbers.iter().map(|number| key(*number)).collect::<Vec<_>>(), label)
    }

    fn seal(ring: &Keyring, context: &[&[u8]]) -> String {
        ring.seal(&SystemRandomness, context, b"content").unwrap()
    }

    #[test]
    fn t19_a_seal_with_any_byte_changed_does_not_open() {
        let ring = ring(&[1], "a");
        let sealed = seal(&ring, &[b"name"]);
        assert_eq!(*ring.open(&[b"name"], sealed.as_bytes()).unwrap().0, b"content");
        // The cipher is slow under Miri, so only every seventh byte is changed there. This still reaches the
        // id, the nonce, the content and the tag.
        for at in (0..sealed.len()).step_by(if cfg!(miri) { 7 } else { 1 }) {
            let mut changed = sealed.clone().into_bytes();
            changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
            assert!(ring.open(&[b"name"], &changed).is_none(), "byte {at}");
        }
        assert!(ring.open(&[b"name"], b"").is_none());
        assert_ne!(sealed, seal(&ring, &[b"name"]), "same content, another nonce");
    }

    #[test]
    fn t20_a_seal_of_one_purpose_or_context_opens_in_no_other() {
        let sealed = seal(&ring(&[1], "a"), &[b"x", b"yz"]);
        assert!(ring(&[1], "b").open(&[b"x", b"yz"], sealed.as_bytes()).is_none());
        assert!(ring(&[1], "a").open(&[b"xy", b"z"], sealed.as_bytes()).is_none());
    }

    #[test]
    fn t21_the_first_key_seals_and_every_key_opens() {
        let old = seal(&ring(&[1], "a"), &[]);
        assert!(ring(&[2, 1], "a").open(&[], old.as_bytes()).unwrap().1);
        let new = seal(&ring(&[2, 1], "a"), &[]);
        assert!(!ring(&[2], "a").open(&[], new.as_bytes()).unwrap().1);
        assert!(ring(&[1], "a").open(&[], new.as_bytes()).is_none());
    }

    #[test]
    fn t21_weak_keys_are_refused_and_both_alphabets_of_base64_are_read() {
        assert_eq!(SealingKey::from_bytes(&[1; 31]).unwrap_err(), KEY_TOO_SHORT.with(31));
        assert_eq!(SealingKey::from_bytes(&[0; 64]).unwrap_err(), (&KEY_OF_EQUAL_BYTES).into());
        assert_eq!(SealingKey::from_base64("obviously not base64").unwrap_err(), (&KEY_NOT_BASE64).into());
        // `main` prints an error with `Debug`.
        let shown = format!("{:?}", SealingKey::from_bytes(&[1, 2]).unwrap_err());
        assert!(shown.starts_with("the value holds a key of 2 bytes") && shown.contains("openssl"), "{shown}");
        let bytes: Vec<u8> = (220..=255).collect();
        for text in [BASE64_STANDARD_NO_PAD.encode(&bytes), BASE64URL.encode(&bytes)] {
            assert_eq!(***SealingKey::from_base64(&text).unwrap().0, *bytes);
        }
    }

    /// Bytes 0, 1, 2 and so on.
    #[derive(Debug)]
    struct Counting;

    impl Randomness for Counting {
        fn fill(&self, bytes: &mut [u8]) -> Result<(), RandomnessError> {
            (0..).zip(bytes).for_each(|(number, byte)| *byte = number);
            Ok(())
        }
    }

    // Computed by Python's `cryptography` 48. A change of these bytes ends every login and session, and no sealed record opens.
    #[test]
    fn t19_another_implementation_makes_the_same_seal() {
        let sealed = ring(&[1], "a").seal(&Counting, &[b"name", b""], b"content").unwrap();
        assert_eq!(sealed, "Kmby-AABAgMEBQYHCAkKC0tkevTpDcg8WgQ8rPGYqOb3PkMIMEQH");
    }

    #[test]
    fn t22_another_implementation_makes_the_same_tag() {
        let tag = Tags::derive(&[key(1)], "t").sign(b"m").unwrap();
        let hex: String = tag.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(hex, "912751cdc4a2788603cee4fd792685a047bb0db93d94e2afe87f196a949a6b01");
    }

    #[test]
    fn tags_verify_under_every_key_and_for_one_message() {
        let [old, new] = [key(1), key(2)];
        let tag = Tags::derive(std::slice::from_ref(&old), "t").sign(b"m").unwrap();
        let both = Tags::derive(&[new, old], "t");
        assert!(both.verify(b"m", &tag));
        assert!(!both.verify(b"n", &tag));
        assert!(!both.verify(b"m", &tag[1..]));
    }
}
