//! An app that has a login of its own: `cargo run --example existing_login`, then open the printed URL.
//!
//! Keys belong to the app's users here, not to browsers. The Komerza is a sandbox on this machine.

use axum::{
    Form, Router,
    extract::{Query, Request},
    http::{header, request::Parts},
    middleware::{Next, from_fn},
    response::{AppendHeaders, Html, IntoResponse, Redirect, Response},
    routing::get,
};
use komerza_connect::{Error, KomerzaConnectLayer, KomerzaKey, MemoryStore, UserId, trace::path_only_span};
use komerza_sandbox::Sandbox;
use serde::Deserialize;
use std::{
    io::{self, IsTerminal},
    time::Duration,
};
use tokio::net::TcpListener;
use tower_http::trace::TraceLayer;
use tracing_subscriber::EnvFilter;

/// The signed-in user, as the app's own middleware leaves it in the request.
#[derive(Clone)]
struct SignedIn(String);

/// Stands for the login that you have. This one believes any name in a cookie: do not copy it.
async fn session(mut request: Request, next: Next) -> Response {
    let cookies = request.headers().get(header::COOKIE).and_then(|cookies| cookies.to_str().ok()).unwrap_or_default();
    let name = cookies.split("; ").find_map(|cookie| cookie.strip_prefix("demo-user=")).map(str::to_owned);
    if let Some(name) = name.filter(|name| !name.is_empty()) {
        request.extensions_mut().insert(SignedIn(name));
    }
    next.run(request).await
}

/// What komerza-connect asks: who sent this request?
fn who(parts: &Parts) -> Option<UserId> {
    UserId::new(&parts.extensions.get::<SignedIn>()?.0).ok()
}

/// `None`: not connected, or nobody is signed in. A store that is down is an error and never `None`.
async fn home(komerza: Option<KomerzaKey>) -> Result<Html<String>, Error> {
    Ok(Html(match komerza {
        Some(komerza) => {
            format!("{}, you have {} stores.", komerza.user_id().as_str(), komerza.stores().await?.len())
        }
        None => "<a href=/komerza/login>Connect with Komerza</a>".to_owned(),
    }))
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct SignIn {
    name: String,
    return_to: String,
}

/// The app's sign-in page: visitors who are not signed in are sent here by the layer, and go on to `return_to`.
async fn sign_in_page(Query(SignIn { return_to, .. }): Query<SignIn>) -> Html<String> {
    let return_to = return_to.replace('&', "&amp;").replace('"', "&quot;");
    Html(format!(
        "<form method=post>Your name: <input name=name pattern='[a-z]+' required>\
         <input type=hidden name=return_to value=\"{return_to}\"><button>Sign in</button></form>"
    ))
}

async fn sign_in(Form(SignIn { name, return_to }): Form<SignIn>) -> impl IntoResponse {
    let name: String = name.chars().filter(char::is_ascii_lowercase).collect();
    let there = if is_local(&return_to) { &return_to } else { "/" };
    let cookie = format!("demo-user={name}; Path=/; HttpOnly; SameSite=Lax");
    (AppendHeaders([(header::SET_COOKIE, cookie)]), Redirect::to(there))
}

/// Whether a browser takes this for a path of the same site: anybody can write the link that leads here. `//` begins another
/// host, browsers read a backslash as a slash, and drop line breaks and tabs.
fn is_local(path: &str) -> bool {
    path.starts_with('/')
        && !path.starts_with("//")
        && path.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\')
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| "info".into());
    let log = tracing_subscriber::fmt().with_writer(io::stderr).with_ansi(io::stderr().is_terminal());
    log.with_env_filter(filter).init();
    let listener = TcpListener::bind("127.0.0.1:3000").await?;
    let redirect_uri = "http://127.0.0.1:3000/komerza/callback";
    let sandbox = Sandbox::builder().app_name("Demo app").redirect_uri(redirect_uri).start().await?;
    let config = sandbox.config_builder(redirect_uri).sign_in_page("/sign-in").build()?;

    let connect = KomerzaConnectLayer::new(config, MemoryStore::default())?.with_user(who);
    let app = Router::new()
        .route("/", get(home))
        .route("/sign-in", get(sign_in_page).post(sign_in))
        .layer(connect.clone()) // after every route
        .layer(from_fn(session)) // outside: it runs first, so that the layer can ask who it is
        .layer(TraceLayer::new_for_http().make_span_with(path_only_span)); // its spans hold no authorization code

    println!("listening on http://127.0.0.1:3000");
    let stopped = async { tokio::signal::ctrl_c().await.unwrap_or_default() };
    axum::serve(listener, app).with_graceful_shutdown(stopped).await?;
    connect.shutdown(Duration::from_secs(20)).await; // whoever is just connecting is not lost
    Ok(())
}
