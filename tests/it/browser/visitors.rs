//! What sits between the app and its visitors: a strict session cookie, a service worker.

use super::{Foreign, OwnLogin, connect::ask, in_chromium, provider, report};

#[cfg(feature = "servers")]
#[tokio::test]
#[ignore = "needs Chromium: run .ci/browser"]
async fn t71_a_visitor_with_a_strict_session_cookie_connects() {
    in_chromium(|chromium| async move {
        let sandbox = provider().await;
        let app = OwnLogin::start(&sandbox).await;
        chromium.goto(&format!("{}/sign-in-strict/alice", app.url)).await;
        ask(&chromium, &app.url, &sandbox).await;
        chromium.click("Approve", &format!("{}/", app.url)).await;
        chromium.arrives_at(&app.url).await;
        let statuses = || -> Vec<_> {
            let seen = app.seen();
            seen.iter().filter(|visit| visit.path == "/komerza/callback").map(|visit| visit.status).collect()
        };
        chromium.comes_to_say("alice is connected").await;
        assert_eq!((statuses(), sandbox.exchanges()), (vec![200, 303], 1));
        report("strict session cookie", "the callback loads itself again, once, and connects; 1 exchange");
    })
    .await;
}

#[cfg(feature = "servers")]
#[tokio::test]
#[ignore = "needs Chromium: run .ci/browser"]
async fn t72_behind_a_service_worker_the_visitor_is_asked_and_then_connects() {
    in_chromium(|chromium| async move {
        let sandbox = provider().await;
        let app = OwnLogin::start(&sandbox).await;
        chromium.goto(&format!("{}/sign-in/alice", app.url)).await;
        chromium.goto(&format!("{}/worker", app.url)).await;
        chromium.comes_to_say("working").await;
        let login = format!("{}/komerza/login", app.url);
        let authorize = format!("{}/auth/authorize", sandbox.dashboard_url());
        let foreign = Foreign::start(format!("<a href={login}>Free beer</a>")).await;
        chromium.goto(&foreign.url).await;
        chromium.click("Free beer", &login).await;
        assert!(chromium.text().await.contains("Continue only if you want to"), "another site's link is asked about");
        chromium.goto(&app.url).await;
        chromium.click("Connect with Komerza", &login).await;
        assert!(chromium.text().await.contains("Continue only if you want to"), "so is the site's own");
        assert_eq!(sandbox.requests().iter().filter(|request| request.path.starts_with("/auth/authorize")).count(), 0);
        chromium.click("Connect with Komerza", &authorize).await;
        chromium.click("Approve", &format!("{}/", app.url)).await;
        assert!(chromium.text().await.contains("alice is connected"), "{}", chromium.text().await);
        report(
            "service worker",
            "the visitor is asked first, by other sites' links and by the own one; the link connects",
        );
    })
    .await;
}
