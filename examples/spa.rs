//! A page with a script, on the same origin as its JSON API: `cargo run --example spa`, then open the printed
//! address.
//!
//! The script asks the status route whether the user is connected, reads `/api/stores`, and disconnects by a
//! POST. It never sees a key.
//!
//! ```toml
//! [dependencies]
//! axum = "0.8"
//! komerza-connect = "0.1"
//! komerza-sandbox = "0.1"
//! tokio = { version = "1", features = ["full"] }
//! ```

use axum::{Json, Router, response::Html, routing::get};
use komerza_connect::{Error, KomerzaConnectLayer, KomerzaKey, MemoryStore, Store};
use komerza_sandbox::Sandbox;

/// A script that is not connected gets 401 as JSON, with the login's address in `login_url`.
async fn stores(komerza: KomerzaKey) -> Result<Json<Vec<Store>>, Error> {
    Ok(Json(komerza.stores().await?))
}

const PAGE: &str = r#"<!DOCTYPE html><meta charset=utf-8><title>Demo app</title><h1>My stores</h1><main></main>
<script type=module>
  const main = document.querySelector("main");
  const element = (name, text, more = {}) => Object.assign(document.createElement(name), { textContent: text }, more);
  const status = await (await fetch("/komerza/status")).json();
  if (status.connected) {
    const stores = await (await fetch("/api/stores")).json();
    main.append(...stores.map((store) => element("p", store.name)));
    const disconnect = async () => {
      await fetch("/komerza/disconnect", { method: "POST" });
      location.reload();
    };
    main.append(element("button", "Disconnect", { onclick: disconnect }));
  } else {
    main.append(element("a", "Connect with Komerza", { href: status.login_url }));
  }
</script>"#;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let redirect_uri = "http://127.0.0.1:3000/komerza/callback";
    let sandbox = Sandbox::builder().redirect_uri(redirect_uri).start().await?;
    let connect = KomerzaConnectLayer::new(sandbox.config(redirect_uri)?, MemoryStore::default())?;
    let app = Router::new().route("/", get(|| async { Html(PAGE) })).route("/api/stores", get(stores)).layer(connect);
    println!("open http://127.0.0.1:3000");
    Ok(axum::serve(tokio::net::TcpListener::bind("127.0.0.1:3000").await?, app).await?)
}
