//! What operators see of calls and connects: spans, events and metrics, and never an id, a query or a secret.

use super::*;
use metrics_util::CompositeKey;
use metrics_util::debugging::{DebugValue, DebuggingRecorder, Snapshotter};
use tracing::field::{Field, Visit};
use tracing::{Event, Metadata, Subscriber, span};

type Fields = BTreeMap<&'static str, String>;

/// The spans of calls and the events inside them, each with its fields, in order.
#[derive(Clone, Default)]
struct Seen(Arc<Mutex<Vec<(&'static str, Fields)>>>);

struct Reader<'a>(&'a mut Fields);

impl Visit for Reader<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        self.0.insert(field.name(), format!("{value:?}"));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.0.insert(field.name(), value.to_owned());
    }
}

impl Seen {
    fn add(&self, name: &'static str, record: impl FnOnce(&mut Reader<'_>)) -> u64 {
        let mut fields = Fields::new();
        record(&mut Reader(&mut fields));
        let mut seen = self.0.lock().unwrap();
        seen.push((name, fields));
        seen.len() as u64
    }

    fn take(&self) -> Vec<(&'static str, Fields)> {
        std::mem::take(&mut *self.0.lock().unwrap())
    }
}

impl Subscriber for Seen {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target() == "komerza_connect"
    }

    fn new_span(&self, span: &span::Attributes<'_>) -> span::Id {
        span::Id::from_u64(self.add(span.metadata().name(), |reader| span.record(reader)))
    }

    fn record(&self, span: &span::Id, values: &span::Record<'_>) {
        let mut seen = self.0.lock().unwrap();
        values.record(&mut Reader(&mut seen[span.into_u64() as usize - 1].1));
    }

    fn event(&self, event: &Event<'_>) {
        self.add("event", |reader| event.record(reader));
    }

    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}
    fn enter(&self, _: &span::Id) {}
    fn exit(&self, _: &span::Id) {}
}

fn span(method: &str, path: &str, status: &str, outcome: &str, attempts: &str, wait: &str) -> Fields {
    let names = ["method", "path", "status", "outcome", "attempts", "wait_ms"];
    let fields = names.into_iter().zip([method, path, status, outcome, attempts, wait]);
    fields.filter(|(_, value)| !value.is_empty()).map(|(name, value)| (name, value.to_owned())).collect()
}

#[tokio::test]
async fn t41_a_call_has_a_span_with_method_template_status_attempts_and_wait_and_nothing_else() {
    let provider = RawProvider::start().await;
    let app = App::at(&provider.url(), |limits| {
        limits.client.page_wait = Duration::ZERO;
        limits.client.bucket.capacity = 4;
        limits.client.bucket.period = Duration::from_secs(3_600);
    });
    let seen = Seen::default();
    let _guard = tracing::subscriber::set_default(seen.clone());
    let key = app.key("obviously-fake-key").await;
    let store = key.in_store("obviously-fake-store");

    provider.next(Reply::error(503, "InternalServerError"));
    provider.next(Reply::success(&json!([])));
    store.orders().email("obviously-fake@shop.example").all().await.unwrap();
    provider.next(Reply::error(403, "AccessDenied"));
    let refused = store.order("obviously-fake-order").await.unwrap_err();
    provider.next(Reply::close());
    let broken = key.post("/stores/obviously-fake-store/coupons/obviously-fake").execute().await.unwrap_err();
    let paced = key.user().await.unwrap_err();
    let kinds = [refused.kind(), broken.kind(), paced.kind()];
    assert_eq!(kinds, [ErrorKind::AccessDenied, ErrorKind::Interrupted, ErrorKind::RateLimited]);

    let seen = seen.take();
    assert!(!format!("{seen:?}").contains("obviously-fake"), "{seen:?}");
    let spans: Vec<_> = seen.iter().filter(|(name, _)| *name == "komerza_call").map(|(_, fields)| fields).collect();
    assert_eq!(
        spans,
        [
            &span("GET", "/stores/{}/orders", "200", "answered", "2", "0"),
            &span("GET", "/stores/{}/orders/{}", "403", "access_denied", "1", "0"),
            &span("POST", "/stores/{}/coupons/{}", "", "interrupted", "1", "0"),
            &span("GET", "/user", "", "rate_limited", "0", "0"),
        ]
    );
    let told: Vec<_> = seen.iter().filter_map(|(_, fields)| fields.get("message").map(String::as_str)).collect();
    let denied = "Komerza refused a call; the key may lack this permission";
    assert_eq!(told, ["sent again", denied, "a call to Komerza failed", "a call to Komerza failed"]);
    assert!(seen.iter().any(|(_, fields)| fields.get("scope").is_some_and(|scope| scope == "stores.orders.view")));
}

#[tokio::test]
async fn c12_komerzas_own_words_about_a_refusal_are_in_the_debug_event_and_in_one_line() {
    let (provider, key) = provided(|_| {}).await;
    let seen = Seen::default();
    let _guard = tracing::subscriber::set_default(seen.clone());
    let message = format!("Sorting by dateCreated is not supported.\r\nERROR a forged line {}", "x".repeat(1_000));
    let refusal = json!({"success": false, "code": "ValidationError", "message": message});
    provider.always(Reply::envelope(400, &refusal));
    key.in_store("s").orders().query("Sorts", "dateCreated").all().await.unwrap_err();
    let seen = seen.take();
    let says: Vec<_> = seen.iter().filter_map(|(_, fields)| fields.get("says")).collect();
    let [says] = &says[..] else { panic!("{seen:?}") };
    assert!(says.contains("Sorting by dateCreated is not supported.  ERROR a forged"), "{says}");
    assert!(says.len() <= 302 && !says.contains(['\r', '\n']), "{says}");
}

/// Counters by their whole name, and the number of values of each histogram.
fn snapshot(snapshotter: &Snapshotter) -> BTreeMap<String, u64> {
    let name = |key: &CompositeKey| {
        let labels: Vec<_> = key.key().labels().map(|label| format!("{}={}", label.key(), label.value())).collect();
        format!("{} {}", key.key().name(), labels.join(" ")).trim_end().to_owned()
    };
    let taken = snapshotter.snapshot().into_vec().into_iter();
    taken
        .filter_map(|(key, _, _, value)| match value {
            DebugValue::Counter(count) => Some((name(&key), count)),
            DebugValue::Histogram(values) => Some((name(&key), values.len() as u64)),
            DebugValue::Gauge(_) => None,
        })
        .collect()
}

fn wanted<const N: usize>(all: [(&str, u64); N]) -> BTreeMap<String, u64> {
    all.into_iter().map(|(name, count)| (name.to_owned(), count)).collect()
}

#[tokio::test]
async fn calls_waits_retries_and_revocations_are_counted_without_saying_whose_they_are() {
    let provider = RawProvider::start().await;
    let recorder = DebuggingRecorder::new();
    let _guard = metrics::set_default_local_recorder(&recorder);
    let key = App::at(&provider.url(), |_| {}).key("obviously-fake-key").await;
    provider.next(Reply::error(503, "InternalServerError"));
    provider.next(Reply::success(&json!([])));
    key.in_store("obviously-fake-store").orders().all().await.unwrap();
    provider.next(Reply::error(404, "NotFound"));
    key.in_store("obviously-fake-store").deliver_order("obviously-fake-order").await.unwrap_err();
    provider.next(Reply::close());
    key.post("/webhooks").execute().await.unwrap_err();
    provider.next(Reply::error(401, "BadToken"));
    key.user().await.unwrap_err();

    assert_eq!(
        snapshot(&recorder.snapshotter()),
        wanted([
            ("komerza_calls_total method=GET status=200 outcome=answered", 1),
            ("komerza_calls_total method=PUT status=404 outcome=not_found", 1),
            ("komerza_calls_total method=POST status=0 outcome=interrupted", 1),
            ("komerza_calls_total method=GET status=401 outcome=key_revoked", 1),
            ("komerza_call_seconds method=GET", 2),
            ("komerza_call_seconds method=POST", 1),
            ("komerza_call_seconds method=PUT", 1),
            ("komerza_call_wait_seconds", 4),
            ("komerza_call_retries_total", 1),
            ("komerza_revocations_total", 1),
        ])
    );
}

#[tokio::test]
async fn connects_are_counted_by_their_outcome() {
    let recorder = DebuggingRecorder::new();
    let _guard = metrics::set_default_local_recorder(&recorder);
    let shop = Shop::new(Mode::Users).await;
    for (code, reply) in [
        ("obviously-fake-1", None),
        ("obviously-fake-2", Some(Reply::error(401, "invalid_code"))),
        ("obviously-fake-3", Some(Reply::error(401, "invalid_client_secret"))),
    ] {
        if let Some(reply) = reply {
            shop.provider.on_code(code, reply);
        }
        // Everybody for oneself: a code that is refused to one who has just connected is no failure.
        let browser = shop.browser(code);
        let login = shop.start(&browser, "/").await;
        shop.return_to(&browser, &login.with(code)).await;
    }
    assert!(shop.shelf.key_of("obviously-fake-1").is_some());
    assert_eq!(
        snapshot(&recorder.snapshotter()),
        wanted([
            ("komerza_connects_total outcome=connected", 1),
            ("komerza_connects_total outcome=invalid_code", 1),
            ("komerza_connects_total outcome=invalid_client_secret", 1),
            ("komerza_refusals_total route=callback code=invalid_code", 1),
            ("komerza_refusals_total route=callback code=invalid_client_secret", 1),
        ])
    );
}

#[tokio::test]
async fn handlers_that_get_no_key_are_counted_by_the_reason() {
    let recorder = DebuggingRecorder::new();
    let _guard = metrics::set_default_local_recorder(&recorder);
    let shop = Shop::new(Mode::Users).await;
    for (user, failing) in [("alice", false), ("", false), ("broken", false), ("alice", true)] {
        let browser = shop.browser(user);
        if failing {
            shop.shelf.decide(|_| Fate::Fail);
        }
        if user.is_empty() {
            browser.remove_header(USER);
        }
        browser.open(&shop.url("/user")).await;
    }
    shop.browser("panics").open(&shop.url("/user")).await;
    let (mut parts, ()) = http::Request::new(()).into_parts();
    let missing = KomerzaKey::from_parts(&mut parts).await.unwrap_err();
    assert_eq!(missing.login_url(), None);
    assert_eq!(missing.into_response().status(), 500);
    let refusals: BTreeMap<_, _> = snapshot(&recorder.snapshotter())
        .into_iter()
        .filter(|(name, _)| name.starts_with("komerza_refusals_total route=handler"))
        .collect();
    assert_eq!(
        refusals,
        wanted([
            ("komerza_refusals_total route=handler code=internal", 1),
            ("komerza_refusals_total route=handler code=layer_missing", 1),
            ("komerza_refusals_total route=handler code=not_connected", 1),
            ("komerza_refusals_total route=handler code=not_signed_in", 1),
            ("komerza_refusals_total route=handler code=store_unavailable", 1),
            ("komerza_refusals_total route=handler code=user_lookup_failed", 1),
        ])
    );
}
