//! Where the layer may stand, and what reaches it there: the table of the chapter on mounting, row by row.
//!
//! Rows that lose the routes are tests as well: when axum changes what they do, the chapter has to change.

mod bodies;
mod check;
mod flow;
mod key;
mod nested;
mod order;
mod rows;
mod store_calls;

use crate::prelude::*;
use axum::middleware::{Next, from_fn};
use axum::routing;
use http_body_util::BodyExt;

fn config_at(callback: &str) -> ConfigBuilder {
    config().redirect_uri(format!("{SITE}{callback}"))
}

/// A layer whose callback is at this path, for which everybody is `user`, who is connected.
async fn connected_at(callback: &str, user: &'static str) -> KomerzaConnectLayer {
    let config = config_at(callback).build().unwrap();
    KomerzaConnectLayer::new(config, store_with(user).await).unwrap().with_user(everybody_is(user))
}

async fn connected() -> KomerzaConnectLayer {
    connected_at("/komerza/callback", "alice").await
}

fn everybody_is(user: &'static str) -> impl Fn(&Parts) -> Option<UserId> + Send + Sync {
    move |_| UserId::new(user).ok()
}

async fn store_with(user: &str) -> MemoryStore {
    let store = MemoryStore::default();
    let token = StoredToken::new(ApiKey::new("obviously-fake-key").unwrap()).unwrap();
    store.save(&UserId::new(user).unwrap(), &token).await.unwrap();
    store
}

/// A handler that says whose key it got.
async fn whose(key: KomerzaKey) -> String {
    format!("the key of {}", key.user_id().as_str())
}

async fn text() -> &'static str {
    "the app's own answer"
}

fn get(path: &str) -> Request<Body> {
    Request::get(path).body(Body::empty()).unwrap()
}

/// As a browser asks for a page.
fn page(path: &str) -> Request<Body> {
    Request::get(path).header("accept", "text/html").body(Body::empty()).unwrap()
}

/// Sends one request, as a server does: to a router whose state is settled.
async fn send<S, R>(app: S, request: Request<Body>) -> Response<String>
where
    S: Service<Request<Body>, Response = Response<R>>,
    S::Error: std::fmt::Debug,
    R: http_body::Body,
    R::Error: std::fmt::Debug,
{
    let (parts, body) = app.oneshot(request).await.unwrap().into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    Response::from_parts(parts, String::from_utf8(body.to_vec()).unwrap())
}

/// Whether the crate answered this as a login, by the only thing that nothing else does.
fn is_login<R>(response: &Response<R>) -> bool {
    let location = response.headers().get("location").map(|location| location.to_str().unwrap());
    response.status() == StatusCode::SEE_OTHER
        && location.is_some_and(|location| location.starts_with("https://dashboard.komerza.com/auth/authorize?"))
}

#[track_caller]
fn assert_login(response: &Response<String>) {
    assert!(is_login(response), "{response:?}");
}

#[track_caller]
fn assert_says(response: &Response<String>, status: u16, body: &str) {
    assert_eq!((response.status().as_u16(), response.body().as_str()), (status, body), "{:?}", response.headers());
}

#[track_caller]
fn assert_layer_missing(response: &Response<String>) {
    assert_eq!(response.status(), 500);
    for remedy in ["KomerzaConnectLayer", "after the last route", "connect.mount(app)", ".route_layer", "merged"] {
        assert!(response.body().contains(remedy), "{remedy} is missing in {}", response.body());
    }
}

/// What a request came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Said {
    Login,
    /// The key of alice.
    Key,
    /// An answer of the app's own.
    App,
    NotFound,
    /// There is no key without the layer; with the remedy.
    LayerMissing,
}

async fn said<S, R>(app: S, path: &str) -> Said
where
    S: Service<Request<Body>, Response = Response<R>, Error: std::fmt::Debug>,
    R: http_body::Body<Error: std::fmt::Debug>,
{
    let answer = send(app, get(path)).await;
    match (answer.status().as_u16(), answer.body().as_str()) {
        _ if is_login(&answer) => Said::Login,
        (200, "the key of alice") => Said::Key,
        (200, "the app's own answer") => Said::App,
        (404, "") => Said::NotFound,
        (500, _) => {
            assert_layer_missing(&answer);
            Said::LayerMissing
        }
        _ => panic!("{path}: {answer:?}"),
    }
}

fn key_route() -> Router {
    Router::new().route("/x", axum::routing::get(whose))
}
