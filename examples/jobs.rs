//! A job for all connected users: `cargo run --example jobs`
//!
//! It counts the orders of everybody who is connected. Calls for visitors go first, and a user who has gone is
//! no error.
//!
//! ```toml
//! [dependencies]
//! komerza-connect = "0.1"
//! komerza-sandbox = "0.1"
//! tokio = { version = "1", features = ["full"] }
//! ```

use komerza_connect::{
    ApiKey, Error, KomerzaConnectLayer, MemoryStore, StoredToken, TokenStore, UserId, api::Client, pacing::Priority,
};
use komerza_sandbox::Sandbox;

async fn count(komerza: &Client) -> Result<usize, Error> {
    let mut count = 0;
    for store in komerza.stores().await? {
        let orders = komerza.in_store(&store.id).orders().page_size(100).priority(Priority::Background);
        let mut orders = orders.items();
        while let Some(order) = orders.next().await {
            order?;
            count += 1;
        }
    }
    Ok(count)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let sandbox = Sandbox::start().await?;
    let store = MemoryStore::default(); // yours is a database that the app uses too
    for user in ["alice", "bob"] {
        store.save(&UserId::new(user)?, &StoredToken::new(ApiKey::new(sandbox.issue_key()?)?)?).await?;
    }
    let connect = KomerzaConnectLayer::new(sandbox.config("http://127.0.0.1:3000/komerza/callback")?, store)?;

    let mut users = connect.users();
    while let Some(user) = users.try_next().await? {
        // Who has disconnected meanwhile has no client.
        let Some(komerza) = connect.client_for(&user).await? else { continue };
        match count(&komerza).await {
            Ok(orders) => println!("{}: {orders} orders", user.as_str()),
            // The others have their turn all the same.
            Err(error) => eprintln!("{}: {error}", user.as_str()),
        }
    }
    Ok(())
}
