//! A node of an app as a process of its own, so that tests can kill it.
//!
//! Reads `ConfigBuilder::from_env` and `TOKEN_STORE`, listens on `LISTEN_ADDR`, and prints `listening on http://ADDR`.

use axum::{Json, Router, routing::get};
use komerza_connect::{ConfigBuilder, Error, KomerzaConnectLayer, KomerzaKey, Store, config::Limits, store};
use std::{env, time::Duration};

async fn stores(komerza: KomerzaKey) -> Result<Json<Vec<Store>>, Error> {
    Ok(Json(komerza.stores().await?))
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    tracing_subscriber::fmt().with_writer(std::io::stderr).with_max_level(tracing::Level::WARN).init();
    let store = store::connect(&env::var("TOKEN_STORE")?).await?;
    // The tests are about the store: nobody waits for a turn.
    let mut limits = Limits::default();
    limits.exchange_bucket.period = Duration::ZERO;
    let connect = KomerzaConnectLayer::new(ConfigBuilder::from_env().limits(limits).build()?, store)?;
    let app = Router::new().route("/api/stores", get(stores)).layer(connect);
    let listener = tokio::net::TcpListener::bind(env::var("LISTEN_ADDR")?).await?;
    println!("listening on http://{}", listener.local_addr()?);
    Ok(axum::serve(listener, app).await?)
}
