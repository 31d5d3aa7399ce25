//! Reads all orders of all stores as a stream and counts them by day: `cargo run --example orders`
//!
//! The orders are those of a sandbox on this machine. `examples/chart` draws them.
//!
//! ```toml
//! [dependencies]
//! jiff = "1"
//! komerza-connect = "0.1"
//! komerza-sandbox = "0.1"
//! tokio = { version = "1", features = ["full"] }
//! ```

use jiff::{civil::Date, tz::Offset};
use komerza_connect::{ApiKey, api::Client, pacing::Priority};
use komerza_sandbox::Sandbox;
use std::{collections::BTreeMap, error::Error};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let sandbox = Sandbox::builder().orders_per_store(400).start().await?;
    let key = ApiKey::new(sandbox.issue_key()?)?;
    // Against Komerza itself: Client::new(key, "MyReport/1.0")?
    let komerza = Client::builder(key, "MyReport/1.0").api_url(sandbox.api_url()).build()?;
    for store in komerza.stores().await? {
        let mut days: BTreeMap<Date, usize> = BTreeMap::new();
        // A hundred orders a page. The next page is fetched while this one is counted, and calls for visitors go first.
        let orders = komerza.in_store(&store.id).orders().page_size(100).prefetch().priority(Priority::Background);
        let mut orders = orders.items();
        while let Some(order) = orders.next().await {
            *days.entry(Offset::UTC.to_datetime(order?.date_created).date()).or_default() += 1;
        }
        println!("{}: {} orders", store.name, days.values().sum::<usize>());
        for (day, orders) in days {
            println!("  {day} {orders:4} {}", "*".repeat(orders));
        }
    }
    Ok(())
}
