//! One node of an app, as a process.

use super::*;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

/// Where the browser is sent back to. Which node answers is the visitor's choice, as it is a load balancer's.
pub(super) const REDIRECT_URI: &str = "http://127.0.0.1:3000/komerza/callback";

pub(super) async fn sandbox() -> Sandbox {
    Sandbox::builder().redirect_uri(REDIRECT_URI).unlimited().start().await.unwrap()
}

pub(super) struct Node {
    child: Child,
    pub(super) url: String,
}

impl Node {
    /// Starts a node and waits until it listens.
    pub(super) fn start(sandbox: &Sandbox, token_store: &str) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_node"))
            .envs(sandbox.variables(REDIRECT_URI))
            .env("LISTEN_ADDR", "127.0.0.1:0")
            .env("TOKEN_STORE", token_store)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
        let listening = lines.find_map(|line| line.strip_prefix("listening on ").map(str::to_owned));
        // What it prints afterwards must have somewhere to go.
        std::thread::spawn(move || lines.for_each(drop));
        let Some(url) = listening else { panic!("the node ended with {:?}", child.wait()) };
        Self { child, url }
    }

    /// `kill -9`: no destructor runs, no buffer is written.
    pub(super) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
