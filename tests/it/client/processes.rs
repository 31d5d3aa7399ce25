//! Several processes with one key. A test of this module starts its own binary again, twice, with that test alone; there it finds the
//! variables and plays a process of the app. At full size, and with times: `cargo bench --bench pacing`.

use super::*;
#[cfg(feature = "servers")]
use crate::stores::places::redis_url;
#[cfg(feature = "servers")]
use komerza_connect::{pacing::RedisBuckets, time::SystemClock};
use std::process::Stdio;
use tokio::process::Command;

const API: &str = "KOMERZA_TEST_PROCESS_API";
const KEY: &str = "KOMERZA_TEST_PROCESS_KEY";

/// Calls of each of the two processes: together 4 more than a full bucket holds.
const CALLS: usize = 8;

/// The process of the app: `CALLS` calls at once, of which each must succeed.
async fn process(api: &str, paced: impl FnOnce(KomerzaConnectLayer) -> KomerzaConnectLayer) {
    let app = App::at(api, |_| {}).changed(paced);
    let key = app.key(&std::env::var(KEY).unwrap()).await;
    let mut calls = JoinSet::new();
    for _ in 0..CALLS {
        let call = key.get("/user");
        calls.spawn(async move { call.send().await.unwrap().status() });
    }
    assert!(calls.join_all().await.into_iter().all(|status| status == StatusCode::OK));
}

/// Two processes at the same time; how many answers of the sandbox were 429 and how many were not.
async fn two_processes(test: &str, clock: impl Clock + Clone, when_refused: impl Fn()) -> (usize, usize) {
    let sandbox = Sandbox::builder().clock(clock).start().await.unwrap();
    let key = sandbox.issue_key().unwrap();
    let start = || {
        Command::new(std::env::current_exe().unwrap())
            .args(["--exact", &format!("client::processes::{test}"), "--include-ignored"])
            .envs([(API, sandbox.api_url()), (KEY, key.clone())])
            .stdout(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .unwrap()
    };
    let (mut one, mut two) = (start(), start());
    let ended = async { tokio::join!(one.wait(), two.wait()) };
    tokio::pin!(ended);
    let ended = loop {
        tokio::select! {
            ended = &mut ended => break ended,
            () = yield_now() => {}
        }
        if answers(&sandbox).0 > 0 {
            when_refused();
        }
    };
    assert!(ended.0.unwrap().success() && ended.1.unwrap().success(), "each call of each process succeeds");
    answers(&sandbox)
}

/// How many answers of the sandbox were 429 and how many were not.
fn answers(sandbox: &Sandbox) -> (usize, usize) {
    let requests = sandbox.requests();
    let refused = requests.iter().filter(|request| request.status == Some(StatusCode::TOO_MANY_REQUESTS)).count();
    (refused, requests.len() - refused)
}

#[tokio::test]
async fn two_processes_that_know_nothing_of_each_other_succeed_all_the_same() {
    if let Ok(api) = std::env::var(API) {
        return process(&api, |layer| layer).await;
    }
    // The sandbox's bucket stands still until a call was refused, however long the processes take to start.
    let clock = ManualClock::default();
    let test = "two_processes_that_know_nothing_of_each_other_succeed_all_the_same";
    let (refused, answered) = two_processes(test, clock.clone(), || clock.advance(PATIENCE)).await;
    assert_eq!(answered, 2 * CALLS);
    assert!(refused > 0, "each thought that the bucket was its own");
}

#[cfg(feature = "servers")]
#[tokio::test]
#[ignore = "needs Redis: set KOMERZA_TEST_REDIS_URL"]
async fn two_processes_that_share_a_bucket_in_redis_meet_no_429() {
    if let Ok(api) = std::env::var(API) {
        let buckets = RedisBuckets::connect(&redis_url()).await.unwrap();
        return process(&api, |layer| layer.with_shared_buckets(buckets)).await;
    }
    let told = two_processes("two_processes_that_share_a_bucket_in_redis_meet_no_429", SystemClock, || {}).await;
    assert_eq!(told, (0, 2 * CALLS));
}
