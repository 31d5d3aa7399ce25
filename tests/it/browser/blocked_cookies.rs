//! A browser that keeps no cookies, or has lost them.

use thirtyfour::Key;

use super::*;

#[tokio::test]
#[ignore = "needs browsers and proxies: run .ci/browser"]
async fn a_browser_that_blocks_cookies_gets_a_page_that_says_so_and_no_redirect_loop() {
    scenario("blocked cookies")
        .in_a(Setting::NoCookies)
        .in_the_quickstart(|browser, sandbox, app| async move {
            for _ in 1..=2 {
                ask(&browser, &app.url, &sandbox).await;
                browser.click("Approve", &format!("{}/komerza/callback", app.url)).await;
                browser.answers(400, "allow cookies for this site").await;
            }
            assert!(browser.cookies().await.is_empty());
            assert_eq!(sandbox.exchanges(), 0);
            browser.picture("no-cookies").await;
            // By the keyboard alone.
            browser.reload().await;
            browser.key(Key::Tab).await;
            browser.key(Key::Enter).await;
            browser.arrives_at(&format!("{}/auth/authorize", sandbox.dashboard_url())).await;
            "400 with a page that says to allow cookies, no loop, 0 exchanges; its link starts again".into()
        })
        .await;
}

#[tokio::test]
#[ignore = "needs browsers and proxies: run .ci/browser"]
async fn cookies_that_were_cleared_in_between_end_the_attempt_and_nothing_is_stored() {
    in_the_quickstart("cookies cleared in between", |browser, sandbox, app| async move {
        let consent = browser.this_tab().await;
        ask(&browser, &app.url, &sandbox).await;
        browser.new_tab().await;
        browser.goto(&app.url).await;
        assert!(!browser.cookies().await.is_empty());
        browser.clear_cookies().await;
        browser.go_to_tab(&consent).await;
        browser.click("Approve", &format!("{}/komerza/callback", app.url)).await;
        browser.answers(400, "Start again from the app").await;
        assert_eq!(sandbox.exchanges(), 0);
        "400; 0 exchanges".into()
    })
    .await;
}
