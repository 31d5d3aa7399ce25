//! Without axum: a plain hyper server and a tower service. `cargo run --example hyper_tower`, then open the printed URL.
//!
//! In an app of one's own: `default-features = false, features = ["rustls", "tracing"]`, the latter for logs and `path_only_span`. The
//! Komerza is a sandbox on this machine.

use http::{Request, Response, StatusCode, header};
use hyper::{body::Incoming, server::conn::http1};
use hyper_util::{rt::TokioIo, service::TowerToHyperService};
use komerza_connect::{KomerzaConnectLayer, KomerzaKey, MemoryStore, layer::Body, trace::path_only_span};
use komerza_sandbox::Sandbox;
use std::{
    convert::Infallible,
    io::{self, IsTerminal},
};
use tokio::net::TcpListener;
use tower::ServiceBuilder;
use tower_http::trace::TraceLayer;
use tracing_subscriber::EnvFilter;

async fn app(request: Request<Incoming>) -> Result<Response<Body>, Infallible> {
    let (mut parts, _body) = request.into_parts();
    Ok(match parts.uri.path() {
        "/" => html("<a href=/stores>My stores</a>".to_owned()),
        "/stores" => stores(&mut parts).await,
        _ => {
            let mut response = Response::new(Body::from("There is no such page."));
            *response.status_mut() = StatusCode::NOT_FOUND;
            response
        }
    })
}

/// `from_parts` is the extractor; its rejection knows the answer: a page is sent to connect, a program gets 401.
async fn stores(parts: &mut http::request::Parts) -> Response<Body> {
    let komerza = match KomerzaKey::from_parts(parts).await {
        Ok(komerza) => komerza,
        Err(rejection) => return rejection.into_response(),
    };
    match komerza.stores().await {
        Ok(stores) => html(format!("You have {} stores.", stores.len())),
        // An error knows its answer too: a dead key leads to the login, a busy bucket says when to come again.
        Err(error) => error.into_response(),
    }
}

fn html(text: String) -> Response<Body> {
    let mut response = Response::new(Body::from(text));
    response.headers_mut().insert(header::CONTENT_TYPE, header::HeaderValue::from_static("text/html; charset=utf-8"));
    response
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| "info".into());
    let log = tracing_subscriber::fmt().with_writer(io::stderr).with_ansi(io::stderr().is_terminal());
    log.with_env_filter(filter).init();
    let listener = TcpListener::bind("127.0.0.1:3000").await?;
    let redirect_uri = "http://127.0.0.1:3000/komerza/callback";
    let sandbox = Sandbox::builder().app_name("Demo app").redirect_uri(redirect_uri).start().await?;

    let service = ServiceBuilder::new()
        .layer(TraceLayer::new_for_http().make_span_with(path_only_span)) // its spans hold no authorization code
        .layer(KomerzaConnectLayer::new(sandbox.config(redirect_uri)?, MemoryStore::default())?)
        .service_fn(app);

    println!("listening on http://127.0.0.1:3000");
    loop {
        let (stream, _) = listener.accept().await?;
        let service = TowerToHyperService::new(service.clone());
        tokio::spawn(async move {
            if let Err(error) = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await {
                tracing::warn!(%error, "a connection broke");
            }
        });
    }
}
