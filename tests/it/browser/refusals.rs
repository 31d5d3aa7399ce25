//! What other sites can make a browser do: links, frames, forms.

use super::{Foreign, Quickstart, connect::assert_connected, in_chromium, provider, report};
use komerza_sandbox::Sandbox;

fn asked(sandbox: &Sandbox) -> usize {
    sandbox.requests().iter().filter(|request| request.path.starts_with("/auth/authorize")).count()
}

#[cfg(feature = "servers")]
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
        chromium.picture("confirm").await;
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

#[cfg(feature = "servers")]
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

#[cfg(feature = "servers")]
#[tokio::test]
#[ignore = "needs Chromium: run .ci/browser"]
async fn t23_a_framed_login_is_refused_and_shows_nothing() {
    in_chromium(|chromium| async move {
        let sandbox = provider().await;
        let app = Quickstart::start(&sandbox).await;
        let frames = ["/komerza/login", "/komerza/callback?code=x&state=y", "/healthz"];
        let frames: String = frames.iter().map(|path| format!("<iframe src='{}{path}'></iframe>", app.url)).collect();
        let foreign = Foreign::start(frames).await;
        chromium.goto(&foreign.url).await;
        let shown = [chromium.frame(0).await, chromium.frame(1).await, chromium.frame(2).await];
        // The last one is a page of the app that does not mind: it shows that the other two would have been seen.
        let error = "chrome-error://chromewebdata/";
        assert_eq!(shown, [error.to_owned(), error.to_owned(), format!("{}/healthz", app.url)]);
        assert!(chromium.cookies().await.is_empty());
        assert_eq!((asked(&sandbox), sandbox.exchanges()), (0, 0));
        report("framed login and callback", "the browser shows its own error in both frames; no cookie, nothing begun");
    })
    .await;
}
