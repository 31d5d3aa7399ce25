//! Disconnecting: who may, and what is left.

use crate::prelude::*;

#[tokio::test]
async fn a_form_of_the_site_itself_forgets_the_key_however_often() {
    for (shop, bob) in in_both(|mode| Shop::connected(mode, "bob", "CB")).await {
        let alice = shop.browser("alice");
        shop.connects(&alice, "C1").await;
        for _ in 0..2 {
            let hop = alice.hop(Load::form(SITE, DISCONNECT, "")).await;
            assert_eq!((hop.status(), hop.location()), (303, Some("/")));
            assert_eq!(shop.shelf.keys(), [key_for_code("CB")], "the key of another user stays");
            assert_eq!((shop.key_seen_by(&alice).await, shop.key_seen_by(&bob).await.is_some()), (None, true));
        }
        let to = Load::form(SITE, &format!("{DISCONNECT}?return_to=/bye"), "").stop_at_first();
        assert_eq!(alice.load(to).await.first().location(), Some("/bye"));
        let evil = Load::form(SITE, &format!("{DISCONNECT}?return_to=//evil.example"), "").stop_at_first();
        assert_eq!(alice.load(evil).await.first().location(), Some("/"));
    }
}

#[tokio::test]
async fn t53_only_a_post_from_a_page_of_this_site_disconnects() {
    for (shop, alice) in in_both(|mode| Shop::connected(mode, "alice", "C1")).await {
        let old = alice.clone().without_fetch_metadata();
        let post = |origin: Option<&str>, site: Option<&str>| {
            // By hand: typed loads say nothing about a page.
            let mut load = Load::typed(DISCONNECT).method(Method::POST);
            if let Some(origin) = origin {
                load = load.header("origin", origin);
            }
            if let Some(site) = site {
                load = load.header("sec-fetch-site", site);
            }
            load
        };
        for (origin, site) in [
            (None, None),
            (Some("null"), None),
            (Some("https://evil.example"), None),
            (Some("https://shop.example.evil.example"), None),
            (Some("http://shop.example"), None),
            (Some("https://shop.example:8443"), None),
            (Some("https://shop.example/"), None),
            (None, Some("cross-site")),
            (None, Some("same-site")),
            (None, Some("none")),
            (None, Some("some-later-word")),
            (None, Some("same-origin, cross-site")),
            (Some("https://shop.example"), Some("cross-site")),
            (Some("https://evil.example"), Some("same-origin")),
        ] {
            let page = shop.refuses_load(&old, post(origin, site), 403).await;
            assert!(page.text().contains("did not come from this site"), "{origin:?} {site:?}");
        }
        for load in [
            Load::form(EVIL, DISCONNECT, ""),
            Load::form("https://blog.shop.example/", DISCONNECT, ""),
            Load::form("https://shop.example:8443/", DISCONNECT, ""),
            Load::typed(DISCONNECT).method(Method::POST).header("host", "shop.example"),
            Load::fetch(EVIL, Method::POST, DISCONNECT),
        ] {
            shop.refuses_load(&alice, load.clone(), 403).await;
            shop.refuses_load(&old, load, 403).await;
        }
        shop.refuses_load(&alice, Load::typed(DISCONNECT), 405).await;
        let image = shop.refuses_load(&alice, Load::image(EVIL, DISCONNECT), 405).await;
        assert_eq!(image.header("allow"), Some("POST"));
        assert_eq!(shop.shelf.keys().len(), 1);
        for (origin, site) in [
            (Some(SITE), None),
            (Some(SITE), Some("some-later-word")),
            (None, Some("same-origin")),
            (Some("null"), Some("same-origin")),
        ] {
            let hop = old.hop(post(origin, site)).await;
            assert_eq!(hop.status(), 303, "{origin:?} {site:?}");
        }
        assert!(shop.shelf.keys().is_empty());
    }
}

/// Another site's form through a service worker, as WebKit and Firefox send it: of the same origin, and without any cookie.
#[tokio::test]
async fn t72_a_disconnect_without_the_cookie_removes_no_cookie() {
    let (shop, alice) = Shop::connected(Mode::Browsers, "alice", "C1").await;
    let stranger = shop.browser("alice");
    let hop = shop.disconnect(&stranger).await;
    assert_eq!(hop.status(), 303);
    assert!(hop.set_cookies().iter().all(|line| !line.contains("-session=")), "{:?}", hop.set_cookies());
    assert_eq!(shop.key_seen_by(&alice).await, Some(key_for_code("C1")));
    let own = shop.disconnect(&alice).await;
    assert!(own.set_cookies().iter().any(|line| line.contains("-session=;")), "{:?}", own.set_cookies());
}
