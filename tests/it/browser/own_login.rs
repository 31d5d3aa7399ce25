//! An app with its own login: the user signs out, or somebody else signs in, while the consent page is open.

use super::{OwnLogin, connect::ask, in_chromium, provider, report};

#[cfg(feature = "servers")]
#[tokio::test]
#[ignore = "needs Chromium: run .ci/browser"]
async fn t04_who_signed_out_in_between_is_asked_to_sign_in_and_loses_nothing() {
    in_chromium(|chromium| async move {
        let sandbox = provider().await;
        let app = OwnLogin::start(&sandbox).await;
        chromium.goto(&format!("{}/sign-in/alice", app.url)).await;
        ask(&chromium, &app.url, &sandbox).await;
        let callback = sandbox.approve(&chromium.url().await).unwrap();
        chromium.goto(&format!("{}/sign-out", app.url)).await;
        chromium.goto(&callback).await;
        assert_eq!(chromium.status().await, 401);
        assert!(chromium.text().await.contains("You are not signed in."));
        chromium.picture("signed-out").await;
        assert_eq!(sandbox.exchanges(), 0);
        chromium.goto(&format!("{}/sign-in/alice", app.url)).await;
        chromium.goto(&callback).await;
        assert!(chromium.text().await.contains("alice is connected"), "{}", chromium.text().await);
        assert_eq!(sandbox.exchanges(), 1);
        report("sign-out in between", "401 and 0 exchanges; signed in again, the same address connects");
    })
    .await;
}

#[cfg(feature = "servers")]
#[tokio::test]
#[ignore = "needs Chromium: run .ci/browser"]
async fn t03_another_user_who_signed_in_in_between_gets_no_key_of_the_first() {
    in_chromium(|chromium| async move {
        let sandbox = provider().await;
        let app = OwnLogin::start(&sandbox).await;
        chromium.goto(&format!("{}/sign-in/alice", app.url)).await;
        ask(&chromium, &app.url, &sandbox).await;
        let callback = sandbox.approve(&chromium.url().await).unwrap();
        chromium.goto(&format!("{}/sign-in/bob", app.url)).await;
        chromium.goto(&callback).await;
        assert_eq!(chromium.status().await, 403);
        chromium.picture("other-user").await;
        chromium.goto(&app.url).await;
        assert!(chromium.text().await.contains("bob is not connected"));
        assert_eq!(sandbox.exchanges(), 0);
        report("user switch in between", "403 and 0 exchanges; neither user is connected");
    })
    .await;
}
