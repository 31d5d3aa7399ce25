//! Every method and every failure: how often the provider saw the request, and what came of it.

use super::*;
use komerza_connect::ErrorKind::{self, *};
use komerza_connect_testing::time::AGES;

const METHODS: [Method; 5] = [Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE];

fn quickly(limits: &mut Limits) {
    limits.client.bucket.period = Duration::from_millis(20);
}

/// What the provider answers once, before it answers well.
fn failures() -> Vec<(&'static str, Reply, Seen)> {
    let error = |status| Reply::error(status, "x");
    vec![
        ("reset after the request was read", Reply::reset(), Seen { safe: Ok(2), other: Err((1, Interrupted)) }),
        ("closed after the request was read", Reply::close(), Seen { safe: Ok(2), other: Err((1, Interrupted)) }),
        ("truncated", Reply::success(&json!(1)).cut_after(90), Seen { safe: Ok(2), other: Err((1, Interrupted)) }),
        ("429", error(429), Seen { safe: Ok(2), other: Ok(2) }),
        ("429 with Retry-After", error(429).header("Retry-After", "0"), Seen { safe: Ok(2), other: Ok(2) }),
        ("500", error(500), Seen { safe: Err((1, ProviderFault)), other: Err((1, ProviderFault)) }),
        ("502", error(502), Seen { safe: Ok(2), other: Err((1, ProviderFault)) }),
        ("503", error(503), Seen { safe: Ok(2), other: Err((1, ProviderFault)) }),
        ("504", error(504), Seen { safe: Ok(2), other: Err((1, ProviderFault)) }),
        ("slow", Reply::hang(), Seen { safe: Err((1, TimedOut)), other: Err((1, TimedOut)) }),
        ("520", error(520), Seen { safe: Ok(2), other: Err((1, ProviderFault)) }),
        ("524", Reply::html(524, "A timeout occurred"), Seen { safe: Ok(2), other: Err((1, ProviderFault)) }),
        ("200 that is none", Reply::new(200, "text/html", "<html>"), Seen::stays(UnexpectedReply)),
        ("400", Reply::error(400, "ValidationError"), Seen::stays(Validation)),
        ("404", Reply::error(404, "NotFound"), Seen::stays(NotFound)),
    ]
}

/// Requests that the provider saw, and the outcome.
#[derive(Debug, Clone, Copy)]
struct Seen {
    safe: Result<usize, (usize, ErrorKind)>,
    other: Result<usize, (usize, ErrorKind)>,
}

impl Seen {
    fn stays(kind: ErrorKind) -> Self {
        Self { safe: Err((1, kind)), other: Err((1, kind)) }
    }
}

#[tokio::test]
async fn every_method_and_every_failure_is_sent_as_often_as_the_table_says() {
    for method in METHODS {
        for (name, failure, seen) in failures() {
            let (provider, key) = provided(quickly).await;
            provider.on_path_once("/thing", failure);
            provider.on_path("/thing", Reply::success(&json!(7)));
            let answer = key.request(method.clone(), "/thing").fetch::<u32>().await;
            let wanted = if method == Method::GET { seen.safe } else { seen.other };
            let told = match &answer {
                Ok(seven) => {
                    assert_eq!(*seven, 7);
                    Ok(provider.requests().len())
                }
                Err(error) => {
                    assert_eq!(error.attempts() as usize, provider.requests().len(), "{method} {name}: {error:?}");
                    Err((provider.requests().len(), error.kind()))
                }
            };
            assert_eq!(told, wanted, "{method}, {name}: {answer:?}");
        }
    }
}

#[tokio::test]
async fn a_connection_that_is_refused_is_tried_again_by_every_method_and_nothing_arrives_twice() {
    for method in METHODS {
        let provider = RawProvider::reserved();
        let key = App::at(&provider.url(), quickly).key("obviously-fake-key").await;
        provider.always(Reply::success(&json!(7)));
        let refused = key.request(method.clone(), "/thing").fetch::<u32>().await.unwrap_err();
        assert_eq!((refused.kind(), refused.attempts()), (Unreachable, 4), "{method}");
        assert!(!refused.may_have_happened() && refused.is_temporary());

        let call = tokio::spawn(key.request(method.clone(), "/thing").fetch::<u32>());
        provider.listen();
        assert_eq!(call.await.unwrap().unwrap(), 7, "{method}");
        assert_eq!(provider.requests().len(), 1, "{method}");
    }
}

#[tokio::test]
async fn a_connection_that_is_closed_unread_is_not_told_from_one_that_breaks_later() {
    for method in METHODS {
        let (provider, key) = provided(quickly).await;
        provider.always(Reply::success(&json!(7)));
        provider.close_next_connections_unread(1);
        let answer = key.request(method.clone(), "/thing").fetch::<u32>().await;
        match method {
            Method::GET => assert_eq!(answer.unwrap(), 7),
            _ => {
                let error = answer.unwrap_err();
                assert!(error.kind() == Interrupted && error.may_have_happened(), "{method} {error:?}");
                assert_eq!(provider.requests().len(), 0, "a change is not sent a second time");
            }
        }
    }
}

#[tokio::test]
async fn tries_end_and_the_last_reply_stands() {
    let (provider, key) = provided(quickly).await;
    provider.always(Reply::error(503, "InternalServerError"));
    let error = key.get("/thing").fetch::<u32>().await.unwrap_err();
    assert_eq!((error.kind(), error.attempts(), provider.requests().len()), (ProviderFault, 4, 4));
    assert_eq!((error.status(), error.code()), (Some(StatusCode::SERVICE_UNAVAILABLE), Some("InternalServerError")));
    assert!(error.body().unwrap().starts_with(b"{"));

    let once = key.get("/thing").no_retry().send().await.unwrap();
    assert_eq!((once.status(), provider.requests().len()), (StatusCode::SERVICE_UNAVAILABLE, 5));
    let reply = key.get("/thing").send().await.unwrap();
    assert_eq!((reply.status(), provider.requests().len()), (StatusCode::SERVICE_UNAVAILABLE, 9));
    // Whoever is rate limited is told when to come back.
    provider.always(Reply::error(429, "RateLimited"));
    let answer = key.get("/thing").no_retry().fetch::<u32>().await.unwrap_err().into_response();
    assert_eq!((answer.status().as_u16(), &answer.headers()["retry-after"]), (503, &"2".parse().unwrap()));
}

#[tokio::test]
async fn t38_a_429_that_asks_for_ages_is_an_error_that_says_so_and_not_a_sleep() {
    let provider = RawProvider::start().await;
    let app = App::at(&provider.url(), |_| {}).changed(|layer| layer.with_clock(ManualClock::default()));
    provider.always(Reply::error(429, "RateLimited").header("Retry-After", "99999999999999999999"));
    let key = app.key("obviously-fake-key").await;
    let error = key.post("/thing").fetch::<u32>().await.unwrap_err();
    assert_eq!((error.kind(), error.attempts(), provider.requests().len()), (RateLimited, 1, 1));
    assert!(error.retry_after().unwrap() > Duration::from_secs(59), "{error}");
    // The next one knows without asking.
    let error = key.get("/thing").fetch::<u32>().await.unwrap_err();
    assert_eq!((error.kind(), error.attempts(), provider.requests().len()), (RateLimited, 0, 1));
    assert_eq!(key.remaining(), 0);
    assert!(key.wait_estimate() > Duration::from_secs(59));
}

#[tokio::test]
async fn t38_a_429_that_asks_for_no_wait_is_no_reason_to_hurry() {
    let provider = RawProvider::start().await;
    let app = App::at(&provider.url(), |limits| {
        limits.client.first_pause = Duration::from_secs(2);
        limits.client.page_wait = Duration::from_secs(600);
        // A bucket that never runs out: only the pauses hold anybody back.
        limits.client.bucket = Bucket { capacity: 1_000, refill: 1_000, period: Duration::from_millis(1) };
    })
    .changed(|layer| layer.with_clock(Jumping::default()));
    provider.always(Reply::error(429, "RateLimited").header("Retry-After", "0"));
    let call = app.key("obviously-fake-key").await.get("/thing").deadline(AGES * 2);
    let error = call.fetch::<u32>().await.unwrap_err();
    assert_eq!((error.kind(), provider.requests().len()), (RateLimited, error.attempts() as usize));
    assert!(error.attempts() < 10, "{} times in a minute", error.attempts());
}

#[tokio::test]
async fn a_call_has_a_deadline_of_its_own_and_a_reply_that_never_ends_costs_no_more_than_the_limit() {
    let limits = |limits: &mut Limits| (limits.client.deadline, limits.client.reply_bytes) = (AGES * 100, 100_000);
    let (provider, key) = provided(limits).await;
    provider.next(Reply::hang());
    let error = key.get("/thing").deadline(AGES / 2).fetch::<u32>().await.unwrap_err();
    assert_eq!((error.kind(), error.attempts()), (TimedOut, 1));
    provider.next(Reply::endless());
    let error = key.get("/thing").fetch::<u32>().await.unwrap_err();
    assert_eq!((error.kind(), provider.requests().len()), (ProviderFault, 2));
}
