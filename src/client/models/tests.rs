use super::*;
use proptest::{collection, prelude::*};
use serde_json::{Map, Value, json};

/// Any JSON, not too deep.
fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_filter("a number", |number| number.is_finite()).prop_map(Value::from),
        ".{0,12}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 24, 6, |inner| {
        prop_oneof![
            collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            collection::btree_map("[a-zA-Z]{1,8}", inner, 0..6)
                .prop_map(|map| Value::from(map.into_iter().collect::<Map<_, _>>())),
        ]
    })
}

fn time() -> impl Strategy<Value = Value> {
    (1970_i64..2100, 1..13, 1..29, 0..24, 0..60, "(\\.[0-9]{1,7})?", "(Z|\\+02:00|-05:30)").prop_map(
        |(year, month, day, hour, minute, fraction, offset)| {
            json!(format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:00{fraction}{offset}"))
        },
    )
}

fn number() -> impl Strategy<Value = Value> {
    prop_oneof![any::<i32>().prop_map(Value::from), (-1e12..1e12).prop_map(Value::from)]
}

fn text() -> impl Strategy<Value = Value> {
    ".{0,20}".prop_map(Value::from)
}

/// Null, absent, or there: what the schema allows of an optional field.
fn optional(value: impl Strategy<Value = Value> + 'static) -> BoxedStrategy<Option<Value>> {
    prop_oneof![Just(None), Just(Some(Value::Null)), value.prop_map(Some)].boxed()
}

fn required(value: impl Strategy<Value = Value> + 'static) -> BoxedStrategy<Option<Value>> {
    value.prop_map(Some).boxed()
}

fn object(fields: Vec<(&'static str, BoxedStrategy<Option<Value>>)>) -> impl Strategy<Value = Value> {
    let (names, values): (Vec<_>, Vec<_>) = fields.into_iter().unzip();
    let later = collection::btree_map("later[A-Z]{1,4}", any_json(), 0..3);
    (values, later).prop_map(move |(values, later)| {
        let known = names.iter().zip(values).filter_map(|(name, value)| Some(((*name).to_owned(), value?)));
        Value::Object(known.chain(later).collect())
    })
}

fn line() -> impl Strategy<Value = Value> {
    object(vec![
        ("id", required(text())),
        ("productId", required(text())),
        ("variantId", required(text())),
        ("dateCreated", required(time())),
        ("productName", required(text())),
        ("variantName", required(text())),
        ("amount", required(number())),
        ("lineTotal", required(number())),
        ("quantity", required(any::<i32>().prop_map(Value::from))),
        ("volumeDiscountType", optional((0..3).prop_map(Value::from))),
    ])
}

fn order() -> impl Strategy<Value = Value> {
    object(vec![
        ("id", required(text())),
        ("dateCreated", required(time())),
        ("items", required(collection::vec(line(), 0..3).prop_map(Value::from))),
        ("gateway", required(text())),
        ("customerEmail", required(text())),
        ("status", required(text())),
        ("currencyCode", required(text())),
        ("amount", required(number())),
        ("amountPaid", optional(number())),
        (
            "coupon",
            optional(object(vec![
                ("id", required(text())),
                ("code", required(text())),
                ("couponId", required(text())),
                ("netDecrease", required(number())),
                ("percentageDecrease", optional(number())),
            ])),
        ),
        ("source", required(text())),
        ("metadata", optional(Just(json!({"a": "b"})))),
    ])
}

fn store() -> impl Strategy<Value = Value> {
    object(vec![
        ("id", required(text())),
        ("dateCreated", required(time())),
        ("name", required(text())),
        ("description", required(text())),
        ("url", required(text())),
        ("customDomain", optional(text())),
        ("domain", required(text())),
        ("currencyCode", required(text())),
        ("rating", required(number())),
        ("scopes", optional(collection::vec(text(), 0..3).prop_map(Value::from))),
        ("maintenanceReason", optional(text())),
        ("isTicketingEnabled", optional(any::<bool>().prop_map(Value::from))),
        ("isInactive", optional(any::<bool>().prop_map(Value::from))),
        ("lastOrderAt", optional(time())),
    ])
}

proptest! {
    #[test]
    fn whatever_the_schema_allows_of_an_order_is_read(value in order()) {
        let text = value.to_string();
        let read: OrderSummary = serde_json::from_str(&text).map_err(|error| TestCaseError::fail(format!("{error}: {text}")))?;
        let whole: Order = serde_json::from_str(&text).map_err(|error| TestCaseError::fail(format!("{error}: {text}")))?;
        prop_assert_eq!(read.amount.as_str(), value["amount"].to_string());
        prop_assert_eq!(whole.items.len(), value["items"].as_array().unwrap().len());
        let again: OrderSummary = serde_json::from_str(&serde_json::to_string(&read).unwrap()).unwrap();
        prop_assert_eq!(again, read);
    }

    #[test]
    fn whatever_the_schema_allows_of_a_store_is_read(value in store()) {
        let text = value.to_string();
        let read: Result<Store, _> = serde_json::from_str(&text);
        prop_assert!(read.is_ok(), "{}: {text}", read.unwrap_err());
    }

    #[test]
    fn unknown_values_of_enumerations_are_kept(number in any::<i64>(), word in ".{0,20}") {
        let json = number.to_string();
        prop_assert_eq!(serde_json::from_str::<Visibility>(&json).unwrap().number(), number);
        prop_assert_eq!(serde_json::from_str::<TicketStatus>(&json).unwrap().number(), number);
        prop_assert_eq!(serde_json::to_string(&serde_json::from_str::<StockMode>(&json).unwrap()).unwrap(), json);
        let status: OrderStatus = serde_json::from_value(json!(word)).unwrap();
        prop_assert_eq!(status.as_str(), word);
    }

    #[test]
    fn decoding_never_panics_on_any_bytes(bytes in collection::vec(any::<u8>(), 0..200), value in any_json()) {
        for bytes in [bytes, value.to_string().into_bytes()] {
            let mut reply = http::Response::new(bytes::Bytes::from(bytes.clone()));
            *reply.status_mut() = http::StatusCode::UNAUTHORIZED;
            let _ = crate::Reply::says_key_is_dead(&crate::client::envelope::Reply::new(&reply));
            let _ = serde_json::from_slice::<User>(&bytes);
            let _ = serde_json::from_slice::<Vec<Product>>(&bytes);
            let _ = serde_json::from_slice::<OrderDetails>(&bytes);
            let _ = serde_json::from_slice::<Customer>(&bytes);
            let _ = serde_json::from_slice::<Subscription>(&bytes);
            let _ = serde_json::from_slice::<CreatedWebhook>(&bytes);
            if let Ok(amount) = serde_json::from_slice::<Amount>(&bytes) {
                let _ = (amount.minor_units(2), amount.rounded_minor_units(30), amount.clone() == amount);
            }
        }
    }
}
