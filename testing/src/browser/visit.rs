//! What came of a load: every answer on the way.

use super::cookie::Refused;
use bytes::Bytes;
use http::{HeaderMap, Method, Response, StatusCode, header};
use url::Url;

/// One request and its answer.
#[derive(Clone, Debug)]
pub struct Hop {
    pub method: Method,
    pub url: Url,
    /// As sent, cookies included.
    pub request_headers: HeaderMap,
    pub response: Response<Bytes>,
    /// Why the browser refused `Set-Cookie` lines, one reason for each.
    pub refused_cookies: Vec<Refused>,
}

impl Hop {
    pub fn status(&self) -> u16 {
        self.response.status().as_u16()
    }

    /// The only value of this header of the answer. Panics when it came twice or is not ASCII.
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut values = self.response.headers().get_all(name).iter();
        let value = values.next().map(|value| value.to_str().unwrap());
        assert!(values.next().is_none(), "{name} came twice");
        value
    }

    /// `Location` as it was sent.
    pub fn location(&self) -> Option<&str> {
        self.header("location")
    }

    /// `Set-Cookie`, line by line.
    pub fn set_cookies(&self) -> Vec<String> {
        let lines = self.response.headers().get_all(header::SET_COOKIE);
        lines.iter().map(|line| String::from_utf8_lossy(line.as_bytes()).into_owned()).collect()
    }

    pub fn body(&self) -> &Bytes {
        self.response.body()
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(self.body()).into_owned()
    }

    /// Panics when the body is not JSON.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(self.body()).unwrap_or_else(|_| panic!("not JSON: {}", self.text()))
    }

    /// A header of the request as sent. Panics when it was sent twice.
    pub fn sent(&self, name: &str) -> Option<&str> {
        let mut values = self.request_headers.get_all(name).iter();
        let value = values.next().map(|value| value.to_str().unwrap());
        assert!(values.next().is_none(), "{name} was sent twice");
        value
    }

    /// One parameter of the query of the URL that this redirect leads to, decoded.
    pub fn location_parameter(&self, name: &str) -> Option<String> {
        let url = self.url.join(self.location()?).ok()?;
        url.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
    }

    /// Where the answer sends the browser, if it is a redirect.
    pub fn redirect(&self) -> Option<Url> {
        let status = self.response.status();
        let redirects = [
            StatusCode::MOVED_PERMANENTLY,
            StatusCode::FOUND,
            StatusCode::SEE_OTHER,
            StatusCode::TEMPORARY_REDIRECT,
            StatusCode::PERMANENT_REDIRECT,
        ];
        let location = self.response.headers().get(header::LOCATION).filter(|_| redirects.contains(&status))?;
        let mut next = self.url.join(&String::from_utf8_lossy(location.as_bytes())).ok()?;
        if next.fragment().is_none() {
            next.set_fragment(self.url.fragment());
        }
        Some(next)
    }
}

/// A load with all its redirects; never empty.
#[derive(Clone, Debug)]
pub struct Visit {
    pub hops: Vec<Hop>,
    /// The redirect that was not followed: no server is known there, or the load was to stop.
    pub stopped_before: Option<Url>,
}

impl Visit {
    /// The answer to the request itself.
    pub fn first(&self) -> &Hop {
        self.hops.first().expect("a visit has a first answer")
    }

    /// The answer the user sees.
    pub fn last(&self) -> &Hop {
        self.hops.last().expect("a visit has a last answer")
    }

    /// Statuses in order.
    pub fn statuses(&self) -> Vec<u16> {
        self.hops.iter().map(Hop::status).collect()
    }
}
