//! The browser for tests of an app.

use super::*;
use axum::http::{HeaderMap, Request, header};
use axum::routing::{get, post};
use axum::{Form, response::Redirect};
use komerza_sandbox::SandboxError;

/// Who is signed in, by a cookie of the app.
fn user(headers: &HeaderMap) -> Option<UserId> {
    let cookies = headers.get(header::COOKIE)?.to_str().ok()?;
    UserId::new(cookies.split("; ").find_map(|cookie| cookie.strip_prefix("user="))?).ok()
}

async fn sign_in(Form(form): Form<HashMap<String, String>>) -> ([(header::HeaderName, String); 1], Redirect) {
    ([(header::SET_COOKIE, format!("user={}; Path=/; Max-Age=3600", form["name"]))], Redirect::to("/who"))
}

/// An app with users of its own.
fn app(sandbox: &Sandbox) -> Router {
    let connect = KomerzaConnectLayer::new(sandbox.config(REDIRECT_URI).unwrap(), MemoryStore::default()).unwrap();
    Router::new()
        .route("/sign-in", post(sign_in))
        .route(
            "/who",
            get(async |headers: HeaderMap| user(&headers).map_or("nobody".into(), |user| user.as_str().to_owned())),
        )
        .route("/stores", get(async |key: KomerzaKey| key.stores().await.map(|stores| stores.len().to_string())))
        .route("/round", get(async || Redirect::to("/round")))
        .layer(connect.with_user(|parts: &Parts| user(&parts.headers)))
}

#[tokio::test]
async fn an_app_with_its_own_users_signs_in_connects_and_disconnects() {
    let sandbox = sandbox().await;
    let browser = sandbox.browser(app(&sandbox)).unwrap();
    assert_eq!(browser.open("/who").await.unwrap().text, "nobody");
    assert_eq!(browser.submit("/sign-in", "name=alice").await.unwrap().text, "alice");
    // Another browser has other cookies.
    assert_eq!(sandbox.browser(app(&sandbox)).unwrap().open("/who").await.unwrap().text, "nobody");

    let browser = browser.connected("/komerza/login").await.unwrap();
    assert_eq!(browser.open("/stores").await.unwrap().text, "2");
    let status = browser.fetch(Request::get("/komerza/status").body(String::new()).unwrap()).await.unwrap();
    assert!(status.text.contains("\"connected\":true"), "{}", status.text);
    let outage = sandbox.faults().on(Target::api()).inject(Fault::status(StatusCode::SERVICE_UNAVAILABLE));
    assert_eq!(browser.open("/stores").await.unwrap().status, 502);
    outage.remove();
    assert_eq!(browser.submit("/komerza/disconnect?return_to=/who", "").await.unwrap().text, "alice");
    assert_eq!(browser.open("/stores").await.unwrap().status, 401);
}

#[tokio::test]
async fn who_is_not_connected_is_left_at_komerza_and_may_deny() {
    let sandbox = sandbox().await;
    let browser = sandbox.browser(app(&sandbox)).unwrap();
    browser.submit("/sign-in", "name=alice").await.unwrap();
    let left = browser.open("/stores").await.unwrap();
    assert!(left.url.as_str().starts_with(&sandbox.dashboard_url()), "{}", left.url);
    let callback = sandbox.deny(left.url.as_str()).unwrap().unwrap();
    let page = browser.open(&callback).await.unwrap();
    assert_eq!((page.url.query(), page.status.as_u16()), (Some("komerza=denied"), 401));
    assert!(page.text.contains("The connection was not approved."), "{}", page.text);
}

#[tokio::test]
async fn a_strict_cookie_stays_behind_on_the_way_back_and_comes_when_the_page_is_loaded_again() {
    let sandbox = sandbox().await;
    let browser = sandbox.browser(app(&sandbox)).unwrap();
    browser.set_cookie("user=alice; HttpOnly; samesite=STRICT");
    assert_eq!(browser.cookie("user").as_deref(), Some("alice"));
    assert_eq!(browser.open("/who").await.unwrap().text, "alice");
    // A link of another site, and the redirects behind it. One of the other kind is sent.
    let who = "http://127.0.0.1:3000/who";
    assert_eq!(browser.open(who).await.unwrap().text, "nobody");
    let browser = browser.connected("/komerza/login").await.unwrap();
    assert_eq!(browser.open("/stores").await.unwrap().text, "2");
    browser.set_cookie("user=bob; SameSite=Lax");
    assert_eq!(browser.open(who).await.unwrap().text, "bob");
    // Gone for the test too, as soon as it has ended.
    browser.set_cookie("user=; Max-Age=0");
    assert_eq!((browser.cookie("user"), browser.cookie("other")), (None, None));
    browser.set_cookie("no cookie");
    assert_eq!(browser.open("/who").await.unwrap().text, "nobody");
}

#[tokio::test]
async fn a_cookie_ends_by_the_clock_of_the_sandbox() {
    let clock = ManualClock::default();
    let sandbox = builder().clock(clock.clone()).start().await.unwrap();
    let browser = sandbox.browser(app(&sandbox)).unwrap();
    browser.submit("/sign-in", "name=alice").await.unwrap();
    clock.advance(Duration::from_secs(3_599));
    assert_eq!(browser.open("/who").await.unwrap().text, "alice");
    clock.advance(Duration::from_secs(1));
    assert_eq!(browser.open("/who").await.unwrap().text, "nobody");
}

#[tokio::test]
async fn a_browser_that_cannot_go_on_says_why() {
    let sandbox = sandbox().await;
    let browser = || sandbox.browser(app(&sandbox)).unwrap();
    let why = |error: SandboxError| error.to_string();
    let signed_out = why(browser().connected("/komerza/login").await.unwrap_err());
    assert!(signed_out.contains("/komerza/login answers 401") && signed_out.contains("You are not signed in."));
    assert!(!signed_out.contains("<style>"), "{signed_out}");
    assert!(why(browser().connected("/round").await.unwrap_err()).contains("/round redirects without end"));
    let elsewhere = why(browser().open("https://elsewhere.example/").await.unwrap_err());
    assert_eq!(elsewhere, "https://elsewhere.example/ is not on the app's site");
    let fresh = Sandbox::start().await.unwrap();
    assert_eq!(why(fresh.browser(app(&fresh)).unwrap_err()), "the app has no redirect URI yet");
}
