//! Where a login ends: every attempt of the list, and every harmless path, through a whole login that the user declines.

use axum::Router;
use komerza_connect::{Config, KomerzaConnectLayer, MemoryStore};

use komerza_connect_testing::browser::{Browser, Load};
use komerza_connect_testing::redirect_attacks::{attempts, harmless, stays_on_site};

const SHOP: &str = "https://shop.example";
const DEFAULT: &str = "/welcome";

fn browser() -> Browser {
    let config = Config::builder()
        .client_id("obviously-fake-client")
        .client_secret("s".repeat(72))
        .redirect_uri("https://shop.example/komerza/callback")
        .user_agent("ReturnTo/1.0")
        .default_return_path(DEFAULT)
        .build()
        .unwrap();
    let connect = KomerzaConnectLayer::new(config, MemoryStore::default()).unwrap();
    // With its state, or the router would be built anew for each request.
    Browser::new().serve(SHOP, Router::new().layer(connect).with_state(()))
}

/// The path to which a declined login with this raw `return_to` leads, without the marker.
async fn end_of_login(browser: Browser, return_to: &str) -> String {
    let login = Load::typed("https://shop.example/komerza/login")
        .raw_target(&format!("/komerza/login?return_to={return_to}"))
        .stop_at_first();
    let login = browser.load(login).await;
    assert_eq!(login.first().status(), 303, "{return_to}: {}", login.first().text());
    assert_eq!(login.first().set_cookies().len(), 1, "{return_to}");
    let state = login.first().location_parameter("state").unwrap();
    let callback = format!("{SHOP}/komerza/callback?error=access_denied&state={state}");
    let callback = browser.load(Load::link("https://dashboard.komerza.com", &callback).stop_at_first()).await;
    assert_eq!(callback.first().status(), 303, "{return_to}: {}", callback.first().text());
    let location = callback.first().location().unwrap().to_owned();
    assert!(stays_on_site(&location), "{return_to} leads to {location}");
    let unmarked = ["?komerza=denied", "&komerza=denied"].map(|marker| location.replacen(marker, "", 1));
    unmarked.into_iter().min_by_key(String::len).unwrap()
}

#[tokio::test]
async fn t24_no_attempt_leaves_the_site_or_writes_a_header() {
    let fresh = browser();
    for attempt in attempts() {
        let end = end_of_login(fresh.clone(), &attempt.query).await;
        let followed = !attempt.must_be_refused && attempt.decoded.as_deref() == Some(end.as_str());
        assert!(end == DEFAULT || followed, "{attempt:?} led to {end}");
    }
}

#[tokio::test]
async fn t24_a_harmless_path_is_followed_to_the_byte() {
    let fresh = browser();
    for path in harmless() {
        let encoded = percent_encoding::utf8_percent_encode(&path, percent_encoding::NON_ALPHANUMERIC).to_string();
        assert_eq!(end_of_login(fresh.clone(), &encoded).await, path);
    }
    assert_eq!(end_of_login(fresh, "").await, DEFAULT);
}
