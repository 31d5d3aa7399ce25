//! An app with its own users, through axum-login. `cargo run` in this folder, `cargo test` for its test.
//!
//! Keys belong to the app's users, not to browsers. They are in SQLite, encrypted. `Cargo.toml` beside this
//! file has the dependencies. Settings come from the environment: those of `Config::from_env`, and
//! `TOKEN_STORE_KEYS`, a base64 key of 32 bytes. `cargo run -p komerza-sandbox` in the repository starts a
//! test server that stands in for Komerza. Sign in as `alice` with the password `obviously-fake`.

use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::{Form, Router, extract::Query, http::StatusCode, routing::get};
use axum_login::{AuthManagerLayerBuilder, AuthUser, AuthnBackend, UserId as BackendId};
use komerza_connect::store::{EncryptedStore, SqliteStore};
use komerza_connect::{
    Config, ConfigBuilder, Error, KomerzaConnectLayer, KomerzaKey, SealingKey, TokenStore, UserId, layer::by_extractor,
};
use serde::Deserialize;
use std::{convert::Infallible, env};
use tower_sessions::{MemoryStore, SessionManagerLayer, cookie::SameSite};

type AuthSession = axum_login::AuthSession<Backend>;

/// Stands in for your table of users.
#[derive(Clone)]
struct Backend;

#[derive(Clone, Debug)]
struct User {
    id: i64,
    name: String,
}

#[derive(Clone, Deserialize)]
struct Credentials {
    name: String,
    password: String,
    #[serde(default)]
    return_to: String,
}

impl AuthUser for User {
    type Id = i64;

    fn id(&self) -> i64 {
        self.id
    }

    /// In a real app this is a hash of the password, so that a new password ends all sessions.
    fn session_auth_hash(&self) -> &[u8] {
        self.name.as_bytes()
    }
}

impl AuthnBackend for Backend {
    type User = User;
    type Credentials = Credentials;
    type Error = Infallible;

    async fn authenticate(&self, given: Credentials) -> Result<Option<User>, Infallible> {
        let right = given.name == "alice" && given.password == "obviously-fake";
        Ok(right.then_some(User { id: 1, name: given.name }))
    }

    async fn get_user(&self, id: &BackendId<Self>) -> Result<Option<User>, Infallible> {
        Ok((*id == 1).then(|| User { id: 1, name: "alice".into() }))
    }
}

async fn home(auth: AuthSession, komerza: Option<KomerzaKey>) -> Result<Html<String>, Error> {
    Ok(Html(match (auth.user, komerza) {
        (None, _) => "<a href=/sign-in>Sign in</a>".into(),
        (Some(user), None) => format!("{}, <a href=/komerza/login>connect with Komerza</a>", user.name),
        (Some(user), Some(komerza)) => format!("{}, you have {} stores.", user.name, komerza.stores().await?.len()),
    }))
}

#[derive(Deserialize)]
struct Wanted {
    #[serde(default)]
    return_to: String,
}

/// The layer sends visitors who are not signed in here. After they sign in, they go on to `return_to`.
async fn sign_in_page(Query(Wanted { return_to }): Query<Wanted>) -> Html<String> {
    let return_to = return_to.replace('&', "&amp;").replace('"', "&quot;");
    Html(format!(
        "<form method=post><input name=name placeholder=Name><input name=password type=password placeholder=Password>\
         <input type=hidden name=return_to value=\"{return_to}\"><button>Sign in</button></form>"
    ))
}

async fn sign_in(mut auth: AuthSession, Form(credentials): Form<Credentials>) -> Response {
    let there = local(&credentials.return_to).to_owned();
    match auth.authenticate(credentials).await {
        Ok(Some(user)) => match auth.login(&user).await {
            Ok(()) => Redirect::to(&there).into_response(),
            Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
        },
        Ok(None) => (StatusCode::UNAUTHORIZED, "Wrong name or password.").into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

/// Returns a path of this site, or the home page, because anybody can write the link that leads to the
/// sign-in page.
fn local(path: &str) -> &str {
    let plain = path.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
    if plain && path.starts_with('/') && !path.starts_with("//") { path } else { "/" }
}

fn app(config: Config, store: impl TokenStore) -> Result<Router, Box<dyn std::error::Error>> {
    // Lax, so that the session comes along when Komerza sends the browser back. `Secure` where the app is reached by https.
    let sessions = SessionManagerLayer::new(MemoryStore::default()).with_same_site(SameSite::Lax).with_secure(false);
    let connect = KomerzaConnectLayer::new(config, store)?
        .with_user(by_extractor(|auth: AuthSession| auth.user.map(|user| UserId::from(user.id))));
    Ok(Router::new()
        .route("/", get(home))
        .route("/sign-in", get(sign_in_page).post(sign_in))
        .layer(connect) // after the routes, before the session layer
        .layer(AuthManagerLayerBuilder::new(Backend, sessions).build())) // outside: it runs first
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let config = ConfigBuilder::from_env().sign_in_page("/sign-in").build()?;
    let key = SealingKey::from_base64(&env::var("TOKEN_STORE_KEYS").map_err(|_| "TOKEN_STORE_KEYS is missing")?)?;
    let store = EncryptedStore::new(SqliteStore::open("tokens.db").await?, config.client_id(), [key])?;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
    println!("open http://127.0.0.1:3000");
    Ok(axum::serve(listener, app(config, store)?).await?)
}

#[cfg(test)]
mod tests;
