//! Filters and sorts: how they reach the provider, and what they do in the sandbox.

use super::*;
use crate::facts::TABLE;
use jiff::Timestamp;
use komerza_connect::api::models::{OrderStatus, OrderSummary, Product, TicketStatus, Visibility};
use komerza_connect::api::{Direction, InStore, Listing, OrderSort};
use percent_encoding::percent_decode_str;

/// A provider of empty lists.
async fn empty_lists() -> (RawProvider, KomerzaKey) {
    let (provider, key) = unpaced().await;
    provider.always(Reply::envelope(200, &json!({"success": true, "pages": 1, "data": []})));
    (provider, key)
}

/// The target of the last request, decoded, without the page that every list asks for.
fn target(provider: &RawProvider) -> String {
    let target = provider.requests().pop().unwrap().target;
    let target = percent_decode_str(&target).decode_utf8().unwrap().into_owned();
    target.strip_suffix("&Page=1").unwrap().to_owned()
}

fn time(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// Reads a list with each of its filters alone, and compares what arrives with the provider's name and the value.
macro_rules! each_filter {
    ($provider:ident, $list:expr, $path:literal: $($method:ident($value:expr) => $parameter:literal,)+) => {
        $(
            assert!($list.$method($value).all().await.unwrap().is_empty());
            assert_eq!(target(&$provider), concat!($path, "?", $parameter));
        )+
        as_the_table_says($path, &[$($parameter),+]);
    };
}

/// Whether these are all the filters that `docs/provider-facts.tsv` has for orders.
fn as_the_table_says(path: &str, parameters: &[&str]) {
    let names: BTreeSet<&str> = parameters.iter().map(|parameter| parameter.split_once('=').unwrap().0).collect();
    assert_eq!(names, TABLE.queries["orders"], "{path}");
}

#[tokio::test]
async fn orders_are_sorted_by_what_the_table_says() {
    let (provider, key) = empty_lists().await;
    let orders = || key.in_store("s").orders();
    let fields = [OrderSort::Date, OrderSort::Status, OrderSort::Gateway, OrderSort::Email];
    for by in fields {
        orders().sorted([(by, Direction::Ascending)]).all().await.unwrap();
        let sorted = target(&provider);
        let field = sorted.strip_prefix("/stores/s/orders?Sorts=").unwrap();
        assert!(TABLE.sorts.contains(field), "{field}");
    }
    // Two times are one field: the second name says nothing else.
    assert_eq!(TABLE.sorts.len(), fields.len() + 1);
    orders().newest_first().all().await.unwrap();
    assert_eq!(target(&provider), "/stores/s/orders?Sorts=-dateFrom");
}

#[tokio::test]
async fn every_named_filter_reaches_the_provider_under_its_own_name() {
    let (provider, key) = empty_lists().await;
    let store: InStore = key.in_store("s");
    let from = time("2026-11-01T00:00:00Z");
    let to = time("2026-11-30T23:59:59.5Z");
    macro_rules! orders {
        ($list:expr, $path:literal) => {
            each_filter! { provider, $list, $path:
                    date_from(from) => "dateFrom=2026-11-01T00:00:00Z",
                    date_to(to) => "dateTo=2026-11-30T23:59:59.5Z",
                    status("something new") => "status=something+new",
                    status(OrderStatus::DELIVERED) => "status=Delivered",
                    gateway("stripe") => "gateway=stripe",
                    email("ada+x@shop.example") => "email=ada+x@shop.example",
                    discord("ada#1") => "discord=ada#1",
            }
        };
    }
    orders!(store.orders(), "/stores/s/orders");
    orders!(store.search_orders("x"), "/stores/s/orders/search/x");
}

#[tokio::test]
async fn filters_sorts_sizes_and_paths_reach_the_provider_encoded() {
    let (provider, key) = empty_lists().await;
    let orders = key.in_store("s/1").orders().query("Filters", "status==pending").page_size(50);
    orders.email("ada+x@shop.example").all().await.unwrap();
    let items = key.in_store("s").in_variant("p", "v").items().page_size(20);
    items.query("Sorts", "added").all().await.unwrap();
    key.in_store("s").orders().query("Sorts", "-dateFrom,email").all().await.unwrap();
    key.in_store("s").customers().query("affiliateCode", "ADA").all().await.unwrap();
    let targets: Vec<String> = provider.requests().into_iter().map(|request| request.target).collect();
    assert_eq!(
        targets,
        [
            "/stores/s%2F1/orders?Filters=status%3D%3Dpending&email=ada%2Bx%40shop.example&Page=1&PageSize=50",
            "/stores/s/products/p/variants/v/items/1?Sorts=added&count=20",
            "/stores/s/orders?Sorts=-dateFrom%2Cemail&Page=1",
            "/stores/s/customers?affiliateCode=ADA&Page=1",
        ]
    );
}

#[tokio::test]
async fn orders_are_selected_and_sorted_by_every_filter_that_the_sandbox_has() {
    let (sandbox, key) = sandboxed().await;
    let store = key.in_store(&sandbox.store_ids(0)[0]);
    let all = store.orders().page_size(100).all().await.unwrap();
    let (status, gateway, email) = (OrderStatus::PENDING, "paypal", all[0].customer_email.as_str());
    let (from, to) = (time("2026-11-01T00:00:00Z"), time("2026-11-10T00:00:00Z"));
    let expect = async |name: &str, list: Listing<OrderSummary>, holds: &dyn Fn(&OrderSummary) -> bool| {
        let found = list.page_size(100).all().await.unwrap();
        let expected: Vec<_> = all.iter().filter(|order| holds(order)).cloned().collect();
        assert_eq!(found, expected, "{name}");
        assert!(!found.is_empty() && found.len() < all.len(), "{name} selects some");
    };
    expect("status", store.orders().status(OrderStatus::PENDING), &|order| order.status == status).await;
    expect("gateway", store.orders().gateway(gateway), &|order| order.gateway == gateway).await;
    expect("email", store.orders().email(email), &|order| order.customer_email == email).await;
    expect("date_from", store.orders().date_from(from), &|order| order.date_created >= from).await;
    expect("date_to", store.orders().date_to(to), &|order| order.date_created <= to).await;
    let several = store.orders().gateway(gateway).date_from(from).date_to(to);
    let within = |order: &OrderSummary| (from..=to).contains(&order.date_created);
    expect("several", several, &|order| order.gateway == gateway && within(order)).await;
    assert!(store.orders().discord("nobody").all().await.unwrap().is_empty());

    let sorted =
        store.orders().sorted([(OrderSort::Gateway, Direction::Descending), (OrderSort::Date, Direction::Ascending)]);
    let sorted = sorted.page_size(100).all().await.unwrap();
    let mut expected = all.clone();
    expected.sort_by(|a, b| b.gateway.cmp(&a.gateway).then(a.date_created.cmp(&b.date_created)));
    assert_eq!(sorted, expected);
}

#[tokio::test]
async fn products_customers_and_tickets_are_selected_in_the_sandbox() {
    let (sandbox, key) = sandboxed().await;
    // The store that sells license keys, whose stock is counted.
    let id = &sandbox.store_ids(0)[1];
    let store = key.in_store(id);
    let products = store.products().all().await.unwrap();
    let hidden = format!("/stores/{id}/products/{}", products[1].id);
    key.put(&hidden).json(&json!({"visibility": 2, "shouldBlockVpns": true})).execute().await.unwrap();
    let ids = |products: Vec<Product>| products.into_iter().map(|it| it.id).collect::<Vec<_>>();
    assert_eq!(
        ids(store.products().query("Visibility", i64::from(Visibility::Private)).all().await.unwrap()),
        [products[1].id.clone()]
    );
    assert_eq!(ids(store.products().query("ShouldBlockVpns", true).all().await.unwrap()), [products[1].id.clone()]);
    assert_eq!(
        store.products().query("Visibility", i64::from(Visibility::Public)).all().await.unwrap().len(),
        products.len().checked_sub(1).unwrap()
    );
    assert_eq!(ids(store.products().query("IsBestSeller", true).all().await.unwrap()), [products[0].id.clone()]);
    assert!(store.products().query("LowStock", true).all().await.unwrap().is_empty());
    let (product, variant) = (&products[2].id, &products[2].variants[0].id);
    let items = format!("/stores/{id}/products/{product}/variants/{variant}/items/clear");
    key.delete(&items).execute().await.unwrap();
    assert_eq!(ids(store.products().query("LowStock", true).all().await.unwrap()), std::slice::from_ref(product));

    let rich = store.customers().query("balanceFrom", 15).all().await.unwrap();
    assert_eq!(rich.len(), 1);
    let by_email =
        store.customers().query("email", &rich[0].email_address).query("balanceTo", 1_000).all().await.unwrap();
    assert_eq!(by_email, rich);
    assert!(store.customers().query("stripeCustomerId", "cus_1").all().await.unwrap().is_empty());

    let open = store.tickets().query("status", i64::from(TicketStatus::Opened)).all().await.unwrap();
    let answered = store.tickets().query("status", i64::from(TicketStatus::Responded)).all().await.unwrap();
    assert_eq!((open.len(), answered.len(), store.tickets().all().await.unwrap().len()), (4, 3, 7));
}
