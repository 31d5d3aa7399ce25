//! Without axum: a plain hyper server and a tower service. `cargo run --example hyper_tower`, then open the
//! printed address.
//!
//! A sandbox on this machine stands in for Komerza.
//!
//! ```toml
//! [dependencies]
//! http = "1"
//! hyper = { version = "1", features = ["http1", "server"] }
//! hyper-util = { version = "0.1", features = ["http1", "server", "server-graceful", "service", "tokio"] }
//! komerza-connect = { version = "0.1", default-features = false, features = ["rustls"] }
//! komerza-sandbox = "0.1"
//! tokio = { version = "1", features = ["full"] }
//! tower = { version = "0.5", features = ["util"] }
//! ```

use http::{HeaderValue, Request, Response, StatusCode, header, request::Parts};
use hyper::{body::Incoming, server::conn::http1};
use hyper_util::{rt::TokioIo, server::graceful::GracefulShutdown, service::TowerToHyperService};
use komerza_connect::{KomerzaConnectLayer, KomerzaKey, MemoryStore, layer::Body};
use komerza_sandbox::Sandbox;
use std::{convert::Infallible, time::Duration};
use tokio::{net::TcpListener, signal, time::sleep};
use tower::ServiceBuilder;

async fn app(request: Request<Incoming>) -> Result<Response<Body>, Infallible> {
    let (mut parts, _body) = request.into_parts();
    Ok(match parts.uri.path() {
        "/" => html("<a href=/stores>My stores</a>"),
        "/stores" => stores(&mut parts).await,
        _ => {
            let mut response = html("There is no such page.");
            *response.status_mut() = StatusCode::NOT_FOUND;
            response
        }
    })
}

/// `from_parts` takes the key out of a request. Its rejection becomes the answer: a visitor is redirected to
/// the login, a program gets 401.
async fn stores(parts: &mut Parts) -> Response<Body> {
    let komerza = match KomerzaKey::from_parts(parts).await {
        Ok(komerza) => komerza,
        Err(rejection) => return rejection.into_response(),
    };
    match komerza.stores().await {
        Ok(stores) => html(&format!("You have {} stores.", stores.len())),
        Err(error) => error.into_response(),
    }
}

fn html(text: &str) -> Response<Body> {
    let mut response = Response::new(Body::from(text.to_owned()));
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    response
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let listener = TcpListener::bind("127.0.0.1:3000").await?;
    let redirect_uri = "http://127.0.0.1:3000/komerza/callback";
    let sandbox = Sandbox::builder().redirect_uri(redirect_uri).start().await?;
    let connect = KomerzaConnectLayer::new(sandbox.config(redirect_uri)?, MemoryStore::default())?;
    let service = ServiceBuilder::new().layer(connect.clone()).service_fn(app);
    println!("open http://127.0.0.1:3000, end with Ctrl-C");

    let connections = GracefulShutdown::new();
    let mut stopped = std::pin::pin!(signal::ctrl_c());
    loop {
        let stream = tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => stream,
                Err(error) => {
                    // The client went away, or too many files are open: the next `accept` may succeed.
                    eprintln!("cannot accept: {error}");
                    sleep(Duration::from_millis(100)).await;
                    continue;
                }
            },
            _ = &mut stopped => break,
        };
        let connection =
            http1::Builder::new().serve_connection(TokioIo::new(stream), TowerToHyperService::new(service.clone()));
        let connection = connections.watch(connection);
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                eprintln!("a connection broke: {error}");
            }
        });
    }
    drop(listener);
    // Requests end first, then the exchanges that they began.
    let _ = tokio::time::timeout(Duration::from_secs(10), connections.shutdown()).await;
    connect.shutdown(Duration::from_secs(20)).await;
    Ok(())
}
