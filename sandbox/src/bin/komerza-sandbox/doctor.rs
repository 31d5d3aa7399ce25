//! Looks at a deployed app from outside: `komerza-sandbox doctor URL`.
//!
//! Asks the login route as a browser does, then as a link on another site does, and the status route as a
//! script does. It follows no redirect, so nothing is connected. [`judge`], a synchronous function without
//! I/O, decides what the answers mean.

use http::{HeaderMap, StatusCode, header};
use serde_json::{Value, json};
use std::fmt;
use url::Url;

/// What was found, how bad it is, and what helps.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Finding {
    error: bool,
    code: &'static str,
    text: String,
    remedy: &'static str,
}

impl Finding {
    fn fine(code: &'static str, text: impl Into<String>) -> Self {
        Self { error: false, code, text: text.into(), remedy: "" }
    }

    fn wrong(code: &'static str, text: impl Into<String>, remedy: &'static str) -> Self {
        Self { error: true, code, text: text.into(), remedy }
    }

    fn json(&self) -> Value {
        let severity = if self.error { "error" } else { "fine" };
        let remedy = Some(self.remedy).filter(|remedy| !remedy.is_empty());
        json!({ "severity": severity, "code": self.code, "text": self.text, "remedy": remedy })
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:<8}{}.", if self.error { "error" } else { "fine" }, self.text)?;
        if self.remedy.is_empty() { Ok(()) } else { write!(f, "\n        {}", self.remedy) }
    }
}

/// The head of an answer.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    status: StatusCode,
    headers: HeaderMap,
}

impl Answer {
    fn text(&self, name: header::HeaderName) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }
}

/// Returns the report as text or JSON, and whether a finding is an error.
pub(crate) async fn examine(url: &str, cookie: Option<&str>, json: bool) -> Result<(String, bool), String> {
    let mut login = Url::parse(url).map_err(|why| format!("{url:?}: {why}"))?;
    if login.path() == "/" {
        login.set_path("/komerza/login");
    }
    let status = login.join("status").map_err(|why| why.to_string())?;
    let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).user_agent("komerza-sandbox");
    let client = client.build().map_err(|why| why.to_string())?;
    let ask = async |url: &Url, headers: &[(&'static str, &'static str)]| {
        let request = client.get(url.clone()).timeout(std::time::Duration::from_secs(10));
        let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
        let request = cookie.into_iter().fold(request, |request, cookie| request.header(header::COOKIE, cookie));
        let answer = request.send().await.map_err(|why| {
            let cause = std::error::Error::source(&why).map(|cause| format!(": {cause}")).unwrap_or_default();
            format!("{url} cannot be reached{cause}; for https build with `--features rustls`")
        })?;
        Ok::<_, String>(Answer { status: answer.status(), headers: answer.headers().clone() })
    };
    let page = [("accept", "text/html"), ("sec-fetch-mode", "navigate"), ("sec-fetch-dest", "document")];
    let typed = ask(&login, &[&page[..], &[("sec-fetch-site", "none")]].concat()).await?;
    let linked = ask(&login, &[&page[..], &[("sec-fetch-site", "cross-site")]].concat()).await?;
    let polled = ask(&status, &[("accept", "application/json")]).await?;
    let findings = judge(&login, cookie.is_some(), &typed, &linked, &polled);
    let wrong = findings.iter().any(|finding| finding.error);
    let text = match json {
        true => json!({ "url": login.as_str(), "findings": findings.iter().map(Finding::json).collect::<Vec<_>>() })
            .to_string(),
        false => findings.iter().map(|finding| format!("{finding}\n")).collect(),
    };
    Ok((text, wrong))
}

/// What the answers to a typed address, to a link on another site and to a script mean. `signed_in`: a cookie
/// was given.
fn judge(login: &Url, signed_in: bool, typed: &Answer, linked: &Answer, polled: &Answer) -> Vec<Finding> {
    let mut findings = Vec::new();
    let authorize = Url::parse(typed.text(header::LOCATION)).ok().filter(|url| url.path().ends_with("/auth/authorize"));
    match (typed.status.as_u16(), authorize) {
        (303, Some(authorize)) => {
            findings.push(redirect(login, &authorize));
            findings.push(cookie(login, &typed.headers));
            findings.push(if linked.status == StatusCode::SEE_OTHER {
                Finding::wrong("fetch_metadata_lost", "a link on another site begins a login at once",
                    "Let the proxy in front pass the headers Sec-Fetch-Site, Sec-Fetch-Mode and Sec-Fetch-Dest.")
            } else {
                Finding::fine("fetch_metadata", "Sec-Fetch-* arrives: a visitor who follows a link on another site is asked first")
            });
        }
        // As it should: nobody is signed in. Only our answers have this policy.
        (401 | 303, _) if typed.text(header::CONTENT_SECURITY_POLICY).contains("form-action 'none'; frame-ancestors 'none'") => {
            findings.push(if signed_in {
                Finding::wrong("signed_out", format!("{login} asks the visitor to sign in, in spite of --cookie"),
                    "Copy the cookie from a browser that is signed in. If it was, the session layer is on the wrong side: \
                     `.layer(connect).layer(auth)`.")
            } else {
                Finding::fine("asks_to_sign_in", format!("{login} asks the visitor to sign in; to look further, give the cookie of a \
                    signed-in browser with --cookie"))
            });
        }
        (401 | 303 | 404 | 405, _) => findings.push(Finding::wrong("not_mounted", format!("{login} answers {}", typed.status),
            "Check the address and that the layer is added after the routes. If the proxy strips a prefix of the path, set \
             `stripped_prefix`. If the app asks for a sign-in before it reaches the layer, give the cookie of a signed-in \
             browser with --cookie.")),
        (..) => findings.push(Finding::wrong("no_login", format!("{login} answers {}", typed.status),
            "Look into the log of the app and of the proxy in front.")),
    }
    if !typed.text(header::CACHE_CONTROL).contains("no-store") {
        findings.push(Finding::wrong(
            "cached",
            "the answer of the login route may be cached",
            "Let the proxy keep the Cache-Control of the app.",
        ));
    }
    let kind = polled.text(header::CONTENT_TYPE);
    let json = kind.starts_with("application/json") || kind.starts_with("application/problem+json");
    findings.push(if json {
        Finding::fine("status", "the status route answers as JSON")
    } else {
        Finding::wrong(
            "status_lost",
            format!("the status route beside the login answers {} as {kind:?}", polled.status),
            "Check that the proxy sends its path to the app too, and that no fallback page of a front end answers.",
        )
    });
    findings
        .push(Finding::fine("access_log", "the callback's query carries the code: keep queries out of access logs"));
    findings
}

/// Whether Komerza would send the browser back to this site.
fn redirect(login: &Url, authorize: &Url) -> Finding {
    let of = |name| authorize.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned());
    let (client_id, uri) = (of("client_id").unwrap_or_default(), of("redirect_uri").unwrap_or_default());
    match Url::parse(&uri) {
        Ok(back) if back.origin() == login.origin() => {
            Finding::fine("redirect", format!("register the redirect URI {uri} for the client ID {client_id}"))
        }
        _ => Finding::wrong(
            "redirect_elsewhere",
            format!("the redirect URI is {uri}, which is another site"),
            "Set KOMERZA_REDIRECT_URI to the public address of this site, here and in the Komerza dashboard.",
        ),
    }
}

/// Whether the login cookie came through as the app made it.
fn cookie(login: &Url, headers: &HeaderMap) -> Finding {
    let mut cookies = headers.get_all(header::SET_COOKIE).iter().filter_map(|value| value.to_str().ok());
    let Some(cookie) = cookies.find(|cookie| cookie.contains("komerza-") && cookie.contains("-login-")) else {
        return Finding::wrong("cookie_lost", "the login cookie does not arrive", "Let the proxy pass Set-Cookie.");
    };
    let secure = login.scheme() == "https";
    let wanted = ["Path=/", "HttpOnly", "SameSite=Lax"].into_iter().chain(secure.then_some("Secure"));
    let parts: Vec<_> = cookie.split("; ").collect();
    let missing: Vec<_> = wanted.filter(|attribute| !parts.contains(attribute)).collect();
    if secure && !cookie.starts_with("__Host-") {
        Finding::wrong(
            "cookie_prefix_lost",
            "the login cookie has no __Host- prefix",
            "Set an https redirect URI, and let no proxy rename cookies.",
        )
    } else if !missing.is_empty() || parts.iter().any(|part| part.starts_with("Domain=")) {
        Finding::wrong(
            "cookie_changed",
            format!("the login cookie was changed; missing: {}", missing.join(", ")),
            "Let no proxy rewrite cookies (nginx: proxy_cookie_path, proxy_cookie_flags, proxy_cookie_domain).",
        )
    } else {
        Finding::fine("cookie", "the login cookie arrives with its name and attributes")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const COOKIE: &str = "__Host-komerza-00000000-login-1=x; Path=/; Max-Age=600; HttpOnly; SameSite=Lax; Secure";

    fn answer(status: u16, headers: &[(header::HeaderName, &str)]) -> Answer {
        let headers = headers.iter().map(|(name, value)| (name.clone(), value.parse().unwrap())).collect();
        Answer { status: StatusCode::from_u16(status).unwrap(), headers }
    }

    fn login(cookie: &str, redirect_uri: &str) -> Answer {
        let to =
            format!("https://dashboard.komerza.com/auth/authorize?client_id=id&redirect_uri={redirect_uri}&state=s");
        answer(303, &[(header::LOCATION, &to), (header::SET_COOKIE, cookie), (header::CACHE_CONTROL, "no-store")])
    }

    fn codes(typed: &Answer, linked: &Answer, polled: &Answer) -> Vec<&'static str> {
        codes_with(true, typed, linked, polled)
    }

    fn codes_with(signed_in: bool, typed: &Answer, linked: &Answer, polled: &Answer) -> Vec<&'static str> {
        let url = Url::parse("https://shop.example/komerza/login").unwrap();
        judge(&url, signed_in, typed, linked, polled)
            .into_iter()
            .filter(|finding| finding.error)
            .map(|finding| finding.code)
            .collect()
    }

    #[test]
    fn each_thing_that_a_proxy_breaks_is_named() {
        let good = login(COOKIE, "https://shop.example/komerza/callback");
        let asked = answer(200, &[]);
        let json = answer(200, &[(header::CONTENT_TYPE, "application/json")]);
        assert_eq!(codes(&good, &asked, &json), [""; 0]);
        assert_eq!(codes(&good, &good, &json), ["fetch_metadata_lost"]);
        assert_eq!(codes(&good, &asked, &answer(200, &[(header::CONTENT_TYPE, "text/html")])), ["status_lost"]);
        let uncached = answer(404, &[(header::CACHE_CONTROL, "no-store")]);
        assert_eq!(codes(&uncached, &asked, &json), ["not_mounted"]);
        assert_eq!(codes(&answer(404, &[]), &asked, &json), ["not_mounted", "cached"]);
        // A route behind a sign-in is as it should be; a cookie that does not sign in is not.
        let ours = (header::CONTENT_SECURITY_POLICY, "form-action 'none'; frame-ancestors 'none'; base-uri 'none'");
        for status in [401, 303] {
            let signed_out = answer(status, &[(header::CACHE_CONTROL, "no-store"), ours.clone()]);
            assert_eq!(codes_with(false, &signed_out, &asked, &json), [""; 0]);
            assert_eq!(codes(&signed_out, &asked, &json), ["signed_out"]);
            let another = answer(status, &[(header::CACHE_CONTROL, "no-store")]);
            assert_eq!(codes_with(false, &another, &asked, &json), ["not_mounted"]);
        }
        let broken = answer(502, &[(header::CACHE_CONTROL, "no-store")]);
        assert_eq!(codes(&broken, &asked, &json), ["no_login"]);
        for (cookie, code) in [
            ("other=x", "cookie_lost"),
            (COOKIE.trim_start_matches("__Host-"), "cookie_prefix_lost"),
            (COOKIE.trim_end_matches("; Secure"), "cookie_changed"),
            (&*format!("{COOKIE}; Domain=shop.example"), "cookie_changed"),
        ] {
            assert_eq!(codes(&login(cookie, "https://shop.example/komerza/callback"), &asked, &json), [code]);
        }
        let elsewhere = login(COOKIE, "http://127.0.0.1:3000/komerza/callback");
        assert_eq!(codes(&elsewhere, &asked, &json), ["redirect_elsewhere"]);
    }

    /// The README has every finding, and each is provoked here: `UPDATE_README=1 cargo test -p
    /// komerza-sandbox readme`.
    #[test]
    fn every_finding_is_provoked_and_stands_in_the_readme() {
        let url = Url::parse("https://shop.example/komerza/login").unwrap();
        let (good, asked) = (login(COOKIE, "https://shop.example/komerza/callback"), answer(200, &[]));
        let json = answer(200, &[(header::CONTENT_TYPE, "application/json")]);
        let ours = answer(401, &[(header::CONTENT_SECURITY_POLICY, "form-action 'none'; frame-ancestors 'none'")]);
        let with = |cookie: &str| login(cookie, "http://127.0.0.1:3000/komerza/callback");
        let mut found = judge(&url, true, &good, &asked, &json);
        found.extend(judge(&url, true, &good, &good, &answer(404, &[(header::CONTENT_TYPE, "text/html")])));
        found.extend([false, true].into_iter().flat_map(|signed_in| judge(&url, signed_in, &ours, &asked, &json)));
        let others = [answer(404, &[]), answer(502, &[]), with("x=y"), with(COOKIE.trim_end_matches("; Secure"))];
        let others = others.into_iter().chain([with(COOKIE.trim_start_matches("__Host-"))]);
        found.extend(others.flat_map(|typed| judge(&url, true, &typed, &asked, &json)));
        let mut codes = std::collections::BTreeSet::new();
        found.retain(|finding| codes.insert(finding.code));
        let (code, _) = include_str!("doctor.rs").split_once("#[cfg(test)]").unwrap();
        let calls = code.split("Finding::wrong(").flat_map(|part| part.split("Finding::fine(")).skip(1);
        for written in calls.filter_map(|call| call.trim_start().strip_prefix('"')?.split('"').next()) {
            assert!(codes.contains(written), "{written} is not provoked");
        }

        let row = |finding: &Finding| {
            let remedy = if finding.remedy.is_empty() { "none needed" } else { finding.remedy };
            format!("| `{}` | {} | {remedy} |\n", finding.code, finding.text)
        };
        let table = found.iter().map(row).collect::<String>();
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/README.md");
        let readme = std::fs::read_to_string(path).unwrap();
        let (head, rest) = readme.split_once("| Code | Message | Remedy |\n| --- | --- | --- |\n").unwrap();
        let (_, tail) = rest.split_once("\n\n").unwrap();
        let wanted = format!("{head}| Code | Message | Remedy |\n| --- | --- | --- |\n{table}\n{tail}");
        if std::env::var_os("UPDATE_README").is_some() {
            std::fs::write(path, &wanted).unwrap();
        }
        assert!(
            std::fs::read_to_string(path).unwrap() == wanted,
            "run UPDATE_README=1 cargo test -p komerza-sandbox readme"
        );
    }
}
