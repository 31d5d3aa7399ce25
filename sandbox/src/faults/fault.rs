//! All faults that a test can inject.

use std::{io::Write as _, time::Duration};

use bytes::Bytes;
use flate2::{Compression, write::GzEncoder};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use serde_json::json;

/// Something that goes wrong at the provider, or on the way to it.
///
/// Unless said otherwise the request has no effect: no code is spent, no token taken, nothing changed. With
/// [`after_effect`](Self::after_effect) the request is carried out first, and only its answer is lost or
/// replaced.
#[derive(Debug, Clone)]
#[must_use = "a fault does nothing until it is injected"]
pub struct Fault {
    pub(super) kind: Kind,
    pub(super) after_effect: bool,
}

#[derive(Debug, Clone)]
pub(super) enum Kind {
    Latency(Duration),
    Hang,
    CloseOnAccept,
    Close,
    Truncate,
    Trickle(Duration),
    Reply(Scripted),
}

/// An answer in place of the real one.
#[derive(Debug, Clone)]
pub(super) struct Scripted {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
    /// Whether the body is sent again and again, without an end.
    pub(super) endless: bool,
}

/// What an endless body repeats.
const ENDLESS_PIECE: usize = 16 * 1024;

impl Fault {
    fn of(kind: Kind) -> Self {
        Self { kind, after_effect: false }
    }

    fn scripted(status: StatusCode, content_type: &'static str, body: impl Into<Bytes>) -> Self {
        let headers = HeaderMap::from_iter([(header::CONTENT_TYPE, HeaderValue::from_static(content_type))]);
        Self::of(Kind::Reply(Scripted { status, headers, body: body.into(), endless: false }))
    }

    /// Waits, by the sandbox's clock, and then goes on as usual. Several latencies add up. A latency also
    /// delays another fault of the same request.
    pub fn latency(wait: Duration) -> Self {
        Self::of(Kind::Latency(wait))
    }

    /// Reads the request and never answers; the connection stays open.
    pub fn hang() -> Self {
        Self::of(Kind::Hang)
    }

    /// Accepts a connection and closes it without reading anything.
    ///
    /// At this point there is no request yet. So the rule ignores its target, and counts connections instead
    /// of requests.
    pub fn close_before_reading() -> Self {
        Self::of(Kind::CloseOnAccept)
    }

    /// Reads the request and closes the connection without an answer.
    pub fn close_after_reading() -> Self {
        Self::of(Kind::Close)
    }

    /// Carries the request out and closes the connection instead of answering.
    pub fn lose_reply() -> Self {
        Self::close_after_reading().after_effect()
    }

    /// Carries the request out, sends the head and the first half of the body, and closes the connection.
    pub fn truncate() -> Self {
        Self::of(Kind::Truncate).after_effect()
    }

    /// Carries the request out and sends the body one byte per interval, by the sandbox's clock.
    pub fn trickle(interval: Duration) -> Self {
        Self::of(Kind::Trickle(interval)).after_effect()
    }

    /// Answers with a status and an error in the provider's envelope, without a `code`.
    pub fn status(status: StatusCode) -> Self {
        let body = json!({ "success": false, "message": "A fault of the sandbox.", "code": null, "data": null });
        Self::scripted(status, "application/json", body.to_string())
    }

    /// Answers with a status and an error in the provider's envelope.
    pub fn error(status: StatusCode, code: &str) -> Self {
        let body = json!({ "success": false, "message": "A fault of the sandbox.", "code": code, "data": null });
        Self::scripted(status, "application/json", body.to_string())
    }

    /// Answers with a status and no body, as a gateway in between may.
    pub fn bare_status(status: StatusCode) -> Self {
        Self::scripted(status, "text/plain", Bytes::new())
    }

    /// Answers with a status and an HTML page, as edge networks do.
    pub fn html(status: StatusCode) -> Self {
        let page =
            format!("<!doctype html><html><head><title>{status}</title></head><body><h1>{status}</h1></body></html>");
        Self::scripted(status, "text/html; charset=utf-8", page)
    }

    /// Answers 200 with `success: false` and this code.
    pub fn refused_as_ok(code: &str) -> Self {
        Self::error(StatusCode::OK, code)
    }

    /// Answers 200 with text that begins like an envelope and is no JSON.
    pub fn malformed_json() -> Self {
        Self::scripted(StatusCode::OK, "application/json", r#"{"success":true,"data":"obviously-fa"#)
    }

    /// Answers 200 with a well-formed envelope whose `data` is a text of this many bytes.
    pub fn oversized(bytes: usize) -> Self {
        let body = json!({ "success": true, "message": null, "code": null, "data": "x".repeat(bytes) });
        Self::scripted(StatusCode::OK, "application/json", body.to_string())
    }

    /// Answers 200 with a body that never ends, as fast as it is read.
    pub fn endless() -> Self {
        let mut fault = Self::scripted(StatusCode::OK, "application/json", vec![b' '; ENDLESS_PIECE]);
        if let Kind::Reply(reply) = &mut fault.kind {
            reply.endless = true;
        }
        fault
    }

    /// Answers 302 to this place, which must be visible ASCII; anything else becomes an empty `Location`.
    pub fn redirect(location: &str) -> Self {
        let location = HeaderValue::try_from(location).unwrap_or_else(|_| HeaderValue::from_static(""));
        Self::bare_status(StatusCode::FOUND).header(header::LOCATION, location)
    }

    /// Answers 200 with `Content-Encoding: gzip` and a small body that unpacks to this many bytes.
    pub fn gzip_bomb(bytes: usize) -> Self {
        let fault = Self::scripted(StatusCode::OK, "application/json", gzipped_spaces(bytes));
        fault.header(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"))
    }

    /// Answers with exactly this; add headers with [`header`](Self::header).
    pub fn reply(status: StatusCode, body: impl Into<Bytes>) -> Self {
        Self::scripted(status, "application/json", body)
    }

    /// Sets a header of the answer, `Retry-After` for example. A fault that has no answer of its own ignores
    /// it.
    pub fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        if let Kind::Reply(reply) = &mut self.kind {
            reply.headers.insert(name, value);
        }
        self
    }

    /// Carries the request out first, so that its effect is there although its answer is lost.
    ///
    /// A [`latency`](Self::latency) then delays the answer instead of the request. `after_effect` has no
    /// effect on [`close_before_reading`](Self::close_before_reading).
    pub fn after_effect(mut self) -> Self {
        self.after_effect = true;
        self
    }
}

/// Writing to memory does not fail. If it did, the result would be empty.
fn gzipped_spaces(bytes: usize) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    let piece = [b' '; ENDLESS_PIECE];
    let mut left = bytes;
    while let Some(part) = piece.get(..left.min(piece.len())).filter(|part| !part.is_empty()) {
        if encoder.write_all(part).is_err() {
            break;
        }
        left = left.saturating_sub(part.len());
    }
    encoder.finish().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use super::*;

    fn scripted(fault: Fault) -> Scripted {
        match fault.kind {
            Kind::Reply(reply) => reply,
            other => panic!("{other:?} answers nothing"),
        }
    }

    #[test]
    fn a_gzip_bomb_is_small_and_unpacks_to_the_size_asked_for() {
        let reply = scripted(Fault::gzip_bomb(1_000_000));
        assert_eq!(reply.headers[header::CONTENT_ENCODING], "gzip");
        assert!(reply.body.len() < 5_000, "{}", reply.body.len());
        let mut unpacked = Vec::new();
        flate2::read::GzDecoder::new(&*reply.body).read_to_end(&mut unpacked).unwrap();
        assert_eq!(unpacked.len(), 1_000_000);
    }

    #[test]
    fn an_oversized_reply_is_json_and_a_malformed_one_is_not() {
        let body = scripted(Fault::oversized(100_000)).body;
        let envelope: serde_json::Value = serde_json::from_slice(&body).unwrap();
        assert_eq!(envelope["data"].as_str().unwrap().len(), 100_000);
        assert!(serde_json::from_slice::<serde_json::Value>(&scripted(Fault::malformed_json()).body).is_err());
    }

    #[test]
    fn a_redirect_and_extra_headers_are_sent_as_given() {
        let reply =
            scripted(Fault::redirect("http://127.0.0.1:9/x").header(header::RETRY_AFTER, "soon".parse().unwrap()));
        assert_eq!(
            (reply.status, &reply.headers[header::LOCATION]),
            (StatusCode::FOUND, &"http://127.0.0.1:9/x".parse().unwrap())
        );
        assert_eq!(reply.headers[header::RETRY_AFTER], "soon");
    }
}
