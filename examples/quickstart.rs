//! "Connect with Komerza", end to end: `cargo run --example quickstart`, then open the printed URL.
//!
//! Without settings it runs against a sandbox Komerza on this machine. With `KOMERZA_CLIENT_ID`, `KOMERZA_CLIENT_SECRET`,
//! `KOMERZA_REDIRECT_URI` and `KOMERZA_USER_AGENT` set it runs against the real one.

use axum::{Json, Router, extract::Path, response::Html, routing::get};
use komerza_connect::{
    Config, EncryptedStore, Error, KomerzaConnectLayer, KomerzaKey, SealingKey, Store, TokenStore, sandbox::Sandbox,
    store, trace::path_only_span,
};
use std::{env, fmt::Write, io, net::SocketAddr, sync::Arc, time::Duration};
use tempfile::TempDir;
use tokio::{net::TcpListener, signal};
use tower_http::trace::TraceLayer;

type AnyError = Box<dyn std::error::Error>;

/// Taking `KomerzaKey` is the whole authentication: who is not connected is sent to connect first, and then comes back.
async fn stores(komerza: KomerzaKey) -> Result<Json<Vec<Store>>, Error> {
    Ok(Json(komerza.stores().await?))
}

async fn one_store(komerza: KomerzaKey, Path(id): Path<String>) -> Result<Json<Store>, Error> {
    Ok(Json(komerza.store(&id).await?))
}

/// A page for everybody: `None` is who is not connected.
async fn home(komerza: Option<KomerzaKey>) -> Result<Html<String>, Error> {
    let Some(komerza) = komerza else {
        return Ok(page("<p>No store is connected yet.</p><p><a href=/komerza/login>Connect with Komerza</a></p>"));
    };
    let mut list = String::new();
    for store in komerza.stores().await? {
        let _ = write!(list, "<li><b>{}</b> {}</li>", escape(&store.name), escape(&store.domain));
    }
    let disconnect = "<form method=post action=/komerza/disconnect><button>Disconnect</button></form>";
    Ok(page(&format!("<p>Your stores:</p><ul>{list}</ul>{disconnect}")))
}

#[tokio::main]
async fn main() -> Result<(), AnyError> {
    tracing_subscriber::fmt().with_env_filter("warn,komerza_connect=info").init();
    let listener = TcpListener::bind(env::var("LISTEN_ADDR").as_deref().unwrap_or("127.0.0.1:3000")).await?;
    let address = listener.local_addr()?;
    let (config, _sandbox) = match env::var_os("KOMERZA_CLIENT_ID") {
        Some(_) => (Config::from_env()?, None),
        None => sandbox_for(address).await?,
    };

    let (store, _directory) = token_store(config.client_id()).await?;
    let connect = KomerzaConnectLayer::new(config, store)?;
    let app = Router::new()
        .route("/", get(home))
        .route("/api/stores", get(stores))
        .route("/api/stores/{id}", get(one_store))
        .route("/healthz", get(|| async { "ok" }))
        .layer(connect.clone()) // after every route
        .layer(TraceLayer::new_for_http().make_span_with(path_only_span)); // logs paths, and no authorization code

    println!("listening on http://{address}");
    axum::serve(listener, app).with_graceful_shutdown(stopped()).await?;
    connect.shutdown(Duration::from_secs(20)).await; // whoever is just connecting is not lost
    Ok(())
}

/// A Komerza on this machine, for as long as the demo runs, and the configuration of an app that uses it.
async fn sandbox_for(app: SocketAddr) -> Result<(Config, Option<Sandbox>), AnyError> {
    let redirect_uri = format!("http://{app}/komerza/callback");
    let sandbox = Sandbox::builder().app_name("Demo app").redirect_uri(&redirect_uri).start().await?;
    let variables = sandbox.variables(redirect_uri);
    let config = Config::from_lookup(|name| variables.get(name).cloned().or_else(|| env::var(name).ok()))?;
    Ok((config, Some(sandbox)))
}

/// The store that `TOKEN_STORE` names, sealed with `TOKEN_STORE_KEYS`; without settings a file that ends with the demo.
async fn token_store(client_id: &str) -> Result<(Arc<dyn TokenStore>, Option<TempDir>), AnyError> {
    let (url, directory) = match env::var("TOKEN_STORE") {
        Ok(url) => (url, None),
        Err(_) => {
            let directory = tempfile::tempdir()?;
            (format!("sqlite:{}", directory.path().join("tokens.db").display()), Some(directory))
        }
    };
    let store = store::connect(&url).await?;
    let Ok(keys) = env::var("TOKEN_STORE_KEYS") else { return Ok((store, directory)) };
    let keys = keys.split(',').map(SealingKey::from_base64).collect::<Result<Vec<_>, _>>()?;
    Ok((Arc::new(EncryptedStore::new(store, client_id, keys)?.reseals_on_load()), directory))
}

/// Completes on Ctrl-C, and on SIGTERM as service managers send it.
async fn stopped() {
    #[cfg(unix)]
    let terminated = async {
        signal::unix::signal(signal::unix::SignalKind::terminate())?.recv().await;
        io::Result::Ok(())
    };
    #[cfg(not(unix))]
    let terminated = std::future::pending::<io::Result<()>>();
    tokio::select! {
        _ = signal::ctrl_c() => {}
        _ = terminated => {}
    }
}

fn page(content: &str) -> Html<String> {
    let style = "body{font:1.1rem/1.6 system-ui;max-width:34rem;margin:10vh auto;padding:0 1rem}";
    Html(format!(
        "<!DOCTYPE html><html lang=en><meta charset=utf-8><meta name=viewport content='width=device-width'>\
         <title>Demo app</title><style>{style}</style><h1>Demo app</h1>{content}</html>"
    ))
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
