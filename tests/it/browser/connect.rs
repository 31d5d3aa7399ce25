//! The plain way: connect, deny, disconnect.

use super::{Chromium, Foreign, Quickstart, in_chromium, provider, report};
use komerza_sandbox::Sandbox;

/// From the app's home page to the provider's consent page.
pub(super) async fn ask(chromium: &Chromium, app: &str, sandbox: &Sandbox) {
    chromium.goto(app).await;
    chromium.click("Connect with Komerza", &format!("{}/auth/authorize", sandbox.dashboard_url())).await;
}

/// The home page of the quickstart lists the stores, which only a working key can fetch.
pub(super) async fn assert_connected(chromium: &Chromium) {
    let text = chromium.text().await;
    assert!(text.contains("Disconnect"), "{text}");
}

pub(super) async fn assert_not_connected(chromium: &Chromium) {
    let text = chromium.text().await;
    assert!(text.contains("Connect with Komerza") && !text.contains("Disconnect"), "{text}");
}

#[cfg(feature = "servers")]
#[tokio::test]
#[ignore = "needs Chromium: run .ci/browser"]
async fn a_visitor_connects_and_disconnects() {
    in_chromium(|chromium| async move {
        let sandbox = provider().await;
        let app = Quickstart::start(&sandbox).await;
        chromium.goto(&app.url).await;
        assert_not_connected(&chromium).await;
        chromium.picture("home").await;
        ask(&chromium, &app.url, &sandbox).await;
        chromium.picture("consent").await;
        chromium.click("Approve", &app.url).await;
        assert_connected(&chromium).await;
        assert_eq!(chromium.url().await, format!("{}/", app.url));
        assert_eq!((sandbox.exchanges(), sandbox.keys().len()), (1, 1));
        chromium.picture("connected").await;
        report("connect", "home, consent page on the other site, approve, home with the stores; 1 exchange, 1 key");

        for cookie in chromium.cookies().await {
            assert_eq!((&cookie["httpOnly"], &cookie["sameSite"]), (&true.into(), &"Lax".into()), "{cookie}");
            assert!(!cookie["name"].as_str().unwrap().contains("-login-"), "the attempt is used up: {cookie}");
        }
        chromium.click("Disconnect", &app.url).await;
        // The address is the same before and after.
        chromium.comes_to_say("Connect with Komerza").await;
        assert_not_connected(&chromium).await;
        assert_eq!(sandbox.keys().len(), 1, "disconnect forgets the key and cannot revoke it");
        report("disconnect", "home without stores; the key lives on at the provider, as the docs say");
    })
    .await;
}

#[cfg(feature = "servers")]
#[tokio::test]
#[ignore = "needs Chromium: run .ci/browser"]
async fn a_visitor_who_denies_is_back_where_the_login_began_and_nothing_is_stored() {
    in_chromium(|chromium| async move {
        let sandbox = provider().await;
        let app = Quickstart::start(&sandbox).await;
        ask(&chromium, &app.url, &sandbox).await;
        chromium.click("Deny", &app.url).await;
        assert_eq!(chromium.url().await, format!("{}/?komerza=denied", app.url));
        assert_not_connected(&chromium).await;
        assert_eq!(sandbox.exchanges(), 0);
        let cookies = chromium.cookies().await;
        let names: Vec<_> = cookies.iter().map(|cookie| cookie["name"].as_str().unwrap()).collect();
        assert!(names.iter().all(|name| name.ends_with("-stay")), "the attempt is used up: {names:?}");
        report("deny", "back on the home page with komerza=denied; 0 exchanges, no attempt left");
    })
    .await;
}

#[cfg(feature = "servers")]
#[tokio::test]
#[ignore = "needs Chromium: run .ci/browser"]
async fn t53_a_form_on_another_site_disconnects_nobody() {
    in_chromium(|chromium| async move {
        let sandbox = provider().await;
        let app = Quickstart::start(&sandbox).await;
        ask(&chromium, &app.url, &sandbox).await;
        chromium.click("Approve", &app.url).await;
        let form =
            format!("<form method=post action={}/komerza/disconnect><button>Win a prize</button></form>", app.url);
        let foreign = Foreign::start(form).await;
        chromium.goto(&foreign.url).await;
        chromium.click("Win a prize", &app.url).await;
        assert_eq!(chromium.status().await, 403);
        chromium.goto(&app.url).await;
        assert_connected(&chromium).await;
        report("disconnect by another site", "403; still connected");
    })
    .await;
}
