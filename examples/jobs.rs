//! Two jobs that repeat until Ctrl-C: `cargo run --example jobs`
//!
//! One counts the orders of everybody who is connected. Calls for visitors go first, and a user who has
//! disconnected is not an error. The other removes the records of expired browser sessions once a day.
//!
//! ```toml
//! [dependencies]
//! komerza-connect = "0.1"
//! komerza-sandbox = "0.1"
//! tokio = { version = "1", features = ["full"] }
//! ```

use komerza_connect::{
    ApiKey, Error, KomerzaConnectLayer, MemoryStore, StoreError, StoredToken, TokenStore, UserId, api::Client,
    pacing::Priority,
};
use komerza_sandbox::Sandbox;
use std::time::Duration;

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

/// One round over all users, whom the store lists page by page.
async fn count_all(connect: &KomerzaConnectLayer) -> Result<(), StoreError> {
    let mut users = connect.users();
    while let Some(listed) = users.try_next().await? {
        let user = listed.user; // `listed` also says when the key was saved, and has the app's note
        // A user who has disconnected meanwhile has no client.
        let Some(komerza) = connect.client_for(&user).await? else { continue };
        match count(&komerza).await {
            Ok(orders) => println!("{}: {orders} orders", user.as_str()),
            // The job goes on with the other users.
            Err(error) => eprintln!("{}: {error}", user.as_str()),
        }
    }
    Ok(())
}

/// Runs a job again and again, with a pause after each run: two runs never overlap. After a failure the next
/// run tries again.
async fn every(pause: Duration, job: impl AsyncFn() -> Result<(), StoreError>) {
    loop {
        if let Err(error) = job().await {
            eprintln!("the job ended early: {error}");
        }
        tokio::time::sleep(pause).await;
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let sandbox = Sandbox::start().await?;
    let store = MemoryStore::default(); // in your job, open the database that the app uses
    for user in ["alice", "bob"] {
        store.save(&UserId::new(user)?, &StoredToken::new(ApiKey::new(sandbox.issue_key()?)?)?).await?;
    }
    let connect = KomerzaConnectLayer::new(sandbox.config("http://127.0.0.1:3000/komerza/callback")?, store)?;

    // In your app, wait an hour. In a web server, spawn both jobs beside the server, on one node only.
    let counting = every(Duration::from_secs(5), async || count_all(&connect).await);
    // Only for apps without `with_user`, where a user is a browser.
    let sweeping = every(Duration::from_secs(24 * 60 * 60), async || connect.sweep().await.map(drop));
    tokio::select! {
        _ = counting => {}
        _ = sweeping => {}
        _ = tokio::signal::ctrl_c() => {}
    }
    Ok(())
}
