//! "Connect with Komerza", end to end: `cargo run --example quickstart`, then open the printed URL.
//!
//! Without settings it runs against a sandbox Komerza on this machine. With `KOMERZA_CLIENT_ID`, `KOMERZA_CLIENT_SECRET`,
//! `KOMERZA_REDIRECT_URI` and `KOMERZA_USER_AGENT` set it runs against the real one.

use axum::{Json, Router, extract::Path, response::Html, routing::get};
use komerza_connect::{
    Config, Error, KomerzaConnectLayer, KomerzaKey, MemoryStore, Store, TokenStore, sandbox::Sandbox,
};
use std::{env, fmt::Write, net::SocketAddr, sync::Arc, time::Duration};
use tokio::{net::TcpListener, signal};

type AnyError = Box<dyn std::error::Error>;

/// The stores that the user approved. `KomerzaKey` is the whole authentication: who has not connected gets here only afterwards.
async fn stores(komerza: KomerzaKey) -> Result<Json<Vec<Store>>, Error> {
    Ok(Json(komerza.stores().await?))
}

async fn store(komerza: KomerzaKey, Path(id): Path<String>) -> Result<Json<Store>, Error> {
    Ok(Json(komerza.store(&id).await?))
}

/// A page for everybody: `Option<KomerzaKey>` is `None` for who has not connected.
async fn home(komerza: Option<KomerzaKey>) -> Result<Html<String>, Error> {
    let Some(komerza) = komerza else {
        return Ok(page(r#"<p>Your store is not connected.</p><a href="/komerza/login">Connect with Komerza</a>"#));
    };
    let mut list = String::new();
    for store in komerza.stores().await? {
        let _ = write!(list, "<li>{} ({})</li>", escape(&store.name), escape(&store.domain));
    }
    let disconnect = r#"<form method="post" action="/komerza/disconnect"><button>Disconnect</button></form>"#;
    Ok(page(&format!("<p>Your stores:</p><ul>{list}</ul>{disconnect}")))
}

fn page(content: &str) -> Html<String> {
    Html(format!(
        "<!DOCTYPE html><html lang=en><meta charset=utf-8><title>Demo</title><h1>Demo app</h1>{content}</html>"
    ))
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[tokio::main]
async fn main() -> Result<(), AnyError> {
    tracing_subscriber::fmt().with_env_filter("warn,komerza_connect=info").init();
    let listener = TcpListener::bind(env::var("LISTEN_ADDR").as_deref().unwrap_or("127.0.0.1:3000")).await?;
    let address = listener.local_addr()?;

    // A real application from the environment, or a sandbox on this machine for as long as the demo runs.
    let (config, _sandbox) = match env::var("KOMERZA_CLIENT_ID") {
        Ok(_) => (Config::from_env()?, None),
        Err(_) => sandbox_for(address).await?,
    };
    let connect = KomerzaConnectLayer::new(config, token_store()?)?;
    let app = Router::new()
        .route("/", get(home))
        .route("/api/stores", get(stores))
        .route("/api/stores/{id}", get(store))
        .route("/healthz", get(|| async { "ok" }))
        .layer(connect.clone()); // last, after every route

    println!("listening on http://{address}");
    axum::serve(listener, app).with_graceful_shutdown(stopped()).await?;
    // A connection that is just being made is finished and saved.
    connect.shutdown(Duration::from_secs(20)).await;
    Ok(())
}

async fn sandbox_for(address: SocketAddr) -> Result<(Config, Option<Sandbox>), AnyError> {
    let redirect_uri = format!("http://{address}/komerza/callback");
    let sandbox = Sandbox::builder().app_name("Demo app").redirect_uri(&redirect_uri).start().await?;
    Ok((sandbox.config(&redirect_uri)?, Some(sandbox)))
}

fn token_store() -> Result<Arc<dyn TokenStore>, AnyError> {
    match env::var("TOKEN_STORE").as_deref() {
        Err(_) | Ok("memory:") => Ok(Arc::new(MemoryStore::default())),
        Ok(_) => Err("TOKEN_STORE can be memory: so far".into()),
    }
}

/// Ctrl-C, or SIGTERM as service managers send it.
async fn stopped() {
    let mut terminate =
        signal::unix::signal(signal::unix::SignalKind::terminate()).expect("signals can be listened for");
    tokio::select! {
        _ = signal::ctrl_c() => {},
        _ = terminate.recv() => {},
    }
}
