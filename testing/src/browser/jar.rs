//! The cookie jar: which cookies are kept and which go along (RFC 6265bis, sections 5.7 and 5.8).

use super::cookie::{self, Cookie, Refused, SameSite};
use super::site;
use std::time::SystemTime;
use url::{Host, Url};

/// Cookies of one host or domain; beyond it the oldest goes.
const MOST_PER_DOMAIN: usize = 180;

/// How the page that asks is related to the URL when a cookie is set or sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Context {
    /// Typed by the user, or asked for by a page of the same site.
    SameSite,
    /// Asked for by another site as a top-level navigation with GET or HEAD.
    CrossSiteNavigation,
    /// Asked for by another site as a top-level navigation with POST: cookies can be set but Lax ones are not sent.
    CrossSitePost,
    /// A subresource, frame or script of another site.
    CrossSiteEmbedded,
}

/// Who sets or reads a cookie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    Http(Context),
    Script,
}

#[derive(Clone, Debug, Default)]
pub struct Jar {
    cookies: Vec<Cookie>,
    next: u64,
    /// Safari's way: `Secure` cookies need https also on the machine itself.
    pub strict_loopback: bool,
}

impl Jar {
    /// What a browser does with one `Set-Cookie` line in an answer from `url`.
    pub fn store(&mut self, line: &[u8], url: &Url, by: By, now: SystemTime) -> Result<(), Refused> {
        let parsed = cookie::parse(line, now)?;
        let host = host(url);
        let mut domain = parsed.domain;
        if site::is_public_suffix(&domain) && !domain.is_empty() {
            if domain != host {
                return Err(Refused::PublicSuffix);
            }
            domain.clear();
        }
        if !domain.is_empty() && !domain_matches(url, &domain) {
            return Err(Refused::ForeignDomain);
        }
        let host_only = domain.is_empty();
        let cookie = Cookie {
            name: parsed.name,
            value: parsed.value,
            domain: if host_only { host } else { domain },
            host_only,
            path: parsed.path.clone().unwrap_or_else(|| default_path(url)),
            secure: parsed.secure,
            http_only: parsed.http_only,
            same_site: parsed.same_site,
            expires: parsed.expires,
            created: self.next,
        };
        self.check(&cookie, parsed.path.as_deref(), url, by)?;
        self.next += 1;
        self.keep(cookie, now);
        Ok(())
    }

    fn check(&self, cookie: &Cookie, path: Option<&str>, url: &Url, by: By) -> Result<(), Refused> {
        let secure_origin = self.is_secure(url);
        if cookie.secure && !secure_origin {
            return Err(Refused::SecureOverHttp);
        }
        let by_script = by == By::Script;
        if by_script && (cookie.http_only || self.twin(cookie).is_some_and(|twin| self.cookies[twin].http_only)) {
            return Err(Refused::HttpOnlyByScript);
        }
        let hidden = |kept: &Cookie| {
            kept.secure
                && kept.name == cookie.name
                && (is_within(&kept.domain, &cookie.domain) || is_within(&cookie.domain, &kept.domain))
                && path_matches(&cookie.path, &kept.path)
        };
        if !cookie.secure && !secure_origin && self.cookies.iter().any(hidden) {
            return Err(Refused::HidesSecure);
        }
        if cookie.same_site != SameSite::None && by == By::Http(Context::CrossSiteEmbedded) {
            return Err(Refused::CrossSite);
        }
        if cookie.same_site == SameSite::None && !cookie.secure {
            return Err(Refused::NoneWithoutSecure);
        }
        // A cookie without a name is sent as its value alone, so the value must not imitate a prefix either.
        let shown = if cookie.name.is_empty() { &cookie.value } else { &cookie.name };
        let has_prefix =
            |prefix: &str| shown.get(..prefix.len()).is_some_and(|it| it.eq_ignore_ascii_case(prefix.as_bytes()));
        if has_prefix("__Secure-") && (cookie.name.is_empty() || !cookie.secure) {
            return Err(Refused::SecurePrefix);
        }
        let host_form = cookie.secure && cookie.host_only && path == Some("/");
        if has_prefix("__Host-") && (cookie.name.is_empty() || !host_form) {
            return Err(Refused::HostPrefix);
        }
        Ok(())
    }

    fn keep(&mut self, mut cookie: Cookie, now: SystemTime) {
        if let Some(twin) = self.twin(&cookie) {
            cookie.created = self.cookies.remove(twin).created;
        }
        self.cookies.push(cookie);
        self.forget_expired(now);
        let domain = self.cookies.last().map(|cookie| cookie.domain.clone()).unwrap_or_default();
        let of_domain = self.cookies.iter().filter(|cookie| cookie.domain == domain);
        if of_domain.clone().count() > MOST_PER_DOMAIN {
            let oldest = of_domain.map(|cookie| cookie.created).min();
            self.cookies.retain(|cookie| Some(cookie.created) != oldest);
        }
    }

    /// The cookies that go to `url`, in the order in which browsers send them: longest path first, then oldest.
    pub fn cookies_for(&self, url: &Url, by: By, now: SystemTime) -> Vec<Cookie> {
        let host = host(url);
        let goes_along = |cookie: &&Cookie| {
            let at_home = if cookie.host_only { cookie.domain == host } else { domain_matches(url, &cookie.domain) };
            let context = match by {
                By::Script => !cookie.http_only,
                By::Http(context) => is_sent_in(cookie, context),
            };
            at_home
                && context
                && path_matches(url.path(), &cookie.path)
                && (!cookie.secure || self.is_secure(url))
                && !is_expired(cookie, now)
        };
        let mut cookies: Vec<_> = self.cookies.iter().filter(goes_along).cloned().collect();
        cookies.sort_by_key(|cookie| (std::cmp::Reverse(cookie.path.len()), cookie.created));
        cookies
    }

    fn is_secure(&self, url: &Url) -> bool {
        url.scheme() == "https" || (!self.strict_loopback && site::is_loopback(url))
    }

    fn twin(&self, cookie: &Cookie) -> Option<usize> {
        let key = |cookie: &Cookie| (cookie.name.clone(), cookie.domain.clone(), cookie.host_only, cookie.path.clone());
        self.cookies.iter().position(|kept| key(kept) == key(cookie))
    }

    pub fn forget_expired(&mut self, now: SystemTime) {
        self.cookies.retain(|cookie| !is_expired(cookie, now));
    }

    /// What script on the page at `url` can read: `document.cookie`.
    pub fn script_view(&self, url: &Url, now: SystemTime) -> String {
        let cookies = self.cookies_for(url, By::Script, now);
        cookies.iter().map(|cookie| format!("{}={}", cookie.name(), cookie.value())).collect::<Vec<_>>().join("; ")
    }

    // With the methods below a test changes the jar directly; no browser rule applies.

    pub fn all(&self) -> &[Cookie] {
        &self.cookies
    }

    /// Names, in the order of creation.
    pub fn names(&self) -> Vec<String> {
        let mut cookies: Vec<_> = self.cookies.iter().collect();
        cookies.sort_by_key(|cookie| cookie.created);
        cookies.into_iter().map(Cookie::name).collect()
    }

    /// The value of the only cookie of this name. Panics when there are two.
    pub fn get(&self, name: &str) -> Option<String> {
        let mut values = self.cookies.iter().filter(|cookie| cookie.name == name.as_bytes()).map(Cookie::value);
        let value = values.next();
        assert!(values.next().is_none(), "more than one cookie is called {name}");
        value
    }

    /// Puts the cookie in as it is, as the newest one, beside any other of its name.
    pub fn set_raw(&mut self, cookie: Cookie) {
        self.cookies.push(Cookie { created: self.next, ..cookie });
        self.next += 1;
    }

    /// Changes the value of the cookies of this name. Panics when there is none.
    pub fn set_value(&mut self, name: &str, value: impl AsRef<[u8]>) {
        self.each_named(name, |cookie| cookie.value = value.as_ref().to_vec());
    }

    /// Panics when there is no cookie of the old name.
    pub fn rename(&mut self, old: &str, new: &str) {
        self.each_named(old, |cookie| cookie.name = new.as_bytes().to_vec());
    }

    /// Panics when there is none.
    pub fn remove(&mut self, name: &str) {
        self.each_named(name, |_| {});
        self.cookies.retain(|cookie| cookie.name != name.as_bytes());
    }

    pub fn clear(&mut self) {
        self.cookies.clear();
    }

    fn each_named(&mut self, name: &str, change: impl Fn(&mut Cookie)) {
        let mut named: Vec<_> = self.cookies.iter_mut().filter(|cookie| cookie.name == name.as_bytes()).collect();
        assert!(!named.is_empty(), "no cookie is called {name}");
        named.iter_mut().for_each(|cookie| change(cookie));
    }
}

fn is_sent_in(cookie: &Cookie, context: Context) -> bool {
    match (cookie.same_site, context) {
        (_, Context::SameSite) | (SameSite::None, _) => true,
        (SameSite::Lax | SameSite::Unspecified, context) => context == Context::CrossSiteNavigation,
        _ => false,
    }
}

fn is_expired(cookie: &Cookie, now: SystemTime) -> bool {
    cookie.expires.is_some_and(|expires| expires <= now)
}

fn host(url: &Url) -> String {
    url.host().map(|host| host.to_string()).unwrap_or_default()
}

fn domain_matches(url: &Url, domain: &str) -> bool {
    match url.host() {
        Some(Host::Domain(host)) => is_within(host, domain),
        Some(address) => address.to_string() == domain,
        None => false,
    }
}

fn is_within(host: &str, domain: &str) -> bool {
    host == domain || host.strip_suffix(domain).is_some_and(|rest| rest.ends_with('.'))
}

fn default_path(url: &Url) -> String {
    match url.path().rfind('/') {
        None | Some(0) => "/".to_owned(),
        Some(last) => url.path()[..last].to_owned(),
    }
}

fn path_matches(path: &str, cookie_path: &str) -> bool {
    path.strip_prefix(cookie_path)
        .is_some_and(|rest| rest.is_empty() || cookie_path.ends_with('/') || rest.starts_with('/'))
}
