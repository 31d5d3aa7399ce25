//! A login in a window of its own: a link to a new tab, a popup.

use super::*;

#[tokio::test]
#[ignore = "needs browsers and proxies: run .ci/browser"]
async fn t05_a_link_to_a_new_tab_on_another_site_asks_first_and_then_connects() {
    in_the_quickstart("link to a new tab", |browser, sandbox, app| async move {
        let login = format!("{}/komerza/login", app.url);
        let foreign = Foreign::start(&browser, format!("<a target=_blank href={login}>Free beer</a>")).await;
        browser.goto(&foreign.url).await;
        let first = browser.this_tab().await;
        browser.press("Free beer").await;
        browser.new_window(&first).await;
        browser.arrives_at(&login).await;
        assert_eq!(sandbox.asked(), 0);
        browser.click("Connect with Komerza", &format!("{}/auth/authorize", sandbox.dashboard_url())).await;
        browser.click("Approve", &app.url).await;
        assert_connected(&browser).await;
        "a page asks first; its button leads to the consent page and connects".into()
    })
    .await;
}

#[tokio::test]
#[ignore = "needs browsers and proxies: run .ci/browser"]
async fn a_popup_of_the_app_itself_connects() {
    in_an_app_with_logins("popup of the app", |browser, sandbox, app| async move {
        browser.goto(&format!("{}/sign-in/alice", app.url)).await;
        browser.goto(&format!("{}/popup", app.url)).await;
        let opener = browser.this_tab().await;
        browser.press("Connect").await;
        browser.new_window(&opener).await;
        browser.arrives_at(&format!("{}/auth/authorize", sandbox.dashboard_url())).await;
        browser.click("Approve", &app.url).await;
        browser.comes_to_say("alice is connected").await;
        browser.go_to_tab(&opener).await;
        browser.goto(&app.url).await;
        browser.comes_to_say("alice is connected").await;
        assert_eq!(sandbox.exchanges(), 1);
        "straight to the consent page; popup and opener are connected, 1 exchange".into()
    })
    .await;
}

#[tokio::test]
#[ignore = "needs browsers and proxies: run .ci/browser"]
async fn t05_a_popup_of_another_site_asks_first() {
    in_the_quickstart("popup of another site", |browser, sandbox, app| async move {
        let login = format!("{}/komerza/login", app.url);
        let button = format!("<button onclick=\"open('{login}', '', 'width=500,height=600')\">Free beer</button>");
        let foreign = Foreign::start(&browser, button).await;
        connect(&browser, &app.url, &sandbox).await;
        let asked = sandbox.asked();
        browser.goto(&foreign.url).await;
        let opener = browser.this_tab().await;
        browser.press("Free beer").await;
        browser.new_window(&opener).await;
        browser.arrives_at(&login).await;
        browser.comes_to_say("Continue only if you want to").await;
        assert_eq!((sandbox.asked(), sandbox.exchanges()), (asked, 1));
        "a page asks first, also who is connected; nothing begins by itself".into()
    })
    .await;
}
