//! What sits between the app and its visitors: a strict session cookie, a service worker.

use super::*;
use base64::{Engine as _, prelude::BASE64_STANDARD};
use reqwest::{Client, redirect::Policy};

/// The page that loads itself again is gone at once: it is asked for without the app's cookie, and shown without its hurry.
async fn one_moment(browser: &Visit, callback: &str) {
    let cookies = browser.cookies().await.into_iter().filter(|cookie| cookie["name"] != "app-user");
    let cookies: Vec<_> = cookies
        .map(|cookie| format!("{}={}", cookie["name"].as_str().unwrap(), cookie["value"].as_str().unwrap()))
        .collect();
    let client = Client::builder().no_proxy().redirect(Policy::none()).build().unwrap();
    let page = client.get(callback).header("cookie", cookies.join("; ")).send().await.unwrap().text().await.unwrap();
    assert!(page.contains("One moment"), "{page}");
    let still = page.replace("<meta http-equiv=\"refresh\" content=\"0\">", "");
    assert_ne!(page, still);
    browser.goto(&format!("data:text/html;base64,{}", BASE64_STANDARD.encode(still))).await;
    browser.comes_to_say("This page goes on by itself.").await;
    browser.is_accessible().await;
}

#[tokio::test]
#[ignore = "needs browsers and proxies: run .ci/browser"]
async fn t71_a_visitor_with_a_strict_session_cookie_connects() {
    in_an_app_with_logins("strict session cookie", |browser, sandbox, app| async move {
        browser.goto(&format!("{}/sign-in-strict/alice", app.url)).await;
        ask(&browser, &app.url, &sandbox).await;
        if (browser.engine, browser.front) == (Engine::Chromium, Front::Http) {
            one_moment(&browser, &sandbox.approve(&browser.url().await).unwrap()).await;
            browser.back().await;
        }
        let before = app.seen().len();
        browser.click("Approve", &format!("{}/", app.url)).await;
        browser.comes_to_say("alice is connected").await;
        let seen = app.seen();
        let statuses: Vec<_> = seen[before..]
            .iter()
            .filter(|visited| visited.path == "/komerza/callback")
            .map(|visited| visited.status)
            .collect();
        assert_eq!((statuses, sandbox.exchanges()), (vec![200, 303], 1));
        "the callback loads itself again, once, and connects; 1 exchange".into()
    })
    .await;
}

#[tokio::test]
#[ignore = "needs browsers and proxies: run .ci/browser"]
async fn t72_behind_a_service_worker_the_visitor_is_asked_and_then_connects() {
    in_an_app_with_logins("service worker", |browser, sandbox, app| async move {
        browser.goto(&format!("{}/sign-in/alice", app.url)).await;
        browser.goto(&format!("{}/worker", app.url)).await;
        browser.comes_to_say("working").await;
        let authorize = format!("{}/auth/authorize", sandbox.dashboard_url());
        let (_foreign, login) = follow_a_foreign_link(&browser, &app.url).await;
        browser.comes_to_say("Continue only if you want to").await; // by another site's link
        browser.goto(&app.url).await;
        browser.click("Connect with Komerza", &login).await;
        browser.comes_to_say("Continue only if you want to").await; // and by the site's own
        browser.is_accessible().await;
        assert_eq!(sandbox.asked(), 0);
        browser.click("Connect with Komerza", &authorize).await;
        browser.click("Approve", &format!("{}/", app.url)).await;
        browser.comes_to_say("alice is connected").await;
        "the visitor is asked first, by other sites' links and by the own one; the link connects".into()
    })
    .await;
}
