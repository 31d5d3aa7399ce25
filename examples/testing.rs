//! How an app tests itself, without a Komerza account: `cargo test --example testing`
//!
//! ```toml
//! [dependencies]
//! axum = "0.8"
//! komerza-connect = "0.1"
//! komerza-sandbox = "0.1"
//! tokio = { version = "1", features = ["full"] }
//! tower = { version = "0.5", features = ["util"] }
//! ```

use axum::{Router, body::Body, extract::Request, http::StatusCode, routing::get};
use komerza_connect::{
    ApiKey, Config, ConfigError, Error, KomerzaConnectLayer, KomerzaKey, MemoryStore, StoredToken, TokenStore, UserId,
    layer::check_mounted,
};
use komerza_sandbox::{Fault, Sandbox, Target};
use tower::ServiceExt;

/// The app. Its tests choose the settings and the store.
fn app(config: Config, store: impl TokenStore, user: UserId) -> Result<(Router, KomerzaConnectLayer), ConfigError> {
    let connect = KomerzaConnectLayer::new(config, store)?.with_user(move |_: &_| Some(user.clone()));
    Ok((Router::new().route("/count", get(count)).layer(connect.clone()), connect))
}

async fn count(komerza: KomerzaKey) -> Result<String, Error> {
    Ok(komerza.stores().await?.len().to_string())
}

async fn status(app: &Router) -> Result<StatusCode, Box<dyn std::error::Error>> {
    Ok(app.clone().oneshot(Request::get("/count").body(Body::empty())?).await?.status())
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let sandbox = Sandbox::start().await?;
    let (store, alice) = (MemoryStore::default(), UserId::new("alice")?);
    let config = sandbox.config("http://127.0.0.1:3000/komerza/callback")?;
    let (app, connect) = app(config, store.clone(), alice.clone())?;

    // The routes are there, whatever is added to the app later.
    check_mounted(app.clone(), connect.config()).await?;

    // Nobody is connected yet. Then Alice is, without a login.
    assert_eq!(status(&app).await?, 401);
    store.save(&alice, &StoredToken::new(ApiKey::new(sandbox.issue_key()?)?)?).await?;
    assert_eq!(status(&app).await?, 200);

    // Komerza fails.
    let outage = sandbox.faults().on(Target::api()).inject(Fault::status(StatusCode::INTERNAL_SERVER_ERROR));
    assert_eq!(status(&app).await?, 502);
    outage.remove();

    // Alice removes the app at Komerza: her record is gone too.
    sandbox.revoke_all();
    assert_eq!(status(&app).await?, 401);
    assert!(store.load(&alice).await?.is_none());
    Ok(())
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_app_bears_what_users_and_komerza_do() -> Result<(), Box<dyn std::error::Error>> {
        super::main()
    }
}
