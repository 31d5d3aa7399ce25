//! Alice signs in, connects, and sees her stores, in a few requests and without a browser.

use super::*;
use axum::{body::Body, extract::Request, http::header};
use komerza_sandbox::Sandbox;
use tower::ServiceExt;

const HOME: &str = "http://127.0.0.1:3000";

/// What a browser keeps, by name.
#[derive(Default)]
struct Browser(std::collections::BTreeMap<String, String>);

impl Browser {
    async fn send(&mut self, app: &Router, request: axum::http::request::Builder, body: &str) -> Response {
        let cookies: Vec<_> = self.0.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let request = request.header(header::COOKIE, cookies.join("; ")).body(Body::from(body.to_owned())).unwrap();
        let response = app.clone().oneshot(request).await.unwrap();
        for line in response.headers().get_all(header::SET_COOKIE) {
            let (name, value) = line.to_str().unwrap().split(';').next().unwrap().split_once('=').unwrap();
            self.0.insert(name.into(), value.into());
        }
        response
    }

    async fn get(&mut self, app: &Router, path: &str) -> Response {
        self.send(app, Request::get(path), "").await
    }
}

fn location(response: &Response) -> &str {
    response.headers()[header::LOCATION].to_str().unwrap()
}

#[tokio::test]
async fn a_user_signs_in_connects_and_sees_the_stores() {
    let redirect_uri = format!("{HOME}/komerza/callback");
    let sandbox = Sandbox::builder().redirect_uri(&redirect_uri).start().await.unwrap();
    let config = sandbox.config_builder(&redirect_uri).sign_in_page("/sign-in").build().unwrap();
    let app = app(config, SqliteStore::in_memory().await.unwrap()).unwrap();
    let mut browser = Browser::default();

    let asked = Request::get("/komerza/login").header(header::ACCEPT, "text/html");
    assert!(location(&browser.send(&app, asked, "").await).starts_with("/sign-in?return_to=%2Fkomerza%2Flogin"));
    let form = Request::post("/sign-in").header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
    let signed_in = browser.send(&app, form, "name=alice&password=obviously-fake&return_to=/komerza/login").await;
    assert_eq!(location(&signed_in), "/komerza/login");

    let login = browser.get(&app, "/komerza/login").await;
    let callback = sandbox.approve(location(&login)).unwrap();
    let connected = browser.get(&app, callback.strip_prefix(HOME).unwrap()).await;
    assert_eq!(location(&connected), "/");
    let home = browser.get(&app, "/").await;
    let page = axum::body::to_bytes(home.into_body(), 1000).await.unwrap();
    assert_eq!(page, "alice, you have 2 stores.");
}

#[test]
fn only_a_path_of_this_site_is_gone_on_to() {
    for path in ["//evil.example", "https://evil.example", "/\\evil.example", "/\t/evil.example", ""] {
        assert_eq!(local(path), "/");
    }
    assert_eq!(local("/komerza/login?return_to=/a"), "/komerza/login?return_to=/a");
}
