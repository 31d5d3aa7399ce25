//! The layer inside a nest, over a nest, and behind a proxy: the redirect URI names the whole public path.

use super::Said::{App, Key, Login, NotFound};
use super::*;

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
    let (fallback, forgets) = (key_route().fallback(text), key_route().layer(root.clone()));
    let twice = Router::new().nest("/a", Router::new().nest("/b", in_ab.clone()).fallback(text));
    let twice_as_services = Router::new().nest_service("/a", Router::new().nest_service("/b", in_ab));
    let before_fallback = nest(api.mount(key_route())).fallback(text);
    // What is said to a login at the site's root, to one at the whole path of the nest, and to a page that wants the key there.
    let rows: Vec<(_, Router, _, _, _)> = vec![
        ("over a nest", nest(key_route()).layer(root.clone()), &root, "/api", [Login, NotFound, Key]),
        ("inside, without a fallback", nest(in_api.clone()), &api, "/api", [NotFound, NotFound, Key]),
        ("inside, over its fallback", nest(fallback.layer(api.clone())), &api, "/api", [NotFound, Login, Key]),
        ("inside nest_service", service(in_api), &api, "/api", [NotFound, Login, Key]),
        ("a redirect URI that forgets the nest", service(forgets), &root, "/api", [NotFound, NotFound, Key]),
        ("twice, with a fallback between", twice, &ab, "/a/b", [NotFound, App, Key]),
        ("twice, as services", twice_as_services, &ab, "/a/b", [NotFound, Login, Key]),
        ("mounted", nest(api.mount(key_route())), &api, "/api", [NotFound, Login, Key]),
        ("mounted, as a service", service(api.mount(key_route())), &api, "/api", [NotFound, Login, Key]),
        ("mounted, before a fallback", before_fallback, &api, "/api", [App, Login, Key]),
    ];
    for (shape, app, connect, nest, wanted) in rows {
        let (inside, page) = (format!("{nest}/komerza/login"), format!("{nest}/x"));
        for (path, wanted) in ["/komerza/login", &inside, &page].into_iter().zip(wanted) {
            assert_eq!(said(app.clone(), path).await, wanted, "{shape}: {path}");
            if wanted == Login {
                let (prefix, _) = path.split_once("/komerza/login").unwrap();
                let login = send(app.clone(), get(path)).await;
                assert_eq!(redirect_uri(&login), format!("{SITE}{prefix}/komerza/callback"), "{shape}");
            }
        }
        let answered = wanted.contains(&Login);
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
async fn behind_a_proxy_that_strips_a_prefix_browsers_see_it_and_the_app_does_not_also_in_a_nest() {
    let connect = not_connected("/shop/komerza/callback", "/shop").await;
    assert_eq!(connect.config().login_path(), "/shop/komerza/login");
    let app = key_route().layer(connect.clone());
    check_mounted(app.clone(), connect.config()).await.unwrap();
    let login = send(app.clone(), get("/komerza/login")).await;
    assert_eq!(redirect_uri(&login), format!("{SITE}/shop/komerza/callback"));
    assert_eq!(said(app.clone(), "/shop/komerza/login").await, NotFound);
    assert_eq!(send(app, page("/x")).await.headers()["location"], "/shop/komerza/login?return_to=%2Fshop%2Fx");

    let connect = not_connected("/shop/api/komerza/callback", "/shop/").await.with_user(everybody_is("alice"));
    let app: Router = Router::new().nest_service("/api", key_route().layer(connect));
    let login = send(app.clone(), get("/api/komerza/login")).await;
    assert_eq!(redirect_uri(&login), format!("{SITE}/shop/api/komerza/callback"));
    assert_eq!(said(app, "/api/x").await, Key);
}
