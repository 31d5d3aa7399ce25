//! One node of the app: the quickstart as a process.

use komerza_connect::sandbox::Sandbox;
use std::{
    io::{BufRead, BufReader},
    path::PathBuf,
    process::{Child, Command, Stdio},
    sync::LazyLock,
};

/// Where the browser is sent back to. Which node answers is the visitor's choice, as it is a load balancer's.
pub(super) const REDIRECT_URI: &str = "http://127.0.0.1:3000/komerza/callback";

pub(super) async fn sandbox() -> Sandbox {
    Sandbox::builder().redirect_uri(REDIRECT_URI).unlimited().start().await.unwrap()
}

/// The quickstart, built from what is here now: a test run of this binary alone would not build it.
static QUICKSTART: LazyLock<PathBuf> = LazyLock::new(|| {
    // Beside this binary, whichever target folder and profile cargo was told to use for it.
    let test = std::env::current_exe().unwrap();
    let profile = test.ancestors().nth(2).unwrap();
    let name = profile.file_name().unwrap().to_str().unwrap();
    let built = Command::new(env!("CARGO"))
        .args(["build", "--quiet", "--example", "quickstart", "--profile", if name == "debug" { "dev" } else { name }])
        .arg("--target-dir")
        .arg(profile.parent().unwrap())
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .status();
    assert!(built.unwrap().success(), "the quickstart does not build");
    profile.join("examples").join(format!("quickstart{}", std::env::consts::EXE_SUFFIX))
});

pub(super) struct Node {
    child: Child,
    pub(super) url: String,
}

impl Node {
    /// Starts a node and waits until it listens.
    pub(super) fn start(sandbox: &Sandbox, token_store: &str) -> Self {
        let mut child = Command::new(&*QUICKSTART)
            .envs(sandbox.variables(REDIRECT_URI))
            .env("LISTEN_ADDR", "127.0.0.1:0")
            .env("TOKEN_STORE", token_store)
            .env("RUST_LOG", "warn")
            .env_remove("TOKEN_STORE_KEYS")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
        let listening = lines.find_map(|line| line.strip_prefix("listening on ").map(str::to_owned));
        // What it prints afterwards must have somewhere to go.
        std::thread::spawn(move || lines.for_each(drop));
        let Some(url) = listening else { panic!("the quickstart ended with {:?}", child.wait()) };
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
