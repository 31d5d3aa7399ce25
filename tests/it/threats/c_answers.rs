//! Section C, first part: what leaves the site, and where to (T23 to T26).

use crate::prelude::*;
use komerza_connect_testing::redirect_attacks::{attempts, harmless, stays_on_site};

/// The rules are those of the shared inspection, which runs over every answer of the whole suite. Here it is shown that it does
/// run, over every kind of answer of every route, and that it would object.
#[tokio::test]
async fn t23_every_answer_of_every_route_carries_the_headers() {
    let mut seen = BTreeSet::new();
    for (shop, alice, login) in in_both(|mode| Shop::with_login(mode, "alice", "/x")).await {
        shop.accepts(&alice, &login, "C1", "/x").await;
        for load in [
            Load::typed(LOGIN),
            Load::link(EVIL, LOGIN),
            Load::form(EVIL, LOGIN, ""),
            Load::typed(LOGIN).method(Method::HEAD),
            Load::prefetch(SITE, LOGIN),
            shop.returning(&login.with("C1")),
            shop.returning("code=x&state=y"),
            shop.returning("code=x&state=y").header("sec-fetch-mode", "cors"),
            shop.returning(&"x".repeat(9_000)),
            Load::typed(CALLBACK).method(Method::HEAD),
            Load::typed(STATUS),
            Load::fetch(SITE, Method::GET, STATUS),
            Load::fetch(SITE, Method::DELETE, STATUS),
            Load::form(EVIL, DISCONNECT, ""),
            Load::typed(DISCONNECT),
            Load::form(SITE, DISCONNECT, ""),
        ] {
            alice.load(load.stop_at_first()).await;
        }
        let denied = shop.start(&alice, "/x").await;
        shop.return_to(&alice, &format!("error=access_denied&state={}", denied.state)).await;
        for reply in [Reply::error(401, "code_expired"), Reply::error(404, "app_not_found"), Reply::close()] {
            let login = shop.start(&alice, "/x").await;
            shop.provider.on_code_once("CX", reply);
            shop.return_to(&alice, &login.with("CX")).await;
        }
        let login = shop.start(&alice, "/x").await;
        shop.shelf.decide(|_| Fate::Fail);
        shop.return_to(&alice, &login.with("C2")).await;
        alice.load(Load::typed(STATUS)).await;
        for hop in alice.history().iter().filter(|hop| hop.url.path().starts_with("/komerza/")) {
            let strict = OwnAnswers::authorized_at(AUTHORIZE);
            assert_eq!(strict.problems(&hop.response), [""; 0]);
            assert!(!hop.text().contains("referrer"), "the page overrides its header: {}", hop.text());
            each_header_matters(&strict, hop);
            seen.insert((hop.url.path().to_owned(), hop.status()));
        }
    }
    let count = |path: &str| seen.iter().filter(|(seen, _)| seen == path).count();
    assert!(count("/komerza/login") >= 5 && count("/komerza/callback") >= 7, "{seen:?}");
    assert!(count("/komerza/status") >= 3 && count("/komerza/disconnect") >= 3, "{seen:?}");
}

/// RFC 9110, section 15.5.2. A scheme that browsers know would open a dialog.
#[tokio::test]
async fn every_401_names_a_way_to_sign_in_that_opens_no_dialog() {
    let (shop, nobody) = Shop::with_browser(Mode::Users, "alice").await;
    let program = |url: &str| Load::fetch(SITE, Method::GET, url).header("accept", "application/json");
    let not_connected = nobody.hop(program(&shop.url("/key"))).await;
    shop.connects(&nobody, "C1").await;
    shop.provider.on_path("/user", Reply::error(401, "BadToken"));
    let dead = nobody.hop(program(&shop.url("/user"))).await;
    nobody.remove_header(USER);
    let not_signed_in = nobody.hop(program(STATUS)).await;
    for hop in [not_connected, dead, not_signed_in] {
        let challenge = hop.header("www-authenticate");
        assert_eq!((hop.status(), challenge), (401, Some(r#"Cookie realm="Connect with Komerza""#)), "{}", hop.url);
    }
}

fn each_header_matters(strict: &OwnAnswers, hop: &Hop) {
    let names =
        "cache-control referrer-policy x-content-type-options x-frame-options x-robots-tag content-security-policy";
    for name in names.split(' ') {
        let mut without = hop.response.clone();
        assert!(without.headers_mut().remove(name).is_some());
        assert!(!strict.problems(&without).is_empty(), "nobody misses {name}");
    }
}

#[tokio::test]
async fn t23_no_code_and_no_state_goes_on_from_the_callback() {
    for (_shop, alice, login) in in_both(|mode| Shop::with_login(mode, "alice", "/x")).await {
        let visit = alice.load(Load::link(AUTHORIZE, &format!("{CALLBACK}?{}", login.with("very-secret-code")))).await;
        assert_eq!(visit.statuses(), [303, 200]);
        let said = format!("{:?} {:?}", visit.first().response.headers(), visit.first().text());
        assert!(!said.contains("very-secret-code") && !said.contains(&login.state), "{said}");
        assert_eq!(visit.last().sent("referer"), None, "the page after the callback learns nothing of its address");
        assert_eq!(visit.last().url.as_str(), format!("{SITE}/x"));
        // A posted login goes on as a GET without its body.
        let visit = alice.post(SITE, LOGIN, "password=obviously-fake").await;
        assert_eq!((visit.first().status(), visit.first().method.clone()), (303, Method::POST));
    }
}

/// Where a login with this raw `return_to` ends, when the user says no and when the user says yes.
async fn ends(shop: &Shop, browser: &Browser, query: &str, approved: Option<&str>) -> String {
    let load = Load::link(SITE, LOGIN).raw_target(&format!("/komerza/login?return_to={query}")).stop_at_first();
    let hop = browser.load(load).await.first().clone();
    assert!(hop.set_cookies().iter().all(|line| line.starts_with("__Host-komerza-")), "{:?}", hop.set_cookies());
    let login = started(hop);
    let back = approved.map_or_else(|| format!("state={}", login.state), |code| login.with(code));
    let hop = shop.return_to(browser, &back).await;
    assert_eq!(hop.status(), 303, "{}", hop.text());
    assert!(hop.set_cookies().iter().all(|line| line.starts_with("__Host-komerza-")), "{:?}", hop.set_cookies());
    hop.location().unwrap().to_owned()
}

#[tokio::test]
async fn t24_the_attacks_of_the_threat_model_end_at_the_default_and_paths_of_ordinary_apps_are_kept_to_the_byte() {
    let shop = Shop::builder(Mode::Users).still().config(|config| config.default_return_path("/home")).open().await;
    let alice = shop.browser("alice");
    let long = format!("/{}", "a".repeat(599));
    let attacks = "//evil.example /%5Cevil.example /%255cevil.example http:evil.example https://a@evil.example \
                   /a%0d%0aSet-Cookie:x=1 /a%250d%250aSet-Cookie:x=1 /%2509/evil.example /%09/evil.example /%C3%A9 \
                   /komerza/login /komerza/callback?code=x%26state=y /a&return_to=/b /a&return_to=//evil.example";
    for (number, path) in attacks.split(' ').chain(["", &long]).enumerate() {
        assert_eq!(ends(&shop, &alice, path, Some(&format!("C{number}"))).await, "/home", "{path}");
        assert_eq!(ends(&shop, &alice, path, None).await, "/home?komerza=denied", "{path}");
    }
    for (number, path) in harmless().into_iter().enumerate() {
        let query: String = utf8_percent_encode(&path, NON_ALPHANUMERIC).collect();
        assert_eq!(ends(&shop, &alice, &query, Some(&format!("H{number}"))).await, path);
    }
}

#[tokio::test]
async fn t24_no_attempt_of_the_long_list_leaves_the_site() {
    let shop = Shop::builder(Mode::Users).still().config(|config| config.default_return_path("/home")).open().await;
    let alice = shop.browser("alice");
    let attempts = attempts();
    assert!(attempts.len() > 1_000);
    for attempt in attempts {
        let end = ends(&shop, &alice, &attempt.query, None).await;
        assert!(stays_on_site(&end), "{attempt:?} ends at {end}");
        let unmarked = ["?komerza=denied", "&komerza=denied"].map(|marker| end.replacen(marker, "", 1));
        let followed = !attempt.must_be_refused && attempt.decoded.is_some_and(|path| unmarked.contains(&path));
        assert!(followed || end == "/home?komerza=denied", "{} ends at {end}", attempt.query);
    }
}

/// The sealed path is checked again when it is used: by then it may have become one of the crate's own routes.
#[tokio::test]
async fn t24_a_path_is_checked_again_when_it_is_used() {
    let (shop, alice, login) = Shop::with_login(Mode::Users, "alice", "/account/connect").await;
    let moved = shop.another_node(|config| config.login_path("/account/connect"));
    alice.move_to(SITE, app(&moved));
    shop.accepts(&alice, &login, "C1", "/").await;
    assert_eq!(shop.return_to(&alice, &login.with("C1")).await.location(), Some("/"));
}

#[tokio::test]
async fn t25_nothing_that_a_request_says_about_its_host_counts() {
    for shop in in_both(Shop::new).await {
        for (name, value) in [
            ("host", "evil.example"),
            ("x-forwarded-host", "evil.example"),
            ("x-forwarded-proto", "http"),
            ("x-forwarded-port", "8080"),
            ("x-forwarded-prefix", "/evil"),
            ("x-original-url", "/evil"),
            ("forwarded", "host=evil.example;proto=http"),
        ] {
            let alice = shop.browser("alice").with_header(name, value);
            let hop = alice.hop(Load::typed(LOGIN)).await;
            let login = started(hop);
            assert_eq!(login.hop.location_parameter("redirect_uri").as_deref(), Some(CALLBACK), "{name}");
            let query = login.hop.location().unwrap().split_once('?').unwrap().1;
            let uri = "redirect_uri=https%3A%2F%2Fshop.example%2Fkomerza%2Fcallback&";
            assert!(query.contains(uri), "{query}");
            assert!(login.cookie.starts_with("__Host-"));
            let hop = shop.return_to(&alice, &login.with("C1")).await;
            assert_eq!((hop.status(), hop.location()), (303, Some("/")), "{name}");
        }
    }
    // The site that counts for a post is the configured one too.
    let shop = Shop::new(Mode::Users).await;
    let theirs = Load::form("https://evil.example/", DISCONNECT, "").header("host", "evil.example");
    shop.refuses_load(&shop.browser("alice").without_fetch_metadata(), theirs, 403).await;
}

#[tokio::test]
async fn t26_nothing_that_was_sent_is_on_any_page() {
    const SCRIPT: &str = "<script>alert(1)</script>";
    let encoded: String = utf8_percent_encode(SCRIPT, NON_ALPHANUMERIC).collect();
    for mode in MODES {
        let (shop, alice, login) = Shop::with_login(mode, "alice", "/x").await;
        for (query, status) in [
            (format!("error=x&error_description={encoded}&state={}", login.state), 303),
            (format!("error={encoded}&state={encoded}"), 400),
            (format!("code={encoded}&error={encoded}&state={}", shop.start(&alice, "/y").await.state), 400),
            (format!("{encoded}={encoded}"), 400),
            (encoded.repeat(300), 414),
        ] {
            for mode in ["navigate", "cors"] {
                let load = shop.returning(&query).header("sec-fetch-mode", mode).header("x-evil", SCRIPT);
                let hop = alice.clone().load(load).await.first().clone();
                assert_eq!(hop.status(), status, "{query}");
                let said = format!("{}{:?}", hop.text(), hop.response.headers());
                assert!(!said.contains("<script") && !said.contains("alert"), "{said}");
            }
        }
    }
}

#[tokio::test]
async fn t26_a_return_path_with_markup_is_text_on_the_confirm_page() {
    let shop = Shop::new(Mode::Users).await;
    let path = "/x?q='\"><script>alert(1)</script>";
    let url = format!("{LOGIN}?return_to={}", utf8_percent_encode(path, NON_ALPHANUMERIC));
    let alice = shop.browser("alice");
    let page = alice.click(EVIL, &url).await.first().clone();
    assert!(!page.text().contains("<script"), "{}", page.text());
    let visit = alice.click(page.url.as_str(), &crate::flow::pages::link(&page.text())).await;
    let login = started(visit.first().clone());
    shop.accepts(&alice, &login, "C1", path).await;
}

#[tokio::test]
async fn t26_what_komerza_says_about_an_error_is_on_no_page() {
    let shop = Shop::new(Mode::Users).await;
    let alice = shop.browser("alice").with_header(USER, "alice");
    let login = shop.start(&alice, "/x").await;
    let evil = json!({"success": false, "code": "<script>alert(1)</script>", "message": "<script>alert(1)</script>"});
    shop.provider.next(Reply::envelope(401, &evil));
    let page = shop.return_to(&alice, &login.with("C1")).await;
    assert_eq!(page.status(), 400);
    assert!(!page.text().contains("script") && !page.text().contains(&key_for_code("C1")), "{}", page.text());
}
