//! When an exchange is sent again, and when never.

use crate::prelude::*;

#[tokio::test]
async fn t39_a_connect_that_was_refused_is_tried_again_and_the_code_is_sent_once() {
    for mode in MODES {
        let clock = Sleepers::default();
        let shop = Shop::builder(mode).provider(RawProvider::reserved()).clock(&clock).open().await;
        let (browser, state) = shop.begun("alice").await;
        let script = async {
            assert_eq!(clock.pause().await, Duration::from_millis(100));
            shop.provider.listen();
            clock.wake_the_first();
        };
        let (hop, ()) = tokio::join!(shop.callback(&browser, "code", &state), script);
        assert_connected(&hop);
        assert_eq!((shop.exchanges(), shop.provider.connections()), (1, 1));
        assert_eq!(shop.key(&browser).await, Ok(key_for_code("code")));
    }
}

#[tokio::test]
async fn t39_a_provider_that_cannot_be_reached_costs_neither_code_nor_attempt() {
    for mode in MODES {
        let clock = Sleepers::default();
        let shop = Shop::builder(mode).provider(RawProvider::reserved()).clock(&clock).open().await;
        let (browser, state) = shop.begun("alice").await;
        // Three tries, with a pause between each two.
        let script = async {
            for _ in 0..2 {
                clock.pause().await;
                clock.wake_the_first();
            }
        };
        let (hop, ()) = tokio::join!(shop.callback(&browser, "code", &state), script);
        assert_eq!((hop.status(), shop.watch.last_kind()), (502, Some(FailureKind::ProviderUnreachable)));
        assert!(hop.set_cookies().is_empty() && hop.text().contains("Nothing is lost."), "{}", hop.text());
        shop.provider.listen();
        assert_connected(&shop.callback(&browser, "code", &state).await);
        assert_eq!(shop.exchanges(), 1);
    }
}

#[tokio::test]
async fn t39_a_connection_closed_before_a_byte_was_read_is_not_trusted_to_have_spent_nothing() {
    let (shop, browser, state) = Shop::with_start(Mode::Users, "alice").await;
    shop.provider.close_next_connections_unread(1);
    let hop = shop.callback(&browser, "code", &state).await;
    assert_eq!((hop.status(), shop.watch.last_kind()), (502, Some(FailureKind::UnknownOutcome)));
    // The same URL again, from before the answer: remembered, and not sent.
    assert_eq!(shop.callback(&browser, "code", &state).await.status(), 400);
    assert_eq!((shop.provider.connections(), shop.exchanges()), (1, 0));
}

#[tokio::test]
async fn t39_a_429_is_waited_out_as_told_and_the_code_is_sent_again() {
    for mode in MODES {
        let clock = Sleepers::default();
        let shop = Shop::builder(mode).clock(&clock).open().await;
        shop.provider.on_code_once("code", Reply::error(429, "RateLimited").header("Retry-After", "11"));
        let (browser, state) = shop.begun("alice").await;
        let script = async {
            assert_eq!(clock.pause().await, Duration::from_secs(11));
            clock.wake_the_first();
        };
        let (hop, ()) = tokio::join!(shop.callback(&browser, "code", &state), script);
        assert_connected(&hop);
        assert_eq!(shop.exchanges(), 2);
    }
}

#[tokio::test]
async fn t38_a_wait_beyond_what_is_allowed_is_not_begun() {
    let (shop, browser, state) = Shop::with_start(Mode::Users, "alice").await;
    shop.provider.on_code_once("code", Reply::error(429, "RateLimited").header("Retry-After", "21"));
    let hop = shop.callback(&browser, "code", &state).await;
    assert_eq!((hop.status(), hop.header("retry-after"), shop.exchanges()), (503, Some("21"), 1));
    assert_connected(&shop.callback(&browser, "code", &state).await);
}
