//! What the log tells the people who run the app: how bad it is, and why, down to the words of the driver.

use crate::prelude::*;
use komerza_connect::trace::path_only_span;

/// A shop whose driver says no to all, or to saves alone, in words of its own.
async fn shop_on(only_saves: bool) -> (Shop, String) {
    let (word, limits) =
        (fake_secret("words-of-the-driver"), |limits: &mut Limits| limits.save_deadline = Duration::ZERO);
    let shop = Shop::builder(Mode::Users).limits(limits).open().await;
    let said = Fate::Say(word.clone());
    shop.shelf.decide(move |op| if only_saves && op != Op::Save { Fate::Fine } else { said.clone() });
    (shop, word)
}

#[tokio::test]
async fn an_outage_of_the_store_is_logged_with_the_words_of_its_driver() {
    let log = Log::from_now();
    let (shop, word) = shop_on(false).await;
    let browser = shop.browser("alice");
    let cause = format!("the token store is not available: {word}");
    assert_eq!(shop.connect(&browser, "code").await.status(), 503);
    let refused = log.lines_with(&[&cause, "WARN", "refused", "route=\"callback\"", "kind=\"store_unavailable\""]);
    assert_eq!(refused.len(), 1, "{:?}", log.lines_with(&[&word]));
    assert!(refused[0].contains("attempt="), "{refused:?}");
    assert_eq!(shop.key(&browser).await, Err(503));
    let words = [&cause, "ERROR", "a handler got no KomerzaKey", "kind=\"store_unavailable\""];
    assert_eq!(log.lines_with(&words).len(), 1, "{:?}", log.lines_with(&[&word]));
}

#[tokio::test]
async fn a_key_that_could_not_be_saved_is_an_error_of_the_operators_with_the_stores_last_words() {
    let log = Log::from_now();
    let (shop, word) = shop_on(true).await;
    let hop = shop.connect(&shop.browser("alice"), "code").await;
    let page = hop.text();
    assert_eq!(hop.status(), 503, "{page}");
    let words = [&*word, "ERROR", "the operator must fix this", "kind=\"save_failed\""];
    assert_eq!(log.lines_with(&words).len(), 1, "{:?}", log.lines_with(&[&word]));
    let tries = log.lines_with(&[&word, "WARN", "saving a new key failed", "the token store is not available: "]);
    assert!(!tries.is_empty(), "{:?}", log.lines_with(&[&word]));
    // The reference on the page is the one in the log.
    let (_, rest) = page.split_once("Reference for support: <code>").expect("a reference on the page");
    let (reference, _) = rest.split_once("</code>").expect("its end");
    assert_eq!(reference.len(), 16, "{page}");
    let all = log.lines_with(&[&word, "kind=\"save_failed\""]);
    let same = log.lines_with(&[&word, "kind=\"save_failed\"", &format!("attempt={reference}")]);
    assert_eq!((all.len(), same.len()), (1, 1), "{reference}: {all:?}");
}

#[tokio::test]
async fn a_look_up_of_the_user_that_failed_is_logged_with_the_apps_own_words() {
    let log = Log::from_now();
    let word = fake_secret("words-of-the-session-table");
    let (shop, browser) = Shop::live(Mode::Users, "alice").await;
    let said = Fate::Say(word.clone());
    shop.lookup.decide(move || said.clone());
    assert_eq!(shop.key(&browser).await, Err(503));
    let login = browser.load(Load::typed(&format!("{SITE}/komerza/login")).stop_at_first()).await;
    assert_eq!(login.first().status(), 503);
    for words in [["ERROR", "a handler got no KomerzaKey"], ["WARN", "refused"]] {
        let lines = log.lines_with(&[&word, words[0], words[1], "kind=\"user_lookup_failed\""]);
        assert_eq!(lines.len(), 1, "{:?}", log.lines_with(&[&word]));
        assert!(!lines[0].contains("attempt="), "there is none: {lines:?}");
    }
}

#[tokio::test]
async fn the_events_of_a_connection_are_in_the_span_of_their_request() {
    let log = Log::from_now();
    let (shop, alice) = Shop::with_browser(Mode::Users, "alice").await;
    alice.move_to(SITE, app(&shop.layer).layer(TraceLayer::new_for_http().make_span_with(path_only_span)));
    let login = shop.start(&alice, "/x").await;
    let hop = alice.load(shop.returning(&login.with("C1"))).await.first().clone();
    assert_eq!(hop.status(), 303, "from {AUTHORIZE}");
    let lines = log.lines_with(&[login.reference(), " connected"]);
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert!(lines[0].contains("request{method=GET path=\"/komerza/callback\"}"), "{lines:?}");
}
