//! The browser engines, and how each is started: a driver process and a fresh profile for each window.

use super::front;
use crate::prelude::*;
use std::{fmt, fs::read_dir, process::Stdio};
use thirtyfour::{Capabilities, WebDriver};
use tokio::process::{Child, Command};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Engine {
    Chromium,
    Firefox,
    WebKit,
}

/// How the browser of a scenario is set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Setting {
    Usual,
    NoCookies,
    Private,
}

impl Engine {
    pub(super) const ALL: [Self; 3] = [Self::Chromium, Self::Firefox, Self::WebKit];

    /// A new window and the driver behind it. On a busy machine a browser may not come up; it is started again, because
    /// that is not what is tested.
    pub(super) async fn open(self, setting: Setting, profile: &Path) -> (WebDriver, Child) {
        let mut refused = Vec::new();
        for attempt in 0..3 {
            let (driver, port) = self.start_driver().await;
            let mut wanted = Capabilities::new();
            let profile = profile.join(attempt.to_string());
            for (name, value) in self.capabilities(setting, &profile).as_object().unwrap() {
                wanted.set(name, value).unwrap();
            }
            match WebDriver::new(format!("http://127.0.0.1:{port}"), wanted).await {
                Ok(window) => return (window, driver),
                Err(error) => refused.push(error),
            }
        }
        panic!("{self} does not start: {refused:?}");
    }

    /// A driver that cannot have its port ends at once, and is started again on another one.
    async fn start_driver(self) -> (Child, u16) {
        let program = match self {
            Self::Chromium => "chromedriver",
            Self::Firefox => "geckodriver",
            Self::WebKit => "WebKitWebDriver",
        };
        for _ in 0..5 {
            let address = front::free_address();
            let mut command = Command::new(program);
            command.arg(format!("--port={}", address.port())).stdout(Stdio::null()).stderr(Stdio::null());
            if self == Self::Firefox {
                command.arg("--websocket-port=0");
            }
            let driver = command.kill_on_drop(true).spawn();
            let mut driver =
                driver.unwrap_or_else(|_| panic!("{program} is missing: run .ci/browser, which installs it"));
            if front::listens(address, &mut driver).await {
                return (driver, address.port());
            }
        }
        panic!("{program} ended five times before it was ready");
    }

    fn capabilities(self, setting: Setting, profile: &Path) -> Value {
        // The certificate of the proxies is the tests' own.
        match self {
            Self::Chromium => {
                // Grey text: the same on every screen, and smaller pictures. The scripts of service workers do not heed
                // `acceptInsecureCerts`.
                let arguments = "--headless=new --no-sandbox --disable-gpu --disable-quic --disable-dev-shm-usage --no-first-run \
                                 --disable-background-networking --disable-component-update --disable-sync \
                                 --window-size=900,700 --disable-lcd-text --hide-scrollbars --ignore-certificate-errors";
                let mut arguments: Vec<_> = arguments.split(' ').map(str::to_owned).collect();
                arguments.push(format!("--user-data-dir={}", profile.display()));
                arguments.extend((setting == Setting::Private).then(|| "--incognito".to_owned()));
                let cookies = if setting == Setting::NoCookies { 2 } else { 1 };
                json!({ "browserName": "chrome", "acceptInsecureCerts": true, "goog:chromeOptions": {
                    "args": arguments, "prefs": { "profile.default_content_setting_values.cookies": cookies },
                } })
            }
            Self::Firefox => {
                let cookies = if setting == Setting::NoCookies { 2 } else { 5 };
                json!({ "browserName": "firefox", "acceptInsecureCerts": true, "moz:firefoxOptions": {
                    "args": ["-headless"],
                    "prefs": {
                        "network.cookie.cookieBehavior": cookies,
                        "browser.privatebrowsing.autostart": setting == Setting::Private,
                    },
                } })
            }
            Self::WebKit => {
                let mut arguments = vec!["--automation"];
                match setting {
                    Setting::Usual => {}
                    Setting::NoCookies => arguments.push("--cookies-policy=never"),
                    Setting::Private => arguments.push("--private"),
                }
                json!({ "browserName": "MiniBrowser", "acceptInsecureCerts": true, "webkitgtk:browserOptions": {
                    "binary": mini_browser(), "args": arguments,
                } })
            }
        }
    }
}

/// WebKit's own small browser, in a folder that is named after the version of its library.
fn mini_browser() -> PathBuf {
    let folders = |path: &Path| read_dir(path).into_iter().flatten().flatten().map(|entry| entry.path());
    folders(Path::new("/usr/lib"))
        .flat_map(|architecture| folders(&architecture).collect::<Vec<_>>())
        .map(|folder| folder.join("MiniBrowser"))
        .find(|program| program.is_file())
        .expect("MiniBrowser is missing: run .ci/browser, which installs it")
}

impl fmt::Display for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Chromium => "chromium",
            Self::Firefox => "firefox",
            Self::WebKit => "webkit",
        })
    }
}
