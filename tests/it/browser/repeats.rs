//! Reload, back, the same address again, and pages that are loaded before anybody asks.

use super::{
    OwnLogin, Quickstart,
    connect::{ask, assert_connected},
    in_chromium, provider, report,
};
use std::time::{Duration, Instant};
use tokio::time::sleep;

#[cfg(feature = "servers")]
#[tokio::test]
#[ignore = "needs Chromium: run .ci/browser"]
async fn t09_t70_reload_and_another_approval_by_the_back_button_spend_nothing() {
    in_chromium(|chromium| async move {
        let sandbox = provider().await;
        let app = Quickstart::start(&sandbox).await;
        ask(&chromium, &app.url, &sandbox).await;
        chromium.click("Approve", &app.url).await;
        chromium.reload().await;
        assert_connected(&chromium).await;
        assert_eq!(sandbox.exchanges(), 1);
        report("reload after success", "connected; still 1 exchange");

        chromium.back().await;
        chromium.arrives_at(&sandbox.dashboard_url()).await;
        chromium.click("Approve", &app.url).await;
        let text = chromium.text().await;
        assert!(text.contains("Another approval was used."), "{text}");
        chromium.goto(&app.url).await;
        assert_connected(&chromium).await;
        assert_eq!(sandbox.exchanges(), 1);
        report(
            "back after success",
            "the consent page again; approved again: told that the first approval counts; connected, still 1 exchange",
        );
    })
    .await;
}

#[cfg(feature = "servers")]
#[tokio::test]
#[ignore = "needs Chromium: run .ci/browser"]
async fn t09_the_same_callback_address_again_ends_where_the_first_ended() {
    in_chromium(|chromium| async move {
        let sandbox = provider().await;
        let app = Quickstart::start(&sandbox).await;
        ask(&chromium, &app.url, &sandbox).await;
        let callback = sandbox.approve(&chromium.url().await).unwrap();
        for _ in 0..3 {
            chromium.goto(&callback).await;
            assert_eq!(chromium.url().await, format!("{}/", app.url));
            assert_connected(&chromium).await;
        }
        assert_eq!(sandbox.exchanges(), 1);
        report("callback address three times", "each ends on the home page, connected; 1 exchange");
    })
    .await;
}

#[cfg(feature = "servers")]
#[tokio::test]
#[ignore = "needs Chromium: run .ci/browser"]
async fn t29_a_prefetched_or_prerendered_callback_spends_nothing_and_then_works() {
    in_chromium(|chromium| async move {
        let sandbox = provider().await;
        let app = OwnLogin::start(&sandbox).await;
        chromium.goto(&format!("{}/sign-in/alice", app.url)).await;
        ask(&chromium, &app.url, &sandbox).await;
        let callback = sandbox.approve(&chromium.url().await).unwrap();
        chromium.goto(&app.url).await;

        let ended = chromium.script_and_wait(&format!(
            "const done = arguments[0], link = document.createElement('link'); link.rel = 'prefetch'; link.href = '{callback}';
             link.onload = () => done('loaded'); link.onerror = () => done('refused'); document.head.append(link);"
        )).await;
        let guesses = || app.seen().into_iter().filter(|visit| visit.path == "/komerza/callback" && visit.purpose.is_some());
        let prefetched: Vec<_> = guesses().collect();
        assert!(!prefetched.is_empty(), "the browser prefetched: {ended}, {:?}", app.seen());
        assert!(prefetched.iter().all(|visit| visit.status == 503), "{prefetched:?}");
        report("prefetch of the callback", &format!("{:?} got 503", prefetched[0].purpose.as_deref().unwrap()));

        chromium.script(&format!(
            "const rules = document.createElement('script'); rules.type = 'speculationrules';
             rules.textContent = JSON.stringify({{ prerender: [{{ source: 'list', urls: ['{callback}'], eagerness: 'immediate' }}] }});
             document.head.append(rules);"
        )).await;
        let began = Instant::now();
        let prerendered = loop {
            let found = guesses().find(|visit| visit.purpose.as_deref().is_some_and(|purpose| purpose.contains("prerender")));
            if found.is_some() || began.elapsed() > Duration::from_secs(10) {
                break found;
            }
            sleep(Duration::from_millis(50)).await;
        };
        let prerendered = prerendered.expect("the browser prerenders a page that speculation rules name");
        assert_eq!(prerendered.status, 503);
        report("prerender of the callback", &format!("{:?} got 503", prerendered.purpose.as_deref().unwrap()));

        assert_eq!(sandbox.exchanges(), 0);
        chromium.goto(&callback).await;
        assert!(chromium.text().await.contains("alice is connected"), "{}", chromium.text().await);
        assert_eq!(sandbox.exchanges(), 1);
        report("the click after the guesses", "connected; 1 exchange");
    })
    .await;
}
