//! The sandbox over real sockets: what it grants, what it refuses.

mod browser;
mod connect;
mod consent_page;
mod contents;
mod faults;
mod orders;
mod shop;

use crate::prelude::*;
use komerza_sandbox::{Fault, SandboxBuilder, Target};
use reqwest::{Client, RequestBuilder, redirect::Policy};

const REDIRECT_URI: &str = "http://127.0.0.1:3000/komerza/callback";

fn builder() -> SandboxBuilder {
    Sandbox::builder().redirect_uri(REDIRECT_URI).unlimited()
}

async fn sandbox() -> Sandbox {
    builder().start().await.unwrap()
}

/// One for all tests, as building one reads the system's certificates; it keeps no connection, as each test has a
/// runtime of its own.
fn http() -> &'static Client {
    static HTTP: LazyLock<Client> = LazyLock::new(|| {
        Client::builder().no_proxy().redirect(Policy::none()).pool_max_idle_per_host(0).build().unwrap()
    });
    &HTTP
}

fn authorize_url(sandbox: &Sandbox, state: &str) -> String {
    let mut url = Url::parse(&sandbox.dashboard_url()).unwrap();
    url.set_path("/auth/authorize");
    url.query_pairs_mut()
        .append_pair("client_id", sandbox.client_id())
        .append_pair("redirect_uri", REDIRECT_URI)
        .append_pair("state", state);
    url.into()
}

fn exchange_url(sandbox: &Sandbox, client_id: &str, code: &str) -> Url {
    let mut url = Url::parse(&sandbox.api_url()).unwrap();
    url.path_segments_mut().unwrap().extend(["oauth2", client_id, "exchange", code]);
    url
}

async fn exchange(sandbox: &Sandbox, code: &str) -> (u16, Value) {
    let url = exchange_url(sandbox, sandbox.client_id(), code);
    let request = http().get(url).header("x-client-secret", sandbox.client_secret()).header("user-agent", "tests/1.0");
    read(request.send().await.unwrap()).await
}

fn call(sandbox: &Sandbox, key: &str, method: Method, path: &str) -> RequestBuilder {
    let request = http().request(method, format!("{}{path}", sandbox.api_url()));
    request.bearer_auth(key).header("user-agent", "tests/1.0")
}

async fn get(sandbox: &Sandbox, key: &str, path: &str) -> (u16, Value) {
    read(call(sandbox, key, Method::GET, path).send().await.unwrap()).await
}

async fn read(response: reqwest::Response) -> (u16, Value) {
    let status = response.status().as_u16();
    let body = response.bytes().await.unwrap();
    (status, serde_json::from_slice(&body).unwrap_or_else(|_| panic!("no JSON: {body:?}")))
}

fn parameter(url: &str, name: &str) -> Option<String> {
    let url = Url::parse(url).unwrap();
    url.query_pairs().find(|(known, _)| known == name).map(|(_, value)| value.into_owned())
}
