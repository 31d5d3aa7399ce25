//! `check_mounted`: what it sees, in the shapes of the table, and that it touches nothing.

use super::{config_at, connected, connected_at, key_route, send, text};
use axum::{Router, routing};
use komerza_connect::layer::check_mounted;
use komerza_connect::{Failure, Hooks, KomerzaConnectLayer, MemoryStore, async_trait};
use metrics_util::debugging::DebuggingRecorder;
use tower::Layer;

#[tokio::test]
async fn it_passes_wherever_the_routes_are_answered() {
    let connect = connected().await;
    let app = || key_route().fallback(text);
    check_mounted(app().layer(connect.clone()), connect.config()).await.unwrap();
    check_mounted(connect.layer(app().with_state(())), connect.config()).await.unwrap();
    check_mounted(connect.mount::<()>(app()), connect.config()).await.unwrap();
    check_mounted(app().merge(connect.router()), connect.config()).await.unwrap();
    let nested = connected_at("/api/komerza/callback", "alice").await;
    let app: Router = Router::new().nest_service("/api", key_route().layer(nested.clone()));
    check_mounted(app, nested.config()).await.unwrap();
    let proxied = config_at("/shop/komerza/callback").stripped_prefix("/shop").build().unwrap();
    let proxied = KomerzaConnectLayer::new(proxied, MemoryStore::default()).unwrap();
    check_mounted(key_route().layer(proxied.clone()), proxied.config()).await.unwrap();
}

#[tokio::test]
async fn it_is_no_visitor_that_is_counted_logged_or_shown_to_a_hook() {
    struct Proud;
    #[async_trait]
    impl Hooks for Proud {
        async fn failed(&self, _: &Failure) -> Option<http::Response<axum::body::Body>> {
            Some(http::Response::default())
        }
    }
    let recorder = DebuggingRecorder::new();
    let _guard = metrics::set_default_local_recorder(&recorder);
    let connect = connected().await.with_hooks(Proud);
    let app = key_route().layer(connect.clone());
    check_mounted(app.clone(), connect.config()).await.unwrap();
    assert!(recorder.snapshotter().snapshot().into_vec().is_empty());
    // The same request of a visitor is counted, and the hook answers it.
    let head = http::Request::head("/komerza/login").body(axum::body::Body::empty()).unwrap();
    assert_eq!(send(app, head).await.status(), 200);
    assert_eq!(recorder.snapshotter().snapshot().into_vec().len(), 1);
}

#[tokio::test]
async fn it_names_the_route_that_got_lost_and_the_remedy() {
    let connect = connected().await;
    let layered = || key_route().layer(connect.clone());
    for app in [
        key_route(),
        layered().fallback(text),
        layered().route("/{*rest}", routing::get(text)),
        layered().merge(Router::new().route("/y", routing::get(text))),
        key_route().route_layer(connect.clone()),
        Router::new().nest("/api", layered()),
    ] {
        let lost = check_mounted(app, connect.config()).await.unwrap_err();
        assert_eq!(lost.path(), "/komerza/login");
        assert!(lost.to_string().contains("connect.mount(app)"), "{lost}");
    }
}

#[tokio::test]
async fn it_is_not_taken_in_by_a_route_of_the_app_that_answers_405() {
    let connect = connected().await;
    let own = Router::new().route(
        "/komerza/login",
        routing::get(text)
            .post(text)
            .head(|| async { (http::StatusCode::METHOD_NOT_ALLOWED, [("allow", "GET, POST")]) }),
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
