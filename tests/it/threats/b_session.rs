//! Section B, last part: the crate's own browser session (T22).

use crate::prelude::*;

async fn connected(shop: &Shop, code: &str) -> Browser {
    let browser = shop.browser("");
    shop.connects(&browser, code).await;
    browser
}

#[tokio::test]
async fn t22_a_planted_session_made_up_or_real_is_not_adopted_and_reads_nothing_afterwards() {
    let shop = Shop::new(Mode::Browsers).await;
    let mallory = connected(&shop, "CM").await;
    let (name, real) = session_of(&mallory);
    let made_up = ["planted".to_owned(), "A".repeat(real.len()), real[..real.len() - 1].to_owned(), String::new()];
    for planted in made_up.into_iter().chain([real.clone()]) {
        let victim = shop.browser("");
        victim.jar().set_raw(Cookie::new("shop.example", &name, &planted));
        assert_eq!(shop.key_seen_by(&victim).await.is_some(), planted == real, "{planted}");
        shop.connects(&victim, "CV").await;
        assert_ne!(session_of(&victim).1, planted, "another id was issued");
        assert_eq!(shop.key_seen_by(&victim).await, Some(key_for_code("CV")));
    }
    assert_eq!(shop.key_seen_by(&mallory).await, None, "the old id reads nothing");
}

/// Well formed and in time, but not issued here: nobody asks the store about it, as nobody does for a browser without a session.
#[tokio::test]
async fn t22_a_session_with_any_character_changed_is_none_and_the_store_is_not_asked() {
    let shop = Shop::new(Mode::Browsers).await;
    let alice = connected(&shop, "C0").await;
    let (name, real) = session_of(&alice);
    let status = async |browser: &Browser| {
        browser.load(Load::typed(&format!("{SITE}/seen")).stop_at_first()).await.first().status()
    };
    shop.shelf.decide(|_| Fate::Fail);
    assert_eq!(status(&alice).await, 503, "the store is asked about the real one");
    assert_eq!(status(&shop.browser("")).await, 200, "and about none");
    for at in 0..real.len() {
        let mut changed = real.clone().into_bytes();
        changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
        let browser = shop.browser("");
        browser.jar().set_raw(Cookie::new("shop.example", &name, changed));
        assert_eq!(status(&browser).await, 200, "character {at}");
    }
}

#[tokio::test]
async fn t22_every_connect_moves_to_a_new_session_and_kills_the_old_one() {
    let shop = Shop::new(Mode::Browsers).await;
    let alice = connected(&shop, "C0").await;
    for round in 1..4 {
        let before = alice.clone();
        let old = session_of(&alice).1;
        let login = shop.start(&alice, "/x").await;
        assert_eq!(session_of(&alice).1, old, "a login alone changes nothing");
        shop.accepts(&alice, &login, &format!("C{round}"), "/x").await;
        assert_ne!(session_of(&alice).1, old);
        assert_eq!(shop.key_seen_by(&before).await, None);
        assert_eq!(shop.shelf.keys(), [key_for_code(format!("C{round}"))], "one record, not one for each session");
    }
    // Tabs that began before and after another one finished: all of them are of this browser.
    let (shop, alice) = Shop::with_browser(Mode::Browsers, "").await;
    let (first, second) = (shop.start(&alice, "/1").await, shop.start(&alice, "/2").await);
    shop.accepts(&alice, &first, "C1", "/1").await;
    let third = shop.start(&alice, "/3").await;
    shop.accepts(&alice, &second, "C2", "/2").await;
    shop.accepts(&alice, &third, "C3", "/3").await;
    assert_eq!(shop.shelf.keys(), [key_for_code("C3")]);
}

#[tokio::test]
async fn t22_an_answer_that_is_lost_loses_nothing() {
    for had_session in [false, true] {
        let shop = Shop::new(Mode::Browsers).await;
        let alice = if had_session { connected(&shop, "C0").await } else { shop.browser("") };
        let login = shop.start(&alice, "/x").await;
        let before = alice.clone();
        // The answer is dropped on the wire: the browser keeps the cookies of before and asks again.
        let lost = shop.return_to(&alice, &login.with("CA")).await;
        let again = shop.return_to(&before, &login.with("CA")).await;
        assert_eq!((again.status(), again.location()), (303, Some("/x")));
        assert_eq!(shop.exchanges_of("CA"), 1);
        assert_eq!(session_of(&alice), session_of(&before), "the same new session");
        assert_eq!(shop.key_seen_by(&before).await, Some(key_for_code("CA")));
        assert_eq!(lost.set_cookies().len(), again.set_cookies().len());
    }
}

#[tokio::test]
async fn t22_after_a_disconnect_the_session_is_gone_and_its_value_reads_nothing() {
    let shop = Shop::new(Mode::Browsers).await;
    let alice = connected(&shop, "C0").await;
    let before = alice.clone();
    assert_eq!(shop.disconnect(&alice).await.status(), 303);
    assert!(!cookies(&alice).iter().any(|(name, _)| name.ends_with("-session")));
    assert_eq!((shop.key_seen_by(&alice).await, shop.key_seen_by(&before).await), (None, None));
}

#[tokio::test]
async fn t22_a_session_that_has_expired_in_the_browser_leaves_no_key_behind() {
    let (shop, alice) = Shop::with_browser(Mode::Browsers, "").await;
    let login = shop.start(&alice, "/x").await;
    // The session counts from the login on, its cookie from the answer on.
    shop.clock.advance(Duration::from_secs(300));
    shop.accepts(&alice, &login, "C0", "/x").await;
    shop.clock.advance(Duration::from_secs(30 * 24 * 3_600 - 60));
    assert!(alice.jar().names().iter().any(|name| name.ends_with("-session")), "the browser still has it");
    assert_eq!(shop.key_seen_by(&alice).await, None, "and it opens nothing any more");
    shop.connects(&alice, "C1").await;
    assert_eq!(shop.shelf.keys(), [key_for_code("C1")], "no live key that nobody can reach");
}
