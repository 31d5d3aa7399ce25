//! Faults as a client sees them on the wire.

use super::*;
use http::HeaderName;
use reqwest::{Method, Response};

async fn user(sandbox: &Sandbox) -> Result<Response, reqwest::Error> {
    call(sandbox, &sandbox.issue_key().unwrap(), Method::GET, "/user").send().await
}

/// Everything that the sandbox sends on one connection, with the answer's end told by the end of the connection.
async fn raw(sandbox: &Sandbox, path: &str, key: &str) -> Vec<u8> {
    let mut stream = TcpStream::connect(sandbox.url().trim_start_matches("http://")).await.unwrap();
    let request = format!(
        "GET {path} HTTP/1.1\r\nHost: sandbox\r\nUser-Agent: t/1\r\nAuthorization: Bearer {key}\r\nConnection: close\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut received = Vec::new();
    // A reset instead of an end is as good: what counts is what arrived before.
    let _ = stream.read_to_end(&mut received).await;
    received
}

#[tokio::test]
async fn statuses_come_with_the_envelope_bare_or_as_html() {
    let sandbox = sandbox().await;
    let faults = sandbox.faults();
    for status in [429, 500, 502, 503, 504] {
        let status = StatusCode::from_u16(status).unwrap();
        for fault in [Fault::status(status), Fault::bare_status(status), Fault::html(status)] {
            faults.on(Target::api()).times(1).inject(fault);
        }
        let answered = user(&sandbox).await.unwrap();
        assert_eq!(answered.status(), status);
        let body: Value = serde_json::from_slice(&answered.bytes().await.unwrap()).unwrap();
        assert_eq!(body["success"], false);
        let answered = user(&sandbox).await.unwrap();
        assert_eq!((answered.status(), answered.bytes().await.unwrap().len()), (status, 0));
        let answered = user(&sandbox).await.unwrap();
        assert!(answered.headers()["content-type"].to_str().unwrap().starts_with("text/html"));
        assert_eq!(answered.status(), status);
        assert_eq!(user(&sandbox).await.unwrap().status(), 200);
    }
}

#[tokio::test]
async fn a_429_may_carry_any_retry_after() {
    let sandbox = sandbox().await;
    for value in ["5", "-1", "soon", "999999999999999999999999999999"] {
        let fault = Fault::error(StatusCode::TOO_MANY_REQUESTS, "RateLimited");
        sandbox.faults().on(Target::api()).times(1).inject(fault.header(header::RETRY_AFTER, value.parse().unwrap()));
        assert_eq!(user(&sandbox).await.unwrap().headers()[header::RETRY_AFTER], value);
    }
}

#[tokio::test]
async fn a_connection_closed_before_reading_is_no_request() {
    let sandbox = sandbox().await;
    let fault = sandbox.faults().on(Target::everything()).times(2).inject(Fault::close_before_reading());
    assert!(user(&sandbox).await.is_err());
    assert_eq!(raw(&sandbox, "/user", "x").await, b"");
    assert_eq!((sandbox.request_count(), fault.hits()), (0, 2));
    assert_eq!(user(&sandbox).await.unwrap().status(), 200);
}

#[tokio::test]
async fn a_connection_closed_after_reading_has_no_effect_and_a_lost_reply_or_a_late_gateway_error_has() {
    let sandbox = sandbox().await;
    let request = |code: &str| {
        let url = exchange_url(&sandbox, sandbox.client_id(), code);
        http().get(url).header("user-agent", "t/1").header("x-client-secret", sandbox.client_secret()).send()
    };
    let (kept, spent) = (sandbox.issue_code().unwrap(), sandbox.issue_code().unwrap());
    sandbox.faults().on(Target::exchange()).times(1).inject(Fault::close_after_reading());
    sandbox.faults().on(Target::exchange()).times(1).inject(Fault::lose_reply());
    assert!(request(&kept).await.is_err());
    assert!(request(&spent).await.is_err());
    assert_eq!((sandbox.exchanges(), sandbox.keys().len()), (2, 1));
    assert_eq!(exchange(&sandbox, &kept).await.0, 200);
    assert_eq!(exchange(&sandbox, &spent).await.1["code"], "invalid_code");
    // A gateway error after the effect spends the code.
    let code = sandbox.issue_code().unwrap();
    sandbox.faults().on(Target::exchange()).times(1).inject(Fault::status(StatusCode::BAD_GATEWAY).after_effect());
    assert_eq!(exchange(&sandbox, &code).await.0, 502);
    assert_eq!(exchange(&sandbox, &code).await.1["code"], "invalid_code");
}

#[tokio::test]
async fn a_truncated_reply_breaks_off_in_the_middle_of_its_body() {
    let sandbox = sandbox().await;
    let key = sandbox.issue_key().unwrap();
    let whole = raw(&sandbox, "/user", &key).await;
    sandbox.faults().on(Target::api()).times(2).inject(Fault::truncate());
    let cut = raw(&sandbox, "/user", &key).await;
    assert!(cut.starts_with(b"HTTP/1.1 200 OK\r\n") && cut.len() > 300 && cut.len() < whole.len(), "{}", cut.len());
    let answered = call(&sandbox, &key, Method::GET, "/user").send().await.unwrap();
    assert!(answered.bytes().await.is_err());
}

#[tokio::test]
async fn replies_can_be_malformed_oversized_endless_or_packed() {
    let sandbox = sandbox().await;
    let inject = |fault| sandbox.faults().on(Target::api()).times(1).inject(fault);
    inject(Fault::malformed_json());
    let body = user(&sandbox).await.unwrap().bytes().await.unwrap();
    assert!(serde_json::from_slice::<Value>(&body).is_err());
    inject(Fault::oversized(1_000_000));
    assert!(user(&sandbox).await.unwrap().content_length().unwrap() > 1_000_000);
    inject(Fault::endless());
    let mut endless = user(&sandbox).await.unwrap();
    assert_eq!(endless.content_length(), None);
    let mut read = 0;
    while read < 5_000_000 {
        read += endless.chunk().await.unwrap().unwrap().len();
    }
    inject(Fault::gzip_bomb(10_000_000));
    let packed = user(&sandbox).await.unwrap();
    assert_eq!(packed.headers()["content-encoding"], "gzip");
    assert!(packed.bytes().await.unwrap().len() < 100_000);
    inject(Fault::refused_as_ok("AccessDenied"));
    let (status, body) = super::read(user(&sandbox).await.unwrap()).await;
    assert_eq!((status, &body["success"], &body["code"]), (200, &false.into(), &"AccessDenied".into()));
}

#[tokio::test]
async fn a_redirect_points_where_it_is_told() {
    let (sandbox, elsewhere) = (sandbox().await, sandbox().await);
    let target = format!("{}/user", elsewhere.api_url());
    sandbox.faults().on(Target::api()).inject(Fault::redirect(&target));
    let answered = user(&sandbox).await.unwrap();
    assert_eq!(
        (answered.status(), answered.headers()["location"].to_str().unwrap()),
        (StatusCode::FOUND, target.as_str())
    );
    assert_eq!(elsewhere.request_count(), 0);
}

#[tokio::test]
async fn latency_and_trickle_go_by_the_sandboxs_clock() {
    let clock = ManualClock::default();
    let sandbox = builder().clock(clock.clone()).start().await.unwrap();
    sandbox.faults().on(Target::api()).times(1).inject(Fault::latency(Duration::from_secs(3600)));
    let key = sandbox.issue_key().unwrap();
    let pending = tokio::spawn(call(&sandbox, &key, Method::GET, "/user").send());
    while sandbox.request_count() == 0 {
        yield_now().await;
    }
    assert_eq!(sandbox.requests()[0].status, None);
    clock.advance(Duration::from_secs(3600));
    assert_eq!(pending.await.unwrap().unwrap().status(), 200);

    let fault = Fault::trickle(Duration::from_secs(60));
    sandbox.faults().on(Target::path("/no/such")).times(1).inject(fault);
    let mut reply = call(&sandbox, &key, Method::GET, "/no/such").send().await.unwrap();
    let length = reply.content_length().unwrap();
    for _ in 0..length {
        clock.advance(Duration::from_secs(60));
        assert_eq!(reply.chunk().await.unwrap().unwrap().len(), 1);
    }
    assert!(reply.chunk().await.unwrap().is_none());
}

#[tokio::test]
async fn a_hanging_request_is_let_go_when_the_fault_ends_with_the_sandbox() {
    let sandbox = sandbox().await;
    sandbox.faults().on(Target::api()).inject(Fault::hang());
    let pending = tokio::spawn(call(&sandbox, &sandbox.issue_key().unwrap(), Method::GET, "/user").send());
    while sandbox.request_count() == 0 {
        yield_now().await;
    }
    assert!(!pending.is_finished());
    sandbox.stop().await;
    assert!(pending.await.unwrap().is_err());
}

#[tokio::test]
async fn an_offline_sandbox_refuses_connections_and_comes_back_with_its_keys() {
    let sandbox = builder().separate_dashboard().start().await.unwrap();
    let key = sandbox.issue_key().unwrap();
    sandbox.go_offline().await;
    let refused = call(&sandbox, &key, Method::GET, "/user").send().await.unwrap_err();
    assert!(refused.is_connect(), "{refused:?}");
    assert!(http().get(sandbox.dashboard_url()).send().await.unwrap_err().is_connect());
    sandbox.go_online().await.unwrap();
    assert_eq!(get(&sandbox, &key, "/user").await.0, 200);
    assert_eq!(http().get(sandbox.dashboard_url()).send().await.unwrap().status(), 200);
    assert_eq!(sandbox.request_count(), 2);
    assert!(sandbox.go_online().await.is_err());
    assert_eq!(get(&sandbox, &key, "/user").await.0, 200);
}

#[tokio::test]
async fn a_fault_can_be_removed_all_can_be_cleared_and_the_dashboard_is_left_alone() {
    let sandbox = sandbox().await;
    let key = sandbox.issue_key().unwrap();
    let fault = sandbox.faults().on(Target::api()).every(2).inject(Fault::bare_status(StatusCode::BAD_GATEWAY));
    let mut statuses = Vec::new();
    for _ in 0..4 {
        statuses.push(call(&sandbox, &key, Method::GET, "/user").send().await.unwrap().status().as_u16());
    }
    assert_eq!(statuses, [200, 502, 200, 502]);
    assert_eq!(fault.hits(), 2);
    fault.remove();
    sandbox.faults().on(Target::api()).inject(Fault::hang());
    sandbox.faults().clear();
    assert_eq!(get(&sandbox, &key, "/user").await.0, 200);
    // Faults of the API leave the dashboard alone.
    let wanted = HeaderName::from_static("x-test");
    sandbox.faults().on(Target::api().when(move |request| request.headers.contains_key(&wanted))).inject(Fault::hang());
    assert_eq!(http().get(sandbox.dashboard_url()).header("x-test", "1").send().await.unwrap().status(), 200);
    assert_eq!(user(&sandbox).await.unwrap().status(), 200);
}
