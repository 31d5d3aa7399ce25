//! The store and the look-up are asked only when somebody needs the key, and then once.

use super::*;
use axum::response::Response;

/// How often each was asked.
#[derive(Clone, Default)]
struct Calls {
    store: Shelf,
    user: Arc<AtomicUsize>,
}

impl Calls {
    fn take(&self) -> (usize, usize) {
        (self.user.swap(0, Ordering::SeqCst), self.store.take_calls().len())
    }
}

/// Alice is connected.
async fn own_session() -> (KomerzaConnectLayer, Calls) {
    let calls = Calls::default();
    let token = record("obviously-fake-key");
    calls.store.save(&user("alice"), &token).await.unwrap();
    calls.take();
    let config = config_at("/komerza/callback").build().unwrap();
    (KomerzaConnectLayer::new(config, calls.store.clone()).unwrap(), calls)
}

/// Users by the header `x-user`.
async fn own_users() -> (KomerzaConnectLayer, Calls) {
    let (connect, calls) = own_session().await;
    let asked = calls.clone();
    let connect = connect.with_user(move |parts: &Parts| {
        asked.user.fetch_add(1, Ordering::SeqCst);
        parts.headers.get("x-user").and_then(|user| UserId::new(user.to_str().ok()?).ok())
    });
    (connect, calls)
}

fn by(user: &str, path: &str) -> Request<Body> {
    Request::get(path).header("x-user", user).body(Body::empty()).unwrap()
}

/// Somebody on the way who looks at the key, as a tenant middleware would.
async fn onlooker(key: Option<KomerzaKey>, request: axum::extract::Request, next: Next) -> Response {
    drop(key);
    next.run(request).await
}

async fn twice(one: Option<KomerzaKey>, two: Option<KomerzaKey>) -> &'static str {
    match (one, two) {
        (Some(one), Some(two)) if one.user_id() == two.user_id() => "the same key",
        (None, None) => "no key",
        _ => "two answers",
    }
}

#[tokio::test]
async fn a_request_that_does_not_ask_for_the_key_asks_nobody() {
    let (connect, calls) = own_users().await;
    let app = Router::new()
        .route("/x", routing::any(super::text))
        .nest("/api", Router::new().route("/x", routing::any(super::text)))
        .fallback(super::text)
        .layer(connect);
    for method in [Method::GET, Method::HEAD, Method::POST, Method::OPTIONS] {
        for path in ["/x", "/api/x", "/nowhere", "/komerza", "/komerza/login/", "/x?code=a&state=b"] {
            let request = Request::builder().method(&method).uri(path).header("x-user", "alice");
            assert_eq!(send(app.clone(), request.body(Body::empty()).unwrap()).await.status(), 200);
            assert_eq!(calls.take(), (0, 0), "{method} {path}");
        }
    }
}

/// However often a request asks, and whatever was found for the one before.
#[tokio::test]
async fn each_request_that_asks_costs_one_look_up_and_one_load() {
    let (connect, calls) = own_users().await;
    let thrice = Router::new().route("/thrice", routing::get(twice)).layer(from_fn(onlooker));
    let app = thrice.route("/once", routing::get(whose)).route("/twice", routing::get(twice)).layer(connect);
    for (user, path, said, cost) in [
        ("alice", "/once", "the key of alice", (1, 1)),
        ("alice", "/twice", "the same key", (1, 1)),
        ("bob", "/twice", "no key", (1, 1)),
        ("alice", "/thrice", "the same key", (1, 1)),
        ("bob", "/thrice", "no key", (1, 1)),
        ("", "/thrice", "no key", (1, 0)),
    ] {
        assert_says(&send(app.clone(), by(user, path)).await, 200, said);
        assert_eq!(calls.take(), cost, "{user} {path}");
    }
}

#[tokio::test]
async fn a_browser_without_a_session_of_ours_never_reaches_the_store() {
    let (connect, calls) = own_session().await;
    let app = Router::new().route("/x", routing::get(twice)).layer(connect);
    for cookie in ["", "a=b", "__Host-komerza-00000000-session=junk", "browser-x=y; =;"] {
        let request = Request::get("/x").header("cookie", cookie).body(Body::empty()).unwrap();
        assert_says(&send(app.clone(), request).await, 200, "no key");
    }
    assert_eq!(calls.take(), (0, 0));
}

#[tokio::test]
async fn a_login_never_reaches_the_store() {
    let (connect, calls) = own_users().await;
    let app = Router::new().layer(connect);
    super::assert_login(&send(app.clone(), by("alice", "/komerza/login")).await);
    assert_eq!(calls.take(), (1, 0));
    let (connect, calls) = own_session().await;
    super::assert_login(&send(Router::new().layer(connect), get("/komerza/login")).await);
    assert_eq!(calls.take(), (0, 0));
}
