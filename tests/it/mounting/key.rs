//! What a handler gets when it asks for the key, in each form of asking.

use super::*;
use axum::response::Response;
use komerza_connect::{Rejection, RejectionKind};

async fn option(key: Option<KomerzaKey>) -> String {
    key.map_or_else(|| "none".to_owned(), |key| format!("the key of {}", key.user_id().as_str()))
}

async fn result(key: Result<KomerzaKey, Rejection>) -> Result<String, Response> {
    match key {
        Ok(key) => Ok(format!("the key of {}", key.user_id().as_str())),
        Err(rejection) if rejection.kind() == RejectionKind::LayerMissing => Err(rejection.into_response()),
        Err(rejection) => Ok(format!("{:?}", rejection.kind())),
    }
}

fn app() -> Router {
    Router::new()
        .route("/key", routing::get(super::whose))
        .route("/option", routing::get(option))
        .route("/result", routing::get(result))
}

/// A store that is down.
fn down() -> Shelf {
    let shelf = Shelf::default();
    shelf.decide(|_| Fate::Fail);
    shelf
}

/// A look-up that cannot tell.
fn unknowable() -> Lookup {
    let lookup = Lookup::default();
    lookup.decide(|| Fate::Say("the session server is away".into()));
    lookup
}

fn layer(store: impl TokenStore) -> KomerzaConnectLayer {
    KomerzaConnectLayer::new(config_at("/komerza/callback").build().unwrap(), store).unwrap()
}

#[tokio::test]
async fn every_form_gives_the_key_or_says_without_the_layer_what_to_add() {
    let layered = app().layer(connected().await);
    for path in ["/key", "/option", "/result"] {
        assert_says(&send(layered.clone(), get(path)).await, 200, "the key of alice");
        assert_layer_missing(&send(app(), get(path)).await);
    }
}

#[tokio::test]
async fn a_page_is_sent_to_the_login_and_a_program_is_told_its_address() {
    let app = app().layer(layer(MemoryStore::default()));
    let answer = send(app.clone(), page("/key?a=1&b=%2F")).await;
    assert_eq!(answer.status(), 303);
    assert_eq!(answer.headers()["location"], "/komerza/login?return_to=%2Fkey%3Fa%3D1%26b%3D%252F");
    // A script's request leads back to the page that made it, and never to its own JSON.
    for (referer, back) in [
        (Some("https://shop.example/dash?tab=1"), "%2Fdash%3Ftab%3D1"),
        (Some("https://shop.example/"), "%2F"),
        (Some("https://evil.example/dash"), "%2F"),
        (Some("https://shop.example.evil.example/dash"), "%2F"),
        (None, "%2F"),
    ] {
        let mut request = get("/key");
        if let Some(referer) = referer {
            request.headers_mut().insert("referer", referer.parse().unwrap());
        }
        let answer = send(app.clone(), request).await;
        assert_eq!(answer.status(), 401);
        assert_eq!(answer.headers()["content-type"], "application/problem+json");
        let problem: Value = serde_json::from_str(answer.body()).unwrap();
        assert_eq!(problem["code"], "not_connected");
        assert_eq!(problem["login_url"], format!("/komerza/login?return_to={back}"), "{referer:?}");
    }
}

#[tokio::test]
async fn an_answer_for_which_the_key_was_asked_for_is_no_store_unless_the_app_says_otherwise() {
    let store = store_with("alice").await;
    let app = app()
        .route("/plain", routing::get(async || "for everybody"))
        .route("/own", routing::get(async |_: KomerzaKey| ([("cache-control", "private, max-age=60")], "own")));
    let cache_control = async |store: MemoryStore, path: &str| {
        let answer = send(app.clone().layer(layer(store).with_user(everybody_is("alice"))), get(path)).await;
        answer.headers().get("cache-control").map(|value| value.to_str().unwrap().to_owned())
    };
    for (path, wanted) in [
        ("/key", Some("no-store")),
        ("/option", Some("no-store")),
        ("/own", Some("private, max-age=60")),
        ("/plain", None),
    ] {
        assert_eq!(cache_control(store.clone(), path).await.as_deref(), wanted, "{path}");
    }
    // Nor may "not connected" be shown to one who is connected by then.
    assert_eq!(cache_control(MemoryStore::default(), "/option").await.as_deref(), Some("no-store"));
}

/// Who has not connected or is not signed in is none. A store that is down or a look-up that fails is 503, also for an option. Each
/// has a kind of its own, and whoever loads a page reads a page.
#[tokio::test]
async fn whoever_gets_no_key_is_told_why_by_a_kind_a_status_and_a_page() {
    let text = |answer: &Response<String>| (answer.status().as_u16(), answer.headers()["content-type"].clone());
    let nobody = layer(store_with("alice").await).with_user(|_: &Parts| None);
    for (connect, kind, page_says) in [
        (layer(MemoryStore::default()), "NotConnected", None),
        (layer(MemoryStore::default()).with_user(everybody_is("alice")), "NotConnected", None),
        (nobody, "NotSignedIn", Some((401, "Sign in to the app"))),
        (
            layer(down()).with_user(everybody_is("alice")),
            "StoreFailed",
            Some((503, "The app cannot reach its storage right now.")),
        ),
        (
            layer(store_with("alice").await).with_user(unknowable()),
            "UserLookupFailed",
            Some((503, "The app cannot check who you are right now.")),
        ),
    ] {
        let app = app().layer(connect);
        assert_says(&send(app.clone(), get("/result")).await, 200, kind);
        if !kind.ends_with("Failed") {
            assert_says(&send(app.clone(), get("/option")).await, 200, "none");
        } else {
            for path in ["/key", "/option"] {
                let answer = send(app.clone(), get(path)).await;
                let later = answer.headers()["retry-after"].to_str().unwrap();
                assert_eq!((answer.status().as_u16(), later), (503, "5"), "{kind} {path}");
                assert!(!["shelf", "session server"].iter().any(|said| answer.body().contains(said)), "{answer:?}");
            }
        }
        let Some((status, words)) = page_says else { continue };
        let answer = send(app.clone(), page("/key")).await;
        assert_eq!(text(&answer), (status, "text/html; charset=utf-8".parse().unwrap()), "{words}");
        assert!(answer.body().contains(words), "{}", answer.body());
        let answer = send(app, get("/key")).await;
        assert_eq!(text(&answer), (status, "application/problem+json".parse().unwrap()), "{words}");
    }
}

#[tokio::test]
async fn a_form_that_needed_the_key_leads_back_to_the_default_page_and_not_to_itself() {
    let app = Router::new().route("/key", routing::post(super::whose)).layer(layer(MemoryStore::default()));
    let post = Request::post("/key").header("accept", "text/html").body(Body::empty()).unwrap();
    assert_eq!(send(app, post).await.headers()["location"], "/komerza/login?return_to=%2F");
}

#[tokio::test]
async fn nobody_signed_in_is_sent_to_the_apps_sign_in_page_where_there_is_one() {
    let config = config_at("/komerza/callback").sign_in_page("/sign-in").build().unwrap();
    let connect = KomerzaConnectLayer::new(config, MemoryStore::default()).unwrap();
    let app = app().layer(connect.with_user(|_: &Parts| None));
    let answer = send(app.clone(), page("/key")).await;
    assert_eq!(
        (answer.status().as_u16(), &answer.headers()["location"]),
        (303, &"/sign-in?return_to=%2Fkey".parse().unwrap())
    );
    let answer = send(app, get("/key")).await;
    assert_eq!(answer.status(), 401);
    assert!(answer.body().contains("not_signed_in"), "{}", answer.body());
}

#[tokio::test]
async fn of_two_layers_the_inner_one_brings_the_key_and_the_outer_one_answers() {
    let (inner, outer) =
        (connected_at("/komerza/callback", "alice").await, connected_at("/komerza/callback", "bob").await);
    let app = app().layer(inner).layer(outer);
    assert_says(&send(app.clone(), get("/key")).await, 200, "the key of alice");
    // The attempt's cookie is bound to bob: the callback of the outer layer alone knows it.
    let login = send(app, get("/komerza/login")).await;
    super::assert_login(&login);
}

#[tokio::test]
async fn between_two_layers_the_outer_ones_key_is_seen_and_not_passed_off_as_the_inner_ones() {
    async fn between(key: KomerzaKey, request: axum::extract::Request, next: Next) -> Response {
        let mut response = next.run(request).await;
        response.headers_mut().insert("x-between", key.user_id().as_str().parse().unwrap());
        response
    }
    let (inner, outer) = (connected_at("/a/callback", "alice").await, connected_at("/b/callback", "bob").await);
    let app = app().layer(inner).layer(from_fn(between)).layer(outer);
    let answer = send(app.clone(), get("/key")).await;
    assert_eq!(answer.headers()["x-between"], "bob");
    assert_says(&answer, 200, "the key of alice");
    for path in ["/a/login", "/b/login"] {
        super::assert_login(&send(app.clone(), get(path)).await);
    }
}

#[tokio::test]
async fn a_key_outside_of_requests_is_for_known_users_alone() {
    let connect = connected().await;
    let key = connect.client_for(&user("alice")).await.unwrap().unwrap();
    assert_eq!(key.user_id().as_str(), "alice");
    assert!(connect.client_for(&user("bob")).await.unwrap().is_none());
    let down = layer(down()).client_for(&user("alice")).await.unwrap_err();
    assert_eq!(down.kind(), StoreErrorKind::Unavailable);
}
