//! What the browser says about a request, hop by hop, and what it makes of the answers.

use super::{Browser, Load, LoadError, OwnAnswers};
use axum::{Router, body::Body, routing::any};
use http::{Method, Request, Response};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use url::Url;

const SHOP: &str = "https://shop.example";
const DASH: &str = "https://dash.example";
const SIBLING: &str = "https://evil.shop.example";

/// Answers `/to?…` with a redirect to the decoded query. Its status is the one in the path, or 303. `/set?…`
/// sets the cookie of its query. Both `/set?…` and all other paths get 200. Sets `Referrer-Policy` from the
/// header `x-policy`.
async fn answer(request: Request<Body>) -> Response<Body> {
    let query = request.uri().query().unwrap_or_default().to_owned();
    let query = percent_encoding::percent_decode_str(&query).decode_utf8().unwrap().into_owned();
    let path = request.uri().path().to_owned();
    let response = Response::builder();
    let response = match request.headers().get("x-policy") {
        Some(policy) => response.header("referrer-policy", policy),
        None => response,
    };
    match path.split('/').nth(1).unwrap() {
        "to" => response.status(path.strip_prefix("/to/").unwrap_or("303")).header("location", query),
        "set" => response.header("set-cookie", query),
        _ => response,
    }
    .body(Body::from("page"))
    .unwrap()
}

fn servers() -> Router {
    Router::new().fallback(any(answer))
}

fn browser() -> Browser {
    Browser::new().serve(SHOP, servers()).serve(DASH, servers()).serve(SIBLING, servers())
}

fn metadata(hop: &super::Hop) -> [Option<String>; 4] {
    ["sec-fetch-site", "sec-fetch-mode", "sec-fetch-dest", "sec-fetch-user"]
        .map(|name| hop.sent(name).map(str::to_owned))
}

fn words<const N: usize>(words: [&str; N]) -> [Option<String>; N] {
    words.map(|word| (!word.is_empty()).then(|| word.to_owned()))
}

#[tokio::test]
async fn fetch_metadata_tells_who_asks_for_what_and_how() {
    let page = "https://shop.example/page";
    let evil = "https://evil.shop.example/page";
    let other = "https://dash.example/page";
    for (load, expected) in [
        (Load::typed(page), ["none", "navigate", "document", "?1"]),
        (Load::link(page, page), ["same-origin", "navigate", "document", "?1"]),
        (Load::link(evil, page), ["same-site", "navigate", "document", "?1"]),
        (Load::link(other, page), ["cross-site", "navigate", "document", "?1"]),
        (Load::form(other, page, "a=b"), ["cross-site", "navigate", "document", "?1"]),
        (Load::fetch(page, Method::GET, page), ["same-origin", "cors", "empty", ""]),
        (Load::fetch(other, Method::POST, page), ["cross-site", "cors", "empty", ""]),
        (Load::iframe(other, page), ["cross-site", "navigate", "iframe", ""]),
        (Load::image(other, page), ["cross-site", "no-cors", "image", ""]),
        (Load::prefetch(page, page), ["same-origin", "navigate", "document", ""]),
        (Load::link_prefetch(page, page), ["same-origin", "no-cors", "empty", ""]),
        (Load::prerender(page), ["none", "navigate", "document", ""]),
    ] {
        let shown = format!("{load:?}");
        let visit = browser().load(load.clone()).await;
        assert_eq!(metadata(visit.first()), words(expected), "{shown}");
        let old = browser().without_fetch_metadata().load(load).await;
        assert_eq!(metadata(old.first()), words(["", "", "", ""]), "{shown}");
    }
    let plain = Browser::new().serve("http://shop.example", servers()).open("http://shop.example/").await;
    assert_eq!(metadata(plain.first()), words(["", "", "", ""]), "plain HTTP gets no metadata");
    // A speculative load says so: in `Sec-Purpose`, or in an old browser in `Purpose`.
    for (load, purpose) in [(Load::prefetch(page, page), "prefetch"), (Load::prerender(page), "prefetch;prerender")] {
        let visit = browser().load(load.clone()).await;
        assert_eq!((visit.first().sent("sec-purpose"), visit.first().sent("purpose")), (Some(purpose), None));
        let visit = browser().without_fetch_metadata().load(load).await;
        assert_eq!((visit.first().sent("sec-purpose"), visit.first().sent("purpose")), (None, Some("prefetch")));
    }
    assert_eq!(browser().open(page).await.first().sent("sec-purpose"), None);
}

#[tokio::test]
async fn a_redirect_chain_is_as_foreign_as_its_most_foreign_member() {
    let there_and_back = "https://shop.example/to?https://dash.example/to?https://shop.example/end";
    let sites = |visit: super::Visit| {
        visit.hops.iter().map(|hop| hop.sent("sec-fetch-site").unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(sites(browser().click(SHOP, there_and_back).await), ["same-origin", "cross-site", "cross-site"]);
    assert_eq!(sites(browser().open(there_and_back).await), ["none", "none", "none"]);
    assert_eq!(sites(browser().click(SIBLING, "https://shop.example/to?/end").await), ["same-site", "same-site"]);
    assert_eq!(
        sites(browser().click(DASH, "https://dash.example/to?https://shop.example/").await),
        ["same-origin", "cross-site"]
    );
}

#[tokio::test]
async fn same_site_cookies_follow_the_kind_of_navigation() {
    let lines = ["s=1; SameSite=Strict; Path=/", "l=1; SameSite=Lax; Path=/", "n=1; SameSite=None; Secure; Path=/"];
    let end = "https://shop.example/end";
    let via_dash = "https://shop.example/to?https://dash.example/to?https://shop.example/end";
    let via_307 = "https://dash.example/to/307?https://shop.example/end";
    let via_303 = "https://dash.example/to?https://shop.example/end";
    for (load, expected) in [
        (Load::typed(end), Some("s=1; l=1; n=1")),
        (Load::link(SHOP, end), Some("s=1; l=1; n=1")),
        (Load::link(SIBLING, end), Some("s=1; l=1; n=1")),
        (Load::link(DASH, end), Some("l=1; n=1")),
        (Load::typed(via_dash), Some("l=1; n=1")),
        (Load::form(SHOP, via_dash, ""), Some("l=1; n=1")),
        (Load::form(SHOP, end, ""), Some("s=1; l=1; n=1")),
        (Load::form(DASH, end, ""), Some("n=1")),
        (Load::form(DASH, via_307, ""), Some("n=1")),
        (Load::form(DASH, via_303, ""), Some("l=1; n=1")),
        (Load::fetch(DASH, Method::GET, end), Some("n=1")),
        (Load::fetch(SHOP, Method::POST, end), Some("s=1; l=1; n=1")),
        (Load::iframe(DASH, end), Some("n=1")),
        (Load::iframe(SIBLING, end), Some("s=1; l=1; n=1")),
        (Load::image(DASH, end), Some("n=1")),
        (Load::typed("https://evil.shop.example/"), None),
    ] {
        let browser = browser();
        for line in lines {
            let (by, now) = (super::By::Http(super::Context::SameSite), browser.now());
            browser.jar().store(line.as_bytes(), &Url::parse(SHOP).unwrap(), by, now).unwrap();
        }
        let shown = format!("{load:?}");
        assert_eq!(browser.load(load).await.last().sent("cookie"), expected, "{shown}");
    }
}

#[tokio::test]
async fn the_origin_header_follows_method_mode_policy_and_chain() {
    let page = "https://shop.example/page";
    for (load, expected) in [
        (Load::typed(page), None),
        (Load::link(DASH, page), None),
        (Load::form(SHOP, page, ""), Some(SHOP)),
        (Load::form(DASH, page, ""), Some(DASH)),
        (Load::form(SHOP, page, "").referrer_policy("no-referrer"), Some("null")),
        (Load::form(SHOP, page, "").referrer_policy("same-origin"), Some(SHOP)),
        (Load::form(DASH, page, "").referrer_policy("same-origin"), Some("null")),
        (Load::form("http://shop.example", page, ""), Some("http://shop.example")),
        (Load::form(SHOP, "https://dash.example/to/307?https://shop.example/page", ""), Some("null")),
        (Load::form(SHOP, "https://dash.example/to/303?https://shop.example/page", ""), None),
        (Load::fetch(SHOP, Method::GET, page), None),
        (Load::fetch(DASH, Method::GET, page), Some(DASH)),
        (Load::fetch(SHOP, Method::POST, page).referrer_policy("no-referrer"), Some(SHOP)),
        (Load::image(DASH, page), None),
    ] {
        let shown = format!("{load:?}");
        assert_eq!(browser().load(load).await.last().sent("origin"), expected, "{shown}");
    }
    let downgrade = Browser::new().serve("http://plain.example", servers());
    let visit = downgrade.post(SHOP, "http://plain.example/", "").await;
    assert_eq!(visit.first().sent("origin"), Some("null"));
}

#[tokio::test]
async fn the_referrer_shrinks_with_distance_and_with_the_policy_of_redirects() {
    let from = "https://shop.example/secret?code=1#f";
    let (near, far) = ("https://shop.example/near", "https://dash.example/far");
    for (load, expected) in [
        (Load::typed(near), None),
        (Load::link(from, near), Some("https://shop.example/secret?code=1")),
        (Load::link(from, far), Some("https://shop.example/")),
        (Load::link(from, near).referrer_policy("no-referrer"), None),
        (Load::link(from, far).referrer_policy("unsafe-url"), Some("https://shop.example/secret?code=1")),
        (Load::link(from, far).referrer_policy("same-origin"), None),
        (Load::link(from, "https://shop.example/to?/near"), Some("https://shop.example/secret?code=1")),
        (Load::link(from, "https://shop.example/to?/near").header("x-policy", "no-referrer"), None),
    ] {
        let shown = format!("{load:?}");
        assert_eq!(browser().load(load).await.last().sent("referer"), expected, "{shown}");
    }
}

#[tokio::test]
async fn redirects_change_the_method_as_their_status_says() {
    for (status, method, body) in
        [(301, "GET", None), (302, "GET", None), (303, "GET", None), (307, "POST", Some("3")), (308, "POST", Some("3"))]
    {
        let visit = browser().post(SHOP, &format!("https://shop.example/to/{status}?/end#kept"), "a=b").await;
        let last = visit.last();
        assert_eq!((last.method.as_str(), last.sent("content-length")), (method, body), "{status}");
        assert_eq!(last.url.as_str(), "https://shop.example/end#kept");
        assert_eq!(visit.statuses(), [status, 200]);
    }
    let get = browser().load(Load::fetch(SHOP, Method::PUT, "https://shop.example/to/302?/end")).await;
    assert_eq!(get.last().method, Method::PUT);
    let stays = browser().open("https://shop.example/to/304?/end").await;
    assert_eq!((stays.hops.len(), stays.stopped_before), (1, None));
}

#[tokio::test]
async fn a_redirect_to_where_nobody_answers_is_shown_and_not_followed() {
    let visit = browser().open("https://shop.example/to?https://dashboard.komerza.com/auth/authorize?state=1").await;
    assert_eq!(visit.stopped_before.unwrap().as_str(), "https://dashboard.komerza.com/auth/authorize?state=1");
    assert_eq!(visit.hops[0].location_parameter("state").as_deref(), Some("1"));
    let visit = browser().load(Load::typed("https://shop.example/to?/end").stop_at_first()).await;
    assert_eq!((visit.hops.len(), visit.stopped_before.unwrap().path()), (1, "/end"));
    let nobody = browser().try_load(Load::typed("https://nobody.example")).await;
    assert!(matches!(nobody, Err(LoadError::NoServer(_))), "{nobody:?}");
    let round = browser().try_load(Load::typed("https://shop.example/to?/to?/to?/end")).await;
    assert_eq!(round.unwrap().hops.len(), 4);
    let turning = Router::new().fallback(|| async { (http::StatusCode::FOUND, [("location", "/")]) });
    let endless = Browser::new().serve(SHOP, turning).try_load(Load::typed(SHOP)).await;
    assert!(matches!(endless, Err(LoadError::TooManyRedirects)), "{endless:?}");
}

#[tokio::test]
async fn cookies_of_answers_are_kept_on_the_way_and_refusals_are_told() {
    let browser = browser();
    let visit = browser.open("https://shop.example/set?__Host-a=1;Path=/;Secure;Max-Age=60").await;
    assert!(visit.first().refused_cookies.is_empty());
    let visit = browser.open("https://evil.shop.example/set?__Host-a=2;Path=/;Secure;Domain=shop.example").await;
    assert_eq!(visit.first().refused_cookies, [super::Refused::HostPrefix]);
    assert_eq!(browser.open(SHOP).await.first().sent("cookie"), Some("__Host-a=1"));
    assert_eq!(browser.script_cookies(SHOP), "__Host-a=1");
    browser.script_sets("https://evil.shop.example/", "b=2; Domain=shop.example; Path=/").unwrap();

    let lines = browser.clone().splitting_cookie_lines().open(SHOP).await;
    let lines: Vec<_> =
        lines.first().request_headers.get_all("cookie").iter().map(|line| line.to_str().unwrap().to_owned()).collect();
    assert_eq!(lines, ["__Host-a=1", "b=2"]);

    let before = browser.clone();
    browser.advance(Duration::from_secs(60));
    assert_eq!(browser.open(SHOP).await.first().sent("cookie"), Some("b=2"));
    assert_eq!(before.open(SHOP).await.first().sent("cookie"), Some("__Host-a=1; b=2"), "a clone has its own time");
}

#[tokio::test]
async fn own_headers_go_along_and_raw_targets_stay_raw() {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&seen);
    let service = tower::service_fn(move |request: Request<Body>| {
        log.lock().unwrap().push((request.uri().to_string(), request.headers()["host"].clone()));
        async { Ok::<_, std::convert::Infallible>(Response::new(Body::empty())) }
    });
    let browser = Browser::new().serve("https://shop.example:8443", service).with_header("x-test-user", "alice");
    let visit =
        browser.load(Load::typed("https://shop.example:8443/x").raw_target("/a/../b?return_to=/\\evil&x=%zz")).await;
    assert_eq!(visit.first().sent("x-test-user"), Some("alice"));
    browser.set_header("x-test-user", "bob");
    let visit = browser.load(Load::typed("https://shop.example:8443/a/../b c").header("sec-fetch-site", "odd")).await;
    assert_eq!((visit.first().sent("x-test-user"), visit.first().sent("sec-fetch-site")), (Some("bob"), Some("odd")));
    browser.remove_header("x-test-user");
    assert_eq!(browser.open("https://shop.example:8443").await.first().sent("x-test-user"), None);
    let seen = seen.lock().unwrap();
    assert_eq!(
        seen.iter().map(|(uri, _)| uri.as_str()).collect::<Vec<_>>(),
        ["/a/../b?return_to=/\\evil&x=%zz", "/b%20c", "/"]
    );
    assert_eq!(seen[0].1, "shop.example:8443");
    assert_eq!(browser.history().len(), 3);
}

#[tokio::test]
async fn another_node_can_take_over_an_origin_and_a_clone_has_its_own_time_from_then_on() {
    let browser = Browser::new().serve(SHOP, Router::new().fallback(|| async { "a" }));
    assert_eq!(browser.open(SHOP).await.first().text(), "a");
    browser.move_to(SHOP, Router::new().fallback(|| async { "b" }));
    assert_eq!(browser.open(SHOP).await.first().text(), "b");
    let epoch = std::time::UNIX_EPOCH;
    let browser = browser.with_clock(move || epoch);
    browser.advance(Duration::from_secs(60));
    let clone = browser.clone();
    clone.advance(Duration::from_secs(1));
    assert_eq!([&browser, &clone].map(|it| it.now().duration_since(epoch).unwrap().as_secs()), [60, 61]);
}

#[tokio::test]
async fn real_sockets_see_what_a_service_sees() {
    let provider = crate::raw_provider::RawProvider::start().await;
    let reply = crate::raw_provider::Reply::html(200, "hello").header("Set-Cookie", "a=1; Secure; Path=/");
    provider.always(reply);
    let browser = Browser::new().with_network();
    let page = format!("{}/p?q=1", provider.url());
    browser.open(&page).await;
    let visit = browser.post(&page, &page, "x=y").await;
    assert!(visit.first().text().contains("hello"));
    let [_, second] = &provider.requests()[..] else { panic!("two requests") };
    assert_eq!((second.method.as_str(), second.target.as_str(), &second.body[..]), ("POST", "/p?q=1", &b"x=y"[..]));
    assert_eq!(second.header("cookie"), Some("a=1"), "loopback counts as secure");
    assert_eq!(
        (second.header("origin"), second.header("sec-fetch-site")),
        (Some(provider.url().as_str()), Some("same-origin"))
    );
    let safari = Browser::new().with_network().without_loopback_exception();
    assert_eq!(safari.open(&page).await.first().refused_cookies, [super::Refused::SecureOverHttp]);
    provider.stop().await;
    let gone = browser.try_load(Load::typed(&page)).await;
    assert!(matches!(gone, Err(LoadError::Transport(_))), "{gone:?}");
}

#[tokio::test]
async fn the_crates_own_answers_are_checked_in_every_test_and_others_are_not() {
    let app = || Router::new().fallback(|| async { "no header is set here" });
    let browser = Browser::new().serve(SHOP, app());
    browser.open("https://shop.example/page").await;
    for path in ["/komerza/login", "/komerza/callback?code=1", "/api/komerza/status", "/komerza/disconnect"] {
        let browser = browser.clone();
        let loaded = tokio::spawn(async move { browser.open(&format!("{SHOP}{path}")).await.first().status() }).await;
        assert!(loaded.is_err(), "{path} passed without its headers");
    }
    let other_routes = OwnAnswers { routes: vec!["/page".to_owned()], ..OwnAnswers::default() };
    let loaded = tokio::spawn({
        let browser = browser.clone().with_own_answers(other_routes);
        async move { browser.open("https://shop.example/page").await.first().status() }
    });
    assert!(loaded.await.is_err(), "the configured route passed without its headers");
    let seen = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&seen);
    let browser = browser.without_own_answers().with_inspector(move |hop| log.lock().unwrap().push(hop.status()));
    browser.open("https://shop.example/komerza/login").await;
    assert_eq!(*seen.lock().unwrap(), [200]);
}
