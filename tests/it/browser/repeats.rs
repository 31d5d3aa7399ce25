//! Reload, back, the same address again, and pages that are loaded before anybody asks.

use super::{sites::Visited, *};
use std::time::{Duration, Instant};
use tokio::time::sleep;

#[tokio::test]
#[ignore = "needs browsers and proxies: run .ci/browser"]
async fn t09_a_reload_after_success_spends_nothing() {
    in_the_quickstart("reload after success", |browser, sandbox, app| async move {
        connect(&browser, &app.url, &sandbox).await;
        browser.reload().await;
        assert_connected(&browser).await;
        assert_eq!(sandbox.exchanges(), 1);
        "connected; still 1 exchange".into()
    })
    .await;
}

#[tokio::test]
#[ignore = "needs browsers and proxies: run .ci/browser"]
async fn t70_another_approval_by_the_back_button_spends_nothing() {
    in_the_quickstart("back button, another approval", |browser, sandbox, app| async move {
        connect(&browser, &app.url, &sandbox).await;
        browser.back().await;
        browser.arrives_at(&sandbox.dashboard_url()).await;
        browser.click("Approve", &app.url).await;
        browser.comes_to_say("Another approval was used.").await;
        browser.is_accessible().await;
        browser.goto(&app.url).await;
        assert_connected(&browser).await;
        assert_eq!(sandbox.exchanges(), 1);
        "told that the first approval counts; connected, still 1 exchange".into()
    })
    .await;
}

#[tokio::test]
#[ignore = "needs browsers and proxies: run .ci/browser"]
async fn t09_the_same_callback_address_again_ends_where_the_first_ended() {
    in_the_quickstart("callback address three times", |browser, sandbox, app| async move {
        ask(&browser, &app.url, &sandbox).await;
        let callback = sandbox.approve(&browser.url().await).unwrap();
        for _ in 0..3 {
            browser.goto(&callback).await;
            assert_eq!(browser.url().await, format!("{}/", app.url));
            assert_connected(&browser).await;
        }
        assert_eq!(sandbox.exchanges(), 1);
        "each ends on the home page, connected; 1 exchange".into()
    })
    .await;
}

/// A page of the app makes the browser load the callback ahead, by a script: that spends nothing, and the click after it connects.
async fn guess(scenario: Scenario, kind: &'static str, script: &'static str) {
    let test = move |browser: Visit, sandbox: Provider, app: OwnLogin| async move {
        let callback = approved(&browser, &app, &sandbox).await;
        browser.goto(&app.url).await;
        browser.script(&script.replace("CALLBACK", &callback)).await;
        let purpose = guessed(&app, kind).await;
        assert_eq!(sandbox.exchanges(), 0);
        browser.goto(&callback).await;
        browser.comes_to_say("alice is connected").await;
        assert_eq!(sandbox.exchanges(), 1);
        format!("{purpose:?} got 503; the click after it connects, 1 exchange")
    };
    scenario.in_an_app_with_logins(test).await;
}

#[tokio::test]
#[ignore = "needs browsers and proxies: run .ci/browser"]
async fn t29_a_prefetched_callback_spends_nothing_and_then_works() {
    let why = "link rel=prefetch is off in WebKitGTK, and MiniBrowser has no switch for it";
    let scenario = scenario("prefetch of the callback").impossible_in(Engine::WebKit, why);
    let script = "const link = document.createElement('link'); link.rel = 'prefetch'; link.href = 'CALLBACK'; document.head.append(link);";
    guess(scenario, "prefetch", script).await;
}

#[tokio::test]
#[ignore = "needs browsers and proxies: run .ci/browser"]
async fn t29_a_prerendered_callback_spends_nothing_and_then_works() {
    let scenario = scenario("prerender of the callback")
        .impossible_in(Engine::Firefox, "Firefox has no prerender")
        .impossible_in(Engine::WebKit, "WebKit has no prerender");
    let script = "const rules = document.createElement('script'); rules.type = 'speculationrules';
        rules.textContent = JSON.stringify({ prerender: [{ source: 'list', urls: ['CALLBACK'], eagerness: 'immediate' }] });
        document.head.append(rules);";
    guess(scenario, "prerender", script).await;
}

/// Waits for the browser's guess of this kind, which must have got a 503.
async fn guessed(app: &OwnLogin, kind: &str) -> String {
    let began = Instant::now();
    let of_this_kind = |visited: &Visited| {
        visited.path == "/komerza/callback" && visited.purpose.as_deref().is_some_and(|purpose| purpose.contains(kind))
    };
    loop {
        if let Some(found) = app.seen().into_iter().find(of_this_kind) {
            assert_eq!(found.status, 503);
            return found.purpose.unwrap();
        }
        assert!(began.elapsed() < Duration::from_secs(20), "no {kind}: {:?}", app.seen());
        sleep(Duration::from_millis(50)).await;
    }
}
