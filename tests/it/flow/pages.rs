//! The ways of a visitor: asked first, refused at Komerza, sent to sign in.

use crate::prelude::*;

#[tokio::test]
async fn the_confirm_page_asks_and_its_link_starts_the_login() {
    for shop in in_both(Shop::new).await {
        for browser in [shop.browser("alice"), shop.browser("alice").without_fetch_metadata()] {
            let page = browser.click(EVIL, &format!("{LOGIN}?return_to=%2Fx%3Fa%3Db")).await.first().clone();
            assert_eq!((page.status(), page.set_cookies().len(), page.location()), (200, 0, None));
            assert_eq!(page.header("content-type"), Some("text/html; charset=utf-8"));
            let policy = page.header("content-security-policy").unwrap();
            assert!(policy.contains("form-action 'none';"), "{policy}");
            let html = page.text();
            assert!(html.contains("<html lang=\"en\">") && html.contains("name=\"viewport\""), "{html}");
            assert!(html.contains("You are about to connect"), "{html}");

            let visit = browser.click(page.url.as_str(), &link(&html)).await;
            let login = started(visit.first().clone());
            assert!(visit.stopped_before.unwrap().as_str().starts_with(AUTHORIZE));
            let code = format!("C{}", flow_cookies(&browser).len());
            let hop = browser.load(shop.returning(&login.with(&code))).await.first().clone();
            assert_eq!((hop.status(), hop.location()), (303, Some("/x?a=b")));
        }
    }
}

/// Where the button of one of our pages leads.
pub(crate) fn link(html: &str) -> String {
    let (_, rest) = html.split_once("<a class=\"button\" href=\"").expect("a link");
    format!("{SITE}{}", rest.split_once('"').expect("its end").0.replace("&amp;", "&"))
}

#[tokio::test]
async fn t72_behind_a_service_worker_a_login_starts_by_the_link_of_this_browser_alone() {
    for mode in MODES {
        // As Chromium, WebKit and Firefox send what a worker passes on, own links and those of other sites.
        for (site, fetch_mode) in
            [("cross-site", "navigate"), ("same-origin", "navigate"), ("same-origin", "same-origin")]
        {
            let worker = |url: &str| {
                Load::typed(url)
                    .header("sec-fetch-site", site)
                    .header("sec-fetch-mode", fetch_mode)
                    .header("sec-fetch-dest", "empty")
                    .header("accept", "text/html,application/xhtml+xml,*/*;q=0.8")
                    .stop_at_first()
            };
            let shop = Shop::new(mode).await;
            let (alice, bob) = (shop.browser("alice"), shop.browser("bob"));
            let page = alice.load(worker(LOGIN)).await.first().clone();
            assert_eq!((page.status(), page.location(), flow_cookies(&alice).len()), (200, None, 0));
            let link = link(&page.text());
            assert!(link.contains("&confirm="), "{link}");
            // Another browser, one without the value, and a guess are asked again.
            for (browser, url) in
                [(&bob, &*link), (&alice, LOGIN), (&alice, &*format!("{LOGIN}?confirm=AAAAAAAAAAAAAAAAAAAAAA"))]
            {
                let again = browser.load(worker(url)).await.first().clone();
                assert_eq!((again.status(), again.location()), (200, None), "{url}");
            }
            let page = alice.load(worker(LOGIN)).await.first().clone();
            let begun = alice.load(worker(&super::pages::link(&page.text()))).await.first().clone();
            let login = started(begun);
            shop.accepts(&alice, &login, "C1", "/").await;
            // The value is used up.
            let again = alice.load(worker(&super::pages::link(&page.text()))).await.first().clone();
            assert_eq!((again.status(), again.location()), (200, None));
        }
    }
}

/// The app's session cookie is `SameSite=Strict`: the browser withholds it on the way back from Komerza.
#[tokio::test]
async fn t71_a_strict_session_cookie_gets_one_load_from_the_site_itself() {
    let (shop, alice, login) = Shop::with_login(Mode::Users, "alice", "/x").await;
    // As any engine sends it: they do not agree about the return.
    for site in ["cross-site", "none", "same-origin"] {
        let (other, login) = shop.login_of("alice", "/x").await;
        other.remove_header(USER);
        let load = shop.returning(&login.with("C0")).header("sec-fetch-site", site);
        let page = other.load(load).await.first().clone();
        assert_eq!((page.status(), loads_again(&page)), (200, true), "{site}");
    }
    alice.remove_header(USER);
    let before = shop.mark();
    let page = alice.load(shop.returning(&login.with("C1"))).await.first().clone();
    assert_eq!((page.status(), loads_again(&page)), (200, true));
    assert_eq!(page.header("referrer-policy"), Some("no-referrer"), "the code is in the address");
    assert_eq!(shop.mark(), before);
    // Never twice: who is nobody from the site itself is nobody.
    let hop = alice.load(shop.returning(&login.with("C1"))).await.first().clone();
    assert_eq!((hop.status(), loads_again(&hop)), (401, false));
    alice.set_header(USER, "alice");
    shop.accepts(&alice, &login, "C1", "/x").await;
    // A stranger who has no attempt here is not sent round.
    let hop = shop.browser("alice").load(shop.returning(&login.with("C1"))).await.first().clone();
    assert_eq!((hop.status(), loads_again(&hop)), (400, false));
}

/// README's own app: the page that the visitor comes back to asks for the key.
#[tokio::test]
async fn t73_no_refusal_and_no_disconnect_leads_straight_back_into_login() {
    for (shop, alice) in in_both(|mode| Shop::with_browser(mode, "alice")).await {
        let page = shop.url("/user");
        for _ in 0..2 {
            let login = shop.start(&alice, "/user?a=b&komerza=denied").await;
            let denied = shop.return_to(&alice, &format!("error=access_denied&state={}", login.state)).await;
            assert_eq!(denied.location(), Some("/user?a=b&komerza=denied"), "the marker once");
            for url in [shop.url(denied.location().unwrap()), page.clone()] {
                let hop = alice.hop(Load::link(SITE, &url)).await;
                let html = hop.text();
                assert_eq!((hop.status(), hop.location()), (401, None), "{url}: {html}");
                assert!(html.contains("was not approved") && html.contains("Connect with Komerza"), "{html}");
                assert!(!link(&html).contains("komerza%3D"), "{html}");
            }
        }
        let begun = alice.hop(Load::link(SITE, LOGIN)).await;
        shop.accepts(&alice, &started(begun), "C1", "/").await;
        shop.disconnect(&alice).await;
        let hop = alice.hop(Load::link(SITE, &page)).await;
        assert_eq!((hop.status(), hop.location()), (401, None));
        assert!(hop.text().contains("You are disconnected."), "{}", hop.text());
        // Who was never connected is told nothing of the kind.
        let stranger = shop.browser("stranger");
        shop.disconnect(&stranger).await;
        let hop = stranger.hop(Load::link(SITE, &page)).await;
        let told = if shop.mode == Mode::Users { (401, None) } else { (303, Some("/komerza/login?return_to=%2Fuser")) };
        assert_eq!((hop.status(), hop.location()), told);
        assert!(!hop.text().contains("deleted"), "{}", hop.text());
        // Later the way is short again.
        shop.clock.advance(Duration::from_secs(61));
        let hop = alice.hop(Load::link(SITE, &page)).await;
        assert_eq!((hop.status(), hop.location()), (303, Some("/komerza/login?return_to=%2Fuser")));
    }
}

/// The second login is refused at Komerza, and the key of the first is dead there: the handler's own error.
#[tokio::test]
async fn t73_a_dead_key_leads_no_visitor_who_just_refused_back_into_login() {
    for (shop, alice) in in_both(|mode| Shop::with_browser(mode, "alice")).await {
        shop.connects(&alice, "C1").await;
        shop.provider.on_path("/user", Reply::error(401, "BadToken"));
        let login = shop.start(&alice, "/user").await;
        let denied = shop.return_to(&alice, &format!("error=access_denied&state={}", login.state)).await;
        let url = shop.url(denied.location().unwrap());
        let hop = alice.hop(Load::link(SITE, &url)).await;
        let html = hop.text();
        assert_eq!((hop.status(), hop.location()), (401, None), "{html}");
        assert!(html.contains("You are not connected any more.") && html.contains("Connect with Komerza"), "{html}");
    }
}

/// The app's own parameters decide in `before_leaving`, so they go along with the visitor.
#[tokio::test]
async fn what_an_app_asks_in_the_address_of_the_login_survives_the_pages_in_between() {
    let worker = |url: &str| {
        let load = Load::typed(url).header("sec-fetch-site", "same-origin").header("sec-fetch-mode", "same-origin");
        load.header("sec-fetch-dest", "empty").header("accept", "text/html").stop_at_first()
    };
    let asked = format!("{LOGIN}?plan=p%26r%2B&code=x&return_to=%2Fx&confirm=y&a=%22%3C&b");
    let kept = format!("{LOGIN}?return_to=%2Fx&plan=p%26r%2B&a=%22%3C&b");
    for shop in
        in_both(|mode| Shop::builder(mode).still().config(|config| config.sign_in_page("/sign-in")).open()).await
    {
        let alice = shop.browser("alice");
        let page = alice.click(EVIL, &asked).await.first().clone();
        assert_eq!(link(&page.text()), kept);
        let page = alice.load(worker(&asked)).await.first().clone();
        let led = link(&page.text());
        let (before, confirm) = led.rsplit_once("&confirm=").unwrap();
        assert_eq!((before, confirm.len()), (&*kept, 22), "{led}");
        started(alice.load(worker(&led)).await.first().clone());
        if shop.mode == Mode::Users {
            alice.remove_header(USER);
            let hop = alice.hop(Load::link(SITE, &asked)).await;
            let to = Url::parse(SITE).unwrap().join(hop.location().unwrap()).unwrap();
            let back = to.query_pairs().find(|(name, _)| name == "return_to").unwrap().1.into_owned();
            assert_eq!(format!("{SITE}{back}"), kept);
        }
    }
}

/// Pages of routes, of rejections and of a handler's error.
#[tokio::test]
async fn every_page_has_the_apps_name_and_its_style_sheet() {
    let look = |config: ConfigBuilder| config.app_name("Beans & Co").style_sheet("/pages.css?v=2");
    let shop = Shop::builder(Mode::Users).still().config(look).open().await;
    let alice = shop.browser("alice").without_own_answers();
    let confirm = alice.click(EVIL, LOGIN).await.first().clone();
    let unknown = shop.return_to(&alice, "code=x&state=junk").await;
    shop.connects(&alice, "C1").await;
    shop.provider.on_path("/user", Reply::error(403, "AccessDenied"));
    let load = |url: &str| Load::link(SITE, url).stop_at_first();
    let error = alice.load(load(&shop.url("/user"))).await.first().clone();
    alice.remove_header(USER);
    let rejection = alice.load(load(&shop.url("/user"))).await.first().clone();
    for (page, status) in [(confirm, 200), (unknown, 400), (error, 403), (rejection, 401)] {
        let html = page.text();
        assert_eq!(page.status(), status, "{html}");
        assert!(html.contains("<p class=\"app\">Beans &amp; Co</p>\n<h1>"), "{html}");
        assert!(html.contains("\u{2013} Beans &amp; Co</title>"), "{html}");
        assert!(html.contains("<link rel=\"stylesheet\" href=\"/pages.css?v=2\"></head>"), "{html}");
        let policy = page.header("content-security-policy").unwrap();
        assert!(policy.contains("style-src 'sha256-") && policy.contains("' 'self'; img-src 'self'; font-src 'self';"));
        assert!(policy.starts_with("default-src 'none';") && !policy.contains("script"), "{policy}");
        if status == 200 {
            assert!(html.contains("connect your Komerza store to Beans &amp; Co."), "{html}");
        }
    }
}

#[tokio::test]
async fn both_ways_of_saying_no_lead_back_with_a_fixed_marker() {
    for mode in MODES {
        for (path, marked) in
            [("/x", "/x?komerza=denied"), ("/x?a=b", "/x?a=b&komerza=denied"), ("/x%23f", "/x?komerza=denied#f")]
        {
            for no in ["error=access_denied&", "error=access_denied&error_description=No+thanks&", "error=&", ""] {
                let (shop, alice) = Shop::with_browser(mode, "alice").await;
                let (other, login) = (shop.start(&alice, "/other").await, shop.start(&alice, path).await);
                let before = shop.mark();
                let hop = shop.return_to(&alice, &format!("{no}state={}", login.state)).await;
                assert_eq!((hop.status(), hop.location()), (303, Some(marked)), "{no}");
                assert_eq!(shop.mark(), before);
                assert_eq!(flow_cookies(&alice), [&*other.cookie], "its own cookie is used up, and no other");
                // It is used up: the code that comes after the no is refused.
                shop.refuses(&alice, &login.with("C1"), 400).await;
                shop.accepts(&alice, &other, "C2", "/other").await;
            }
        }
    }
}

#[tokio::test]
async fn t30_who_is_not_signed_in_is_sent_to_sign_in_and_comes_back_to_the_login() {
    let shop = Shop::builder(Mode::Users).still().config(|config| config.sign_in_page("/sign-in?lang=en")).open().await;
    let alice = shop.browser("alice");
    alice.remove_header(USER);
    // A program is told in JSON where a person is sent to sign in.
    let load = Load::typed(&format!("{LOGIN}?return_to=/x")).header("accept", "application/json");
    let problem = shop.refuses_load(&alice.clone().without_fetch_metadata(), load, 401).await.json();
    assert_eq!(problem["code"], "not_signed_in");
    assert_eq!(problem["login_url"], "/komerza/login?return_to=%2Fx");
    let hop = alice.hop(Load::link(SITE, &format!("{LOGIN}?return_to=/x"))).await;
    let location = hop.location().unwrap();
    assert!(location.starts_with("/sign-in?lang=en&return_to="), "{location}");
    assert_eq!((hop.status(), hop.set_cookies().len()), (303, 0), "nothing has begun");
    // Signing in after a disconnect must not lead on to a login at Komerza.
    let gone = alice.hop(Load::form(SITE, &format!("{DISCONNECT}?return_to=/settings"), "")).await;
    assert_eq!(gone.location(), Some("/sign-in?lang=en&return_to=%2Fsettings"));
    let url = Url::parse(SITE).unwrap().join(location).unwrap();
    let back = url.query_pairs().find(|(name, _)| name == "return_to").unwrap().1.into_owned();
    // The app signs the user in and follows its own `return_to`.
    alice.set_header(USER, "alice");
    let login = started(alice.hop(Load::link(url.as_str(), &format!("{SITE}{back}"))).await);
    // A session that ends while the user is at Komerza loses nothing.
    alice.remove_header(USER);
    let before = shop.mark();
    let hop = shop.return_to(&alice, &login.with("C1")).await;
    assert!(hop.location().is_some_and(|location| location.starts_with("/sign-in?lang=en&return_to=")));
    assert_eq!((shop.mark(), hop.set_cookies().len()), (before, 0));
    alice.set_header(USER, "alice");
    shop.accepts(&alice, &login, "C1", "/x").await;
}

#[tokio::test]
async fn a_callback_that_nobody_began_does_not_say_where_to_go_on_and_a_script_is_told_that_the_login_is_a_page() {
    let (shop, alice) = Shop::with_browser(Mode::Users, "alice").await;
    let problem = alice.hop(Load::fetch(SITE, Method::GET, LOGIN)).await;
    assert_eq!((problem.status(), &problem.json()["code"]), (403, &"not_navigated".into()), "{}", problem.text());
    assert!(problem.json()["detail"].as_str().unwrap().contains("location.href"), "{}", problem.text());
    let load = Load::typed(&format!("{CALLBACK}?code=x&state=y&return_to=/account/close"));
    let load = load.header("accept", "application/json");
    let problem = shop.refuses_load(&alice.without_fetch_metadata(), load, 400).await.json();
    assert_eq!(
        (&problem["code"], &problem["login_url"]),
        (&"unknown_state".into(), &"/komerza/login?return_to=%2F".into())
    );
}
