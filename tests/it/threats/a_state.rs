//! Section A, first part: a callback counts only in the browser that began the login, once, and in time (T1, T2, T8 to T11).

use crate::prelude::*;

/// A state of the right form that nobody was ever given.
fn unknown_state() -> String {
    format!("{}A", "r".repeat(42))
}

#[tokio::test]
async fn t01_a_code_without_the_state_of_a_login_of_this_browser_is_refused() {
    for (shop, alice) in in_both(|mode| Shop::with_browser(mode, "alice")).await {
        let random = unknown_state();
        for query in ["code=CM", &format!("code=CM&state={random}"), "code=CM&state=", "code=CM&state=short"] {
            let page = shop.refuses(&alice, query, 400).await;
            assert!(page.text().contains("Start again"), "{}", page.text());
        }
        // Also while a login of this very browser is open.
        let login = shop.start(&alice, "/x").await;
        shop.refuses(&alice, "code=CM", 400).await;
        shop.refuses(&alice, &format!("code=CM&state={random}"), 400).await;
        shop.accepts(&alice, &login, "CA", "/x").await;
    }
}

#[tokio::test]
async fn t02_a_login_started_by_another_user_cannot_be_finished_in_ones_own_browser() {
    for shop in in_both(Shop::new).await {
        let (mallory, bob) = (shop.browser("mallory"), shop.browser("bob"));
        let hers = shop.start(&mallory, "/x").await;
        shop.refuses(&bob, &hers.with("CB"), 400).await;
        // Nor when bob has a login of his own under way.
        let his = shop.start(&bob, "/y").await;
        shop.refuses(&bob, &hers.with("CB"), 400).await;
        assert!(shop.shelf.keys().is_empty());
        shop.accepts(&bob, &his, "CB2", "/y").await;
        assert_eq!(shop.key_seen_by(&mallory).await, None);
        // Nor does her cookie help in his browser, where the app knows its users.
        if shop.mode == Mode::Users {
            let (bob, stored) = (shop.browser("bob"), shop.shelf.keys());
            bob.jar().set_raw(mallory.jar().all()[0].clone());
            shop.refuses(&bob, &hers.with("CB3"), 403).await;
            assert_eq!(shop.shelf.keys(), stored);
        }
    }
}

#[tokio::test]
async fn t08_ten_thousand_logins_have_ten_thousand_states_cookies_and_seals() {
    let shop = Shop::new(Mode::Browsers).await;
    let app = app(&shop.layer);
    let (mut states, mut names, mut values) = (HashSet::new(), HashSet::new(), HashSet::new());
    for _ in 0..10_000 {
        let request = Request::get("/komerza/login").body(Body::empty()).unwrap();
        let response = app.clone().oneshot(request).await.unwrap();
        let location = response.headers()[header::LOCATION].to_str().unwrap();
        let state = location.rsplit_once("&state=").unwrap().1.to_owned();
        assert!(state.len() == 43 && state.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte)));
        states.insert(state);
        let cookie = response.headers()[header::SET_COOKIE].to_str().unwrap();
        let (name, value) = cookie.split_once(';').unwrap().0.split_once('=').unwrap();
        names.insert(name.to_owned());
        values.insert(value.to_owned());
    }
    assert_eq!((states.len(), names.len(), values.len()), (10_000, 10_000, 10_000));
}

#[tokio::test]
async fn t08_without_randomness_no_login_starts() {
    for mode in MODES {
        let left = Arc::new(AtomicUsize::new(0));
        let draws_left = Arc::clone(&left);
        let draw = move || draws_left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1));
        let source = Chance::dry_if(move || draw().is_err());
        let shop = Shop::builder(mode).still().layer(|layer| layer.with_randomness(source)).open().await;
        let alice = shop.browser("alice");
        // Each draw of a login is once the one that fails.
        let mut draws = 0;
        loop {
            left.store(draws, Ordering::SeqCst);
            let hop = alice.hop(Load::typed(LOGIN)).await;
            if hop.status() == 303 {
                break;
            }
            assert_eq!((hop.status(), hop.location()), (500, None));
            assert!(hop.set_cookies().is_empty() && cookies(&alice).is_empty());
            draws += 1;
        }
        assert!(draws >= 1, "state, session and nonce come of at least one draw");
    }
}

#[tokio::test]
async fn t09_the_same_callback_again_ends_in_the_same_place_and_costs_nothing() {
    for (shop, alice, login) in in_both(|mode| Shop::with_login(mode, "alice", "/x")).await {
        shop.accepts(&alice, &login, "CA", "/x").await;
        let (after, jar) = (shop.mark(), cookies(&alice));
        for _ in 0..3 {
            let again = shop.return_to(&alice, &login.with("CA")).await;
            assert_eq!((again.status(), again.location()), (303, Some("/x")));
        }
        // The refresh of a page whose code was cut off the address is still the same success.
        let bare = shop.return_to(&alice, &format!("state={}", login.state)).await;
        assert_eq!((bare.status(), bare.location()), (303, Some("/x")));
        assert_eq!((shop.mark(), cookies(&alice)), (after, jar));

        shop.clock.advance(Duration::from_secs(121));
        let late = shop.refuses(&alice, &login.with("CA"), 400).await;
        assert!(late.text().contains("You are connected to Komerza"), "{}", late.text());
        shop.clock.advance(Duration::from_secs(60));
        shop.refuses(&alice, &login.with("CA"), 400).await;
    }
}

#[tokio::test]
async fn t09_a_done_mark_older_than_its_lifetime_does_not_count_even_if_the_browser_keeps_it() {
    let (shop, alice, login) = Shop::with_login(Mode::Users, "alice", "/x").await;
    shop.accepts(&alice, &login, "CA", "/x").await;
    let stubborn = stopped_in_time(&shop, &alice);
    shop.clock.advance(Duration::from_secs(119));
    assert_eq!(shop.return_to(&stubborn, &login.with("CA")).await.status(), 303);
    shop.clock.advance(Duration::from_secs(1));
    shop.refuses(&stubborn, &login.with("CA"), 400).await;
}

#[tokio::test]
async fn t09_an_unknown_state_tells_of_a_connection_only_who_has_one_and_can_be_told() {
    let (shop, alice) = Shop::connected(Mode::Users, "alice", "CA").await;
    let query = format!("code=x&state={}", unknown_state());
    for (user, told) in [("alice", true), ("bob", false), ("broken", false)] {
        alice.set_header(USER, user);
        let page = shop.refuses(&alice, &query, 400).await;
        assert_eq!(page.text().contains("You are connected"), told, "{user}: {}", page.text());
    }
}

/// A copy of the browser that never notices that a cookie has expired.
fn stopped_in_time(shop: &Shop, browser: &Browser) -> Browser {
    let now = shop.clock.now();
    browser.clone().with_clock(move || now)
}

#[tokio::test]
async fn t10_a_login_is_finished_within_ten_minutes_or_not_at_all() {
    for shop in in_both(Shop::new).await {
        let alice = stopped_in_time(&shop, &shop.browser("alice"));
        let (late, in_time) = (shop.start(&alice, "/late").await, shop.start(&alice, "/x").await);
        shop.clock.advance(Duration::from_secs(599));
        shop.accepts(&alice, &in_time, "C1", "/x").await;
        shop.clock.advance(Duration::from_secs(2));
        assert!(flow_cookies(&alice).contains(&late.cookie), "the browser still sends it");
        let page = shop.refuses_and_clears(&alice, &late.with("C2"), 400, &late.cookie).await;
        assert!(page.text().contains("too long"), "{}", page.text());
    }
}

#[tokio::test]
async fn t10_a_login_from_more_than_a_minute_in_the_future_is_refused() {
    let shop = Shop::new(Mode::Users).await;
    let alice = stopped_in_time(&shop, &shop.browser("alice"));
    let (bad, good) = (shop.start(&alice, "/x").await, shop.start(&alice, "/y").await);
    let begun = shop.clock.now();
    shop.clock.step_to(begun - Duration::from_secs(61));
    shop.refuses_and_clears(&alice, &bad.with("C1"), 400, &bad.cookie).await;
    shop.clock.step_to(begun - Duration::from_secs(60));
    shop.accepts(&alice, &good, "C2", "/y").await;
}

#[tokio::test]
async fn t11_a_stray_callback_leaves_the_real_login_alone() {
    for (shop, alice, login) in in_both(|mode| Shop::with_login(mode, "alice", "/x")).await {
        let other = format!("code=x&state={}", unknown_state());
        for query in
            ["code=x&state=junk", &other, "state=junk", "error=access_denied&state=junk", "error=access_denied"]
        {
            shop.refuses(&alice, query, 400).await;
        }
        shop.accepts(&alice, &login, "CA", "/x").await;
    }
}

/// Where the dashboard is asked for consent, all that the login route says is in the query of the URL.
#[tokio::test]
async fn t08_the_state_is_in_the_authorize_url_and_nowhere_else_in_the_answer() {
    let shop = Shop::new(Mode::Users).await;
    let hop = shop.browser("alice").hop(Load::typed(LOGIN)).await;
    let login = started(hop);
    assert!(login.hop.location().unwrap().starts_with(&format!("{AUTHORIZE}?client_id=obviously-fake-app&")));
    assert!(!login.hop.set_cookies()[0].contains(&login.state));
    assert!(login.hop.body().is_empty());
}
