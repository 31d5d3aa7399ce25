//! Servers of a test's own, which it may freeze, fill or turn into replicas.

use super::*;
use std::process::Command;

/// A Redis server that ends with the test.
pub(crate) struct OwnRedis {
    process: std::process::Child,
    pub(crate) address: SocketAddr,
    _directory: Directory,
}

pub(crate) fn free_address() -> SocketAddr {
    ([127, 0, 0, 1], free_port()).into()
}

impl OwnRedis {
    pub(crate) async fn start(options: &[&str]) -> Self {
        Self::start_at(free_address(), options, "").await
    }

    /// `settings` stand in a file, which a Sentinel wants to rewrite.
    pub(crate) async fn start_at(address: SocketAddr, options: &[&str], settings: &str) -> Self {
        let directory = Directory::new();
        let file = directory.path().join("settings.conf");
        std::fs::write(&file, settings).unwrap();
        let process = Command::new("redis-server")
            .arg(&file)
            .args(["--bind", "127.0.0.1", "--port", &address.port().to_string()])
            .args(["--dir", directory.path().to_str().unwrap(), "--logfile", "log"])
            .args(options)
            .spawn()
            .unwrap();
        let own = Self { process, address, _directory: directory };
        for _ in 0..200 {
            if own.tell(&["PING"]).await.is_some() {
                return own;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("redis-server did not start")
    }

    pub(crate) async fn tell(&self, words: &[&str]) -> Option<redis::Value> {
        let client = redis::Client::open(format!("redis://{}", self.address)).unwrap();
        let mut connection = client.get_multiplexed_async_connection().await.ok()?;
        redis::cmd(words[0]).arg(&words[1..]).query_async(&mut connection).await.ok()
    }

    /// Tells until the answer holds `wanted`.
    pub(crate) async fn tells(&self, words: &[&str], wanted: &str) {
        for _ in 0..400 {
            if self.tell(words).await.is_some_and(|answer| format!("{answer:?}").contains(wanted)) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("{words:?} never told {wanted:?}")
    }

    /// Stops the process without ending it: it accepts connections and says nothing.
    pub(crate) fn freeze(&self) {
        self.signal("-STOP");
    }

    pub(crate) fn thaw(&self) {
        self.signal("-CONT");
    }

    fn signal(&self, signal: &str) {
        assert!(Command::new("kill").args([signal, &self.process.id().to_string()]).status().unwrap().success());
    }
}

impl Drop for OwnRedis {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
