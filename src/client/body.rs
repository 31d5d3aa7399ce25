//! Bodies of calls: what is sent, and replies that are too long for memory.

use super::{Error, ErrorKind};
use axum_core::body::Body;
use bytes::{Bytes, BytesMut};
use futures_core::Stream;
use http::{HeaderMap, HeaderValue, StatusCode};
use http_body::{Body as _, Frame};
use http_body_util::BodyExt;
use std::{
    fmt,
    pin::Pin,
    task::{Context, Poll, ready},
};

/// What a call sends.
#[derive(Debug, Clone)]
pub(super) enum Payload {
    Bytes { content_type: HeaderValue, bytes: Bytes },
    Form(Form),
}

/// A form with files, sent as `multipart/form-data`.
///
/// ```
/// use komerza_connect::Form;
///
/// let form = Form::new().text("caption", "Front").file("file", "front.png", "image/png", &b"\x89PNG"[..]);
/// assert_eq!(form.size(), 9);
/// ```
///
/// The parts are kept in memory (cheaply: cloned bytes share it), so that a refused upload can be sent again.
#[derive(Debug, Clone, Default)]
#[must_use]
pub struct Form {
    parts: Vec<Part>,
}

#[derive(Clone)]
struct Part {
    name: String,
    file: Option<(String, String)>,
    bytes: Bytes,
}

impl Form {
    /// A form without fields.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a text field.
    pub fn text(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.parts.push(Part { name: name.into(), file: None, bytes: Bytes::from(value.into()) });
        self
    }

    /// Adds a file. A content type that is none makes the call a [`BadRequest`](super::ErrorKind::BadRequest).
    pub fn file(
        mut self,
        name: impl Into<String>,
        file_name: impl Into<String>,
        content_type: impl Into<String>,
        bytes: impl Into<Bytes>,
    ) -> Self {
        let file = Some((file_name.into(), content_type.into()));
        self.parts.push(Part { name: name.into(), file, bytes: bytes.into() });
        self
    }

    /// The length of the values together, in bytes.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.parts.iter().map(|part| u64::try_from(part.bytes.len()).unwrap_or(u64::MAX)).fold(0, u64::saturating_add)
    }

    /// The form as the HTTP client takes it, anew for each try.
    pub(super) fn build(&self) -> Result<reqwest::multipart::Form, Error> {
        self.parts.iter().try_fold(reqwest::multipart::Form::new(), |form, part| {
            let length = u64::try_from(part.bytes.len()).unwrap_or(u64::MAX);
            let mut built = reqwest::multipart::Part::stream_with_length(part.bytes.clone(), length);
            if let Some((file_name, content_type)) = &part.file {
                built = built
                    .file_name(file_name.clone())
                    .mime_str(content_type)
                    .map_err(|error| Error::caused_by(ErrorKind::BadRequest, error))?;
            }
            Ok(form.part(part.name.clone(), built))
        })
    }
}

impl fmt::Debug for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Part").field("name", &self.name).field("bytes", &self.bytes.len()).finish_non_exhaustive()
    }
}

impl Payload {
    pub(super) fn size(&self) -> u64 {
        match self {
            Self::Bytes { bytes, .. } => u64::try_from(bytes.len()).unwrap_or(u64::MAX),
            Self::Form(form) => form.size(),
        }
    }
}

/// Why a body was not read to its end.
#[derive(Debug)]
pub(super) enum Unread {
    TooLong,
    Broken(reqwest::Error),
}

/// Reads a body of at most `most` bytes; counts while reading, so that an endless one costs no more.
pub(super) async fn read(mut body: reqwest::Body, most: usize) -> Result<Bytes, Unread> {
    let mut first: Option<Bytes> = None;
    let mut whole = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let Ok(chunk) = frame.map_err(|error| Unread::Broken(error.without_url()))?.into_data() else { continue };
        let read = first.as_ref().map_or(0, Bytes::len).saturating_add(whole.len());
        if read.saturating_add(chunk.len()) > most {
            return Err(Unread::TooLong);
        }
        match first.take() {
            // Mostly a reply is one chunk, which need not be copied.
            None if whole.is_empty() => first = Some(chunk),
            None => whole.extend_from_slice(&chunk),
            Some(earlier) => {
                whole.reserve(earlier.len().saturating_add(chunk.len()));
                whole.extend_from_slice(&earlier);
                whole.extend_from_slice(&chunk);
            }
        }
    }
    Ok(first.unwrap_or_else(|| whole.freeze()))
}

/// A reply that is read piece by piece; made by [`RequestBuilder::download`](super::RequestBuilder::download).
///
/// It is a [`Stream`] of pieces, and becomes a body of an answer by [`into_body`](Self::into_body). Dropping it ends the
/// transfer.
pub struct Download {
    status: StatusCode,
    headers: HeaderMap,
    body: reqwest::Body,
    left: u64,
}

impl Download {
    pub(super) fn new(response: http::Response<reqwest::Body>, most: u64) -> Self {
        let (parts, body) = response.into_parts();
        Self { status: parts.status, headers: parts.headers, body, left: most }
    }

    /// The status, always a success.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// The headers of the reply.
    #[must_use]
    pub fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// The next piece; `None` at the end.
    ///
    /// # Errors
    /// [`ErrorKind::Interrupted`] when the connection breaks: the file is not whole. [`ErrorKind::ProviderFault`] when it is longer
    /// than was allowed.
    pub async fn chunk(&mut self) -> Result<Option<Bytes>, Error> {
        std::future::poll_fn(|task| self.poll_chunk(task)).await.transpose()
    }

    /// The rest as the body of an answer; an error breaks that answer off, so that nobody takes half a file for a whole one.
    pub fn into_body(self) -> Body {
        Body::new(http_body_util::StreamBody::new(Frames(self)))
    }

    fn poll_chunk(&mut self, task: &mut Context<'_>) -> Poll<Option<Result<Bytes, Error>>> {
        loop {
            let Some(frame) = ready!(Pin::new(&mut self.body).poll_frame(task)) else { return Poll::Ready(None) };
            let frame = match frame {
                Ok(frame) => frame,
                Err(error) => {
                    return Poll::Ready(Some(Err(Error::caused_by(ErrorKind::Interrupted, error.without_url()))));
                }
            };
            let Ok(chunk) = frame.into_data() else { continue };
            let length = u64::try_from(chunk.len()).unwrap_or(u64::MAX);
            let Some(left) = self.left.checked_sub(length) else {
                return Poll::Ready(Some(Err(Error::unreadable(self.status, Bytes::new(), "the reply is too long"))));
            };
            self.left = left;
            return Poll::Ready(Some(Ok(chunk)));
        }
    }
}

impl Stream for Download {
    type Item = Result<Bytes, Error>;

    fn poll_next(self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.get_mut().poll_chunk(task)
    }
}

struct Frames(Download);

impl Stream for Frames {
    type Item = Result<Frame<Bytes>, Error>;

    fn poll_next(mut self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.poll_chunk(task).map(|chunk| chunk.map(|chunk| chunk.map(Frame::data)))
    }
}

impl fmt::Debug for Download {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Download").field("status", &self.status).field("left", &self.left).finish_non_exhaustive()
    }
}
