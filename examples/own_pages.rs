//! Your own pages for connections that fail: `cargo run --example own_pages`
//!
//! The first printed address is a callback without a login: the answer is a page of this app, in its own
//! style. A handler can also answer in your own words: give it an argument of type `Result<KomerzaKey,
//! Rejection>`.
//!
//! ```toml
//! [dependencies]
//! axum = "0.8"
//! komerza-connect = "0.1"
//! komerza-sandbox = "0.1"
//! tokio = { version = "1", features = ["full"] }
//! ```

use axum::response::{Html, IntoResponse, Response};
use axum::{Router, routing::get};
use komerza_connect::{Failure, FailureKind, Hooks, KomerzaConnectLayer, KomerzaKey, MemoryStore, async_trait};
use komerza_sandbox::Sandbox;

struct Pages;

#[async_trait]
impl Hooks for Pages {
    async fn failed(&self, failure: &Failure) -> Option<Response> {
        // Scripts and programs get the crate's JSON. For these two kinds the crate redirects: into the app, or to its
        // sign-in page.
        if !failure.is_for_page() || matches!(failure.kind(), FailureKind::Denied | FailureKind::NotSignedIn) {
            return None;
        }
        let attempt = failure.attempt().map_or(String::new(), |attempt| format!("<p>Reference: {attempt}</p>"));
        // The address where the visitor starts again; it includes the return path. It is escaped, so that it
        // cannot end the attribute.
        let again = failure.login_url().unwrap_or("/").replace('"', "%22");
        let page = format!(
            "<!DOCTYPE html><title>Not connected</title><style>body{{font:1.2rem serif;margin:4rem}}</style>\
             <h1>That did not work</h1><p>{}</p>{attempt}<p><a href=\"{}\">Try again</a></p>",
            failure.reason().unwrap_or(failure.kind().advice()).replace('<', "&lt;"), // a hook's own reason, or the crate's
            again
        );
        // Without this policy the crate's own policy applies, which blocks the page's style.
        let policy = [("content-security-policy", "default-src 'none'; style-src 'unsafe-inline'")];
        Some((failure.kind().status(), policy, Html(page)).into_response())
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let redirect_uri = "http://127.0.0.1:3000/komerza/callback";
    let sandbox = Sandbox::builder().redirect_uri(redirect_uri).start().await?;
    let connect = KomerzaConnectLayer::new(sandbox.config(redirect_uri)?, MemoryStore::default())?.with_hooks(Pages);
    let app = Router::new().route("/", get(async |_: KomerzaKey| "connected")).layer(connect);
    println!("open http://127.0.0.1:3000/komerza/callback to see a failure, or http://127.0.0.1:3000 to connect");
    Ok(axum::serve(tokio::net::TcpListener::bind("127.0.0.1:3000").await?, app).await?)
}
