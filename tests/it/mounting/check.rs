//! `check_mounted`: what it is not taken in by. What it sees in each shape is in the tables beside.

use super::{connected, connected_at, key_route, text};
use axum::{Router, routing};
use komerza_connect::layer::check_mounted;

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
