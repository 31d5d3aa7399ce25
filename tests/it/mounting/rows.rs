//! One axum router and the layer: what works, and what loses the routes without a word.

use super::{assert_layer_missing, assert_login, assert_says, both, connected, get, key_route, send, text, whose};
use axum::{Router, body::Body, routing};
use http::{Method, Request};
use tower::{Layer, ServiceBuilder};

#[tokio::test]
async fn a_layer_after_the_last_route_is_answered() {
    let (login, key) = both(key_route().layer(connected().await)).await;
    assert_login(&login);
    assert_says(&key, 200, "the key of alice");
}

#[tokio::test]
async fn a_layer_on_a_router_without_routes_is_answered() {
    let app: Router = Router::new().layer(connected().await);
    assert_login(&send(app.clone(), get("/komerza/login")).await);
    assert_eq!(send(app, get("/x")).await.status(), 404);
}

#[tokio::test]
async fn a_fallback_before_the_layer_is_under_it() {
    for app in [key_route().fallback(whose), key_route().fallback_service(routing::get(whose))] {
        let app = app.layer(connected().await);
        assert_login(&send(app.clone(), get("/komerza/login")).await);
        assert_says(&send(app, get("/nowhere")).await, 200, "the key of alice");
    }
}

#[tokio::test]
async fn a_fallback_after_the_layer_takes_the_routes_away() {
    let layered = key_route().layer(connected().await);
    for app in [layered.clone().fallback(text), layered.fallback_service(routing::get(text))] {
        let (login, key) = both(app).await;
        assert_says(&login, 200, "the app's own answer");
        assert_says(&key, 200, "the key of alice");
    }
}

#[tokio::test]
async fn a_fallback_after_the_layer_gets_no_key_and_is_told_why() {
    let app = key_route().layer(connected().await).fallback(whose);
    assert_layer_missing(&send(app, get("/nowhere")).await);
}

#[tokio::test]
async fn a_route_after_the_layer_gets_no_key_and_is_told_why() {
    let app = key_route().layer(connected().await).route("/late", routing::get(whose));
    assert_layer_missing(&send(app.clone(), get("/late")).await);
    let (login, key) = both(app).await;
    assert_login(&login);
    assert_says(&key, 200, "the key of alice");
}

#[tokio::test]
async fn a_wildcard_after_the_layer_takes_the_routes_away() {
    let app = key_route().layer(connected().await).route("/{*rest}", routing::get(whose));
    assert_layer_missing(&send(app, get("/komerza/login")).await);
}

#[tokio::test]
async fn a_wildcard_before_the_layer_is_under_it() {
    let app = Router::new().route("/{*rest}", routing::get(whose)).layer(connected().await);
    let (login, key) = both(app).await;
    assert_login(&login);
    assert_says(&key, 200, "the key of alice");
}

#[tokio::test]
async fn a_route_layer_has_no_routes_of_its_own_but_brings_the_key() {
    let (login, key) = both(key_route().route_layer(connected().await)).await;
    assert_eq!(login.status(), 404);
    assert_says(&key, 200, "the key of alice");
}

#[tokio::test]
async fn a_layer_on_one_method_router_has_no_routes_of_its_own_but_brings_the_key() {
    let app = Router::new().route("/x", routing::get(whose).layer(connected().await));
    let (login, key) = both(app).await;
    assert_eq!(login.status(), 404);
    assert_says(&key, 200, "the key of alice");
}

#[tokio::test]
async fn a_router_merged_into_a_layered_one_takes_the_routes_away() {
    let plain = || Router::new().route("/y", routing::get(whose));
    let app = key_route().layer(connected().await).merge(plain());
    assert_layer_missing(&send(app.clone(), get("/y")).await);
    let (login, key) = both(app).await;
    assert_eq!(login.status(), 404);
    assert_says(&key, 200, "the key of alice");
}

#[tokio::test]
async fn a_layered_router_merged_into_a_plain_one_is_answered() {
    let plain = Router::new().route("/y", routing::get(whose));
    let app = plain.merge(key_route().layer(connected().await));
    assert_layer_missing(&send(app.clone(), get("/y")).await);
    let (login, key) = both(app).await;
    assert_login(&login);
    assert_says(&key, 200, "the key of alice");
}

#[tokio::test]
async fn a_merge_in_which_the_other_side_has_a_fallback_takes_the_routes_away() {
    let layered = key_route().layer(connected().await);
    let plain = Router::new().route("/y", routing::get(whose)).fallback(text);
    for app in [layered.clone().merge(plain.clone()), plain.merge(layered)] {
        let (login, key) = both(app).await;
        assert_says(&login, 200, "the app's own answer");
        assert_says(&key, 200, "the key of alice");
    }
}

#[tokio::test]
async fn around_a_whole_router_nothing_gets_past_the_layer() {
    let app = || key_route().fallback(whose).with_state(());
    let connect = connected().await;
    let wrapped = connect.layer(app());
    assert_login(&send(wrapped.clone(), get("/komerza/login")).await);
    assert_says(&send(wrapped, get("/nowhere")).await, 200, "the key of alice");
    let built = ServiceBuilder::new().layer(connect).service(app());
    assert_login(&send(built.clone(), get("/komerza/login")).await);
    assert_says(&send(built, get("/x")).await, 200, "the key of alice");
}

#[tokio::test]
async fn a_route_of_the_app_with_the_path_of_ours_is_shadowed() {
    let app = Router::new().route("/komerza/login", routing::get(text)).layer(connected().await);
    assert_login(&send(app, get("/komerza/login")).await);
}

#[tokio::test]
async fn a_method_that_a_route_of_the_app_lacks_is_still_the_routers_affair() {
    let app = key_route().method_not_allowed_fallback(whose).layer(connected().await);
    let post = Request::post("/x").body(Body::empty()).unwrap();
    assert_says(&send(app, post).await, 200, "the key of alice");
    let post = Request::post("/x").body(Body::empty()).unwrap();
    let answer = send(key_route().layer(connected().await), post).await;
    assert_eq!((answer.status().as_u16(), answer.headers()["allow"].to_str().unwrap()), (405, "GET,HEAD"));
}

#[tokio::test]
async fn a_path_that_is_only_alike_belongs_to_the_app() {
    let app = Router::new().fallback(text).layer(connected().await);
    for path in [
        "/komerza/login/",
        "/%6bomerza/login",
        "/Komerza/login",
        "//komerza/login",
        "/komerza//login",
        "/komerza/./login",
        "/a/komerza/login",
        "/login",
        "/komerza",
        "/",
    ] {
        assert_says(&send(app.clone(), get(path)).await, 200, "the app's own answer");
    }
}
