//! A panic in what the app brought along ends one request.

use std::sync::Arc;

use komerza_connect::FailureKind;

use super::super::support::browser::Load;
use super::super::support::canary::Canary;
use super::super::support::raw_provider::Reply;
use super::super::support::shop_b::{Fate, Hook, MODES, Mode, ORIGIN, Op, Shop, assert_connected};

fn panic(what: &str) -> Fate {
    Fate::Panic(format!("{what} panics, on purpose"))
}

#[tokio::test]
async fn t43_a_store_that_panics_ends_one_callback_and_says_no_secret() {
    for mode in MODES {
        let canary = Canary::new();
        let shop = Shop::new(mode).await;
        canary.register("client secret", &shop.client_secret);
        for (number, op) in [Op::Load, Op::Save].into_iter().enumerate() {
            let browser = shop.browser("alice");
            let code = canary.secret("code");
            shop.shelf.all(op, panic("the store"));
            let hop = shop.connect(&browser, &code).await;
            assert_eq!((hop.status(), shop.watch.last_kind()), (500, Some(FailureKind::Internal)), "{op:?}");
            assert_eq!(shop.exchanges(), number + usize::from(op == Op::Save));
            shop.shelf.mend();
            assert_connected(&shop.connect(&browser, &format!("after-{number}")).await);
        }
    }
}

#[tokio::test]
async fn t43_a_hook_that_panics_ends_one_callback() {
    for mode in MODES {
        let shop = Shop::new(mode).await;
        for hook in [Hook::BeforeStoring, Hook::Connected] {
            let browser = shop.browser("alice");
            shop.watch.decide(move |asked| if asked == hook { panic("the hook") } else { Fate::Fine });
            let hop = shop.connect(&browser, "code").await;
            assert_eq!((hop.status(), shop.watch.last_kind()), (500, Some(FailureKind::Internal)), "{hook:?}");
            shop.watch.mend();
            assert_connected(&shop.connect(&browser, "next").await);
        }
    }
}

#[tokio::test]
async fn t43_a_look_up_or_store_that_panics_outside_the_callback_ends_that_request_alone() {
    let shop = Arc::new(Shop::new(Mode::Users).await);
    let browser = Arc::new(shop.browser("alice"));
    assert_connected(&shop.connect(&browser, "code").await);
    shop.lookup.decide(|| panic("the look-up"));
    let (there, visitor) = (Arc::clone(&shop), Arc::clone(&browser));
    assert!(tokio::spawn(async move { there.key(&visitor).await }).await.unwrap_err().is_panic());
    shop.lookup.mend();
    shop.shelf.all(Op::Load, panic("the store"));
    let (there, visitor) = (Arc::clone(&shop), Arc::clone(&browser));
    assert!(tokio::spawn(async move { there.key(&visitor).await }).await.unwrap_err().is_panic());
    shop.shelf.mend();
    assert!(shop.key(&browser).await.is_ok());
}

#[tokio::test]
async fn t43_a_callback_that_panicked_after_the_exchange_is_not_sent_again() {
    for mode in MODES {
        let shop = Shop::new(mode).await;
        let browser = shop.browser("alice");
        let state = shop.start(&browser).await;
        let before_the_answer = browser.clone();
        shop.shelf.all(Op::Save, panic("the store"));
        assert_eq!(shop.callback(&browser, "code", &state).await.status(), 500);
        shop.shelf.mend();
        let hop = shop.callback(&before_the_answer, "code", &state).await;
        assert_eq!((hop.status(), shop.exchanges()), (500, 1), "the same outcome, and the code is not sent twice");
    }
}

/// What comes from outside is never expected to be as it should be: each of these is a fault of the provider, and none a panic.
#[tokio::test]
async fn t43_no_answer_of_the_provider_ends_in_a_panic() {
    let deep = format!("{{\"success\":true,\"data\":{}", "[".repeat(30_000));
    let bodies: [&[u8]; 12] = [
        b"",
        b"\xff\xfe",
        b"<html>",
        b"null",
        b"{",
        b"{}",
        b"{\"success\":true,\"data\":\"\xe2\x82\"}",
        b"{\"success\":true,\"data\":\"\\ud800\"}",
        b"{\"success\":true,\"data\":1e999}",
        b"{\"success\":true,\"data\":\"\\u0000\"}",
        b"{\"success\":true,\"data\":-0}",
        deep.as_bytes(),
    ];
    let shop = Shop::new(Mode::Users).await;
    let (connected, other) = (shop.browser("alice"), shop.browser("bob"));
    assert_connected(&shop.connect(&connected, "code").await);
    for (number, body) in bodies.into_iter().enumerate() {
        let reply = || Reply::new(200, "application/json", body);
        let code = format!("code-{number}");
        shop.provider.on_code(&code, reply());
        let hop = shop.connect(&other, &code).await;
        let seen = (hop.status(), shop.watch.last_kind());
        assert_eq!(seen, (502, Some(FailureKind::ProviderFault)), "body {number} of an exchange");
        shop.provider.on_path("/echo", reply());
        let visit = connected.load(Load::typed(&format!("{ORIGIN}/echo"))).await;
        assert!(matches!(visit.last().status(), 200 | 502), "body {number} of a call: {}", visit.last().status());
    }
}
