//! Every typed call against a provider that denies access: where it goes, what it sends, and which scope its error names.

use super::table::{CLIENT, Call, FormField, TABLE};
use crate::client::App;
use komerza_connect::{
    Error, ErrorKind,
    api::{models::RefundReason, scopes},
};
use komerza_connect_testing::raw_provider::{LoggedRequest, RawProvider, Reply};
use serde_json::{Map, Value};
use std::{collections::BTreeSet, path::Path, time::Duration};

/// What stands for the names in the paths below.
const NAMES: &[(&str, &str)] = &[
    ("{store}", "s"),
    ("{product}", "p"),
    ("{variant}", "v"),
    ("{category}", "c"),
    ("{customer}", "c"),
    ("{order}", "o"),
    ("{coupon}", "c"),
    ("{review}", "r"),
    ("{ticket}", "t"),
    ("{subscription}", "u"),
    ("{webhook}", "w"),
    ("{log}", "l"),
    ("{text}", "t"),
    ("{slug}", "g"),
    ("{email}", "ada@shop.example"),
    ("{page}", "1"),
];

fn filled(path: &str) -> String {
    NAMES.iter().fold(path.to_owned(), |path, (name, value)| path.replace(name, value))
}

/// What a call sent: the names of the form's fields.
fn sent(request: &LoggedRequest) -> BTreeSet<String> {
    let fields: Map<String, Value> = serde_json::from_slice(&request.body).unwrap_or_default();
    fields.keys().cloned().collect()
}

/// The fields of a form against the table.
fn differs(call: &Call, names: &BTreeSet<String>) -> Option<String> {
    let fields = TABLE.forms.get(call.sends).map(Vec::as_slice).unwrap_or_default();
    let of = |wanted: &dyn Fn(&FormField) -> bool| -> BTreeSet<String> {
        fields.iter().filter(|field| wanted(field)).map(|field| field.name.to_owned()).collect()
    };
    let (known, needed) = (of(&|_| true), of(&|field| field.needed));
    let wrong = !names.is_subset(&known) || !needed.is_subset(names);
    wrong.then(|| format!("{} sends {names:?} and not {known:?}", call.name))
}

#[tokio::test]
async fn every_typed_call_goes_where_the_table_says_and_names_its_scope() {
    let provider = RawProvider::start().await;
    provider.always(Reply::error(403, "AccessDenied"));
    let app = App::at(&provider.url(), |limits| limits.client.bucket.period = Duration::ZERO);
    let key = app.key("obviously-fake-key").await;
    let store = key.in_store("s");
    let mut seen = Vec::new();
    macro_rules! calls {
        ($of:ident: $($call:ident($($argument:expr),*) $(.$all:ident())?,)+) => { $(
            let before = provider.requests().len();
            let denied: Error = $of.$call($($argument),*)$(.$all())?.await.map(drop).unwrap_err();
            assert_eq!(denied.kind(), ErrorKind::AccessDenied, stringify!($call));
            seen.push((stringify!($call), provider.requests().swap_remove(before), denied.needed_scope()));
        )+ };
    }
    calls! { key: user(), store("s"), }
    calls! { store:
        reload(), permissions(),
        products().all(), all_products(), search_products("t").all(), product("p"), all_categories(),
        orders().all(), search_orders("t").all(), order("o"), deliver_order("o"), refund_order("o", RefundReason::Duplicate),
        customers().all(), search_customers("t").all(), customer("c"), customer_by_email("ada@shop.example"),
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
        let paged: BTreeSet<_> = ["Page"].into_iter().filter(|_| call.data.ends_with(" page")).collect();
        if asked.iter().map(String::as_str).collect::<BTreeSet<_>>() != paged {
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
    let provider = RawProvider::start().await;
    provider.always(Reply::success(&Value::Null));
    let app = App::at(&provider.url(), |limits| limits.client.bucket.period = Duration::ZERO);
    let key = app.key("obviously-fake-key").await;
    for call in &TABLE.raw {
        key.request(call.method.parse().unwrap(), &filled(&call.path)).execute().await.unwrap();
        let request = provider.requests().pop().unwrap();
        assert_eq!((request.method.as_str(), request.path()), (call.method, filled(&call.path).as_str()));
    }
    assert_eq!(provider.requests().len(), TABLE.raw.len());
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
            let calls = ["scopes::", "self.client.store(", "self.user()"];
            calls.iter().any(|call| body.contains(call)).then(|| name.to_owned())
        }));
    }
    let table: BTreeSet<_> =
        TABLE.calls.iter().map(|call| call.name.to_owned()).filter(|name| !name.is_empty()).collect();
    assert_eq!(calls, table);
}
