//! The requests that the sandbox received, for tests that count and compare them.

use std::sync::{Mutex, PoisonError};
use std::{collections::VecDeque, fmt, time::SystemTime};

use bytes::Bytes;
use http::{HeaderMap, Method, StatusCode};

/// The part of the sandbox that a request was for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Part {
    /// The dashboard's pages: consent, revoke.
    Dashboard,
    /// The exchange of a code for a key.
    Exchange,
    /// Every other call of the API.
    Api,
}

impl Part {
    /// Only the path decides.
    pub(super) fn of(path: &str) -> Self {
        match path.trim_start_matches('/').split('/').next() {
            Some("oauth2") => Self::Exchange,
            Some("" | "auth" | "revoke") | None => Self::Dashboard,
            Some(_) => Self::Api,
        }
    }
}

/// A request as it arrived, and the status that it got.
///
/// It holds secrets as they were sent; `Debug` leaves out the values of headers, the query and the code in the
/// path.
#[derive(Clone)]
#[non_exhaustive]
pub struct RecordedRequest {
    /// Position in the order of arrival, from 0.
    pub number: u64,
    /// When its head and body had been read, by the sandbox's clock.
    pub at: SystemTime,
    /// The part of the sandbox that it was for.
    pub part: Part,
    /// The method.
    pub method: Method,
    /// The path as it was sent, still percent-encoded.
    pub path: String,
    /// The query as it was sent, without the question mark.
    pub query: Option<String>,
    /// All header fields.
    pub headers: HeaderMap,
    /// The body, at most its first 64 KiB.
    pub body: Bytes,
    /// The status of the answer; `None` while there is none, or when the connection was closed instead.
    pub status: Option<StatusCode>,
}

/// The number of bytes of a body that are kept.
pub(super) const BODY_KEPT: usize = 64 * 1024;

impl RecordedRequest {
    /// A header's value as text; `None` when it is absent or not visible ASCII.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}

impl fmt::Debug for RecordedRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = match self.part {
            Part::Exchange => self.path.rsplit_once('/').map_or("", |(before, _)| before),
            _ => &self.path,
        };
        f.debug_struct("RecordedRequest")
            .field("number", &self.number)
            .field("part", &self.part)
            .field("method", &self.method)
            .field("path", &path)
            .field("headers", &self.headers.keys().collect::<Vec<_>>())
            .field("body_length", &self.body.len())
            .field("status", &self.status)
            .finish_non_exhaustive()
    }
}

/// The last requests, up to a limit.
pub(super) struct RequestLog {
    kept: Mutex<Kept>,
    limit: usize,
}

#[derive(Default)]
struct Kept {
    requests: VecDeque<RecordedRequest>,
    arrived: u64,
    exchanges: u64,
}

impl RequestLog {
    pub(super) fn new(limit: usize) -> Self {
        Self { kept: Mutex::default(), limit }
    }

    fn kept<T>(&self, act: impl FnOnce(&mut Kept) -> T) -> T {
        act(&mut self.kept.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Gives the request its number and keeps it; the oldest one goes when there are too many.
    pub(super) fn push(&self, request: &mut RecordedRequest) {
        self.kept(|kept| {
            request.number = kept.arrived;
            kept.arrived = kept.arrived.saturating_add(1);
            if request.part == Part::Exchange {
                kept.exchanges = kept.exchanges.saturating_add(1);
            }
            kept.requests.push_back(request.clone());
            while kept.requests.len() > self.limit {
                kept.requests.pop_front();
            }
        });
    }

    pub(super) fn answered(&self, number: u64, status: StatusCode) {
        self.kept(|kept| {
            let found = kept.requests.binary_search_by_key(&number, |request| request.number);
            if let Some(request) = found.ok().and_then(|place| kept.requests.get_mut(place)) {
                request.status = Some(status);
            }
        });
    }

    pub(super) fn all(&self) -> Vec<RecordedRequest> {
        self.kept(|kept| kept.requests.iter().cloned().collect())
    }

    /// How many requests arrived, and how many of them were exchanges. Counts also the requests that are no
    /// longer kept.
    pub(super) fn counts(&self) -> (u64, u64) {
        self.kept(|kept| (kept.arrived, kept.exchanges))
    }

    pub(super) fn clear(&self) {
        self.kept(|kept| kept.requests.clear());
    }
}

#[cfg(test)]
mod tests {
    use std::time::UNIX_EPOCH;

    use super::*;

    fn request(path: &str) -> RecordedRequest {
        let mut headers = HeaderMap::new();
        headers.insert("x-client-secret", "obviously-fake-secret".parse().unwrap());
        RecordedRequest {
            number: 0,
            at: UNIX_EPOCH,
            part: Part::of(path),
            method: Method::GET,
            path: path.to_owned(),
            query: Some("state=obviously-fake-state".to_owned()),
            headers,
            body: Bytes::new(),
            status: None,
        }
    }

    #[test]
    fn paths_belong_to_the_dashboard_the_exchange_or_the_api() {
        for (path, part) in [
            ("/", Part::Dashboard),
            ("/auth/authorize", Part::Dashboard),
            ("/revoke", Part::Dashboard),
            ("/oauth2/app/exchange/code", Part::Exchange),
            ("/user", Part::Api),
            ("/stores/1/products", Part::Api),
        ] {
            assert_eq!(Part::of(path), part, "{path}");
        }
    }

    #[test]
    fn the_log_keeps_the_last_requests_and_counts_all() {
        let log = RequestLog::new(2);
        for path in ["/oauth2/a/exchange/b", "/user", "/stores"] {
            log.push(&mut request(path));
        }
        let paths: Vec<_> = log.all().into_iter().map(|request| request.path).collect();
        assert_eq!(paths, ["/user", "/stores"]);
        assert_eq!(log.counts(), (3, 1));
    }

    #[test]
    fn the_status_goes_to_its_request_even_when_older_ones_are_gone() {
        let log = RequestLog::new(2);
        for path in ["/1", "/2", "/3"] {
            log.push(&mut request(path));
        }
        log.answered(0, StatusCode::OK);
        log.answered(2, StatusCode::NOT_FOUND);
        let statuses: Vec<_> = log.all().into_iter().map(|request| request.status).collect();
        assert_eq!(statuses, [None, Some(StatusCode::NOT_FOUND)]);
    }

    #[test]
    fn debug_shows_no_secret_code_or_state() {
        let shown = format!("{:?}", request("/oauth2/app/exchange/obviously-fake-code"));
        assert!(!shown.contains("obviously-fake"), "{shown}");
        assert!(shown.contains("x-client-secret"));
    }
}
