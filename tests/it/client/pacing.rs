//! Nobody is throttled: many calls, several layers, many users.

use super::*;
#[cfg(feature = "servers")]
use crate::stores::places::{redis_url, unique};
use komerza_connect::api::Client;
#[cfg(feature = "servers")]
use komerza_connect::pacing::RedisBuckets;
use komerza_connect::pacing::{BucketId, Priority, SharedBuckets, Taken};

const SECOND: Duration = Duration::from_secs(1);

fn refusals(sandbox: &Sandbox) -> usize {
    sandbox.requests().iter().filter(|request| request.status == Some(StatusCode::TOO_MANY_REQUESTS)).count()
}

/// So many calls at once; gives the time that all took on the clock.
async fn burst(app: &App, key: &str, count: usize, clock: &Sleepers) -> Duration {
    let began = clock.elapsed();
    let client = app.key(key).await;
    let mut calls = JoinSet::new();
    for _ in 0..count {
        let call = client.get("/user").priority(Priority::Background);
        calls.spawn(async move { call.send().await.unwrap().status() });
    }
    let mut done = 0;
    let all = async {
        while done < count {
            match calls.try_join_next() {
                Some(status) => {
                    assert_eq!(status.unwrap(), StatusCode::OK);
                    done += 1;
                }
                // Whoever neither sleeps nor is done is on the way, and gets all the real time that this takes.
                None if done + clock.asleep() == count => clock.wake_the_first(),
                None => yield_now().await,
            }
        }
    };
    timeout(PATIENCE, all).await.expect("every call has its turn");
    clock.elapsed() - began
}

#[tokio::test]
async fn two_hundred_calls_at_once_meet_no_429_and_take_the_least_that_the_bucket_allows() {
    let clock = Sleepers::default();
    let sandbox = Sandbox::builder().clock(clock.clone()).start().await.unwrap();
    let app = App::at(&sandbox.api_url(), |_| {}).changed(|layer| layer.with_clock(clock.clone()));
    let took = burst(&app, &sandbox.issue_key().unwrap(), 200, &clock).await;
    // 12 at once, then 47 batches of 4, one every 2 seconds.
    let least = SECOND * 94;
    assert_eq!((refusals(&sandbox), sandbox.request_count()), (0, 200));
    assert!(took >= least && took <= least * 11 / 10, "{took:?}");
}

#[tokio::test]
async fn layers_of_one_process_share_their_bucket() {
    let sandbox = Sandbox::start().await.unwrap();
    // They share what goes by the real clock; in an hour no machine is too slow.
    let app = || App::at(&sandbox.api_url(), |limits| limits.client.bucket.period = SECOND * 3_600);
    let (one, two) = (app(), app());
    let text = sandbox.issue_key().unwrap();
    let (one, two) = (one.key(&text).await, two.key(&text).await);
    assert_eq!((one.remaining(), two.remaining(), one.wait_estimate()), (12, 12, Duration::ZERO));
    for _ in 0..6 {
        one.user().await.unwrap();
        two.user().await.unwrap();
    }
    assert_eq!((one.remaining(), two.remaining()), (0, 0));
    assert!(two.wait_estimate() > SECOND);
    let other = app().key(&sandbox.issue_key().unwrap()).await;
    assert_eq!(other.remaining(), 12, "another key has its own");
    assert_eq!(refusals(&sandbox), 0);
}

#[tokio::test]
async fn a_call_that_would_wait_too_long_is_refused_at_once() {
    let clock = ManualClock::default();
    let sandbox = Sandbox::builder().clock(clock.clone()).start().await.unwrap();
    let app = App::at(&sandbox.api_url(), |limits| limits.client.page_wait = Duration::ZERO);
    let app = app.changed(|layer| layer.with_clock(clock));
    let key = app.key(&sandbox.issue_key().unwrap()).await;
    for _ in 0..12 {
        key.user().await.unwrap();
    }
    let error = key.user().await.unwrap_err();
    assert!(error.is_rate_limited() && error.attempts() == 0);
    let wait = error.retry_after().unwrap();
    assert!(wait > SECOND && wait <= SECOND * 21 / 10, "{wait:?}");
    let answer = error.into_response();
    assert_eq!(
        (answer.status(), &answer.headers()["retry-after"]),
        (StatusCode::SERVICE_UNAVAILABLE, &"3".parse().unwrap())
    );
    assert_eq!(sandbox.request_count(), 12);
}

/// How fast that is in real time is measured by `cargo bench --bench pacing`.
#[tokio::test]
async fn t59_a_thousand_users_with_one_call_each_do_not_wait_for_one_with_a_thousand() {
    let clock = ManualClock::default();
    let sandbox = Sandbox::builder().clock(clock.clone()).start().await.unwrap();
    let app = App::at(&sandbox.api_url(), |_| {}).changed(|layer| layer.with_clock(clock.clone()));
    let heavy = app.key(&sandbox.issue_key().unwrap()).await;
    let mut waiting = JoinSet::new();
    for _ in 0..1_000 {
        let call = heavy.get("/user").priority(Priority::Background);
        waiting.spawn(async move { call.send().await.unwrap().status() });
    }
    while sandbox.request_count() < 12 {
        yield_now().await;
    }
    // The clock stands still: whoever had to wait for anybody would wait for ever.
    for _ in 0..1_000 {
        let lone = app.key(&sandbox.issue_key().unwrap()).await;
        assert_eq!(lone.wait_estimate(), Duration::ZERO);
        assert_eq!(lone.get("/user").send().await.unwrap().status(), StatusCode::OK);
    }
    assert_eq!((waiting.len(), refusals(&sandbox)), (1_000, 0));
    assert_eq!(sandbox.request_count(), 1_012, "of the thousand calls of one user those that found a token");
}

#[cfg(feature = "servers")]
#[tokio::test]
#[ignore = "needs Redis: set KOMERZA_TEST_REDIS_URL"]
async fn a_bucket_in_redis_counts_as_ours_does() {
    let buckets = RedisBuckets::connect(&redis_url()).await.unwrap().with_prefix(&unique("buckets"));
    let bucket = Bucket { capacity: 12, refill: 4, period: SECOND * 3_600 };
    let id = an_id().await;
    let first = buckets.take(&id, bucket, 8).await.unwrap();
    assert_eq!(first.granted, 8);
    let rest = buckets.take(&id, bucket, 8).await.unwrap();
    assert!(rest.granted == 4 && rest.wait > SECOND * 3_590 && rest.wait <= SECOND * 3_601, "{rest:?}");
    assert_eq!(buckets.take(&id, bucket, 1).await.unwrap().granted, 0);

    let quick = Bucket { period: SECOND / 10, ..bucket };
    let other = an_id().await;
    assert_eq!(buckets.take(&other, quick, 20).await.unwrap().granted, 12);
    buckets.empty(&other, quick, SECOND * 50).await.unwrap();
    let closed = buckets.take(&other, quick, 1).await.unwrap();
    assert!(closed.granted == 0 && closed.wait > SECOND * 40, "{closed:?}");
    // A short refusal gives nothing that would not have come without it.
    let third = an_id().await;
    assert_eq!(buckets.take(&third, bucket, 12).await.unwrap().granted, 12);
    buckets.empty(&third, bucket, SECOND / 1_000).await.unwrap();
    tokio::time::sleep(SECOND / 100).await;
    let emptied = buckets.take(&third, bucket, 1).await.unwrap();
    assert!(emptied.granted == 0 && emptied.wait > SECOND * 3_590, "{emptied:?}");
    buckets.empty(&an_id().await, quick, Duration::ZERO).await.unwrap();
    let none = Bucket { capacity: 0, ..bucket };
    assert_eq!(buckets.take(&id, none, 1).await.unwrap().granted, 0);
}

/// Buckets that are never empty, and whose ids were asked for.
#[derive(Clone, Default)]
struct Seen(Arc<Mutex<Vec<BucketId>>>);

#[async_trait]
impl SharedBuckets for Seen {
    async fn take(&self, id: &BucketId, _: Bucket, _: u32) -> Result<Taken, axum_core::BoxError> {
        self.0.lock().unwrap().push(*id);
        Ok(Taken { granted: 1, wait: Duration::ZERO })
    }
    async fn empty(&self, _: &BucketId, _: Bucket, _: Duration) -> Result<(), axum_core::BoxError> {
        Ok(())
    }
}

#[tokio::test]
async fn a_script_draws_on_the_buckets_that_it_was_given() {
    let (shared, nobody) = (Seen::default(), RawProvider::reserved());
    let key = ApiKey::new("obviously-fake-key-of-a-script").unwrap();
    let client = Client::builder(key, "Script/1.0").api_url(nobody.url()).shared_buckets(shared.clone());
    assert!(client.build().unwrap().get("/user").send().await.is_err(), "nobody listens there");
    assert!(!shared.0.lock().unwrap().is_empty());
}

/// A bucket's id, as a layer makes one.
#[cfg(feature = "servers")]
async fn an_id() -> BucketId {
    let (seen, nobody) = (Seen::default(), RawProvider::reserved());
    let shared = seen.clone();
    let app = App::at(&nobody.url(), |limits| limits.client.tries = 1);
    let app = app.changed(|layer| layer.with_shared_buckets(shared));
    assert!(app.key(&fake_secret("key")).await.get("/user").send().await.is_err(), "nobody listens there");
    let id = seen.0.lock().unwrap()[0];
    assert_eq!(id.to_string().len(), 64);
    id
}
