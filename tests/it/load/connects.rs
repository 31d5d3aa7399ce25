//! Thousands of connects at once, while the provider and the store do what they like.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use http::{Request, StatusCode, header};
use http_body_util::BodyExt;
use komerza_connect::{
    Failure, FailureKind, Hooks, KomerzaConnectLayer, StoreError, StoredToken, TokenStore, TokenVersion, UserId,
    async_trait, config::Limits,
};
use komerza_sandbox::{Fault, Sandbox, Target};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tower::ServiceExt;

use komerza_connect_testing::shop_b::{CALLBACK, USER};
use komerza_connect_testing::time::PATIENCE;

const AT_ONCE: usize = 64;

/// Fails every so many calls, and keeps every save that was carried out.
#[derive(Clone, Default)]
struct Flaky {
    calls: Arc<AtomicUsize>,
    records: Arc<Mutex<BTreeMap<String, StoredToken>>>,
    saved: Arc<Mutex<Vec<(String, String)>>>,
}

impl Flaky {
    fn fails(&self, every: usize) -> Result<(), StoreError> {
        let call = self.calls.fetch_add(1, Ordering::SeqCst);
        if call % every == every - 1 { Err(StoreError::unavailable("the shelf fell down")) } else { Ok(()) }
    }
}

#[async_trait]
impl TokenStore for Flaky {
    async fn load(&self, user: &UserId) -> Result<Option<StoredToken>, StoreError> {
        self.fails(11)?;
        Ok(self.records.lock().unwrap().get(user.as_str()).cloned())
    }
    async fn save(&self, user: &UserId, token: &StoredToken) -> Result<(), StoreError> {
        self.fails(5)?;
        let key = token.api_key()?.expose_secret().to_owned();
        self.records.lock().unwrap().insert(user.as_str().to_owned(), token.clone());
        self.saved.lock().unwrap().push((user.as_str().to_owned(), key));
        // The acknowledgement gets lost now and then: the record is there, and the crate saves it again.
        self.fails(7)
    }
    async fn delete(&self, user: &UserId) -> Result<(), StoreError> {
        self.records.lock().unwrap().remove(user.as_str());
        Ok(())
    }
    async fn delete_if(&self, _: &UserId, _: &TokenVersion) -> Result<bool, StoreError> {
        Ok(false)
    }
}

/// Every failure by its attempt, as an app's log would have it.
#[derive(Clone, Default)]
struct Told(Arc<Mutex<HashMap<String, FailureKind>>>);

#[async_trait]
impl Hooks for Told {
    async fn failed(&self, failure: &Failure) -> Option<http::Response<Body>> {
        let attempt = failure.attempt().expect("every failure here belongs to an attempt").to_string();
        self.0.lock().unwrap().insert(attempt, failure.kind());
        None
    }
}

struct Shop {
    app: Router,
    sandbox: Sandbox,
}

impl Shop {
    async fn get(&self, target: &str, user: &str, cookie: &str) -> (StatusCode, http::HeaderMap, String) {
        let request = Request::get(target).header(USER, user).header(header::COOKIE, cookie);
        let request = request.header("sec-fetch-mode", "navigate").body(Body::empty()).unwrap();
        let (head, body) = self.app.clone().oneshot(request).await.unwrap().into_parts();
        let body = String::from_utf8(body.collect().await.unwrap().to_bytes().to_vec()).unwrap();
        (head.status, head.headers, body)
    }

    /// Login, approval, callback. A page that says that nothing is lost is reloaded a few times, as people do.
    async fn visit(&self, user: &str) -> (StatusCode, String, usize) {
        let (status, headers, _) = self.get("/komerza/login?return_to=/x", user, "").await;
        assert_eq!(status, StatusCode::SEE_OTHER);
        let cookie = headers[header::SET_COOKIE].to_str().unwrap().split(';').next().unwrap().to_owned();
        let callback = self.sandbox.approve(headers[header::LOCATION].to_str().unwrap()).unwrap();
        let target = callback.strip_prefix("https://shop.example").unwrap();
        let mut reloads = 0;
        loop {
            let (status, headers, page) = self.get(target, user, &cookie).await;
            if status == StatusCode::SEE_OTHER {
                assert_eq!(headers[header::LOCATION], "/x");
            } else if page.contains("Nothing is lost.") && reloads < 5 {
                reloads += 1;
                continue;
            }
            return (status, page, reloads);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "slow: 2,000 connects"]
async fn of_2_000_connects_under_faults_each_is_stored_or_told_why() {
    let number = super::size(2_000);
    let sandbox = Sandbox::builder().redirect_uri(CALLBACK).unlimited().start().await.unwrap();
    let mut limits = Limits::default();
    limits.exchange_bucket.period = Duration::ZERO;
    // Whoever is to wait is told so at once, and reloads.
    limits.exchange_wait = Duration::ZERO;
    limits.exchanges_at_once = AT_ONCE;
    let config = sandbox.config_builder(CALLBACK).limits(limits).build().unwrap();
    let (store, told) = (Flaky::default(), Told::default());
    let layer = KomerzaConnectLayer::new(config, store.clone()).unwrap().with_hooks(told.clone()).with_user(
        |parts: &http::request::Parts| parts.headers.get(USER).and_then(|user| UserId::new(user.to_str().ok()?).ok()),
    );
    let on = || sandbox.faults().on(Target::exchange());
    let faults = [
        ("latency", on().every(3).inject(Fault::latency(Duration::from_millis(30)))),
        ("closed before reading", on().every(13).inject(Fault::close_before_reading())),
        ("closed after reading", on().every(17).inject(Fault::close_after_reading())),
        ("reply lost", on().every(19).inject(Fault::lose_reply())),
        ("cut", on().every(23).inject(Fault::truncate().after_effect())),
        ("429", on().every(7).inject(Fault::error(StatusCode::TOO_MANY_REQUESTS, "RateLimited"))),
        ("500", on().every(29).inject(Fault::status(StatusCode::INTERNAL_SERVER_ERROR))),
        ("503 in HTML", on().every(31).inject(Fault::html(StatusCode::SERVICE_UNAVAILABLE))),
    ];
    let shop = Arc::new(Shop { app: Router::new().layer(layer.clone()), sandbox });
    let places = Arc::new(Semaphore::new(AT_ONCE));
    let mut visits = JoinSet::new();
    for user in 0..number {
        let (shop, places) = (Arc::clone(&shop), Arc::clone(&places));
        visits.spawn(async move {
            let _place = places.acquire_owned().await.unwrap();
            let user = format!("user-{user}");
            let (status, page, reloads) = shop.visit(&user).await;
            (user, status, page, reloads)
        });
    }
    let visits = visits.join_all().await;
    assert!(layer.shutdown(PATIENCE).await);

    let records = store.records.lock().unwrap();
    let live: HashSet<String> = shop.sandbox.keys().into_iter().collect();
    let mut tally = BTreeMap::<String, usize>::new();
    for (user, status, page, _) in &visits {
        if *status == StatusCode::SEE_OTHER {
            *tally.entry("connected".into()).or_default() += 1;
            let key = records.get(user).unwrap_or_else(|| panic!("{user} was told of success, and nothing is stored"));
            assert!(live.contains(key.api_key().unwrap().expose_secret()), "{user} has a key that is none");
        } else {
            let attempt = page.split("<code>").nth(1).and_then(|rest| rest.split("</code>").next());
            let attempt = attempt.unwrap_or_else(|| panic!("{user} was told nothing that helps: {status} {page}"));
            let kind = told.0.lock().unwrap()[attempt];
            assert!(page.contains(&kind.title().replace('\'', "&#39;")), "{user}: {page}");
            // Where every confirmation was lost, and the look afterwards failed too, the record may be there all the same.
            assert!(!records.contains_key(user) || kind == FailureKind::SaveFailed, "{user} has a key: {page}");
            *tally.entry(kind.code().into()).or_default() += 1;
        }
    }
    let mut owner = HashMap::new();
    for (user, key) in store.saved.lock().unwrap().iter() {
        assert_eq!(owner.entry(key.clone()).or_insert_with(|| user.clone()), user, "one key for two users");
    }
    assert_eq!(owner.len(), records.len(), "a user was given two keys");
    let lost = live.len() - records.len();
    let untold = tally.get("unknown_outcome").copied().unwrap_or_default()
        + tally.get("save_failed").copied().unwrap_or_default()
        + tally.get("provider_timeout").copied().unwrap_or_default();
    assert!(lost <= untold, "{lost} keys were issued and neither stored nor reported; {tally:?}");
    for (fault, injected) in &faults {
        assert!(injected.hits() > 0, "{fault} never happened");
    }
    let reloads: usize = visits.iter().map(|(.., reloads)| reloads).sum();
    println!("{number} connects, {AT_ONCE} at a time, {reloads} reloads: {tally:?}");
    assert!(tally["connected"] > number / 2, "{tally:?}");
}
