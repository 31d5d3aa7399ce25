//! The sealed cookies: login attempts and done marks. A done mark remembers an attempt that succeeded, so
//! that a repeated callback leads to the same page.
//!
//! The server keeps nothing about a login. The attempt's cookie contains everything, encrypted. The
//! encryption includes the cookie's name, the client ID and the redirect URI. So the cookie can be read only
//! at the same mount and under the same name.

use super::{Names, read};
use crate::attempt::{AttemptId, State};
use crate::config::{Config, Limits};
use crate::random::{Randomness, RandomnessError};
use crate::seal::{Keyring, Tags};
use crate::site::caller::Caller;
use crate::site::session::{BrowserSession, take};
use crate::time::{from_unix_millis, unix_millis};
use crate::{core::Core, note::Note, secret::CodeHash, user::UserId};
use http::{HeaderMap, HeaderValue};
use sha2::{Digest, Sha256};
use std::marker::PhantomData;
use std::time::{Duration, SystemTime};

/// Clocks of two nodes may differ by this much: an attempt from further in the future is refused.
const CLOCK_SKEW: Duration = Duration::from_secs(60);

/// Names the format in every seal's context; a new number if it changes.
const FORMAT: &[u8] = b"5";

/// Who began a login: compared with who comes back.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum Starter {
    /// A browser, with the session that it moves to when it connects. `new`: it had no session of ours, so
    /// whoever holds the attempt's cookie is this browser. Else its session has the same lineage.
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
            (Self::Browser { next, .. }, Caller::Browser(Some(session))) => next.lineage == session.lineage,
            (Self::User(_), Caller::User(user)) => *self == Self::of_user(user),
            _ => false,
        }
    }
}

/// What the sealed cookie of an attempt holds after its time.
pub(crate) trait Content: Sized {
    fn write(&self, to: &mut Vec<u8>);
    fn read(from: &[u8]) -> Option<Self>;
}

/// What a login attempt remembers, in the browser.
pub(crate) struct LoginAttempt {
    pub(crate) state: State,
    pub(crate) starter: Starter,
    pub(crate) return_to: String,
    /// What the app noted.
    pub(crate) note: Option<Note>,
}

impl Content for LoginAttempt {
    fn write(&self, to: &mut Vec<u8>) {
        to.extend_from_slice(self.state.as_bytes());
        match &self.starter {
            Starter::Browser { new, next } => {
                to.push(u8::from(*new));
                next.write(to);
            }
            Starter::User(hash) => {
                to.push(2);
                to.extend_from_slice(hash);
            }
        }
        // A return path is visible ASCII, so the line feed ends it.
        to.extend_from_slice(self.return_to.as_bytes());
        if let Some(note) = &self.note {
            to.push(b'\n');
            to.extend_from_slice(note.as_str().as_bytes());
        }
    }

    fn read(mut from: &[u8]) -> Option<Self> {
        let state = State::from_bytes(take(&mut from)?);
        let starter = match take(&mut from)? {
            [new @ (0 | 1)] => Starter::Browser { new: new == 1, next: BrowserSession::take(&mut from)? },
            [2] => Starter::User(take(&mut from)?),
            _ => return None,
        };
        let text = std::str::from_utf8(from).ok()?;
        let (return_to, note) = match text.split_once('\n') {
            Some((return_to, note)) => (return_to, Some(Note::new(note).ok()?)),
            None => (text, None),
        };
        Some(Self { state, starter, return_to: return_to.to_owned(), note })
    }
}

/// What stays of an attempt after its success, so that a repeated callback leads to the same page.
pub(crate) struct Done {
    /// A hash of the code that was exchanged: a callback with another one is no repetition.
    pub(crate) code: CodeHash,
    /// The user of the browser session that it led to; `None` with an app's own users.
    pub(crate) session: Option<UserId>,
    pub(crate) return_to: String,
}

impl Content for Done {
    fn write(&self, to: &mut Vec<u8>) {
        to.extend_from_slice(&self.code);
        // Neither text has a line feed in it.
        let session = self.session.as_ref().map_or("", UserId::as_str);
        [session, "\n", &self.return_to].iter().for_each(|text| to.extend_from_slice(text.as_bytes()));
    }

    fn read(mut from: &[u8]) -> Option<Self> {
        let code = take(&mut from)?;
        let (session, return_to) = std::str::from_utf8(from).ok()?.split_once('\n')?;
        Some(Self { code, session: UserId::new(session).ok(), return_to: return_to.to_owned() })
    }
}

/// A content, and since when the browser has it.
type Dated<T> = (SystemTime, T);

/// The sealed cookies of one kind at one mount, one for each attempt.
pub(crate) struct Sealed<T> {
    /// What their names start with.
    pub(crate) prefix: String,
    mount: [u8; 32],
    keys: Keyring,
    content: PhantomData<fn() -> T>,
}

impl<T: Content> Sealed<T> {
    fn new(config: &Config, names: &Names, prefix: &str, label: &str) -> Self {
        let keys = Keyring::derive(&config.cookie_keys, label);
        Self { prefix: format!("{}{prefix}", names.prefix), mount: names.mount, keys, content: PhantomData }
    }

    pub(crate) fn name(&self, attempt: AttemptId) -> String {
        format!("{}{attempt}", self.prefix)
    }

    fn context<'a>(&'a self, name: &'a str) -> [&'a [u8]; 3] {
        [FORMAT, &self.mount, name.as_bytes()]
    }

    /// Name and value of an attempt's cookie.
    pub(crate) fn seal(
        &self,
        attempt: AttemptId,
        since: SystemTime,
        content: &T,
        randomness: &dyn Randomness,
    ) -> Result<(String, String), RandomnessError> {
        let (name, mut plain) = (self.name(attempt), Vec::with_capacity(256));
        plain.extend_from_slice(&unix_millis(since).to_be_bytes());
        content.write(&mut plain);
        let value = self.keys.seal(randomness, &self.context(&name), &plain)?;
        Ok((name, value))
    }

    fn open(&self, name: &str, value: &[u8]) -> Option<Dated<T>> {
        let (plain, _) = self.keys.open(&self.context(name), value)?;
        let (since, content) = plain.split_first_chunk()?;
        Some((from_unix_millis(u64::from_be_bytes(*since)), T::read(content)?))
    }

    /// What the browser keeps of an attempt, and since when. It tries every cookie of that name and takes the
    /// first that opens and fits.
    pub(crate) fn find(&self, sent: &HeaderMap, id: AttemptId, fits: impl Fn(&Dated<T>) -> bool) -> Option<Dated<T>> {
        let name = self.name(id);
        read::named(sent, &name).find_map(|value| self.open(&name, value).filter(&fits))
    }

    /// The name and the size of each cookie that came along, with the content unless it is unreadable or too
    /// old.
    fn all<'a>(
        &'a self,
        headers: &'a HeaderMap,
        now: SystemTime,
        lifetime: Duration,
    ) -> impl Iterator<Item = (&'a str, usize, Option<Dated<T>>)> {
        read::with_prefix(headers, &self.prefix).map(move |(name, value)| {
            let content = self.open(name, value).filter(|(since, _)| is_fresh(*since, now, lifetime));
            (name, name.len() + value.len(), content)
        })
    }
}

/// Reads and writes the cookies of one mount.
pub(crate) struct Jar {
    pub(crate) names: Names,
    pub(crate) logins: Sealed<LoginAttempt>,
    pub(crate) dones: Sealed<Done>,
    session_tags: Tags,
}

impl Jar {
    pub(crate) fn new(config: &Config) -> Self {
        let names = Names::new(config);
        // A session is one of this application and this redirect URI: another mount with the same keys and store
        // does not know it (T6). The id has only visible characters, and so no space: the two parts cannot
        // run into each other.
        let label = format!("browser session of {} at {}", config.client_id, config.redirect_uri.text);
        Self {
            logins: Sealed::new(config, &names, "login-", "login attempt"),
            dones: Sealed::new(config, &names, "done-", "done mark"),
            session_tags: Tags::derive(&config.cookie_keys, &label),
            names,
        }
    }

    /// The sessions that a browser sends, also those that are over.
    pub(crate) fn sessions<'a>(&'a self, headers: &'a HeaderMap) -> impl Iterator<Item = BrowserSession> + 'a {
        read::named(headers, &self.names.session).filter_map(|value| BrowserSession::read(value, &self.session_tags))
    }

    /// The `Set-Cookie` value for a session, good for `lifetime`.
    pub(crate) fn session_cookie(&self, session: &BrowserSession, lifetime: Duration) -> Option<HeaderValue> {
        self.names.set(&self.names.session, &session.cookie_value(&self.session_tags)?, lifetime)
    }

    /// Sessions but `mine` that this browser got within the last minutes, by its done marks. A single mark is
    /// not even opened.
    ///
    /// When two first logins finish at once, each gives the browser a session, and it keeps the one that came
    /// last: the records of the others can go.
    pub(crate) fn finished_sessions(&self, headers: &HeaderMap, core: &Core, mine: &UserId) -> Vec<UserId> {
        if read::with_prefix(headers, &self.dones.prefix).nth(1).is_none() {
            return Vec::new();
        }
        let done = self.dones.all(headers, core.clock.now(), core.config.limits.done_lifetime);
        done.filter_map(|(.., done)| done?.1.session).filter(|session| session != mine).collect()
    }

    /// Whether the browser has begun a login that is not finished, by the name of its cookie.
    pub(crate) fn has_open_login(&self, headers: &HeaderMap) -> bool {
        read::with_prefix(headers, &self.logins.prefix).next().is_some()
    }

    /// Names the cookies to remove so that another one of `room` bytes fits: all that are unreadable or
    /// expired, then done marks, then the oldest attempts.
    pub(crate) fn make_room(&self, headers: &HeaderMap, room: usize, now: SystemTime, limits: &Limits) -> Vec<String> {
        let dones = self.dones.all(headers, now, limits.done_lifetime);
        let dones = dones.map(|(name, size, done)| (0, done.map(|(since, _)| since), name, size));
        let logins = self.logins.all(headers, now, limits.attempt_lifetime);
        let logins = logins.map(|(name, size, login)| (1, login.map(|(since, _)| since), name, size));
        let (mut kept, lost): (Vec<_>, Vec<_>) = dones.chain(logins).partition(|(_, since, ..)| since.is_some());
        kept.sort();
        let (mut pieces, mut bytes) = (1, room);
        let too_many = kept.into_iter().rev().skip_while(|(.., size)| {
            (pieces, bytes) = (pieces + 1, bytes + size);
            pieces <= limits.outstanding_attempts.max(1) && bytes <= limits.attempt_cookie_bytes
        });
        let mut dropped: Vec<_> = lost.into_iter().chain(too_many).map(|(.., name, _)| name.to_owned()).collect();
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
