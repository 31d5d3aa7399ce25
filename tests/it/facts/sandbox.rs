//! What the sandbox answers and takes, compared with the table.

use super::table::{Call, FormField, TABLE};
use crate::client::sandboxed;
use crate::prelude::*;
use komerza_connect::api::{Form, InStore};
use serde_json::Map;

/// Shapes that came by, and where they differ from the table.
#[derive(Default)]
struct Comparison {
    seen: BTreeMap<&'static str, usize>,
    found: BTreeSet<String>,
}

impl Comparison {
    fn compare(&mut self, kind: &'static str, value: &Value, at: &str) {
        let ok = match kind {
            "str" | "uuid" | "csv" => value.is_string(),
            "time" => value.as_str().is_some_and(|text| text.parse::<jiff::Timestamp>().is_ok()),
            "num" => value.is_number(),
            "int" | "limit" => value.is_i64(),
            "bool" => value.is_boolean(),
            "map" => value.as_object().is_some_and(|map| map.values().all(Value::is_string)),
            "any" => true,
            list if list.ends_with("[]") => match value.as_array() {
                Some(items) => {
                    items.iter().for_each(|item| self.compare(&list[..list.len() - 2], item, at));
                    true
                }
                None => false,
            },
            shape => match value.as_object() {
                Some(fields) => {
                    self.object(shape, fields);
                    true
                }
                None => false,
            },
        };
        if !ok {
            self.found.insert(format!("{at} is {value} and no {kind}"));
        }
    }

    fn object(&mut self, shape: &'static str, fields: &Map<String, Value>) {
        *self.seen.entry(shape).or_default() += 1;
        let facts = &TABLE.shapes[shape];
        for name in fields.keys().filter(|name| !facts.iter().any(|fact| fact.name == *name)) {
            self.found.insert(format!("{shape}.{name} is not in the table"));
        }
        for fact in facts {
            let at = format!("{shape}.{}", fact.name);
            match fields.get(fact.name) {
                None if fact.sent => drop(self.found.insert(format!("{at} is not sent"))),
                None => {}
                Some(_) if !fact.sent => drop(self.found.insert(format!("{at} is sent"))),
                Some(Value::Null) if fact.nullable => {}
                Some(value) => self.compare(fact.kind, value, &at),
            }
        }
    }

    fn reply(&mut self, call: &Call, body: &Value) {
        let at = format!("{} {}", call.method, call.path);
        let data = &body["data"];
        match call.data {
            "" => drop((!data.is_null()).then(|| self.found.insert(format!("{at} answers {data}")))),
            page if page.ends_with(" page") => {
                let names: BTreeSet<_> = body.as_object().unwrap().keys().map(String::as_str).collect();
                if names != ["data", "pages", "success"].into() || !body["pages"].is_u64() || data == &json!([]) {
                    self.found.insert(format!("{at} answers a page of {names:?}"));
                }
                data.as_array().unwrap().iter().for_each(|item| self.compare(&page[..page.len() - 5], item, &at));
            }
            kind => self.compare(kind, data, &at),
        }
    }
}

/// The ids of things in the sandbox, by the names in the paths.
async fn ids(key: &KomerzaKey, store: &InStore) -> BTreeMap<&'static str, String> {
    let products = store.all_products().await.unwrap();
    let pending = store.orders().status("pending").all().await.unwrap();
    let webhook = id_of(&key.get("/webhooks").fetch::<Value>().await.unwrap()[0]);
    let log = id_of(&key.get(&format!("/webhooks/{webhook}/logs")).paged().page(1).await.unwrap().items[0]);
    [
        ("{store}", store.id().to_string()),
        ("{product}", products[0].id.to_string()),
        ("{variant}", products[0].variants[0].id.to_string()),
        ("{category}", store.all_categories().await.unwrap()[0].id.to_string()),
        ("{ticket}", store.tickets().all().await.unwrap()[0].id.to_string()),
        ("{customer}", store.customers().all().await.unwrap()[0].id.to_string()),
        ("{email}", store.customers().all().await.unwrap()[0].email_address.clone()),
        ("{order}", pending[0].id.to_string()),
        ("approve", pending[1].id.to_string()),
        ("reject", pending[2].id.to_string()),
        ("{webhook}", webhook),
        ("{log}", log),
        ("{slug}", products[0].slug.clone().unwrap()),
        ("{page}", "1".to_owned()),
        ("{text}", "e".to_owned()),
    ]
    .into_iter()
    .collect()
}

fn id_of(thing: &Value) -> String {
    thing["id"].as_str().unwrap().to_owned()
}

/// The text that a search of this call finds something with.
fn text_for(call: &Call) -> &'static str {
    match (call.name, call.path.as_str()) {
        ("search_products", _) => "Tidy",
        ("search_items", _) => "KEY",
        ("search_orders" | "search_customers", _) => "buyer.example",
        (_, "/webhooks/{webhook}/logs/search/{text}") => "receiver",
        _ => "e",
    }
}

fn path(call: &Call, ids: &BTreeMap<&'static str, String>) -> String {
    let own = match call.name {
        "approve_custom_payment" => Some("approve"),
        "reject_custom_payment" => Some("reject"),
        _ => None,
    };
    let mut path = call.path.clone();
    for (name, id) in ids.iter().filter(|(name, _)| name.starts_with('{')) {
        let id = match *name {
            "{order}" => own.map_or(id, |own| &ids[own]),
            _ => id,
        };
        path = path.replace(name, if *name == "{text}" { text_for(call) } else { id });
    }
    match (call.name, call.path.ends_with("/categories/slug/{slug}")) {
        (_, true) => path.rsplit_once('/').unwrap().0.to_owned() + "/popular",
        ("load", _) => format!("{path}?variantId={}", ids["{variant}"]),
        _ => path,
    }
}

/// A value for a field of a form that the sandbox takes.
fn value(field: &FormField, ids: &BTreeMap<&'static str, String>) -> Value {
    match field.name {
        "emailAddress" => json!("someone.new@buyer.example"),
        "gateway" => json!("stripe"),
        "items" if field.kind == "str[]" => json!(["OBVIOUSLY-FAKE-KEY"]),
        "items" => json!([form("OrderItemForm", ids, |_| true)]),
        "productId" => json!(ids["{product}"]),
        "variantId" => json!(ids["{variant}"]),
        "quantity" => json!(1),
        "reason" => json!(1),
        "deliveryTypes" => json!(["license_keys"]),
        "url" | "dynamicUrl" | "returnUrl" => json!("https://app.example/komerza"),
        "eventTypes" => json!(["an-event"]),
        "storeIds" => json!([ids["{store}"]]),
        "metadata" => json!({"plan": "pro"}),
        _ => match field.kind {
            "num" => json!(12.5),
            "bool" => json!(true),
            _ => json!("a text"),
        },
    }
}

fn form(name: &str, ids: &BTreeMap<&'static str, String>, wanted: impl Fn(&FormField) -> bool) -> Value {
    let fields = TABLE.forms[name].iter().filter(|field| wanted(field));
    Value::Object(fields.map(|field| (field.name.to_owned(), value(field, ids))).collect())
}

async fn send(key: &KomerzaKey, call: &Call, path: &str, body: Option<&Value>) -> (StatusCode, Value) {
    let mut request = key.request(Method::from_bytes(call.method.as_bytes()).unwrap(), path);
    if let Some(body) = body {
        request = request.json(body);
    }
    if call.sends == "multipart image" {
        request = request.multipart(Form::new().file("image", "f.png", "image/png", vec![7]));
    }
    let reply = request.send().await.unwrap();
    let text = String::from_utf8_lossy(reply.body()).into_owned();
    (reply.status(), serde_json::from_str(&text).unwrap_or_else(|_| json!({ "data": text })))
}

#[tokio::test]
async fn everything_that_the_sandbox_sends_is_what_the_table_says() {
    let (sandbox, key) = sandboxed().await;
    let mut comparison = Comparison::default();
    // The second store sells licence keys.
    let stores = sandbox.store_ids(0);
    let ids = ids(&key, &key.in_store(stores[1].as_str())).await;
    // What others still need goes last.
    let last = |call: &&Call| {
        ["order", "clear_items"].contains(&call.name)
            || (call.method, call.path.as_str()) == ("DELETE", "/webhooks/{webhook}")
    };
    let (last, first): (Vec<_>, Vec<_>) = TABLE.calls.iter().partition(last);
    for call in first.into_iter().chain(last) {
        let body = TABLE.forms.contains_key(call.sends).then(|| form(call.sends, &ids, |field| field.name != "cost"));
        let mut target = path(call, &ids);
        if call.path.ends_with("{file}") {
            let product = key.in_store(ids["{store}"].as_str()).product(ids["{product}"].as_str()).await.unwrap();
            target = target.replace("{file}", &product.image_names[0]);
        }
        let (status, reply) = send(&key, call, &target, body.as_ref()).await;
        match (call.name, call.path.as_str()) {
            ("stores", _) => assert_eq!(status, 405, "where it is there a switch says so"),
            ("", "/user/passkeys") => assert_eq!(reply["code"], "OAuthLoginRequired"),
            _ if status != 200 => drop(comparison.found.insert(format!("{} {target}: {status} {reply}", call.method))),
            _ => comparison.reply(call, &reply),
        }
    }
    for call in &TABLE.raw {
        let (status, _) = send(&key, call, &path(call, &ids).replace(['{', '}'], ""), None).await;
        assert!(matches!(status.as_u16(), 404 | 405), "{} {}: {status}", call.method, call.path);
    }
    let sent = |shape: &&&str| TABLE.shapes[**shape].iter().any(|field| field.sent);
    let unseen: Vec<_> =
        TABLE.shapes.keys().filter(sent).filter(|shape| !comparison.seen.contains_key(*shape)).collect();
    let fields: usize = comparison.seen.keys().map(|shape| TABLE.shapes[shape].len()).sum();
    println!(
        "{} calls, {} shapes in {} values, {fields} fields, {} differences",
        TABLE.calls.len(),
        comparison.seen.len(),
        comparison.seen.values().sum::<usize>(),
        comparison.found.len() + unseen.len()
    );
    assert!(comparison.found.is_empty(), "{}", comparison.found.into_iter().collect::<Vec<_>>().join("\n"));
    assert!(unseen.is_empty(), "the table says that the sandbox sends these, and it did not: {unseen:?}");
}

#[tokio::test]
async fn the_sandbox_takes_the_forms_of_the_table_and_refuses_those_that_lack_something() {
    let mut checked = 0;
    for call in TABLE.calls.iter().filter(|call| TABLE.forms.contains_key(call.sends)) {
        let needed: Vec<_> = TABLE.forms[call.sends].iter().filter(|field| field.needed).collect();
        // The fields alone that are needed, then one less each; an order needs items where it has no cost.
        for left_out in std::iter::once(None).chain(needed.iter().map(|field| Some(field.name))) {
            let (sandbox, key) = sandboxed().await;
            let stores = sandbox.store_ids(0);
            let store = key.in_store(stores[1].as_str());
            let ids = ids(&key, &store).await;
            if call.name == "refund_order" {
                store.deliver_order(ids["{order}"].as_str()).await.unwrap();
            }
            let wanted = |field: &FormField| (field.needed || field.name == "items") && Some(field.name) != left_out;
            let (status, reply) = send(&key, call, &path(call, &ids), Some(&form(call.sends, &ids, wanted))).await;
            let expected = if left_out.is_some() { 400 } else { 200 };
            assert_eq!(status, expected, "{} {} without {left_out:?}: {reply}", call.method, call.path);
            checked += 1;
        }
    }
    println!("{checked} forms");
}
