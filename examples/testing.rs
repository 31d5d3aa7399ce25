//! How an app tests itself, without a Komerza account: `cargo test --example testing`
//!
//! ```toml
//! [dependencies]
//! axum = "0.8"
//! komerza-connect = "0.1"
//! komerza-sandbox = "0.1"
//! tokio = { version = "1", features = ["full"] }
//! ```

use axum::{Router, http::StatusCode, routing::get};
use komerza_connect::{
    Config, ConfigError, Error, KomerzaConnectLayer, KomerzaKey, MemoryStore, TokenStore, layer::check_mounted,
};
use komerza_sandbox::{Fault, Sandbox, Target};

/// The app. Its tests choose the settings and the store.
fn app(config: Config, store: impl TokenStore) -> Result<(Router, KomerzaConnectLayer), ConfigError> {
    let connect = KomerzaConnectLayer::new(config, store)?;
    Ok((Router::new().route("/count", get(count)).layer(connect.clone()), connect))
}

async fn count(komerza: KomerzaKey) -> Result<String, Error> {
    Ok(komerza.stores().await?.len().to_string())
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let redirect_uri = "http://127.0.0.1:3000/komerza/callback"; // nothing listens there
    let sandbox = Sandbox::builder().redirect_uri(redirect_uri).start().await?;
    let (app, connect) = app(sandbox.config(redirect_uri)?, MemoryStore::default())?;

    // Fails if a later change of the app hides the crate's routes.
    check_mounted(app.clone(), connect.config()).await?;

    // A browser that has connected.
    let browser = sandbox.browser(app.clone())?.connected("/komerza/login").await?;
    assert_eq!(browser.open("/count").await?.text, "2");

    // Komerza fails.
    let outage = sandbox.faults().on(Target::api()).inject(Fault::status(StatusCode::SERVICE_UNAVAILABLE));
    assert_eq!(browser.open("/count").await?.status, 502);
    outage.remove();

    // The user removes the app at Komerza: the page then redirects to Komerza again.
    sandbox.revoke_all();
    let left = browser.open("/count").await?;
    assert!(left.url.as_str().starts_with(&sandbox.dashboard_url()));

    // Another browser, whose user says no. The page says so, with a link.
    let browser = sandbox.browser(app)?;
    let left = browser.open("/count").await?;
    let page = browser.open(&sandbox.deny(left.url.as_str())?.ok_or("no way back")?).await?;
    assert_eq!(page.status, 401);
    assert!(page.text.contains("The connection was not approved."));
    Ok(())
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_app_bears_what_users_and_komerza_do() -> Result<(), Box<dyn std::error::Error>> {
        super::main()
    }
}
