//! Every typed call against a provider that denies access: where it goes, what it sends, and which scope its error names.

use super::table::{CLIENT, Call, TABLE};
use crate::client::unpaced;
use crate::prelude::*;
use komerza_connect::api::{models::*, scopes};
use komerza_connect_testing::raw_provider::LoggedRequest;

/// What stands for the names in the paths below.
const NAMES: &str = "{store}=s {product}=p {variant}=v {category}=c {customer}=c {order}=o {coupon}=c {review}=r {ticket}=t \
                     {subscription}=u {webhook}=w {log}=l {text}=t {slug}=g {email}=ada@shop.example {page}=1";

fn filled(path: &str) -> String {
    let names = NAMES.split_whitespace().filter_map(|pair| pair.split_once('='));
    names.fold(path.to_owned(), |path, (name, value)| path.replace(name, value))
}

/// What a call sent: the names of the form's fields or of the file.
fn sent(request: &LoggedRequest) -> (BTreeSet<String>, bool) {
    let body = String::from_utf8_lossy(&request.body);
    match serde_json::from_str::<Value>(&body) {
        Ok(Value::Object(fields)) => (fields.keys().cloned().collect(), false),
        _ => (
            body.split("; name=\"").skip(1).filter_map(|rest| Some(rest.split_once('"')?.0.to_owned())).collect(),
            true,
        ),
    }
}

/// The fields of a form against the table.
fn differs(call: &Call, (names, multipart): &(BTreeSet<String>, bool)) -> Option<String> {
    let (known, needed): (BTreeSet<_>, BTreeSet<_>) = match call.sends {
        "" => (BTreeSet::new(), BTreeSet::new()),
        "multipart image" => (["image".to_owned()].into(), ["image".to_owned()].into()),
        form => {
            let fields = &TABLE.forms[form];
            let needed = fields.iter().filter(|field| field.needed);
            (fields.iter().map(|f| f.name.to_owned()).collect(), needed.map(|f| f.name.to_owned()).collect())
        }
    };
    let wrong = !names.is_subset(&known)
        || !needed.is_subset(names)
        || (*multipart && call.sends != "multipart image" && !names.is_empty());
    wrong.then(|| format!("{} sends {names:?} and not {known:?}", call.name))
}

#[tokio::test]
async fn every_typed_call_goes_where_the_table_says_and_names_its_scope() {
    let (provider, key) = unpaced().await;
    provider.always(Reply::error(403, "AccessDenied"));
    let store = key.in_store("s");
    let (order, delivery) = (whole_order(), VariantDelivery::dynamic("https://app.example"));
    let mut seen = Vec::new();
    macro_rules! calls {
        ($of:ident: $($call:ident $(::<$type:ty>)? ($($argument:expr),*) $(.$all:ident())?,)+) => { $(
            let before = provider.requests().len();
            let denied: Error = $of.$call$(::<$type>)?($($argument),*)$(.$all())?.await.map(drop).unwrap_err();
            assert_eq!(denied.kind(), ErrorKind::AccessDenied, stringify!($call));
            seen.push((stringify!($call), provider.requests().swap_remove(before), denied.needed_scope()));
        )+ };
    }
    calls! { key: user(), store("s"), }
    calls! { store:
        permissions(),
        products().all(), all_products(), search_products("t").all(), product("p"),
        add_product_image("p", "f.png", "image/png", vec![7]),
        all_categories(),
        orders().all(), search_orders("t").all(), order("o"), create_order(&order), deliver_order("o"),
        refund_order("o", RefundReason::Duplicate),
        approve_custom_payment("o"), reject_custom_payment("o"), custom_payment_proof::<Value>("o"),
        tickets().all(), ticket("t"),
        customers().all(), search_customers("t").all(), customer("c"), customer_by_email("ada@shop.example"),
    }
    let variant = store.in_variant("p", "v");
    calls! { variant:
        load(), set_delivery(&delivery), items().all(), search_items::<Value>("t").all(),
        add_items(&["k"]), remove_items(&["k"]), clear_items(),
    }
    // It asks twice: for the stores, and for the user who has them.
    let denied = key.stores().await.unwrap_err();
    assert_eq!(denied.needed_scope(), Some(scopes::USER_VIEW));
    seen.push(("stores", provider.requests().into_iter().rev().nth(1).unwrap(), None));
    let mut found = Vec::new();
    for (name, request, scope) in &seen {
        let Some(call) = TABLE.calls.iter().find(|call| call.name == *name) else {
            found.push(format!("{name} is not in the table"));
            continue;
        };
        let path = request.path().replace("%40", "@");
        if (request.method.as_str(), path.as_str()) != (call.method, filled(&call.path).as_str()) {
            found.push(format!("{name} goes to {} {path} and not to {} {}", request.method, call.method, call.path));
        }
        if scope.unwrap_or_default() != call.scope {
            found.push(format!("{name} names {scope:?} and not {}", call.scope));
        }
        found.extend(differs(call, &sent(request)));
        let asked: BTreeSet<_> = url::form_urlencoded::parse(request.query().unwrap_or_default().as_bytes())
            .map(|(name, _)| name.into_owned())
            .collect();
        let own = match *name {
            "load" => TABLE.queries[name].clone(),
            _ => BTreeSet::new(),
        };
        let paged: BTreeSet<_> =
            ["Page"].into_iter().filter(|_| call.data.ends_with(" page") && !call.path.contains("{page}")).collect();
        if asked.iter().map(String::as_str).collect::<BTreeSet<_>>() != own.union(&paged).copied().collect() {
            found.push(format!("{name} asks for {asked:?}"));
        }
    }
    println!("{} typed calls, {} differences", seen.len(), found.len());
    assert!(found.is_empty(), "{}", found.join("\n"));
    let seen: BTreeSet<&str> = seen.iter().map(|(name, ..)| *name).collect();
    assert_eq!(seen, TABLE.calls.iter().map(|call| call.name).filter(|name| !name.is_empty()).collect());
}

#[tokio::test]
async fn what_is_raw_is_reached_by_its_path() {
    let (provider, key) = unpaced().await;
    provider.always(Reply::success(&Value::Null));
    for call in &TABLE.raw {
        key.request(call.method.parse().unwrap(), &filled(&call.path)).execute().await.unwrap();
        let request = provider.requests().pop().unwrap();
        assert_eq!((request.method.as_str(), request.path()), (call.method, filled(&call.path).as_str()));
    }
    assert_eq!(provider.requests().len(), TABLE.raw.len());
}

/// With everything that a form can have.
fn whole_order() -> NewOrder {
    let mut order = NewOrder::new("ada@shop.example", "stripe").item("p", "v", 2);
    order.cost = Some(Amount::from(5));
    order.metadata.insert("plan".to_owned(), "pro".to_owned());
    order.send_receipt = Some(false);
    let text = || Some("x".to_owned());
    (order.coupon_code, order.affiliate_code, order.return_url) = (text(), text(), text());
    (order.ip_address, order.user_agent, order.country_code) = (text(), text(), text());
    order
}

#[test]
fn a_whole_order_has_every_field_of_the_form() {
    let whole = serde_json::to_value(whole_order()).unwrap();
    let names = |value: &Value| value.as_object().unwrap().keys().cloned().collect::<BTreeSet<_>>();
    let of = |form: &str| TABLE.forms[form].iter().map(|field| field.name.to_owned()).collect::<BTreeSet<_>>();
    assert_eq!(names(&whole), of("CreateDashboardOrderForm"));
    assert_eq!(names(&whole["items"][0]), of("OrderItemForm"));
}

#[test]
fn no_typed_call_is_missing_from_the_table() {
    let client = Path::new(CLIENT);
    let mut files: Vec<_> = std::fs::read_dir(client.join("calls")).unwrap().map(|file| file.unwrap().path()).collect();
    files.retain(|file| !file.ends_with("filtered.rs"));
    files.push(client.join("client.rs"));
    let mut calls = BTreeSet::new();
    for file in files {
        let source = std::fs::read_to_string(file).unwrap();
        let functions = source.split("    pub ").skip(1);
        calls.extend(functions.filter_map(|function| {
            // A typed call names its scope, or asks one that does.
            let (name, body) = function.trim_start_matches("async ").strip_prefix("fn ")?.split_once('(')?;
            let name = name.split('<').next()?;
            let body = body.split("\n    }").next()?;
            let calls = ["scopes::", "self.update(", "self.user()"];
            calls.iter().any(|call| body.contains(call)).then(|| name.to_owned())
        }));
    }
    let table: BTreeSet<_> =
        TABLE.calls.iter().map(|call| call.name.to_owned()).filter(|name| !name.is_empty()).collect();
    assert_eq!(calls, table);
}
