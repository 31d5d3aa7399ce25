//! One app on two nodes: `cargo run --example two_nodes`
//!
//! Open the first address and connect. The second node knows the user at once: the nodes share only the store
//! and the settings. The cookies of both are sealed with a key that is derived from the client secret.
//! `KOMERZA_COOKIE_KEYS` sets another.
//!
//! ```toml
//! [dependencies]
//! axum = "0.8"
//! komerza-connect = { version = "0.1", features = ["sqlite"] }
//! komerza-sandbox = "0.1"
//! tempfile = "3"
//! tokio = { version = "1", features = ["full"] }
//! ```

use axum::{Json, Router, routing::get};
use komerza_connect::{Config, Error, KomerzaConnectLayer, KomerzaKey, Store, store::SqliteStore};
use komerza_sandbox::Sandbox;
use std::path::Path;
use tokio::net::TcpListener;

type AnyError = Box<dyn std::error::Error>;

async fn stores(komerza: KomerzaKey) -> Result<Json<Vec<Store>>, Error> {
    Ok(Json(komerza.stores().await?))
}

/// What runs on each machine. On several machines the store is a server: see `examples/production`.
async fn node(config: Config, database: &Path, address: &str) -> Result<(), AnyError> {
    let connect = KomerzaConnectLayer::new(config, SqliteStore::open(database).await?)?;
    let app = Router::new().route("/", get(stores)).layer(connect);
    println!("open http://{address}");
    Ok(axum::serve(TcpListener::bind(address).await?, app).await?)
}

#[tokio::main]
async fn main() -> Result<(), AnyError> {
    // In production this is the address of the load balancer. Here one browser can use both nodes, because
    // browsers send cookies to all ports of a host.
    let redirect_uri = "http://127.0.0.1:3000/komerza/callback";
    let sandbox = Sandbox::builder().redirect_uri(redirect_uri).start().await?;
    let directory = tempfile::tempdir()?;
    let database = directory.path().join("tokens.db");
    let config = sandbox.config(redirect_uri)?;
    tokio::try_join!(node(config.clone(), &database, "127.0.0.1:3000"), node(config, &database, "127.0.0.1:3001"),)?;
    Ok(())
}
