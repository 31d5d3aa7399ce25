//! What other sites can make a browser do: links, frames, forms.

use super::*;

#[tokio::test]
#[ignore = "needs browsers and proxies: run .ci/browser"]
async fn t05_a_link_on_another_site_asks_first_and_then_connects() {
    in_the_quickstart("link on another site", |browser, sandbox, app| async move {
        let (_foreign, _) = follow_a_foreign_link(&browser, &app.url).await;
        browser.answers(200, "Continue only if you want to").await;
        assert!(browser.cookies().await.is_empty(), "nothing has begun");
        assert_eq!(sandbox.asked(), 0);
        browser.picture("confirm").await;
        browser.click("Connect with Komerza", &format!("{}/auth/authorize", sandbox.dashboard_url())).await;
        browser.click("Approve", &app.url).await;
        assert_connected(&browser).await;
        "a page asks first, without a cookie; its button leads to the consent page and connects".into()
    })
    .await;
}

#[tokio::test]
#[ignore = "needs browsers and proxies: run .ci/browser"]
async fn t05_a_dashboard_that_leads_on_to_a_third_origin_is_not_stopped() {
    scenario("dashboard that redirects to a third origin")
        .run(|browser| async move {
            let sandbox = browser.provider().await;
            let elsewhere = Foreign::leading_to(&browser, sandbox.dashboard_url()).await;
            let app = Quickstart::with_dashboard(&browser, &sandbox, &elsewhere.url).await;
            let (_foreign, _) = follow_a_foreign_link(&browser, &app.url).await;
            browser.click("Connect with Komerza", &format!("{}/auth/authorize", sandbox.dashboard_url())).await;
            browser.click("Approve", &app.url).await;
            assert_connected(&browser).await;
            "the policy of the page that asks first stops neither redirect; connected".into()
        })
        .await;
}

#[tokio::test]
#[ignore = "needs browsers and proxies: run .ci/browser"]
async fn t05_a_form_on_another_site_starts_no_login() {
    in_the_quickstart("form on another site", |browser, sandbox, app| async move {
        let login = format!("{}/komerza/login", app.url);
        let form = format!("<form method=post action={login}><button>Free beer</button></form>");
        let foreign = Foreign::start(&browser, form).await;
        browser.goto(&foreign.url).await;
        browser.click("Free beer", &login).await;
        browser.answers(403, "This request did not come from this site.").await;
        browser.is_accessible().await;
        assert!(browser.cookies().await.is_empty());
        assert_eq!(sandbox.asked(), 0);
        "403, no cookie, the provider saw nothing".into()
    })
    .await;
}

#[tokio::test]
#[ignore = "needs browsers and proxies: run .ci/browser"]
async fn t23_a_framed_login_is_refused_and_shows_nothing() {
    in_the_quickstart("framed login and callback", |browser, sandbox, app| async move {
        let frames = ["/komerza/login", "/komerza/callback?code=x&state=y", "/healthz"];
        let frames: String = frames.iter().map(|path| format!("<iframe src='{}{path}'></iframe>", app.url)).collect();
        let foreign = Foreign::start(&browser, frames).await;
        browser.goto(&foreign.url).await;
        // The last one is a page of the app that does not mind: it shows that the other two would have been seen.
        assert_eq!(browser.frame(2).await, "ok");
        for number in 0..2 {
            let shown = browser.frame(number).await;
            assert!(!shown.contains("Komerza") && !shown.contains("connection"), "{shown}");
        }
        browser.goto(&format!("{}/healthz", app.url)).await;
        assert!(browser.cookies().await.is_empty());
        assert_eq!((sandbox.asked(), sandbox.exchanges()), (0, 0));
        "both frames stay without a page of the app; no cookie, nothing begun".into()
    })
    .await;
}
