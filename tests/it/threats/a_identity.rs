//! Section A, second part: whose key it becomes (T3 to T7).

use crate::prelude::*;

#[tokio::test]
async fn t03_who_returns_must_be_who_began() {
    let (shop, browser, login) = Shop::with_login(Mode::Users, "alice", "/x").await;
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
    assert_eq!((shop.shelf.key_of("alice"), shop.shelf.key_of("bob")), (Some(key_for_code("C1")), None));
}

#[tokio::test]
async fn t03_without_an_app_login_the_browsers_own_session_must_be_the_same() {
    let shop = Shop::new(Mode::Browsers).await;
    let (alice, bob) = (shop.browser("alice"), shop.browser("bob"));
    for (browser, code) in [(&alice, "CA"), (&bob, "CB")] {
        shop.connects(browser, code).await;
    }
    let login = shop.start(&alice, "/again").await;
    let (session, _) = session_of(&alice);
    let (hers, his) = (alice.jar().get(&session).unwrap(), bob.jar().get(&session).unwrap());
    alice.jar().set_value(&session, his);
    shop.refuses(&alice, &login.with("C2"), 403).await;
    alice.jar().set_value(&session, hers);
    shop.accepts(&alice, &login, "C2", "/again").await;
    assert_eq!(shop.key_seen_by(&bob).await, Some(key_for_code("CB")));
}

/// On every way in, and for the extractor: a look-up that fails, and nobody.
#[tokio::test]
async fn t04_who_cannot_be_told_is_nobody_in_particular_and_nobody_is_not_a_user() {
    let (shop, alice, login) = Shop::with_login(Mode::Users, "alice", "/x").await;
    for (status, page_of_the_app) in [(503, 503), (401, 200)] {
        match status {
            503 => alice.set_header(USER, "broken"),
            _ => alice.remove_header(USER),
        }
        let page = shop.refuses(&alice, &login.with("C1"), status).await;
        let told = page.header("retry-after").is_some() && page.text().contains("Nothing is lost");
        assert_eq!(told, status == 503, "{}", page.text());
        for load in [Load::typed(LOGIN), Load::typed(STATUS), Load::form(SITE, DISCONNECT, "")] {
            shop.refuses_load(&alice, load, status).await;
        }
        let seen = alice.open(&shop.url("/seen")).await;
        assert_eq!(seen.statuses(), [page_of_the_app], "{}", seen.last().text());
        assert!(!seen.last().text().starts_with("key "), "a key for nobody");
    }
    assert!(shop.provider.requests().is_empty());
    alice.set_header(USER, "alice");
    shop.accepts(&alice, &login, "C1", "/x").await;
}

#[tokio::test]
async fn t05_a_link_of_another_site_is_asked_about_and_starts_nothing() {
    for (shop, alice) in in_both(|mode| Shop::with_browser(mode, "alice")).await {
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
    for shop in in_both(Shop::new).await {
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
    let shop = Shop::new(Mode::Users).await;
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
    for shop in in_both(Shop::new).await {
        let layer = |mount: &str, app: &str| {
            let key = SealingKey::from_bytes(b"obviously-fake-sealing-key-of-both-apps").unwrap();
            let uri = format!("{SITE}/{mount}/callback");
            shop.another_node(|config| config.redirect_uri(uri).client_id(app).cookie_keys([key]))
        };
        let (a, b) = (layer("a", "app-1"), layer("b", "app-2"));
        let routes = OwnAnswers {
            routes: ["/a/login", "/a/callback", "/b/login", "/b/callback"].map(str::to_owned).to_vec(),
            locations: vec![AUTHORIZE.to_owned()],
        };
        let both = Router::new().fallback_service(tower::Layer::layer(&a, app(&b)));
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
        let renamed = format!("{}{}", at_b.prefix(), at_a.reference());
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
        assert!(shop.provider.requests().is_empty() && shop.shelf.snapshot().is_empty());
        browser.jar().rename(&renamed, &at_a.cookie);
        assert_eq!(callback("a", at_a.with("C1")).await, 303);
        assert_eq!(callback("b", at_b.with("C2")).await, 303);
        assert_eq!(shop.exchanges(), 2);
    }
}

/// Another app at the same mount, and the same app at other mounts, one of them in the same directory.
const OTHER_MOUNTS: [(&str, &str); 3] = [
    ("another-app", CALLBACK),
    ("obviously-fake-app", "https://shop.example/other/callback"),
    ("obviously-fake-app", "https://shop.example/komerza/callback2"),
];

/// The login route beside a callback.
fn login_of(uri: &str) -> String {
    uri.rsplit_once('/').unwrap().0.to_owned() + "/login"
}

#[tokio::test]
async fn t06_the_seal_holds_the_app_and_the_redirect_uri_each() {
    let (shop, alice, login) = Shop::with_login(Mode::Users, "alice", "/x").await;
    for (app_id, uri) in OTHER_MOUNTS {
        let other = shop.another_node(|config| config.redirect_uri(uri).client_id(app_id));
        let visitor = alice.clone().without_own_answers();
        visitor.move_to(SITE, app(&other));
        let theirs = started(visitor.hop(Load::typed(&login_of(uri))).await);
        visitor.jar().rename(&login.cookie, &format!("{}{}", theirs.prefix(), login.reference()));
        let back = visitor.hop(Load::link(AUTHORIZE, &format!("{uri}?{}", login.with("C1")))).await;
        assert_eq!(back.status(), 400, "{app_id} {uri}");
    }
    assert!(shop.provider.requests().is_empty());
}

#[tokio::test]
async fn t06_a_session_of_one_mount_is_none_at_another_with_the_same_keys_and_store() {
    let (shop, alice) = Shop::connected(Mode::Browsers, "", "CA").await;
    let (session, value) = session_of(&alice);
    for (app_id, uri) in OTHER_MOUNTS {
        let other = shop.another_node(|config| config.redirect_uri(uri).client_id(app_id));
        let visitor = alice.clone().without_own_answers();
        visitor.move_to(SITE, app(&other));
        let theirs = started(visitor.hop(Load::typed(&login_of(uri))).await).cookie;
        let prefix = theirs.split_once("-login-").unwrap().0;
        // Under both names: whichever one the other mount looks for, its value counts for nothing.
        visitor.jar().set_raw(Cookie::new("shop.example", format!("{prefix}-session"), &value));
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
    for mode in MODES {
        let shelf = Shelf::default();
        let hooks = Bouncer { store: shelf.clone() };
        let shop = Shop::builder(mode).still().shelf(&shelf).layer(|layer| layer.with_hooks(hooks)).open().await;
        let (alice, login) = shop.login_of("alice", "/x").await;
        let hop = shop.return_to(&alice, &login.with("stolen")).await;
        assert_eq!((hop.status(), hop.location()), (403, None));
        assert!(hop.text().contains("This Komerza account belongs to somebody else here."), "{}", hop.text());
        assert_eq!((shop.shelf.writes(), shop.key_seen_by(&alice).await), (0, None));
        let login = shop.start(&alice, "/x").await;
        let hop = shop.accepts(&alice, &login, "fine", "/x").await;
        // A success says nothing that could be played again elsewhere.
        assert!(hop.body().is_empty() && !hop.location().unwrap().contains("fine"));
    }
}
