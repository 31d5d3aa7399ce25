//! The sites: the quickstart in a process of its own, an app with its own login, the provider, and somebody else's page.

use super::front::{self, Published};
use super::table::Visit;
use crate::prelude::*;
use axum::extract::{Path, Request, State};
use axum::http::{HeaderMap, Uri, header::COOKIE, request::Parts};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::routing::get;
use std::{env, net::Ipv4Addr, ops::Deref, process::Stdio};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

/// A provider whose dashboard is another site than the app; it knows the quickstart by the name on its pages.
pub(super) struct Provider {
    sandbox: Sandbox,
    dashboard: Published,
}

impl Visit {
    pub(super) async fn provider(&self) -> Provider {
        let sandbox = Sandbox::builder().app_name("Demo app").separate_dashboard().unlimited().start().await.unwrap();
        let port = Url::parse(&sandbox.dashboard_url()).unwrap().port().unwrap();
        let dashboard = self.front.publish("komerza", (Ipv4Addr::LOCALHOST, port).into()).await;
        Provider { sandbox, dashboard }
    }
}

impl Provider {
    /// As browsers see it.
    pub(super) fn dashboard_url(&self) -> String {
        self.dashboard.url.clone()
    }

    /// How often somebody was led to the consent page.
    pub(super) fn asked(&self) -> usize {
        self.requests().iter().filter(|request| request.path.starts_with("/auth/authorize")).count()
    }
}

impl Deref for Provider {
    type Target = Sandbox;

    fn deref(&self) -> &Sandbox {
        &self.sandbox
    }
}

/// The quickstart, as its reader runs it, against a sandbox that the test can look into.
pub(super) struct Quickstart {
    pub(super) url: String,
    _site: Published,
    _process: Child,
}

/// Empty on purpose: a scenario that names only `url` would otherwise capture `url` alone, and the app would end at once.
impl Drop for Quickstart {
    fn drop(&mut self) {}
}

impl Quickstart {
    pub(super) async fn start(visit: &Visit, sandbox: &Provider) -> Self {
        Self::with_dashboard(visit, sandbox, &sandbox.dashboard_url()).await
    }

    /// With another address for the dashboard than the sandbox's.
    pub(super) async fn with_dashboard(visit: &Visit, sandbox: &Provider, dashboard: &str) -> Self {
        // The redirect URI is registered before the app starts, so its port is chosen here.
        let address = front::free_address();
        let site = visit.front.publish("app", address).await;
        let url = site.url.clone();
        let redirect_uri = format!("{url}/komerza/callback");
        sandbox.register_redirect_uri(&redirect_uri).unwrap();
        let mut process = Command::new(program())
            .env("LISTEN_ADDR", address.to_string())
            .env("TOKEN_STORE", "memory:")
            .env("RUST_LOG", "warn")
            .envs(sandbox.variables(redirect_uri))
            .env("KOMERZA_DASHBOARD_URL", dashboard)
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
        Self { url, _site: site, _process: process }
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
    _site: Published,
    seen: Seen,
}

/// As [`Quickstart`]'s.
impl Drop for OwnLogin {
    fn drop(&mut self) {}
}

type Seen = Arc<Mutex<Vec<Visited>>>;

/// A request to the app, and the status of its answer.
#[derive(Debug, Clone)]
pub(super) struct Visited {
    pub(super) path: String,
    pub(super) purpose: Option<String>,
    pub(super) status: u16,
}

impl OwnLogin {
    pub(super) async fn start(visit: &Visit, sandbox: &Provider) -> Self {
        let (listener, address) = listen().await;
        let site = visit.front.publish("app", address).await;
        let url = site.url.clone();
        let redirect_uri = format!("{url}/komerza/callback");
        sandbox.register_redirect_uri(&redirect_uri).unwrap();
        let config = sandbox.config_builder(&redirect_uri).dashboard_url(sandbox.dashboard_url()).build().unwrap();
        let connect = KomerzaConnectLayer::new(config, MemoryStore::default()).unwrap().with_user(signed_in);
        let seen = Seen::default();
        let app = Router::new()
            .route("/", get(home))
            .route("/sign-in/{name}", get(async |Path(name): Path<String>| sign_in(&name, 3_600)))
            .route("/sign-in-strict/{name}", get(async |Path(name): Path<String>| sign_in_strictly(&name)))
            .route("/sign-out", get(async || sign_in("", 0)))
            .route("/popup", get(async || Html(POPUP)))
            .route("/worker", get(async || Html(REGISTRATION)))
            .route("/worker.js", get(async || ([("content-type", "text/javascript")], WORKER)))
            .layer(connect)
            .layer(from_fn_with_state(seen.clone(), note));
        serve(listener, app);
        Self { url, _site: site, seen }
    }

    pub(super) fn seen(&self) -> Vec<Visited> {
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

const POPUP: &str = "<button onclick=\"open('/komerza/login', '', 'width=500,height=600')\">Connect</button>";

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
    seen.lock().unwrap().push(Visited { path, purpose, status: response.status().as_u16() });
    response
}

/// Somebody else's site, under another host name than the app's.
pub(super) struct Foreign {
    pub(super) url: String,
    _site: Published,
}

impl Foreign {
    /// A site whose only page is `body`.
    pub(super) async fn start(visit: &Visit, body: String) -> Self {
        Self::serve(visit, "foreign", Router::new().route("/", get(async || Html(body)))).await
    }

    /// A site that sends every request on to the same path and query at `target`.
    pub(super) async fn leading_to(visit: &Visit, target: String) -> Self {
        let lead = async move |uri: Uri| Redirect::to(&format!("{target}{uri}"));
        Self::serve(visit, "elsewhere", Router::new().fallback(lead)).await
    }

    async fn serve(visit: &Visit, name: &'static str, app: Router) -> Self {
        let (listener, address) = listen().await;
        serve(listener, app);
        let site = visit.front.publish(name, address).await;
        Self { url: site.url.clone(), _site: site }
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
