//! The ready span maker, in the place where tower-http's own would write the whole URI.

use axum::{Router, body::Body, routing};
use http::Request;
use komerza_connect::{KomerzaConnectLayer, MemoryStore, trace::path_only_span};
use komerza_sandbox::Sandbox;
use std::{
    io::{self, Write},
    sync::{Arc, Mutex},
};
use tower::ServiceExt;
use tower_http::trace::TraceLayer;
use tracing_subscriber::fmt::MakeWriter;

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    fn take(&self) -> String {
        String::from_utf8(std::mem::take(&mut *self.0.lock().unwrap())).unwrap()
    }
}

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

const CODE: &str = "obviously-fake-code-in-a-log";
const STATE: &str = "obviously-fake-state-in-a-log";

async fn logged(app: Router, log: &Log) -> String {
    let subscriber = tracing_subscriber::fmt().with_writer(log.clone()).with_ansi(false);
    let subscriber = subscriber.with_max_level(tracing_subscriber::filter::LevelFilter::TRACE).finish();
    let _guard = tracing_subscriber::util::SubscriberInitExt::set_default(subscriber);
    let callback = format!("/komerza/callback?code={CODE}&state={STATE}");
    app.oneshot(Request::get(callback).body(Body::empty()).unwrap()).await.unwrap();
    log.take()
}

#[tokio::test]
async fn t42_the_ready_span_logs_the_callbacks_path_and_neither_code_nor_state() {
    let redirect_uri = "http://127.0.0.1:3000/komerza/callback";
    let sandbox = Sandbox::builder().redirect_uri(redirect_uri).start().await.unwrap();
    let connect = KomerzaConnectLayer::new(sandbox.config(redirect_uri).unwrap(), MemoryStore::default()).unwrap();
    let app = || Router::new().route("/", routing::get(|| async { "home" })).layer(connect.clone());
    let log = Log::default();

    let ours = logged(app().layer(TraceLayer::new_for_http().make_span_with(path_only_span)), &log).await;
    assert!(ours.contains("request{method=GET path=\"/komerza/callback\"}"), "{ours}");
    assert!(!ours.contains(CODE) && !ours.contains(STATE), "{ours}");

    // What the default would have done, so that this test would notice.
    let default = logged(app().layer(TraceLayer::new_for_http()), &log).await;
    assert!(default.contains(CODE) && default.contains(STATE), "{default}");
}

#[tokio::test]
async fn under_a_nest_the_span_has_the_whole_path() {
    let inner = Router::new()
        .route("/page", routing::get(|| async { "page" }))
        .layer(TraceLayer::new_for_http().make_span_with(path_only_span));
    let app: Router = Router::new().nest("/api", inner);
    let log = Log::default();
    let subscriber = tracing_subscriber::fmt().with_writer(log.clone()).with_ansi(false);
    let subscriber = subscriber.with_max_level(tracing_subscriber::filter::LevelFilter::TRACE).finish();
    let _guard = tracing_subscriber::util::SubscriberInitExt::set_default(subscriber);
    app.oneshot(Request::get("/api/page?secret=1").body(Body::empty()).unwrap()).await.unwrap();
    let logged = log.take();
    assert!(logged.contains("path=\"/api/page\"") && !logged.contains("secret"), "{logged}");
}
