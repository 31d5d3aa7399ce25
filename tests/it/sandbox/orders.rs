//! Orders: pages, filters, one, changes and their effects.

use super::shop::{Shop, names};
use super::*;

#[tokio::test]
async fn orders_come_in_pages_that_together_hold_each_order_once() {
    let shop = Shop::open().await;
    let mut ids = Vec::new();
    for page in 1..=4 {
        let (_, body) = shop.get(&format!("/orders?Page={page}&PageSize=20")).await;
        assert_eq!(names(&body), ["data", "pages", "success"]);
        assert_eq!(body["pages"], 4);
        ids.extend(body["data"].as_array().unwrap().iter().map(|order| order["id"].as_str().unwrap().to_owned()));
    }
    assert_eq!(ids.len(), 64);
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), 64);
    let (status, past) = shop.get("/orders?Page=5&PageSize=20").await;
    assert_eq!((status, &past["pages"], &past["data"]), (200, &4.into(), &json!([])));
    let (status, invalid) = shop.get("/orders?Page=0").await;
    assert_eq!((status, &invalid["code"]), (400, &"ValidationError".into()));
    // Many orders can be asked for.
    let sandbox = builder().orders_per_store(3000).start().await.unwrap();
    let (key, store) = (sandbox.issue_key().unwrap(), &sandbox.store_ids(0)[0]);
    let (_, body) = get(&sandbox, &key, &format!("/stores/{store}/orders?PageSize=100&Page=30")).await;
    assert_eq!((&body["pages"], body["data"].as_array().unwrap().len()), (&30.into(), 100));
}

#[tokio::test]
async fn orders_are_filtered_by_status_and_sorted() {
    let shop = Shop::open().await;
    let pending = shop.data("/orders?Filters=status%3D%3Dpending&PageSize=100").await;
    let delivered = shop.data("/orders?Filters=status%3D%3DDelivered&PageSize=100").await;
    let (pending, delivered) = (pending.as_array().unwrap(), delivered.as_array().unwrap());
    assert!(!pending.is_empty() && pending.iter().all(|order| order["status"] == "pending"));
    assert_eq!(pending.len() + delivered.len(), 64);
    let oldest = shop.data("/orders?Sorts=dateFrom&PageSize=1").await;
    let newest = shop.data("/orders?PageSize=1").await;
    assert!(oldest[0]["dateCreated"].as_str() < newest[0]["dateCreated"].as_str());
    assert_eq!(shop.get("/orders?Filters=color%3D%3Dred").await.0, 400);
}

#[tokio::test]
async fn one_order_is_found_under_data_order() {
    let shop = Shop::open().await;
    let listed = shop.data("/orders?PageSize=1").await[0].take();
    let id = listed["id"].as_str().unwrap();
    let one = shop.data(&format!("/orders/{id}")).await;
    assert_eq!(names(&one), ["billingInformation", "ipInfo", "logs", "order", "storeId", "storeName"]);
    assert_eq!((&one["order"]["id"], &one["order"]["amount"]), (&listed["id"], &listed["amount"]));
    assert_eq!(one["order"]["customer"]["emailAddress"], listed["customerEmail"]);
    assert_eq!(one["storeName"], "Night Owl Keys");
    let found = shop.data(&format!("/orders/search/{}", listed["customerEmail"].as_str().unwrap())).await;
    assert!(found.as_array().unwrap().contains(&listed));
    assert_eq!(shop.get("/orders/no-such-order").await.1["code"], "NotFound");
}

#[tokio::test]
async fn a_pending_order_is_delivered_once_and_refunded_once() {
    let shop = Shop::open().await;
    let pending = shop.data("/orders?status=pending&PageSize=1").await;
    let path = format!("/orders/{}", pending[0]["id"].as_str().unwrap());
    let refund = format!("{path}/refund");
    assert_eq!(shop.send(Method::DELETE, &refund, json!({ "reason": 1 })).await.0, 400);
    let (status, body) = shop.send(Method::PUT, &format!("{path}/deliver"), json!({})).await;
    assert_eq!((status, &body["data"]), (200, &Value::Null));
    let order = shop.data(&path).await["order"].take();
    assert_eq!((&order["status"], &order["amountPaid"]), (&"Delivered".into(), &order["amount"]));
    assert_eq!(order["deliveredItems"].as_array().unwrap().len(), 1);
    // Nothing happens to an order that is delivered already.
    assert_eq!(shop.send(Method::PUT, &format!("{path}/deliver"), json!({})).await.0, 200);
    assert_eq!(shop.data(&path).await["order"]["deliveredItems"], order["deliveredItems"]);
    for wrong in [json!({}), json!({ "reason": 4 }), json!({ "reason": "Other" })] {
        assert_eq!(shop.send(Method::DELETE, &refund, wrong).await.1["code"], "ValidationError");
    }
    assert_eq!(shop.send(Method::DELETE, &refund, json!({ "reason": 1 })).await.1["data"]["reason"], 1);
    assert_eq!(shop.send(Method::DELETE, &refund, json!({ "reason": 1 })).await.0, 400);
    assert_eq!(shop.data(&path).await["order"]["refund"]["reason"], 1);
}

#[tokio::test]
async fn an_order_is_created_from_variants_of_the_store() {
    let shop = Shop::open().await;
    let product = shop.data("/products/all").await[0].take();
    let variant = &product["variants"][0];
    let item = |variant: &Value, quantity: i64| json!({ "productId": product["id"], "variantId": variant, "quantity": quantity });
    let form = json!({
        "emailAddress": "new@buyer.example", "gateway": "stripe", "items": [item(&variant["id"], 2)],
        "metadata": { "plan": "pro" }, "returnUrl": "https://app.example/thanks",
    });
    let (status, body) = shop.send(Method::POST, "/orders", form).await;
    assert_eq!((status, &body["data"]["source"]), (200, &"api".into()));
    assert_eq!((&body["data"]["gateway"], &body["data"]["metadata"]["plan"]), (&"stripe".into(), &"pro".into()));
    assert_eq!(body["data"]["amount"].as_f64().unwrap(), variant["cost"].as_f64().unwrap() * 2.0);
    assert_eq!(shop.data("/orders?PageSize=1").await[0]["id"], body["data"]["id"]);
    for wrong in [
        json!({ "items": [item(&variant["id"], 1)] }),
        json!({ "customerEmail": "a@b", "gateway": "stripe", "items": [item(&variant["id"], 1)] }),
        json!({ "emailAddress": "a@b", "items": [item(&variant["id"], 1)] }),
        json!({ "emailAddress": "a@b", "gateway": "stripe", "items": [] }),
        json!({ "emailAddress": "a@b", "gateway": "stripe", "items": [item(&"none".into(), 1)] }),
        json!({ "emailAddress": "a@b", "gateway": "stripe", "items": [item(&variant["id"], 0)] }),
    ] {
        assert_eq!(shop.send(Method::POST, "/orders", wrong).await.0, 400);
    }
    let priced = json!({ "emailAddress": "a@b", "gateway": "stripe", "cost": 12.5 });
    assert_eq!(shop.send(Method::POST, "/orders", priced).await.1["data"]["amount"], 12.5);
}

#[tokio::test]
async fn orders_are_exported_as_csv() {
    let shop = Shop::open().await;
    let path = format!("/stores/{}/orders/csv?from=2026-11-01&to=2026-11-10", shop.store);
    let response = call(&shop.sandbox, &shop.key, Method::GET, &path).send().await.unwrap();
    assert_eq!(response.headers()["content-type"], "text/csv; charset=utf-8");
    let table = response.text().await.unwrap();
    let within = shop.data("/orders?dateFrom=2026-11-01&dateTo=2026-11-10&PageSize=100").await;
    assert_eq!(table.lines().count(), 1 + within.as_array().unwrap().len());
    assert!(table.lines().count() > 5 && table.starts_with("id,dateCreated,"));
}

#[tokio::test]
async fn the_orders_of_an_affiliate_have_their_page_in_the_path() {
    let shop = Shop::open().await;
    let customers = shop.data("/customers?PageSize=100").await;
    let affiliate = customers.as_array().unwrap().iter().find(|customer| customer["isAffiliate"] == true).unwrap();
    let path = format!("/affiliates/{}/orders", affiliate["id"].as_str().unwrap());
    let (_, first) = shop.get(&format!("{path}/1?limit=5")).await;
    let (_, second) = shop.get(&format!("{path}/2?limit=5")).await;
    assert_eq!((&first["pages"], first["data"].as_array().unwrap().len()), (&3.into(), 5));
    assert_ne!(first["data"], second["data"]);
    assert!(first["data"][0].get("customer").is_some());
}
