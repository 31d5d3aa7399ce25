//! Replies that are too large for memory.

use super::{Error, ErrorKind};
use axum_core::body::Body;
use bytes::Bytes;
use futures_core::Stream;
use http::{HeaderMap, StatusCode};
use http_body::{Body as _, Frame};
use std::{
    fmt,
    future::Future,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};
use tokio::time::{Instant, Sleep};

/// A reply that is read in pieces. [`RequestBuilder::download`](super::RequestBuilder::download)
/// makes it.
///
/// It is a [`Stream`] of pieces. [`into_body`](Self::into_body) turns it into the body of an
/// answer. Dropping it ends the transfer.
pub struct Download {
    status: StatusCode,
    headers: HeaderMap,
    /// `None` after the end and after an error.
    body: Option<reqwest::Body>,
    left: u64,
    /// How long a piece may take, and when the next one is late.
    patience: Duration,
    late: Pin<Box<Sleep>>,
}

impl Download {
    pub(super) fn new(response: http::Response<reqwest::Body>, most: u64, patience: Duration) -> Self {
        let (parts, body) = response.into_parts();
        let late = Box::pin(tokio::time::sleep(patience));
        Self { status: parts.status, headers: parts.headers, body: Some(body), left: most, patience, late }
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

    /// Returns the next piece, or `None` at the end.
    ///
    /// # Errors
    /// [`ErrorKind::Interrupted`] if the connection breaks; the file is then incomplete.
    /// [`ErrorKind::TimedOut`] if no piece arrives within
    /// [`ClientLimits::deadline`](crate::config::ClientLimits::deadline).
    /// [`ErrorKind::ProviderFault`] if the reply is larger than allowed. After an error the stream
    /// ends.
    pub async fn chunk(&mut self) -> Result<Option<Bytes>, Error> {
        std::future::poll_fn(|task| self.poll_chunk(task)).await.transpose()
    }

    /// Returns the rest as the body of an answer.
    ///
    /// If an error occurs, the answer breaks off, so that no client takes an incomplete file for a
    /// complete one.
    pub fn into_body(self) -> Body {
        Body::new(http_body_util::StreamBody::new(Frames(self)))
    }

    fn poll_chunk(&mut self, task: &mut Context<'_>) -> Poll<Option<Result<Bytes, Error>>> {
        let piece = ready!(self.poll_piece(task));
        match &piece {
            Some(Ok(_)) => {
                let next = Instant::now().checked_add(self.patience).unwrap_or_else(Instant::now);
                self.late.as_mut().reset(next);
            }
            Some(Err(_)) | None => self.body = None,
        }
        Poll::Ready(piece)
    }

    fn poll_piece(&mut self, task: &mut Context<'_>) -> Poll<Option<Result<Bytes, Error>>> {
        let Some(body) = &mut self.body else { return Poll::Ready(None) };
        loop {
            let frame = match Pin::new(&mut *body).poll_frame(task) {
                Poll::Ready(frame) => frame,
                Poll::Pending => {
                    ready!(self.late.as_mut().poll(task));
                    return Poll::Ready(Some(Err(Error::new(ErrorKind::TimedOut).after(1, None))));
                }
            };
            let Some(frame) = frame else { return Poll::Ready(None) };
            let frame = match frame {
                Ok(frame) => frame,
                Err(error) => {
                    let error = Error::caused_by(ErrorKind::Interrupted, error.without_url());
                    return Poll::Ready(Some(Err(error.after(1, None))));
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
