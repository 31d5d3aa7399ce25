//! An app with its own login: the user signs out, or somebody else signs in, while the consent page is open.

use super::*;

#[tokio::test]
#[ignore = "needs browsers and proxies: run .ci/browser"]
async fn t04_who_signed_out_in_between_is_asked_to_sign_in_and_loses_nothing() {
    in_an_app_with_logins("sign-out in between", |browser, sandbox, app| async move {
        let callback = approved(&browser, &app, &sandbox).await;
        browser.goto(&format!("{}/sign-out", app.url)).await;
        browser.goto(&callback).await;
        browser.answers(401, "You are not signed in.").await;
        browser.picture("signed-out").await;
        assert_eq!(sandbox.exchanges(), 0);
        browser.goto(&format!("{}/sign-in/alice", app.url)).await;
        browser.goto(&callback).await;
        browser.comes_to_say("alice is connected").await;
        assert_eq!(sandbox.exchanges(), 1);
        "401 and 0 exchanges; signed in again, the same address connects".into()
    })
    .await;
}

#[tokio::test]
#[ignore = "needs browsers and proxies: run .ci/browser"]
async fn t03_another_user_who_signed_in_in_between_gets_no_key_of_the_first() {
    in_an_app_with_logins("user switch in between", |browser, sandbox, app| async move {
        let callback = approved(&browser, &app, &sandbox).await;
        browser.goto(&format!("{}/sign-in/bob", app.url)).await;
        browser.goto(&callback).await;
        browser.answers(403, "Another user started this connection.").await;
        browser.picture("other-user").await;
        browser.goto(&app.url).await;
        browser.comes_to_say("bob is not connected").await;
        assert_eq!(sandbox.exchanges(), 0);
        "403 and 0 exchanges; neither user is connected".into()
    })
    .await;
}
