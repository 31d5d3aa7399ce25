//! Disconnecting: who may, and what is left.

use super::harness::{DISCONNECT, EVIL, Mode, SITE, Shop, USER};
use crate::prelude::*;

async fn connected(mode: Mode) -> (Shop, Browser) {
    let (shop, alice, login) = Shop::with_login(mode, "alice", "/x").await;
    shop.accepts(&alice, &login, "C1", "/x").await;
    (shop, alice)
}

#[tokio::test]
async fn a_form_of_the_site_itself_forgets_the_key_however_often() {
    for mode in Mode::BOTH {
        let (shop, alice) = connected(mode).await;
        for _ in 0..2 {
            let hop = alice.hop(Load::form(SITE, DISCONNECT, "")).await;
            assert_eq!((hop.status(), hop.location()), (303, Some("/")));
            assert!(shop.store.keys().is_empty());
            assert_eq!(shop.key_seen_by(&alice).await, None);
        }
        let to = Load::form(SITE, &format!("{DISCONNECT}?return_to=/bye"), "").stop_at_first();
        assert_eq!(alice.load(to).await.first().location(), Some("/bye"));
        let evil = Load::form(SITE, &format!("{DISCONNECT}?return_to=//evil.example"), "").stop_at_first();
        assert_eq!(alice.load(evil).await.first().location(), Some("/"));
    }
}

#[tokio::test]
async fn t53_only_a_post_from_a_page_of_this_site_disconnects() {
    for mode in Mode::BOTH {
        let (shop, alice) = connected(mode).await;
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
        assert_eq!(shop.store.keys().len(), 1);
        for (origin, site) in [
            (Some(SITE), None),
            (Some(SITE), Some("some-later-word")),
            (None, Some("same-origin")),
            (Some("null"), Some("same-origin")),
        ] {
            let hop = old.hop(post(origin, site)).await;
            assert_eq!(hop.status(), 303, "{origin:?} {site:?}");
        }
        assert!(shop.store.keys().is_empty());
    }
}

#[tokio::test]
async fn a_store_that_is_down_says_so_and_the_key_is_still_there() {
    for mode in Mode::BOTH {
        let (shop, alice) = connected(mode).await;
        shop.store.decide(|_| Fate::Fail);
        let page = alice.load(Load::form(SITE, DISCONNECT, "")).await.first().clone();
        assert_eq!((page.status(), page.set_cookies().len()), (503, 0));
        shop.store.mend();
        assert!(shop.key_seen_by(&alice).await.is_some());
    }
}

#[tokio::test]
async fn one_users_disconnect_is_not_anothers() {
    for mode in Mode::BOTH {
        let (shop, alice) = connected(mode).await;
        let (bob, login) = shop.login_of("bob", "/x").await;
        shop.accepts(&bob, &login, "CB", "/x").await;
        assert_eq!(bob.load(Load::form(SITE, DISCONNECT, "")).await.first().status(), 303);
        assert!(shop.key_seen_by(&alice).await.is_some());
        assert_eq!(shop.key_seen_by(&bob).await, None);
    }
}

#[tokio::test]
async fn who_is_signed_out_is_asked_to_sign_in_and_not_sent_to_connect() {
    let shop = Shop::with(Mode::App, |config| config.sign_in_page("/sign-in"), |layer| layer).await;
    let nobody = shop.browser("alice");
    nobody.remove_header(USER);
    let hop = nobody.load(Load::form(SITE, &format!("{DISCONNECT}?return_to=/settings"), "").stop_at_first()).await;
    // Signing in must not lead on to a login at Komerza.
    assert_eq!(hop.first().location(), Some("/sign-in?return_to=%2Fsettings"));
}

/// Another site's form through a service worker, as WebKit and Firefox send it: of the same origin, and without any cookie.
#[tokio::test]
async fn t72_a_disconnect_without_the_cookie_removes_no_cookie() {
    let (shop, alice, login) = Shop::with_login(Mode::Browser, "alice", "/x").await;
    shop.accepts(&alice, &login, "C1", "/x").await;
    let stranger = shop.browser("alice");
    let hop = stranger.load(Load::form(SITE, DISCONNECT, "")).await.first().clone();
    assert_eq!(hop.status(), 303);
    assert!(hop.set_cookies().iter().all(|line| !line.contains("-session=")), "{:?}", hop.set_cookies());
    assert_eq!(shop.key_seen_by(&alice).await, Some(key_for_code("C1")));
    let own = alice.load(Load::form(SITE, DISCONNECT, "")).await.first().clone();
    assert!(own.set_cookies().iter().any(|line| line.contains("-session=;")), "{:?}", own.set_cookies());
}
