//! Warnings that are logged once per layer and process, so that they do not fill the log.

use crate::sync::Lock;
use http::HeaderMap;
use http::header::{AUTHORIZATION, COOKIE};
use std::collections::{VecDeque, hash_map::RandomState};
use std::hash::{BuildHasher, Hash, Hasher};
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering::Relaxed};

/// Browsers that are remembered until it is known whether handlers and routes agree.
const REMEMBERED: usize = 16;

/// Where somebody was looked up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    Handler,
    Route,
}

/// Shared by all clones of a configuration.
#[derive(Default)]
pub(crate) struct Notices {
    /// One bit for each warning that was logged.
    said: AtomicU8,
    /// Handlers and routes have found a user for one browser, so nothing is compared any more.
    agreed: AtomicBool,
    found: Lock<VecDeque<(u64, Place, bool)>>,
    hasher: RandomState,
}

impl Notices {
    /// Whether this is said for the first time.
    pub(crate) fn first(&self, bit: u8) -> bool {
        self.said.fetch_or(bit, Relaxed) & bit == 0
    }

    /// Notes whether a look-up found a user. Returns the place that finds one, when the other finds none for
    /// the same cookies.
    pub(crate) fn differs(&self, place: Place, headers: &HeaderMap, user: bool) -> Option<Place> {
        if self.agreed.load(Relaxed) || !(headers.contains_key(COOKIE) || headers.contains_key(AUTHORIZATION)) {
            return None;
        }
        // Only a hash under a key that is drawn at the start is remembered.
        let mut hasher = self.hasher.build_hasher();
        for name in [COOKIE, AUTHORIZATION] {
            headers.get_all(name).iter().for_each(|value| value.as_bytes().hash(&mut hasher));
        }
        let browser = hasher.finish();
        let mut found = self.found.lock();
        let other = found.iter().find(|(of, at, _)| *of == browser && *at != place).map(|(.., user)| *user);
        found.retain(|(of, at, _)| (*of, *at) != (browser, place));
        found.push_back((browser, place, user));
        if found.len() > REMEMBERED {
            found.pop_front();
        }
        let other = other?;
        if user && other {
            self.agreed.store(true, Relaxed);
            found.clear();
        }
        let knows = if user == (place == Place::Handler) { Place::Handler } else { Place::Route };
        (user != other).then_some(knows)
    }
}

crate::kinds::shows! { Notices {} }

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_same_browser_is_compared_and_only_until_both_places_find_a_user() {
        let notices = Notices::default();
        let of = |cookie: &'static str| HeaderMap::from_iter([(COOKIE, cookie.parse().unwrap())]);
        assert_eq!(notices.differs(Place::Handler, &of("a"), true), None);
        assert_eq!(notices.differs(Place::Route, &of("b"), false), None, "somebody else is signed out");
        assert_eq!(notices.differs(Place::Route, &HeaderMap::new(), false), None, "nothing tells who it is");
        assert_eq!(notices.differs(Place::Route, &of("a"), false), Some(Place::Handler));
        assert_eq!(notices.differs(Place::Handler, &of("b"), true), Some(Place::Handler));
        assert_eq!(notices.differs(Place::Route, &of("c"), true), None);
        assert_eq!(notices.differs(Place::Handler, &of("c"), false), Some(Place::Route));
        assert_eq!(notices.differs(Place::Handler, &of("c"), true), None, "now both do");
        assert_eq!(notices.differs(Place::Route, &of("a"), false), None, "settled");
    }

    #[test]
    fn no_more_than_a_few_browsers_are_remembered() {
        let notices = Notices::default();
        for number in 0..100 {
            let headers = HeaderMap::from_iter([(COOKIE, format!("session={number}").parse().unwrap())]);
            assert_eq!(notices.differs(Place::Handler, &headers, true), None);
        }
        assert_eq!(notices.found.lock().len(), REMEMBERED);
    }
}
