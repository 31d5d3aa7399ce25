//! The same callback twice, at once and again.

use crate::prelude::*;

#[tokio::test]
async fn t70_another_code_for_a_login_that_is_answered_is_refused() {
    for (shop, alice, login) in in_both(|mode| Shop::with_login(mode, "alice", "/x")).await {
        let before = alice.clone();
        shop.accepts(&alice, &login, "CA", "/x").await;
        // With the cookies of before, so that no done mark answers.
        let page = shop.refuses(&before, &login.with("CB"), 400).await;
        assert!(page.text().contains("already used"), "{}", page.text());
        assert_eq!(shop.exchanges_of("CB"), 0);
        // With those of after the done mark knows the code: a second approval by the back button does not pass for the first.
        let page = shop.refuses(&alice, &login.with("CB"), 400).await;
        assert!(page.text().contains("already used") && page.text().contains("Start again"), "{}", page.text());
        assert_eq!(shop.exchanges_of("CB"), 0);
        assert_eq!(shop.return_to(&alice, &login.with("CA")).await.location(), Some("/x"), "a repetition");
    }
}

#[tokio::test]
async fn a_failure_is_repeated_as_it_was_and_not_tried_again() {
    for (shop, alice, login) in in_both(|mode| Shop::with_login(mode, "alice", "/x")).await {
        let before = alice.clone();
        shop.provider.on_code("CA", Reply::error(401, "code_expired"));
        assert_eq!(shop.return_to(&alice, &login.with("CA")).await.status(), 400);
        for _ in 0..3 {
            let again = shop.return_to(&before.clone(), &login.with("CA")).await;
            assert!(again.text().contains("too old"), "{}", again.text());
        }
        assert_eq!(shop.exchanges_of("CA"), 1);
        // The browser has dropped the cookie: the state is unknown now.
        shop.refuses(&alice, &login.with("CA"), 400).await;
    }
}

/// A code that is refused is a success only for the attempt whose key is stored, whatever other tabs have done meanwhile.
#[tokio::test]
async fn t70_a_refused_code_is_no_success_because_another_tab_connected() {
    for saved_since in [true, false] {
        let (shop, alice, earlier) = Shop::with_login(Mode::Users, "alice", "/x").await;
        if !saved_since {
            shop.accepts(&alice, &earlier, "C0", "/x").await;
            shop.clock.advance(Duration::from_millis(1));
        }
        let login = shop.start(&alice, "/y").await;
        if saved_since {
            shop.accepts(&alice, &earlier, "C0", "/x").await;
        }
        shop.provider.on_code("CA", Reply::error(401, "invalid_code"));
        let hop = shop.return_to(&alice, &login.with("CA")).await;
        assert_eq!(hop.status(), 400, "{}", hop.text());
        assert_eq!(shop.shelf.key_of("alice"), Some(key_for_code("C0")));
    }
}
