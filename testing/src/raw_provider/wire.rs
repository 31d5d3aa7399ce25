//! One request, read off the socket by the byte.

use bytes::{Bytes, BytesMut};
use percent_encoding::percent_decode_str;
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;

/// More than any client under test sends; beyond it the connection is ended.
const LONGEST_REQUEST: usize = 1024 * 1024;

/// A request as it came over the wire.
#[derive(Clone, Debug)]
pub struct LoggedRequest {
    /// Number of the connection, from 1, in the order in which connections were accepted.
    pub connection: usize,
    /// When the last byte of the request was read.
    /// Head and body, to the byte.
    pub raw: Bytes,
    pub method: String,
    /// The request target exactly as sent: path and query, nothing decoded.
    pub target: String,
    /// In the order sent; names as they were written, values without surrounding blanks.
    pub headers: Vec<(String, Vec<u8>)>,
    /// Decoded when it came in chunks.
    pub body: Bytes,
}

impl LoggedRequest {
    /// The target without its query.
    pub fn path(&self) -> &str {
        self.target.split_once('?').map_or(self.target.as_str(), |(path, _)| path)
    }

    pub fn query(&self) -> Option<&str> {
        self.target.split_once('?').map(|(_, query)| query)
    }

    /// The only value of this header. Panics if it was sent twice, since no test means that.
    pub fn header(&self, name: &str) -> Option<&str> {
        let values = self.header_values(name);
        assert!(values.len() <= 1, "{name} was sent {} times", values.len());
        values.first().map(|value| std::str::from_utf8(value).unwrap())
    }

    pub fn header_values(&self, name: &str) -> Vec<&[u8]> {
        self.headers.iter().filter(|(sent, _)| sent.eq_ignore_ascii_case(name)).map(|(_, value)| &value[..]).collect()
    }

    /// For `…/oauth2/{appId}/exchange/{code}`: the code, decoded. The path must have exactly these segments at its end.
    pub fn code(&self) -> Option<Vec<u8>> {
        let mut from_the_end = self.path().rsplit('/');
        let code = from_the_end.next()?;
        let word = from_the_end.next()?;
        let _app_id = from_the_end.next()?;
        let root = from_the_end.next()?;
        (word == "exchange" && root == "oauth2").then(|| percent_decode_str(code).collect())
    }
}

pub enum Read {
    Request(LoggedRequest),
    /// The connection ended; what had come of the next request.
    Ended(Bytes),
}

/// Reads until one request is whole; what came behind it stays in `buffer`.
pub async fn read_request(stream: &mut TcpStream, buffer: &mut BytesMut, connection: usize) -> Read {
    loop {
        if let Some((head, body, length)) = whole_request(buffer) {
            let raw = buffer.split_to(length).freeze();
            return Read::Request(parse(raw, head, body, connection));
        }
        let read = stream.read_buf(buffer).await;
        if !matches!(read, Ok(1..)) || buffer.len() > LONGEST_REQUEST {
            return Read::Ended(buffer.split().freeze());
        }
    }
}

/// Length of the head, the decoded body, and length of both on the wire; `None` while something is missing.
fn whole_request(bytes: &[u8]) -> Option<(usize, Bytes, usize)> {
    let head = find(bytes, b"\r\n\r\n")? + 4;
    let headers = headers(&bytes[..head]);
    let value = |name: &str| headers.iter().find(|(sent, _)| sent.eq_ignore_ascii_case(name)).map(|(_, value)| value);
    if value("transfer-encoding").is_some_and(|value| value.eq_ignore_ascii_case(b"chunked")) {
        let (body, length) = chunks(&bytes[head..])?;
        return Some((head, body.into(), head + length));
    }
    let length = value("content-length").map_or(0, |value| std::str::from_utf8(value).unwrap().parse().unwrap());
    let body = bytes.get(head..head + length)?;
    Some((head, Bytes::copy_from_slice(body), head + length))
}

/// The decoded body and its length on the wire. Trailers are not expected of the clients under test.
fn chunks(bytes: &[u8]) -> Option<(Vec<u8>, usize)> {
    let mut body = Vec::new();
    let mut at = 0;
    loop {
        let line = find(&bytes[at..], b"\r\n")?;
        let size = std::str::from_utf8(&bytes[at..at + line]).unwrap();
        let size = usize::from_str_radix(size.split(';').next().unwrap().trim(), 16).unwrap();
        at += line + 2;
        body.extend_from_slice(bytes.get(at..at + size)?);
        at += size + 2;
        if bytes.len() < at {
            return None;
        }
        if size == 0 {
            return Some((body, at));
        }
    }
}

fn parse(raw: Bytes, head: usize, body: Bytes, connection: usize) -> LoggedRequest {
    let line = raw.split(|byte| *byte == b'\r').next().unwrap_or_default();
    let line = String::from_utf8_lossy(line);
    let mut words = line.splitn(3, ' ');
    let mut word = || words.next().unwrap_or_default().to_owned();
    let (method, target) = (word(), word());
    let headers = headers(&raw[..head]);
    LoggedRequest { connection, method, target, headers, body, raw }
}

fn headers(head: &[u8]) -> Vec<(String, Vec<u8>)> {
    head.split(|byte| *byte == b'\n')
        .skip(1)
        .filter_map(|line| {
            let colon = line.iter().position(|byte| *byte == b':')?;
            let name = String::from_utf8_lossy(&line[..colon]).into_owned();
            Some((name, line[colon + 1..].trim_ascii().to_vec()))
        })
        .collect()
}

fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack.windows(needle.len()).position(|window| window == needle)
}
