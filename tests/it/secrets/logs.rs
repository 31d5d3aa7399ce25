//! No secret in anything that is said, at trace level, in any encoding.

use crate::prelude::*;
use axum::extract::Request;
use komerza_connect::config::{AuthorizationCode, ClientSecret};
use komerza_connect::{trace::path_only_span, user::InvalidUserId};

/// Registers what a visit showed to the browser and to nobody else.
fn register_cookies(canary: &Canary, browser: &Browser) {
    for cookie in browser.jar().all() {
        canary.register("cookie", cookie.value());
    }
}

/// A code that is registered, with what the provider answers to it.
fn code(canary: &Canary, shop: &Shop, what: &str, reply: Option<Reply>) -> String {
    let code = canary.secret(what);
    let key = canary.secret("api-key");
    shop.provider.on_code(&code, reply.unwrap_or_else(|| Reply::key(&key)));
    code
}

async fn callback(canary: &Canary, shop: &Shop, browser: &Browser, code: &str) -> Hop {
    let state = shop.begin(browser).await;
    canary.register("state", &state);
    register_cookies(canary, browser);
    let hop = shop.callback(browser, code, &state).await;
    register_cookies(canary, browser);
    hop
}

#[tokio::test]
async fn t41_no_flow_says_a_secret_at_trace_level_in_any_encoding() {
    for mode in MODES {
        let canary = Canary::new();
        let sealing_key: [u8; 32] = std::array::from_fn(|at| at as u8 ^ 0x5a);
        canary.register("sealing key", sealing_key);
        let shop = Shop::builder(mode)
            .limits(|limits| (limits.exchange_wait, limits.save_deadline) = (Duration::ZERO, Duration::ZERO))
            .config(move |config| config.cookie_keys([SealingKey::from_bytes(&sealing_key).unwrap()]))
            .open()
            .await;
        canary.register("client secret", &shop.client_secret);
        let browser = shop.browser("alice");

        let good = code(&canary, &shop, "good-code", None);
        assert_connected(&callback(&canary, &shop, &browser, &good).await);
        let again = browser.history().last().unwrap().url.clone();
        assert_connected(browser.load(Load::typed(again.as_str()).stop_at_first()).await.first());
        let key = shop.key(&browser).await.unwrap();
        canary.register("api key", &key);

        for (what, reply) in [
            ("refused-code", Reply::error(401, "invalid_code")),
            ("wrong-secret", Reply::error(401, "invalid_client_secret")),
            ("busy-code", Reply::error(429, "RateLimited")),
            ("fault-code", Reply::html(500, "Sorry")),
            ("closed-code", Reply::close()),
            ("cut-code", Reply::key(&canary.secret("cut-key")).cut_after(120)),
            ("hanging-code", Reply::hang()),
            ("redirected-code", Reply::redirect("http://127.0.0.1:1/obviously-fake")),
        ] {
            let code = code(&canary, &shop, what, Some(reply));
            assert!(callback(&canary, &shop, &browser, &code).await.status() >= 400, "{what}");
        }
        for (op, fate) in [(Op::Load, Fate::Fail), (Op::Load, Fate::Hang), (Op::Save, Fate::Fail)] {
            shop.shelf.all(op, fate);
            let code = code(&canary, &shop, "store-is-down", None);
            assert_eq!(callback(&canary, &shop, &browser, &code).await.status(), 503);
            shop.shelf.mend();
        }
        for query in ["code=obviously-fake-stray&state=junk", "error=access_denied&state=junk", "state=a&state=b"] {
            assert_eq!(shop.return_to(&browser, query).await.status(), 400);
        }
        let other = shop.browser("bob");
        let (stolen, state) = (code(&canary, &shop, "stolen-code", None), shop.begin(&browser).await);
        canary.register("state", &state);
        assert_eq!(shop.return_to(&other, &callback_query(&stolen, &state)).await.status(), 400);

        shop.provider.on_path("/echo", Reply::error(401, "BadToken"));
        let _ = browser.load(Load::typed(&format!("{SITE}/echo")).stop_at_first()).await;
        assert_eq!(shop.disconnect(&browser).await.status(), 303);
        browser.fetch(SITE, Method::GET, &format!("{SITE}/komerza/status")).await;
        for (number, shown) in shop.watch.shown().into_iter().enumerate() {
            canary.also_search(&format!("event or failure {number}"), shown);
        }
        canary.also_search("Debug of the layer", format!("{:?} {:#?}", shop.layer, shop.layer));
        canary.assert_nothing_leaked();
    }
}

#[tokio::test]
async fn t41_no_error_and_no_debug_form_shows_what_it_was_made_of() {
    let canary = Canary::new();
    let key = canary.secret("api-key");
    let bad = format!("{} {}", canary.secret("with-a-space"), "é");
    canary.register("bad secret", &bad);
    let show = |what: &str, error: &(dyn std::error::Error + 'static)| canary.also_search(what, with_sources(error));

    show("ApiKey", &ApiKey::new(bad.clone()).unwrap_err());
    show("AuthorizationCode", &AuthorizationCode::new(bad.clone()).unwrap_err());
    show("ClientSecret", &ClientSecret::new(bad.clone()).unwrap_err());
    let builder = Config::builder().client_id("x").client_secret(bad.clone()).user_agent("a").redirect_uri(SITE);
    canary.also_search("Debug of a builder", format!("{builder:?}"));
    show("ConfigError", &builder.build().unwrap_err());
    let user_info = format!("https://user:{}@api.example", canary.secret("password"));
    show("ConfigError", &Config::builder().api_url(user_info).build().unwrap_err());
    show("SealingKey", &SealingKey::from_base64(&bad).unwrap_err());
    show("SealingKey", &SealingKey::from_bytes(&bad.as_bytes()[..20]).unwrap_err());
    let no_user: InvalidUserId = UserId::new("").unwrap_err();
    show("InvalidUserId", &no_user);
    show("StoreError", &StoredToken::from_text(&format!("{{\"key\":\"{bad}\"}}")).unwrap_err());
    show("StoreError", &StoredToken::from_text(&bad).unwrap_err());

    let token = record(key.as_str());
    canary.also_search("Debug of a record", format!("{token:?} {:?}", token.api_key().unwrap()));
    let store = MemoryStore::default();
    store.save(&user("alice"), &token).await.unwrap();
    canary.also_search("Debug of the store", format!("{store:?}"));

    let shop = Shop::builder(Mode::Users).store(store).open().await;
    canary.register("client secret", &shop.client_secret);
    let client = shop.layer.client_for(&user("alice")).await.unwrap().unwrap();
    canary.also_search("Debug of a client", format!("{client:?} {:?}", client.get("/stores")));
    for (path, reply) in [
        ("/refused", Reply::error(403, "AccessDenied")),
        ("/html", Reply::html(401, "Blocked")),
        ("/not-json", Reply::new(200, "application/json", "{")),
        ("/cut", Reply::success(&json!("obviously fake")).cut_after(90)),
        ("/closed", Reply::close()),
        ("/dead", Reply::error(401, "BadToken")),
    ] {
        shop.provider.on_path(path, reply);
        show(path, &client.get(path).fetch::<String>().await.unwrap_err());
    }
    show("a bad path", &client.get("//evil.example").send().await.unwrap_err());
    shop.provider.stop().await;
    show("unreachable", &client.get("/stores").send().await.unwrap_err());
    show("Rejection", &KomerzaKey::from_parts(&mut Request::new(()).into_parts().0).await.unwrap_err());
}

/// A whole connect in an app with an access log; the canary knows its code, state and cookies.
async fn connect_under(access_log: impl FnOnce(Router) -> Router) -> Canary {
    let canary = Canary::new();
    let (shop, browser) = Shop::live(Mode::Users, "alice").await;
    browser.move_to(SITE, access_log(app(&shop.layer)));
    let code = code(&canary, &shop, "code", None);
    assert_connected(&callback(&canary, &shop, &browser, &code).await);
    canary
}

#[tokio::test]
async fn t42_the_ready_span_logs_the_callbacks_path_and_neither_code_nor_state() {
    let ready = TraceLayer::new_for_http().make_span_with(path_only_span);
    connect_under(|app| app.layer(ready)).await.assert_nothing_leaked();
}

#[tokio::test]
async fn t42_the_default_span_of_an_access_log_does_hold_the_code() {
    // The danger is real, or the test above would prove nothing.
    let leaks = connect_under(|app| app.layer(TraceLayer::new_for_http())).await.into_leaks();
    for secret in ["code", "state"] {
        assert!(leaks.iter().any(|leak| leak.secret == secret), "{secret}: {leaks:?}");
    }
}

#[tokio::test]
async fn under_a_nest_the_ready_span_has_the_whole_path() {
    let (log, page, secret) = (Log::from_now(), fake_secret("page"), fake_secret("query"));
    let inner =
        Router::new().fallback(|| async { "page" }).layer(TraceLayer::new_for_http().make_span_with(path_only_span));
    let app: Router = Router::new().nest("/api", inner);
    let request = Request::get(format!("/api/{page}?secret={secret}")).body(Body::empty()).unwrap();
    app.oneshot(request).await.unwrap();
    assert!(!log.lines_with(&[&format!("path=\"/api/{page}\"")]).is_empty(), "{:?}", log.lines_with(&[&page]));
    assert!(log.lines_with(&[&secret]).is_empty());
}
