//! The sealed cookies: login attempts and done marks.
//!
//! Nothing about a login is kept on the server: the attempt's cookie carries it, sealed under its own name, the
//! application and the redirect URI, so that it opens at no other mount and under no other name.

use super::{Names, read};
use crate::{
    attempt::{AttemptId, State},
    config::{Config, Limits},
    note::Note,
    random::{Randomness, RandomnessError},
    seal::Keyring,
    secret::CodeHash,
    site::{caller::Caller, session::BrowserSession},
    time::{Clock, from_unix_millis, unix_millis},
    user::UserId,
};
use http::HeaderMap;
use sha2::{Digest, Sha256};
use std::time::{Duration, SystemTime};

/// Clocks of two nodes may differ by this much: an attempt from further in the future is refused.
const CLOCK_SKEW: Duration = Duration::from_secs(60);

/// Names the format in every seal's context; a new number if it changes.
const FORMAT: &[u8] = b"5";

/// Who began a login: compared with who comes back.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum Starter {
    /// A browser, with the session that it moves to when it connects. `new`: it had no session of ours, so whoever holds
    /// the attempt's cookie is this browser. Else its session has the same lineage.
    Browser { new: bool, next: BrowserSession },
    /// The app's own user, by a hash of the id.
    User([u8; 32]),
}

impl Starter {
    pub(crate) fn of_user(user: &UserId) -> Self {
        Self::User(Sha256::new().chain_update(b"komerza-connect user\0").chain_update(user.as_str()).finalize().into())
    }

    /// Whether who comes back may finish what this one began.
    ///
    /// A browser that had no session may have one by now, from another tab that finished first; its cookie is
    /// the proof.
    pub(crate) fn admits(&self, back: &Caller) -> bool {
        match (self, back) {
            (Self::Browser { new: true, .. }, Caller::Browser(_)) => true,
            (Self::Browser { next, .. }, Caller::Browser(Some(session))) => next.lineage() == session.lineage(),
            (Self::User(_), Caller::User(user)) => *self == Self::of_user(user),
            _ => false,
        }
    }

    fn write(&self, to: &mut Vec<u8>) {
        match self {
            Self::Browser { new, next } => {
                to.push(u8::from(*new));
                next.write(to);
            }
            Self::User(hash) => {
                to.push(2);
                to.extend_from_slice(hash);
            }
        }
    }

    fn read(bytes: &[u8]) -> Option<(Self, &[u8])> {
        let (kind, rest) = bytes.split_first()?;
        match kind {
            0 | 1 => {
                BrowserSession::from_bytes(rest).map(|(next, rest)| (Self::Browser { new: *kind == 1, next }, rest))
            }
            2 => rest.split_first_chunk().map(|(hash, rest)| (Self::User(*hash), rest)),
            _ => None,
        }
    }
}

/// What a login attempt remembers, in the browser.
pub(crate) struct LoginAttempt {
    pub(crate) state: State,
    pub(crate) starter: Starter,
    pub(crate) issued_at: SystemTime,
    pub(crate) return_to: String,
    /// What the app noted.
    pub(crate) note: Option<Note>,
}

impl LoginAttempt {
    fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(160 + self.return_to.len());
        bytes.extend_from_slice(&unix_millis(self.issued_at).to_be_bytes());
        bytes.extend_from_slice(self.state.as_bytes());
        self.starter.write(&mut bytes);
        // A return path is visible ASCII, so the line feed ends it.
        bytes.extend_from_slice(self.return_to.as_bytes());
        if let Some(note) = &self.note {
            bytes.push(b'\n');
            bytes.extend_from_slice(note.as_str().as_bytes());
        }
        bytes
    }

    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (issued_at, rest) = bytes.split_first_chunk()?;
        let (state, rest) = rest.split_first_chunk()?;
        let (starter, rest) = Starter::read(rest)?;
        let rest = std::str::from_utf8(rest).ok()?;
        let (return_to, note) = match rest.split_once('\n') {
            Some((return_to, note)) => (return_to, Some(Note::new(note).ok()?)),
            None => (rest, None),
        };
        Some(Self {
            state: State::from_bytes(*state),
            starter,
            issued_at: from_unix_millis(u64::from_be_bytes(*issued_at)),
            return_to: return_to.to_owned(),
            note,
        })
    }
}

/// What stays of an attempt after its success, so that a repeated callback leads to the same page.
pub(crate) struct Done {
    pub(crate) finished_at: SystemTime,
    /// A hash of the code that was exchanged: a callback with another one is no repetition.
    pub(crate) code: CodeHash,
    /// The user of the browser session that it led to; `None` with an app's own users.
    pub(crate) session: Option<UserId>,
    pub(crate) return_to: String,
}

/// Reads and writes the sealed cookies of one mount.
pub(crate) struct Jar {
    pub(crate) names: Names,
    logins: Keyring,
    dones: Keyring,
}

impl Jar {
    pub(crate) fn new(config: &Config) -> Self {
        Self {
            names: Names::new(config),
            logins: Keyring::derive(&config.cookie_keys, "login attempt"),
            dones: Keyring::derive(&config.cookie_keys, "done mark"),
        }
    }

    fn context<'a>(&'a self, name: &'a str) -> [&'a [u8]; 3] {
        [FORMAT, &self.names.mount, name.as_bytes()]
    }

    /// Name and value of an attempt's cookie.
    pub(crate) fn seal_login(
        &self,
        attempt: &LoginAttempt,
        randomness: &dyn Randomness,
    ) -> Result<(String, String), RandomnessError> {
        let name = self.names.login(attempt.state.attempt_id());
        let value = self.logins.seal(randomness, &self.context(&name), &attempt.to_bytes())?;
        Ok((name, value))
    }

    /// Finds the attempt of `state`. It tries every cookie of that name and takes the first that opens and matches.
    ///
    /// It does not check the age.
    pub(crate) fn login(&self, headers: &HeaderMap, state: &State) -> Option<LoginAttempt> {
        let name = self.names.login(state.attempt_id());
        read::named(headers, &name)
            .filter_map(|value| self.open_login(&name, value))
            .find(|attempt| attempt.state.matches(state))
    }

    fn open_login(&self, name: &str, value: &[u8]) -> Option<LoginAttempt> {
        LoginAttempt::from_bytes(&self.logins.open(&self.context(name), value)?.plain)
    }

    /// Name and value of a done mark.
    pub(crate) fn seal_done(
        &self,
        attempt: AttemptId,
        done: &Done,
        randomness: &dyn Randomness,
    ) -> Result<(String, String), RandomnessError> {
        let name = self.names.done(attempt);
        let mut plain = unix_millis(done.finished_at).to_be_bytes().to_vec();
        plain.extend_from_slice(&done.code);
        // Neither has a line feed in it.
        plain.extend_from_slice(done.session.as_ref().map_or("", UserId::as_str).as_bytes());
        plain.push(b'\n');
        plain.extend_from_slice(done.return_to.as_bytes());
        let value = self.dones.seal(randomness, &self.context(&name), &plain)?;
        Ok((name, value))
    }

    /// The done mark of an attempt, if it came along and is not older than `lifetime`.
    pub(crate) fn done(
        &self,
        headers: &HeaderMap,
        attempt: AttemptId,
        now: SystemTime,
        lifetime: Duration,
    ) -> Option<Done> {
        let name = self.names.done(attempt);
        read::named(headers, &name)
            .filter_map(|value| self.open_done(&name, value))
            .find(|done| is_fresh(done.finished_at, now, lifetime))
    }

    fn open_done(&self, name: &str, value: &[u8]) -> Option<Done> {
        let opened = self.dones.open(&self.context(name), value)?;
        let (finished_at, rest) = opened.plain.split_first_chunk()?;
        let (code, rest) = rest.split_first_chunk()?;
        let (session, return_to) = std::str::from_utf8(rest).ok()?.split_once('\n')?;
        Some(Done {
            finished_at: from_unix_millis(u64::from_be_bytes(*finished_at)),
            code: *code,
            session: UserId::new(session).ok(),
            return_to: return_to.to_owned(),
        })
    }

    /// The sessions but `mine` that the done marks of this browser lead to. A single mark is not even opened.
    pub(crate) fn finished_sessions(
        &self,
        headers: &HeaderMap,
        clock: &dyn Clock,
        limits: &Limits,
        mine: &UserId,
    ) -> Vec<UserId> {
        let marks = || read::with_prefix(headers, &self.names.done_prefix);
        if marks().nth(1).is_none() {
            return Vec::new();
        }
        let now = clock.now();
        let done = marks().filter_map(|(name, value)| self.open_done(name, value));
        let fresh = done.filter(|done| is_fresh(done.finished_at, now, limits.done_lifetime));
        fresh.filter_map(|done| done.session).filter(|session| session != mine).collect()
    }

    /// Whether the browser has begun a login that is not finished, by the name of its cookie.
    pub(crate) fn has_open_login(&self, headers: &HeaderMap) -> bool {
        read::with_prefix(headers, &self.names.login_prefix).next().is_some()
    }

    /// Names the cookies to remove so that another one of `room` bytes fits: all that are unreadable or expired, then
    /// done marks, then the oldest attempts.
    pub(crate) fn make_room(&self, headers: &HeaderMap, room: usize, now: SystemTime, limits: &Limits) -> Vec<String> {
        let mut dropped = Vec::new();
        let mut kept = Vec::new();
        let mut sort = |name: &str, value: &[u8], rank: u8, since: Option<SystemTime>, lifetime| match since {
            Some(since) if is_fresh(since, now, lifetime) => {
                kept.push((rank, since, name.to_owned(), name.len() + value.len()));
            }
            _ => dropped.push(name.to_owned()),
        };
        for (name, value) in read::with_prefix(headers, &self.names.done_prefix) {
            let since = self.open_done(name, value).map(|done| done.finished_at);
            sort(name, value, 0, since, limits.done_lifetime);
        }
        for (name, value) in read::with_prefix(headers, &self.names.login_prefix) {
            let since = self.open_login(name, value).map(|attempt| attempt.issued_at);
            sort(name, value, 1, since, limits.attempt_lifetime);
        }
        kept.sort();
        let mut pieces = kept.len() + 1;
        let mut bytes = room + kept.iter().map(|(.., size)| *size).sum::<usize>();
        for (_, _, name, size) in kept {
            if pieces <= limits.outstanding_attempts.max(1) && bytes <= limits.attempt_cookie_bytes {
                break;
            }
            pieces -= 1;
            bytes -= size;
            dropped.push(name);
        }
        dropped.sort();
        dropped.dedup();
        dropped
    }
}

/// Whether `since` is less than `lifetime` ago, and no further in the future than clocks may differ.
pub(crate) fn is_fresh(since: SystemTime, now: SystemTime, lifetime: Duration) -> bool {
    match now.duration_since(since) {
        Ok(age) => age < lifetime,
        Err(ahead) => ahead.duration() <= CLOCK_SKEW,
    }
}
