//! Replies that are too large for memory.

use super::{Error, ErrorKind};
use axum_core::body::Body;
use bytes::Bytes;
use http::{HeaderMap, StatusCode, response::Parts};
use http_body::Frame;
use http_body_util::{BodyExt, LengthLimitError, Limited, combinators::BoxBody};
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
/// [`chunk`](Self::chunk) returns one piece after the other. [`into_body`](Self::into_body) turns it into the
/// body of an answer. Dropping it ends the transfer.
pub struct Download {
    status: StatusCode,
    headers: HeaderMap,
    /// `None` after the end and after an error.
    body: Option<BoxBody<Bytes, Error>>,
    /// How long a piece may take, and when the next one is late.
    patience: Duration,
    late: Pin<Box<Sleep>>,
}

impl Download {
    pub(super) fn new(parts: Parts, body: reqwest::Body, most: u64, patience: Duration) -> Self {
        let Parts { status, headers, .. } = parts;
        let most = usize::try_from(most).unwrap_or(usize::MAX);
        let body = Limited::new(body.map_err(reqwest::Error::without_url), most).map_err(move |error| {
            let error = match error.downcast::<LengthLimitError>() {
                Ok(_) => Error::too_long(status),
                Err(error) => Error::caused_by(ErrorKind::Interrupted, error),
            };
            error.after(1, None)
        });
        let late = Box::pin(tokio::time::sleep(patience));
        Self { status, headers, body: Some(body.boxed()), patience, late }
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
    /// [`ErrorKind::ProviderFault`] if the reply is larger than allowed. After an error the download
    /// ends.
    pub async fn chunk(&mut self) -> Result<Option<Bytes>, Error> {
        while let Some(frame) = self.frame().await {
            if let Ok(piece) = frame?.into_data() {
                return Ok(Some(piece));
            }
        }
        Ok(None)
    }

    /// Returns the rest as the body of an answer.
    ///
    /// If an error occurs, the answer breaks off, so that no client takes an incomplete file for a
    /// complete one.
    pub fn into_body(self) -> Body {
        Body::new(self)
    }
}

impl http_body::Body for Download {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(mut self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        let Some(body) = &mut self.body else { return Poll::Ready(None) };
        let frame = match Pin::new(body).poll_frame(task) {
            Poll::Ready(frame) => frame,
            Poll::Pending => {
                ready!(self.late.as_mut().poll(task));
                Some(Err(Error::new(ErrorKind::TimedOut).after(1, None)))
            }
        };
        if let Some(Ok(_)) = frame {
            let next = Instant::now().checked_add(self.patience).unwrap_or_else(Instant::now);
            self.late.as_mut().reset(next);
        } else {
            self.body = None;
        }
        Poll::Ready(frame)
    }
}

impl fmt::Debug for Download {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Download").field("status", &self.status).finish_non_exhaustive()
    }
}
