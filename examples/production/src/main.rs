//! An app as it runs for customers: keys in PostgreSQL, sealed and cached; metrics; a clean stop. `cargo run`
//! in this folder.
//!
//! `Cargo.toml` beside this file has the dependencies. It starts no sandbox: all settings come from the
//! environment.
//!
//! | Variable | Meaning |
//! | --- | --- |
//! | `KOMERZA_CLIENT_ID`, `KOMERZA_CLIENT_SECRET`, `KOMERZA_REDIRECT_URI`, `KOMERZA_USER_AGENT` | your application |
//! | `DATABASE_URL` | `postgres://user:password@host/database` |
//! | `TOKEN_STORE_KEYS` | base64 keys of 32 bytes, separated by commas; the first one encrypts. `openssl rand -base64 32` makes one |
//! | `LISTEN_ADDR` | where the app listens for visitors. Default: `127.0.0.1:3000`, behind a proxy with https |
//! | `METRICS_ADDR` | where Prometheus reads; not for visitors. Default: `127.0.0.1:9000` |
//! | `RUST_LOG` | what is logged. Default: `info` |

use axum::{Json, Router, routing::get};
use komerza_connect::store::{CachedStore, EncryptedStore, ListUsers, PostgresStore};
use komerza_connect::{Config, Error, KomerzaConnectLayer, KomerzaKey, SealingKey, Store, trace::path_only_span};
use metrics_exporter_prometheus::PrometheusBuilder;
use std::{env, time::Duration};
use tokio::{net::TcpListener, signal::unix};
use tower_http::{catch_panic::CatchPanicLayer, trace::TraceLayer};
use tracing_subscriber::EnvFilter;

type AnyError = Box<dyn std::error::Error>;

async fn stores(komerza: KomerzaKey) -> Result<Json<Vec<Store>>, Error> {
    Ok(Json(komerza.stores().await?))
}

#[tokio::main]
async fn main() -> Result<(), AnyError> {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| "info".into());
    tracing_subscriber::fmt().with_env_filter(filter).init();
    let metrics = PrometheusBuilder::new().install_recorder()?;
    let upkeep = metrics.clone();

    let config = Config::from_env()?;
    let keys = setting("TOKEN_STORE_KEYS")?;
    let keys = keys.split(',').map(SealingKey::from_base64).collect::<Result<Vec<_>, _>>();
    let keys = keys.map_err(|error| format!("TOKEN_STORE_KEYS: {error}"))?;
    let postgres = PostgresStore::connect(&setting("DATABASE_URL")?).await?;
    let sealed = EncryptedStore::new(postgres, config.client_id(), keys)?.reseals_on_load();
    let store = std::sync::Arc::new(CachedStore::new(sealed));
    let connect = KomerzaConnectLayer::new(config, store.clone())?;

    let app = Router::new()
        .route("/stores", get(stores))
        .layer(connect.clone()) // after the routes; a session layer would come after it
        .layer(CatchPanicLayer::new())
        .layer(TraceLayer::new_for_http().make_span_with(path_only_span)); // its spans hold no authorization code
    let inside = Router::new().route("/metrics", get(async move || metrics.render())).route(
        "/ready",
        get(async move || match store.ping().await {
            Ok(()) => (axum::http::StatusCode::OK, "ready".to_owned()),
            Err(error) => (axum::http::StatusCode::SERVICE_UNAVAILABLE, error.to_string()),
        }),
    );
    let (public, private) =
        (listen("LISTEN_ADDR", "127.0.0.1:3000").await?, listen("METRICS_ADDR", "127.0.0.1:9000").await?);
    tokio::spawn(async move { axum::serve(private, inside).await });
    tokio::spawn(async move {
        loop {
            tokio::time::sleep(Duration::from_secs(5)).await;
            upkeep.run_upkeep(); // histograms grow until they are read or swept
        }
    });

    let mut terminated = unix::signal(unix::SignalKind::terminate())?;
    let stopped = async move {
        tokio::select! {
            _ = terminated.recv() => {}
            _ = tokio::signal::ctrl_c() => {}
        }
    };
    axum::serve(public, app).with_graceful_shutdown(stopped).await?;
    // Requests have ended. Now the exchanges that they began are finished and their keys are saved.
    if !connect.shutdown(Duration::from_secs(20)).await {
        return Err("some users who were just connecting have to do it again".into());
    }
    Ok(())
}

fn setting(name: &str) -> Result<String, String> {
    env::var(name).map_err(|_| format!("{name} is missing"))
}

async fn listen(variable: &str, default: &str) -> std::io::Result<TcpListener> {
    let address = TcpListener::bind(env::var(variable).unwrap_or_else(|_| default.into())).await?;
    println!("{variable}: listening on http://{}", address.local_addr()?);
    Ok(address)
}
