//! What must be true of every answer of the crate's own routes (threat T23), and of every cookie it sets (T12, T13).
//!
//! The browser model runs [`OwnAnswers::inspect`] over each answer of these routes in every test.

use super::browser::visit::Hop;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use http::{HeaderMap, Response, StatusCode, header};
use sha2::{Digest, Sha256};
use url::Url;

/// Which answers are the crate's own, and where they may send the browser.
#[derive(Clone, Debug)]
pub struct OwnAnswers {
    /// Ends of paths, so that the routes are also found under a nest.
    pub routes: Vec<String>,
    /// Absolute `Location`s that are allowed: the authorize URL, the app's login page. Origin and path must
    /// be equal; the query may differ.
    pub locations: Vec<String>,
}

impl Default for OwnAnswers {
    fn default() -> Self {
        Self {
            routes: ["login", "callback", "disconnect", "status"].map(|route| format!("/komerza/{route}")).to_vec(),
            locations: vec!["https://dashboard.komerza.com/auth/authorize".to_owned()],
        }
    }
}

impl OwnAnswers {
    /// The default routes with another authorize URL.
    pub fn authorized_at(url: &str) -> Self {
        Self { locations: vec![url.to_owned()], ..Self::default() }
    }

    /// Panics when the answer came from a route of the crate and breaks a rule. Gives its body to the canaries.
    pub fn inspect(&self, hop: &Hop) {
        if self.routes.iter().any(|route| hop.url.path().ends_with(route.as_str())) {
            super::canary::capture("a page of the crate", &hop.text());
            let problems = self.problems(&hop.response);
            let shown = format!("{} {} -> {}", hop.method, hop.url.path(), hop.status());
            assert!(problems.is_empty(), "{shown}: {problems:#?}\n{:#?}\n{}", hop.response.headers(), hop.text());
        }
    }

    /// Every rule that the answer breaks.
    pub fn problems(&self, response: &Response<Bytes>) -> Vec<String> {
        let mut problems = Vec::new();
        let headers = response.headers();
        self.redirect_problems(response, &mut problems);
        for (name, wanted) in
            [("referrer-policy", "no-referrer"), ("x-content-type-options", "nosniff"), ("x-frame-options", "DENY")]
        {
            let values = all(headers, name);
            if values != [wanted] {
                problems.push(format!("{name} is {values:?}, not {wanted}"));
            }
        }
        for (name, wanted) in [("cache-control", "no-store"), ("x-robots-tag", "noindex")] {
            let values = all(headers, name);
            if !values.iter().flat_map(|value| value.split(',')).any(|word| word.trim() == wanted) {
                problems.push(format!("{name} is {values:?}, without {wanted}"));
            }
        }
        // RFC 9110, section 15.5.2.
        let challenges = all(headers, "www-authenticate").len();
        if challenges != usize::from(response.status() == StatusCode::UNAUTHORIZED) {
            problems.push(format!("{} with {challenges} challenges", response.status()));
        }
        policy_problems(response, &mut problems);
        body_problems(response, &mut problems);
        problems
    }

    fn redirect_problems(&self, response: &Response<Bytes>, problems: &mut Vec<String>) {
        let status = response.status();
        if status.is_redirection() && status != StatusCode::SEE_OTHER {
            problems.push(format!("the status is {status}; 303 is the only redirect"));
        }
        let locations = all(response.headers(), "location");
        if status == StatusCode::SEE_OTHER && locations.len() != 1 {
            problems.push(format!("a 303 to {locations:?}"));
        }
        for location in locations {
            if !super::redirect_attacks::stays_on_site(&location) && !self.allows(&location) {
                problems.push(format!(
                    "Location {location:?} is neither a path of this site nor one of {:?}",
                    self.locations
                ));
            }
        }
    }

    fn allows(&self, location: &str) -> bool {
        let Ok(target) = Url::parse(location) else { return false };
        self.locations.iter().any(|allowed| {
            let allowed = Url::parse(allowed).unwrap();
            target.origin() == allowed.origin() && target.path() == allowed.path() && target.username().is_empty()
        })
    }
}

/// Nothing is loaded, nobody frames the page, and forms go only where the policy says.
fn policy_problems(response: &Response<Bytes>, problems: &mut Vec<String>) {
    let policies = all(response.headers(), "content-security-policy");
    let [policy] = &policies[..] else {
        return problems.push(format!("{} Content-Security-Policy headers", policies.len()));
    };
    for name in ["default-src", "frame-ancestors", "base-uri"] {
        if directive(policy, name).as_deref() != Some(&["'none'".to_owned()]) {
            problems.push(format!("{name} is not 'none' in {policy:?}"));
        }
    }
    for part in policy.split(';').map(str::trim).filter(|part| !part.is_empty()) {
        let name = part.split_ascii_whitespace().next().unwrap_or_default();
        if !["default-src", "frame-ancestors", "base-uri", "form-action", "style-src"].contains(&name) {
            problems.push(format!("no answer needs {part:?}"));
        }
    }
    let styles = directive(policy, "style-src").unwrap_or_default();
    if !styles.iter().all(|source| source == "'none'" || source.starts_with("'sha256-")) {
        problems.push(format!("style-src {styles:?} allows more than one known style"));
    }
    let html = String::from_utf8_lossy(response.body());
    for style in html.split("<style>").skip(1).filter_map(|rest| rest.split("</style>").next()) {
        let source = format!("'sha256-{}'", STANDARD.encode(Sha256::digest(style)));
        if !styles.contains(&source) {
            problems.push(format!("the page's style is blocked: {source} is missing in {policy:?}"));
        }
    }
    if html.contains("<form") && directive(policy, "form-action").is_none() {
        problems.push("a page with a form, without form-action".to_owned());
    }
    if directive(policy, "form-action").is_some_and(|sources| sources.iter().any(|source| source.contains('*'))) {
        problems.push(format!("form-action with a wildcard in {policy:?}"));
    }
}

/// Checks that a body has no script, no subresource, and exactly one content type.
fn body_problems(response: &Response<Bytes>, problems: &mut Vec<String>) {
    if response.body().is_empty() {
        return;
    }
    let types = all(response.headers(), header::CONTENT_TYPE.as_str());
    let [content_type] = &types[..] else {
        return problems.push(format!("a body with {} content types", types.len()));
    };
    if !content_type.starts_with("text/html") {
        return;
    }
    if !content_type.to_ascii_lowercase().contains("charset=utf-8") {
        problems.push(format!("HTML without its charset: {content_type}"));
    }
    let html = String::from_utf8_lossy(response.body()).to_ascii_lowercase();
    // A page may load its own address again.
    let html = html.replacen("<meta http-equiv=\"refresh\" content=\"0\">", "", 1);
    let forbidden =
        "<script <link <base <iframe <object <embed <img <svg src= srcset http-equiv @import url( style= javascript:";
    for forbidden in forbidden.split(' ') {
        if html.contains(forbidden) {
            problems.push(format!("the page contains {forbidden:?}"));
        }
    }
    let tags = html.split('<').skip(1).filter_map(|rest| rest.split('>').next());
    for (name, _) in tags.flat_map(attributes).filter(|(name, _)| name.starts_with("on")) {
        problems.push(format!("the page has an event handler {name:?}"));
    }
}

// No HTML parser: pages under test are ours.

/// Names in lower case, values with the five usual character references resolved.
fn attributes(tag: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut rest = tag.trim_start_matches(|c: char| !c.is_whitespace()).trim_start();
    while !rest.is_empty() {
        let end = rest.find(|c: char| c.is_whitespace() || c == '=').unwrap_or(rest.len());
        let name = rest[..end].to_ascii_lowercase();
        rest = rest[end..].trim_start();
        let mut value = "";
        if let Some(after) = rest.strip_prefix('=') {
            rest = after.trim_start();
            let quote = rest.chars().next().filter(|c| matches!(c, '"' | '\''));
            let body = if quote.is_some() { &rest[1..] } else { rest };
            let end = body.find(|c: char| quote.map_or(c.is_whitespace(), |quote| c == quote)).unwrap_or(body.len());
            value = &body[..end];
            rest = body[end..].trim_start_matches(|c| Some(c) == quote).trim_start();
        }
        found.push((name, unescaped(value)));
    }
    found
}

fn unescaped(value: &str) -> String {
    value
        .replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&quot;", "\"")
        .replace("&#39;", "'")
        .replace("&#x27;", "'")
        .replace("&amp;", "&")
}

/// The sources of one directive, lower case apart from paths; `None` when the policy does not name it.
fn directive(policy: &str, name: &str) -> Option<Vec<String>> {
    policy.split(';').find_map(|directive| {
        let mut words = directive.split_ascii_whitespace();
        words.next().filter(|word| word.eq_ignore_ascii_case(name))?;
        Some(words.map(str::to_owned).collect())
    })
}

fn all(headers: &HeaderMap, name: &str) -> Vec<String> {
    headers.get_all(name).iter().map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned()).collect()
}

/// The form of a cookie, decided by the redirect URI alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CookieForm {
    /// `__Host-…; Secure`, on https.
    Host,
    /// No prefix and no `Secure`, for development on http with a loopback host.
    Loopback,
}

/// Asserts that the cookie has exactly these attributes, each once: `HttpOnly`, `Path=/`, `SameSite=Lax`,
/// `Max-Age`, and `Secure` if `form` is `Host`. Also asserts the prefix of the name. `max_age` in seconds; 0
/// removes the cookie.
pub fn assert_cookie_form(line: &str, form: CookieForm, max_age: u64) {
    let mut parts = line.split(';').map(str::trim);
    let (name, value) = parts.next().and_then(|pair| pair.split_once('=')).expect("a name and a value");
    let prefixed = name.starts_with("__Host-");
    assert_eq!(prefixed, form == CookieForm::Host, "the name {name:?} does not fit {form:?}");
    assert!(!name.starts_with("__") || prefixed, "another prefix: {name:?}");
    let legal = |byte: u8| byte.is_ascii_graphic() && !b"\",;\\".contains(&byte);
    assert!(value.bytes().all(legal) && name.bytes().all(legal), "characters that a cookie cannot hold: {line:?}");
    let mut attributes: Vec<_> = parts.map(str::to_ascii_lowercase).collect();
    attributes.sort();
    let max_age = format!("max-age={max_age}");
    let mut expected = vec!["httponly", max_age.as_str(), "path=/", "samesite=lax"];
    if form == CookieForm::Host {
        expected.push("secure");
    }
    assert_eq!(attributes, expected, "in {line:?}");
}

/// T12 and T13 over the whole suite: each cookie that the crate sets has its exact form, and none is set twice.
pub fn inspect_cookies(hop: &Hop) {
    if !hop.url.path().contains("/komerza/") {
        return;
    }
    let form = if hop.url.scheme() == "https" { CookieForm::Host } else { CookieForm::Loopback };
    let mut names = Vec::new();
    for line in hop.set_cookies() {
        let (name, rest) = line.split_once('=').expect("a name and a value");
        if name.contains("komerza-") {
            let lives = match name {
                _ if rest.starts_with(';') => 0,
                name if name.contains("-login-") => 600,
                name if name.contains("-done-") => 120,
                name if name.ends_with("-confirm") => 600,
                name if name.contains("-again-") || name.ends_with("-stay") => 60,
                name if name.ends_with("-session") => 30 * 24 * 3_600,
                _ => panic!("an unknown cookie of the crate: {name}"),
            };
            assert_cookie_form(&line, form, lives);
            assert!(!names.contains(&name.to_owned()), "{name} is set twice in one answer");
            names.push(name.to_owned());
        }
    }
    assert_eq!(hop.refused_cookies, [], "a browser keeps every cookie of the crate");
}
