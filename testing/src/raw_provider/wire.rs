//! One request, read off the socket by the byte.

use bytes::{Bytes, BytesMut};
use percent_encoding::percent_decode_str;
use tokio::{io::AsyncReadExt, net::TcpStream};

/// More than any client under test sends; beyond it the connection is ended.
const LONGEST_REQUEST: usize = 1024 * 1024;

/// A request as it came over the wire.
#[derive(Clone, Debug)]
pub struct LoggedRequest {
    /// Number of the connection, from 1, in the order in which connections were accepted.
    pub connection: usize,
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
        if let Some(request) = whole_request(buffer, connection) {
            let _ = buffer.split_to(request.raw.len());
            return Read::Request(request);
        }
        let read = stream.read_buf(buffer).await;
        if !matches!(read, Ok(1..)) || buffer.len() > LONGEST_REQUEST {
            return Read::Ended(buffer.split().freeze());
        }
    }
}

/// The request that these bytes begin with; `None` while something is missing.
fn whole_request(bytes: &[u8], connection: usize) -> Option<LoggedRequest> {
    let mut lines = [httparse::EMPTY_HEADER; 64];
    let mut head = httparse::Request::new(&mut lines);
    // What is no request at all, such as a TLS greeting, never becomes one.
    let Ok(httparse::Status::Complete(start)) = head.parse(bytes) else { return None };
    let headers = head.headers.iter().map(|line| (line.name.to_owned(), line.value.trim_ascii().to_vec()));
    let headers: Vec<_> = headers.collect();
    let value = |name: &str| headers.iter().find(|(sent, _)| sent.eq_ignore_ascii_case(name)).map(|(_, value)| value);
    let (body, end) = if value("transfer-encoding").is_some_and(|value| value.eq_ignore_ascii_case(b"chunked")) {
        chunks(bytes, start)?
    } else {
        let length = value("content-length").map_or(0, |value| std::str::from_utf8(value).unwrap().parse().unwrap());
        (bytes.get(start..start + length)?.to_vec(), start + length)
    };
    let (method, target) = (head.method?.to_owned(), head.path?.to_owned());
    let raw = Bytes::copy_from_slice(&bytes[..end]);
    Some(LoggedRequest { connection, raw, method, target, headers, body: body.into() })
}

/// The decoded body that begins there, and its end on the wire. Trailers are not expected of the clients under test.
fn chunks(bytes: &[u8], mut at: usize) -> Option<(Vec<u8>, usize)> {
    let mut body = Vec::new();
    loop {
        let httparse::Status::Complete((line, size)) = httparse::parse_chunk_size(&bytes[at..]).unwrap() else {
            return None;
        };
        let (start, end) = (at + line, at + line + usize::try_from(size).unwrap());
        body.extend_from_slice(bytes.get(start..end)?);
        at = end + 2;
        if bytes.len() < at {
            return None;
        }
        if size == 0 {
            return Some((body, at));
        }
    }
}
