//! The crate's own browser sessions: how long they last, and what is left when two begin at once.

use crate::prelude::*;
use axum::routing::get;

fn session_lines(lines: &[String]) -> Vec<String> {
    lines.iter().filter(|line| line.contains("-session=")).cloned().collect()
}

#[tokio::test]
async fn t22_a_session_that_is_used_goes_on_until_its_outer_bound() {
    let (idle, whole) = (Limits::default().session_idle_lifetime, Limits::default().session_lifetime);
    let shop = Shop::new(Mode::Browsers).await;
    let (alice, away) = (shop.browser("alice"), shop.browser("away"));
    for (browser, code) in [(&alice, "C1"), (&away, "C2")] {
        shop.connects(browser, code).await;
    }
    let load = || Load::link(SITE, &shop.url("/seen")).stop_at_first();
    let hop = alice.load(load()).await.first().clone();
    assert_eq!(session_lines(&hop.set_cookies()), [""; 0], "not on every page");
    let mut since = Duration::ZERO;
    let mut renewed = 0;
    while since + idle / 2 < whole {
        shop.clock.advance(idle / 2);
        since += idle / 2;
        let hop = alice.load(load()).await.first().clone();
        assert_eq!(hop.text(), format!("key {}", key_for_code("C1")), "after {since:?}");
        let set = session_lines(&hop.set_cookies());
        assert!(
            set.iter().all(|line| line.contains(&format!("Max-Age={};", idle.min(whole - since).as_secs()))),
            "{set:?}"
        );
        renewed += set.len();
    }
    assert!(renewed >= 4, "{renewed}");
    assert_eq!(shop.key_seen_by(&away).await, None, "unused for too long");
    // Also for a browser that keeps a cookie longer than it should.
    let (name, value) = session_of(&alice);
    shop.clock.advance(whole - since - Duration::from_secs(1));
    assert!(shop.key_seen_by(&alice).await.is_some());
    shop.clock.advance(Duration::from_secs(1));
    alice.jar().set_raw(Cookie::new("shop.example", &name, &value));
    assert_eq!(shop.key_seen_by(&alice).await, None, "the outer bound");
}

/// A late answer with an older session would undo a connect.
#[tokio::test]
async fn no_session_is_renewed_while_a_login_is_open_or_where_others_may_keep_the_answer() {
    let (shop, alice) = Shop::with_browser(Mode::Browsers, "alice").await;
    shop.connects(&alice, "C1").await;
    shop.clock.advance(Limits::default().session_idle_lifetime / 2);
    let load = |path: &str| Load::link(SITE, &shop.url(path)).stop_at_first();
    let hop = alice.load(load("/shared-key")).await.first().clone();
    assert_eq!((hop.header("cache-control"), session_lines(&hop.set_cookies()).len()), (Some("public, max-age=60"), 0));
    let open = shop.start(&alice, "/").await;
    let hop = alice.load(load("/seen")).await.first().clone();
    assert_eq!(session_lines(&hop.set_cookies()).len(), 0);
    shop.accepts(&alice, &open, "C2", "/").await;
}

/// Meanwhile the visitor may have connected again in another tab.
#[tokio::test]
async fn an_answer_that_comes_late_renews_no_session() {
    let (shop, alice) = Shop::with_browser(Mode::Browsers, "alice").await;
    shop.connects(&alice, "C1").await;
    shop.clock.advance(Limits::default().session_idle_lifetime / 2);
    let (name, value) = session_of(&alice);
    for (late, renewals) in [(Duration::ZERO, 1), (Duration::from_secs(3), 0)] {
        let app = Router::new().route("/", get(async move |_key: KomerzaKey| pass(late)));
        let request = Request::get("/").header("cookie", format!("{name}={value}")).body(Body::empty()).unwrap();
        let answer = shop.layer.mount(app).oneshot(request).await.unwrap();
        assert_eq!(answer.headers().get_all("set-cookie").iter().count(), renewals, "{late:?}");
    }
}

/// Both callbacks are on their way before either is answered, and the answers arrive in either order.
#[tokio::test]
async fn two_first_connects_at_once_leave_no_record_that_nobody_can_reach() {
    for last in [0, 1] {
        let (shop, alice) = Shop::with_browser(Mode::Browsers, "alice").await;
        let logins = [shop.start(&alice, "/").await, shop.start(&alice, "/").await];
        // What the browser would send with each, from before both answers.
        let before = alice.jar().clone();
        let mut answers = Vec::new();
        for (login, code) in logins.iter().zip(["C1", "C2"]) {
            *alice.jar() = before.clone();
            answers.push(alice.load(shop.returning(&login.with(code))).await.first().clone());
        }
        assert_eq!(shop.shelf.keys().len(), 2);
        *alice.jar() = before;
        for line in [&answers[1 - last], &answers[last]].iter().flat_map(|answer| answer.set_cookies()) {
            let from = By::Http(Context::CrossSiteNavigation);
            alice.jar().store(line.as_bytes(), &CALLBACK.parse().unwrap(), from, shop.clock.now()).unwrap();
        }
        assert_eq!(flow_cookies(&alice).len(), 2, "two marks");
        let code = ["C1", "C2"][last];
        assert_eq!(shop.key_seen_by(&alice).await, Some(key_for_code(code)));
        assert_eq!(shop.shelf.keys(), [key_for_code(code)]);
        // A mark of somebody else removes nothing.
        let (bob, login) = (shop.browser("bob"), started(alice.hop(Load::link(SITE, LOGIN)).await));
        shop.accepts(&alice, &login, "C3", "/").await;
        assert_eq!(shop.key_seen_by(&bob).await, None);
        assert_eq!(shop.shelf.keys(), [key_for_code("C3")]);
    }
}
