//! Disconnecting: who may ask for it, and what it does.

use http::Method;

use komerza_connect_testing::browser::{Hop, Load};
use komerza_connect_testing::raw_provider::{Gate, key_for_code};
use komerza_connect_testing::shop_b::{Hook, MODES, ORIGIN, Shop, assert_connected};

const DISCONNECT: &str = "https://shop.example/komerza/disconnect";

#[tokio::test]
async fn t53_only_a_post_from_a_page_of_this_site_disconnects() {
    for mode in MODES {
        let (shop, browser) = Shop::with_browser(mode, "alice").await;
        assert_connected(&shop.connect(&browser, "code").await);
        let (home, old) = (format!("{ORIGIN}/"), browser.clone().without_fetch_metadata());
        let post = |from: &str| Load::form(from, DISCONNECT, "").stop_at_first();
        let bare = || Load::typed(DISCONNECT).method(Method::POST).stop_at_first();
        for (name, load) in [
            ("another site's form", post("https://evil.example/")),
            ("a sibling's form", post("https://evil.shop.example/")),
            ("another port's form", post("https://shop.example:8443/")),
            ("another site's script", Load::fetch("https://evil.example/", Method::POST, DISCONNECT)),
            ("a foreign origin despite the metadata", post(&home).header("origin", "https://evil.example")),
            ("metadata of a typed address", bare()),
            ("another site's metadata", post(&home).header("sec-fetch-site", "cross-site")),
        ] {
            let hop = browser.load(load).await.first().clone();
            assert_eq!((hop.status(), hop.set_cookies().len()), (403, 0), "{name}: {}", hop.text());
        }
        for (name, load) in [
            ("nothing said", bare()),
            ("only a Host", bare().header("host", "shop.example")),
            ("a foreign origin", bare().header("origin", "https://evil.example")),
            ("an opaque origin", bare().header("origin", "null")),
            ("an unknown word alone", bare().header("sec-fetch-site", "same-origin, cross-site")),
        ] {
            let hop = old.load(load).await.first().clone();
            assert_eq!((hop.status(), hop.set_cookies().len()), (403, 0), "{name}: {}", hop.text());
        }
        let by_get = browser.load(Load::link(&home, DISCONNECT).stop_at_first()).await;
        assert_eq!((by_get.first().status(), by_get.first().header("allow")), (405, Some("POST")));
        assert_eq!(shop.key(&browser).await, Ok(key_for_code("code")), "still connected after all that");
        assert!(!shop.watch.calls().contains(&Hook::Disconnected));

        assert_eq!(shop.disconnect(&browser).await.status(), 303);
        assert!(shop.shelf.snapshot().is_empty());
        assert_eq!(shop.key(&browser).await, Err(401), "a page that says so");
        assert_eq!(shop.disconnect(&browser).await.status(), 303, "again");
    }
}

#[tokio::test]
async fn t53_a_browser_without_fetch_metadata_disconnects_by_its_origin() {
    for mode in MODES {
        let shop = Shop::new(mode).await;
        let browser = shop.browser("alice").without_fetch_metadata();
        assert_connected(&shop.connect(&browser, "code").await);
        let load = Load::typed(DISCONNECT).method(Method::POST).header("origin", ORIGIN).stop_at_first();
        assert_eq!(browser.load(load).await.first().status(), 303);
        assert!(shop.shelf.snapshot().is_empty());
    }
}

/// A disconnect while an exchange is under way, then the answer to the exchange.
async fn disconnect_during_an_exchange(shop: &Shop) -> (Hop, Hop, Result<String, u16>) {
    let browser = shop.browser("alice");
    assert_connected(&shop.connect(&browser, "first").await);
    let gate = Gate::closed();
    shop.provider
        .on_code("second", komerza_connect_testing::raw_provider::Reply::key("obviously-fake-second").held_by(&gate));
    let state = shop.start(&browser).await;
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
    for mode in MODES {
        let shop = Shop::new(mode).await;
        let (connected, disconnected, key) = disconnect_during_an_exchange(&shop).await;
        assert_eq!(disconnected.status(), 303);
        assert_connected(&connected);
        assert_eq!(key, Ok("obviously-fake-second".into()));
        assert_eq!(shop.shelf.snapshot().into_values().collect::<Vec<_>>(), ["obviously-fake-second"]);
    }
}

#[tokio::test]
async fn t54_a_disconnect_sends_the_provider_nothing_and_is_told_to_the_app() {
    for mode in MODES {
        let (shop, browser) = Shop::with_browser(mode, "alice").await;
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
        let text =
            std::fs::read_to_string(std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path)).unwrap();
        text.split_whitespace().filter(|word| !word.starts_with("//")).collect::<Vec<_>>().join(" ")
    };
    for path in ["src/layer/records.rs", "src/hooks.rs", "src/site/disconnect.rs"] {
        let wanted = "stays valid at Komerza until the user removes the app there";
        assert!(read(path).contains(wanted), "{path}");
    }
    let wanted = "Disconnecting deletes the stored key, and the user removes the app in the Komerza dashboard";
    assert!(read("src/lib.rs").contains(wanted));
}
