//! What the two programs share: the requests that are measured, and how figures are printed.

pub mod cases;

use axum::{Router, body::Body};
use cases::REDIRECT_URI;
use http::{Request, header};
use komerza_connect::{KomerzaConnectLayer, MemoryStore, UserId, config::Limits};
use komerza_sandbox::Sandbox;
use std::{net::IpAddr, time::Duration};

pub fn figure(name: &str, value: impl std::fmt::Display) {
    println!("{name}\t{value}");
}

pub fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures[figures.len() / 2]
}

pub fn user(number: usize) -> UserId {
    // As long as the ids of browsers.
    UserId::new(format!("obviously-fake-session-{number:028}")).unwrap()
}

/// Limits that stop nobody.
fn unlimited() -> Limits {
    let mut limits = Limits::default();
    limits.exchange_bucket.period = Duration::ZERO;
    limits.exchanges_per_user = u32::MAX;
    limits.unknown_browsers_percent = 100;
    limits
}

/// A layer whose new browsers tell their address in a header.
pub fn layer(sandbox: &Sandbox, store: MemoryStore, limits: Option<Limits>) -> KomerzaConnectLayer {
    let config = sandbox.config_builder(REDIRECT_URI).limits(limits.unwrap_or_else(unlimited)).build().unwrap();
    let connect = KomerzaConnectLayer::new(config, store).unwrap();
    connect.with_client_address(|parts| parts.headers.get("x-real-ip")?.to_str().ok()?.parse().ok())
}

/// The callback of a browser that has been to Komerza.
pub async fn callback(sandbox: &Sandbox, app: &mut Router, number: u32) -> Request<Body> {
    let login = cases::get_path(app, "/komerza/login", "").await;
    let callback = sandbox.approve(login.headers()[header::LOCATION].to_str().unwrap()).unwrap();
    let request = Request::get(callback.strip_prefix("http://127.0.0.1:3000").unwrap());
    let request = request.header(header::COOKIE, cases::pairs(&login));
    request
        .header("x-real-ip", IpAddr::from((0x0800_0000 + number).to_be_bytes()).to_string())
        .body(Body::empty())
        .unwrap()
}
