//! A browser in front of several nodes, as far as these tests need one.

use super::*;
use reqwest::{Client, Method, Response, redirect::Policy};

static HTTP: LazyLock<Client> = LazyLock::new(|| {
    Client::builder().no_proxy().redirect(Policy::none()).pool_max_idle_per_host(0).timeout(PATIENCE).build().unwrap()
});

/// One browser: its cookies go to every node, as they go to one address in front of them.
#[derive(Clone, Default)]
pub(super) struct Visitor {
    cookies: BTreeMap<String, String>,
}

/// How a connect ended, as a browser sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Ended {
    /// Sent back to the page: the user was told that it worked.
    Confirmed,
    /// Another answer.
    Refused,
    /// The callback was sent and no answer came.
    CutOff,
    /// The login was not answered.
    NotBegun,
}

/// What a node said to the question whether the visitor is connected.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Said {
    Connected,
    NotConnected,
    /// 503 with a `Retry-After`.
    TryLater,
    Other(String),
}

impl Visitor {
    async fn send(&mut self, method: Method, url: String) -> reqwest::Result<Response> {
        let cookies: Vec<_> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let site = if method == Method::GET { "none" } else { "same-origin" };
        let request = HTTP
            .request(method, url)
            .header("cookie", cookies.join("; "))
            .header("sec-fetch-site", site)
            .header("sec-fetch-mode", "navigate")
            .header("sec-fetch-dest", "document");
        let response = request.send().await?;
        for cookie in response.headers().get_all("set-cookie") {
            let text = cookie.to_str().unwrap();
            let (name, rest) = text.split_once('=').unwrap();
            match rest.split(';').next().unwrap() {
                "" => drop(self.cookies.remove(name)),
                value => drop(self.cookies.insert(name.into(), value.into())),
            }
        }
        Ok(response)
    }

    /// Begins a login on one node and comes back to another.
    pub(super) async fn connect(&mut self, sandbox: &Sandbox, begin: &str, end: &str) -> Ended {
        let Ok(login) = self.send(Method::GET, format!("{begin}/komerza/login?return_to=/done")).await else {
            return Ended::NotBegun;
        };
        assert_eq!(login.status(), 303);
        let callback = sandbox.approve(login.headers()["location"].to_str().unwrap()).unwrap();
        let callback = Url::parse(&callback).unwrap();
        let url = format!("{end}{}?{}", callback.path(), callback.query().unwrap());
        match self.send(Method::GET, url).await {
            Ok(answer) if answer.status() != 303 => Ended::Refused,
            Ok(answer) if answer.headers()["location"].to_str().unwrap().ends_with("/done") => Ended::Confirmed,
            Ok(_) => Ended::Refused,
            Err(_) => Ended::CutOff,
        }
    }

    #[cfg(feature = "servers")]
    pub(super) async fn disconnect(&mut self, node: &Node) -> u16 {
        self.send(Method::POST, format!("{}/komerza/disconnect", node.url)).await.unwrap().status().as_u16()
    }

    /// Asks without any cookie being taken up, so that many can ask at once.
    pub(super) async fn asks(&self, node: &str) -> Said {
        let answer = self.clone().send(Method::GET, format!("{node}/komerza/status")).await;
        let Ok(answer) = answer else { return Said::Other("no answer".into()) };
        let (status, later) = (answer.status().as_u16(), answer.headers().contains_key("retry-after"));
        let text = answer.text().await.unwrap_or_default();
        match status {
            200 if text.contains("\"connected\":true") => Said::Connected,
            200 if text.contains("\"connected\":false") => Said::NotConnected,
            503 if later => Said::TryLater,
            _ => Said::Other(format!("{status}: {text}")),
        }
    }

    /// The stores of the connected account, by the app's own route.
    #[cfg(feature = "servers")]
    pub(super) async fn stores(&self, node: &str) -> (u16, String) {
        let answer = self.clone().send(Method::GET, format!("{node}/api/stores")).await.unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    }
}
