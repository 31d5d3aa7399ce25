//! Deliveries from the sandbox to an app, over sockets.

use crate::client::sandboxed;
use crate::prelude::*;
use axum::extract::{FromRef, State};
use axum::{http::StatusCode, routing::post};
use komerza_connect::api::InStore;
use komerza_connect::api::models::{NewOrder, Order, OrderStatus, VariantDelivery};
use komerza_connect::webhook::{Delivery, Verifier};
use komerza_sandbox::Undelivered;

#[derive(Clone)]
struct App {
    verifier: Verifier,
    received: Arc<Mutex<Vec<Value>>>,
}

impl FromRef<App> for Verifier {
    fn from_ref(app: &App) -> Self {
        app.verifier.clone()
    }
}

async fn receive(State(app): State<App>, delivery: Delivery) -> (StatusCode, &'static str) {
    assert_eq!(delivery.headers()["user-agent"], "Komerza/1.0");
    app.received.lock().unwrap().push(delivery.json().unwrap());
    (StatusCode::OK, "OBVIOUSLY-FAKE-LICENCE")
}

/// An app that takes deliveries signed with a secret; its address.
async fn app(secret: &str) -> (App, String) {
    let app = App { verifier: Verifier::new(secret).unwrap(), received: Arc::default() };
    let routes = Router::new().route("/hook", post(receive)).with_state(app.clone());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/hook", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, routes).await });
    (app, url)
}

/// An order of a variant that the app at this address delivers.
async fn ordered(store: &InStore, url: String) -> Order {
    let product = store.all_products().await.unwrap().remove(0);
    let variant = &product.variants[0].id;
    let shown = store.in_variant(&product.id, variant).set_delivery(&VariantDelivery::dynamic(url)).await.unwrap();
    assert_eq!(shown.delivery_types, ["dynamic"]);
    let order = NewOrder::new("buyer@shop.example", "stripe").item(&product.id, variant, 2);
    store.create_order(&order).await.unwrap()
}

#[tokio::test]
async fn a_variant_is_delivered_by_the_app_once() {
    let (sandbox, key) = sandboxed().await;
    let (app, url) = app(&sandbox.delivery_secret()).await;
    let store = key.in_store(sandbox.store_ids(0)[0].as_str());
    let order = ordered(&store, url).await;
    assert!(order.checkout_url().unwrap().ends_with(order.id.as_str()));
    for _ in 0..2 {
        store.deliver_order(&order.id).await.unwrap();
    }
    let delivered = store.order(&order.id).await.unwrap().order;
    assert_eq!(delivered.status, OrderStatus::DELIVERED);
    let [item] = &delivered.delivered_items[..] else { panic!("{delivered:?}") };
    assert_eq!((item.kind.as_str(), item.text_content.as_deref()), ("dynamic", Some("OBVIOUSLY-FAKE-LICENCE")));
    let received = app.received.lock().unwrap();
    assert_eq!(received.len(), 1, "the app is asked once");
    assert_eq!((&received[0]["storeId"], &received[0]["orderId"]), (&json!(store.id()), &json!(order.id)));
}

#[tokio::test]
async fn an_app_with_another_secret_refuses_and_the_order_stays_as_it_is() {
    let (sandbox, key) = sandboxed().await;
    let (app, url) = app("obviously-fake-other-secret").await;
    let store = key.in_store(sandbox.store_ids(0)[0].as_str());
    let order = ordered(&store, url).await;
    let refused = store.deliver_order(&order.id).await.unwrap_err();
    assert_eq!(refused.message(), Some("The app answered 403 Forbidden."));
    assert_eq!(store.order(&order.id).await.unwrap().order.status, OrderStatus::PENDING);
    assert!(app.received.lock().unwrap().is_empty());
}

#[tokio::test]
async fn an_event_reaches_the_webhook_signed_with_its_own_secret_and_is_in_its_log() {
    let (sandbox, key) = sandboxed().await;
    // Its secret is told when it is made, so the app's address comes first and its secret later.
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/hook", listener.local_addr().unwrap());
    let form = json!({ "url": url, "eventTypes": ["an-event"], "storeIds": sandbox.store_ids(0) });
    let made: Value = key.post("/webhooks").json(&form).fetch().await.unwrap();
    let (id, secret) = (made["webhook"]["id"].as_str().unwrap(), made["secret"].as_str().unwrap());
    let app = App { verifier: Verifier::new(secret).unwrap(), received: Arc::default() };
    let routes = Router::new().route("/hook", post(receive)).with_state(app.clone());
    tokio::spawn(async move { axum::serve(listener, routes).await });

    let event = json!({ "what": "an event of the test" });
    let delivered = sandbox.send_event(id, &event).await.unwrap();
    assert_eq!((delivered.status.as_u16(), delivered.body.as_str()), (200, "OBVIOUSLY-FAKE-LICENCE"));
    assert_eq!(*app.received.lock().unwrap(), std::slice::from_ref(&event));
    let log = key.get(&format!("/webhooks/{id}/logs")).paged::<Value>().all().await.unwrap().remove(0);
    assert_eq!((&log["responseCode"], &log["url"]), (&json!(200), &json!(url)));
    assert_eq!(serde_json::from_str::<Value>(log["requestBody"].as_str().unwrap()).unwrap(), event);

    assert_eq!(sandbox.send_event("none", &event).await, Err(Undelivered::NoSuchWebhook));
    let seeded = key.get("/webhooks").fetch::<Value>().await.unwrap();
    assert_eq!(sandbox.send_event(seeded[0]["id"].as_str().unwrap(), &event).await, Err(Undelivered::NotLoopback));
}
