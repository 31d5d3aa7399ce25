//! What grows with the number of connected users, and what does not.

use crate::{ALLOCATIONS, bytes_each};
use axum::{Router, body::Body};
use http::Request;
use komerza_connect::{ApiKey, MemoryStore, TokenStore, config::Limits};
use komerza_connect_peers::cases::{self, REDIRECT_URI};
use komerza_connect_peers::{callback, figure, layer, median, user};
use komerza_sandbox::Sandbox;
use stats_alloc::Region;
use std::time::{Duration, Instant};
use tower::Service;

/// Nanoseconds of a request with the key of one user after the other, and of a login, while so many exchanges a second take place.
async fn times(app: &mut Router, sandbox: &Sandbox, users: usize, exchanges: u32) -> (f64, f64) {
    let mut connecting = Vec::new();
    for number in 0..exchanges {
        connecting.push(callback(sandbox, app, number).await);
    }
    let mut aside = app.clone();
    let others = tokio::spawn(async move {
        let mut tick = tokio::time::interval(Duration::from_secs(1) / exchanges.max(1));
        for request in connecting {
            tick.tick().await;
            assert_eq!(aside.call(request).await.unwrap().status(), 303);
        }
    });
    let (mut keys, mut logins) = (Vec::new(), Vec::new());
    let begun = Instant::now();
    let mut call = 0;
    while begun.elapsed() < Duration::from_millis(900) {
        let numbers = (call..call + 100).map(|call| call * 7_919_993 % users);
        call += 100;
        for (path, wanted, times) in [("/x", 200, &mut keys), ("/komerza/login", 303, &mut logins)] {
            let requests: Vec<_> = (numbers.clone())
                .map(|number| Request::get(path).header("x-user", number).body(Body::empty()).unwrap())
                .collect();
            let begun = Instant::now();
            for request in requests {
                assert_eq!(app.call(request).await.unwrap().status(), wanted);
            }
            times.push(begun.elapsed().as_nanos() as f64 / 100.0);
        }
        tokio::task::yield_now().await;
    }
    others.await.unwrap();
    (median(keys), median(logins))
}

async fn connected(sandbox: &Sandbox, users: usize) {
    let region = Region::new(ALLOCATIONS);
    let store = MemoryStore::default();
    for number in 0..users {
        store.save(&user(number), &cases::token(number)).await.unwrap();
    }
    figure(&format!("{users} users, bytes each"), format!("{:.0}", bytes_each(&region, users)));
    let connect = layer(sandbox, store, None).with_user(|parts: &http::request::Parts| {
        let number = parts.headers.get("x-user").map_or("0", |number| number.to_str().unwrap());
        Some(user(number.parse().unwrap()))
    });
    let mut app = cases::with_key().layer(connect).with_state(());
    for exchanges in [0, 5, 50] {
        let (key, login) = times(&mut app, sandbox, users, exchanges).await;
        figure(
            &format!("{users} users, {exchanges} exchanges a second: a request with the key, ns"),
            format!("{key:.0}"),
        );
        figure(&format!("{users} users, {exchanges} exchanges a second: a login, ns"), format!("{login:.0}"));
    }
}

/// What the buckets of so many keys keep, when a thousand are to be remembered.
async fn buckets(keys: usize) {
    let mut limits = Limits::default();
    limits.client.buckets = 1_000;
    limits.client.tries = 1;
    // Nobody is there: a call takes its turn, and fails.
    let sandbox = Sandbox::builder().redirect_uri(REDIRECT_URI).start().await.unwrap();
    let config = sandbox.config_builder(REDIRECT_URI).api_url("http://127.0.0.1:9").limits(limits).build().unwrap();
    let store = MemoryStore::default();
    store.save(&user(0), &cases::token(0)).await.unwrap();
    let connect = komerza_connect::KomerzaConnectLayer::new(config, store).unwrap();
    let client = connect.client_for(&user(0)).await.unwrap().unwrap();
    let call = async |number: usize| {
        let key = ApiKey::new(format!("obviously-fake-key-{number}")).unwrap();
        assert!(client.with_key(key).get("/user").send().await.is_err());
    };
    call(keys).await;
    let region = Region::new(ALLOCATIONS);
    for number in 0..keys {
        call(number).await;
    }
    figure(&format!("{keys} keys have called, bytes kept"), format!("{:.0}", bytes_each(&region, 1)));
}

pub async fn all() {
    let sandbox = Sandbox::builder().redirect_uri(REDIRECT_URI).unlimited().requests_kept(1).start().await.unwrap();
    for users in [1_000, 100_000, 1_000_000] {
        connected(&sandbox, users).await;
    }
    for keys in [1_000, 5_000, 20_000] {
        buckets(keys).await;
    }
}
