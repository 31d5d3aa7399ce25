//! The back button and the pages that browsers keep for it.

use super::*;

#[tokio::test]
#[ignore = "needs browsers and proxies: run .ci/browser"]
async fn no_page_with_a_key_comes_back_after_disconnect() {
    in_the_quickstart("back-forward cache, after disconnect", |browser, sandbox, app| async move {
        let plain = format!("{}/healthz", app.url);
        connect(&browser, &app.url, &sandbox).await;
        browser.script("window.kept = true").await;
        browser.goto(&plain).await;
        browser.back().await;
        browser.arrives_at(&format!("{}/", app.url)).await;
        assert_connected(&browser).await;
        let kept = browser.script("return window.kept === true").await == true;
        browser.goto(&plain).await;
        let tab = browser.this_tab().await;
        browser.new_tab().await;
        browser.goto(&app.url).await;
        browser.press("Disconnect").await;
        browser.comes_to_say("Connect with Komerza").await;
        browser.go_to_tab(&tab).await;
        browser.back().await;
        browser.arrives_at(&format!("{}/", app.url)).await;
        assert_not_connected(&browser).await;
        let while_connected = if kept { "the browser's copy" } else { "asked for again" };
        format!("back to the page with the stores: {while_connected}; after disconnect in another tab: gone")
    })
    .await;
}

#[tokio::test]
#[ignore = "needs browsers and proxies: run .ci/browser"]
async fn back_from_the_consent_page_and_again_connects() {
    in_the_quickstart("back-forward cache, back to the page that asks", |browser, sandbox, app| async move {
        let authorize = format!("{}/auth/authorize", sandbox.dashboard_url());
        let (_foreign, login) = follow_a_foreign_link(&browser, &app.url).await;
        for _ in 0..2 {
            browser.click("Connect with Komerza", &authorize).await;
            browser.back().await;
            browser.arrives_at(&login).await;
            browser.comes_to_say("Continue only if you want to").await;
        }
        browser.click("Connect with Komerza", &authorize).await;
        browser.click("Approve", &app.url).await;
        assert_connected(&browser).await;
        assert_eq!(sandbox.exchanges(), 1);
        "the page that asks comes again, twice, and its button connects; 1 exchange".into()
    })
    .await;
}
