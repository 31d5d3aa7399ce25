//! "Connect with Komerza", end to end: `cargo run --example quickstart`, then open the printed URL.
//!
//! Without any `KOMERZA_*` variable it runs against a sandbox on this machine. An empty variable counts as
//! not set.
//!
//! | Variable | Meaning | Default |
//! | --- | --- | --- |
//! | `KOMERZA_CLIENT_ID` and the other variables of `Config::from_env` | a real application | the sandbox's |
//! | `LISTEN_ADDR` | address of this app | `127.0.0.1:3000` |
//! | `TOKEN_STORE` | `memory:` or `sqlite:PATH`; the example `production` uses a server | a file that is removed when the app ends |
//! | `TOKEN_STORE_KEYS` | base64 keys of 32 bytes, separated by commas; with them the API keys are encrypted in the store, by the first one | not encrypted |
//! | `RUST_LOG` | what is logged | `warn,komerza_connect=info` |
//!
//! ```toml
//! [dependencies]
//! axum = "0.8"
//! komerza-connect = { version = "0.1", features = ["sqlite", "encrypt"] }
//! komerza-sandbox = "0.1"
//! tempfile = "3"
//! tokio = { version = "1", features = ["full"] }
//! tower-http = { version = "0.7", features = ["trace"] }
//! tracing = "0.1"
//! tracing-subscriber = "0.3"
//! ```

use axum::extract::{Path, RawQuery};
use axum::{Extension, Json, Router, response::Html, routing::get};
use komerza_connect::{
    Config, Error, KomerzaConnectLayer, KomerzaKey, SealingKey, Store, TokenStore, store, store::EncryptedStore,
    trace::path_only_span,
};
use komerza_sandbox::Sandbox;
use std::{env, fmt::Write, io, net::SocketAddr, sync::Arc, time::Duration};
use tempfile::TempDir;
use tokio::{net::TcpListener, signal};
use tower_http::trace::TraceLayer;
use tracing_subscriber::{filter::Targets, fmt, prelude::*};

type AnyError = Box<dyn std::error::Error>;

/// The argument `KomerzaKey` is all that is needed: a visitor who is not connected is sent to connect first,
/// and then comes back.
async fn stores(komerza: KomerzaKey) -> Result<Json<Vec<Store>>, Error> {
    Ok(Json(komerza.stores().await?))
}

async fn one_store(komerza: KomerzaKey, Path(id): Path<String>) -> Result<Json<Store>, Error> {
    Ok(Json(komerza.store(&id).await?))
}

/// Where the sandbox lists connected apps, if it is used.
#[derive(Clone)]
struct Dashboard(Option<String>);

/// A page for everybody: `None` means that the visitor is not connected.
async fn home(
    komerza: Option<KomerzaKey>,
    RawQuery(query): RawQuery,
    Extension(Dashboard(dashboard)): Extension<Dashboard>,
) -> Result<Html<String>, Error> {
    let Some(komerza) = komerza else {
        let denied = query.is_some_and(|query| query.split('&').any(|pair| pair == "komerza=denied"));
        let notice = if denied { "<p class=notice>You did not approve; nothing was stored.</p>" } else { "" };
        return Ok(page(&format!(
            "{notice}<p>Connect your Komerza account to see your stores here.</p>\
             <p><a class=button href=/komerza/login>Connect with Komerza</a></p>"
        )));
    };
    let mut list = String::new();
    for store in komerza.stores().await? {
        let _ = write!(list, "<li><b>{}</b> <small>{}</small></li>", escape(&store.name), escape(&store.domain));
    }
    let sandbox = dashboard.map_or(String::new(), |url| {
        format!(
            "<p><small>Remove the app in <a href={url}>the sandbox's dashboard</a>, then reload this page.</small></p>"
        )
    });
    let disconnect = "<form method=post action=/komerza/disconnect><button>Disconnect</button></form>";
    Ok(page(&format!("<p>Your stores:</p><ul>{list}</ul>{disconnect}{sandbox}")))
}

#[tokio::main]
async fn main() -> Result<(), AnyError> {
    let filter: Targets = setting("RUST_LOG").as_deref().unwrap_or("warn,komerza_connect=info").parse()?;
    tracing_subscriber::registry().with(fmt::layer().with_ansi(false).with_writer(io::stderr)).with(filter).init();
    let listener = TcpListener::bind(setting("LISTEN_ADDR").as_deref().unwrap_or("127.0.0.1:3000")).await?;
    let address = listener.local_addr()?;
    let (config, sandbox) = if Config::variables().any(|name| setting(name).is_some()) {
        (Config::from_env()?, None)
    } else {
        let (config, sandbox) = sandbox_for(address).await?;
        eprintln!("{BANNER}");
        (config, Some(sandbox))
    };
    let dashboard = Dashboard(sandbox.as_ref().map(Sandbox::dashboard_url));

    let (store, _directory) = token_store(config.client_id()).await?;
    let connect = KomerzaConnectLayer::new(config, store)?;
    let app = Router::new()
        .route("/", get(home))
        .route("/api/stores", get(stores))
        .route("/api/stores/{id}", get(one_store))
        .route("/healthz", get(|| async { "ok" }))
        .layer(Extension(dashboard))
        .layer(connect.clone()) // after the routes; a session layer would come after it
        .layer(TraceLayer::new_for_http().make_span_with(path_only_span)); // its spans hold no authorization code

    println!("listening on http://{address}");
    axum::serve(listener, app).with_graceful_shutdown(stopped()).await?;
    connect.shutdown(Duration::from_secs(20)).await; // logins that are just being finished are not lost
    Ok(())
}

const BANNER: &str = "
  ********************************************************************
  *  No KOMERZA_* variable is set: this demo talks to a SANDBOX on   *
  *  this machine and not to Komerza. Its accounts, stores and keys  *
  *  are made up, and they are gone when the demo ends.              *
  ********************************************************************
";

/// A variable that is set and not empty.
fn setting(name: &str) -> Option<String> {
    env::var(name).ok().filter(|value| !value.is_empty())
}

/// A sandbox that runs as long as the demo, and the configuration of an app that uses it.
async fn sandbox_for(mut app: SocketAddr) -> Result<(Config, Sandbox), AnyError> {
    if app.ip().is_unspecified() {
        app.set_ip([127, 0, 0, 1].into()); // a browser on this machine
    }
    let redirect_uri = format!("http://{app}/komerza/callback");
    let sandbox = Sandbox::builder().app_name("Demo app").redirect_uri(&redirect_uri).start().await?;
    Ok((sandbox.config(redirect_uri)?, sandbox))
}

/// The store that `TOKEN_STORE` names, encrypted with `TOKEN_STORE_KEYS`. Without settings it is a file that
/// is removed when the demo ends.
async fn token_store(client_id: &str) -> Result<(Arc<dyn TokenStore>, Option<TempDir>), AnyError> {
    let (url, directory) = match setting("TOKEN_STORE") {
        Some(url) => (url, None),
        None => {
            let directory = tempfile::tempdir()?;
            (format!("sqlite:{}", directory.path().join("tokens.db").display()), Some(directory))
        }
    };
    if url != "memory:" && !url.starts_with("sqlite:") {
        // The address is not repeated: it may hold a password.
        return Err(
            "TOKEN_STORE is memory: or sqlite:PATH here; for a database server see the example `production`".into()
        );
    }
    let store = store::connect(&url).await?;
    let Some(keys) = setting("TOKEN_STORE_KEYS") else {
        if directory.is_none() && url != "memory:" && url != "sqlite::memory:" {
            tracing::warn!("TOKEN_STORE keeps keys in plain in a file; set TOKEN_STORE_KEYS to encrypt them");
        }
        return Ok((store, directory));
    };
    let keys = keys.split(',').map(SealingKey::from_base64).collect::<Result<Vec<_>, _>>();
    let keys = keys.map_err(|error| format!("TOKEN_STORE_KEYS: {error}"))?;
    Ok((Arc::new(EncryptedStore::new(store, client_id, keys)?.reseals_on_load()), directory))
}

/// Completes on Ctrl-C, and on SIGTERM as service managers send it.
async fn stopped() {
    #[cfg(unix)]
    let terminated = async {
        signal::unix::signal(signal::unix::SignalKind::terminate())?.recv().await;
        io::Result::Ok(())
    };
    #[cfg(not(unix))]
    let terminated = std::future::pending::<io::Result<()>>();
    tokio::select! {
        _ = signal::ctrl_c() => {}
        _ = terminated => {}
    }
}

fn page(content: &str) -> Html<String> {
    Html(format!(
        "<!DOCTYPE html><html lang=en><meta charset=utf-8><meta name=viewport content='width=device-width'>\
         <title>Demo app</title><style>{STYLE}</style><main><h1>Demo app</h1>{content}</main></html>"
    ))
}

const STYLE: &str = ":root{color-scheme:light dark}body{font:1.05rem/1.6 system-ui,sans-serif;margin:0;padding:1rem}\
main{max-width:32rem;margin:12vh auto;padding:1.5rem 2rem;border:1px solid #8884;border-radius:1rem}h1{margin:0}\
ul{padding:0;list-style:none}li{padding:.6rem 0;border-top:1px solid #8883}small{opacity:.7}\
button,.button{display:inline-block;font:inherit;padding:.55rem 1.1rem;border:0;border-radius:.5rem;background:#3b5bdb;\
color:#fff;text-decoration:none;cursor:pointer}.notice{padding:.5rem 1rem;border-left:4px solid #f08c00}";

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
