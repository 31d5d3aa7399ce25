//! What happens when Komerza changes: the guide `change`, line by line.

use super::odd::answering;
use crate::prelude::*;
use komerza_connect::api::models::OrderStatus;

fn order(id: &str) -> Value {
    json!({"id": id, "dateCreated": "2026-11-20T10:00:00Z", "amount": 5, "amountPaid": 5, "status": "Delivered"})
}

#[tokio::test]
async fn a_new_field_and_a_new_value_change_nothing() {
    let mut product = json!({
        "id": "p", "dateCreated": "2026-11-20T10:00:00Z", "visibility": 77, "later": {"nested": [1, null]},
        "variants": [{"id": "v", "cost": 5, "stockMode": 9, "deliveryTypes": ["teleport"], "later": true}],
    });
    let reply = json!({"success": true, "later": [], "data": product.take()});
    let (_provider, key) = answering(Reply::envelope(200, &reply)).await;
    let product = key.in_store("s").product("p").await.unwrap();
    assert_eq!(product.visibility.map(i64::from), Some(77));
    assert_eq!(product.variants[0].delivery_types, ["teleport"]);
    let mut odd = order("o");
    odd["status"] = json!("Teleported");
    let (_provider, key) = answering(Reply::envelope(200, &json!({"success": true, "pages": 1, "data": [odd]}))).await;
    assert_eq!(key.in_store("s").orders().all().await.unwrap()[0].status, OrderStatus::from("teleported"));
}

#[tokio::test]
async fn a_new_endpoint_is_reached_by_its_path() {
    let (provider, key) = answering(Reply::success(&json!({"warp": 9}))).await;
    let answer: Value = key.post("/stores/s/teleports").json(&json!({"to": "mars"})).fetch().await.unwrap();
    assert_eq!(answer["warp"], 9);
    assert_eq!(provider.requests()[0].path(), "/stores/s/teleports");
}

/// What a renamed code becomes: its status decides.
#[tokio::test]
async fn a_renamed_code_is_judged_by_its_status() {
    for (status, kind) in [
        (400, ErrorKind::Validation),
        (402, ErrorKind::NotEnoughFunds),
        (403, ErrorKind::AccessDenied),
        (404, ErrorKind::NotFound),
        (409, ErrorKind::Conflict),
        (418, ErrorKind::Refused),
        (500, ErrorKind::ProviderFault),
    ] {
        let (_provider, key) = answering(Reply::error(status, "RenamedLately")).await;
        let error = key.user().await.unwrap_err();
        assert_eq!((error.kind(), error.code()), (kind, Some("RenamedLately")), "{status}");
    }
}

#[tokio::test]
async fn e18_one_odd_item_does_not_spoil_its_page() {
    let mut odd = order("odd");
    odd["items"] = json!([{"id": "i", "amount": 5, "quantity": "three"}]);
    let data = json!([order("one"), odd, order("two")]);
    let (_provider, key) = answering(Reply::envelope(200, &json!({"success": true, "pages": 1, "data": data}))).await;
    let page = key.in_store("s").orders().page(1).await.unwrap();
    assert_eq!(page.items.iter().map(|order| order.id.as_str()).collect::<Vec<_>>(), ["one", "two"]);
    assert_eq!((page.unreadable.len(), page.unreadable[0].position), (1, 1));
    assert!(page.unreadable[0].json.contains("three") && !format!("{page:?}").contains("three"));
    assert!(page.unreadable[0].why.starts_with("expected i64"), "{}", page.unreadable[0].why);
    let mut items = key.in_store("s").orders().items();
    let mut seen = Vec::new();
    while let Some(item) = items.next().await {
        seen.push(item.map(|order| order.id.to_string()).map_err(|error| error.kind()));
    }
    assert_eq!(seen, [Ok("one".to_owned()), Err(ErrorKind::UnexpectedReply), Ok("two".to_owned())]);
    let error = key.in_store("s").orders().all().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::UnexpectedReply);
}

fn chain(error: &Error) -> String {
    causes(error).map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

#[tokio::test]
async fn the_text_of_an_error_says_who_has_to_change_something() {
    for (reply, text) in [
        (
            Reply::success(&json!({"id": 5})),
            "Komerza's reply has a shape that this version of komerza-connect does not know (200): \
             expected a string at line 1 column 7",
        ),
        (
            Reply::success(&json!({"id": null})),
            "Komerza's reply has a shape that this version of komerza-connect does not know (200): \
             expected a value that is not null at line 1 column 11",
        ),
        (
            Reply::success(&json!({})),
            "Komerza's reply has a shape that this version of komerza-connect does not know (200): \
             missing field `id` at line 1 column 2",
        ),
        (Reply::error(400, "ValidationError"), "Komerza found the input wrong (400, ValidationError)"),
        (Reply::error(418, "RenamedLately"), "Komerza refused (418, RenamedLately)"),
        (Reply::error(500, "InternalServerError"), "Komerza gave no usable answer (500, InternalServerError)"),
        (Reply::html(403, "obviously a page"), "something on the way to Komerza refuses this (403)"),
    ] {
        let (_provider, key) = answering(reply).await;
        assert_eq!(chain(&key.user().await.unwrap_err()), text);
    }
    let (_provider, key) = answering(Reply::success(&json!({}))).await;
    let error = key.get("/../user").execute().await.unwrap_err();
    assert!(chain(&error).starts_with("the call to Komerza is not well-formed: the path must"), "{}", chain(&error));
}
