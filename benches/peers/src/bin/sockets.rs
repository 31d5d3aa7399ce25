//! Over sockets, on loopback: what a client sees.
//!
//! A program of its own, because a count of all allocations is shared by all threads, and they wait for each other there.

use axum::Router;
use komerza_connect::{MemoryStore, TokenStore, config::Limits};
use komerza_connect_peers::cases::{self, REDIRECT_URI};
use komerza_connect_peers::{callback, figure, layer, median, user};
use komerza_sandbox::Sandbox;
use std::net::SocketAddr;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

const CONNECTIONS: usize = 64;
const PAGES: usize = 20_000;

async fn serve(app: Router) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, app).await });
    address
}

/// A connection that is kept, and the one request that it sends.
struct Visitor {
    stream: TcpStream,
    request: String,
}

impl Visitor {
    async fn new(address: SocketAddr, cookies: &str) -> Self {
        let stream = TcpStream::connect(address).await.unwrap();
        stream.set_nodelay(true).unwrap();
        Self { stream, request: format!("GET /x HTTP/1.1\r\nhost: x\r\ncookie: {cookies}\r\n\r\n") }
    }

    async fn get(&mut self) {
        self.stream.write_all(self.request.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        while !answer.ends_with(b"\r\n\r\nok") {
            assert_ne!(self.stream.read_buf(&mut answer).await.unwrap(), 0, "hung up");
        }
        assert!(answer.starts_with(b"HTTP/1.1 200"));
    }
}

/// Requests a second on all connections at once.
async fn rate(visitors: &mut Vec<Visitor>, each: usize) -> f64 {
    let begun = Instant::now();
    let mut running: JoinSet<_> = (visitors.drain(..))
        .map(|mut visitor| async move {
            for _ in 0..each {
                visitor.get().await;
            }
            visitor
        })
        .collect();
    while let Some(visitor) = running.join_next().await {
        visitors.push(visitor.unwrap());
    }
    (CONNECTIONS * each) as f64 / begun.elapsed().as_secs_f64()
}

/// A handler with the key beside the same without the layer. Each connection is another user's.
async fn rates(rounds: usize) {
    let sandbox = Sandbox::builder().redirect_uri(REDIRECT_URI).unlimited().start().await.unwrap();
    let connect = layer(&sandbox, MemoryStore::default(), None);
    let with_layer = serve(cases::with_key().layer(connect.clone())).await;
    let bare = serve(cases::plain()).await;
    let (mut with, mut without) = (Vec::new(), Vec::new());
    for _ in 0..CONNECTIONS {
        let (session, _) = cases::connected_cookies(&sandbox, &connect).await;
        with.push(Visitor::new(with_layer, &session).await);
        without.push(Visitor::new(bare, &session).await);
    }
    let (mut ratios, mut rates) = (Vec::new(), Vec::new());
    let (mut bare_cost, mut our_cost) = (0.0, 0.0);
    for round in 0..rounds + 2 {
        let begun = processor_time();
        let bare = rate(&mut without, 50).await;
        let between = processor_time();
        let ours = rate(&mut with, 50).await;
        bare_cost += between - begun;
        our_cost += processor_time() - between;
        if round >= 2 {
            ratios.push(ours / bare);
            rates.push(ours);
        }
    }
    figure("requests a second with the key, 64 connections", format!("{:.0}", median(rates)));
    figure("requests a second with the key, of those without the layer", format!("{:.2}", median(ratios)));
    let requests = (CONNECTIONS * 50 * (rounds + 2)) as f64;
    figure("processor time of a request without the layer, 64 connections, us", format!("{:.1}", bare_cost / requests));
    figure("processor time of a request with the key, 64 connections, us", format!("{:.1}", our_cost / requests));
}

/// A callback beside a bare `reqwest` GET of the same exchange with a parse, each on a fresh connection.
async fn callbacks(rounds: usize) {
    let sandbox = Sandbox::builder().redirect_uri(REDIRECT_URI).unlimited().requests_kept(1).start().await.unwrap();
    let mut app = cases::plain().layer(layer(&sandbox, MemoryStore::default(), None)).with_state(());
    let bare = reqwest::Client::builder().user_agent("Bench/1.0").no_proxy().pool_max_idle_per_host(0).build().unwrap();
    let mut ratios = Vec::new();
    for round in 0..rounds + 2 {
        let (mut requests, mut urls) = (Vec::new(), Vec::new());
        for _ in 0..20 {
            requests.push(callback(&sandbox, &mut app, 0).await);
            let code = sandbox.issue_code().unwrap();
            urls.push(format!("{}/oauth2/{}/exchange/{code}", sandbox.api_url(), sandbox.client_id()));
        }
        let begun = Instant::now();
        for url in urls {
            let reply = bare.get(url).header("x-client-secret", sandbox.client_secret()).send().await.unwrap();
            let envelope: serde_json::Value = serde_json::from_slice(&reply.bytes().await.unwrap()).unwrap();
            assert_eq!(envelope["success"], true);
        }
        let bare_time = begun.elapsed();
        let begun = Instant::now();
        for request in requests {
            assert_eq!(tower::Service::call(&mut app, request).await.unwrap().status(), 303);
        }
        if round >= 2 {
            ratios.push(begun.elapsed().as_secs_f64() / bare_time.as_secs_f64());
        }
    }
    figure("a callback, of a bare reqwest GET", format!("{:.2}", median(ratios)));
}

/// Microseconds that this process has had a processor for, by Linux. Other processes change them little.
fn processor_time() -> f64 {
    let times = std::fs::read_to_string("/proc/self/stat").unwrap();
    let hundredths = times.rsplit(") ").next().unwrap().split(' ').skip(11).take(2);
    hundredths.map(|time| time.parse::<f64>().unwrap() * 1e4).sum()
}

/// The 99th of a hundred pages, and the processor time of one, in microseconds.
async fn pages(visitor: &mut Visitor) -> (f64, f64) {
    let mut times = Vec::new();
    let before = processor_time();
    for _ in 0..PAGES {
        let begun = Instant::now();
        visitor.get().await;
        times.push(begun.elapsed().as_secs_f64() * 1e6);
    }
    let each = (processor_time() - before) / PAGES as f64;
    times.sort_by(f64::total_cmp);
    (times[PAGES * 99 / 100], each)
}

/// Pages while 1,000 callbacks wait for their turn at Komerza's documented rate, and while none does.
async fn pages_while_callbacks_wait() {
    let sandbox = Sandbox::builder().redirect_uri(REDIRECT_URI).start().await.unwrap();
    let mut limits = Limits::default();
    (limits.exchange_queue, limits.exchange_wait) = (1_000, Duration::from_secs(3_600));
    let store = MemoryStore::default();
    store.save(&user(0), &cases::token(0)).await.unwrap();
    let connect = layer(&sandbox, store, Some(limits));
    let (session, _) = cases::connected_cookies(&sandbox, &connect).await;
    let mut app = cases::with_key().layer(connect).with_state(());
    let mut visitor = Visitor::new(serve(app.clone()).await, &session).await;
    pages(&mut visitor).await;
    let alone = pages(&mut visitor).await;
    let mut waiting = JoinSet::new();
    for number in 0..1_000 {
        let request = callback(&sandbox, &mut app, number).await;
        let mut app = app.clone();
        waiting.spawn(async move { tower::Service::call(&mut app, request).await });
    }
    tokio::time::sleep(Duration::from_secs(1)).await;
    while waiting.try_join_next().is_some() {}
    let beside = pages(&mut visitor).await;
    figure("callbacks that waited", waiting.len());
    figure("p99 of a page alone, us", format!("{:.0}", alone.0));
    figure("p99 of a page while they waited, us", format!("{:.0}", beside.0));
    figure("processor time of a page alone, us", format!("{:.1}", alone.1));
    figure("processor time of a page while they waited, us", format!("{:.1}", beside.1));
}

#[tokio::main]
async fn main() {
    let rounds = std::env::args().nth(1).and_then(|rounds| rounds.parse().ok()).expect("a number of rounds");
    rates(rounds).await;
    callbacks(rounds).await;
    pages_while_callbacks_wait().await;
}
