//! A Komerza on this machine, to point an app at: `cargo run --example sandbox`
//!
//! Listens on `SANDBOX_ADDR` (127.0.0.1:4000 unless set), prints the variables that an app needs, and runs until Ctrl-C
//! or SIGTERM. The app's redirect URI is `KOMERZA_REDIRECT_URI` (http://127.0.0.1:3000/komerza/callback unless set).

use std::{env, error::Error, future::pending};

use komerza_sandbox::Sandbox;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let address = env::var("SANDBOX_ADDR").unwrap_or_else(|_| "127.0.0.1:4000".to_owned());
    let redirect_uri = env::var("KOMERZA_REDIRECT_URI");
    let redirect_uri = redirect_uri.unwrap_or_else(|_| "http://127.0.0.1:3000/komerza/callback".to_owned());
    let sandbox = Sandbox::builder().address(address.parse()?).redirect_uri(&redirect_uri).start().await?;

    println!("# A Komerza sandbox is running; connected apps are listed on {}", sandbox.dashboard_url());
    for (name, value) in sandbox.variables(redirect_uri) {
        println!("export {name}={value}");
    }

    tokio::select! {
        interrupted = tokio::signal::ctrl_c() => interrupted?,
        () = terminated() => {}
    }
    sandbox.stop().await;
    Ok(())
}

#[cfg(unix)]
async fn terminated() {
    use tokio::signal::unix::{SignalKind, signal};
    match signal(SignalKind::terminate()) {
        Ok(mut signals) => drop(signals.recv().await),
        Err(_) => pending().await,
    }
}

#[cfg(not(unix))]
async fn terminated() {
    pending().await
}
