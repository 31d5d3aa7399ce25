//! The status route: what a front end is told.

use crate::prelude::*;

#[tokio::test]
async fn it_says_whether_since_when_and_with_which_key() {
    for (shop, alice) in in_both(|mode| Shop::with_browser(mode, "alice")).await {
        let ask = || async { alice.fetch(SITE, Method::GET, STATUS).await.last().clone() };
        let before = ask().await;
        assert_eq!(before.status(), 200);
        assert_eq!(before.header("content-type"), Some("application/json"));
        let login_url = LOGIN.strip_prefix(SITE).unwrap();
        assert_eq!(before.json(), json!({ "connected": false, "login_url": format!("{login_url}?return_to=%2F") }));

        shop.connects(&alice, "C1").await;
        let after = ask().await.json();
        let fingerprint = after["fingerprint"].as_str().unwrap();
        assert_eq!(after, json!({ "connected": true, "since": "2026-01-01T00:00:00Z", "fingerprint": fingerprint }));
        assert!(!fingerprint.is_empty() && !key_for_code("C1").contains(fingerprint), "a hash and no part of the key");

        shop.connects(&alice, "C2").await;
        assert_ne!(ask().await.json()["fingerprint"], fingerprint, "another key, another fingerprint");
        assert_eq!(shop.shelf.keys(), [key_for_code("C2")], "the new key alone");
        // Another user is told about oneself alone.
        let bob = shop.browser("bob").fetch(SITE, Method::GET, STATUS).await.last().json();
        assert_eq!(bob["connected"], false);
    }
}

#[tokio::test]
async fn it_never_says_not_connected_when_it_cannot_tell() {
    let (shop, alice) = Shop::connected(Mode::Users, "alice", "C1").await;
    let refused = |status, code: &'static str| {
        let (shop, alice) = (&shop, &alice);
        async move {
            let hop = shop.refuses_load(alice, Load::fetch(SITE, Method::GET, STATUS), status).await;
            assert_eq!(hop.header("content-type"), Some("application/problem+json"));
            assert_eq!((&hop.json()["code"], &hop.json()["status"]), (&json!(code), &json!(status)));
        }
    };
    shop.shelf.decide(|_| Fate::Fail);
    refused(503, "store_unavailable").await;
    shop.shelf.mend();
    alice.set_header(USER, "broken");
    refused(503, "user_lookup_failed").await;
    alice.remove_header(USER);
    refused(401, "not_signed_in").await;
}

#[tokio::test]
async fn another_sites_script_cannot_read_it_and_a_frame_gets_no_cookie() {
    let (_shop, alice) = Shop::connected(Mode::Browsers, "alice", "C1").await;
    let hop = alice.fetch(EVIL, Method::GET, STATUS).await.last().clone();
    assert_eq!((hop.sent("cookie"), hop.header("access-control-allow-origin")), (None, None));
    assert_eq!(hop.json()["connected"], false);
}
