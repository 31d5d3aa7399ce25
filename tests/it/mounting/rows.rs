//! One axum router and the layer: what works, and what loses the routes without a word. `check_mounted` tells which.

use super::Said::{self, App, Key, LayerMissing, Login, NotFound};
use super::*;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// A shape, and what is said there to a login, at `/x`, which wants the key, and at `/y`.
type Row = (&'static str, Router, Said, Said, Said);

async fn check(connect: &KomerzaConnectLayer, rows: Vec<Row>) {
    for (shape, app, login, x, y) in rows {
        for (path, wanted) in [("/komerza/login", login), ("/x", x), ("/y", y)] {
            assert_eq!(said(app.clone(), path).await, wanted, "{shape}: {path}");
        }
        match check_mounted(app, connect.config()).await {
            Ok(()) => assert_eq!(login, Login, "{shape} passes the check"),
            Err(lost) => {
                assert_eq!((login != Login, lost.path()), (true, "/komerza/login"), "{shape}");
                assert!(lost.to_string().contains("connect.mount(app)"), "{shape}: {lost}");
            }
        }
    }
}

/// A router with a route at `/y` that wants the key.
fn plain() -> Router {
    Router::new().route("/y", routing::get(whose))
}

/// A router with a route of ours.
fn of_ours() -> Router {
    Router::new().route("/komerza/login", routing::get(text))
}

#[tokio::test]
async fn a_layer_over_some_of_the_app_loses_the_routes_or_the_key_and_says_so() {
    let connect = connected().await;
    let layered = || key_route().layer(connect.clone());
    let under = |app: Router| app.layer(connect.clone());
    let on_one = Router::new().route("/x", routing::get(whose).layer(connect.clone()));
    let rows = vec![
        ("no layer", key_route(), NotFound, LayerMissing, NotFound),
        ("after the last route", layered(), Login, Key, NotFound),
        ("no routes", under(Router::new()), Login, NotFound, NotFound),
        ("over a fallback", under(key_route().fallback(whose)), Login, Key, Key),
        ("over a fallback service", under(key_route().fallback_service(routing::get(whose))), Login, Key, Key),
        ("over a wildcard", under(Router::new().route("/{*rest}", routing::get(whose))), Login, Key, Key),
        ("over a route of ours", under(of_ours()), Login, NotFound, NotFound),
        ("before a fallback", layered().fallback(text), App, Key, App),
        ("before a fallback service", layered().fallback_service(routing::get(text)), App, Key, App),
        ("before a fallback that wants the key", layered().fallback(whose), LayerMissing, Key, LayerMissing),
        ("before a route", layered().route("/y", routing::get(whose)), Login, Key, LayerMissing),
        ("before a wildcard", layered().route("/{*rest}", routing::get(whose)), LayerMissing, Key, LayerMissing),
        ("as a route layer", key_route().route_layer(connect.clone()), NotFound, Key, NotFound),
        ("on one method router", on_one, NotFound, Key, NotFound),
        ("a router merged into it", layered().merge(plain()), NotFound, Key, LayerMissing),
        ("merged into a router", plain().merge(layered()), Login, Key, LayerMissing),
        ("a router with a fallback merged into it", layered().merge(plain().fallback(text)), App, Key, LayerMissing),
        ("merged into a router with a fallback", plain().fallback(text).merge(layered()), App, Key, LayerMissing),
    ];
    check(&connect, rows).await;
}

#[tokio::test]
async fn a_mounted_app_and_real_routes_survive_what_a_layer_does_not() {
    let connect = connected().await;
    let mount = |app: Router| -> Router { connect.mount(app) };
    let mounted = || mount(key_route());
    let plain = || Router::new().route("/y", routing::get(text));
    let with_state: Router<u8> = connect.mount(Router::new().route("/x", routing::get(whose)));
    let real = || key_route().merge(connect.router()).layer(connect.clone());
    let rows = vec![
        ("mounted", mounted(), Login, Key, NotFound),
        ("mounted, with a fallback", mount(key_route().fallback(whose)), Login, Key, Key),
        ("mounted, with a wildcard", mount(key_route().route("/{*rest}", routing::get(whose))), Login, Key, Key),
        ("mounted, with a router merged into it", mounted().merge(plain()), Login, Key, App),
        ("mounted, merged into a router", plain().merge(mounted()), Login, Key, App),
        ("mounted, before a route", mounted().route("/y", routing::get(whose)), Login, Key, LayerMissing),
        // It hides the whole app, and so is noticed.
        ("mounted, before a fallback", mounted().fallback(text), App, App, App),
        ("mounted in a router with state", with_state.with_state(7), Login, Key, NotFound),
        ("real routes without the layer", key_route().merge(connect.router()), Login, LayerMissing, NotFound),
        ("real routes", real(), Login, Key, NotFound),
        ("real routes, before a fallback", real().fallback(text), Login, Key, App),
        ("real routes, before a wildcard", real().route("/{*rest}", routing::get(text)), Login, Key, App),
        ("real routes, with a router merged into them", real().merge(plain().fallback(text)), Login, Key, App),
        ("real routes, merged into a router", plain().fallback(text).merge(real()), Login, Key, App),
    ];
    for (shape, app, ..) in rows.iter().filter(|(shape, ..)| shape.starts_with("real routes")) {
        for (method, path) in
            [("GET", "/komerza/disconnect"), ("POST", "/komerza/callback"), ("HEAD", "/komerza/login")]
        {
            let request = Request::builder().method(method).uri(path).body(Body::empty()).unwrap();
            assert_eq!(send(app.clone(), request).await.status(), 405, "{shape}: {method} {path}");
        }
    }
    check(&connect, rows).await;
}

#[tokio::test]
async fn what_clashes_panics_at_start_up() {
    let connect = connected().await;
    assert!(catch_unwind(AssertUnwindSafe(|| of_ours().merge(connect.router()))).is_err());
    let with_fallback: Router = Router::new().fallback(text);
    assert!(catch_unwind(AssertUnwindSafe(|| connect.mount(key_route()).merge(with_fallback))).is_err());
}

#[tokio::test]
async fn around_a_whole_router_nothing_gets_past_the_layer() {
    let app = || key_route().fallback(whose).with_state(());
    let connect = connected().await;
    let wrapped = connect.layer(app());
    let built = ServiceBuilder::new().layer(connect.clone()).service(app());
    for path in ["/x", "/nowhere"] {
        assert_eq!((said(wrapped.clone(), path).await, said(built.clone(), path).await), (Key, Key));
    }
    assert_login(&send(built, get("/komerza/login")).await);
    check_mounted(wrapped, connect.config()).await.unwrap();
}

#[tokio::test]
async fn a_method_that_a_route_of_the_app_lacks_is_still_the_routers_affair() {
    let post = || Request::post("/x").body(Body::empty()).unwrap();
    let app = key_route().method_not_allowed_fallback(whose).layer(connected().await);
    assert_says(&send(app, post()).await, 200, "the key of alice");
    let answer = send(key_route().layer(connected().await), post()).await;
    assert_eq!((answer.status().as_u16(), answer.headers()["allow"].to_str().unwrap()), (405, "GET,HEAD"));
}

#[tokio::test]
async fn a_path_that_is_only_alike_belongs_to_the_app() {
    let app = Router::new().fallback(text).layer(connected().await);
    let all = "/komerza/login/ /%6bomerza/login /Komerza/login //komerza/login /komerza//login /komerza/./login \
         /a/komerza/login /login /komerza /";
    for path in all.split(' ') {
        assert_eq!(said(app.clone(), path).await, App, "{path}");
    }
}
