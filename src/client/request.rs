//! One call of the API, from a path to a value.

use super::{Error, KomerzaKey, envelope};
use crate::net::{self, BodyError};
use bytes::Bytes;
use http::{
    HeaderValue, Method, Response,
    header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE},
};
use serde::{Serialize, de::DeserializeOwned};
use std::time::Duration;
use url::Url;

/// The longest reply that is read, in bytes.
const BODY_MOST: usize = 16 * 1024 * 1024;

/// Time for a whole call.
const DEADLINE: Duration = Duration::from_secs(30);

/// A call that is being put together. Made by [`KomerzaKey::get`] and its siblings; nothing is sent before
/// [`send`](Self::send) or [`fetch`](Self::fetch).
#[derive(Debug)]
#[must_use = "nothing is sent before `send` or `fetch`"]
pub struct RequestBuilder {
    key: KomerzaKey,
    method: Method,
    url: Result<Url, Error>,
    body: Option<Vec<u8>>,
}

impl RequestBuilder {
    pub(super) fn new(key: KomerzaKey, method: Method, path: &str) -> Self {
        let url = below(&key.inner.context.api.base, path).ok_or_else(Error::bad_path);
        Self { key, method, url, body: None }
    }

    pub(super) fn to(key: KomerzaKey, method: Method, url: Url) -> Self {
        Self { key, method, url: Ok(url), body: None }
    }

    /// Adds a parameter to the query, encoded.
    pub fn query(mut self, name: &str, value: impl ToString) -> Self {
        if let Ok(url) = &mut self.url {
            url.query_pairs_mut().append_pair(name, &value.to_string());
        }
        self
    }

    /// Sets a JSON body.
    pub fn json(mut self, value: &(impl Serialize + ?Sized)) -> Self {
        match serde_json::to_vec(value) {
            Ok(body) => self.body = Some(body),
            Err(error) => self.url = Err(Error::unserialisable(error)),
        }
        self
    }

    /// Sends the call and gives the reply as it is, whatever its status.
    ///
    /// # Errors
    /// [`Error`] when the path leaves the API, or no reply came.
    pub async fn send(self) -> Result<Response<Bytes>, Error> {
        let Self { key, method, url, body } = self;
        let api = &key.inner.context.api;
        let mut bearer = HeaderValue::from_str(&format!("Bearer {}", key.inner.key.expose_secret()))
            .map_err(|_| Error::bad_path())?;
        bearer.set_sensitive(true);
        let mut request =
            api.http.request(method, url?).header(AUTHORIZATION, bearer).header(ACCEPT, "application/json");
        if let Some(body) = body {
            request = request.header(CONTENT_TYPE, "application/json").body(body);
        }
        let reply = tokio::time::timeout(DEADLINE, async {
            let response = request.send().await.map_err(|error| Error::transport(error.without_url()))?;
            let (status, headers) = (response.status(), response.headers().clone());
            let body = net::read(response, BODY_MOST).await.map_err(|error| match error {
                BodyError::TooLong => Error::too_long(status),
                BodyError::Broken(error) => Error::transport(error),
            })?;
            let mut reply = Response::new(body);
            *reply.status_mut() = status;
            *reply.headers_mut() = headers;
            Ok(reply)
        });
        let reply = reply.await.unwrap_or_else(|_| Err(Error::timed_out()))?;
        if envelope::is_dead_key(reply.status(), reply.body()) {
            key.forget().await;
        }
        Ok(reply)
    }

    /// Sends the call, opens the provider's envelope, and reads its `data`.
    ///
    /// # Errors
    /// [`Error`]: what [`send`](Self::send) says, what the provider refused, or a reply that is not of the type.
    pub async fn fetch<T: DeserializeOwned>(self) -> Result<T, Error> {
        envelope::open(&self.send().await?)
    }
}

/// The URL of a path below the base: same origin, and no segment that climbs.
pub(crate) fn below(base: &Url, path: &str) -> Option<Url> {
    let rest = path.strip_prefix('/').filter(|rest| !rest.starts_with(['/', '\\']))?;
    let plain = path.bytes().all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'\\' | b'#'));
    let lower = rest.to_ascii_lowercase().replace("%2e", ".");
    let climbs = lower.split('?').next().is_none_or(|path| {
        path.contains("%2f") || path.contains("%5c") || path.split('/').any(|part| matches!(part, "." | ".."))
    });
    if !plain || climbs {
        return None;
    }
    let url = Url::parse(&format!("{}{path}", base.as_str().trim_end_matches('/'))).ok()?;
    (url.origin() == base.origin()).then_some(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn t45_a_path_stays_below_the_api_or_nothing_is_sent() {
        let base = Url::parse("https://api.example/v1").unwrap();
        let url = |path| below(&base, path).map(String::from);
        assert_eq!(url("/stores?Page=1").unwrap(), "https://api.example/v1/stores?Page=1");
        assert_eq!(url("/stores/a%20b").unwrap(), "https://api.example/v1/stores/a%20b");
        for path in [
            "",
            "stores",
            "https://evil.example/x",
            "//evil.example/x",
            "/\\evil.example",
            "/stores/..%2f..%2fuser",
            "/../user",
            "/stores/%2e%2e/user",
            "/stores/./x",
            "/a\tb",
            "/a b",
            "/a#b",
            "@evil.example/",
            "/é",
        ] {
            assert_eq!(url(path), None, "{path}");
        }
    }
}
