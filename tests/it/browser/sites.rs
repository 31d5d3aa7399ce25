//! The sites: the quickstart in a process of its own, an app with its own login, the provider, and somebody else's page.

use axum::{
    Router,
    extract::{Path, Request, State},
    http::{HeaderMap, header::COOKIE, request::Parts},
    middleware::{Next, from_fn_with_state},
    response::{Html, IntoResponse, Redirect, Response},
    routing::get,
};
use komerza_connect::{KomerzaConnectLayer, KomerzaKey, MemoryStore, UserId};
use komerza_sandbox::Sandbox;
use std::{
    env,
    net::{SocketAddr, TcpListener as StdListener},
    path::PathBuf,
    process::Stdio,
    sync::{Arc, Mutex},
};
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    net::TcpListener,
    process::{Child, Command},
};

/// A provider whose dashboard is another site than `127.0.0.1`; it knows the quickstart by the name on its pages.
pub(super) async fn provider() -> Sandbox {
    Sandbox::builder().app_name("Demo app").separate_dashboard().unlimited().start().await.unwrap()
}

/// The quickstart, as its reader runs it, against a sandbox that the test can look into.
pub(super) struct Quickstart {
    pub(super) url: String,
    _process: Child,
}

impl Quickstart {
    pub(super) async fn start(sandbox: &Sandbox) -> Self {
        // The redirect URI is registered before the app starts, so its port is chosen here.
        let address = StdListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let url = format!("http://{address}");
        let redirect_uri = format!("{url}/komerza/callback");
        sandbox.register_redirect_uri(&redirect_uri).unwrap();
        let mut process = Command::new(program())
            .env("LISTEN_ADDR", address.to_string())
            .env("TOKEN_STORE", "memory:")
            .env("RUST_LOG", "warn")
            .envs(sandbox.variables(redirect_uri))
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        loop {
            let line = lines.next_line().await.unwrap().expect("the quickstart ended before it was ready");
            if line.contains("listening on") {
                break;
            }
        }
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        Self { url, _process: process }
    }
}

/// Where cargo puts the example beside this test.
fn program() -> PathBuf {
    let test = env::current_exe().unwrap();
    let program = test.parent().and_then(|deps| deps.parent()).unwrap().join("examples/quickstart");
    assert!(program.exists(), "{} is missing: run .ci/browser, which builds it", program.display());
    program
}

/// An app with a login of its own: `/sign-in/NAME` and `/sign-out`; it notes the requests that it gets.
pub(super) struct OwnLogin {
    pub(super) url: String,
    seen: Seen,
}

type Seen = Arc<Mutex<Vec<Visit>>>;

/// A request to the app, and the status of its answer.
#[derive(Debug, Clone)]
pub(super) struct Visit {
    pub(super) path: String,
    pub(super) purpose: Option<String>,
    pub(super) status: u16,
}

impl OwnLogin {
    pub(super) async fn start(sandbox: &Sandbox) -> Self {
        let (listener, address) = listen().await;
        let url = format!("http://{address}");
        let redirect_uri = format!("{url}/komerza/callback");
        sandbox.register_redirect_uri(&redirect_uri).unwrap();
        let config = sandbox.config(&redirect_uri).unwrap();
        let connect = KomerzaConnectLayer::new(config, MemoryStore::default()).unwrap().with_user(signed_in);
        let seen = Seen::default();
        let app = Router::new()
            .route("/", get(home))
            .route("/sign-in/{name}", get(async |Path(name): Path<String>| sign_in(&name, 3_600)))
            .route("/sign-in-strict/{name}", get(async |Path(name): Path<String>| sign_in_strictly(&name)))
            .route("/sign-out", get(async || sign_in("", 0)))
            .route("/worker", get(async || Html(REGISTRATION)))
            .route("/worker.js", get(async || ([("content-type", "text/javascript")], WORKER)))
            .layer(connect)
            .layer(from_fn_with_state(seen.clone(), note));
        serve(listener, app);
        Self { url, seen }
    }

    pub(super) fn seen(&self) -> Vec<Visit> {
        self.seen.lock().unwrap().clone()
    }
}

async fn home(headers: HeaderMap, key: Option<KomerzaKey>) -> Html<String> {
    let user = user(&headers).unwrap_or_else(|| "nobody".into());
    let connected = if key.is_some() { "connected" } else { "not connected" };
    Html(format!("<p>{user} is {connected}.</p><a href=/komerza/login>Connect with Komerza</a>"))
}

fn sign_in(name: &str, seconds: u32) -> impl IntoResponse + use<> {
    ([("set-cookie", format!("app-user={name}; Path=/; HttpOnly; SameSite=Lax; Max-Age={seconds}"))], Redirect::to("/"))
}

/// As the stores of tower-sessions set it.
fn sign_in_strictly(name: &str) -> impl IntoResponse + use<> {
    // A page and no redirect: the browser would count the redirect as part of whatever led here.
    ([("set-cookie", format!("app-user={name}; Path=/; HttpOnly; SameSite=Strict"))], Html("<a href=/>Home</a>"))
}

/// Passes every request on, as common set-ups do.
const WORKER: &str = "self.addEventListener('install', () => self.skipWaiting());
self.addEventListener('activate', (event) => event.waitUntil(self.clients.claim()));
self.addEventListener('fetch', (event) => event.respondWith(fetch(event.request)));";

const REGISTRATION: &str = "<body><script>
navigator.serviceWorker.addEventListener('controllerchange', () => { document.body.textContent = 'working' });
navigator.serviceWorker.register('/worker.js');
</script>";

fn user(headers: &HeaderMap) -> Option<String> {
    let cookies = headers.get(COOKIE)?.to_str().ok()?;
    cookies.split("; ").find_map(|cookie| cookie.strip_prefix("app-user=")).map(str::to_owned)
}

fn signed_in(parts: &Parts) -> Option<UserId> {
    UserId::new(user(&parts.headers)?).ok()
}

async fn note(State(seen): State<Seen>, request: Request, next: Next) -> Response {
    let path = request.uri().path().to_owned();
    let purpose = request.headers().get("sec-purpose").map(|value| value.to_str().unwrap().to_owned());
    let response = next.run(request).await;
    seen.lock().unwrap().push(Visit { path, purpose, status: response.status().as_u16() });
    response
}

/// Somebody else's site, under another host name than the app's.
pub(super) struct Foreign {
    pub(super) url: String,
}

impl Foreign {
    /// A site whose only page is `body`.
    pub(super) async fn start(body: String) -> Self {
        let (listener, address) = listen().await;
        serve(listener, Router::new().route("/", get(async || Html(body))));
        Self { url: format!("http://localhost:{}/", address.port()) }
    }
}

async fn listen() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    (listener, address)
}

fn serve(listener: TcpListener, app: Router) {
    tokio::spawn(async { axum::serve(listener, app).await.unwrap() });
}
