//! An odd but honest provider: whatever stays unknown, in each of its ways. The list is in `unknowns`.

use crate::client::App;
use crate::prelude::*;
use komerza_connect::api::scopes;

async fn provider() -> (RawProvider, App) {
    let provider = RawProvider::start().await;
    let app = App::at(&provider.url(), |limits| limits.client.bucket.period = Duration::ZERO);
    (provider, app)
}

pub(super) async fn answering(reply: Reply) -> (RawProvider, KomerzaKey) {
    let (provider, app) = provider().await;
    provider.always(reply);
    let key = app.key("obviously-fake-key").await;
    (provider, key)
}

#[tokio::test]
async fn t74_a_word_beside_a_success_and_a_byte_order_mark_cost_no_login() {
    let shop = Shop::builder(Mode::Users).open().await;
    for (name, beside, mark) in [
        ("word", r#","code":"Ok""#, ""),
        ("message", r#","message":"Operation completed successfully""#, ""),
        ("number", r#","code":200"#, ""),
        ("null", r#","code":null,"message":null"#, ""),
        ("mark", "", "\u{feff}"),
    ] {
        let (browser, code) = (shop.browser(name), format!("code-{name}"));
        let body = format!("{mark}{{\"success\":true{beside},\"data\":\"obviously-fake-{name}\"}}");
        shop.provider.on_code(&code, Reply::new(200, "application/json", body));
        assert_connected(&shop.connect(&browser, &code).await);
        assert_eq!(shop.key(&browser).await, Ok(format!("obviously-fake-{name}")));
    }
}

#[tokio::test]
async fn t74_a_long_code_is_exchanged_like_a_short_one() {
    let shop = Shop::builder(Mode::Users).open().await;
    for length in [2_048, 2_049, 7_500, 8_000] {
        let (browser, code) = (shop.browser(&length.to_string()), "c".repeat(length));
        assert_connected(&shop.connect(&browser, &code).await);
        assert_eq!(shop.key(&browser).await, Ok(key_for_code(&code)), "{length}");
    }
}

#[tokio::test]
async fn t74_a_no_without_a_state_is_told_as_such() {
    let shop = Shop::builder(Mode::Users).open().await;
    for (query, kind) in [
        ("error=access_denied", "not_approved"),
        ("error=", "not_approved"),
        ("code=", "not_approved"),
        ("", "not_approved"),
        // Not a no.
        ("code=abc", "unknown_state"),
        ("error=access_denied&state=junk", "unknown_state"),
        ("error=a&error=b", "unknown_state"),
    ] {
        let hop = shop.return_to(&shop.browser("alice"), query).await;
        assert_eq!(hop.status(), 400, "{query}");
        assert_eq!(shop.watch.last_kind().map(FailureKind::code), Some(kind), "{query}");
        assert_eq!((hop.set_cookies().len(), shop.exchanges()), (0, 0), "{query}");
    }
}

#[tokio::test]
async fn t74_a_bare_401_that_names_the_token_removes_the_record() {
    for (challenge, body, dead) in [
        (Some("Bearer error=\"invalid_token\""), "", true),
        (None, r#"{"success":false,"code":"bad_token"}"#, true),
        (None, r#"{"success":false,"code":"BADTOKEN"}"#, true),
        (None, "", false),
        (Some("Bearer"), "", false),
        (Some("Bearer error=\"invalid_token\""), r#"{"success":false,"code":"oauth_login_required"}"#, false),
    ] {
        let (provider, app) = provider().await;
        let reply = Reply::new(401, "application/json", body);
        provider.always(challenge.map_or(reply.clone(), |challenge| reply.header("WWW-Authenticate", challenge)));
        let error = app.key("obviously-fake-key").await.user().await.unwrap_err();
        assert_eq!(error.is_revoked(), dead, "{challenge:?} {body}");
        assert_eq!(app.stored("obviously-fake-key").await.is_none(), dead, "{challenge:?} {body}");
    }
}

#[tokio::test]
async fn t74_a_list_that_is_null_or_missing_is_empty() {
    for reply in [
        json!({"success": true, "data": null}),
        json!({"success": true}),
        json!({"success": true, "data": []}),
        json!({"success": true, "pages": 0, "data": null, "message": "Operation completed successfully"}),
        json!({"success": true, "pages": 1, "data": []}),
        json!({"success": true, "pages": null, "message": null, "code": null, "data": null}),
    ] {
        let (provider, key) = answering(Reply::envelope(200, &reply)).await;
        let store = key.in_store("s");
        assert_eq!(key.get("/webhooks").fetch_list::<Value>().await.unwrap(), [] as [Value; 0], "{reply}");
        assert_eq!(store.all_products().await.unwrap(), [], "{reply}");
        assert_eq!(store.all_categories().await.unwrap(), [], "{reply}");
        assert_eq!(key.stores().await.unwrap(), [], "{reply}");
        assert_eq!(store.orders().all().await.unwrap(), [], "{reply}");
        assert_eq!(store.orders().page(7).await.unwrap().items, [], "{reply}");
        assert_eq!(provider.requests().len(), 6, "one request each");
    }
}

#[tokio::test]
async fn t74_the_stores_come_from_the_account_when_their_list_is_missing_or_denied() {
    let store = json!({"id": "s"});
    for (name, list, then) in [
        ("404", Reply::error(404, "NotFound"), "/user"),
        ("405", Reply::new(405, "text/plain", ""), "/user"),
        ("403", Reply::error(403, "AccessDenied"), "/stores"),
        ("403 in another casing", Reply::error(403, "access_denied"), "/stores"),
        ("401", Reply::error(401, "OAuthLoginRequired"), "/stores"),
    ] {
        let (provider, app) = provider().await;
        provider.on_path("/stores", list);
        provider.on_path("/user", Reply::success(&json!({"id": "u", "stores": [store]})));
        let key = app.key("obviously-fake-key").await;
        assert_eq!(key.stores().await.unwrap()[0].id.as_str(), "s", "{name}");
        // What is missing is missing for all; what is denied, is denied to one key.
        assert_eq!(key.stores().await.unwrap().len(), 1, "{name}");
        assert_eq!(provider.requests()[2].path(), then, "{name}");
        provider.on_path("/user", Reply::error(403, "AccessDenied"));
        let denied = key.stores().await.unwrap_err();
        assert_eq!(
            (denied.kind(), denied.needed_scope()),
            (ErrorKind::AccessDenied, Some(scopes::USER_VIEW)),
            "{name}"
        );
        assert!(denied.to_string().ends_with("this needs the scope user.view"), "{denied}");
    }
    // A page of something in between says nothing about the key.
    let (provider, app) = provider().await;
    provider.on_path("/stores", Reply::html(403, "unavailable in your region"));
    let blocked = app.key("obviously-fake-key").await.stores().await.unwrap_err();
    assert_eq!((blocked.kind(), provider.requests().len()), (ErrorKind::Blocked, 1));
}

#[tokio::test]
async fn the_fields_that_are_wrong_are_in_the_body_wherever_they_are() {
    for body in [
        json!({"success": false, "code": "ValidationError", "invalidFields": ["name"]}),
        json!({"success": false, "code": "ValidationError", "invalidFields": {"name": "too short"}}),
        json!({"success": false, "code": "ValidationError", "data": {"invalidFields": ["name"]}}),
    ] {
        let (_provider, key) = answering(Reply::envelope(400, &body)).await;
        let error = key.post("/stores/s/customers").json(&json!({"emailAddress": "x"})).execute().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Validation);
        assert_eq!(serde_json::from_slice::<Value>(error.body().unwrap()).unwrap(), body);
    }
}

#[tokio::test]
async fn a_delivery_is_sent_again_after_a_failure_and_a_refund_is_not() {
    for failure in [Reply::close(), Reply::error(503, "x"), Reply::html(522, "x")] {
        let (provider, app) = provider().await;
        let key = app.key("obviously-fake-key").await;
        provider.next(failure.clone());
        provider.next(Reply::envelope(200, &json!({"success": true, "data": null})));
        key.in_store("s").deliver_order("o").await.unwrap();
        assert_eq!(provider.requests().len(), 2);
        provider.next(failure);
        key.put("/stores/s/orders/o/redeliver").execute().await.unwrap_err();
        assert_eq!(provider.requests().len(), 3, "a second delivery is no repetition");
    }
}

#[tokio::test]
async fn every_request_of_a_call_accepts_json() {
    let (provider, key) = answering(Reply::success(&json!({"id": "u"}))).await;
    key.user().await.unwrap();
    assert_eq!(provider.requests()[0].header("accept"), Some("application/json"));
}

#[tokio::test]
async fn permissions_are_the_users_whatever_the_key_may() {
    let (sandbox, app) = {
        let sandbox = Sandbox::builder().scopes([scopes::STORES_VIEW]).unlimited().start().await.unwrap();
        let app = App::at(&sandbox.api_url(), |limits| limits.client.bucket.period = Duration::ZERO);
        (sandbox, app)
    };
    let key = app.key(&sandbox.issue_key().unwrap()).await;
    let store = key.in_store(sandbox.store_ids(0)[0].as_str());
    assert!(store.permissions().await.unwrap().user_may(scopes::ORDERS_VIEW), "the user may");
    let denied = store.orders().all().await.unwrap_err();
    assert_eq!(denied.needed_scope(), Some(scopes::ORDERS_VIEW), "the key may not");
}

#[test]
fn addresses_of_checkout_and_images_are_made_of_ids() {
    let order = |id: &str| {
        serde_json::from_value::<komerza_connect::api::models::Order>(
            json!({"id": id, "dateCreated": "2026-11-20T10:00:00Z", "amount": 5}),
        )
    };
    for (id, address) in [
        ("o-1", Some("https://checkout.komerza.com/checkout/o-1")),
        ("../a?b#c", Some("https://checkout.komerza.com/checkout/..%2Fa%3Fb%23c")),
        ("..", None),
    ] {
        assert_eq!(order(id).unwrap().checkout_url().as_deref(), address, "{id}");
    }
}
