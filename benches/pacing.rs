//! What pacing costs in time, against the sandbox with its real buckets: `cargo bench -p komerza-connect-benches --bench pacing`
//!
//! 1. 200 calls at once with one key, in one process: 12 find a token, the others come in 47 batches of 4, one every 2 seconds.
//! 2. The same from two processes that share a bucket in Redis (left out, and said so, without `KOMERZA_TEST_REDIS_URL`).
//! 3. The same from two processes that know nothing of each other.
//! 4. A lone call beside 1,000 calls of another user, and without them; medians, in one run.
//!
//! The processes are this binary, started again. Five minutes, mostly waiting; more than 1.10 of the least in 1 and 2, a 429 there, or
//! more than 50 ms of delay in 4 end the run with an error.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::print_stdout,
    missing_docs
)]

use komerza_connect::pacing::{Priority, RedisBuckets};
use komerza_connect::{ApiKey, Config, KomerzaConnectLayer, KomerzaKey, MemoryStore, StoredToken, TokenStore, UserId};
use komerza_sandbox::Sandbox;
use std::env;
use std::process::{Command, ExitCode};
use std::time::{Duration, Instant};
use tokio::task::JoinSet;

const CALLS: usize = 200;
const LEAST: Duration = Duration::from_secs(94);
/// The goals: of the least, and of the delay of a lone call.
const RATIO: f64 = 1.10;
const DELAY: Duration = Duration::from_millis(50);

const API: &str = "PACING_BENCH_API";
const KEY: &str = "PACING_BENCH_KEY";
const SHARED: &str = "PACING_BENCH_SHARED";
const REDIS: &str = "KOMERZA_TEST_REDIS_URL";

#[tokio::main]
async fn main() -> ExitCode {
    if let Ok(api) = env::var(API) {
        let key = client(&api, &env::var(KEY).unwrap(), env::var_os(SHARED).is_some()).await;
        calls(&key, CALLS / 2).await;
        return ExitCode::SUCCESS;
    }
    let mut good = true;
    for (name, processes, shared, paced) in [
        ("in one process", 1, false, true),
        ("from two processes with a shared bucket", 2, true, true),
        ("from two processes without one", 2, false, false),
    ] {
        if shared && env::var_os(REDIS).is_none() {
            println!("{CALLS} calls {name}: NOT MEASURED, {REDIS} is not set");
            continue;
        }
        let (took, refused) = burst(processes, shared).await;
        let ratio = took.as_secs_f64() / LEAST.as_secs_f64();
        println!(
            "{CALLS} calls at once {name}: {ratio:.3} of the least ({took:.1?} of {LEAST:?}), {refused} times 429"
        );
        good &= !paced || (refused == 0 && ratio <= RATIO);
    }
    good &= neighbours().await <= DELAY;
    match good {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    }
}

async fn client(api: &str, key: &str, shared: bool) -> KomerzaKey {
    let (store, me) = (MemoryStore::default(), UserId::new("me").unwrap());
    store.save(&me, &StoredToken::new(ApiKey::new(key).unwrap()).unwrap()).await.unwrap();
    let config = Config::builder()
        .client_id("00000000-0000-4000-8000-000000000000")
        .client_secret("s".repeat(72))
        .redirect_uri("http://127.0.0.1:3000/komerza/callback")
        .user_agent("Bench/1.0")
        .api_url(api);
    let layer = KomerzaConnectLayer::new(config.build().unwrap(), store).unwrap();
    let layer = match shared {
        true => layer.with_shared_buckets(RedisBuckets::connect(&env::var(REDIS).unwrap()).await.unwrap()),
        false => layer,
    };
    layer.client_for(&me).await.unwrap().unwrap()
}

async fn calls(key: &KomerzaKey, count: usize) {
    let mut calls = JoinSet::new();
    for _ in 0..count {
        let call = key.get("/user").priority(Priority::Background);
        calls.spawn(async move { assert!(call.send().await.unwrap().status().is_success()) });
    }
    calls.join_all().await;
}

/// The time that all calls took, and how many were refused by 429.
async fn burst(processes: usize, shared: bool) -> (Duration, usize) {
    let sandbox = Sandbox::builder().requests_kept(10_000).start().await.unwrap();
    let (api, key) = (sandbox.api_url(), sandbox.issue_key().unwrap());
    let began = Instant::now();
    if processes == 1 {
        calls(&client(&api, &key, shared).await, CALLS).await;
    } else {
        let mut ended = JoinSet::new();
        for _ in 0..processes {
            let mut command = Command::new(env::current_exe().unwrap());
            command.envs([(API, &api), (KEY, &key)]);
            if shared {
                command.env(SHARED, "1");
            }
            ended.spawn_blocking(move || assert!(command.status().unwrap().success(), "each call succeeds"));
        }
        ended.join_all().await;
    }
    let took = began.elapsed();
    let requests = sandbox.requests();
    let refused = requests.iter().filter(|request| request.status.is_some_and(|status| status == 429)).count();
    assert_eq!(requests.len() - refused, CALLS);
    (took, refused)
}

/// The delay of a lone call by 1,000 calls of another user.
async fn neighbours() -> Duration {
    let sandbox = Sandbox::start().await.unwrap();
    let api = sandbox.api_url();
    let median = async || {
        let mut took = Vec::new();
        for _ in 0..500 {
            let key = client(&api, &sandbox.issue_key().unwrap(), false).await;
            let began = Instant::now();
            key.get("/user").send().await.unwrap();
            took.push(began.elapsed());
        }
        took.sort();
        took[took.len() / 2]
    };
    let alone = median().await;
    let heavy = client(&api, &sandbox.issue_key().unwrap(), false).await;
    let background = tokio::spawn(async move { calls(&heavy, 1_000).await });
    let beside = median().await;
    assert!(!background.is_finished(), "the heavy user is still waiting");
    background.abort();
    println!(
        "a lone call beside 1,000 calls of another user: {:.2} of its time alone ({beside:.2?}, {alone:.2?})",
        beside.as_secs_f64() / alone.as_secs_f64()
    );
    beside.saturating_sub(alone)
}
