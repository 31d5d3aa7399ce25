use super::super::time::PATIENCE;
use super::{Gate, RawProvider, Reply, key_for_code};
use bytes::Bytes;
use serde_json::json;
use std::io::{ErrorKind, Read as _};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const EXCHANGE: &str = "GET /oauth2/app/exchange/a%2Fb%2e HTTP/1.1\r\nHost: api\r\nX-Client-Secret:  padded \r\n\r\n";

async fn connected(provider: &RawProvider) -> TcpStream {
    TcpStream::connect(provider.address()).await.unwrap()
}

/// A client that has asked for an exchange.
async fn asking(provider: &RawProvider) -> TcpStream {
    let mut stream = connected(provider).await;
    stream.write_all(EXCHANGE.as_bytes()).await.unwrap();
    stream
}

/// Sends the bytes and reads until the other side ends the connection.
async fn ask(provider: &RawProvider, request: &str) -> Vec<u8> {
    let mut stream = connected(provider).await;
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    answer
}

/// Sends the bytes and reads one answer that carries a `Content-Length`.
async fn ask_on(stream: &mut TcpStream, request: &str) -> (String, Vec<u8>) {
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    let head = loop {
        answer.push(stream.read_u8().await.unwrap());
        if answer.ends_with(b"\r\n\r\n") {
            break String::from_utf8(std::mem::take(&mut answer)).unwrap();
        }
    };
    let length = head.lines().find_map(|line| line.strip_prefix("Content-Length: ")).unwrap().parse().unwrap();
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await.unwrap();
    (head, body)
}

#[tokio::test]
async fn an_unscripted_exchange_gives_the_key_of_its_code_and_anything_else_is_not_found() {
    let provider = RawProvider::start().await;
    let mut stream = connected(&provider).await;
    let (head, body) = ask_on(&mut stream, EXCHANGE).await;
    assert!(head.starts_with("HTTP/1.1 200 OK\r\n"), "{head}");
    let body: serde_json::Value = serde_json::from_slice(&body).unwrap();
    assert_eq!(body, json!({ "success": true, "data": "obviously-fake-key-for-a%2Fb." }));
    let (head, body) = ask_on(&mut stream, "GET /user HTTP/1.1\r\n\r\n").await;
    assert!(head.starts_with("HTTP/1.1 404 Not Found\r\n"), "{head}");
    assert!(String::from_utf8(body).unwrap().contains("\"success\":false"));
    assert_eq!(provider.connections(), 1, "the connection is kept alive");
    assert_ne!(key_for_code("a/b"), key_for_code("a%2Fb"));
    assert!(key_for_code("é\n").bytes().all(|byte| byte.is_ascii_graphic()));
}

#[tokio::test]
async fn a_request_is_logged_as_it_was_on_the_wire() {
    let provider = RawProvider::start().await;
    let mut stream = connected(&provider).await;
    ask_on(&mut stream, EXCHANGE).await;
    ask_on(&mut stream, "POST /p?q=%20&r HTTP/1.1\r\ncontent-length: 4\r\nA: 1\r\na: 2\r\n\r\nbody").await;
    let chunked = "PUT /c HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x\r\nde\r\n0\r\n\r\n";
    ask_on(&mut connected(&provider).await, chunked).await;

    let [exchange, post, put] = &provider.requests()[..] else { panic!("three requests") };
    assert_eq!((exchange.method.as_str(), exchange.target.as_str()), ("GET", "/oauth2/app/exchange/a%2Fb%2e"));
    assert_eq!(exchange.raw, EXCHANGE.as_bytes());
    assert_eq!(exchange.code().unwrap(), b"a/b.");
    assert_eq!(exchange.header("x-client-secret"), Some("padded"));
    assert_eq!((post.path(), post.query(), &post.body[..]), ("/p", Some("q=%20&r"), &b"body"[..]));
    assert_eq!(post.header_values("a"), [b"1", b"2"]);
    assert_eq!((post.connection, put.connection), (1, 2));
    assert_eq!(put.body, "abcde");
    assert!(post.code().is_none() && put.query().is_none());
    assert_eq!(provider.exchanges().len(), 1);

    // A request that stops halfway is logged apart.
    let mut stream = connected(&provider).await;
    stream.write_all(b"GET /oauth2/app/exch").await.unwrap();
    stream.shutdown().await.unwrap();
    assert_eq!(stream.read(&mut [0; 8]).await.unwrap(), 0);
    assert_eq!(provider.unfinished(), [Bytes::from("GET /oauth2/app/exch")]);
    assert_eq!(provider.requests().len(), 3);
}

#[tokio::test]
async fn the_script_prefers_the_narrower_and_the_used_up() {
    let provider = RawProvider::start().await;
    provider.always(Reply::html(500, "always"));
    provider.on_path("/oauth2/app/exchange/one", Reply::html(501, "path"));
    provider.on_code("one", Reply::html(502, "code"));
    provider.next(Reply::html(503, "next"));
    provider.on_path_once("/oauth2/app/exchange/one", Reply::html(504, "path once"));
    provider.on_code_once("one", Reply::html(505, "code once"));
    let mut stream = connected(&provider).await;
    let mut statuses = Vec::new();
    for target in ["one", "one", "one", "one", "two", "%6fne"] {
        let (head, _) = ask_on(&mut stream, &format!("GET /oauth2/app/exchange/{target} HTTP/1.1\r\n\r\n")).await;
        statuses.push(head[9..12].to_owned());
    }
    assert_eq!(statuses, ["505", "504", "503", "502", "500", "502"]);
}

#[tokio::test]
async fn answers_are_cut_at_the_byte_and_headers_can_be_added() {
    let provider = RawProvider::start().await;
    let whole = Reply::key("obviously.fake.key").header("Retry-After", "5");
    let length = whole.length();
    provider.next(whole.clone().closing());
    let expected = ask(&provider, EXCHANGE).await;
    assert_eq!(expected.len(), length);
    let expected = String::from_utf8(expected).unwrap();
    assert!(expected.starts_with("HTTP/1.1 200 OK\r\nRetry-After: 5\r\n"), "{expected}");
    for n in 0..length {
        provider.next(whole.clone().cut_after(n));
        assert_eq!(ask(&provider, EXCHANGE).await, &expected.as_bytes()[..n]);
    }
    provider.next(Reply::close());
    assert_eq!(ask(&provider, EXCHANGE).await, b"");
    assert_eq!(provider.requests().len(), length + 2);
}

#[tokio::test]
async fn a_reset_is_an_error_and_an_unread_connection_logs_nothing() {
    let provider = RawProvider::start().await;
    provider.next(Reply::reset());
    let mut stream = asking(&provider).await;
    assert_eq!(stream.read(&mut [0; 8]).await.unwrap_err().kind(), ErrorKind::ConnectionReset);

    provider.close_next_connections_unread(1);
    let mut stream = connected(&provider).await;
    assert_eq!(stream.read(&mut [0; 8]).await.unwrap(), 0);
    assert_eq!((provider.connections(), provider.requests().len()), (2, 1));
    ask_on(&mut connected(&provider).await, EXCHANGE).await;
}

#[tokio::test]
async fn a_reserved_port_refuses_until_it_listens() {
    let provider = RawProvider::reserved();
    for _ in 0..3 {
        let refused = TcpStream::connect(provider.address()).await.unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::ConnectionRefused);
    }
    provider.listen();
    provider.listen();
    ask_on(&mut connected(&provider).await, EXCHANGE).await;
    assert_eq!((provider.connections(), provider.exchanges().len()), (1, 1));
}

#[tokio::test]
async fn a_held_answer_comes_when_the_gate_opens_and_a_client_that_leaves_is_noticed() {
    let provider = RawProvider::start().await;
    let gate = Gate::closed();
    provider.next(Reply::key("obviously.fake.held").held_by(&gate).closing());
    let held = ask(&provider, EXCHANGE);
    tokio::pin!(held);
    tokio::select! {
        biased;
        _ = &mut held => panic!("answered while the gate was closed"),
        () = provider.wait_for_requests(1) => gate.open(),
    }
    assert!(String::from_utf8(held.await).unwrap().contains("obviously.fake.held"));

    for hanging in [Reply::hang(), Reply::key("k").then_hanging(), Reply::key("k").then_silent()] {
        provider.next(hanging);
    }
    for n in 1..=3 {
        let stream = asking(&provider).await;
        provider.wait_for_requests(1 + n).await;
        drop(stream);
        provider.wait_for_abandoned(n).await;
    }
}

#[tokio::test]
async fn a_trickled_answer_comes_whole_in_single_bytes() {
    let provider = RawProvider::start().await;
    provider.next(Reply::raw("HTTP/1.1 200 OK\r\n\r\nabc").trickled(Duration::from_millis(1)));
    let mut stream = connected(&provider).await;
    stream.set_nodelay(true).unwrap();
    stream.write_all(EXCHANGE.as_bytes()).await.unwrap();
    let mut first = [0; 64];
    let n = stream.read(&mut first).await.unwrap();
    assert!(n < 22, "the first read already held the whole answer");
    let mut rest = first[..n].to_vec();
    stream.read_to_end(&mut rest).await.unwrap();
    assert_eq!(rest, b"HTTP/1.1 200 OK\r\n\r\nabc");
}

#[tokio::test]
async fn endless_bodies_run_until_the_client_leaves() {
    let provider = RawProvider::start().await;
    for (n, (reply, framing)) in
        [(Reply::endless(), "Connection: close"), (Reply::endless_chunked(), "Transfer-Encoding: chunked")]
            .into_iter()
            .enumerate()
    {
        provider.next(reply);
        let mut stream = asking(&provider).await;
        let before = provider.bytes_written();
        let mut taken = vec![0; 1024 * 1024];
        stream.read_exact(&mut taken).await.unwrap();
        let head = String::from_utf8_lossy(&taken[..256]).into_owned();
        assert!(head.contains(framing) && !head.contains("Content-Length"), "{head}");
        assert!(provider.bytes_written() - before >= 1024 * 1024 - 16 * 1024);
        drop(stream);
        provider.wait_for_abandoned(n + 1).await;
    }
}

#[tokio::test]
async fn gzip_zeros_are_small_on_the_wire_and_large_when_decoded() {
    let provider = RawProvider::start().await;
    let reply = Reply::gzip_zeros(10 * 1024 * 1024);
    assert!(reply.length() < 16 * 1024);
    provider.next(reply);
    let (head, body) = ask_on(&mut connected(&provider).await, EXCHANGE).await;
    assert!(head.contains("Content-Encoding: gzip\r\n"), "{head}");
    let mut decoded = Vec::new();
    flate2::read::GzDecoder::new(&body[..]).read_to_end(&mut decoded).unwrap();
    assert_eq!(decoded.len(), 10 * 1024 * 1024);
    assert!(decoded.iter().all(|byte| *byte == 0));
}

#[tokio::test]
async fn redirects_and_errors_look_like_the_providers_and_answers_can_be_computed() {
    let provider = RawProvider::start().await;
    provider.next(Reply::redirect("http://127.0.0.1:9/elsewhere"));
    provider.next(Reply::error(403, "code_expired"));
    let mut stream = connected(&provider).await;
    let (head, _) = ask_on(&mut stream, EXCHANGE).await;
    assert!(head.starts_with("HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:9/elsewhere\r\n"), "{head}");
    let (head, body) = ask_on(&mut stream, EXCHANGE).await;
    assert!(head.starts_with("HTTP/1.1 403 Forbidden\r\n"), "{head}");
    let body: serde_json::Value = serde_json::from_slice(&body).unwrap();
    assert_eq!((&body["success"], &body["code"]), (&json!(false), &json!("code_expired")));
    // An answer can be computed from the request.
    provider.on_path("/user", Reply::from_fn(|request| Reply::success(&json!(request.header("authorization")))));
    for bearer in ["one", "two"] {
        let (_, body) = ask_on(&mut stream, &format!("GET /user?x HTTP/1.1\r\nAuthorization: {bearer}\r\n\r\n")).await;
        assert_eq!(serde_json::from_slice::<serde_json::Value>(&body).unwrap()["data"], bearer);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stopped_provider_leaves_no_task_and_refuses() {
    let provider = RawProvider::start().await;
    provider.always(Reply::hang());
    let mut streams = Vec::new();
    for n in 1..=8 {
        let stream = asking(&provider).await;
        provider.wait_for_requests(n).await;
        streams.push(stream);
    }
    assert_eq!(provider.alive(), 1 + 1 + 8, "the provider, its acceptor, eight connections");
    provider.stop().await;
    while provider.alive() > 1 {
        tokio::task::yield_now().await;
    }
    let refused = TcpStream::connect(provider.address()).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::ConnectionRefused);
    assert_eq!(provider.exchanges().len(), 8, "the log outlives the port");
}

#[tokio::test]
async fn a_dropped_provider_ends_its_connections_and_its_port() {
    let provider = RawProvider::start().await;
    let address = provider.address();
    provider.always(Reply::hang());
    let mut stream = asking(&provider).await;
    provider.wait_for_requests(1).await;
    drop(provider);
    let ended = tokio::time::timeout(PATIENCE, stream.read(&mut [0; 8])).await.expect("the connection stays open");
    assert!(matches!(ended, Ok(0) | Err(_)));
    while TcpStream::connect(address).await.is_ok() {
        tokio::task::yield_now().await;
    }
}
