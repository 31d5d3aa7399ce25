//! The crate's own browser session: who the user is when the app does not say.
//!
//! 1. A session is 256 random bits with an HMAC-SHA-256 tag, so that junk never reaches the token store. The
//!    store sees only a hash of them, so somebody who reads the store cannot take over a session.
//! 2. Only this server creates values. A value that it did not create is ignored.
//! 3. Every connect moves to a new value (no session fixation). It is drawn when the login starts and sealed
//!    into the attempt, so that a repeated callback hands out the same one and a lost answer loses nothing.
//! 4. A session in use is renewed, up to an outer bound. The answer then carries the same session with a new
//!    time.
//! 5. Values that follow each other in one browser share a lineage, which shows that it is the same browser
//!    as at the start, even if another tab finished in between. The lineage gives no access to a key.

use crate::random::{Randomness, RandomnessError, draw};
use crate::{config::Limits, seal::Tags, time::unix_millis, user::UserId};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD as BASE64URL};
use sha2::{Digest, Sha256};
use std::time::{Duration, SystemTime};

/// What the session cookie holds, beside its tag.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct BrowserSession {
    id: [u8; 32],
    pub(crate) lineage: Lineage,
    /// When the login began that led to it, in seconds since 1970.
    began_at: u32,
    /// When its cookie was given out last.
    renewed_at: u32,
}

/// What successive sessions of one browser have in common.
pub(crate) type Lineage = [u8; 12];

/// What the ids of all browsers begin with.
pub(crate) const BROWSER_PREFIX: &str = "browser-";

/// Bytes of [`BrowserSession::write`]: with the end of the message, one block of SHA-256.
const SESSION_BYTES: usize = 52;

/// A cookie is renewed when this part of the idle lifetime is over, so that few answers carry a new one.
const RENEWED_AFTER: u32 = 10;

impl BrowserSession {
    /// A new session, which follows another one or begins a lineage.
    pub(crate) fn mint(
        after: Option<&Self>,
        now: SystemTime,
        randomness: &dyn Randomness,
    ) -> Result<Self, RandomnessError> {
        let lineage = after.map_or_else(|| draw(randomness), |session| Ok(session.lineage))?;
        let now = unix_seconds(now);
        Ok(Self { id: draw(randomness)?, lineage, began_at: now, renewed_at: now })
    }

    /// The id under which the token store keeps this browser's key.
    pub(crate) fn user_id(&self) -> UserId {
        // One block of SHA-256.
        let hash = Sha256::new().chain_update(b"komerza-connect browser").chain_update(self.id).finalize();
        // On the stack: this runs for every request that asks for the key.
        let mut id = [0_u8; BROWSER_PREFIX.len() + 43];
        let (prefix, text) = id.split_at_mut(BROWSER_PREFIX.len());
        prefix.copy_from_slice(BROWSER_PREFIX.as_bytes());
        let written = BASE64URL.encode_slice(hash, text);
        debug_assert_eq!(written, Ok(text.len()), "43 characters hold 32 bytes");
        UserId::generated(std::str::from_utf8(&id).unwrap_or_default())
    }

    /// Whether the session is within both its idle lifetime and its whole lifetime.
    pub(crate) fn is_alive(&self, now: SystemTime, limits: &Limits) -> bool {
        age(self.renewed_at, now) < limits.session_idle_lifetime && age(self.began_at, now) < limits.session_lifetime
    }

    /// The same session with a new cookie, and for how long that is good; `None` if it is too early for one.
    pub(crate) fn renewed(&self, now: SystemTime, limits: &Limits) -> Option<(Self, Duration)> {
        let due = age(self.renewed_at, now) >= limits.session_idle_lifetime / RENEWED_AFTER;
        let left = limits.session_lifetime.saturating_sub(age(self.began_at, now)).min(limits.session_idle_lifetime);
        due.then(|| (Self { renewed_at: unix_seconds(now), ..self.clone() }, left))
    }

    pub(crate) fn write(&self, to: &mut Vec<u8>) {
        to.extend_from_slice(&self.id);
        to.extend_from_slice(&self.lineage);
        to.extend_from_slice(&self.began_at.to_be_bytes());
        to.extend_from_slice(&self.renewed_at.to_be_bytes());
    }

    /// Takes what [`write`](Self::write) wrote off the beginning of `from`.
    pub(crate) fn take(from: &mut &[u8]) -> Option<Self> {
        let (id, lineage) = (take(from)?, take(from)?);
        let (began_at, renewed_at) = (u32::from_be_bytes(take(from)?), u32::from_be_bytes(take(from)?));
        Some(Self { id, lineage, began_at, renewed_at })
    }

    /// The value of the session cookie.
    pub(crate) fn cookie_value(&self, tags: &Tags) -> Option<String> {
        let mut signed = Vec::with_capacity(SESSION_BYTES + 32);
        self.write(&mut signed);
        let tag = tags.sign(&signed)?;
        signed.extend_from_slice(&tag);
        Some(BASE64URL.encode(signed))
    }

    /// Reads a cookie value: `None` unless this server issued it. The session may be over.
    pub(crate) fn read(value: &[u8], tags: &Tags) -> Option<Self> {
        // On the stack: this runs for every request that asks for the key.
        let mut signed = [0_u8; SESSION_BYTES + 32];
        let length = BASE64URL.decode_slice(value, &mut signed).ok()?;
        let (mut bytes, tag) = signed.get(..length)?.split_at_checked(SESSION_BYTES)?;
        if tag.len() != 32 || !tags.verify(bytes, tag) {
            return None;
        }
        Self::take(&mut bytes)
    }
}

/// Takes the first `N` bytes off.
pub(crate) fn take<const N: usize>(from: &mut &[u8]) -> Option<[u8; N]> {
    from.split_off(..N)?.try_into().ok()
}

/// A time before 1970 counts as 1970, and one after 2106 as 2106.
fn unix_seconds(time: SystemTime) -> u32 {
    u32::try_from(unix_millis(time) / 1_000).unwrap_or(u32::MAX)
}

/// The age in whole seconds; both times are rounded down.
fn age(since: u32, now: SystemTime) -> Duration {
    Duration::from_secs(unix_seconds(now).saturating_sub(since).into())
}

crate::kinds::redacted!(BrowserSession);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{random::SystemRandomness, seal::SealingKey};

    const DAY: Duration = Duration::from_secs(86_400);

    fn limits() -> Limits {
        Limits { session_idle_lifetime: DAY, session_lifetime: 3 * DAY, ..Limits::default() }
    }

    /// What the server makes of a cookie at that time.
    fn read(value: &str, tags: &Tags, at: SystemTime) -> Option<BrowserSession> {
        BrowserSession::read(value.as_bytes(), tags).filter(|session| session.is_alive(at, &limits()))
    }

    fn tags(fill: u8) -> Tags {
        let mut key = [fill; 32];
        key[0] = 0xff;
        Tags::derive(&[SealingKey::from_bytes(&key).unwrap()], "session")
    }

    fn mint() -> BrowserSession {
        BrowserSession::mint(None, SystemTime::now(), &SystemRandomness).unwrap()
    }

    #[test]
    fn a_session_is_read_back_until_its_lifetime_is_over() {
        let (session, now) = (mint(), SystemTime::now());
        let value = session.cookie_value(&tags(1)).unwrap();
        assert_eq!(read(&value, &tags(1), now), Some(session.clone()));
        assert_eq!(read(&value, &tags(1), now + DAY), None);
        // Used each day it lasts longer, but not for ever.
        assert!(session.renewed(now, &limits()).is_none());
        let (second, good_for) = session.renewed(now + DAY, &limits()).unwrap();
        assert_eq!((second.user_id(), good_for), (session.user_id(), DAY));
        let value = second.cookie_value(&tags(1)).unwrap();
        let read_at = |at| read(&value, &tags(1), at);
        assert!(read_at(now + DAY + DAY / 2).is_some() && read_at(now + 2 * DAY + DAY / 1_000).is_none());
        let (third, good_for) = second.renewed(now + DAY * 5 / 2, &limits()).unwrap();
        assert!(good_for <= DAY / 2, "{good_for:?}");
        let value = third.cookie_value(&tags(1)).unwrap();
        assert!(read(&value, &tags(1), now + 3 * DAY).is_none());
    }

    #[test]
    fn t22_a_value_that_this_server_did_not_issue_is_not_adopted() {
        let ours = tags(1);
        let value = mint().cookie_value(&ours).unwrap();
        let read = |value: &str, tags: &Tags| BrowserSession::read(value.as_bytes(), tags);
        assert!(read(&value, &ours).is_some());
        assert_eq!(read(&value, &tags(2)), None);
        // Miri is slow at tags, so under Miri only every seventh byte is changed, in all parts of the value.
        for at in (0..value.len()).step_by(if cfg!(miri) { 7 } else { 1 }) {
            let mut other = value.clone().into_bytes();
            other[at] = if other[at] == b'A' { b'B' } else { b'A' };
            assert_eq!(read(std::str::from_utf8(&other).unwrap(), &ours), None, "byte {at}");
        }
        for other in ["", "x", &value[..value.len() - 4], &"A".repeat(128), &"A".repeat(4_000)] {
            assert_eq!(read(other, &ours), None, "{other}");
        }
    }

    #[test]
    fn the_store_sees_a_hash_and_never_the_value() {
        let session = mint();
        let value = session.cookie_value(&tags(1)).unwrap();
        assert!(!value.contains(&session.user_id().as_str()["browser-".len()..]));
        assert_ne!(mint().user_id(), session.user_id());
    }
}
