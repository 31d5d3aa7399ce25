//! Checks the settings in the environment: `cargo run --example doctor`, or with `-- --json` for programs.
//!
//! It reads the variables of `ConfigBuilder::from_env`, and `TOKEN_STORE`: `sqlite:PATH`, `postgres://…`,
//! `mysql://…` or `redis://…`, each with the feature of that store. It tests the store and the connection to
//! Komerza, and prints what to register in the Komerza dashboard. It exits with code 1 if something is wrong.
//!
//! ```toml
//! [dependencies]
//! axum = "0.8"
//! komerza-connect = "0.1"
//! tokio = { version = "1", features = ["macros", "rt-multi-thread"] }
//! ```

use axum::Router;
use komerza_connect::{Config, KomerzaConnectLayer, doctor::Severity, store};
use std::{env, process::ExitCode};

#[tokio::main]
async fn main() -> Result<ExitCode, Box<dyn std::error::Error>> {
    let config = Config::from_env()?; // names everything that is missing or wrong
    let store = store::connect(env::var("TOKEN_STORE").as_deref().unwrap_or("memory:")).await?;
    let connect = KomerzaConnectLayer::new(config, store)?;

    // In your own app: the finished router.
    let app: Router = Router::new().layer(connect.clone());
    let report = connect.doctor().await.with_app(app, connect.config()).await;

    match env::args().any(|argument| argument == "--json") {
        true => println!("{}", report.to_json()),
        false => println!("{report}"),
    }
    Ok(if report.severity() == Severity::Error { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}
