//! Opens every kind of TLS connection that the crate can open, to a peer that ends each handshake: no mix of TLS crates may
//! panic, and each error must say at which address what failed. The process exits with 1 and the reason otherwise.

use komerza_connect::{ApiKey, Config, KomerzaConnectLayer, MemoryStore, api};
use std::{error::Error, net::SocketAddr};
use tokio::net::TcpListener;

/// The error and all its causes.
fn chain(error: &(dyn Error + 'static)) -> String {
    let (mut text, mut cause) = (error.to_string(), error.source());
    while let Some(next) = cause {
        text = format!("{text}: {next}");
        cause = next.source();
    }
    text
}

fn says(what: &str, text: &str, wanted: &[&str]) -> Result<(), String> {
    println!("{what}: {text}");
    match wanted.iter().find(|part| !text.contains(*part)) {
        Some(part) => Err(format!("{what}: \"{part}\" is missing")),
        None => Ok(()),
    }
}

/// A peer that takes each connection and closes it at once.
async fn closing_peer() -> std::io::Result<SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    tokio::spawn(async move { while listener.accept().await.is_ok() {} });
    Ok(address)
}

async fn layer(certificates: bool) -> Result<(), String> {
    let secret = "obviously-fake-".repeat(5).chars().take(72).collect::<String>();
    let config = Config::builder()
        .client_id("00000000-0000-4000-8000-000000000000")
        .client_secret(secret)
        .redirect_uri("https://app.example/komerza/callback")
        .user_agent("mixes/0")
        .build()
        .map_err(|error| chain(&error))?;
    match KomerzaConnectLayer::new(config, MemoryStore::default()) {
        Ok(_) if certificates => Ok(()),
        Ok(_) => Err("a layer without certificates was built".to_owned()),
        Err(error) if certificates => Err(chain(&error)),
        Err(error) => says("layer", &chain(&error), &["api_url", "No CA certificates", "ca-certificates"]),
    }
}

async fn client(address: SocketAddr, certificates: bool) -> Result<(), String> {
    let key = ApiKey::new("obviously-fake-key").map_err(|error| chain(&error))?;
    let client = api::Client::builder(key, "mixes/0").api_url(format!("https://127.0.0.1:{}", address.port())).build();
    match client {
        Ok(client) => match client.get("/user").send().await {
            Ok(_) => Err("a call without TLS was answered".to_owned()),
            Err(error) => says("client", &chain(&error), &[]),
        },
        Err(error) if certificates => Err(chain(&error)),
        Err(error) => says("client", &chain(&error), &["No CA certificates", "ca-certificates"]),
    }
}

#[cfg(feature = "stores")]
async fn stores(address: SocketAddr) -> Result<(), String> {
    use komerza_connect::store::{PostgresStore, RedisStore};

    let place = address.to_string();
    match RedisStore::connect(&format!("rediss://:obviously-fake-password@{place}/")).await {
        Ok(_) => return Err("Redis was reached".to_owned()),
        Err(error) => says("redis", &chain(&error), &[&place])?,
    }
    match PostgresStore::connect(&format!("postgres://app:obviously-fake-password@{place}/app?sslmode=require")).await {
        Ok(_) => Err("PostgreSQL was reached".to_owned()),
        Err(error) => says("postgres", &chain(&error), &[&place]),
    }
}

#[tokio::main]
async fn main() -> Result<(), String> {
    let certificates = !env!("CARGO_PKG_NAME").starts_with("no_");
    let address = closing_peer().await.map_err(|error| error.to_string())?;
    layer(certificates).await?;
    client(address, certificates).await?;
    #[cfg(feature = "stores")]
    stores(address).await?;
    println!("{}: no panic, every error says where and why", env!("CARGO_PKG_NAME"));
    Ok(())
}
