//! Section A, second part: whose key it becomes (T3 to T7).

use crate::flow::harness::{
    AUTHORIZE, CALLBACK, DISCONNECT, EVIL, LOGIN, Mode, SITE, STATUS, Shop, USER, app, flow_cookies, node, started,
};
use crate::prelude::*;
use komerza_connect::hooks::{Connecting, Veto};
use komerza_connect_testing::{browser::Cookie, headers::OwnAnswers};

#[tokio::test]
async fn t03_who_returns_must_be_who_began() {
    let (shop, browser, login) = Shop::with_login(Mode::App, "alice", "/x").await;
    browser.set_header(USER, "bob");
    let page = shop.refuses(&browser, &login.with("C1"), 403).await;
    assert!(page.text().contains("Sign in as the user who started it, or start again"), "{}", page.text());
    // A name that only looks alike is another user.
    for other in ["Alice", "alic", "alicee", "ALICE"] {
        browser.set_header(USER, other);
        shop.refuses(&browser, &login.with("C1"), 403).await;
    }
    browser.set_header(USER, "alice");
    shop.accepts(&browser, &login, "C1", "/x").await;
    assert_eq!((shop.store.key_of("alice"), shop.store.key_of("bob")), (Some(key_for_code("C1")), None));
}

#[tokio::test]
async fn t03_without_an_app_login_the_browsers_own_session_must_be_the_same() {
    let shop = Shop::new(Mode::Browser).await;
    let (alice, bob) = (shop.browser("alice"), shop.browser("bob"));
    for (browser, code) in [(&alice, "CA"), (&bob, "CB")] {
        let login = shop.start(browser, "/x").await;
        shop.accepts(browser, &login, code, "/x").await;
    }
    let login = shop.start(&alice, "/again").await;
    let session = alice.jar().names().into_iter().find(|name| name.ends_with("-session")).unwrap();
    let (hers, his) = (alice.jar().get(&session).unwrap(), bob.jar().get(&session).unwrap());
    alice.jar().set_value(&session, his);
    shop.refuses(&alice, &login.with("C2"), 403).await;
    alice.jar().set_value(&session, hers);
    shop.accepts(&alice, &login, "C2", "/again").await;
    assert_eq!(shop.key_seen_by(&bob).await, Some(key_for_code("CB")));
}

#[tokio::test]
async fn t04_who_cannot_be_told_is_nobody_in_particular() {
    let (shop, alice, login) = Shop::with_login(Mode::App, "alice", "/x").await;
    alice.set_header(USER, "broken");
    let page = shop.refuses(&alice, &login.with("C1"), 503).await;
    assert!(page.header("retry-after").is_some() && page.text().contains("Nothing is lost"), "{}", page.text());
    assert!(shop.provider.requests().is_empty());
    // The same on every other way in, and for the extractor.
    shop.refuses_load(&alice, Load::typed(LOGIN), 503).await;
    shop.refuses_load(&alice, Load::typed(STATUS), 503).await;
    shop.refuses_load(&alice, Load::form(SITE, DISCONNECT, ""), 503).await;
    assert_eq!(alice.open(&shop.url("/key")).await.statuses(), [503]);

    alice.set_header(USER, "alice");
    shop.accepts(&alice, &login, "C1", "/x").await;
}

#[tokio::test]
async fn t04_nobody_is_not_a_user() {
    let (shop, alice, login) = Shop::with_login(Mode::App, "alice", "/x").await;
    alice.remove_header(USER);
    shop.refuses(&alice, &login.with("C1"), 401).await;
    shop.refuses_load(&alice, Load::typed(LOGIN), 401).await;
    shop.refuses_load(&alice, Load::typed(STATUS), 401).await;
    shop.refuses_load(&alice, Load::form(SITE, DISCONNECT, ""), 401).await;
    assert_eq!(shop.key_seen_by(&alice).await, None);
    alice.set_header(USER, "alice");
    shop.accepts(&alice, &login, "C1", "/x").await;
}

#[tokio::test]
async fn t05_a_link_of_another_site_is_asked_about_and_starts_nothing() {
    for mode in Mode::BOTH {
        let (shop, alice) = Shop::with_browser(mode, "alice").await;
        let page = alice.click(EVIL, LOGIN).await.first().clone();
        assert_eq!(page.sent("sec-fetch-site"), Some("cross-site"));
        assert_eq!((page.status(), page.location(), page.set_cookies().len()), (200, None, 0));
        shop.refuses_load(&alice, Load::form(EVIL, LOGIN, ""), 403).await;
        shop.refuses_load(&alice, Load::fetch(EVIL, Method::GET, LOGIN), 403).await;
        shop.refuses_load(&alice, Load::fetch(EVIL, Method::POST, LOGIN), 403).await;
        shop.refuses_load(&alice, Load::iframe(EVIL, LOGIN), 403).await;
        shop.refuses_load(&alice, Load::image(EVIL, LOGIN), 403).await;
        // A script of the site itself starts no login either: it could not follow it. It is told so.
        shop.refuses_load(&alice, Load::fetch(SITE, Method::GET, LOGIN), 403).await;
        assert!(flow_cookies(&alice).is_empty());
    }
}

#[tokio::test]
async fn t05_what_the_visitor_asked_for_starts_at_once() {
    for mode in Mode::BOTH {
        let shop = Shop::new(mode).await;
        for load in [Load::typed(LOGIN), Load::link(SITE, LOGIN), Load::form(SITE, LOGIN, "")] {
            let browser = shop.browser("alice");
            let hop = browser.load(load.clone()).await.first().clone();
            assert!(hop.location().is_some_and(|location| location.starts_with(AUTHORIZE)), "{load:?}");
            assert_eq!(flow_cookies(&browser).len(), 1);
        }
        // A site on a sibling name is another site here.
        let sibling = shop.browser("alice").click("https://blog.shop.example/", LOGIN).await.first().clone();
        assert_eq!((sibling.status(), sibling.location()), (200, None));
    }
}

#[tokio::test]
async fn t05_an_old_browser_is_judged_by_referrer_and_origin() {
    let shop = Shop::new(Mode::App).await;
    let old = shop.browser("alice").without_fetch_metadata();
    let statuses = |load| async { old.load(load).await.first().status() };
    assert_eq!(statuses(Load::typed(LOGIN)).await, 303);
    assert_eq!(statuses(Load::link(SITE, LOGIN)).await, 303);
    assert_eq!(statuses(Load::form(SITE, LOGIN, "")).await, 303);
    assert_eq!(statuses(Load::link(EVIL, LOGIN)).await, 200);
    assert_eq!(statuses(Load::form(EVIL, LOGIN, "")).await, 403);
}

/// Two Komerza apps on one host, with one sealing key and one store.
#[tokio::test]
async fn t06_a_login_begun_at_one_mount_cannot_be_finished_at_the_other() {
    for mode in Mode::BOTH {
        let provider = RawProvider::start().await;
        let (store, clock) = (Shelf::default(), ManualClock::default());
        let layer = |mount: &str, app: &str| {
            let key = SealingKey::from_bytes(b"obviously-fake-sealing-key-of-both-apps").unwrap();
            let uri = format!("{SITE}/{mount}/callback");
            node(mode, &provider, &store, &clock, &uri, |config| config.client_id(app).cookie_keys([key]))
        };
        let (a, b) = (layer("a", "app-1"), layer("b", "app-2"));
        let routes = OwnAnswers {
            routes: ["/a/login", "/a/callback", "/b/login", "/b/callback"].map(str::to_owned).to_vec(),
            locations: vec![AUTHORIZE.to_owned()],
        };
        let both = axum::Router::new().fallback_service(tower::Layer::layer(&a, app(&b)));
        let browser = Browser::new().with_header(USER, "alice").with_own_answers(routes).serve(SITE, both);
        let start = |mount: &'static str| {
            let browser = &browser;
            async move {
                let load = Load::typed(&format!("{SITE}/{mount}/login")).stop_at_first();
                started(browser.load(load).await.first().clone())
            }
        };
        let (at_a, at_b) = (start("a").await, start("b").await);
        // The name of the cookie that b would have given this attempt.
        let prefix = &at_b.cookie[..at_b.cookie.len() - 16];
        let renamed = format!("{prefix}{}", &at_a.cookie[at_a.cookie.len() - 16..]);
        let callback = |mount: &'static str, query: String| {
            let browser = &browser;
            async move {
                let load = Load::link(AUTHORIZE, &format!("{SITE}/{mount}/callback?{query}")).stop_at_first();
                browser.load(load).await.first().status()
            }
        };
        assert_eq!(callback("b", at_a.with("C1")).await, 400, "as it is");
        browser.jar().rename(&at_a.cookie, &renamed);
        assert_eq!(callback("b", at_a.with("C1")).await, 400, "renamed");
        assert!(provider.requests().is_empty() && store.snapshot().is_empty());
        browser.jar().rename(&renamed, &at_a.cookie);
        assert_eq!(callback("a", at_a.with("C1")).await, 303);
        assert_eq!(callback("b", at_b.with("C2")).await, 303);
        assert_eq!(provider.exchanges().len(), 2);
    }
}

/// As above, with the same app registered for two redirect URIs, and with one mount for two apps in turn.
#[tokio::test]
async fn t06_the_seal_holds_the_app_and_the_redirect_uri_each() {
    let (shop, alice, login) = Shop::with_login(Mode::App, "alice", "/x").await;
    let suffix = &login.cookie[login.cookie.len() - 16..];
    let other_uri = "https://shop.example/komerza/callback2";
    for (app_id, uri) in [("another-app", CALLBACK), ("obviously-fake-app", other_uri)] {
        let other = node(shop.mode, &shop.provider, &shop.store, &shop.clock, uri, |config| config.client_id(app_id));
        let visitor = alice.clone().without_own_answers();
        visitor.move_to(SITE, app(&other));
        let hop = visitor.hop(Load::typed(LOGIN)).await;
        let theirs = started(hop).cookie;
        visitor.jar().rename(&login.cookie, &format!("{}{suffix}", &theirs[..theirs.len() - 16]));
        let path = uri.strip_prefix(SITE).unwrap();
        let back = Load::link(AUTHORIZE, &format!("{SITE}{path}?{}", login.with("C1"))).stop_at_first();
        assert_eq!(visitor.load(back).await.first().status(), 400, "{app_id} {uri}");
    }
    assert!(shop.provider.requests().is_empty());
}

#[tokio::test]
async fn t06_a_session_of_one_mount_is_none_at_another_with_the_same_keys_and_store() {
    let shop = Shop::new(Mode::Browser).await;
    let alice = shop.browser("");
    let login = shop.start(&alice, "/x").await;
    shop.accepts(&alice, &login, "CA", "/x").await;
    let session = alice.jar().names().into_iter().find(|name| name.ends_with("-session")).unwrap();
    let other_uri = "https://shop.example/other/callback";
    for (app_id, uri) in [("another-app", CALLBACK), ("obviously-fake-app", other_uri)] {
        let other = node(shop.mode, &shop.provider, &shop.store, &shop.clock, uri, |config| config.client_id(app_id));
        let visitor = alice.clone().without_own_answers();
        visitor.move_to(SITE, app(&other));
        let path = uri.strip_prefix(SITE).unwrap().replace("callback", "login");
        let hop = visitor.hop(Load::typed(&format!("{SITE}{path}"))).await;
        let theirs = started(hop).cookie;
        let prefix = theirs.split_once("-login-").unwrap().0;
        // Under both names: whichever one the other mount looks for, its value counts for nothing.
        let value = alice.jar().get(&session).unwrap();
        visitor.jar().set_raw(Cookie::new("shop.example", format!("{prefix}-session"), value));
        assert!(visitor.jar().get(&session).is_some());
        assert_eq!(shop.key_seen_by(&visitor).await, None, "{app_id} {uri}");
    }
    assert!(shop.key_seen_by(&alice).await.is_some());
}

/// Looks at the account before the key is kept.
struct Bouncer {
    store: Shelf,
}

#[async_trait]
impl Hooks for Bouncer {
    async fn before_storing(&self, connecting: &Connecting<'_>) -> Result<(), Veto> {
        assert!(self.store.keys().is_empty(), "asked before anything is stored");
        if connecting.key.api_key().expose_secret().ends_with("stolen") {
            return Err(Veto::new("This Komerza account belongs to somebody else here."));
        }
        Ok(())
    }
}

#[tokio::test]
async fn t07_the_hook_sees_the_account_first_and_its_refusal_leaves_no_trace() {
    for mode in Mode::BOTH {
        let (provider, store) = (RawProvider::start().await, Shelf::default());
        let hooks = Bouncer { store: store.clone() };
        let shop = Shop::on(provider, store, mode, |config| config, |layer| layer.with_hooks(hooks));
        let (alice, login) = shop.login_of("alice", "/x").await;
        let hop = shop.callback(&alice, &login.with("stolen")).await;
        assert_eq!((hop.status(), hop.location()), (403, None));
        assert!(hop.text().contains("This Komerza account belongs to somebody else here."), "{}", hop.text());
        assert_eq!((shop.store.writes(), shop.key_seen_by(&alice).await), (0, None));
        let login = shop.start(&alice, "/x").await;
        let hop = shop.accepts(&alice, &login, "fine", "/x").await;
        // A success says nothing that could be played again elsewhere.
        assert!(hop.body().is_empty() && !hop.location().unwrap().contains("fine"));
    }
}
