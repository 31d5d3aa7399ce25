//! What an error tells, and what a handler answers with it.

use super::*;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use komerza_connect::api::scopes;

#[tokio::test]
async fn a_typed_call_that_is_denied_names_the_scope_that_it_needs() {
    let (provider, key) = provided(|_| {}).await;
    provider.always(Reply::error(403, "AccessDenied"));
    let error = key.in_store("s").orders().all().await.unwrap_err();
    assert_eq!((error.kind(), error.needed_scope()), (ErrorKind::AccessDenied, Some(scopes::ORDERS_VIEW)));
    assert!(error.to_string().contains("stores.orders.view"), "{error}");
    assert_eq!(key.get("/stores/s/orders").fetch::<()>().await.unwrap_err().needed_scope(), None);
    provider.always(Reply::html(403, "Service unavailable in your region"));
    let error = key.in_store("s").orders().all().await.unwrap_err();
    assert_eq!((error.kind(), error.needed_scope()), (ErrorKind::Blocked, None), "not a scope but an edge");
    // The cause of a broken connection is kept.
    let provider = RawProvider::reserved();
    let key = App::at(&provider.url(), |limits| limits.client.tries = 1).key("obviously-fake-key").await;
    let error = key.user().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unreachable);
    let io = causes(&error).last().unwrap().downcast_ref::<std::io::Error>().map(std::io::Error::kind);
    assert_eq!(io, Some(std::io::ErrorKind::ConnectionRefused));
}

#[tokio::test]
async fn a_change_that_an_earlier_try_may_have_made_may_have_happened_however_the_last_one_ended() {
    let (provider, key) = provided(|_| {}).await;
    let change = async || key.post("/things").repeatable().fetch::<()>().await.unwrap_err();
    provider.always(Reply::error(403, "AccessDenied"));
    assert!(!change().await.may_have_happened());
    let limited = Reply::error(429, "x").header("retry-after", "0");
    for (first, in_doubt) in [(Reply::reset(), true), (Reply::error(502, "x"), true), (limited, false)] {
        provider.next(first);
        let error = change().await;
        assert_eq!((error.kind(), error.attempts()), (ErrorKind::AccessDenied, 2));
        assert_eq!(error.may_have_happened(), in_doubt, "{error:?}");
    }
}

#[tokio::test]
async fn t41_no_text_of_an_error_names_the_key_the_path_or_the_provider_s_words() {
    let (provider, key) = provided(|limits| limits.client.tries = 1).await;
    let odd = json!({"success": false, "code": "obviously\nfake code", "message": "obviously fake words"});
    for reply in [Reply::envelope(400, &odd), Reply::success(&json!("obviously fake value")), Reply::reset()] {
        provider.on_path_once("/stores/obviously-fake-id", reply);
        let error = key.get("/stores/obviously-fake-id").query("q", "obviously-fake").fetch::<u32>().await.unwrap_err();
        let text = format!("{error:?} {}", causes(&error).map(ToString::to_string).collect::<String>());
        for said in ["obviously-fake", "fake value", "fake words", "fake code"] {
            assert!(!text.contains(said), "{text}");
        }
    }
    let refused = {
        provider.on_path_once("/user", Reply::envelope(400, &odd));
        key.user().await.unwrap_err()
    };
    assert_eq!((refused.message(), refused.code()), (Some("obviously fake words"), Some("obviously\nfake code")));
}

async fn page(key: KomerzaKey) -> Result<String, Error> {
    Ok(key.user().await?.user_name)
}

async fn own_page(response: Response) -> Response {
    match response.extensions().get::<Error>().map(Error::kind) {
        Some(ErrorKind::NotFound) => Response::new(Body::from("our own words")),
        Some(ErrorKind::RateLimited) => {
            let wait = response.headers()["retry-after"].to_str().unwrap().to_owned();
            (StatusCode::SERVICE_UNAVAILABLE, wait).into_response()
        }
        _ => response,
    }
}

#[tokio::test]
async fn a_handler_that_gives_up_answers_by_kind_and_sends_pages_to_the_login() {
    let provider = RawProvider::start().await;
    let app = App::at(&provider.url(), |limits| limits.client.tries = 1);
    app.save("alice", "obviously-fake-key").await;
    let layer = app.layer.clone().with_user(|_: &Parts| UserId::new("alice").ok());
    let service =
        Router::new().route("/dash/board", get(page)).layer(axum::middleware::map_response(own_page)).layer(layer);
    let ask = async |accept: &str| {
        let request = Request::get("/dash/board?tab=1").header("accept", accept).body(Body::empty()).unwrap();
        service.clone().oneshot(request).await.unwrap()
    };
    for (reply, status) in [
        (Reply::error(403, "AccessDenied"), 403),
        (Reply::error(401, "OAuthLoginRequired"), 403),
        (Reply::error(400, "ValidationError"), 400),
        (Reply::error(409, "ObjectConflict"), 409),
        (Reply::error(402, "NotEnoughFunds"), 402),
        (Reply::error(422, "ProductUnavailable"), 422),
        (Reply::error(503, "InternalServerError"), 502),
        (Reply::reset(), 502),
    ] {
        provider.on_path_once("/user", reply);
        let answer = ask("application/json").await;
        assert_eq!(answer.status().as_u16(), status);
        assert_eq!(answer.headers()["content-type"], "application/problem+json");
        assert_eq!(answer.headers()["x-content-type-options"], "nosniff");
    }
    for (reply, status, words) in [
        (Reply::error(503, "InternalServerError"), 502, "Try again"),
        (Reply::error(403, "AccessDenied"), 403, "This needs the permission user.view."),
        (Reply::reset(), 502, "Komerza"),
    ] {
        provider.on_path_once("/user", reply);
        let answer = ask("text/html").await;
        assert_eq!(answer.status().as_u16(), status);
        assert_eq!(answer.headers()["content-type"], "text/html; charset=utf-8", "a person loads a page");
        assert!(answer.headers()["content-security-policy"].to_str().unwrap().contains("default-src 'none'"));
        let body = axum::body::to_bytes(answer.into_body(), 10_000).await.unwrap();
        let body = String::from_utf8_lossy(&body);
        assert!(body.contains("<h1>") && body.contains(words), "{words}: {body}");
    }
    provider.on_path_once("/user", Reply::error(404, "NotFound"));
    let body = axum::body::to_bytes(ask("*/*").await.into_body(), 1_000).await.unwrap();
    assert_eq!(body, "our own words", "the app maps the error to an answer of its own");

    provider.always(Reply::error(401, "BadToken"));
    let answer = ask("text/html").await;
    assert_eq!(answer.status(), StatusCode::SEE_OTHER);
    assert_eq!(answer.headers()["location"], "/komerza/login?return_to=%2Fdash%2Fboard%3Ftab%3D1");
    app.save("alice", "obviously-fake-key").await;
    let answer = ask("application/json").await;
    assert_eq!(answer.status(), StatusCode::UNAUTHORIZED);
    let body = axum::body::to_bytes(answer.into_body(), 10_000).await.unwrap();
    let problem: Value = serde_json::from_slice(&body).unwrap();
    assert_eq!(problem["code"], "key_revoked");
    // No page is known that made this request.
    assert_eq!(problem["login_url"], "/komerza/login?return_to=%2F");
    // The app's own page in place of ours still says when to come back.
    app.save("alice", "obviously-fake-other-key").await;
    provider.always(Reply::error(429, "RateLimited"));
    let answer = ask("text/html").await;
    assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE);
    let wait = answer.headers()["retry-after"].clone();
    assert_eq!(axum::body::to_bytes(answer.into_body(), 1_000).await.unwrap(), wait.as_bytes());
}
