//! A node of an app as a process of its own, so that tests can kill it.
//!
//! Reads `Config::from_env` and `TOKEN_STORE`, listens on `LISTEN_ADDR`, and prints `listening on http://ADDR`.

use axum::{Json, Router, routing::get};
use komerza_connect::{Config, Error, KomerzaConnectLayer, KomerzaKey, Store, store};
use std::env;

async fn stores(komerza: KomerzaKey) -> Result<Json<Vec<Store>>, Error> {
    Ok(Json(komerza.stores().await?))
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    tracing_subscriber::fmt().with_writer(std::io::stderr).with_max_level(tracing::Level::WARN).init();
    let store = store::connect(&env::var("TOKEN_STORE")?).await?;
    let connect = KomerzaConnectLayer::new(Config::from_env()?, store)?;
    let app = Router::new().route("/api/stores", get(stores)).layer(connect);
    let listener = tokio::net::TcpListener::bind(env::var("LISTEN_ADDR")?).await?;
    println!("listening on http://{}", listener.local_addr()?);
    Ok(axum::serve(listener, app).await?)
}
