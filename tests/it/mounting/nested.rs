//! The layer inside a nest, over a nest, and behind a proxy: the redirect URI names the whole public path.

use super::{
    ORIGIN, assert_login, assert_says, config_at, connected, connected_at, everybody_is, get, key_route, send,
    store_with, text, whose,
};
use axum::{Router, routing};
use http::{Request, Response};
use komerza_connect::KomerzaConnectLayer;
use url::Url;

/// What the login says about where the browser comes back.
fn redirect_uri(login: &Response<String>) -> String {
    assert_login(login);
    let location = Url::parse(login.headers()["location"].to_str().unwrap()).unwrap();
    location.query_pairs().find(|(name, _)| name == "redirect_uri").unwrap().1.into_owned()
}

#[tokio::test]
async fn a_layer_over_a_nest_is_answered_at_the_root_and_brings_the_key_inside() {
    let app = Router::new().nest("/api", key_route()).layer(connected().await);
    assert_login(&send(app.clone(), get("/komerza/login")).await);
    assert_eq!(send(app.clone(), get("/api/komerza/login")).await.status(), 404);
    assert_says(&send(app, get("/api/x")).await, 200, "the key of alice");
}

#[tokio::test]
async fn a_layer_inside_a_nest_without_a_fallback_loses_the_routes_but_brings_the_key() {
    let inner = key_route().layer(connected_at("/api/komerza/callback", "alice").await);
    let app: Router = Router::new().nest("/api", inner);
    assert_eq!(send(app.clone(), get("/api/komerza/login")).await.status(), 404);
    assert_says(&send(app, get("/api/x")).await, 200, "the key of alice");
}

#[tokio::test]
async fn a_layer_inside_a_nest_over_its_own_fallback_is_answered_at_the_whole_path() {
    let inner = key_route().fallback(text).layer(connected_at("/api/komerza/callback", "alice").await);
    let app: Router = Router::new().nest("/api", inner);
    let login = send(app.clone(), get("/api/komerza/login")).await;
    assert_eq!(redirect_uri(&login), format!("{ORIGIN}/api/komerza/callback"));
    assert_eq!(send(app.clone(), get("/komerza/login")).await.status(), 404);
    assert_says(&send(app, get("/api/x")).await, 200, "the key of alice");
}

#[tokio::test]
async fn a_layer_inside_nest_service_is_answered_at_the_whole_path() {
    let inner = key_route().layer(connected_at("/api/komerza/callback", "alice").await);
    let app: Router = Router::new().nest_service("/api", inner);
    let login = send(app.clone(), get("/api/komerza/login")).await;
    assert_eq!(redirect_uri(&login), format!("{ORIGIN}/api/komerza/callback"));
    assert_says(&send(app, get("/api/x")).await, 200, "the key of alice");
}

#[tokio::test]
async fn a_redirect_uri_that_forgets_the_nest_leaves_the_routes_to_the_app() {
    let inner = key_route().layer(connected().await);
    let app: Router = Router::new().nest_service("/api", inner);
    for path in ["/api/komerza/login", "/komerza/login"] {
        assert_eq!(send(app.clone(), get(path)).await.status(), 404, "{path}");
    }
}

#[tokio::test]
async fn nested_twice_the_middle_fallback_answers_before_the_layer() {
    let inner = key_route().layer(connected_at("/a/b/komerza/callback", "alice").await);
    let middle = Router::new().nest("/b", inner).fallback(text);
    let app: Router = Router::new().nest("/a", middle);
    assert_says(&send(app.clone(), get("/a/b/komerza/login")).await, 200, "the app's own answer");
    assert_says(&send(app, get("/a/b/x")).await, 200, "the key of alice");
}

#[tokio::test]
async fn nested_twice_as_services_the_whole_path_counts() {
    let inner = key_route().layer(connected_at("/a/b/komerza/callback", "alice").await);
    let app: Router = Router::new().nest_service("/a", Router::new().nest_service("/b", inner));
    let login = send(app.clone(), get("/a/b/komerza/login")).await;
    assert_eq!(redirect_uri(&login), format!("{ORIGIN}/a/b/komerza/callback"));
    assert_says(&send(app, get("/a/b/x")).await, 200, "the key of alice");
}

#[tokio::test]
async fn a_nested_page_that_needs_the_key_is_wanted_by_its_whole_path() {
    let callback = "/api/komerza/callback";
    let connect = KomerzaConnectLayer::new(config_at(callback).build().unwrap(), store_with("alice").await).unwrap();
    let inner = Router::new().route("/x", routing::get(whose)).layer(connect.with_user(everybody_is("bob")));
    let app: Router = Router::new().nest_service("/api", inner);
    let page = Request::get("/api/x?page=2").header("accept", "text/html").body(axum::body::Body::empty()).unwrap();
    let answer = send(app, page).await;
    assert_eq!(answer.status(), 303);
    assert_eq!(answer.headers()["location"], "/api/komerza/login?return_to=%2Fapi%2Fx%3Fpage%3D2");
}

#[tokio::test]
async fn behind_a_proxy_that_strips_a_prefix_browsers_see_it_and_the_app_does_not() {
    let config = config_at("/shop/komerza/callback").stripped_prefix("/shop").build().unwrap();
    assert_eq!(config.login_path(), "/shop/komerza/login");
    let connect = KomerzaConnectLayer::new(config, store_with("alice").await).unwrap();
    let app = key_route().layer(connect.with_user(everybody_is("bob")));
    assert_eq!(
        redirect_uri(&send(app.clone(), get("/komerza/login")).await),
        format!("{ORIGIN}/shop/komerza/callback")
    );
    assert_eq!(send(app.clone(), get("/shop/komerza/login")).await.status(), 404);
    let page = Request::get("/x").header("accept", "text/html").body(axum::body::Body::empty()).unwrap();
    assert_eq!(send(app, page).await.headers()["location"], "/shop/komerza/login?return_to=%2Fshop%2Fx");
}

#[tokio::test]
async fn a_proxy_and_a_nest_together_make_one_public_path() {
    let config = config_at("/shop/api/komerza/callback").stripped_prefix("/shop/").build().unwrap();
    let connect = KomerzaConnectLayer::new(config, store_with("alice").await).unwrap();
    let inner = key_route().layer(connect.with_user(everybody_is("alice")));
    let app: Router = Router::new().nest_service("/api", inner);
    let login = send(app.clone(), get("/api/komerza/login")).await;
    assert_eq!(redirect_uri(&login), format!("{ORIGIN}/shop/api/komerza/callback"));
    assert_says(&send(app, get("/api/x")).await, 200, "the key of alice");
}
