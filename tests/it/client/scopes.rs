//! Every typed call against a provider that denies access: where it goes, and which scope its error names.

use super::App;
use komerza_connect::{
    Error, ErrorKind,
    api::{
        Form,
        models::{Amount, RefundReason, StoreId, WebhookForm},
    },
};
use komerza_connect_testing::raw_provider::{RawProvider, Reply};
use std::{collections::BTreeSet, path::Path};

/// What the provider's endpoint tables say of each typed call: name, method, path, scope.
const FACTS: &[(&str, &str, &str, &str)] = &[
    ("user", "GET", "/user", "user.view"),
    // In the provider's sample alone, without a scope: that it is the one of stores is our reading.
    ("stores", "GET", "/stores", "stores.view"),
    ("store", "GET", "/stores/s", "stores.view"),
    ("reload", "GET", "/stores/s", "stores.view"),
    ("permissions", "GET", "/stores/s/permissions", "stores.view"),
    ("products", "GET", "/stores/s/products", "stores.products.view"),
    ("all_products", "GET", "/stores/s/products/all", "stores.products.view"),
    ("search_products", "GET", "/stores/s/products/search/t", "stores.products.view"),
    ("product", "GET", "/stores/s/products/p", "stores.products.view"),
    ("product_by_slug", "GET", "/stores/s/products/slug/g", "stores.products.view"),
    ("variant", "GET", "/stores/s/products/p/variants", "stores.products.view"),
    ("variant_items", "GET", "/stores/s/products/p/variants/v/items/1", "stores.products.view"),
    ("add_product_image", "PATCH", "/stores/s/products/p/images", "stores.products.update"),
    ("categories", "GET", "/stores/s/categories", "stores.categories.view"),
    ("all_categories", "GET", "/stores/s/categories/all", "stores.categories.view"),
    ("category", "GET", "/stores/s/categories/c", "stores.categories.view"),
    ("category_by_slug", "GET", "/stores/s/categories/slug/g", "stores.categories.view"),
    ("coupons", "GET", "/stores/s/coupons", "stores.coupons.view"),
    ("search_coupons", "GET", "/stores/s/coupons/search/t", "stores.coupons.view"),
    ("coupon", "GET", "/stores/s/coupons/c", "stores.coupons.view"),
    ("delete_coupon", "DELETE", "/stores/s/coupons/c", "stores.coupons.delete"),
    ("orders", "GET", "/stores/s/orders", "stores.orders.view"),
    ("search_orders", "GET", "/stores/s/orders/search/t", "stores.orders.view"),
    ("order", "GET", "/stores/s/orders/o", "stores.orders.view"),
    ("deliver_order", "PUT", "/stores/s/orders/o/deliver", "stores.orders.deliver"),
    ("redeliver_order", "PUT", "/stores/s/orders/o/redeliver", "stores.orders.deliver"),
    ("refund_order", "DELETE", "/stores/s/orders/o/refund", "stores.orders.refund"),
    ("orders_csv", "GET", "/stores/s/orders/csv", "stores.orders.view"),
    ("customers", "GET", "/stores/s/customers", "stores.customers.view"),
    ("search_customers", "GET", "/stores/s/customers/search/t", "stores.customers.view"),
    ("customer", "GET", "/stores/s/customers/c", "stores.customers.view"),
    ("customer_by_email", "GET", "/stores/s/customers/ada@shop.example/email", "stores.customers.view"),
    ("create_customer", "POST", "/stores/s/customers", "stores.customers.create"),
    ("set_customer_balance", "PATCH", "/stores/s/customers/c/balance", "stores.customers.update"),
    ("reviews", "GET", "/stores/s/reviews", "stores.view"),
    ("reply_to_review", "PUT", "/stores/s/reviews/r/reply", "stores.update"),
    ("tickets", "GET", "/stores/s/tickets", "stores.tickets.view"),
    ("ticket", "GET", "/stores/s/tickets/t", "stores.tickets.view"),
    ("reply_to_ticket", "PUT", "/stores/s/tickets/t", "stores.tickets.update"),
    ("close_ticket", "DELETE", "/stores/s/tickets/t", "stores.tickets.delete"),
    ("subscriptions", "GET", "/stores/s/subscriptions", "stores.subscriptions.view"),
    ("subscription", "GET", "/stores/s/subscriptions/u", "stores.subscriptions.view"),
    ("cancel_subscription", "POST", "/stores/s/subscriptions/u/cancel", "stores.subscriptions.update"),
    ("pause_subscription", "POST", "/stores/s/subscriptions/u/pause", "stores.subscriptions.update"),
    ("resume_subscription", "POST", "/stores/s/subscriptions/u/resume", "stores.subscriptions.update"),
    ("webhooks", "GET", "/webhooks", "user.webhooks.view"),
    ("webhook", "GET", "/webhooks/w", "user.webhooks.view"),
    ("create_webhook", "POST", "/webhooks", "user.webhooks.create"),
    ("update_webhook", "PUT", "/webhooks/w", "user.webhooks.update"),
    ("delete_webhook", "DELETE", "/webhooks/w", "user.webhooks.delete"),
    ("webhook_logs", "GET", "/webhooks/w/logs", "user.webhooks.view"),
    ("search_webhook_logs", "GET", "/webhooks/w/logs/search/t", "user.webhooks.view"),
    ("resend_webhook", "POST", "/webhooks/w/logs/l/resend", "user.webhooks.update"),
];

#[tokio::test]
async fn every_typed_call_goes_where_the_facts_say_and_names_their_scope() {
    let provider = RawProvider::start().await;
    provider.always(Reply::error(403, "AccessDenied"));
    let app = App::at(&provider.url(), |limits| limits.client.bucket.period = std::time::Duration::ZERO);
    let key = app.key("obviously-fake-key").await;
    let store = key.in_store("s");
    let (amount, time) = (Amount::from(5), "2026-11-01T00:00:00Z".parse().unwrap());
    let form = WebhookForm::new("https://app.example", ["e"], Vec::<StoreId>::new());
    let mut seen = Vec::new();
    macro_rules! calls {
        ($of:ident: $($call:ident($($argument:expr),*) $(.$all:ident())?,)+) => { $(
            let denied: Error = $of.$call($($argument),*)$(.$all())?.await.map(drop).unwrap_err();
            assert_eq!(denied.kind(), ErrorKind::AccessDenied, stringify!($call));
            let request = provider.requests().pop().unwrap();
            let path = request.path().replace("%40", "@");
            seen.push((stringify!($call), request.method.clone(), path, denied.needed_scope().unwrap_or("none")));
        )+ };
    }
    calls! { key: user(), stores(), store("s"), }
    calls! { store:
        reload(), permissions(),
        products().all(), all_products(), search_products("t").all(), product("p"), product_by_slug("g"),
        variant("p", "v"), variant_items("p", "v").all(),
        add_product_image("p", Form::new().file("file", "f.png", "image/png", vec![7])),
        categories().all(), all_categories(), category("c"), category_by_slug("g"),
        coupons().all(), search_coupons("t").all(), coupon("c"), delete_coupon("c"),
        orders().all(), search_orders("t").all(), order("o"), deliver_order("o"), redeliver_order("o"),
        refund_order("o", RefundReason::Duplicate), orders_csv(time, time, 100),
        customers().all(), search_customers("t").all(), customer("c"), customer_by_email("ada@shop.example"),
        create_customer("ada@shop.example"), set_customer_balance("c", &amount, None),
        reviews().all(), reply_to_review("r", "Thanks"),
        tickets().all(), ticket("t"), reply_to_ticket("t", "Hello"), close_ticket("t"),
        subscriptions().all(), subscription("u"), cancel_subscription("u"), pause_subscription("u"),
        resume_subscription("u"),
    }
    calls! { key:
        webhooks(), webhook("w"), create_webhook(&form), update_webhook("w", &form), delete_webhook("w"),
        webhook_logs("w").all(), search_webhook_logs("w", "t").all(), resend_webhook("w", "l"),
    }
    let seen: Vec<_> = seen.iter().map(|(call, method, path, scope)| (*call, &**method, &**path, *scope)).collect();
    assert_eq!(seen, FACTS);
}

#[test]
fn no_typed_call_is_missing_from_the_table() {
    let client = Path::new(env!("CARGO_MANIFEST_DIR")).join("../src/api");
    let mut files: Vec<_> = std::fs::read_dir(client.join("calls")).unwrap().map(|file| file.unwrap().path()).collect();
    files.retain(|file| !file.ends_with("filtered.rs"));
    files.push(client.join("key.rs"));
    let mut calls = BTreeSet::new();
    for file in files {
        let source = std::fs::read_to_string(file).unwrap();
        let functions = source.split("    pub ").skip(1);
        calls.extend(functions.filter_map(|function| {
            // A typed call names its scope, or asks one that does.
            let (name, body) = function.trim_start_matches("async ").strip_prefix("fn ")?.split_once('(')?;
            let body = body.split("\n    }").next()?;
            let calls = ["scopes::", "self.key.store(", "self.change_subscription("];
            calls.iter().any(|call| body.contains(call)).then(|| name.to_owned())
        }));
    }
    let table: BTreeSet<_> = FACTS.iter().map(|(call, ..)| (*call).to_owned()).collect();
    assert_eq!(calls, table);
}
