//! Everything that the provider, or what stands in front of it, can answer to an exchange: each becomes a failure of its
//! own kind, with its status and its advice, and nothing is stored.

use crate::prelude::*;
use komerza_connect::FailureKind::{self, *};

/// Sends one callback to a provider that answers so, and checks what the visitor is told.
async fn refused(shop: &Shop, name: &str, reply: Reply, kind: FailureKind) -> Hop {
    let (browser, code) = (shop.browser("alice"), format!("code-{name}"));
    let before = shop.exchanges();
    shop.provider.on_code(&code, reply);
    let state = shop.begin(&browser).await;
    let hop = shop.callback(&browser, &code, &state).await;
    assert_eq!(shop.watch.last_kind(), Some(kind), "{name}: {}", hop.text());
    assert_eq!(hop.status(), kind.status().as_u16(), "{name}");
    assert_eq!(hop.location(), None, "{name}");
    let page = hop.text().replace("&#39;", "'");
    assert!(page.contains(kind.title()) && page.contains(kind.advice()), "{name}: {page}");
    assert!(page.contains("Reference for support"), "{name}: {page}");
    assert_eq!(shop.exchanges(), before + 1, "{name}: sent once");
    assert_eq!(shop.shelf.writes(), 0, "{name}");
    hop
}

async fn patient_shop(mode: Mode) -> Shop {
    // No second try after a 429: the answer to the first one is what is looked at.
    Shop::builder(mode).limits(|limits| limits.exchange_wait = Duration::ZERO).open().await
}

#[tokio::test]
async fn t37_each_documented_error_is_told_apart_by_its_code_whatever_its_status() {
    for shop in in_both(patient_shop).await {
        for status in [200, 401, 403, 404] {
            for (code, kind, answered) in [
                ("invalid_code", InvalidCode, 400),
                ("code_expired", ExpiredCode, 400),
                ("invalid_client_secret", InvalidClientSecret, 500),
                ("app_not_found", AppNotFound, 500),
            ] {
                let hop = refused(&shop, &format!("{code}-{status}"), Reply::error(status, code), kind).await;
                assert_eq!(hop.status(), answered);
            }
        }
    }
}

#[tokio::test]
async fn t37_a_refusal_without_a_code_is_judged_by_its_status() {
    let shop = patient_shop(Mode::Users).await;
    for (name, body) in [
        ("absent", json!({ "success": false })),
        ("null", json!({ "success": false, "code": null, "message": "no", "data": null })),
        ("empty", json!({ "success": false, "code": "" })),
        ("unknown", json!({ "success": false, "code": "SomethingElse" })),
    ] {
        for (status, kind) in [(401, ExchangeRefused), (403, ExchangeRefused), (404, AppNotFound)] {
            refused(&shop, &format!("{name}-{status}"), Reply::envelope(status, &body), kind).await;
        }
        for status in [200, 400, 418, 500, 503] {
            refused(&shop, &format!("{name}-{status}"), Reply::envelope(status, &body), ProviderFault).await;
        }
    }
    for (status, kind) in [(401, ProviderFault), (403, ExchangeBlocked), (404, ProviderFault), (451, ExchangeBlocked)] {
        refused(&shop, &format!("html-{status}"), Reply::html(status, "Blocked"), kind).await;
    }
    // What a broken provider answers is a fault of the provider.
    for status in [500, 501, 502, 503, 504, 520, 522, 524] {
        refused(&shop, &format!("html-{status}"), Reply::html(status, "Sorry"), ProviderFault).await;
        refused(&shop, &format!("empty-{status}"), Reply::new(status, "text/plain", ""), ProviderFault).await;
    }
    for status in [201, 202, 206, 304, 418] {
        let reply = Reply::envelope(status, &json!({ "success": true, "data": "obviously-fake-key" }));
        refused(&shop, &format!("key-{status}"), reply, ProviderFault).await;
    }
}

#[tokio::test]
async fn t38_a_429_is_503_with_a_bounded_wait_whatever_retry_after_says() {
    let shop = patient_shop(Mode::Users).await;
    let long = "9".repeat(10_240);
    let next_century = "Fri, 01 Jan 2100 00:00:00 GMT";
    for (name, value, seconds) in [
        ("none", None, 7..=7),
        ("digits", Some("9"), 9..=9),
        ("date", Some(next_century), 60..=60),
        ("negative", Some("-1"), 7..=7),
        ("thirty-digits", Some("999999999999999999999999999999"), 60..=60),
        ("words", Some("soon"), 7..=7),
        ("ten-kibibytes", Some(long.as_str()), 7..=7),
        ("zero", Some("0"), 0..=5),
    ] {
        let reply = Reply::error(429, "RateLimited");
        let reply = value.map_or(reply.clone(), |value| reply.header("Retry-After", value));
        let hop = refused(&shop, name, reply, Busy).await;
        let wait: u64 = hop.header("retry-after").unwrap().parse().unwrap();
        assert!(seconds.contains(&wait), "{name}: {wait}");
        assert!(hop.set_cookies().is_empty(), "{name}: the attempt is still good");
    }
    refused(&shop, "html", Reply::html(429, "Slow down"), Busy).await;
    let told = Reply::error(429, "RateLimited").header("Retry-After", "9");
    let cut_in_the_body = told.clone().cut_after(told.length() - 5);
    assert_eq!(refused(&shop, "cut-off", cut_in_the_body, Busy).await.header("retry-after"), Some("9"));
}

#[tokio::test]
async fn t36_a_success_that_is_none_stores_nothing() {
    for shop in in_both(patient_shop).await {
        for (name, body) in [
            ("success-false", r#"{"success":false,"data":"obviously-fake-key"}"#),
            ("without-data", r#"{"success":true}"#),
            ("null-data", r#"{"success":true,"data":null}"#),
            ("empty-key", r#"{"success":true,"data":""}"#),
            ("line-feed", "{\"success\":true,\"data\":\"obviously-fake\\r\\nX-Injected: y\"}"),
            ("raw-line-feed", "{\"success\":true,\"data\":\"obviously-fake\nkey\"}"),
            ("space", r#"{"success":true,"data":"obviously fake"}"#),
            ("beyond-ascii", r#"{"success":true,"data":"obviously-fake-é"}"#),
            ("nul", r#"{"success":true,"data":"obviously-fake-\u0000"}"#),
            ("object", r#"{"success":true,"data":{"key":"obviously-fake"}}"#),
            ("list", r#"[{"success":true,"data":"obviously-fake"}]"#),
            ("both", r#"{"success":true,"code":"BadToken","data":"obviously-fake"}"#),
            ("twice", r#"{"success":true,"data":"obviously-fake-1"}{"success":true,"data":"obviously-fake-2"}"#),
            ("nothing", ""),
            ("html", "<!doctype html><h1>It works</h1>"),
        ] {
            refused(&shop, name, Reply::new(200, "application/json", body), ProviderFault).await;
        }
        let long = Reply::key(&"k".repeat(16_385));
        refused(&shop, "long-key", long, ProviderFault).await;
    }
}

#[tokio::test]
async fn a_key_counts_whatever_the_content_type_says() {
    let shop = Shop::builder(Mode::Users).open().await;
    for (name, content_type) in [("text", "text/plain"), ("html", "text/html"), ("nonsense", "obviously/fake")] {
        let (browser, code) = (shop.browser(name), format!("code-{name}"));
        let key = format!("obviously-fake-{name}");
        let body = json!({ "success": true, "data": key, "message": null, "code": null, "later": [1] }).to_string();
        shop.provider.on_code(&code, Reply::new(200, content_type, format!("\r\n {body} \n")));
        assert_connected(&shop.connect(&browser, &code).await);
        assert_eq!(shop.key(&browser).await, Ok(key));
    }
    let longest = "k".repeat(16_384);
    shop.provider.on_code("code-longest", Reply::key(&longest));
    let browser = shop.browser("longest");
    assert_connected(&shop.connect(&browser, "code-longest").await);
    assert_eq!(shop.key(&browser).await, Ok(longest));
}

#[tokio::test]
async fn an_answer_cut_at_any_byte_is_of_unknown_outcome_and_never_half_a_key() {
    let shop = patient_shop(Mode::Users).await;
    let whole = Reply::key("obviously-fake-key-cut-short");
    for bytes in 0..whole.length() {
        refused(&shop, &format!("cut-{bytes}"), whole.clone().cut_after(bytes), UnknownOutcome).await;
    }
    // Without a length the end of the connection is the end of the body: then the JSON tells.
    let head = "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n";
    let open_ended = format!("{head}{}", json!({ "success": true, "data": "obviously-fake-key-cut-short" }));
    for bytes in head.len()..open_ended.len() {
        let reply = Reply::raw(open_ended.clone()).cut_after(bytes);
        refused(&shop, &format!("open-ended-{bytes}"), reply, ProviderFault).await;
    }
}

#[tokio::test]
async fn a_chunked_answer_without_its_last_chunk_is_of_unknown_outcome() {
    let shop = patient_shop(Mode::Browsers).await;
    let body = json!({ "success": true, "data": "obviously-fake-key" }).to_string();
    let whole = format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{:x}\r\n{body}\r\n0\r\n\r\n", body.len());
    for missing in 1..=(body.len() + 9) {
        let reply = Reply::raw(whole.clone()).cut_after(whole.len() - missing);
        refused(&shop, &format!("chunks-{missing}"), reply, UnknownOutcome).await;
    }
    shop.provider.on_code("whole", Reply::raw(whole));
    assert_connected(&shop.connect(&shop.browser("alice"), "whole").await);
}

#[tokio::test]
async fn t39_a_connection_lost_after_the_request_is_of_unknown_outcome_and_not_tried_again() {
    for mode in MODES {
        // There is time for another try, so that one would be seen.
        let shop = Shop::builder(mode).open().await;
        let key = || Reply::key("obviously-fake-key");
        for (name, reply) in [
            ("closed", Reply::close()),
            ("reset", Reply::reset()),
            ("reset-in-the-head", key().cut_after(40).resetting()),
            ("reset-in-the-body", key().cut_after(key().length() - 4).resetting()),
            ("not-http", Reply::raw("SSH-2.0-obviously_fake\r\n")),
            ("bad-status-line", Reply::raw("HTTP/1.1 abc OK\r\n\r\n")),
            ("a-megabyte-of-headers", Reply::key("obviously-fake").header("X-Long", &"h".repeat(1 << 20))),
        ] {
            refused(&shop, name, reply, UnknownOutcome).await;
        }
    }
}

#[tokio::test]
async fn t35_a_provider_that_hangs_or_trickles_meets_one_deadline_over_the_whole_call() {
    for shop in in_both(|mode| Shop::builder(mode).open()).await {
        let key = || Reply::key("obviously-fake-key");
        for (name, reply) in [
            ("hangs", Reply::hang()),
            ("hangs-in-the-head", key().cut_after(30).then_hanging()),
            ("hangs-in-the-body", key().cut_after(key().length() - 1).then_hanging()),
            ("trickles", key().trickled(Duration::from_secs(1))),
        ] {
            refused(&shop, name, reply, ProviderTimeout).await;
        }
        assert_connected(&shop.connect(&shop.browser("bob"), "good").await);
    }
}

#[tokio::test]
async fn t34_an_endless_or_exploding_body_is_given_up_at_the_limit() {
    let shop = patient_shop(Mode::Users).await;
    for (name, reply) in [("endless", Reply::endless()), ("endless-chunks", Reply::endless_chunked())] {
        let before = shop.provider.bytes_written();
        refused(&shop, name, reply, ProviderFault).await;
        // What the system's buffers took is not what the crate kept; but it is bounded, and the client is gone.
        shop.provider.wait_for_abandoned(1).await;
        assert!(shop.provider.bytes_written() - before < 64 << 20, "{name}");
    }
    refused(&shop, "gzip-bomb", Reply::gzip_zeros(10 << 20), ProviderFault).await;
    // A compressed key is not unpacked. Another crate of the app may switch reqwest's decompression on; this client has it off by
    // a call of its own.
    let key = json!({ "success": true, "data": "obviously-fake-key" }).to_string();
    refused(&shop, "gzip", Reply::gzip(key.as_bytes()), ProviderFault).await;
    assert_eq!(shop.provider.exchanges().pop().unwrap().header("accept-encoding"), None);
    let huge = json!({ "success": true, "data": "obviously-fake", "padding": "p".repeat(1 << 20) });
    refused(&shop, "huge", Reply::envelope(200, &huge), ProviderFault).await;
    let just_over = json!({ "success": true, "data": "obviously-fake", "padding": "p".repeat(65_536) });
    refused(&shop, "just-over", Reply::envelope(200, &just_over), ProviderFault).await;
    let announced = Reply::raw("HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n{").then_hanging();
    refused(&shop, "announced", announced, ProviderTimeout).await;
}

#[tokio::test]
async fn t32_a_redirect_takes_neither_secret_nor_code_to_another_listener() {
    for mode in MODES {
        let (shop, elsewhere) = (patient_shop(mode).await, RawProvider::start().await);
        elsewhere.always(Reply::key("obviously-fake-key-from-elsewhere"));
        for status in [301, 302, 303, 307, 308] {
            let reply =
                Reply::with_headers(status, &[("Location", &format!("{}/oauth2/a/exchange/b", elsewhere.url()))], "");
            refused(&shop, &format!("to-another-port-{status}"), reply, ProviderFault).await;
            let to_itself =
                Reply::with_headers(status, &[("Location", "/oauth2/obviously-fake-app/exchange/other")], "");
            refused(&shop, &format!("to-itself-{status}"), to_itself, ProviderFault).await;
        }
        assert_eq!(elsewhere.connections(), 0);
    }
}

#[tokio::test]
async fn after_any_such_answer_the_next_connection_works() {
    for shop in in_both(patient_shop).await {
        let browser = shop.browser("alice");
        for (name, reply) in [
            ("refused", Reply::error(401, "invalid_code")),
            ("busy", Reply::error(429, "RateLimited")),
            ("cut", Reply::close()),
            ("fault", Reply::html(500, "Sorry")),
        ] {
            shop.provider.on_code(name, reply);
            assert!(shop.connect(&browser, name).await.status() >= 400, "{name}");
            let code = format!("good-after-{name}");
            assert_connected(&shop.connect(&browser, &code).await);
            assert_eq!(shop.key(&browser).await, Ok(key_for_code(&code)));
        }
    }
}
