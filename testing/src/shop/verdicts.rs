//! Checks of the outcome of a callback: success or refusal.

use super::Shop;
use crate::browser::{Browser, Hop, Load};
use crate::raw_provider::key_for_code;
use std::collections::BTreeMap;

/// A login that was started.
pub struct Login {
    pub state: String,
    /// The name of the cookie that holds the attempt.
    pub cookie: String,
    pub hop: Hop,
}

impl Login {
    /// The query of the callback with this code.
    pub fn with(&self, code: &str) -> String {
        format!("code={code}&state={}", self.state)
    }

    /// Names the attempt on pages and in the log.
    pub fn reference(&self) -> &str {
        &self.cookie[self.cookie.len() - 16..]
    }

    /// The name of the cookie without the reference at its end.
    pub fn prefix(&self) -> &str {
        &self.cookie[..self.cookie.len() - 16]
    }
}

impl Shop {
    /// **ok(path)**: the login is finished with this code, which reaches the provider once and whose key is then the user's.
    pub async fn accepts(&self, browser: &Browser, login: &Login, code: &str, path: &str) -> Hop {
        self.accepts_load(browser, self.returning(&login.with(code)), code, path).await
    }

    pub async fn accepts_load(&self, browser: &Browser, load: Load, code: &str, path: &str) -> Hop {
        let before = self.exchanges_of(code);
        let hop = browser.load(load).await.first().clone();
        assert_eq!((hop.status(), hop.location()), (303, Some(path)), "{}", hop.text());
        assert_eq!(self.exchanges_of(code), before + 1, "exchanges of {code}");
        assert_eq!(self.key_seen_by(browser).await, Some(key_for_code(code)));
        hop
    }

    /// A whole login of this browser, from `/x` and back to it, that is accepted.
    pub async fn connects(&self, browser: &Browser, code: &str) -> Login {
        let login = self.start(browser, "/x").await;
        self.accepts(browser, &login, code, "/x").await;
        login
    }

    /// **refuse(status)**: nothing reaches the provider, the store and the browser's cookies stay as they are.
    pub async fn refuses(&self, browser: &Browser, query: &str, status: u16) -> Hop {
        self.refuses_load(browser, self.returning(query), status).await
    }

    pub async fn refuses_load(&self, browser: &Browser, load: Load, status: u16) -> Hop {
        let jar = cookies(browser);
        let hop = self.refuses_for_good(browser, load, status).await;
        assert_eq!(cookies(browser), jar, "a refusal touched cookies");
        hop
    }

    /// As [`refuses`](Self::refuses), and the attempt's own cookie is gone.
    pub async fn refuses_and_clears(&self, browser: &Browser, query: &str, status: u16, cookie: &str) -> Hop {
        let mut jar = cookies(browser);
        let hop = self.refuses_for_good(browser, self.returning(query), status).await;
        jar.retain(|(name, _)| name != cookie);
        assert_eq!(cookies(browser), jar, "the attempt's own cookie goes and no other");
        assert!(hop.set_cookies().iter().any(|line| line.starts_with(&format!("{cookie}=;"))));
        hop
    }

    async fn refuses_for_good(&self, browser: &Browser, load: Load, status: u16) -> Hop {
        let before = self.mark();
        let hop = load_and_go_on(browser, load).await;
        assert_eq!((hop.status(), hop.location()), (status, None), "{}", hop.text());
        assert_eq!(self.mark(), before, "a refusal reached the provider or the store");
        hop
    }

    /// What a refusal leaves as it is: connections to the provider, writes to the store, its records.
    pub fn mark(&self) -> (usize, usize, BTreeMap<String, String>) {
        (self.provider.connections(), self.shelf.writes(), self.shelf.snapshot())
    }
}

/// Asserts a success: 303 to `/x`, without a body.
pub fn assert_connected(hop: &Hop) {
    assert_eq!((hop.status(), hop.location(), hop.text().as_str()), (303, Some("/x"), ""), "{}", hop.text());
}

/// Reads the answer to a login that must have started.
pub fn started(hop: Hop) -> Login {
    assert_eq!(hop.status(), 303, "{}", hop.text());
    let state = hop.location_parameter("state").expect("a state in the authorize URL");
    let set = hop.set_cookies();
    let mut kept = set.iter().filter(|line| !line.contains("; Max-Age=0;"));
    let cookie = kept.next().and_then(|line| line.split_once('=')).expect("an attempt in a cookie").0.to_owned();
    assert_eq!(kept.next(), None, "one cookie is set");
    Login { state, cookie, hop }
}

/// Whether a page loads its own address again.
pub fn loads_again(page: &Hop) -> bool {
    page.text().contains("<meta http-equiv=\"refresh\" content=\"0\">")
}

/// Loads a page. Loads it once more if the page would load itself again.
pub async fn load_and_go_on(browser: &Browser, load: Load) -> Hop {
    let hop = browser.load(load.clone()).await.first().clone();
    if loads_again(&hop) { browser.load(load).await.first().clone() } else { hop }
}

/// Names and values, sorted.
pub fn cookies(browser: &Browser) -> Vec<(String, Vec<u8>)> {
    let mut all: Vec<_> = browser.jar().all().iter().map(|cookie| (cookie.name(), cookie.value.clone())).collect();
    // The cookie that marks a page that was loaded again. It expires by itself and decides nothing else.
    all.retain(|(name, _)| !name.contains("-again-"));
    all.sort();
    all
}

/// The crate's cookies for attempts and done marks, in the order of their creation.
pub fn flow_cookies(browser: &Browser) -> Vec<String> {
    let mut names = browser.jar().names();
    names.retain(|name| name.contains("-login-") || name.contains("-done-"));
    names
}

/// Name and value of the crate's session cookie.
pub fn session_of(browser: &Browser) -> (String, String) {
    let jar = browser.jar();
    let name = jar.names().into_iter().find(|name| name.ends_with("-session")).expect("a session");
    let value = jar.get(&name).unwrap();
    (name, value)
}
