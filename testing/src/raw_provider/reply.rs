//! One answer: which bytes, when, and how they are cut, dripped or held back.

use super::super::time::{self, AGES};
use super::LoggedRequest;
use bytes::Bytes;
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::{io::Write, time::Duration};
use tokio::{io::AsyncWriteExt, net::TcpStream, sync::watch, time::sleep};

/// Holds answers back until the test opens it; all clones are one gate.
#[derive(Clone)]
pub struct Gate(watch::Sender<bool>);

impl Gate {
    pub fn closed() -> Self {
        Self(watch::Sender::new(false))
    }

    pub fn open(&self) {
        self.0.send_replace(true);
    }

    async fn wait(&self) {
        self.0.subscribe().wait_for(|open| *open).await.unwrap();
    }
}

/// An answer of the provider, down to the byte and to how the connection ends.
#[derive(Clone)]
pub struct Reply {
    bytes: Bytes,
    before: Before,
    pace: Pace,
    after: After,
}

#[derive(Clone)]
enum Before {
    Nothing,
    Ages,
    Gate(Gate),
    ForEver,
    /// Not an answer yet: made when the request is known.
    Compute(Arc<dyn Fn(&LoggedRequest) -> Reply + Send + Sync>),
}

#[derive(Clone)]
enum Pace {
    AtOnce,
    /// One byte, then this long nothing.
    Trickle(Duration),
    /// The bytes once, then this block again and again.
    ThenEndlessly(Bytes),
}

#[derive(Clone)]
enum After {
    KeepAlive,
    Close,
    Reset,
    /// Say nothing more, and leave it to the client to end the connection.
    HoldOpen,
    /// The same, and no time passes by itself.
    StaySilent,
}

pub enum Delivered {
    KeepAlive,
    Done,
    /// The client went away before it had everything.
    Abandoned,
}

impl Reply {
    /// These bytes and no others, then the connection is closed.
    pub fn raw(bytes: impl Into<Bytes>) -> Self {
        Self { bytes: bytes.into(), before: Before::Nothing, pace: Pace::AtOnce, after: After::Close }
    }

    /// A well-formed answer on a connection that stays open.
    pub fn new(status: u16, content_type: &str, body: impl AsRef<[u8]>) -> Self {
        Self::with_headers(status, &[("Content-Type", content_type)], body)
    }

    /// A well-formed answer with `Content-Length` and these headers.
    pub fn with_headers(status: u16, headers: &[(&str, &str)], body: impl AsRef<[u8]>) -> Self {
        let body = body.as_ref();
        let mut bytes = head(status, headers);
        bytes.extend_from_slice(format!("Content-Length: {}\r\n\r\n", body.len()).as_bytes());
        bytes.extend_from_slice(body);
        Self { after: After::KeepAlive, ..Self::raw(bytes) }
    }

    /// JSON with this status.
    pub fn envelope(status: u16, json: &Value) -> Self {
        Self::new(status, "application/json", json.to_string())
    }

    /// Success with this key.
    pub fn key(key: &str) -> Self {
        Self::success(&json!(key))
    }

    /// Success with this value as `data`.
    pub fn success(value: &Value) -> Self {
        Self::envelope(200, &json!({ "success": true, "data": value }))
    }

    /// A refusal in the provider's envelope, by its code.
    pub fn error(status: u16, code: &str) -> Self {
        Self::envelope(status, &json!({ "success": false, "code": code, "message": "obviously fake refusal" }))
    }

    pub fn html(status: u16, text: &str) -> Self {
        Self::new(status, "text/html; charset=utf-8", format!("<!doctype html><title>{text}</title><p>{text}</p>"))
    }

    /// A 302 to this URL.
    pub fn redirect(url: &str) -> Self {
        Self::with_headers(302, &[("Location", url)], "")
    }

    /// 200 and `length` zero bytes, compressed: some thousand times smaller on the wire.
    pub fn gzip_zeros(length: usize) -> Self {
        Self::gzip(&vec![0; length])
    }

    /// 200 and these bytes, compressed.
    pub fn gzip(bytes: &[u8]) -> Self {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        encoder.write_all(bytes).unwrap();
        let headers = [("Content-Type", "application/json"), ("Content-Encoding", "gzip")];
        Self::with_headers(200, &headers, encoder.finish().unwrap())
    }

    /// 200 and a JSON string that never ends, without `Content-Length`.
    pub fn endless() -> Self {
        let mut bytes = head(200, &[("Content-Type", "application/json")]);
        bytes.extend_from_slice(b"Connection: close\r\n\r\n{\"success\":true,\"data\":\"");
        Self { pace: Pace::ThenEndlessly(Bytes::from(vec![b'a'; 16 * 1024])), ..Self::raw(bytes) }
    }

    /// As [`endless`](Self::endless), in chunks.
    pub fn endless_chunked() -> Self {
        let mut bytes = head(200, &[("Content-Type", "application/json"), ("Transfer-Encoding", "chunked")]);
        bytes.extend_from_slice(b"\r\n18\r\n{\"success\":true,\"data\":\"\r\n");
        let chunk = format!("1000\r\n{}\r\n", "a".repeat(0x1000));
        Self { pace: Pace::ThenEndlessly(Bytes::from(chunk)), ..Self::raw(bytes) }
    }

    /// No byte, for ever; ends when the client gives up. [`AGES`] pass as soon as the request is read.
    pub fn hang() -> Self {
        Self { before: Before::ForEver, ..Self::raw("") }
    }

    /// The request is read, then the connection is closed without a byte.
    pub fn close() -> Self {
        Self::raw("")
    }

    /// The request is read, then the connection is reset without a byte.
    pub fn reset() -> Self {
        Self { after: After::Reset, ..Self::raw("") }
    }

    /// An answer made from the request, such as an echo of its `Authorization`.
    pub fn from_fn(answer: impl Fn(&LoggedRequest) -> Self + Send + Sync + 'static) -> Self {
        Self { before: Before::Compute(Arc::new(answer)), ..Self::raw("") }
    }

    /// Adds a header to a well-formed answer.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        let line_end =
            self.bytes.windows(2).position(|two| two == b"\r\n").expect("a status line to put it behind") + 2;
        let added = format!("{name}: {value}\r\n");
        self.bytes = [&self.bytes[..line_end], added.as_bytes(), &self.bytes[line_end..]].concat().into();
        self
    }

    /// The first byte comes when [`AGES`] have passed. The clock is moved, so no real time is needed.
    pub fn late(self) -> Self {
        Self { before: Before::Ages, ..self }
    }

    /// The first byte comes when the gate is opened.
    pub fn held_by(self, gate: &Gate) -> Self {
        Self { before: Before::Gate(gate.clone()), ..self }
    }

    /// One byte at a time, this long apart by tokio's clock. The clock is moved, so no real time is needed.
    pub fn trickled(self, apart: Duration) -> Self {
        Self { pace: Pace::Trickle(apart), ..self }
    }

    /// Only the first `n` bytes, head included; then the connection is closed.
    pub fn cut_after(self, n: usize) -> Self {
        Self { bytes: self.bytes.slice(..n.min(self.bytes.len())), after: After::Close, ..self }
    }

    /// Closes the connection afterwards, without announcing it.
    pub fn closing(self) -> Self {
        Self { after: After::Close, ..self }
    }

    /// Resets the connection afterwards.
    pub fn resetting(self) -> Self {
        Self { after: After::Reset, ..self }
    }

    /// Sends its bytes, then nothing more, and does not close the connection. [`AGES`] pass as soon as it is
    /// sent.
    pub fn then_hanging(self) -> Self {
        Self { after: After::HoldOpen, ..self }
    }

    /// As [`then_hanging`](Self::then_hanging), but the test says when time passes.
    pub fn then_silent(self) -> Self {
        Self { after: After::StaySilent, ..self }
    }

    /// Number of bytes, head included: the range of [`cut_after`](Self::cut_after).
    pub fn length(&self) -> usize {
        self.bytes.len()
    }

    pub fn for_request(self, request: &LoggedRequest) -> Self {
        match &self.before {
            Before::Compute(answer) => answer(request).for_request(request),
            _ => self,
        }
    }

    pub async fn deliver(self, stream: &mut TcpStream, written: &AtomicU64) -> Delivered {
        let waited = tokio::select! {
            biased;
            () = self.before.wait() => true,
            () = gone(stream) => false,
        };
        if !waited || self.write(stream, written).await.is_err() {
            return Delivered::Abandoned;
        }
        match self.after {
            After::KeepAlive => Delivered::KeepAlive,
            After::Close => Delivered::Done,
            After::Reset => {
                let _already_gone = stream.set_zero_linger();
                Delivered::Done
            }
            After::HoldOpen => {
                tokio::select! {
                    () = time::hang_far_away() => {}
                    () = gone(stream) => {}
                }
                Delivered::Abandoned
            }
            After::StaySilent => {
                gone(stream).await;
                Delivered::Abandoned
            }
        }
    }

    async fn write(&self, stream: &mut TcpStream, written: &AtomicU64) -> std::io::Result<()> {
        let pieces = match self.pace {
            Pace::Trickle(_) => self.bytes.chunks(1),
            _ => self.bytes.chunks(self.bytes.len().max(1)),
        };
        for piece in pieces {
            stream.write_all(piece).await?;
            written.fetch_add(piece.len() as u64, Ordering::SeqCst);
            if let Pace::Trickle(apart) = self.pace {
                time::pass(apart);
                tokio::task::yield_now().await;
            }
        }
        if let Pace::ThenEndlessly(block) = &self.pace {
            loop {
                stream.write_all(block).await?;
                written.fetch_add(block.len() as u64, Ordering::SeqCst);
            }
        }
        Ok(())
    }
}

impl Before {
    async fn wait(&self) {
        match self {
            Self::Nothing | Self::Compute(_) => {}
            Self::Ages => {
                time::pass(AGES);
                // Whoever has waited too long gives up before the answer comes.
                for _ in 0..10 {
                    tokio::task::yield_now().await;
                }
            }
            Self::Gate(gate) => gate.wait().await,
            Self::ForEver => time::hang_far_away().await,
        }
    }
}

/// Returns when the client has closed its side. Bytes it sends meanwhile stay unread.
async fn gone(stream: &TcpStream) {
    let mut byte = [0];
    while let Ok(1..) = stream.peek(&mut byte).await {
        // Something is there to read, so `peek` would return at once; look again after a while.
        sleep(Duration::from_millis(5)).await;
    }
}

fn head(status: u16, headers: &[(&str, &str)]) -> Vec<u8> {
    let status = http::StatusCode::from_u16(status).expect("a status of three digits");
    let mut head = format!("HTTP/1.1 {} {}\r\n", status.as_str(), status.canonical_reason().unwrap_or("Unnamed"));
    for (name, value) in headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    head.into_bytes()
}
