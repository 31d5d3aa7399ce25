//! `mount` and `router`: the shapes in which a plain layer loses its routes, and how misuse shows.

use super::{
    assert_layer_missing, assert_login, assert_says, both, connected, connected_at, get, key_route, send, text, whose,
};
use axum::{Router, routing};
use std::panic::{AssertUnwindSafe, catch_unwind};

#[tokio::test]
async fn a_mounted_app_keeps_its_fallback_and_its_wildcard() {
    let connect = connected().await;
    let with_fallback = key_route().fallback(whose);
    let with_wildcard = key_route().route("/{*rest}", routing::get(whose));
    for app in [with_fallback, with_wildcard] {
        let app: Router = connect.mount(app);
        let (login, key) = both(app.clone()).await;
        assert_login(&login);
        assert_says(&key, 200, "the key of alice");
        assert_says(&send(app, get("/nowhere")).await, 200, "the key of alice");
    }
}

#[tokio::test]
async fn a_mounted_app_can_be_nested() {
    let connect = connected_at("/api/komerza/callback", "alice").await;
    let nested: Router = Router::new().nest("/api", connect.mount(key_route()));
    let as_service: Router = Router::new().nest_service("/api", connect.mount::<()>(key_route()));
    for app in [nested.clone(), nested.fallback(text), as_service] {
        assert_login(&send(app.clone(), get("/api/komerza/login")).await);
        assert_says(&send(app, get("/api/x")).await, 200, "the key of alice");
    }
}

#[tokio::test]
async fn a_mounted_app_can_be_merged_on_either_side() {
    let mounted: Router = connected().await.mount(key_route());
    let plain = Router::new().route("/y", routing::get(text));
    for app in [mounted.clone().merge(plain.clone()), plain.merge(mounted)] {
        let (login, key) = both(app.clone()).await;
        assert_login(&login);
        assert_says(&key, 200, "the key of alice");
        assert_says(&send(app, get("/y")).await, 200, "the app's own answer");
    }
}

#[tokio::test]
async fn later_routes_leave_a_mounted_app_whole_and_get_no_key() {
    let app: Router = connected().await.mount(key_route());
    let app = app.route("/late", routing::get(whose));
    let (login, key) = both(app.clone()).await;
    assert_login(&login);
    assert_says(&key, 200, "the key of alice");
    assert_layer_missing(&send(app, get("/late")).await);
}

#[tokio::test]
async fn a_later_fallback_hides_the_whole_mounted_app_and_so_is_noticed() {
    let app: Router = connected().await.mount(key_route());
    let (login, key) = both(app.fallback(text)).await;
    assert_says(&login, 200, "the app's own answer");
    assert_says(&key, 200, "the app's own answer");
}

#[tokio::test]
async fn a_mounted_app_merged_with_a_fallback_panics_at_start_up() {
    let mounted: Router = connected().await.mount(key_route());
    let plain: Router = Router::new().fallback(text);
    assert!(catch_unwind(AssertUnwindSafe(|| mounted.merge(plain))).is_err());
}

#[tokio::test]
async fn a_mounted_app_fits_into_a_router_with_state() {
    let app: Router<u8> = connected().await.mount(key_route());
    let (login, key) = both(app.with_state(7)).await;
    assert_login(&login);
    assert_says(&key, 200, "the key of alice");
}

#[tokio::test]
async fn two_mounts_live_side_by_side() {
    let (one, two) =
        (connected_at("/one/komerza/callback", "alice").await, connected_at("/two/komerza/callback", "bob").await);
    let app: Router =
        Router::new().nest("/one", one.mount(key_route())).nest("/two", two.mount(key_route())).fallback(text);
    for (path, whose) in [("/one", "the key of alice"), ("/two", "the key of bob")] {
        assert_login(&send(app.clone(), get(&format!("{path}/komerza/login"))).await);
        assert_says(&send(app.clone(), get(&format!("{path}/x"))).await, 200, whose);
    }
}

#[tokio::test]
async fn real_routes_survive_later_fallbacks_wildcards_and_merges() {
    let connect = connected().await;
    let app = || key_route().merge(connect.router()).layer(connect.clone());
    let plain = || Router::new().route("/y", routing::get(text)).fallback(text);
    let wildcard = || app().route("/{*rest}", routing::get(text));
    for app in [app(), app().fallback(text), wildcard(), app().merge(plain()), plain().merge(app())] {
        let (login, key) = both(app.clone()).await;
        assert_login(&login);
        assert_says(&key, 200, "the key of alice");
        for (method, path) in
            [("GET", "/komerza/disconnect"), ("POST", "/komerza/callback"), ("HEAD", "/komerza/login")]
        {
            let request = http::Request::builder().method(method).uri(path).body(axum::body::Body::empty()).unwrap();
            assert_eq!(send(app.clone(), request).await.status(), 405, "{method} {path}");
        }
    }
}

#[tokio::test]
async fn real_routes_answer_without_the_layer_but_bring_no_key() {
    let app = key_route().merge(connected().await.router());
    let (login, key) = both(app).await;
    assert_login(&login);
    assert_layer_missing(&key);
}

#[tokio::test]
async fn real_routes_that_clash_with_the_apps_own_panic_at_start_up() {
    let connect = connected().await;
    let app: Router = Router::new().route("/komerza/login", routing::get(text));
    assert!(catch_unwind(AssertUnwindSafe(|| app.merge(connect.router()))).is_err());
}
