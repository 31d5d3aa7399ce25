//! What other sites can make a browser do: links, frames, forms.

use super::{Foreign, Quickstart, connect::assert_connected, in_chromium, provider, report};
use komerza_connect::sandbox::Sandbox;

fn asked(sandbox: &Sandbox) -> usize {
    sandbox.requests().iter().filter(|request| request.path.starts_with("/auth/authorize")).count()
}

#[tokio::test]
#[ignore = "needs Chromium: run .ci/browser"]
async fn t05_a_link_on_another_site_asks_first_and_then_connects() {
    in_chromium(|chromium| async move {
        let sandbox = provider().await;
        let app = Quickstart::start(&sandbox).await;
        let login = format!("{}/komerza/login", app.url);
        let foreign = Foreign::start(format!("<a href={login}>Free beer</a>")).await;
        chromium.goto(&foreign.url).await;
        chromium.click("Free beer", &login).await;
        assert_eq!(chromium.status().await, 200);
        assert!(chromium.cookies().await.is_empty(), "nothing has begun");
        assert_eq!(asked(&sandbox), 0);
        chromium.screenshot("confirm").await;
        chromium.as_on_a_phone().await;
        chromium.screenshot("confirm-phone").await;
        chromium.as_on_a_desk().await;
        chromium.click("Connect with Komerza", &format!("{}/auth/authorize", sandbox.dashboard_url())).await;
        chromium.click("Approve", &app.url).await;
        assert_connected(&chromium).await;
        report(
            "link on another site",
            "a page asks first, without a cookie; its button leads to the consent page and connects",
        );
    })
    .await;
}

#[tokio::test]
#[ignore = "needs Chromium: run .ci/browser"]
async fn t05_a_form_on_another_site_starts_no_login() {
    in_chromium(|chromium| async move {
        let sandbox = provider().await;
        let app = Quickstart::start(&sandbox).await;
        let login = format!("{}/komerza/login", app.url);
        let foreign =
            Foreign::start(format!("<form method=post action={login}><button>Free beer</button></form>")).await;
        chromium.goto(&foreign.url).await;
        chromium.click("Free beer", &login).await;
        assert_eq!(chromium.status().await, 403);
        assert!(chromium.cookies().await.is_empty());
        assert_eq!(asked(&sandbox), 0);
        report("form on another site", "403, no cookie, the provider saw nothing");
    })
    .await;
}

#[tokio::test]
#[ignore = "needs Chromium: run .ci/browser"]
async fn t23_a_framed_login_is_refused_and_shows_nothing() {
    in_chromium(|chromium| async move {
        let sandbox = provider().await;
        let app = Quickstart::start(&sandbox).await;
        let frames = format!(
            "<iframe src={0}/komerza/login></iframe><iframe src={0}/komerza/callback?code=x&state=y></iframe>",
            app.url
        );
        let foreign = Foreign::start(frames).await;
        chromium.goto(&foreign.url).await;
        let frames = chromium.devtools("Page.getFrameTree", serde_json::json!({})).await;
        let shown: Vec<_> = frames["frameTree"]["childFrames"].as_array().cloned().unwrap_or_default();
        for frame in &shown {
            let url = frame["frame"]["url"].as_str().unwrap();
            assert!(!url.starts_with(&app.url), "a page of the app is in a frame: {url}");
        }
        assert!(chromium.cookies().await.is_empty());
        assert_eq!((asked(&sandbox), sandbox.exchanges()), (0, 0));
        report("framed login and callback", &format!("{} frames, none with a page of the app; no cookie", shown.len()));
    })
    .await;
}
