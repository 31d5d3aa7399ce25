//! The browser goes away: the callback's future is dropped at every poll in turn.

use crate::prelude::*;

async fn shop(mode: Mode) -> (Shop, Browser, String) {
    let shop = Shop::builder(mode).open().await;
    // More polls to be dropped at, in the store and in the look-up.
    shop.shelf.give_way(3);
    shop.lookup.give_way(3);
    let (browser, state) = shop.begun("alice").await;
    (shop, browser, state)
}

/// Number of polls that the callback takes when nobody goes away.
async fn polls_needed(mode: Mode) -> usize {
    for polls in 1.. {
        let (shop, browser, state) = shop(mode).await;
        if give_up_after(polls, shop.callback(&browser, "code", &state)).await.is_some() {
            return polls;
        }
    }
    unreachable!()
}

#[tokio::test]
async fn t55_whoever_hangs_up_at_whichever_poll_the_key_is_saved_if_the_provider_was_asked() {
    for mode in MODES {
        let last = polls_needed(mode).await;
        assert!(last >= 2, "{last} polls are no place to hang up at");
        for polls in 0..=last {
            let (shop, browser, state) = shop(mode).await;
            let before_the_answer = browser.clone();
            let answer = give_up_after(polls, shop.callback(&browser, "code", &state)).await;
            assert_eq!(answer.is_some(), polls >= last, "{mode:?}, {polls} of {last} polls");
            assert!(shop.layer.shutdown(PATIENCE).await);
            let (asked, saved) = (shop.exchanges(), shop.shelf.saved());
            assert!(asked <= 1, "{mode:?}, {polls} polls: {asked} exchanges");
            assert_eq!(saved.len(), asked, "{mode:?}, {polls} polls");
            // Whoever comes back is told the truth: connected where a key was saved.
            if asked == 1 {
                let next = Shop::builder(mode).beside(&shop).open().await;
                next.provider.on_code("code", Reply::error(401, "invalid_code"));
                before_the_answer.move_to(SITE, app(&next.layer));
                assert_connected(&next.callback(&before_the_answer, "code", &state).await);
                assert_eq!(next.key(&before_the_answer).await, Ok(key_for_code("code")));
            }
        }
    }
}

#[tokio::test]
async fn t55_whoever_hangs_up_and_comes_back_gets_the_outcome_of_the_first_visit() {
    for mode in MODES {
        let last = polls_needed(mode).await;
        for polls in 0..=last {
            let (shop, browser, state) = shop(mode).await;
            let again = browser.clone();
            give_up_after(polls, shop.callback(&browser, "code", &state)).await;
            assert_connected(&shop.callback(&again, "code", &state).await);
            assert_eq!((shop.exchanges(), shop.shelf.saved().len()), (1, 1), "{mode:?}, {polls} polls");
            assert_eq!(shop.key(&again).await, Ok(key_for_code("code")));
        }
    }
}

#[tokio::test]
async fn t55_a_visitor_who_left_is_no_reason_to_keep_a_refused_exchange_quiet() {
    // The exchange fails after the visitor has gone; the next visit learns what came of it, and nothing is sent again.
    for (shop, browser, state) in in_both(shop).await {
        shop.provider.on_code("code", Reply::close());
        let again = browser.clone();
        let last = polls_needed(shop.mode).await;
        assert!(give_up_after(last - 1, shop.callback(&browser, "code", &state)).await.is_none());
        assert_eq!(shop.callback(&again, "code", &state).await.status(), 502);
        assert_eq!((shop.exchanges(), shop.shelf.saved().len()), (1, 0));
    }
}
