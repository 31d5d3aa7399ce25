//! The crate's own answers, with the headers that all of them have.
//!
//! 303 is the only redirect, because 302 and 307 may pass a form's body on. The headers forbid browsers and
//! search engines to store, frame or index an answer, and to send its address to another site. A page loads
//! nothing except the app's own style sheet, and the pictures and fonts of the app's site that it names.
//! *Source*: RFC 9700, sections 4.2, 4.3, 4.12 and 4.16; OWASP Secure Headers.

use super::page::{Look, Page, STYLE_HASH};
use super::visitor;
use axum_core::body::Body;
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode, header};
use serde_json::Value;
use std::{sync::LazyLock, time::Duration};

const ROBOTS: HeaderName = HeaderName::from_static("x-robots-tag");

/// An answer of this crate, or the app's own in place of it.
#[derive(Debug)]
pub(crate) struct Answer(pub(super) Response<Body>);

impl Answer {
    pub(super) fn new(status: StatusCode, content_type: Option<&'static str>, body: String) -> Self {
        let mut response = Response::new(Body::from(body));
        *response.status_mut() = status;
        // Room for all that follow, in one piece.
        response.headers_mut().reserve(12);
        Self(response).header(header::CONTENT_TYPE, content_type.map(HeaderValue::from_static))
    }

    pub(crate) fn page(status: StatusCode, page: &Page<'_>, look: &Look) -> Self {
        let policy = look.style_sheet.is_some().then(|| STYLED_POLICY.clone());
        Self::new(status, Some("text/html; charset=utf-8"), page.render(look))
            .header(header::CONTENT_SECURITY_POLICY, policy)
    }

    /// What a program reads of a failure: a problem document. RFC 9457.
    pub(crate) fn problem<const N: usize>(
        status: StatusCode,
        [title, code]: [&str; 2],
        login_url: Option<&str>,
        more: [(&str, Option<String>); N],
    ) -> Self {
        let status_code = ("status", Value::from(status.as_u16()));
        let common = [("type", "about:blank".into()), ("title", title.into()), status_code, ("code", code.into())];
        let more = more.into_iter().map(|(name, value)| (name, value.into()));
        let problem: Value = common.into_iter().chain([("login_url", login_url.into())]).chain(more).collect();
        Self::new(status, Some("application/problem+json"), problem.to_string())
    }

    /// 303 to an address that was checked. An address that no header can carry becomes a 500 without a text.
    pub(crate) fn see_other(location: impl Into<String>) -> Self {
        let location = HeaderValue::try_from(location.into()).ok();
        let status = if location.is_some() { StatusCode::SEE_OTHER } else { StatusCode::INTERNAL_SERVER_ERROR };
        Self::new(status, None, String::new()).header(header::LOCATION, location)
    }

    fn header(mut self, name: HeaderName, value: Option<HeaderValue>) -> Self {
        self.0.headers_mut().extend(value.map(|value| (name, value)));
        self
    }

    pub(crate) fn cookie(self, cookie: Option<HeaderValue>) -> Self {
        self.header(header::SET_COOKIE, cookie)
    }

    /// The answer of a handler that fails. If the app puts a page of its own in place of it, the layer still
    /// says when to come back.
    pub(crate) fn for_handler(mut self, wait: Option<Duration>) -> Response<Body> {
        visitor::learns(|asked| asked.retry_after = wait);
        retry_after(&mut self.0, wait);
        self.into_response()
    }

    /// Adds the headers of every own answer where they are missing.
    pub(crate) fn into_response(mut self) -> Response<Body> {
        let unauthorized = self.0.status() == StatusCode::UNAUTHORIZED;
        let headers = self.0.headers_mut();
        if unauthorized {
            headers.entry(header::WWW_AUTHENTICATE).or_insert(HeaderValue::from_static(CHALLENGE));
        }
        for (name, value) in [
            (header::CACHE_CONTROL, "no-store"),
            (header::REFERRER_POLICY, "no-referrer"),
            (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
            (ROBOTS, "noindex"),
            (header::X_FRAME_OPTIONS, "DENY"),
        ] {
            headers.entry(name).or_insert(HeaderValue::from_static(value));
        }
        headers.entry(header::CONTENT_SECURITY_POLICY).or_insert_with(|| POLICY.clone());
        self.0
    }
}

/// Says when to come back, if the answer means "later" and does not say it yet. Whole seconds, rounded up, so
/// that a client that obeys never comes too early.
pub(crate) fn retry_after<B>(response: &mut Response<B>, wait: Option<Duration>) {
    let later = matches!(response.status(), StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE);
    if let Some(wait) = wait.filter(|_| later) {
        let seconds = wait.as_secs().saturating_add(u64::from(wait.subsec_nanos() > 0));
        response.headers_mut().entry(header::RETRY_AFTER).or_insert(seconds.into());
    }
}

/// Every 401 must name a way to sign in; RFC 9110, section 15.5.2. None of the registered ones fits a login in
/// the browser, and `Basic` would open a dialog. A scheme that browsers do not know has no effect in them,
/// and satisfies clients that insist on one. *Source* of the name: our choice, because a browser that is
/// signed in sends a cookie.
const CHALLENGE: &str = "Cookie realm=\"Connect with Komerza\"";

/// Whether these are the headers of an answer of this crate; its content security policy is like no other.
pub(crate) fn is_own_answer(headers: &HeaderMap) -> bool {
    headers.get(header::CONTENT_SECURITY_POLICY).is_some_and(|policy| [&*POLICY, &*STYLED_POLICY].contains(&policy))
}

static POLICY: LazyLock<HeaderValue> = LazyLock::new(|| policy(""));
/// With a style sheet of the app, which may load pictures and fonts of this site.
static STYLED_POLICY: LazyLock<HeaderValue> = LazyLock::new(|| policy(" 'self'; img-src 'self'; font-src 'self'"));

/// The pages have no form, and the policy allows none: `form-action` also applies to every redirect that
/// follows, so a form that leads to Komerza would do nothing.
fn policy(styles: &str) -> HeaderValue {
    HeaderValue::try_from(format!(
        "default-src 'none'; style-src '{}'{styles}; form-action 'none'; frame-ancestors 'none'; base-uri 'none'",
        *STYLE_HASH
    ))
    .unwrap_or(HeaderValue::from_static("default-src 'none'"))
}
