//! Typed values, uploads and downloads.

use super::*;
use komerza_connect::api::models::{Amount, OrderStatus, RefundReason, StoreId, TicketStatus};
use komerza_connect::api::{Download, scopes};
use komerza_connect_testing::time::AGES;
use komerza_sandbox::{Fault, Target};

/// Reads until the download breaks: how.
async fn broken(download: &mut Download) -> ErrorKind {
    loop {
        match download.chunk().await {
            Ok(piece) => assert!(piece.is_some(), "the end of a file that is not whole"),
            Err(error) => return error.kind(),
        }
    }
}

#[tokio::test]
async fn everything_typed_is_read_from_the_sandbox() {
    let (_sandbox, key) = sandboxed().await;
    let user = key.user().await.unwrap();
    assert_eq!(user.email, "ada@sandbox.example");
    let stores = key.stores().await.unwrap();
    assert_eq!(stores, user.stores);
    assert_eq!(key.store(&stores[0].id).await.unwrap(), stores[0]);
    let store = key.in_store(&stores[0].id);
    assert!(store.permissions().await.unwrap().user_may(scopes::ORDERS_VIEW));

    let products = store.products().all().await.unwrap();
    let product = store.product(&products[0].id).await.unwrap();
    assert_eq!((product.id == products[0].id, product.variants.is_empty()), (true, false));
    store.in_variant(&product.id, &product.variants[0].id).load().await.unwrap();
    assert_eq!(store.all_products().await.unwrap().len(), products.len());
    let categories = store.all_categories().await.unwrap();
    assert_eq!(categories[0].product_ids.len(), 2);

    let customers = store.customers().page_size(7).all().await.unwrap();
    let one = store.customer(&customers[0].id).await.unwrap();
    assert_eq!(one.email_address, customers[0].email_address);
    assert_eq!(store.customer_by_email(&one.email_address).await.unwrap().id, one.id);
    let path = format!("/stores/{}/customers", store.id());
    let conflict = key.post(&path).json(&json!({"emailAddress": one.email_address})).execute().await.unwrap_err();
    assert_eq!(conflict.kind(), ErrorKind::Conflict);
    let balance = key.patch(&format!("{path}/{}/balance", one.id)).json(&json!({"newBalance": 12.5}));
    balance.execute().await.unwrap();
    assert_eq!(store.customer(&one.id).await.unwrap().balance, Some("12.50".parse().unwrap()));

    let tickets = store.tickets().query("status", i64::from(TicketStatus::Responded)).all().await.unwrap();
    let ticket = store.ticket(&tickets[0].id).await.unwrap();
    assert_eq!((&ticket.subject, ticket.entries.len()), (&tickets[0].subject, 2));
    assert_eq!(
        (tickets[0].message_count, &tickets[0].last_message),
        (Some(2), &Some(ticket.entries[1].message.clone()))
    );
}

#[tokio::test]
async fn orders_are_read_delivered_refunded_and_exported() {
    let (sandbox, key) = sandboxed().await;
    let id = StoreId::from(sandbox.store_ids(0)[0].as_str());
    let store = key.in_store(&id);
    let orders = store.orders().page_size(50).all().await.unwrap();
    assert_eq!(orders.iter().map(|order| &order.id).collect::<HashSet<_>>().len(), orders.len());
    assert!(orders.iter().all(|order| order.amount.minor_units(2).is_some()), "whole cents");
    let pending = store.orders().status(OrderStatus::PENDING).all().await.unwrap();
    assert!(!pending.is_empty() && pending.len() < orders.len());
    let details = store.order(&pending[0].id).await.unwrap();
    assert_eq!((&details.order.status, details.store_id), (&OrderStatus::PENDING, Some(id)));
    store.deliver_order(&pending[0].id).await.unwrap();
    assert_eq!(store.order(&pending[0].id).await.unwrap().order.status, OrderStatus::DELIVERED);
    store.deliver_order(&pending[0].id).await.unwrap();
    assert!(details.order.refund.is_none());
    let refund = store.refund_order(&pending[0].id, RefundReason::RequestedByCustomer).await.unwrap();
    assert_eq!((&refund.amount, refund.reason), (&details.order.amount, Some(RefundReason::RequestedByCustomer)));
    assert_eq!(store.order(&pending[0].id).await.unwrap().order.refund, Some(refund));

    let csv_of = |store: &str| {
        let request = key.get(&format!("/stores/{store}/orders/csv"));
        request.query("from", "2026-01-01T00:00:00Z").query("to", "2026-12-31T00:00:00Z")
    };
    let mut export = csv_of(store.id().as_str()).download(10_000_000).await.unwrap();
    let mut csv = Vec::new();
    while let Some(piece) = export.chunk().await.unwrap() {
        csv.extend_from_slice(&piece);
    }
    assert!(String::from_utf8(csv).unwrap().contains(orders[0].id.as_str()));
    let mut short = csv_of(store.id().as_str()).download(100).await.unwrap();
    assert_eq!(broken(&mut short).await, ErrorKind::ProviderFault);
    assert_eq!(csv_of("none").download(100).await.unwrap_err().kind(), ErrorKind::NotFound);
}

#[tokio::test]
async fn stores_are_found_in_the_account_where_the_list_is_missing() {
    let (sandbox, key) = sandboxed().await;
    sandbox.switch(|switches| switches.stores_route = komerza_sandbox::StoresRoute::NotFound);
    sandbox.clear_requests();
    for _ in 0..3 {
        assert_eq!(key.stores().await.unwrap().len(), 2);
    }
    let paths: Vec<_> = sandbox.requests().into_iter().map(|request| request.path).collect();
    assert_eq!(paths, ["/stores", "/user", "/user", "/user"], "what was found is remembered");
}

#[tokio::test]
async fn a_list_of_stores_that_is_missing_once_is_asked_for_again_unless_the_account_has_answered() {
    let (provider, key) = provided(|_| {}).await;
    provider.on_path_once("/stores", Reply::html(404, "obviously a page of something in between"));
    provider.on_path("/user", Reply::error(403, "AccessDenied"));
    assert_eq!(key.stores().await.unwrap_err().kind(), ErrorKind::AccessDenied);
    provider.on_path("/stores", Reply::success(&json!([])));
    assert_eq!(key.stores().await.unwrap(), []);
}

#[tokio::test]
async fn an_upload_is_sent_whole_again_after_a_429_and_not_at_all_when_it_is_too_long() {
    let (provider, key) = provided(|limits| {
        limits.client.upload_bytes = 100_000;
        limits.client.bucket.period = Duration::from_millis(10);
    })
    .await;
    let path = "/stores/s/products/p/images";
    provider.on_path_once(path, Reply::error(429, "RateLimited"));
    provider.on_path(path, Reply::success(&json!("front.png")));
    let image = vec![7; 90_000];
    let name = key.in_store("s").add_product_image("p", "front.png", "image/png", image).await.unwrap();
    assert_eq!(name, "front.png");
    let sent = provider.requests();
    assert_eq!(sent.len(), 2);
    for request in &sent {
        assert_eq!(request.method, "PATCH");
        assert!(request.header("content-type").unwrap().starts_with("multipart/form-data; boundary="));
        assert!(request.body.len() > 90_000);
    }
    let long = vec![7; 100_001];
    let refused = key.in_store("s").add_product_image("p", "f", "image/png", long).await.unwrap_err();
    assert_eq!((refused.kind(), provider.requests().len()), (ErrorKind::BadRequest, 2));
}

#[tokio::test]
async fn a_download_that_breaks_is_an_error_and_never_a_short_file() {
    let sandbox = Sandbox::builder().unlimited().start().await.unwrap();
    let key = App::at(&sandbox.api_url(), |_| {}).key(&sandbox.issue_key().unwrap()).await;
    sandbox.faults().on(Target::api()).inject(Fault::truncate());
    let mut download = key.get("/user").download(1_000_000).await.unwrap();
    assert_eq!(download.headers()["content-type"], "text/plain; charset=utf-8");
    assert_eq!(broken(&mut download).await, ErrorKind::Interrupted);
}

#[tokio::test]
async fn a_download_that_stalls_ends_in_an_error_and_nothing_comes_after_it() {
    let (provider, key) = provided(|_| {}).await;
    provider.always(Reply::success(&json!("obviously fake goods")).cut_after(90).then_silent());
    let mut download = key.get("/export").download(1_000_000).await.unwrap();
    let mut passed = 0;
    let error = loop {
        assert!(passed < 100, "the download waits for ever");
        tokio::select! {
            biased;
            piece = download.chunk() => match piece {
                Ok(piece) => assert!(piece.is_some(), "the end of a file that is not whole"),
                Err(error) => break error,
            },
            () = yield_now() => {
                pass(AGES);
                passed += 1;
            }
        }
    };
    assert_eq!(error.kind(), ErrorKind::TimedOut);
    assert!(download.chunk().await.unwrap().is_none());
}

#[test]
fn amounts_keep_their_digits_through_a_value_of_json() {
    let text = r#"[29.90, 1e2, 123456789012345678.25]"#;
    let amounts: Vec<Amount> = serde_json::from_str(text).unwrap();
    assert_eq!(serde_json::to_string(&amounts).unwrap(), text.replace(' ', ""));
}
