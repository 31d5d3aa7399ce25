//! A window over WebDriver: its driver process and its profile are gone when the test is.

use super::{Engine, engine::Setting};
use crate::prelude::*;
use serde_json::to_value;
use std::{any::Any, env, fs, time::Instant};
use tempfile::TempDir;
use thirtyfour::{By, Key, WebDriver, WindowHandle};
use tokio::{task::JoinError, time::sleep};

/// How long a page may take to get where it should; only a guard against hanging for ever.
const PATIENCE: Duration = Duration::from_secs(30);

/// A window of a browser.
#[derive(Clone)]
pub(super) struct Browser {
    driver: WebDriver,
    pub(super) engine: Engine,
}

/// What ended a test before its end.
type Panic = Box<dyn Any + Send>;

/// Runs a test in a browser of its own and closes it, also after a panic.
pub(super) async fn run<F: Future<Output = String> + Send + 'static>(
    engine: Engine,
    setting: Setting,
    test: impl FnOnce(Browser) -> F,
) -> Result<String, Panic> {
    let profile = TempDir::new().unwrap();
    let folder = profile.path().to_owned();
    let (window, mut driver) =
        tokio::spawn(async move { engine.open(setting, &folder).await }).await.map_err(JoinError::into_panic)?;
    let outcome = tokio::spawn(test(Browser { driver: window.clone(), engine })).await;
    // A browser that hangs is ended with its driver.
    let closed = timeout(PATIENCE, window.quit()).await;
    driver.kill().await.unwrap();
    // The browser may still be writing to it; what is left is a few files in the temporary directory.
    let _ = profile.close();
    let seen = outcome.map_err(JoinError::into_panic)?;
    closed
        .map_err(|_| Box::new("the browser does not close") as Panic)?
        .map_err(|error| Box::new(error.to_string()) as Panic)?;
    Ok(seen)
}

impl Browser {
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

    /// Waits until the page shows this text. Its status is this one; WebKit does not tell.
    pub(super) async fn answers(&self, status: u64, text: &str) {
        self.comes_to_say(text).await;
        let seen = self.script("return performance.getEntriesByType('navigation')[0].responseStatus").await;
        let expected = if self.engine == Engine::WebKit { Value::Null } else { status.into() };
        assert_eq!(seen, expected, "at {}", self.url().await);
    }

    /// Clicks the link or button with this text and waits until the address starts with `leads_to`.
    pub(super) async fn click(&self, text: &str, leads_to: &str) {
        self.press(text).await;
        self.arrives_at(leads_to).await;
    }

    /// Clicks the link or button with this text.
    pub(super) async fn press(&self, text: &str) {
        let path = format!("//*[self::a or self::button][normalize-space()='{text}']");
        let found = self.driver.find(By::XPath(path)).await;
        let found = match found {
            Ok(found) => found,
            Err(_) => panic!("no link or button {text:?} on {}: {}", self.url().await, self.text().await),
        };
        found.click().await.unwrap();
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

    /// Runs a script on the page; its value as JSON.
    pub(super) async fn script(&self, script: &str) -> Value {
        self.driver.execute(script, Vec::new()).await.unwrap().json().clone()
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

    /// What a frame of the page shows; the browser's own page, or nothing, when it refused to show any.
    pub(super) async fn frame(&self, number: u16) -> String {
        self.driver.enter_frame(number).await.unwrap();
        let shown = self.text().await;
        self.driver.enter_default_frame().await.unwrap();
        shown
    }

    /// The cookies of the site that is shown; in Chromium those of all sites.
    pub(super) async fn cookies(&self) -> Vec<Value> {
        if self.engine == Engine::Chromium {
            let reply = self.devtools("Storage.getCookies", json!({})).await;
            return reply["cookies"].as_array().unwrap().clone();
        }
        let cookies = self.driver.get_all_cookies().await.unwrap();
        cookies.into_iter().map(|cookie| to_value(cookie).unwrap()).collect()
    }

    /// Removes the cookies of the site that is shown.
    pub(super) async fn clear_cookies(&self) {
        self.driver.delete_all_cookies().await.unwrap();
    }

    /// Waits for a window beside `known` and goes there.
    pub(super) async fn new_window(&self, known: &WindowHandle) -> WindowHandle {
        let began = Instant::now();
        loop {
            if let Some(window) = self.driver.windows().await.unwrap().into_iter().find(|window| window != known) {
                self.go_to_tab(&window).await;
                return window;
            }
            assert!(began.elapsed() < PATIENCE, "no window opens");
            sleep(Duration::from_millis(20)).await;
        }
    }

    async fn devtools(&self, command: &str, parameters: Value) -> Value {
        self.driver.cdp().send_raw(command, parameters).await.unwrap()
    }

    /// On a phone and on a desk, in light and dark: the page is no wider than the screen, axe-core finds nothing to object to, and Tab
    /// reaches each link and button in turn and shows where it is. Keeps pictures of it, `NAME-phone.png` and `NAME.png`, in the
    /// directory named by `SCREENSHOTS`, if it is set. In Chromium alone.
    pub(super) async fn is_accessible(&self, name: Option<&str>) {
        if self.engine != Engine::Chromium {
            return;
        }
        let axe = env::var_os("AXE").expect("AXE is missing: run .ci/browser, which fetches it");
        self.script(&fs::read_to_string(axe).unwrap()).await;
        let place = self.url().await;
        for (screen, file) in [(375, "-phone.png"), (640, ".png")] {
            self.screen(screen, 300).await;
            let size = self
                .script("const page = document.documentElement; return [page.scrollWidth, page.scrollHeight]")
                .await;
            assert!(size[0].as_u64().unwrap() <= screen, "{place} is {size} on a screen of {screen}");
            for scheme in ["dark", "light"] {
                let feature = json!({ "name": "prefers-color-scheme", "value": scheme });
                self.devtools("Emulation.setEmulatedMedia", json!({ "features": [feature] })).await;
                let each = "({ id, nodes }) => [id, nodes.map((node) => [node.failureSummary, node.html])]";
                let found = self.script(&format!("return axe.run().then((all) => all.violations.map({each}))")).await;
                assert_eq!(found, json!([]), "{place}, {scheme}, {screen} pixels wide");
            }
            let directory = env::var_os("SCREENSHOTS").map(PathBuf::from);
            let (Some(directory), Some(name)) = (directory, name) else { continue };
            self.screen(screen, size[1].as_u64().unwrap()).await;
            fs::create_dir_all(&directory).unwrap();
            fs::write(directory.join(format!("{name}{file}")), self.driver.screenshot_as_png().await.unwrap()).unwrap();
        }
        self.devtools("Emulation.clearDeviceMetricsOverride", json!({})).await;
        self.devtools("Emulation.setEmulatedMedia", json!({})).await;
        let all = "[...document.querySelectorAll('a, button, input:not([type=hidden]), summary')]";
        for number in 0..self.script(&format!("return {all}.length")).await.as_u64().unwrap() {
            self.key(Key::Tab).await;
            let seen = "const shown = getComputedStyle(document.activeElement).outlineStyle !== 'none';";
            let seen = self.script(&format!("{seen} return [{all}.indexOf(document.activeElement), shown]")).await;
            assert_eq!(seen, json!([number, true]), "{place}");
        }
    }

    pub(super) async fn key(&self, key: Key) {
        self.driver.action_chain().send_keys(key).perform().await.unwrap();
    }

    async fn screen(&self, width: u64, height: u64) {
        let screen = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 500 });
        self.devtools("Emulation.setDeviceMetricsOverride", screen).await;
    }
}
