//! A browser that keeps no cookies, or has lost them.

use super::{Quickstart, connect::ask, in_chromium, in_chromium_without_cookies, provider, report};

#[cfg(feature = "servers")]
#[tokio::test]
#[ignore = "needs Chromium: run .ci/browser"]
async fn a_browser_that_blocks_cookies_gets_a_page_that_says_so_and_no_redirect_loop() {
    in_chromium_without_cookies(|chromium| async move {
        let sandbox = provider().await;
        let app = Quickstart::start(&sandbox).await;
        for round in 1..=2 {
            ask(&chromium, &app.url, &sandbox).await;
            chromium.click("Approve", &format!("{}/komerza/callback", app.url)).await;
            assert_eq!(chromium.status().await, 400, "round {round}");
            let text = chromium.text().await;
            assert!(text.contains("cookies"), "{text}");
        }
        assert!(chromium.cookies().await.is_empty());
        assert_eq!(sandbox.exchanges(), 0);
        chromium.picture("no-cookies").await;
        chromium.click("Start again", &format!("{}/auth/authorize", sandbox.dashboard_url())).await;
        report(
            "blocked cookies",
            "400 with a page that says to allow cookies, no loop, 0 exchanges; its link starts again",
        );
    })
    .await;
}

#[cfg(feature = "servers")]
#[tokio::test]
#[ignore = "needs Chromium: run .ci/browser"]
async fn cookies_that_were_cleared_in_between_end_the_attempt_and_nothing_is_stored() {
    in_chromium(|chromium| async move {
        let sandbox = provider().await;
        let app = Quickstart::start(&sandbox).await;
        ask(&chromium, &app.url, &sandbox).await;
        chromium.clear_cookies().await;
        chromium.click("Approve", &format!("{}/komerza/callback", app.url)).await;
        assert_eq!(chromium.status().await, 400);
        assert_eq!(sandbox.exchanges(), 0);
        report("cookies cleared in between", "400; 0 exchanges");
    })
    .await;
}
