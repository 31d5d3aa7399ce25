//! Each rule of the header checks, broken alone.

use super::headers::{CookieForm, OwnAnswers, assert_cookie_form};
use bytes::Bytes;
use http::{HeaderName, HeaderValue, Response};
use std::panic::catch_unwind;

const POLICY: &str = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'; \
                      style-src 'sha256-QRQPRLGyxt3RJiKpYNjpkgHcmHU2PywsfL2e8oI0LQA='";
const PAGE: &str = "<!doctype html><title>Connect</title><style>p{margin:0}</style><form method=post action=\"\">\
                    <button>Connect</button></form>";

/// A page with this text that breaks no rule.
pub fn correct_answer(text: &str) -> Response<Bytes> {
    page().map(|_| Bytes::from(text.to_owned()))
}

fn page() -> Response<Bytes> {
    Response::builder()
        .header("cache-control", "private, no-store")
        .header("referrer-policy", "no-referrer")
        .header("x-content-type-options", "nosniff")
        .header("x-robots-tag", "noindex, nofollow")
        .header("x-frame-options", "DENY")
        .header("content-security-policy", POLICY)
        .header("content-type", "text/html; charset=utf-8")
        .body(Bytes::from(PAGE))
        .unwrap()
}

fn redirect(status: u16, location: &str) -> Response<Bytes> {
    let mut response = page();
    *response.status_mut() = status.try_into().unwrap();
    response.headers_mut().insert("location", location.parse().unwrap());
    response.headers_mut().remove("content-type");
    *response.body_mut() = Bytes::new();
    response
}

fn problems(response: &Response<Bytes>) -> Vec<String> {
    let mut own = OwnAnswers::default();
    own.locations.push("https://shop.example/sign-in".to_owned());
    own.problems(response)
}

#[test]
fn a_correct_page_and_correct_redirects_pass() {
    assert_eq!(problems(&page()), [""; 0]);
    let all =
        "/ /stores?x=1 https://dashboard.komerza.com/auth/authorize?client_id=1 https://shop.example/sign-in?next=/x";
    for location in all.split(' ') {
        assert_eq!(problems(&redirect(303, location)), [""; 0], "{location}");
    }
    let mut json = page();
    json.headers_mut().insert("content-type", HeaderValue::from_static("application/problem+json"));
    *json.body_mut() = Bytes::from("{\"detail\":\"<script src=x>\"}");
    assert_eq!(problems(&json), [""; 0], "JSON is no page");
}

#[test]
fn every_header_that_is_missing_doubled_or_weaker_is_named() {
    for (name, weaker) in [
        ("cache-control", "private"),
        ("cache-control", "no-cache"),
        ("referrer-policy", "strict-origin"),
        ("x-content-type-options", "sniff"),
        ("x-robots-tag", "nofollow"),
        ("x-frame-options", "SAMEORIGIN"),
        ("content-security-policy", "frame-ancestors 'none'; base-uri 'none'; form-action 'self'"),
        ("content-type", "text/html"),
    ] {
        let name = HeaderName::from_static(name);
        let mut missing = page();
        missing.headers_mut().remove(&name);
        assert_ne!(problems(&missing), [""; 0], "without {name}");
        let mut weak = page();
        weak.headers_mut().insert(&name, weaker.parse().unwrap());
        assert_ne!(problems(&weak), [""; 0], "{name}: {weaker}");
        let mut doubled = page();
        doubled.headers_mut().append(&name, weaker.parse().unwrap());
        let adds_up = name == "cache-control" || name == "x-robots-tag";
        assert_eq!(problems(&doubled).is_empty(), adds_up, "{name} twice");
    }
}

#[test]
fn every_hole_in_the_policy_is_named() {
    for (part, weaker) in [
        ("default-src 'none'", "default-src 'self'"),
        ("default-src 'none'", "script-src 'none'"),
        ("frame-ancestors 'none'", "frame-ancestors 'self'"),
        ("frame-ancestors 'none'; ", ""),
        ("base-uri 'none'; ", ""),
        ("base-uri 'none'", "base-uri 'none' https://x.example"),
        ("form-action 'self'; ", ""),
        ("form-action 'self'", "form-action *"),
        ("form-action 'self'", "form-action 'self'; script-src 'self'"),
        ("form-action 'self'", "form-action 'self'; img-src data:"),
        ("style-src ", "style-src 'unsafe-inline' "),
        ("'sha256-QRQP", "'sha256-AAAA"),
    ] {
        let mut response = page();
        assert!(POLICY.contains(part));
        let policy = POLICY.replace(part, weaker);
        response.headers_mut().insert("content-security-policy", policy.parse().unwrap());
        assert_ne!(problems(&response), [""; 0], "{policy}");
    }
}

#[test]
fn every_way_to_load_or_run_something_is_named() {
    let all = "<script>1</script> | <SCRIPT> | <img alt=x> | <p SRC='x'> | <meta http-equiv=refresh content=0> | \
         <link rel=stylesheet href=x> | <iframe> | <base href=x> | <p style='color:red'> | <style>@import 'x'</style> | \
         <style>p{background:url(x)}</style> | <a href='javascript:x'> | <p onclick=x> | <p class=a onLoad = 'x'> | \
         <style>p{margin:1px}</style>";
    for added in all.split(" | ") {
        let mut response = page();
        *response.body_mut() = Bytes::from(format!("{PAGE}{added}"));
        assert_ne!(problems(&response), [""; 0], "{added}");
    }
    let mut response = page();
    *response.body_mut() = Bytes::from(format!("{PAGE}<p>Based on = one <a href=\"/komerza/login\">again</a>"));
    assert_eq!(problems(&response), [""; 0], "words and links are fine");
}

#[test]
fn every_wrong_redirect_is_named() {
    for status in [300, 301, 302, 304, 307, 308] {
        assert_ne!(problems(&redirect(status, "/")), [""; 0], "{status}");
    }
    let all = "https://evil.example | //evil.example | /\\evil.example | stores |  | \
         https://dashboard.komerza.com/auth/authorized | https://dashboard.komerza.com.evil.example/auth/authorize | \
         https://dashboard.komerza.com@evil.example/auth/authorize | \
         https://user@dashboard.komerza.com/auth/authorize | http://dashboard.komerza.com/auth/authorize | \
         javascript:alert(1)";
    for location in all.split(" | ") {
        assert_ne!(problems(&redirect(303, location)), [""; 0], "{location}");
        assert_ne!(problems(&redirect(200, location)), [""; 0], "{location} with 200");
    }
    let mut nowhere = redirect(303, "/");
    nowhere.headers_mut().remove("location");
    assert_ne!(problems(&nowhere), [""; 0]);
    nowhere.headers_mut().append("location", HeaderValue::from_static("/a"));
    nowhere.headers_mut().append("location", HeaderValue::from_static("/b"));
    assert_ne!(problems(&nowhere), [""; 0]);
    let unlisted = redirect(303, "https://shop.example/sign-in");
    assert_ne!(OwnAnswers::default().problems(&unlisted), [""; 0]);
}

#[test]
fn a_cookie_has_exactly_its_attributes() {
    assert_cookie_form("__Host-k.a=x_1-; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=600", CookieForm::Host, 600);
    assert_cookie_form("k.a=; HttpOnly;Max-Age=0; path=/; samesite=lax", CookieForm::Loopback, 0);
    let right = "__Host-k=v; HttpOnly; SameSite=Lax; Secure; Path=/; Max-Age=600";
    for (part, wrong) in [
        ("__Host-", ""),
        ("__Host-", "__Secure-"),
        ("; HttpOnly", ""),
        ("; Secure", ""),
        ("SameSite=Lax", "SameSite=Strict"),
        ("SameSite=Lax", "SameSite=None"),
        ("; SameSite=Lax", ""),
        ("Path=/", "Path=/komerza"),
        ("; Path=/", ""),
        ("Max-Age=600", "Max-Age=601"),
        ("; Max-Age=600", ""),
        ("; Path", "; Domain=shop.example; Path"),
        ("; Path", "; HttpOnly; Path"),
        ("; Path", "; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Path"),
        ("=v", "=a b"),
        ("=v", "=\"v\""),
    ] {
        assert!(right.contains(part));
        let line = right.replacen(part, wrong, 1);
        assert!(catch_unwind(|| assert_cookie_form(&line, CookieForm::Host, 600)).is_err(), "{line}");
    }
    let prefixed = "__Host-k=v; HttpOnly; SameSite=Lax; Path=/; Max-Age=600";
    assert!(catch_unwind(|| assert_cookie_form(prefixed, CookieForm::Loopback, 600)).is_err());
}
