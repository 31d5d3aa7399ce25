//! How sites are reached: plain HTTP on loopback, or HTTPS through nginx or HAProxy under a host name for each site.
//!
//! Browsers resolve every name below `localhost` to this machine, and two names there are two sites.

use crate::prelude::*;
use rcgen::{CertifiedKey, generate_simple_self_signed};
use std::net::{Ipv4Addr, TcpListener as StdListener};
use std::{fmt, fs, process::Stdio, sync::OnceLock, time::Instant};
use tempfile::TempDir;
use tokio::process::{Child, Command};
use tokio::time::sleep;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Front {
    Http,
    Nginx,
    HaProxy,
}

/// A site under its address for browsers, for as long as this lives.
pub(super) struct Published {
    pub(super) url: String,
    _proxy: Option<(Child, TempDir)>,
}

impl Front {
    pub(super) const ALL: [Self; 3] = [Self::Http, Self::Nginx, Self::HaProxy];

    /// Puts the server at `upstream`, which may start later, before the browsers as the site `name`.
    pub(super) async fn publish(self, name: &'static str, upstream: SocketAddr) -> Published {
        if self == Self::Http {
            let host = if name == "app" { "127.0.0.1" } else { "localhost" };
            return Published { url: format!("http://{host}:{}", upstream.port()), _proxy: None };
        }
        for _ in 0..5 {
            let folder = tempfile::tempdir().unwrap();
            let address = free_address();
            let mut proxy = self.start(folder.path(), address, upstream);
            if listens(address, &mut proxy).await {
                let url = format!("https://{name}.localhost:{}", address.port());
                return Published { url, _proxy: Some((proxy, folder)) };
            }
        }
        panic!("{self} ended five times before it was ready");
    }

    fn start(self, folder: &Path, address: SocketAddr, upstream: SocketAddr) -> Child {
        let settings = folder.join("settings");
        fs::write(folder.join("site.pem"), certificate()).unwrap();
        let here = folder.display();
        let mut command = if self == Self::Nginx {
            // `$host` would do where the port is the scheme's own; here it is another one.
            let text = format!(
                "daemon off; master_process off; pid {here}/pid; error_log stderr crit; events {{}}
                 http {{
                   access_log off; client_body_temp_path {here}/1; proxy_temp_path {here}/2;
                   fastcgi_temp_path {here}/3; uwsgi_temp_path {here}/4; scgi_temp_path {here}/5;
                   server {{
                     listen {address} ssl http2; ssl_certificate {here}/site.pem; ssl_certificate_key {here}/site.pem;
                     location / {{ proxy_pass http://{upstream}; proxy_set_header Host $http_host; }}
                   }}
                 }}"
            );
            fs::write(&settings, text).unwrap();
            let mut command = Command::new(program("nginx"));
            command.arg("-p").arg(folder).arg("-c").arg(&settings).args(["-e", "stderr"]);
            command
        } else {
            let text = format!(
                "defaults\n  mode http\n  timeout connect 5s\n  timeout client 60s\n  timeout server 60s\n\
                 frontend browsers\n  bind {address} ssl crt {here}/site.pem alpn h2,http/1.1\n  default_backend app\n\
                 backend app\n  server app {upstream}\n"
            );
            fs::write(&settings, text).unwrap();
            let mut command = Command::new(program("haproxy"));
            command.args(["-db", "-q", "-f"]).arg(&settings);
            command
        };
        command.stdout(Stdio::null()).stderr(Stdio::inherit()).kill_on_drop(true);
        command.spawn().unwrap_or_else(|_| panic!("{self} is missing: run .ci/browser, which installs it"))
    }
}

/// Debian keeps servers where only root looks for programs.
fn program(name: &str) -> String {
    let there = format!("/usr/sbin/{name}");
    if Path::new(&there).exists() { there } else { name.to_owned() }
}

/// One certificate with its key for every name that is used here.
fn certificate() -> &'static str {
    static PEM: OnceLock<String> = OnceLock::new();
    PEM.get_or_init(|| {
        let names = ["app", "komerza", "elsewhere", "foreign"].map(|name| format!("{name}.localhost"));
        let CertifiedKey { cert, signing_key } = generate_simple_self_signed(names).unwrap();
        format!("{}{}", cert.pem(), signing_key.serialize_pem())
    })
}

pub(super) fn free_address() -> SocketAddr {
    StdListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap()
}

/// Whether the process takes connections there; `false` when it ended first.
pub(super) async fn listens(address: SocketAddr, process: &mut Child) -> bool {
    let began = Instant::now();
    while TcpStream::connect(address).await.is_err() {
        assert!(began.elapsed() < Duration::from_secs(30), "nothing listens at {address}");
        if process.try_wait().unwrap().is_some() {
            return false;
        }
        sleep(Duration::from_millis(10)).await;
    }
    true
}

impl fmt::Display for Front {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Http => "http",
            Self::Nginx => "nginx",
            Self::HaProxy => "haproxy",
        })
    }
}
