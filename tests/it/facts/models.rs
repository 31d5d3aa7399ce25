//! Every model against its shapes.

use super::shape::{self, Sample, Shape, any_json};
use super::table::{CLIENT, Client, Field, TABLE};
use crate::prelude::*;
use komerza_connect::api::models::*;
use proptest::{collection, prelude::*};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Map, from_value, to_value};

/// A value of each type that no model has by default.
fn full(shape: &str) -> Value {
    let field = |field: &Field| (field.name.to_owned(), full_value(field.kind));
    Value::Object(TABLE.shapes[shape].iter().map(field).collect())
}

fn full_value(kind: &str) -> Value {
    match kind {
        "str" | "uuid" => json!("a-text"),
        "time" => json!("2026-11-20T10:00:00Z"),
        "num" => json!(12.5),
        "int" | "limit" => json!(7),
        "bool" => json!(true),
        "map" => json!({"name": "a-text"}),
        "any" => json!({"later": 1}),
        list if list.ends_with("[]") => json!([full_value(&list[..list.len() - 2])]),
        object => full(object),
    }
}

/// What a model does with a shape and the table does not say, or the other way round. What it makes of values, and of fields that
/// may be missing or null, is compared below with random samples of the shape.
fn differences<M: DeserializeOwned + Serialize>(model: &str, shape: &str, shapes: &[&str]) -> Vec<String> {
    let whole = full(shape);
    let written = match from_value::<M>(whole.clone()) {
        Ok(read) => to_value(read).unwrap(),
        Err(error) => return vec![format!("{model} from {shape} is not read: {error}")],
    };
    let known: BTreeSet<&str> = shapes.iter().flat_map(|shape| &TABLE.shapes[shape]).map(|field| field.name).collect();
    let unknown = written.as_object().unwrap().keys().filter(|name| !known.contains(name.as_str()));
    let mut found: Vec<_> = unknown.map(|name| format!("{model} has {name}, which no shape of it has")).collect();
    for field in TABLE.shapes[shape].iter().filter(|field| field.client == Client::Needs) {
        let (mut null, mut missing) = (whole.clone(), whole.clone());
        null[field.name] = Value::Null;
        missing.as_object_mut().unwrap().remove(field.name);
        if from_value::<M>(null).is_ok() || from_value::<M>(missing).is_ok() {
            found.push(format!("{model} from {shape}.{}: is read although it is null or missing", field.name));
        }
    }
    found
}

/// Reads a random sample; what was read has what it must, also when it is read once more.
fn check<T: DeserializeOwned + Serialize>(sample: &Sample) -> Result<(), TestCaseError> {
    let failed = |error: serde_json::Error| TestCaseError::fail(format!("{error}\n{}", sample.json));
    let items: Vec<T> = serde_json::from_str(&format!("[{0},{0}]", sample.json)).map_err(failed)?;
    for item in &items {
        let written = serde_json::to_string(item).map_err(failed)?;
        sample.agrees_with(&written).map_err(TestCaseError::fail)?;
        let again: T = serde_json::from_str(&written).map_err(failed)?;
        prop_assert_eq!(serde_json::to_string(&again).map_err(failed)?, written);
    }
    let value: Value = serde_json::from_str(&sample.json).map_err(failed)?;
    from_value::<T>(value).map_err(failed)?;
    Ok(())
}

macro_rules! models {
    ($($test:ident: $model:ident from $($shape:ident),+;)+) => {
        const MODELS: &[(&str, &[&str])] = &[$((stringify!($model), &[$(stringify!($shape)),+])),+];

        static SHAPES: LazyLock<Vec<Shape>> = LazyLock::new(|| vec![$($(shape::named(stringify!($shape))),+),+]);

        #[test]
        fn every_model_reads_what_the_table_says() {
            let mut found = Vec::new();
            $(
                let shapes = [$(stringify!($shape)),+];
                for shape in shapes {
                    found.extend(differences::<$model>(stringify!($model), shape, &shapes));
                }
            )+
            let shapes: BTreeSet<&str> = MODELS.iter().flat_map(|(_, shapes)| *shapes).copied().collect();
            let fields: usize = shapes.iter().map(|shape| TABLE.shapes[shape].len()).sum();
            println!("{} models, {} shapes, {fields} fields, {} differences", MODELS.len(), shapes.len(), found.len());
            assert!(found.is_empty(), "{}", found.join("\n"));
        }

        fn read_as_every_model(bytes: &[u8]) {
            $(
                let _ = serde_json::from_slice::<$model>(bytes);
                let _ = serde_json::from_slice::<Vec<$model>>(bytes);
            )+
        }

        proptest! {
            #![proptest_config(ProptestConfig::with_cases(64))]
            $(
                #[test]
                fn $test(sample in any::<proptest::sample::Index>().prop_flat_map(|choice| {
                    shape::named(choice.get::<&str>(&[$(stringify!($shape)),+])).samples()
                })) {
                    check::<$model>(&sample)?;
                }
            )+
        }
    };
}

models! {
    every_user_is_read: User from UserResponse;
    every_store_is_read: Store from PublicStoreReference;
    every_set_of_permissions_is_read: StorePermissions from StorePermissionsResponse;
    every_product_is_read: Product from PublicProductReference, Product, DisplayProduct;
    every_variant_is_read: Variant from PublicVariant, Variant;
    every_custom_field_is_read: CustomField from PublicCustomField;
    every_option_of_a_custom_field_is_read: CustomFieldOption from PublicCustomFieldOption;
    every_volume_discount_is_read: VolumeDiscount from PublicVolumeDiscount;
    every_category_is_read: Category from PublicCategoryReference;
    every_order_of_a_list_is_read: OrderSummary from PageOrder;
    every_line_of_an_order_is_read: LineItem from PublicLineItem;
    every_coupon_of_an_order_is_read: OrderCoupon from PublicOrderCoupon;
    every_discount_of_an_order_is_read: OrderDiscount from PublicOrderDiscount;
    every_tax_of_an_order_is_read: OrderTax from PublicOrderTax;
    every_payment_of_an_order_is_read: GatewayMetadata from PublicGatewayMetadata;
    every_chargeback_is_read: Chargeback from PublicChargeback;
    every_refund_is_read: Refund from Refund;
    every_customer_of_an_order_is_read: OrderCustomer from PublicCustomerDetails;
    every_discord_account_is_read: DiscordAccount from PublicOrderDiscordAccount;
    every_delivered_item_is_read: DeliveredItem from PublicDeliveredItem;
    every_order_is_read: Order from Order, PublicOrder;
    every_order_with_its_store_is_read: OrderDetails from OrderResponse;
    every_customer_is_read: Customer from PublicCustomerReference, PublicCustomer;
    every_ticket_is_read: Ticket from DisplayTicket, PublicTicket;
    every_entry_of_a_ticket_is_read: TicketEntry from PublicTicketEntry;
}

#[test]
fn no_model_and_no_shape_that_a_model_reads_is_missing_above() {
    let folder = Path::new(CLIENT).join("models");
    let mut models = BTreeSet::new();
    for file in std::fs::read_dir(folder).unwrap() {
        let source = std::fs::read_to_string(file.unwrap().path()).unwrap();
        let declared = source.split("model! {\n").skip(1).map(|block| block.split("\n}\n").next().unwrap());
        let structs = declared.flat_map(str::lines).filter_map(|line| line.strip_prefix("    pub struct "));
        models.extend(structs.map(|line| line.split(' ').next().unwrap().to_owned()));
    }
    let covered: BTreeSet<String> = MODELS.iter().map(|(model, _)| (*model).to_owned()).collect();
    assert_eq!(models, covered);
    let read = TABLE.shapes.iter().filter(|(_, fields)| fields.iter().any(|field| field.client != Client::LeavesOut));
    let read: BTreeSet<&str> = read.map(|(shape, _)| *shape).collect();
    assert_eq!(read, MODELS.iter().flat_map(|(_, shapes)| *shapes).copied().collect());
}

/// All names of fields, so that arbitrary JSON meets the models where they read.
fn names() -> &'static [&'static str] {
    static NAMES: LazyLock<Vec<&'static str>> =
        LazyLock::new(|| TABLE.shapes.values().flatten().map(|field| field.name).collect());
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
        let text = number.to_string();
        prop_assert_eq!(i64::from(serde_json::from_str::<Visibility>(&text).unwrap()), number);
        prop_assert_eq!(i64::from(serde_json::from_str::<TicketStatus>(&text).unwrap()), number);
        prop_assert_eq!(i64::from(serde_json::from_str::<DiscountType>(&text).unwrap()), number);
        prop_assert_eq!(i64::from(serde_json::from_str::<RefundReason>(&text).unwrap()), number);
        prop_assert_eq!(serde_json::to_string(&serde_json::from_str::<StockMode>(&text).unwrap()).unwrap(), text);
        let status: OrderStatus = from_value(json!(word)).unwrap();
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
        }
    }

    #[test]
    fn no_number_makes_an_amount_panic(
        text in "-?(0|[1-9][0-9]{0,60})(\\.[0-9]{1,60})?([eE][+-]?[0-9]{1,25})?",
        places in any::<u32>(),
    ) {
        let amount: Amount = serde_json::from_str(&text).unwrap();
        prop_assert_eq!(amount.as_str(), text);
        let decimals = usize::try_from(places % 1_000).unwrap();
        let _ = (amount.minor_units(places), format!("{amount:.decimals$}"));
        prop_assert_eq!(&amount.clone(), &amount);
    }
}

#[test]
fn t41_debug_leaves_out_goods_and_what_was_delivered() {
    let fake = "obviously-fake-goods";
    let item: DeliveredItem = from_value(json!({"id": "d", "textContent": fake})).unwrap();
    assert!(!format!("{item:?}").contains(fake), "{item:?}");
}

#[test]
fn e14_absent_is_not_sold_out_and_no_limit_is_no_zero() {
    let variant = |fields: Value| {
        let mut whole: Map<String, Value> =
            [("id".into(), json!("v")), ("cost".into(), json!(5))].into_iter().collect();
        whole.extend(fields.as_object().unwrap().clone());
        from_value::<Variant>(Value::Object(whole)).unwrap()
    };
    for (fields, sold_out) in [
        (json!({}), None),
        (json!({"stock": null}), None),
        (json!({"stock": null, "stockMode": 0}), None),
        (json!({"stock": 0}), Some(true)),
        (json!({"stock": 0, "stockMode": 0}), Some(true)),
        (json!({"stock": 0, "stockMode": 1}), Some(false)),
        (json!({"stock": 0, "stockMode": 2}), Some(true)),
        (json!({"stock": 3, "stockMode": 0}), Some(false)),
        (json!({"stock": 0, "hideStock": true}), None),
        (json!({"stock": 0, "hideStock": true, "isOutOfStock": false}), Some(false)),
        (json!({"hideStock": true, "isOutOfStock": true}), Some(true)),
        (json!({"stock": 3, "isOutOfStock": true}), Some(true)),
    ] {
        assert_eq!(variant(fields.clone()).is_sold_out(), sold_out, "{fields}");
    }
    for (most, allowed) in
        [(json!({}), true), (json!({"maximumQuantity": null}), true), (json!({"maximumQuantity": -1}), true)]
    {
        assert_eq!(variant(most.clone()).maximum_quantity.allows(1_000), allowed, "{most}");
    }
    let limited = variant(json!({"maximumQuantity": 5})).maximum_quantity;
    assert_eq!((limited.number(), limited.allows(5), limited.allows(6)), (Some(5), true, false));
    assert!(!variant(json!({"maximumQuantity": 0})).maximum_quantity.allows(1));
}
