//! What komerza-connect costs beside its peers, in one process and one run. `.ci/peers` runs it and writes the table.
//!
//! Each line of the output is a figure: name and value, with a tab between. Times are taken in turn in every round and divided by
//! another time of the same round, so that a busy machine troubles all alike; the median of the rounds is printed. Allocations are
//! exact.

mod growth;

use komerza_connect::{MemoryStore, TokenStore};
use komerza_connect_peers::cases::{self, Case};
use komerza_connect_peers::{figure, median, user};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};
use std::{alloc::System, collections::HashMap, time::Instant};
use tower_sessions::session::{Id, Record};
use tower_sessions::{MemoryStore as Sessions, SessionStore, cookie::time::OffsetDateTime};

#[global_allocator]
static ALLOCATIONS: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

const REQUESTS: usize = 200;

/// Nanoseconds for each of some requests, made beforehand.
async fn time(case: &mut Case) -> f64 {
    let requests: Vec<_> = (0..REQUESTS).map(|_| case.request()).collect();
    let start = Instant::now();
    for request in requests {
        drop(case.answer(request).await);
    }
    start.elapsed().as_nanos() as f64 / REQUESTS as f64
}

/// Allocations between a request and its answer.
async fn allocations(case: &mut Case) -> usize {
    let requests: Vec<_> = (0..REQUESTS).map(|_| case.request()).collect();
    let region = Region::new(ALLOCATIONS);
    for request in requests {
        drop(case.answer(request).await);
    }
    let change = region.change();
    (change.allocations + change.reallocations) / REQUESTS
}

/// Every case in `rounds` rounds.
async fn requests(rounds: usize) {
    let mut cases = cases::all().await;
    let mut ratios = vec![Vec::new(); cases.len()];
    let mut bare_times = Vec::new();
    // The first rounds warm up.
    for round in 0..rounds + 10 {
        let mut bare = 0.0;
        for (case, ratios) in cases.iter_mut().zip(&mut ratios) {
            let took = time(case).await;
            if bare == 0.0 {
                bare = took;
            }
            if round >= 10 {
                ratios.push(took / bare);
            }
        }
        bare_times.push(bare);
    }
    figure("bare axum router, ns", format!("{:.0}", median(bare_times)));
    for (case, ratios) in cases.iter_mut().zip(ratios) {
        figure(&format!("{}, ratio", case.name), format!("{:.2}", median(ratios)));
        figure(&format!("{}, allocations", case.name), allocations(case).await);
    }
    let login = cases.iter_mut().find(|case| case.name == "a login").unwrap();
    let region = Region::new(ALLOCATIONS);
    for _ in 0..10_000 {
        drop(login.answer(login.request()).await);
    }
    let change = region.change();
    figure("bytes kept after 10,000 logins", change.bytes_allocated as isize - change.bytes_deallocated as isize);
}

/// One case as often as wanted, for a count of instructions.
async fn one(name: &str, times: usize) {
    let mut cases = cases::all().await;
    let case = cases.iter_mut().find(|case| case.name == name).expect("no such case");
    for _ in 0..times {
        drop(case.answer(case.request()).await);
    }
}

/// Bytes on the heap for each of `users` since then.
fn bytes_each(region: &Region<'_, System>, users: usize) -> f64 {
    let change = region.change();
    (change.bytes_allocated as f64 - change.bytes_deallocated as f64) / users as f64
}

/// A look-up in memory at so many users, ours beside tower-sessions' and beside a plain map behind a lock.
async fn memory(users: usize, rounds: usize) {
    let region = Region::new(ALLOCATIONS);
    let ours = MemoryStore::default();
    for number in 0..users {
        ours.save(&user(number), &cases::token(number)).await.unwrap();
    }
    figure("memory, bytes an entry", format!("{:.0}", bytes_each(&region, users)));
    let region = Region::new(ALLOCATIONS);
    let theirs = Sessions::default();
    for number in 0..users {
        let key = serde_json::Value::from(format!("obviously-fake-key-{number:0242}"));
        let data = HashMap::from([("key".to_owned(), key)]);
        let record = Record {
            id: Id(number as i128),
            data,
            expiry_date: OffsetDateTime::now_utc() + std::time::Duration::from_secs(86_400),
        };
        theirs.save(&record).await.unwrap();
    }
    figure("memory of tower-sessions, bytes an entry", format!("{:.0}", bytes_each(&region, users)));
    // In no order, and others in each round: nothing is found in the processor's caches that a user's request would not find there.
    let asked = |round: usize| (0..1_000).map(move |call| (round * 1_000 + call) * 7_919_993 % users);
    let (mut ratios, mut times) = (Vec::new(), Vec::new());
    for round in 0..rounds {
        let users: Vec<_> = asked(round).map(user).collect();
        let start = Instant::now();
        for user in &users {
            assert!(ours.load(user).await.unwrap().is_some());
        }
        let our_time = start.elapsed();
        let ids: Vec<_> = asked(round).map(|number| Id(number as i128)).collect();
        let start = Instant::now();
        for id in &ids {
            assert!(theirs.load(id).await.unwrap().is_some());
        }
        times.push(our_time.as_nanos() as f64 / 1_000.0);
        ratios.push(our_time.as_secs_f64() / start.elapsed().as_secs_f64());
    }
    figure("memory look-up, ns", format!("{:.0}", median(times)));
    figure("memory look-up, of tower-sessions'", format!("{:.2}", median(ratios)));
}

fn main() {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let number = |at: usize| arguments[at].replace('_', "").parse().expect("a number");
    let on_one_thread = || tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    match arguments[0].as_str() {
        "requests" => on_one_thread().block_on(requests(number(1))),
        "one" => on_one_thread().block_on(one(&arguments[1], number(2))),
        "memory" => on_one_thread().block_on(memory(number(1), number(2))),
        "growth" => tokio::runtime::Runtime::new().unwrap().block_on(growth::all()),
        other => panic!("no part is called {other}"),
    }
}
