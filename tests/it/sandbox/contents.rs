//! What else a store has: names of fields, changes and their effects.

use super::shop::Shop;
use super::*;
use komerza_sandbox::{Approval, ContentTypes};

#[tokio::test]
async fn products_are_found_and_changed_and_categories_list_them() {
    let shop = Shop::open().await;
    let found = shop.data("/products/search/tidy").await[0].take();
    let id = found["id"].as_str().unwrap();
    assert_eq!(shop.data(&format!("/products/{id}")).await, found);
    assert_eq!(shop.data("/products/slug/tidy-desk").await, found);
    let path = format!("/products/{id}");
    assert_eq!(shop.send(Method::PUT, &path, json!({ "name": "Newer" })).await.1["data"], Value::Null);
    let changed = shop.data(&path).await;
    assert_eq!((&changed["name"], &changed["description"]), (&"Newer".into(), &found["description"]));
    // Categories show ids in lists, and products when asked for one.
    let listed = shop.data("/categories/all").await[0].take();
    assert_eq!(listed["productCount"], 2);
    let one = shop.data(&format!("/categories/{}", listed["id"].as_str().unwrap())).await;
    assert_eq!(one["products"][0]["id"], listed["products"][0]);
}

#[tokio::test]
async fn an_image_is_uploaded_as_a_form_and_deleted_by_name() {
    let shop = Shop::open().await;
    let id = shop.data("/products/all").await[0]["id"].as_str().unwrap().to_owned();
    let path = format!("/stores/{}/products/{id}/images", shop.store);
    let form = [
        "--line\r\nContent-Disposition: form-data; name=\"note\"\r\n\r\nx\r\n",
        "--line\r\nContent-Disposition: form-data; name=\"image\"; filename=\"image.png\"\r\n\r\n",
        &"7".repeat(300_000),
        "\r\n--line--\r\n",
    ];
    let upload = || call(&shop.sandbox, &shop.key, Method::PATCH, &path);
    let sent = upload().header("content-type", "multipart/form-data; boundary=line").body(form.concat());
    let (status, body) = read(sent.send().await.unwrap()).await;
    let name = body["data"].as_str().unwrap();
    assert_eq!((status, name.ends_with("-300000.bin")), (200, true));
    assert_eq!(shop.data(&format!("/products/{id}")).await["imageNames"], json!([name]));
    let other = form.concat().replace("name=\"image\"", "name=\"file\"");
    let sent = upload().header("content-type", "multipart/form-data; boundary=line").body(other);
    assert_eq!(sent.send().await.unwrap().status(), StatusCode::BAD_REQUEST, "the field is called image");
    assert_eq!(upload().body("no form").send().await.unwrap().status(), StatusCode::BAD_REQUEST);
    let (status, body) = shop.send(Method::DELETE, &format!("/products/{id}/images/{name}"), json!({})).await;
    assert_eq!((status, &body["data"]["imageNames"]), (200, &json!([])));
    assert!(body["data"].get("imageLinks").is_some());
}

#[tokio::test]
async fn variants_and_their_items_can_be_read_and_changed() {
    let shop = Shop::open().await;
    let product = shop.data("/products").await[0].take();
    let path = format!("/products/{}/variants", product["id"].as_str().unwrap());
    let variant = product["variants"][0]["id"].as_str().unwrap();
    let one = shop.data(&format!("{path}?variantId={variant}")).await;
    assert_eq!(one, product["variants"][0]);
    assert!(one.get("type").is_none() && one.get("files").is_some());
    assert_eq!(one["stock"], 40);
    let (_, page) = shop.get(&format!("{path}/{variant}/items/2?count=15")).await;
    assert_eq!((&page["pages"], page["data"].as_array().unwrap().len()), (&3.into(), 15));
    assert!(page["data"][0].as_str().unwrap().starts_with("OBVIOUSLY-FAKE-KEY-"));

    let items = format!("{path}/{variant}/items");
    assert_eq!(
        shop.send(Method::PUT, &items, json!({ "items": ["obviously-fake-a", "obviously-fake-b"] })).await.0,
        200
    );
    assert_eq!(shop.send(Method::DELETE, &items, json!({ "items": ["obviously-fake-a"] })).await.0, 200);
    assert_eq!(shop.data(&format!("{path}?variantId={variant}")).await["stock"], 41);
    assert_eq!(shop.send(Method::DELETE, &format!("{items}/clear"), json!({})).await.0, 200);
    assert_eq!(shop.data(&format!("{path}?variantId={variant}")).await["stock"], 0);
}

#[tokio::test]
async fn customers_are_found_by_email_created_once_and_given_a_balance() {
    let shop = Shop::open().await;
    let listed = shop.data("/customers?PageSize=1").await[0].take();
    let email = listed["emailAddress"].as_str().unwrap();
    let one = shop.data(&format!("/customers/{email}/email")).await;
    assert_eq!((&one["id"], &one["totalSpend"]), (&listed["id"], &listed["totalSpend"]));
    assert!(one.get("isAffiliate").is_none() && one.get("balance").is_some());
    let form = json!({ "emailAddress": "Fresh@buyer.example" });
    let (status, made) = shop.send(Method::POST, "/customers", form.clone()).await;
    assert_eq!((status, made["data"]["storeData"].as_array().unwrap().len()), (200, 1));
    let (status, again) = shop.send(Method::POST, "/customers", form).await;
    assert_eq!((status, &again["code"]), (409, &"ObjectConflict".into()));
    assert_eq!(shop.send(Method::POST, "/customers", json!({ "emailAddress": "nobody" })).await.0, 400);
    let path = format!("/customers/{}", made["data"]["id"].as_str().unwrap());
    assert_eq!(shop.send(Method::PATCH, &format!("{path}/balance"), json!({ "newBalance": 12.5 })).await.0, 200);
    assert_eq!(shop.data(&path).await["balance"], 12.5);
    assert_eq!(shop.send(Method::PATCH, &format!("{path}/balance"), json!({})).await.0, 400);
    // Their spending is the sum of their paid orders.
    let orders = shop.data("/orders?PageSize=100").await;
    let paid: f64 = orders.as_array().unwrap().iter().map(|order| order["amountPaid"].as_f64().unwrap()).sum();
    let customers = shop.data("/customers?PageSize=100").await;
    let spent: f64 =
        customers.as_array().unwrap().iter().map(|customer| customer["totalSpend"].as_f64().unwrap()).sum();
    assert!((paid - spent).abs() < 0.005 && paid > 100.0, "{paid} {spent}");
}

#[tokio::test]
async fn webhooks_are_kept_for_the_account_with_their_logs() {
    let shop = Shop::open().await;
    let form = json!({ "url": "https://app.example/hook", "eventTypes": ["a"], "storeIds": [shop.store] });
    let create = call(&shop.sandbox, &shop.key, Method::POST, "/webhooks").header("content-type", "application/json");
    let (status, made) = read(create.body(form.to_string()).send().await.unwrap()).await;
    assert_eq!((status, &made["data"]["webhook"]["events"]), (200, &json!(["a"])));
    assert!(made["data"]["secret"].as_str().unwrap().starts_with("obviously-fake-"));
    let (_, all) = get(&shop.sandbox, &shop.key, "/webhooks").await;
    assert_eq!(all["data"].as_array().unwrap().len(), 2);
    let seeded = format!("/webhooks/{}", all["data"][0]["id"].as_str().unwrap());
    let (_, one) = get(&shop.sandbox, &shop.key, &seeded).await;
    assert_eq!(one["data"]["executionLogs"], json!([]));
    let (_, logs) = get(&shop.sandbox, &shop.key, &format!("{seeded}/logs?PageSize=10&Page=3")).await;
    assert_eq!((&logs["pages"], logs["data"].as_array().unwrap().len()), (&3.into(), 5));
    let failed = get(&shop.sandbox, &shop.key, &format!("{seeded}/logs?ResponseCode=500")).await.1;
    let resend = format!("{seeded}/logs/{}/resend", failed["data"][0]["id"].as_str().unwrap());
    let resent = call(&shop.sandbox, &shop.key, Method::POST, &resend).send().await.unwrap();
    assert_eq!(resent.status(), 200);
    let made = format!("/webhooks/{}", made["data"]["webhook"]["id"].as_str().unwrap());
    let deleted = call(&shop.sandbox, &shop.key, Method::DELETE, &made).send().await.unwrap();
    assert_eq!(deleted.status(), 200);
    assert_eq!(get(&shop.sandbox, &shop.key, &made).await.0, 404);
}

#[tokio::test]
async fn every_endpoint_refuses_a_key_without_its_scope() {
    let shop = Shop::open().await;
    let key = shop.sandbox.issue_key_for(shop.sandbox.client_id(), &Approval::everything().scopes(["other"])).unwrap();
    let paths = "/user /webhooks /stores/S /stores/S/products /stores/S/products/all /stores/S/categories /stores/S/orders \
                 /stores/S/orders/csv /stores/S/customers /stores/S/tickets";
    for path in paths.split(' ').map(|path| path.replace('S', &shop.store)) {
        let (status, body) = get(&shop.sandbox, &key, &path).await;
        assert_eq!((status, &body["code"]), (403, &"AccessDenied".into()), "{path}");
    }
}

#[tokio::test]
async fn content_types_are_mixed_unless_switched() {
    let shop = Shop::open().await;
    let kind = async |path: String| {
        let response = call(&shop.sandbox, &shop.key, Method::GET, &path).send().await.unwrap();
        response.headers()["content-type"].to_str().unwrap().to_owned()
    };
    assert_eq!(kind("/user".into()).await, "text/plain; charset=utf-8");
    assert_eq!(kind(format!("/stores/{}/orders", shop.store)).await, "application/json; charset=utf-8");
    shop.sandbox.switch(|switches| switches.content_types = ContentTypes::Json);
    assert_eq!(kind("/user".into()).await, "application/json; charset=utf-8");
}
