//! What the layer costs: `cargo bench -p komerza-connect-benches --bench layer`
//!
//! With a part of a case's name behind it, that case alone, beside the two that it is compared with.
//!
//! One request at a time through a service in this process, no sockets. All cases run in turn in every round, and a round's
//! figures are divided by the bare axum router's of the same round, so that a busy machine troubles all alike; the median of
//! the rounds is printed. Allocations are exact: one too many ends the run with an error. Times depend on the machine and are
//! only marked.
#![allow(clippy::unwrap_used, clippy::arithmetic_side_effects, clippy::print_stdout, clippy::panic, missing_docs)]

use axum::{Extension, Router, body::Body, response::Response, routing::get};
use http::{HeaderValue, Request, header};
use komerza_connect::{ApiKey, KomerzaConnectLayer, KomerzaKey, MemoryStore, StoredToken, TokenStore, UserId};
use komerza_sandbox::Sandbox;
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};
use std::{alloc::System, process::ExitCode, sync::Arc, time::Instant};
use tower::{Layer, Service};

#[global_allocator]
static ALLOCATIONS: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

const REDIRECT_URI: &str = "http://127.0.0.1:3000/komerza/callback";
const ROUNDS: usize = 301;
const REQUESTS: usize = 200;

/// As long as the keys that the sandbox gives out.
const KEY: &str = "obviously-fake-key-obviously-fake-key-obviously-fake-key-obviously-fake-key-obviously-fake-key-obviously-\
    fake-key-obviously-fake-key-obviously-fake-key-obviously-fake-key-obviously-fake-key-obviously-fake-key-obviously-fake-\
    key-obviously-fake-key-obviously-fake-key-obviously";

const EXTENSION: &str = "axum's Extension layer";
const EXTENSION_WITH_COOKIES: &str = "the same, with our cookies";

struct Case {
    name: &'static str,
    app: Router,
    path: &'static str,
    cookies: Option<HeaderValue>,
    status: u16,
    budget: Budget,
    ratios: Vec<f64>,
}

/// What a request may cost: a multiple of a time, and allocations more than the bare router's.
///
/// The bare router's own number depends on axum's features; the budget was written down for one with 11.
#[derive(Clone, Copy)]
enum Budget {
    None,
    /// Of the bare router.
    Ratio(f64, usize),
    /// Of the `Extension` layer's time with the same request, and as many allocations.
    Extension(f64),
    /// Of the bare router; allocations are not limited.
    Time(f64),
}

impl Case {
    fn new(name: &'static str, app: Router, budget: Budget) -> Self {
        // Settled, as `axum::serve` does it: else the routes are built anew for each request.
        let app = app.with_state(());
        Self { name, app, path: "/x", cookies: None, status: 200, budget, ratios: Vec::new() }
    }

    fn cookies(mut self, cookies: &str) -> Self {
        self.cookies = Some(cookies.parse().unwrap());
        self
    }

    fn request(&self) -> Request<Body> {
        let mut request = Request::get(self.path).body(Body::empty()).unwrap();
        if let Some(cookies) = &self.cookies {
            request.headers_mut().insert(header::COOKIE, cookies.clone());
        }
        request
    }

    async fn answer(&mut self, request: Request<Body>) -> Response {
        self.app.call(request).await.unwrap()
    }

    /// Nanoseconds for each of some requests, made beforehand.
    async fn time(&mut self) -> f64 {
        let requests: Vec<_> = (0..REQUESTS).map(|_| self.request()).collect();
        let start = Instant::now();
        for request in requests {
            assert_eq!(self.answer(request).await.status(), self.status, "{}", self.name);
        }
        let elapsed = start.elapsed();
        elapsed.as_nanos() as f64 / REQUESTS as f64
    }

    /// Allocations between a request and its answer.
    async fn allocations(&mut self) -> usize {
        let requests: Vec<_> = (0..REQUESTS).map(|_| self.request()).collect();
        let region = Region::new(ALLOCATIONS);
        for request in requests {
            drop(self.answer(request).await);
        }
        let change = region.change();
        (change.allocations + change.reallocations) / REQUESTS
    }
}

fn plain() -> Router {
    Router::new().route("/x", get(|| async { "ok" }))
}

fn with_key() -> Router {
    async fn handler(_: KomerzaKey) -> &'static str {
        "ok"
    }
    Router::new().route("/x", get(handler))
}

fn pairs(answer: &Response) -> Vec<String> {
    let lines = answer.headers().get_all(header::SET_COOKIE).iter();
    lines.map(|line| line.to_str().unwrap().split(';').next().unwrap().to_owned()).collect()
}

/// The cookies of a browser that has connected and has four more logins open.
async fn connected_cookies(sandbox: &Sandbox, connect: &KomerzaConnectLayer) -> (String, String) {
    let mut app = connect.layer(plain().with_state(()));
    let mut get = async |path: &str, cookies: &str| {
        let request = Request::get(path).header(header::COOKIE, cookies).body(Body::empty()).unwrap();
        app.call(request).await.unwrap()
    };
    let login = get("/komerza/login", "").await;
    let callback = sandbox.approve(login.headers()[header::LOCATION].to_str().unwrap()).unwrap();
    let callback = callback.strip_prefix("http://127.0.0.1:3000").unwrap();
    let connected = get(callback, &pairs(&login).join("; ")).await;
    assert_eq!(connected.status(), 303);
    let session = pairs(&connected).into_iter().find(|pair| pair.contains("-session=")).unwrap();
    let mut cookies = vec![session.clone()];
    for _ in 0..4 {
        cookies.extend(pairs(&get("/komerza/login", "").await));
    }
    (session, cookies.join("; "))
}

async fn own_users() -> MemoryStore {
    let store = MemoryStore::default();
    let token = StoredToken::new(ApiKey::new(KEY).unwrap()).unwrap();
    store.save(&UserId::from(7), &token).await.unwrap();
    store
}

async fn cases() -> Vec<Case> {
    let sandbox = Sandbox::builder().redirect_uri(REDIRECT_URI).start().await.unwrap();
    let config = || sandbox.config(REDIRECT_URI).unwrap();
    let connect = KomerzaConnectLayer::new(config(), MemoryStore::default()).unwrap();
    let users = KomerzaConnectLayer::new(config(), own_users().await).unwrap();
    let users = users.with_user(|_: &http::request::Parts| Some(UserId::from(7)));
    let (session, cookies) = connected_cookies(&sandbox, &connect).await;
    let login = Case::new("a login, answered", plain().layer(connect.clone()), Budget::Time(4.0));
    let pass = Budget::Extension(1.05);
    vec![
        Case::new("a bare router", plain(), Budget::None),
        Case::new(EXTENSION, plain().layer(Extension(Arc::new(7_u64))), Budget::None),
        Case::new("not ours", plain().layer(connect.clone()), pass),
        Case::new(EXTENSION_WITH_COOKIES, plain().layer(Extension(Arc::new(7_u64))), Budget::None).cookies(&cookies),
        Case::new("not ours, with our cookies", plain().layer(connect.clone()), pass).cookies(&cookies),
        Case::new("the key, own session", with_key().layer(connect), Budget::Ratio(2.5, 9)).cookies(&session),
        Case::new("the key, with_user", with_key().layer(users), Budget::Ratio(1.9, 8)),
        Case { path: "/komerza/login", status: 303, ..login },
    ]
}

/// Bytes that remain after a hundred thousand logins, beyond those after the first thousand.
async fn bytes_kept(login: &mut Case) -> isize {
    for _ in 0..1_000 {
        drop(login.answer(login.request()).await);
    }
    let region = Region::new(ALLOCATIONS);
    for _ in 0..100_000 {
        drop(login.answer(login.request()).await);
    }
    let change = region.change();
    change.bytes_allocated as isize - change.bytes_deallocated as isize
}

fn median(figures: &mut [f64]) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures.get(figures.len() / 2).copied().unwrap()
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let mut cases = cases().await;
    if let Some(wanted) = std::env::args().skip(1).find(|argument| !argument.starts_with('-')) {
        cases.retain(|case| matches!(case.budget, Budget::None) || case.name.contains(&wanted));
    }
    let mut bare_times = Vec::new();
    for round in 0..ROUNDS + 10 {
        let mut bare = 0.0;
        for (position, case) in cases.iter_mut().enumerate() {
            let time = case.time().await;
            if position == 0 {
                bare = time;
            }
            // The first rounds warm up.
            if round >= 10 {
                case.ratios.push(time / bare);
            }
        }
        bare_times.push(bare);
    }
    println!("a bare router answers in {:.0} ns; times are multiples of that\n", median(&mut bare_times));
    println!("{:<28} {:>6} {:>7}   {:>11} {:>6}", "", "time", "budget", "allocations", "budget");
    let (mut bare, mut extension) = (0, (0.0, 0));
    let mut good = true;
    for case in &mut cases {
        let (ratio, allocations) = (median(&mut case.ratios), case.allocations().await);
        match case.name {
            "a bare router" => bare = allocations,
            EXTENSION | EXTENSION_WITH_COOKIES => extension = (ratio, allocations),
            _ => {}
        }
        let (time, most) = match case.budget {
            Budget::None => (None, None),
            Budget::Ratio(time, more) => (Some(time), Some(bare + more)),
            Budget::Extension(times) => (Some(extension.0 * times), Some(extension.1)),
            Budget::Time(time) => (Some(time), None),
        };
        let late = if time.is_some_and(|time| ratio > time) { "  too slow" } else { "" };
        let many = if most.is_some_and(|most| allocations > most) { "  too many" } else { "" };
        good &= many.is_empty();
        let time = time.map_or_else(String::new, |time| format!("{time:.2}"));
        let most = most.map_or_else(String::new, |most| most.to_string());
        println!("{:<28} {ratio:>6.2} {time:>7}   {allocations:>11} {most:>6}{late}{many}", case.name);
    }
    let mut kept = 0;
    if let Some(login) = cases.iter_mut().find(|case| case.status == 303) {
        kept = bytes_kept(login).await;
        println!("\nbytes kept after 100,000 logins: {kept}, budget 0");
    }
    if good && kept <= 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
