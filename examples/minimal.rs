//! The app of the README: start `komerza-sandbox` (`cargo install komerza-sandbox`), set the variables that
//! it prints, run `cargo run --example minimal`, and open http://127.0.0.1:3000/stores.
//!
//! ```toml
//! [dependencies]
//! axum = "0.8"
//! komerza-connect = "0.1"
//! tokio = { version = "1", features = ["macros", "rt-multi-thread", "net"] }
//! ```

use axum::{Json, Router, routing::get};
use komerza_connect::{Config, Error, KomerzaConnectLayer, KomerzaKey, MemoryStore, Store};

async fn stores(komerza: KomerzaKey) -> Result<Json<Vec<Store>>, Error> {
    Ok(Json(komerza.stores().await?))
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    // `MemoryStore` forgets all keys at exit: for first steps only.
    let connect = KomerzaConnectLayer::new(Config::from_env()?, MemoryStore::default())?;
    let app = Router::new().route("/stores", get(stores)).layer(connect); // after your routes, before your session layer
    let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
    Ok(axum::serve(listener, app).await?)
}
