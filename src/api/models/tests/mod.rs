//! Every model reads whatever the schema allows and keeps what it says, and nothing makes reading panic.

mod facts;
mod shape;

use self::shape::{Sample, any_json};
use super::*;
use crate::{
    api::{Reply, listing::Page},
    wire::Envelope,
};
use proptest::{collection, prelude::*};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Value, from_value, json as object};
use std::sync::LazyLock;

/// Reads the sample as a page, as one object, and as a value; what was read has what it must, also when it is read once more.
fn check<T: DeserializeOwned + Serialize>(sample: &Sample) -> Result<(), TestCaseError> {
    let fail = |error: String| TestCaseError::fail(error);
    let failed = |error: serde_json::Error| TestCaseError::fail(format!("{error}\n{}", sample.json));
    let json = &sample.json;
    let reply = format!("{{\"later\":[{{}}],\"success\":true,\"pages\":3,\"data\":[{json},{json}],\"code\":null}}");
    let envelope: Envelope<'_> = Envelope::open(reply.as_bytes()).map_err(failed)?;
    let page = Page::<T>::read(2, &envelope).map_err(failed)?;
    prop_assert_eq!((page.number, page.pages, page.items.len()), (2, Some(3), 2));
    for item in &page.items {
        let written = serde_json::to_string(item).map_err(failed)?;
        sample.agrees_with(&written).map_err(fail)?;
        let again: T = serde_json::from_str(&written).map_err(failed)?;
        prop_assert_eq!(serde_json::to_string(&again).map_err(failed)?, written);
    }
    let value: Value = serde_json::from_str(json).map_err(failed)?;
    serde_json::from_value::<T>(value).map_err(failed)?;
    Ok(())
}

/// Reads bytes as this type, as many of it, and as a reply with a page of it.
fn read<T: DeserializeOwned>(bytes: &[u8]) {
    let _ = serde_json::from_slice::<T>(bytes);
    let _ = serde_json::from_slice::<Vec<T>>(bytes);
    let wrapped = [br#"{"success":true,"pages":2,"data":"#, bytes, b"}"].concat();
    for reply in [bytes, &wrapped] {
        if let Ok(envelope) = Envelope::open(reply) {
            let _ = Page::<T>::read(1, &envelope);
        }
    }
}

macro_rules! models {
    ($($test:ident: $model:ident from $($facts:ident),+;)+) => {
        const COVERED: &[&str] = &[$(stringify!($model)),+];

        static SHAPES: LazyLock<Vec<shape::Shape>> = LazyLock::new(|| vec![$($(facts::$facts()),+),+]);

        fn read_as_every_model(bytes: &[u8]) {
            $(read::<$model>(bytes);)+
        }

        proptest! {
            #![proptest_config(ProptestConfig::with_cases(64))]
            $(
                #[test]
                fn $test(sample in any::<proptest::sample::Index>().prop_flat_map(|choice| {
                    choice.get(&[$(facts::$facts()),+]).samples()
                })) {
                    check::<$model>(&sample)?;
                }
            )+
        }
    };
}

models! {
    every_user_is_read: User from user;
    every_integration_is_read: Integration from integration;
    every_application_is_read: Application from application;
    every_store_is_read: Store from store;
    every_branding_is_read: StoreBranding from branding;
    every_set_of_affiliate_options_is_read: AffiliateOptions from affiliate_options;
    every_set_of_permissions_is_read: StorePermissions from store_permissions;
    every_form_of_a_product_is_read: Product from product_reference, display_product;
    every_form_of_a_variant_is_read: Variant from public_variant, variant;
    every_custom_field_is_read: CustomField from custom_field;
    every_volume_discount_is_read: VolumeDiscount from volume_discount;
    every_category_is_read: Category from category;
    every_coupon_is_read: Coupon from coupon;
    every_order_of_a_list_is_read: OrderSummary from page_order;
    every_line_of_an_order_is_read: LineItem from line_item;
    every_coupon_of_an_order_is_read: OrderCoupon from order_coupon;
    every_discount_of_an_order_is_read: OrderDiscount from order_discount;
    every_tax_of_an_order_is_read: OrderTax from order_tax;
    every_payment_of_an_order_is_read: GatewayMetadata from gateway_metadata;
    every_chargeback_is_read: Chargeback from chargeback;
    every_customer_of_an_order_is_read: OrderCustomer from order_customer;
    every_delivered_item_is_read: DeliveredItem from delivered_item;
    every_order_is_read: Order from order;
    every_order_with_its_store_is_read: OrderDetails from order_details;
    every_form_of_a_customer_is_read: Customer from customer_reference, customer;
    every_new_customer_is_read: NewCustomer from new_customer;
    every_review_is_read: Review from review;
    every_ticket_is_read: Ticket from ticket;
    every_subscription_is_read: Subscription from subscription;
    every_webhook_is_read: Webhook from webhook;
    every_form_for_a_webhook_is_read: WebhookForm from webhook_form;
    every_webhook_with_its_secret_is_read: CreatedWebhook from created_webhook;
    every_delivery_of_a_webhook_is_read: WebhookLog from webhook_log;
}

#[test]
fn every_model_is_among_them() {
    // This runs in the package of the tests, which stands beside the sources.
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../src/api/models");
    let mut models = Vec::new();
    for file in std::fs::read_dir(folder).unwrap() {
        let path = file.unwrap().path();
        let source = if path.is_file() { std::fs::read_to_string(path).unwrap() } else { String::new() };
        let structs = source.lines().filter_map(|line| line.strip_prefix("pub struct ")?.strip_suffix(" {"));
        models.extend(structs.map(str::to_owned));
    }
    models.sort_unstable();
    let mut covered = COVERED.to_vec();
    covered.sort_unstable();
    assert_eq!(models, covered);
}

/// All names of fields, so that arbitrary JSON meets the models where they read.
fn names() -> &'static [&'static str] {
    static NAMES: LazyLock<Vec<&'static str>> = LazyLock::new(|| SHAPES.iter().flat_map(shape::Shape::names).collect());
    &NAMES
}

/// A sample of some model, cut short and with some of its bytes replaced.
fn damaged() -> impl Strategy<Value = Vec<u8>> {
    let sample = any::<proptest::sample::Index>().prop_flat_map(|choice| choice.get(&SHAPES).samples());
    let changes = collection::vec((any::<proptest::sample::Index>(), any::<u8>()), 0..4);
    (sample, changes, any::<proptest::sample::Index>(), any::<bool>()).prop_map(|(sample, changes, end, cut)| {
        let mut bytes = sample.json.into_bytes();
        for (place, byte) in changes {
            let place = place.index(bytes.len());
            bytes[place] = byte;
        }
        if cut {
            bytes.truncate(end.index(bytes.len()));
        }
        bytes
    })
}

/// A sample of some model in which values here and there are something else entirely.
fn confused() -> impl Strategy<Value = Vec<u8>> {
    let sample = any::<proptest::sample::Index>().prop_flat_map(|choice| choice.get(&SHAPES).samples());
    let changes = collection::vec((any::<proptest::sample::Index>(), any_json(names())), 1..5);
    (sample, changes).prop_map(|(sample, changes)| {
        let mut value: Value = serde_json::from_str(&sample.json).unwrap();
        for (place, other) in changes {
            let mut places = Vec::new();
            places_in(&mut value, &mut places);
            if !places.is_empty() {
                let at = place.index(places.len());
                *places.swap_remove(at) = other;
            }
        }
        value.to_string().into_bytes()
    })
}

/// All values that are in this one and are neither lists nor objects.
fn places_in<'v>(value: &'v mut Value, places: &mut Vec<&'v mut Value>) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(|item| places_in(item, places)),
        Value::Object(fields) => fields.values_mut().for_each(|field| places_in(field, places)),
        leaf => places.push(leaf),
    }
}

proptest! {
    #[test]
    fn unknown_values_of_enumerations_are_kept(number in any::<i64>(), word in ".{0,20}") {
        let json = number.to_string();
        prop_assert_eq!(serde_json::from_str::<Visibility>(&json).unwrap().number(), number);
        prop_assert_eq!(serde_json::from_str::<TicketStatus>(&json).unwrap().number(), number);
        prop_assert_eq!(serde_json::from_str::<DiscountType>(&json).unwrap().number(), number);
        prop_assert_eq!(serde_json::from_str::<AffiliateDiscountMode>(&json).unwrap().number(), number);
        prop_assert_eq!(serde_json::from_str::<RefundReason>(&json).unwrap().number(), number);
        prop_assert_eq!(serde_json::to_string(&serde_json::from_str::<StockMode>(&json).unwrap()).unwrap(), json);
        let status: OrderStatus = serde_json::from_value(serde_json::json!(word)).unwrap();
        prop_assert_eq!(status.as_str(), word);
    }

    #[test]
    fn decoding_never_panics_whatever_comes(
        bytes in collection::vec(any::<u8>(), 0..200),
        value in any_json(names()),
        damaged in damaged(),
        confused in confused(),
    ) {
        for bytes in [bytes, value.to_string().into_bytes(), damaged, confused] {
            read_as_every_model(&bytes);
            let mut reply = http::Response::new(bytes::Bytes::from(bytes.clone()));
            *reply.status_mut() = http::StatusCode::UNAUTHORIZED;
            let _ = Reply::says_key_is_dead(&Reply::new(&reply));
        }
    }

    #[test]
    fn no_number_makes_an_amount_panic(
        text in "-?(0|[1-9][0-9]{0,60})(\\.[0-9]{1,60})?([eE][+-]?[0-9]{1,25})?",
        places in any::<u32>(),
    ) {
        let amount: Amount = serde_json::from_str(&text).unwrap();
        prop_assert_eq!(amount.as_str(), text);
        let _ = (amount.minor_units(places), amount.rounded_minor_units(places), amount.to_f64_lossy());
        prop_assert_eq!(&amount.clone(), &amount);
    }
}

#[test]
fn t41_debug_leaves_out_goods_secrets_and_what_was_delivered() {
    let fake = "obviously-fake-goods";
    let date = "2026-11-20T10:00:00Z";
    let webhook = object!({"id": "w", "dateCreated": date, "url": "https://app.example"});
    let shown = [
        format!("{:?}", from_value::<DeliveredItem>(object!({"id": "d", "textContent": fake})).unwrap()),
        format!("{:?}", from_value::<CreatedWebhook>(object!({"webhook": webhook, "secret": fake})).unwrap()),
        format!(
            "{:?}",
            from_value::<WebhookLog>(object!({
                "id": "l", "dateCreated": date, "requestBody": fake, "responseBody": fake,
                "url": format!("https://app.example/?token={fake}"),
            }))
            .unwrap()
        ),
    ];
    assert!(shown.iter().all(|text| !text.contains(fake)), "{shown:?}");
}
