//! Chromium over WebDriver: one driver process, one fresh profile and one window per test, gone when the test is.

use serde_json::{Value, json};
use std::{
    env, fs,
    future::Future,
    panic::resume_unwind,
    path::PathBuf,
    process::{self, Stdio},
    sync::atomic::{AtomicU32, Ordering},
    time::{Duration, Instant},
};
use thirtyfour::{By, ChromiumLikeCapabilities, DesiredCapabilities, WebDriver, WindowHandle};
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::{Child, Command},
    time::sleep,
};

/// How long a page may take to get where it should; only a guard against hanging for ever.
const PATIENCE: Duration = Duration::from_secs(30);

/// A window of Chromium.
#[derive(Clone)]
pub(super) struct Chromium {
    driver: WebDriver,
}

/// Runs a test in a Chromium of its own and closes it, also after a panic.
pub(super) async fn in_chromium<F: Future<Output = ()> + Send + 'static>(test: impl FnOnce(Chromium) -> F) {
    run(json!({}), test).await;
}

/// The same in a Chromium that is set to accept no cookies.
pub(super) async fn in_chromium_without_cookies<F: Future<Output = ()> + Send + 'static>(
    test: impl FnOnce(Chromium) -> F,
) {
    run(json!({ "profile.default_content_setting_values.cookies": 2 }), test).await;
}

async fn run<F: Future<Output = ()> + Send + 'static>(preferences: Value, test: impl FnOnce(Chromium) -> F) {
    static PROFILES: AtomicU32 = AtomicU32::new(0);
    let number = PROFILES.fetch_add(1, Ordering::Relaxed);
    let profile = env::temp_dir().join(format!("komerza-connect-chromium-{}-{number}", process::id()));
    fs::create_dir_all(&profile).unwrap();
    let (mut chromedriver, port) = start_chromedriver().await;

    let mut wanted = DesiredCapabilities::chrome();
    for argument in [
        "--headless=new",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--disable-dev-shm-usage",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--window-size=900,700",
        // Grey text: the same on every screen, and smaller pictures.
        "--disable-lcd-text",
        "--hide-scrollbars",
        &format!("--user-data-dir={}", profile.display()),
    ] {
        wanted.add_arg(argument).unwrap();
    }
    wanted.add_experimental_option("prefs", preferences).unwrap();
    let driver = WebDriver::new(format!("http://127.0.0.1:{port}"), wanted).await.expect("Chromium starts");
    let outcome = tokio::spawn(test(Chromium { driver: driver.clone() })).await;
    let closed = driver.quit().await;
    chromedriver.kill().await.unwrap();
    // Chromium may still be writing to it; what is left is a few files in the temporary directory.
    let _ = fs::remove_dir_all(&profile);
    if let Err(error) = outcome {
        resume_unwind(error.into_panic());
    }
    closed.unwrap();
}

/// Starts the driver on a free port. It picks one for IPv4 and wants the same for IPv6, where somebody else may have it: then it
/// ends at once and is started again.
async fn start_chromedriver() -> (Child, u16) {
    let mut said = Vec::new();
    for _ in 0..5 {
        let mut chromedriver = Command::new("chromedriver")
            .arg("--port=0")
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .expect("chromedriver is missing: run .ci/browser, which installs it");
        let mut lines = BufReader::new(chromedriver.stdout.take().unwrap()).lines();
        while let Some(line) = lines.next_line().await.unwrap() {
            if let Some((_, port)) = line.split_once("started successfully on port ") {
                let port = port.trim_end_matches('.').parse().unwrap();
                tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
                return (chromedriver, port);
            }
            said.push(line);
        }
    }
    panic!("chromedriver ended five times before it was ready: {said:#?}");
}

impl Chromium {
    pub(super) async fn goto(&self, url: &str) {
        self.driver.goto(url).await.unwrap();
    }

    pub(super) async fn url(&self) -> String {
        self.driver.current_url().await.unwrap().into()
    }

    /// What the page shows. A page that goes while it is read is asked again.
    pub(super) async fn text(&self) -> String {
        let began = Instant::now();
        loop {
            let shown = self.driver.execute("return document.body && document.body.innerText", Vec::new()).await;
            if let Some(text) = shown.ok().and_then(|shown| shown.json().as_str().map(str::to_owned)) {
                return text;
            }
            assert!(began.elapsed() < PATIENCE, "no page comes");
            sleep(Duration::from_millis(20)).await;
        }
    }

    /// Status of the page that is shown, as the browser saw it.
    pub(super) async fn status(&self) -> u64 {
        self.script("return performance.getEntriesByType('navigation')[0].responseStatus").await.as_u64().unwrap()
    }

    /// Clicks the link or button with this text and waits until the address starts with `leads_to`.
    pub(super) async fn click(&self, text: &str, leads_to: &str) {
        let path = format!("//*[self::a or self::button][normalize-space()='{text}']");
        let found = self.driver.find(By::XPath(path)).await;
        let found = match found {
            Ok(found) => found,
            Err(_) => panic!("no link or button {text:?} on {}: {}", self.url().await, self.text().await),
        };
        found.click().await.unwrap();
        self.arrives_at(leads_to).await;
    }

    /// Waits until the address starts with `prefix` and the page is loaded.
    pub(super) async fn arrives_at(&self, prefix: &str) {
        let began = Instant::now();
        loop {
            let url = self.url().await;
            let loaded = self.driver.execute("return document.readyState", Vec::new()).await;
            if url.starts_with(prefix) && loaded.is_ok_and(|state| *state.json() == json!("complete")) {
                return;
            }
            assert!(began.elapsed() < PATIENCE, "at {url} and not at {prefix}: {}", self.text().await);
            sleep(Duration::from_millis(20)).await;
        }
    }

    /// Runs a script on the page; its value as JSON.
    /// Waits until the page shows this text.
    pub(super) async fn comes_to_say(&self, text: &str) {
        let began = Instant::now();
        loop {
            let shown = self.driver.execute("return document.body ? document.body.innerText : ''", Vec::new()).await;
            if shown.is_ok_and(|shown| shown.json().as_str().is_some_and(|shown| shown.contains(text))) {
                return;
            }
            assert!(began.elapsed() < PATIENCE, "{text:?} does not come at {}", self.url().await);
            sleep(Duration::from_millis(50)).await;
        }
    }

    pub(super) async fn script(&self, script: &str) -> Value {
        self.driver.execute(script, Vec::new()).await.unwrap().json().clone()
    }

    /// Runs a script that ends by calling `arguments[0]`.
    pub(super) async fn script_and_wait(&self, script: &str) -> Value {
        self.driver.set_script_timeout(PATIENCE).await.unwrap();
        self.driver.execute_async(script, Vec::new()).await.unwrap().json().clone()
    }

    pub(super) async fn back(&self) {
        self.driver.back().await.unwrap();
    }

    pub(super) async fn reload(&self) {
        self.driver.refresh().await.unwrap();
    }

    pub(super) async fn this_tab(&self) -> WindowHandle {
        self.driver.window().await.unwrap()
    }

    /// Opens a tab and goes there.
    pub(super) async fn new_tab(&self) -> WindowHandle {
        let tab = self.driver.new_tab().await.unwrap();
        self.driver.switch_to_window(tab.clone()).await.unwrap();
        tab
    }

    pub(super) async fn go_to_tab(&self, tab: &WindowHandle) {
        self.driver.switch_to_window(tab.clone()).await.unwrap();
    }

    /// The address that a frame of the page really shows; the browser's own error page when it refused to show any.
    pub(super) async fn frame(&self, number: u16) -> String {
        self.driver.enter_frame(number).await.unwrap();
        let url = self.script("return document.URL").await;
        self.driver.enter_default_frame().await.unwrap();
        url.as_str().unwrap().to_owned()
    }

    /// All cookies of all sites in this profile.
    pub(super) async fn cookies(&self) -> Vec<Value> {
        let reply = self.devtools("Storage.getCookies", json!({})).await;
        reply["cookies"].as_array().unwrap().clone()
    }

    pub(super) async fn clear_cookies(&self) {
        self.devtools("Network.clearBrowserCookies", json!({})).await;
    }

    pub(super) async fn devtools(&self, command: &str, parameters: Value) -> Value {
        self.driver.cdp().send_raw(command, parameters).await.unwrap()
    }

    /// Fails when the page is wider than the screen of a small phone, and keeps pictures of it as there and as on a desk:
    /// `NAME-phone.png` and `NAME.png` in the directory named by `SCREENSHOTS`, if it is set.
    pub(super) async fn picture(&self, name: &str) {
        for (screen, file) in [(375, format!("{name}-phone.png")), (640, format!("{name}.png"))] {
            self.screen(screen, 300).await;
            let size = self
                .script("const page = document.documentElement; return [page.scrollWidth, page.scrollHeight]")
                .await;
            assert!(size[0].as_u64().unwrap() <= screen, "{} is {size} on a screen of {screen}", self.url().await);
            let Some(directory) = env::var_os("SCREENSHOTS").map(PathBuf::from) else { continue };
            self.screen(screen, size[1].as_u64().unwrap()).await;
            fs::create_dir_all(&directory).unwrap();
            fs::write(directory.join(file), self.driver.screenshot_as_png().await.unwrap()).unwrap();
        }
        self.devtools("Emulation.clearDeviceMetricsOverride", json!({})).await;
    }

    async fn screen(&self, width: u64, height: u64) {
        let screen = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 500 });
        self.devtools("Emulation.setDeviceMetricsOverride", screen).await;
    }
}
