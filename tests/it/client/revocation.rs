//! A dead key: what removes its record, and what never does.

use super::*;

const DEAD: (u16, &str) = (401, "BadToken");

#[tokio::test]
async fn t50_a_dead_key_is_forgotten_and_the_error_says_where_to_connect_again() {
    let provider = RawProvider::start().await;
    let app = App::at(&provider.url(), |_| {});
    provider.always(Reply::error(DEAD.0, DEAD.1));
    let error = app.key("obviously-fake-key").await.stores().await.unwrap_err();
    assert!(error.is_revoked() && error.attempts() == 1);
    assert_eq!(error.login_url(), Some("/komerza/login"));
    assert_eq!(app.stored("obviously-fake-key").await, None);
    let answer = error.into_response();
    assert_eq!(
        (answer.status(), answer.headers()["content-type"].to_str().unwrap()),
        (StatusCode::UNAUTHORIZED, "application/problem+json")
    );
    assert_eq!(answer.headers()["cache-control"], "no-store");
}

#[tokio::test]
async fn t50_only_a_401_in_the_providers_envelope_removes_a_record() {
    let provider = RawProvider::start().await;
    let app = App::at(&provider.url(), |limits| limits.client.tries = 1);
    let key = app.key("obviously-fake-key").await;
    for (reply, kind) in [
        (Reply::error(401, "OAuthLoginRequired"), ErrorKind::LoginRequired),
        (Reply::error(401, "SomethingNew"), ErrorKind::Refused),
        (Reply::html(401, "sign in"), ErrorKind::ProviderFault),
        (Reply::new(401, "application/json", ""), ErrorKind::ProviderFault),
        (Reply::envelope(401, &json!({"error": "invalid_token"})), ErrorKind::ProviderFault),
        (Reply::error(404, "NotFound"), ErrorKind::NotFound),
        (Reply::error(403, "AccessDenied"), ErrorKind::AccessDenied),
        (Reply::error(403, "BadToken"), ErrorKind::Refused),
        (Reply::html(403, "not in your region"), ErrorKind::Blocked),
        (Reply::error(500, "BadToken"), ErrorKind::Refused),
        (Reply::envelope(200, &json!({"success": false, "code": "BadToken"})), ErrorKind::Refused),
        (Reply::envelope(401, &json!([false])), ErrorKind::ProviderFault),
    ] {
        provider.on_path_once("/user", reply);
        let error = key.user().await.unwrap_err();
        assert_eq!(error.kind(), kind, "{error}");
        assert!(app.stored("obviously-fake-key").await.is_some(), "{error}");
    }
}

#[tokio::test]
async fn t50_the_app_can_decide_otherwise_what_a_dead_key_is() {
    let provider = RawProvider::start().await;
    let gone = |reply: &Response<Bytes>| reply.status() == StatusCode::GONE;
    let app = App::at(&provider.url(), |_| {}).changed(|layer| layer.with_revocation(gone));
    provider.always(Reply::error(DEAD.0, DEAD.1));
    let key = app.key("obviously-fake-key").await;
    assert!(!key.user().await.unwrap_err().is_revoked());
    assert!(app.stored("obviously-fake-key").await.is_some());
    provider.always(Reply::error(410, "Revoked"));
    assert!(key.user().await.unwrap_err().is_revoked());
    assert_eq!(app.stored("obviously-fake-key").await, None);
}

/// The old key's refusal, the save of a new key, and the removal happen in every order that a thousand runs find.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn t50_a_late_401_of_an_old_record_never_removes_a_new_one() {
    let provider = RawProvider::start().await;
    provider.always(Reply::from_fn(|request| match request.header("authorization") {
        Some("Bearer obviously-fake-old") => Reply::error(DEAD.0, DEAD.1),
        _ => Reply::success(&json!({"id": "u"})),
    }));
    let app = App::at(&provider.url(), |limits| limits.client.bucket.period = Duration::ZERO);
    for round in 0..1_000_u32 {
        let user = format!("user-{round}");
        app.save(&user, "obviously-fake-old").await;
        let old = app.client(&user).await;
        let call = tokio::spawn(async move { old.user().await });
        for _ in 0..round % 40 {
            yield_now().await;
        }
        // Half of them save the very same text again: the version still differs.
        let fresh = if round % 2 == 0 { "obviously-fake-new" } else { "obviously-fake-old" };
        app.save(&user, fresh).await;
        let saved = app.store_version(&user).await;
        assert!(call.await.unwrap().unwrap_err().is_revoked(), "round {round}");
        assert_eq!(app.store_version(&user).await, saved, "round {round}");
    }
}

impl App {
    async fn store_version(&self, user: &str) -> Option<TokenVersion> {
        self.store.load(&UserId::new(user).unwrap()).await.unwrap().map(|token| *token.version())
    }
}
