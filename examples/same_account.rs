//! A user can connect only the same Komerza account as before: `cargo run --example same_account`
//!
//! Open the printed address and approve. Then connect again with the other account of the sandbox: this app
//! keeps the first key, and a page says why.
//!
//! ```toml
//! [dependencies]
//! axum = "0.8"
//! komerza-connect = "0.1"
//! komerza-sandbox = "0.1"
//! tokio = { version = "1", features = ["full"] }
//! ```

use axum::{Router, http::request::Parts, routing::get};
use komerza_connect::hooks::{Connecting, Veto};
use komerza_connect::{Error, Hooks, KomerzaConnectLayer, KomerzaKey, MemoryStore, UserId, async_trait};
use komerza_sandbox::Sandbox;

pub(crate) struct SameAccount;

#[async_trait]
impl Hooks for SameAccount {
    async fn before_storing(&self, connecting: &Connecting<'_>) -> Result<(), Veto> {
        let Some(record) = connecting.replaced else { return Ok(()) };
        // If an account cannot be read, it counts as a different one.
        let before = async { connecting.key.with_key(record.api_key().ok()?.clone()).user().await.ok() };
        let (before, now) = (before.await, connecting.key.user().await.ok());
        let same = before.zip(now).is_some_and(|(before, now)| before.id == now.id);
        if same { Ok(()) } else { Err(Veto::new("This is not the Komerza account of before. Disconnect first.")) }
    }
}

async fn home(komerza: KomerzaKey) -> Result<String, Error> {
    Ok(format!("connected as {}; open /komerza/login to connect again", komerza.user().await?.user_name))
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let redirect_uri = "http://127.0.0.1:3000/komerza/callback";
    let sandbox = Sandbox::builder().redirect_uri(redirect_uri).accounts(2).start().await?;
    let connect = KomerzaConnectLayer::new(sandbox.config(redirect_uri)?, MemoryStore::default())?
        // Stands in for your app's own login.
        .with_user(|_: &Parts| UserId::new("the only user").ok())
        .with_hooks(SameAccount);
    let app = Router::new().route("/", get(home)).layer(connect);
    println!("open http://127.0.0.1:3000");
    Ok(axum::serve(tokio::net::TcpListener::bind("127.0.0.1:3000").await?, app).await?)
}
