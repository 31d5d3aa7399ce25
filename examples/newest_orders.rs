//! Prints the ten newest orders of each store: `cargo run --example newest_orders`
//!
//! ```toml
//! [dependencies]
//! komerza-connect = "0.1"
//! komerza-sandbox = "0.1"
//! tokio = { version = "1", features = ["full"] }
//! ```

use komerza_connect::{ApiKey, api::Client};
use komerza_sandbox::Sandbox;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let sandbox = Sandbox::start().await?;
    let key = ApiKey::new(sandbox.issue_key()?)?;
    // Against Komerza itself: Client::new(key, "MyReport/1.0")?
    let komerza = Client::builder(key, "MyReport/1.0").api_url(sandbox.api_url()).build()?;

    for store in komerza.stores().await? {
        println!("{}", store.name);
        let newest = komerza.in_store(&store.id).orders().newest_first().page_size(10);
        for order in newest.page(1).await?.items {
            println!("  {} {:.2} {} {}", order.date_created, order.amount, order.currency_code, order.status);
        }
    }
    Ok(())
}
