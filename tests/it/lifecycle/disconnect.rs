//! Disconnecting: who may ask for it, and what it does.

use crate::prelude::*;

/// A disconnect while an exchange is under way, then the answer to the exchange.
async fn disconnect_during_an_exchange(shop: &Shop) -> (Hop, Hop, Result<String, u16>) {
    let browser = shop.browser("alice");
    assert_connected(&shop.connect(&browser, "first").await);
    let gate = Gate::closed();
    shop.provider.on_code("second", Reply::key("obviously-fake-second").held_by(&gate));
    let state = shop.begin(&browser).await;
    let disconnect = async {
        shop.provider.wait_for_requests(2).await;
        let hop = shop.disconnect(&browser.clone()).await;
        assert!(shop.shelf.snapshot().is_empty());
        gate.open();
        hop
    };
    let (connected, disconnected) = tokio::join!(shop.callback(&browser, "second", &state), disconnect);
    (connected, disconnected, shop.key(&browser).await)
}

#[tokio::test]
async fn t54_a_connect_that_finishes_after_a_disconnect_is_fully_there_and_said_so() {
    for shop in in_both(|mode| Shop::builder(mode).open()).await {
        let (connected, disconnected, key) = disconnect_during_an_exchange(&shop).await;
        assert_eq!(disconnected.status(), 303);
        assert_connected(&connected);
        assert_eq!(key, Ok("obviously-fake-second".into()));
        assert_eq!(shop.shelf.keys(), ["obviously-fake-second"]);
    }
}

#[tokio::test]
async fn t54_a_disconnect_sends_the_provider_nothing_and_is_told_to_the_app() {
    for (shop, browser) in in_both(|mode| Shop::live(mode, "alice")).await {
        assert_connected(&shop.connect(&browser, "code").await);
        let sent = shop.provider.requests().len();
        shop.disconnect(&browser).await;
        assert_eq!(shop.provider.requests().len(), sent, "there is nothing that an app could revoke");
        assert!(shop.watch.calls().contains(&Hook::Disconnected));
    }
}

#[test]
fn t54_the_documentation_says_that_the_key_lives_on_at_komerza() {
    let read = |path: &str| {
        let text = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path)).unwrap();
        text.split_whitespace().filter(|word| !word.starts_with("//")).collect::<Vec<_>>().join(" ")
    };
    for path in ["src/layer/records.rs", "src/hooks.rs", "src/site/disconnect.rs"] {
        let wanted = "stays valid at Komerza until the user removes the app there";
        assert!(read(path).contains(wanted), "{path}");
    }
    let wanted = "The key stays valid until the user removes the app in the Komerza dashboard";
    assert!(read("src/lib.rs").contains(wanted));
}
