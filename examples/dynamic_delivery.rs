//! The app itself delivers what a buyer orders: `cargo run --example dynamic_delivery`
//!
//! ```toml
//! [dependencies]
//! axum = "0.8"
//! komerza-connect = { version = "0.1", features = ["webhook"] }
//! komerza-sandbox = "0.1" # stands in for Komerza
//! tokio = { version = "1", features = ["full"] }
//! ```
//!
//! Komerza posts an order to the app, and the text that the app answers is what the buyer receives. Here the
//! sandbox stands in for Komerza: it delivers an order, and the example prints what arrived.

use axum::extract::{FromRef, State};
use axum::{Router, routing::post};
use komerza_connect::api::models::{NewOrder, VariantDelivery};
use komerza_connect::webhook::{Delivery, Verifier};
use komerza_connect::{ApiKey, KomerzaConnectLayer, MemoryStore, StoredToken, TokenStore, UserId};
use komerza_sandbox::Sandbox;
use std::sync::{Arc, Mutex, PoisonError};
use std::{collections::HashMap, error::Error};

#[derive(Clone)]
struct App {
    verifier: Verifier,
    /// The licences that were handed out, by the digest of the delivery. A real app keeps this in its
    /// database.
    licences: Arc<Mutex<HashMap<[u8; 32], String>>>,
}

impl FromRef<App> for Verifier {
    fn from_ref(app: &App) -> Self {
        app.verifier.clone()
    }
}

/// Hands out a licence, and the same one again when a delivery is repeated. A forged delivery never gets
/// here.
async fn deliver(State(app): State<App>, delivery: Delivery) -> String {
    let mut licences = app.licences.lock().unwrap_or_else(PoisonError::into_inner);
    let sold = licences.len();
    licences.entry(delivery.digest()).or_insert_with(|| format!("LICENCE-{sold:04}")).clone()
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let all = komerza_connect::api::scopes::ALL.iter().copied();
    let sandbox = Sandbox::builder().scopes(all).start().await?;

    // The app, with the secret that the Komerza dashboard shows.
    let app = App { verifier: Verifier::new(sandbox.delivery_secret())?, licences: Arc::default() };
    let routes = Router::new().route("/deliver", post(deliver)).with_state(app.clone());
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    tokio::spawn(async move { axum::serve(listener, routes).await });

    // A merchant who has connected.
    let (tokens, alice) = (MemoryStore::default(), UserId::new("alice")?);
    tokens.save(&alice, &StoredToken::new(ApiKey::new(sandbox.issue_key()?)?)?).await?;
    let connect = KomerzaConnectLayer::new(sandbox.config("http://127.0.0.1:3000/komerza/callback")?, tokens)?;
    let store = connect.client_for(&alice).await?.ok_or("not connected")?.in_store(sandbox.store_ids(0).remove(0));

    // From now on the app delivers this variant. Then somebody buys one.
    let product = store.all_products().await?.remove(0);
    let variant = product.variants.first().ok_or("no variant")?;
    let delivery = VariantDelivery::dynamic(format!("http://{address}/deliver"));
    store.in_variant(&product.id, &variant.id).set_delivery(&delivery).await?;
    let order = NewOrder::new("buyer@shop.example", "stripe").item(&product.id, &variant.id, 1);
    let order = store.create_order(&order).await?;
    store.deliver_order(&order.id).await?;
    let delivered = store.order(&order.id).await?.order.delivered_items;
    let text = delivered.first().and_then(|item| item.text_content.as_deref());
    println!("the buyer received {}", text.unwrap_or("nothing"));
    assert_eq!(text, Some("LICENCE-0000"));
    Ok(())
}
