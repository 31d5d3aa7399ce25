//! The two orders of this layer and the app's session layer: the wrong one is named in the log and by the check.

use super::*;
use axum::{Extension, extract::Request, response::Response};
use http::{HeaderValue, header::COOKIE};

#[derive(Clone)]
struct SignedIn(String);

/// A session layer: the cookie names the user.
async fn session(mut request: Request, next: Next) -> Response {
    let user = request.headers().get(COOKIE).and_then(|cookie| cookie.to_str().ok()?.strip_prefix("session="));
    if let Some(user) = user.map(str::to_owned) {
        request.extensions_mut().insert(SignedIn(user));
    }
    next.run(request).await
}

/// A middleware that takes the user away.
async fn sign_out(mut request: Request, next: Next) -> Response {
    request.extensions_mut().remove::<SignedIn>();
    next.run(request).await
}

/// A callback of its own for each test, so that its log lines are told apart.
async fn connect(user: &'static str) -> KomerzaConnectLayer {
    let config = config_at("/komerza/callback").build().unwrap();
    let find = |user: Option<Extension<SignedIn>>| user.and_then(|Extension(user)| UserId::new(user.0).ok());
    KomerzaConnectLayer::new(config, store_with(user).await).unwrap().with_user(by_extractor(find))
}

fn signed_in(mut request: http::Request<Body>) -> http::Request<Body> {
    request.headers_mut().insert(COOKIE, HeaderValue::from_static("session=alice"));
    request
}

fn errors(log: &Log) -> usize {
    log.lines_with(&["ERROR", "layer_order"]).len()
}

#[tokio::test]
async fn the_order_of_the_layers_is_noticed_when_it_is_wrong_and_named_once() {
    let log = Log::from_now();
    let connect = connect("alice").await;
    let app = || key_route().layer(connect.clone()).layer(from_fn(session));
    // The right order: nothing is said, however many ask.
    for _ in 0..3 {
        assert_eq!(send(app(), get("/x")).await.status(), 401);
        assert_eq!(send(app(), signed_in(get("/x"))).await.body(), "the key of alice");
        assert_eq!(send(app(), get("/komerza/login")).await.status(), 401);
        assert_eq!(send(app(), signed_in(get("/komerza/login"))).await.status(), 303);
    }
    assert_eq!(errors(&log), 0);
    check_signed_in(app(), connect.config(), |request| {
        request.headers_mut().insert(COOKIE, HeaderValue::from_static("session=alice"));
    })
    .await
    .unwrap();
    // Nobody is signed in: the check says so, with the other thing that may be wrong.
    let why = check_signed_in(app(), connect.config(), |_| {}).await.unwrap_err().to_string();
    assert!(why.starts_with("GET /komerza/status does not know who is signed in (401 Unauthorized)"), "{why}");

    let connect = self::connect("alice").await;
    let wrong = || key_route().layer(from_fn(session)).layer(connect.clone());
    for _ in 0..2 {
        assert_eq!(send(wrong(), get("/x")).await.status(), 401);
        assert_eq!(send(wrong(), signed_in(get("/x"))).await.body(), "the key of alice");
        assert_eq!(send(wrong(), get("/komerza/login")).await.status(), 401);
    }
    assert_eq!(errors(&log), 0, "only others asked to log in");
    for _ in 0..2 {
        assert_eq!(send(wrong(), signed_in(get("/komerza/login"))).await.status(), 401);
    }
    let words = ["ERROR", "code=\"layer_order\"", "handlers know who is signed in", "before your session layer"];
    assert_eq!(log.lines_with(&words).len(), 1, "{:?}", log.lines_with(&["layer_order"]));
    let why = check_signed_in(wrong(), connect.config(), |request| *request = signed_in(get("/komerza/status")));
    let why = why.await.unwrap_err();
    assert_eq!(why.path(), "/komerza/status");
    assert!(why.to_string().contains("before your session layer: `.layer(connect).layer(auth)`"), "{why}");
    // A handler that is asked after the login route.
    let connect = self::connect("alice").await;
    let reversed = || key_route().layer(from_fn(sign_out)).layer(connect.clone()).layer(from_fn(session));
    assert_eq!(send(reversed(), signed_in(get("/komerza/login"))).await.status(), 303);
    assert_eq!(send(reversed(), signed_in(get("/x"))).await.status(), 401);
    assert_eq!(log.lines_with(&["ERROR", "code=\"layer_order_reversed\""]).len(), 1);
}

#[tokio::test]
async fn two_layers_with_one_redirect_uri_are_named_once() {
    let log = Log::from_now();
    let said = || log.lines_with(&["ERROR", "code=\"two_layers\"", "Make one layer and add it once"]).len();
    let two = [connect("alice").await, connect("alice").await];
    let app = |inner: &KomerzaConnectLayer, outer: &KomerzaConnectLayer| {
        key_route().layer(inner.clone()).layer(outer.clone()).layer(from_fn(session))
    };
    for other in [
        config_at("/other/callback"),
        config_at("/komerza/callback").redirect_uri("https://b.example/komerza/callback"),
    ] {
        let other = KomerzaConnectLayer::new(other.build().unwrap(), MemoryStore::default()).unwrap();
        assert_eq!(send(app(&two[0], &other), signed_in(get("/x"))).await.status(), 200);
    }
    assert_eq!(send(app(&two[0], &two[0]), signed_in(get("/x"))).await.status(), 200);
    assert_eq!(said(), 0, "two apps of Komerza, or one layer twice");
    for _ in 0..2 {
        assert_eq!(send(app(&two[0], &two[1]), signed_in(get("/x"))).await.status(), 200);
    }
    assert_eq!(said(), 1);
}

#[tokio::test]
async fn a_user_is_found_by_any_extractor_at_once_or_later_and_a_refusal_is_no_user_only_if_it_says_so() {
    let config = || config_at("/komerza/callback").build().unwrap();
    let layer = || KomerzaConnectLayer::new(config(), MemoryStore::default()).unwrap();
    let id = |Extension(user): Extension<SignedIn>| UserId::new(user.0).ok();
    let apps = [
        layer().with_user(by_extractor(id)),
        layer().with_user(by_extractor(move |user| async move { id(user) })),
        layer().with_user(by_extractor(move |user| async move { Ok::<_, std::io::Error>(id(user)) })),
    ];
    for connect in apps {
        let app = Router::<()>::new().layer(connect).layer(from_fn(session));
        assert_eq!(send(app.clone(), signed_in(get("/komerza/status"))).await.status(), 200);
        // `Extension` refuses with 500: it cannot be told who asks.
        assert_eq!(send(app, get("/komerza/status")).await.status(), 503);
    }
    let failing = by_extractor(|_: Method| async { Err::<Option<UserId>, _>(std::io::Error::other("down")) });
    let app = Router::<()>::new().layer(layer().with_user(failing));
    assert_eq!(send(app, get("/komerza/status")).await.status(), 503);

    struct Bearer;
    impl<S: Sync> axum::extract::FromRequestParts<S> for Bearer {
        type Rejection = StatusCode;
        async fn from_request_parts(_: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
            Err(StatusCode::UNAUTHORIZED)
        }
    }
    let app = Router::<()>::new().layer(layer().with_user(by_extractor(|_: Bearer| UserId::new("x").ok())));
    assert_eq!(send(app, get("/komerza/status")).await.status(), 401);
}

#[tokio::test]
async fn a_login_under_another_host_is_named_once_and_still_begins() {
    let log = Log::from_now();
    // A name of its own: other tests log the same event.
    let config = config_at("/komerza/callback").redirect_uri("https://hosts.example/komerza/callback").build().unwrap();
    let app = Router::<()>::new().layer(KomerzaConnectLayer::new(config, MemoryStore::default()).unwrap());
    let login = |host: &'static str| {
        let mut request = get("/komerza/login");
        request.headers_mut().insert("host", HeaderValue::from_static(host));
        send(app.clone(), request)
    };
    assert_eq!(login("hosts.example").await.status(), 303);
    let said = || log.lines_with(&["WARN", "code=\"host_differs\"", "instead of hosts.example"]).len();
    assert_eq!(said(), 0);
    for _ in 0..2 {
        assert_eq!(login("203.0.113.7").await.status(), 303);
        assert_eq!(login("www.hosts.example").await.status(), 303);
    }
    assert_eq!(said(), 2, "one for a stranger's, one for www.");
    assert_eq!(log.lines_with(&["www.hosts.example instead of hosts.example", "Open the app under"]).len(), 1);
}
