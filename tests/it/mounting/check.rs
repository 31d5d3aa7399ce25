//! `check_mounted`: what it is not taken in by. What it sees in each shape is in the tables beside.

use super::*;
use metrics_util::debugging::DebuggingRecorder;

#[tokio::test]
async fn it_is_no_visitor_that_is_counted_logged_or_shown_to_a_hook() {
    struct Proud;
    #[async_trait]
    impl Hooks for Proud {
        async fn failed(&self, _: &Failure) -> Option<Response<Body>> {
            Some(Response::default())
        }
    }
    let recorder = DebuggingRecorder::new();
    let _guard = metrics::set_default_local_recorder(&recorder);
    let connect = connected().await.with_hooks(Proud);
    let app = key_route().layer(connect.clone());
    check_mounted(app.clone(), connect.config()).await.unwrap();
    assert!(recorder.snapshotter().snapshot().into_vec().is_empty());
    // A look-up that fails is no visitor's either, but the check says that the log has the reason.
    let failing = by_extractor(async |_: Method| Err::<Option<UserId>, _>(std::io::Error::other("down")));
    let failing = key_route().layer(connected().await.with_user(failing));
    check_signed_in(failing, connect.config(), |_| {}).await.unwrap_err();
    assert_eq!(recorder.snapshotter().snapshot().into_vec().len(), 1);
    // Nor is the hook asked: its 200 would say that somebody is signed in.
    let nobody = connect.clone().with_user(|_: &Parts| None);
    let why = check_signed_in(key_route().layer(nobody), connect.config(), |_| {}).await.unwrap_err();
    assert!(why.to_string().contains("does not know who is signed in (401 Unauthorized)"), "{why}");
    // The same request of a visitor is counted, and the hook answers it.
    let head = http::Request::head("/komerza/login").body(Body::empty()).unwrap();
    assert_eq!(send(app, head).await.status(), 200);
    assert_eq!(recorder.snapshotter().snapshot().into_vec().len(), 3);
}

#[tokio::test]
async fn it_is_not_taken_in_by_a_route_of_the_app_that_answers_405() {
    let connect = connected().await;
    let own = Router::new().route(
        "/komerza/login",
        routing::get(text).post(text).head(|| async { (StatusCode::METHOD_NOT_ALLOWED, [("allow", "GET, POST")]) }),
    );
    assert_eq!(check_mounted(own, connect.config()).await.unwrap_err().path(), "/komerza/login");
    // One path of ours is an app's route, the others arrive.
    let shadowed = Router::new().route("/komerza/status", routing::get(text));
    let app = connect.mount::<()>(key_route()).merge(shadowed);
    assert_eq!(check_mounted(app, connect.config()).await.unwrap_err().path(), "/komerza/status");
}

#[tokio::test]
async fn another_layers_routes_are_not_taken_for_ones_own() {
    let (one, two) = (connected_at("/one/callback", "alice").await, connected_at("/two/callback", "alice").await);
    assert_eq!(check_mounted(key_route().layer(one), two.config()).await.unwrap_err().path(), "/two/login");
}
