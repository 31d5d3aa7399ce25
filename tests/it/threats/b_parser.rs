//! Section B, second part: reading what arrives (T14 to T17).

use crate::prelude::*;

const HOST: &str = "shop.example";

/// A login of alice, and the value of another one's cookie.
async fn with_a_stranger(shop: &Shop) -> (Browser, Login, String) {
    let (alice, login) = shop.login_of("alice", "/x").await;
    let (mallory, theirs) = shop.login_of("mallory", "/evil").await;
    let value = mallory.jar().get(&theirs.cookie).unwrap();
    (alice, login, value)
}

/// Puts cookies beside the good one, before or after it.
fn surround(browser: &Browser, good: &str, before: bool, name: impl AsRef<[u8]>, value: impl AsRef<[u8]>) {
    let mut jar = browser.jar();
    let kept = jar.all().iter().find(|cookie| cookie.name() == good).unwrap().clone();
    let other = Cookie::new(HOST, name, value);
    if before {
        jar.remove(good);
        jar.set_raw(other);
        jar.set_raw(kept);
    } else {
        jar.set_raw(other);
    }
}

#[tokio::test]
async fn t14_a_cookie_whose_encoded_name_imitates_ours_is_another_cookie() {
    for before in [true, false] {
        for imitate in [
            (|name: &str| name.replacen("__", "%5F%5F", 1)) as fn(&str) -> String,
            |name| name.replacen("__", "%5f_", 1),
            |name| name.replacen("__Host-", "__host-", 1),
            |name| name.replacen("-login-", "%2Dlogin%2D", 1),
            |name| format!("\"{name}\""),
        ] {
            let shop = Shop::new(Mode::Users).await;
            let (alice, login, theirs) = with_a_stranger(&shop).await;
            surround(&alice, &login.cookie, before, imitate(&login.cookie), theirs);
            let hop = shop.accepts(&alice, &login, "CA", "/x").await;
            assert!(!hop.set_cookies().iter().any(|line| line.contains('%')), "nothing is said about theirs");
            // The imitation alone counts for nothing.
            let (alice, login) = shop.login_of("alice", "/x").await;
            alice.jar().rename(&login.cookie, &imitate(&login.cookie));
            shop.refuses(&alice, &login.with("CB"), 400).await;
        }
    }
}

#[tokio::test]
async fn t15_an_odd_cookie_of_a_neighbour_hides_nothing() {
    for mode in MODES {
        for before in [true, false] {
            for (name, value) in [
                (&b"x"[..], &b"\xff"[..]),
                (b"\xfe", b"1"),
                (b"", b"nameless"),
                (b"y", b"\"quo;ted\\"),
                (b"z", b"a=b==c"),
                (b"cart", b"{\"json\": [1, 2]}"),
            ] {
                let (shop, alice, login) = Shop::with_login(mode, "alice", "/x").await;
                surround(&alice, &login.cookie, before, name, value);
                shop.accepts(&alice, &login, "CA", "/x").await;
            }
        }
    }
}

#[tokio::test]
async fn t15_cookies_on_lines_of_their_own_are_all_read() {
    for shop in in_both(Shop::new).await {
        let alice = shop.browser("alice").splitting_cookie_lines();
        alice.jar().set_raw(Cookie::new(HOST, "first", b"\xff"));
        let login = shop.start(&alice, "/x").await;
        alice.jar().set_raw(Cookie::new(HOST, "last", "1"));
        shop.accepts(&alice, &login, "CA", "/x").await;
        let again = shop.start(&alice, "/y").await;
        shop.accepts(&alice, &again, "CB", "/y").await;
    }
}

#[tokio::test]
async fn t16_a_stale_cookie_of_the_same_name_does_not_stand_in_the_way() {
    for mode in MODES {
        for before in [true, false] {
            for stale in ["", "junk", "theirs"] {
                let shop = Shop::new(mode).await;
                let (alice, login, theirs) = with_a_stranger(&shop).await;
                let value = if stale == "theirs" { theirs } else { stale.to_owned() };
                surround(&alice, &login.cookie, before, &login.cookie, value);
                let hop = alice.load(shop.returning(&login.with("CA"))).await.first().clone();
                assert_eq!((hop.status(), hop.location()), (303, Some("/x")), "{stale:?} first: {before}");
                assert_eq!(shop.exchanges_of("CA"), 1);
            }
        }
    }
}

#[tokio::test]
async fn t16_a_stale_session_of_the_same_name_does_not_stand_in_the_way() {
    for before in [true, false] {
        let (shop, alice) = Shop::connected(Mode::Browsers, "alice", "CA").await;
        let (session, _) = session_of(&alice);
        surround(&alice, &session, before, &session, "stale");
        assert!(shop.key_seen_by(&alice).await.is_some());
        let again = shop.start(&alice, "/y").await;
        assert_eq!(shop.return_to(&alice, &again.with("CB")).await.status(), 303);
    }
}

#[tokio::test]
async fn t17_a_login_clears_away_twenty_junk_cookies_and_sets_one() {
    for (shop, alice, real) in in_both(|mode| Shop::with_login(mode, "alice", "/x")).await {
        let prefix = real.prefix();
        let done = prefix.replace("-login-", "-done-");
        for number in 0..20 {
            let prefix = if number % 2 == 0 { prefix } else { &done };
            alice.jar().set_raw(Cookie::new(HOST, format!("{prefix}{number:016x}"), "junk".repeat(20)));
        }
        let login = shop.start(&alice, "/y").await;
        let removed = login.hop.set_cookies().iter().filter(|line| line.contains("; Max-Age=0;")).count();
        assert_eq!(removed, 20);
        assert_eq!(flow_cookies(&alice), [real.cookie.clone(), login.cookie.clone()], "both logins and no junk");
        shop.accepts(&alice, &real, "C1", "/x").await;
        shop.accepts(&alice, &login, "C2", "/y").await;
    }
}

#[tokio::test]
async fn t17_the_work_is_bounded_whatever_a_client_sends() {
    let (shop, alice, login) = Shop::with_login(Mode::Users, "alice", "/x").await;
    let many: Vec<_> = (0..50_000).map(|number| format!("{}{number:016x}=junk", login.prefix())).collect();
    let request = Request::get("/komerza/login").header(USER, "alice").header(header::COOKIE, many.join("; "));
    let response = app(&shop.layer).oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
    let set = response.headers().get_all(header::SET_COOKIE).iter().count();
    assert!((2..=129).contains(&set), "{set} cookies in the answer: a bounded number whatever came");
    // A name that no cookie can have is not echoed.
    for odd in ["a b", "a\tb", "é", "a,b\"c", "a%41", "a,Secure"] {
        let cookie = format!("{}{odd}=junk", login.prefix());
        let hop = alice.hop(Load::typed(LOGIN).header("cookie", cookie.as_bytes())).await;
        assert_eq!((hop.status(), hop.set_cookies().len()), (303, 1), "the login's own cookie alone, and not {odd:?}");
    }
    // Requests of scripts start no login and leave no cookie.
    let (_shop, scripts) = Shop::with_browser(Mode::Browsers, "alice").await;
    for _ in 0..20 {
        let hop = scripts.hop(Load::fetch(SITE, Method::GET, LOGIN)).await;
        assert_eq!((hop.status(), hop.set_cookies().len()), (403, 0));
    }
    assert!(flow_cookies(&scripts).is_empty());
}

#[tokio::test]
async fn t17_at_most_five_pieces_and_four_kibibytes_are_kept() {
    for (shop, alice) in in_both(|mode| Shop::with_browser(mode, "alice")).await {
        let mut logins = Vec::new();
        for number in 0..12 {
            logins.push(shop.start(&alice, &format!("/{number}{}", "a".repeat(40 * number))).await);
            shop.clock.advance(Duration::from_secs(1));
            let kept = flow_cookies(&alice);
            let bytes: usize =
                kept.iter().map(|name| name.len() + alice.jar().get(name).map_or(0, |value| value.len())).sum();
            assert!(kept.len() <= 5 && bytes <= 4_096, "{} pieces, {bytes} bytes", kept.len());
            let newest: Vec<_> = logins.iter().rev().take(kept.len()).rev().map(|login| login.cookie.clone()).collect();
            assert_eq!(kept, newest, "the oldest go first");
        }
        let last = logins.last().unwrap();
        assert_eq!(alice.load(shop.returning(&last.with("C"))).await.first().status(), 303);
    }
}
