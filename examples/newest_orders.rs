//! Prints the ten newest orders of each store: `cargo run --example newest_orders`
//!
//! ```toml
//! [dependencies]
//! komerza-connect = "0.1"
//! komerza-sandbox = "0.1"
//! tokio = { version = "1", features = ["full"] }
//! ```

use komerza_connect::{ApiKey, KomerzaConnectLayer, MemoryStore, StoredToken, TokenStore, UserId, api::Direction};
use komerza_sandbox::Sandbox;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let sandbox = Sandbox::start().await?;
    let store = MemoryStore::default();
    let me = UserId::new("me")?;
    store.save(&me, &StoredToken::new(ApiKey::new(sandbox.issue_key()?)?)?).await?;
    let connect = KomerzaConnectLayer::new(sandbox.config("http://127.0.0.1:3000/komerza/callback")?, store)?;
    let komerza = connect.client_for(&me).await?;

    for store in komerza.stores().await? {
        println!("{}", store.name);
        let newest = komerza.in_store(&store.id).orders().sort_by("dateFrom", Direction::Descending).page_size(10);
        for order in newest.page(1).await?.items {
            println!("  {} {} {} {}", order.date_created, order.amount, order.currency_code, order.status);
        }
    }
    Ok(())
}
