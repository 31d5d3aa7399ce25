//! Canaries: obviously fake secrets, and a search for them in everything the process has said.
//!
//! [`install`] puts a subscriber in the whole test binary that writes every event and span of every crate, at trace
//! level, with all fields, into one buffer; records of the `log` crate and messages of panics go the same
//! way. A [`Canary`] remembers the position in the buffer when a test begins. When it is dropped, it searches
//! everything that came since for the test's secrets. This includes the output of other tests; that is
//! harmless, because secrets are unique.

mod capture;
mod forms;
mod tests;

pub use self::capture::{capture, install};
use self::forms::{Haystacks, forms};
use std::fmt::Display;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

/// The log from some moment on; other tests write into it too, so look for what only this one can have said.
pub struct Log {
    since: u64,
}

impl Log {
    /// Reads what is said from now on.
    pub fn from_now() -> Self {
        install();
        Self { since: capture::position() }
    }

    /// Every line of this test's thread with all of these words. Other tests say things at the same time.
    pub fn lines_with(&self, words: &[&str]) -> Vec<String> {
        let (said, ours) = (capture::since(self.since), capture::of_this_thread());
        let lines = said.lines().filter_map(|line| line.strip_prefix(&ours));
        lines.filter(|line| words.iter().all(|word| line.contains(word))).map(str::to_owned).collect()
    }
}

/// Shorter secrets could match other text by chance.
const SHORTEST: usize = 8;

/// A secret that no other call has returned, and that no reader takes for a real one.
pub fn fake_secret(what: &str) -> String {
    static COUNTER: AtomicU64 = AtomicU64::new(0);
    format!("obviously-fake-{what}-{:06}", COUNTER.fetch_add(1, Ordering::Relaxed))
}

/// A secret in some form, found where it must not be.
#[derive(Debug)]
pub struct Leak {
    /// What the secret was called at [`Canary::register`].
    pub secret: String,
    /// In which encoding it was found.
    pub form: &'static str,
    /// `log output`, or what the text was called at [`Canary::also_search`].
    pub place: String,
    /// Some of the text around it.
    pub excerpt: String,
}

/// The secrets of one test. Panics on drop when one of them has leaked, unless the test has failed anyway.
pub struct Canary {
    since: u64,
    secrets: Mutex<Vec<(String, Vec<u8>)>>,
    texts: Mutex<Vec<(String, String)>>,
}

impl Default for Canary {
    fn default() -> Self {
        Self::new()
    }
}

impl Canary {
    /// Searches what is said from now on.
    pub fn new() -> Self {
        install();
        Self { since: capture::position(), secrets: Mutex::default(), texts: Mutex::default() }
    }

    /// Adds a secret of at least 8 bytes; `what` names it in the report. The output before this call is
    /// searched too.
    pub fn register(&self, what: &str, secret: impl AsRef<[u8]>) {
        let secret = secret.as_ref();
        assert!(secret.len() >= SHORTEST, "the {what} is too short to be told from other text");
        let mut secrets = self.secrets.lock().unwrap();
        if !secrets.iter().any(|(_, known)| known == secret) {
            secrets.push((what.to_owned(), secret.to_vec()));
        }
    }

    /// Makes up a secret and registers it.
    pub fn secret(&self, what: &str) -> String {
        let secret = fake_secret(what);
        self.register(what, &secret);
        secret
    }

    /// Searches this text too: a `Debug` or `Display` form, a body, a label.
    pub fn also_search(&self, place: &str, text: impl Display) {
        self.texts.lock().unwrap().push((place.to_owned(), text.to_string()));
    }

    /// For each text, every secret in every form in which it occurs, with the first place of each form.
    pub fn leaks(&self) -> Vec<Leak> {
        let mut texts = vec![("log output".to_owned(), capture::since(self.since))];
        texts.extend(self.texts.lock().unwrap().iter().cloned());
        let secrets = self.secrets.lock().unwrap();
        let mut leaks = Vec::new();
        for (place, text) in texts {
            let haystacks = Haystacks::new(&text);
            for (secret, bytes) in secrets.iter() {
                for (form, needle) in forms(bytes) {
                    if let Some(excerpt) = haystacks.find(&needle) {
                        leaks.push(Leak { secret: secret.clone(), form, place: place.clone(), excerpt });
                    }
                }
            }
        }
        leaks
    }

    /// Panics when a secret has leaked so far. Also done on drop.
    pub fn assert_nothing_leaked(&self) {
        let leaks = self.leaks();
        assert!(leaks.is_empty(), "{} leaks: {leaks:#?}", leaks.len());
    }

    /// The leaks, for a test that expects them: no check on drop.
    pub fn into_leaks(self) -> Vec<Leak> {
        let leaks = self.leaks();
        self.secrets.lock().unwrap().clear();
        leaks
    }
}

impl Drop for Canary {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            self.assert_nothing_leaked();
        }
    }
}
