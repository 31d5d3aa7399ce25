//! Database servers of a test's own, which it may stop and kill.

use super::*;
use std::process::{Command, Output};
use tempfile::TempDir;

/// A server on ports of its own, ended when it is dropped; PgBouncer with the PostgreSQL behind it.
pub(super) struct Server {
    kind: &'static str,
    directory: TempDir,
    port: u16,
    behind: u16,
}

impl Server {
    pub(super) fn start(kind: &'static str) -> Self {
        // Some run as another user, who must be able to enter.
        let directory = tempfile::Builder::new().prefix(&unique("servers")).tempdir().unwrap();
        let server = Self { kind, directory, port: free_port(), behind: free_port() };
        server.up();
        server
    }

    pub(super) fn url(&self) -> String {
        match self.kind {
            "redis" => format!("redis://127.0.0.1:{}/", self.port),
            "mariadb" => format!("mysql://komerza@127.0.0.1:{}/komerza", self.port),
            "pgbouncer" => format!("postgres://komerza@127.0.0.1:{}/transaction", self.port),
            _ => format!("postgres://komerza@127.0.0.1:{}/postgres", self.port),
        }
    }

    pub(super) fn up(&self) {
        let output = self.run("start");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }

    pub(super) fn stop(&self) {
        self.run("stop");
    }

    /// `kill -9` of the server.
    pub(super) fn kill(&self) {
        self.run("kill");
    }

    /// `kill -9` of the server, and a new start on the same files.
    pub(super) fn kill_and_start(&self) {
        self.kill();
        self.up();
    }

    fn run(&self, command: &str) -> Output {
        self.run_for(command, self.kind)
    }

    fn run_for(&self, command: &str, kind: &str) -> Output {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../.ci/servers");
        Command::new("bash")
            .args([script, command, kind])
            .env("KOMERZA_SERVERS_DIR", self.directory.path())
            .env("KOMERZA_POSTGRES_PORT", if self.kind == "pgbouncer" { self.behind } else { self.port }.to_string())
            .env("KOMERZA_PGBOUNCER_PORT", self.port.to_string())
            .env("KOMERZA_MARIADB_PORT", self.port.to_string())
            .env("KOMERZA_REDIS_PORT", self.port.to_string())
            .output()
            .unwrap()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
        if self.kind == "pgbouncer" {
            self.run_for("kill", "postgres");
        }
    }
}
