//! HTTP/2: a process that trusts the server's certificate.

use super::*;
use std::process::Stdio;

const DIRECTORY: &str = "KOMERZA_TEST_H2_DIRECTORY";

pub(super) async fn server() -> Server {
    Server::tls(&PathBuf::from(std::env::var(DIRECTORY).expect("only in a process of its own"))).await
}

/// Runs the test of this name in a process that trusts the server's certificate. There it gets its stage.
pub(super) async fn alone(test: &str) -> Option<Stage> {
    if std::env::var(DIRECTORY).is_ok() {
        return Some(Stage::http2().await);
    }
    let directory = tempfile::tempdir().unwrap();
    let certificate = server::write_certificate(directory.path());
    let child = tokio::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", &format!("client::connections::over_http2::{test}"), "--include-ignored", "--nocapture"])
        .env(DIRECTORY, directory.path())
        .env("SSL_CERT_FILE", certificate)
        .env_remove("SSL_CERT_DIR")
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let output = timeout(PATIENCE * 6, child.wait_with_output()).await.expect("an end").unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && said.contains("1 passed"), "{said}");
    println!("{said}");
    None
}
