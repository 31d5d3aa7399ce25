//! The layer inside a nest, over a nest, and behind a proxy: the redirect URI names the whole public path.

use super::{
    ORIGIN,
    Said::{App, Key, Login, NotFound},
    assert_login, config_at, connected, connected_at, everybody_is, get, key_route, page, said, send, store_with, text,
};
use crate::prelude::*;
use komerza_connect::layer::check_mounted;
use url::Url;

/// What the login says about where the browser comes back.
fn redirect_uri(login: &Response<String>) -> String {
    assert_login(login);
    let location = Url::parse(login.headers()["location"].to_str().unwrap()).unwrap();
    location.query_pairs().find(|(name, _)| name == "redirect_uri").unwrap().1.into_owned()
}

#[tokio::test]
async fn the_layer_is_answered_at_the_whole_path_or_not_at_all() {
    let (root, api, ab) = (
        connected().await,
        connected_at("/api/komerza/callback", "alice").await,
        connected_at("/a/b/komerza/callback", "alice").await,
    );
    let (in_api, in_ab) = (key_route().layer(api.clone()), key_route().layer(ab.clone()));
    let nest = |inner: Router| Router::new().nest("/api", inner);
    let service = |inner: Router| Router::new().nest_service("/api", inner);
    let rows: Vec<(_, Router, _, _)> = vec![
        (
            "over a nest",
            nest(key_route()).layer(root.clone()),
            &root,
            [("/komerza/login", Login), ("/api/komerza/login", NotFound), ("/api/x", Key)],
        ),
        (
            "inside, without a fallback",
            nest(in_api.clone()),
            &api,
            [("/komerza/login", NotFound), ("/api/komerza/login", NotFound), ("/api/x", Key)],
        ),
        (
            "inside, over a fallback of its own",
            nest(key_route().fallback(text).layer(api.clone())),
            &api,
            [("/komerza/login", NotFound), ("/api/komerza/login", Login), ("/api/x", Key)],
        ),
        (
            "inside nest_service",
            service(in_api),
            &api,
            [("/komerza/login", NotFound), ("/api/komerza/login", Login), ("/api/x", Key)],
        ),
        (
            "a redirect URI that forgets the nest",
            service(key_route().layer(root.clone())),
            &root,
            [("/komerza/login", NotFound), ("/api/komerza/login", NotFound), ("/api/x", Key)],
        ),
        (
            "twice, with a fallback between",
            Router::new().nest("/a", Router::new().nest("/b", in_ab.clone()).fallback(text)),
            &ab,
            [("/komerza/login", NotFound), ("/a/b/komerza/login", App), ("/a/b/x", Key)],
        ),
        (
            "twice, as services",
            Router::new().nest_service("/a", Router::new().nest_service("/b", in_ab)),
            &ab,
            [("/komerza/login", NotFound), ("/a/b/komerza/login", Login), ("/a/b/x", Key)],
        ),
        (
            "mounted",
            nest(api.mount(key_route())),
            &api,
            [("/komerza/login", NotFound), ("/api/komerza/login", Login), ("/api/x", Key)],
        ),
        (
            "mounted, as a service",
            service(api.mount(key_route())),
            &api,
            [("/komerza/login", NotFound), ("/api/komerza/login", Login), ("/api/x", Key)],
        ),
        (
            "mounted, before a fallback",
            nest(api.mount(key_route())).fallback(text),
            &api,
            [("/komerza/login", App), ("/api/komerza/login", Login), ("/api/x", Key)],
        ),
    ];
    for (shape, app, connect, wanted) in rows {
        for (path, wanted) in wanted {
            assert_eq!(said(app.clone(), path).await, wanted, "{shape}: {path}");
            if wanted == Login {
                let (prefix, _) = path.split_once("/komerza/login").unwrap();
                let login = send(app.clone(), get(path)).await;
                assert_eq!(redirect_uri(&login), format!("{ORIGIN}{prefix}/komerza/callback"), "{shape}");
            }
        }
        let answered = wanted.iter().any(|(_, wanted)| *wanted == Login);
        assert_eq!(check_mounted(app, connect.config()).await.is_ok(), answered, "{shape}");
    }
}

#[tokio::test]
async fn two_mounts_live_side_by_side() {
    let (one, two) =
        (connected_at("/one/komerza/callback", "alice").await, connected_at("/two/komerza/callback", "bob").await);
    let app: Router =
        Router::new().nest("/one", one.mount(key_route())).nest("/two", two.mount(key_route())).fallback(text);
    for (path, whose) in [("/one", "the key of alice"), ("/two", "the key of bob")] {
        assert_login(&send(app.clone(), get(&format!("{path}/komerza/login"))).await);
        assert_eq!(send(app.clone(), get(&format!("{path}/x"))).await.body(), whose);
    }
}

/// A layer for somebody who is not connected, with the public prefix that a proxy strips.
async fn not_connected(callback: &str, stripped: &str) -> KomerzaConnectLayer {
    let config = config_at(callback).stripped_prefix(stripped).build().unwrap();
    KomerzaConnectLayer::new(config, store_with("alice").await).unwrap().with_user(everybody_is("bob"))
}

#[tokio::test]
async fn a_nested_page_that_needs_the_key_is_wanted_by_its_whole_path() {
    let connect = connected_at("/api/komerza/callback", "alice").await.with_user(everybody_is("bob"));
    let app: Router = Router::new().nest_service("/api", key_route().layer(connect));
    let answer = send(app, page("/api/x?page=2")).await;
    assert_eq!(answer.status(), 303);
    assert_eq!(answer.headers()["location"], "/api/komerza/login?return_to=%2Fapi%2Fx%3Fpage%3D2");
}

#[tokio::test]
async fn behind_a_proxy_that_strips_a_prefix_browsers_see_it_and_the_app_does_not() {
    let connect = not_connected("/shop/komerza/callback", "/shop").await;
    assert_eq!(connect.config().login_path(), "/shop/komerza/login");
    let app = key_route().layer(connect.clone());
    check_mounted(app.clone(), connect.config()).await.unwrap();
    let login = send(app.clone(), get("/komerza/login")).await;
    assert_eq!(redirect_uri(&login), format!("{ORIGIN}/shop/komerza/callback"));
    assert_eq!(said(app.clone(), "/shop/komerza/login").await, NotFound);
    assert_eq!(send(app, page("/x")).await.headers()["location"], "/shop/komerza/login?return_to=%2Fshop%2Fx");
}

#[tokio::test]
async fn a_proxy_and_a_nest_together_make_one_public_path() {
    let connect = not_connected("/shop/api/komerza/callback", "/shop/").await.with_user(everybody_is("alice"));
    let app: Router = Router::new().nest_service("/api", key_route().layer(connect));
    let login = send(app.clone(), get("/api/komerza/login")).await;
    assert_eq!(redirect_uri(&login), format!("{ORIGIN}/shop/api/komerza/callback"));
    assert_eq!(said(app, "/api/x").await, Key);
}
