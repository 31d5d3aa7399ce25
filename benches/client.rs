//! What a call costs over bare reqwest doing the same GET and parse on loopback, in one run: `cargo bench -p komerza-connect-benches --bench client`
//!
//! Both talk to one server in this process, in turn in every round; the ratio is taken within a round and the median of the rounds
//! is printed. Allocations are those of the whole process and so of the server too, which are the same for both; their difference is
//! the client's own. One too many ends the run with an error; times are only marked.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::print_stdout,
    missing_docs
)]

use komerza_connect::{
    ApiKey, KomerzaConnectLayer, KomerzaKey, MemoryStore, StoredToken, TokenStore, UserId, api::models::User,
    config::Limits,
};
use komerza_sandbox::Sandbox;
use serde::Deserialize;
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};
use std::time::{Duration, Instant};
use std::{alloc::System, process::ExitCode};

#[global_allocator]
static ALLOCATIONS: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

const ROUNDS: usize = 41;
const CALLS: usize = 100;
/// The goals: of the time, and in further allocations for each call.
const TIME: f64 = 1.05;
const FURTHER: f64 = 10.0;

#[derive(Deserialize)]
struct Envelope {
    success: bool,
    data: User,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let sandbox = Sandbox::builder().unlimited().requests_kept(1).start().await.unwrap();
    let text = sandbox.issue_key().unwrap();
    let bare = reqwest::Client::builder().user_agent("Bench/1.0").no_proxy().build().unwrap();
    let url = format!("{}/user", sandbox.api_url());
    let ours = client(&sandbox, &text, |_| {}).await;

    let (mut ratios, mut bare_allocations, mut our_allocations) = (Vec::new(), 0.0, 0.0);
    for round in 0..ROUNDS + 3 {
        let (bare_time, bare_count) = measure(async || {
            let reply = bare.get(&url).bearer_auth(&text).header("accept", "application/json").send().await.unwrap();
            let envelope: Envelope = serde_json::from_slice(&reply.bytes().await.unwrap()).unwrap();
            assert!(envelope.success && !envelope.data.email.is_empty());
        })
        .await;
        let (our_time, our_count) = measure(async || assert!(!ours.user().await.unwrap().email.is_empty())).await;
        // The first rounds warm both up.
        if round >= 3 {
            ratios.push(our_time.as_secs_f64() / bare_time.as_secs_f64());
            (bare_allocations, our_allocations) = (bare_count, our_count);
        }
    }
    ratios.sort_by(f64::total_cmp);
    let (ratio, further) = (ratios[ROUNDS / 2], our_allocations - bare_allocations);
    println!(
        "a call over bare reqwest: {ratio:.3} of its time (goal {TIME}; {:.3} to {:.3}), {further:+.1} allocations (goal {FURTHER})",
        ratios[ROUNDS / 10],
        ratios[ROUNDS - 1 - ROUNDS / 10]
    );
    match further <= FURTHER {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    }
}

/// A client that is paced like any other, but never has to wait.
async fn client(sandbox: &Sandbox, key: &str, change: impl FnOnce(&mut Limits)) -> KomerzaKey {
    let mut limits = Limits::default();
    limits.client.bucket.capacity = 10_000;
    limits.client.bucket.refill = 10_000;
    limits.client.bucket.period = Duration::from_millis(1);
    change(&mut limits);
    let config = sandbox.config_builder("http://127.0.0.1:3000/komerza/callback").limits(limits).build().unwrap();
    let (store, me) = (MemoryStore::default(), UserId::new("me").unwrap());
    store.save(&me, &StoredToken::new(ApiKey::new(key).unwrap()).unwrap()).await.unwrap();
    KomerzaConnectLayer::new(config, store).unwrap().client_for(&me).await.unwrap().unwrap()
}

/// The time of many calls, and the allocations of one.
async fn measure(call: impl AsyncFn()) -> (Duration, f64) {
    let region = Region::new(ALLOCATIONS);
    let began = Instant::now();
    for _ in 0..CALLS {
        call().await;
    }
    let (took, counted) = (began.elapsed(), region.change());
    (took, (counted.allocations + counted.reallocations) as f64 / CALLS as f64)
}
