//! The requests that are measured: bare axum, ours, and the peers.

use axum::{Extension, Router, body::Body, response::Response, routing::get};
use axum_login::{AuthManagerLayerBuilder, AuthSession, AuthUser, AuthnBackend, UserId as BackendId};
use http::{HeaderValue, Request, header};
use komerza_connect::{ApiKey, KomerzaConnectLayer, KomerzaKey, MemoryStore, StoredToken, TokenStore, UserId};
use komerza_sandbox::Sandbox;
use std::{convert::Infallible, sync::Arc};
use tower::Service;
use tower_sessions::{MemoryStore as Sessions, Session, SessionManagerLayer, cookie::Key};

pub const REDIRECT_URI: &str = "http://127.0.0.1:3000/komerza/callback";

pub struct Case {
    pub name: &'static str,
    pub app: Router,
    path: &'static str,
    pub cookies: Option<HeaderValue>,
    status: u16,
}

impl Case {
    pub fn new(name: &'static str, app: Router) -> Self {
        // Settled, as `axum::serve` does it: else the routes are built anew for each request.
        Self { name, app: app.with_state(()), path: "/x", cookies: None, status: 200 }
    }

    pub fn cookies(mut self, cookies: &str) -> Self {
        self.cookies = Some(cookies.parse().unwrap());
        self
    }

    pub fn request(&self) -> Request<Body> {
        let mut request = Request::get(self.path).body(Body::empty()).unwrap();
        if let Some(cookies) = &self.cookies {
            request.headers_mut().insert(header::COOKIE, cookies.clone());
        }
        request
    }

    pub async fn answer(&mut self, request: Request<Body>) -> Response {
        let answer = self.app.call(request).await.unwrap();
        assert_eq!(answer.status(), self.status, "{}", self.name);
        answer
    }
}

pub fn plain() -> Router {
    Router::new().route("/x", get(|| async { "ok" }))
}

pub fn with_key() -> Router {
    Router::new().route("/x", get(|_: KomerzaKey| async { "ok" }))
}

/// A key of 261 bytes, as long as a small JWT.
pub fn token(number: usize) -> StoredToken {
    StoredToken::new(ApiKey::new(format!("obviously-fake-key-{number:0242}")).unwrap()).unwrap()
}

/// The `name=value` pairs of the cookies that an answer sets.
pub fn pairs(answer: &Response) -> String {
    let lines = answer.headers().get_all(header::SET_COOKIE).iter();
    lines.map(|line| line.to_str().unwrap().split(';').next().unwrap()).collect::<Vec<_>>().join("; ")
}

pub async fn get_path(app: &mut Router, path: &str, cookies: &str) -> Response {
    let request = Request::get(path).header(header::COOKIE, cookies).body(Body::empty()).unwrap();
    app.call(request).await.unwrap()
}

/// The session cookie of a browser that has connected, and the same with four further logins open.
pub async fn connected_cookies(sandbox: &Sandbox, connect: &KomerzaConnectLayer) -> (String, String) {
    let mut app = plain().layer(connect.clone()).with_state(());
    let login = get_path(&mut app, "/komerza/login", "").await;
    let callback = sandbox.approve(login.headers()[header::LOCATION].to_str().unwrap()).unwrap();
    let callback = callback.strip_prefix("http://127.0.0.1:3000").unwrap();
    let connected = get_path(&mut app, callback, &pairs(&login)).await;
    assert_eq!(connected.status(), 303);
    let all = pairs(&connected);
    let session = all.split("; ").find(|pair| pair.contains("-session=")).unwrap().to_owned();
    let mut cookies = session.clone();
    for _ in 0..4 {
        cookies = format!("{cookies}; {}", pairs(&get_path(&mut app, "/komerza/login", "").await));
    }
    (session, cookies)
}

#[derive(Clone)]
struct Backend;

#[derive(Clone, Debug)]
struct User;

impl AuthUser for User {
    type Id = i64;
    fn id(&self) -> i64 {
        7
    }
    fn session_auth_hash(&self) -> &[u8] {
        b"obviously-fake-hash"
    }
}

impl AuthnBackend for Backend {
    type User = User;
    type Credentials = ();
    type Error = Infallible;
    async fn authenticate(&self, _: ()) -> Result<Option<User>, Infallible> {
        Ok(Some(User))
    }
    async fn get_user(&self, _: &BackendId<Self>) -> Result<Option<User>, Infallible> {
        Ok(Some(User))
    }
}

/// A session layer with a signed cookie, over plain http.
fn sessions() -> SessionManagerLayer<Sessions, tower_sessions::service::SignedCookie> {
    SessionManagerLayer::new(Sessions::default()).with_secure(false).with_signed(Key::generate())
}

/// The case of a peer, with the cookies that its own `/in` has set.
async fn signed_in(name: &'static str, mut app: Router) -> Case {
    let cookies = pairs(&get_path(&mut app, "/in", "").await);
    Case::new(name, app).cookies(&cookies)
}

async fn tower_sessions_get() -> Case {
    let app = Router::new()
        .route("/in", get(|session: Session| async move { session.insert("user", 7_u64).await.unwrap() }))
        .route(
            "/x",
            get(|session: Session| async move {
                assert_eq!(session.get("user").await.unwrap(), Some(7_u64));
                "ok"
            }),
        );
    signed_in("tower-sessions, a signed get", app.layer(sessions())).await
}

async fn axum_login_extracted() -> Case {
    let app = Router::new()
        .route("/in", get(|mut auth: AuthSession<Backend>| async move { auth.login(&User).await.unwrap() }))
        .route(
            "/x",
            get(|auth: AuthSession<Backend>| async move {
                assert!(auth.user.is_some());
                "ok"
            }),
        );
    signed_in("axum-login, extracted", app.layer(AuthManagerLayerBuilder::new(Backend, sessions()).build())).await
}

pub async fn all() -> Vec<Case> {
    let sandbox = Sandbox::builder().redirect_uri(REDIRECT_URI).start().await.unwrap();
    let config = || sandbox.config(REDIRECT_URI).unwrap();
    let connect = KomerzaConnectLayer::new(config(), MemoryStore::default()).unwrap();
    let (session, cookies) = connected_cookies(&sandbox, &connect).await;
    let own = MemoryStore::default();
    own.save(&UserId::from(7), &token(7)).await.unwrap();
    let users = KomerzaConnectLayer::new(config(), own).unwrap();
    let users = users.with_user(|_: &http::request::Parts| Some(UserId::from(7)));
    let extension = || plain().layer(Extension(Arc::new(7_u64)));
    vec![
        Case::new("bare axum router", plain()),
        Case::new("axum's Extension", extension()),
        Case::new("not ours", plain().layer(connect.clone())),
        Case::new("axum's Extension, with cookies", extension()).cookies(&cookies),
        Case::new("not ours, with cookies", plain().layer(connect.clone())).cookies(&cookies),
        Case::new("the key, own session", with_key().layer(connect.clone())).cookies(&session),
        Case::new("the key, the app's user", with_key().layer(users)),
        Case { path: "/komerza/login", status: 303, ..Case::new("a login", plain().layer(connect)) },
        tower_sessions_get().await,
        axum_login_extracted().await,
    ]
}
