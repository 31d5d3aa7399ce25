//! Replies that are too large for memory.

use super::{Error, ErrorKind, connections::Try};
use bytes::Bytes;
use http::{HeaderMap, StatusCode, response::Parts};
use http_body_util::{BodyExt, Limited};
use std::time::Duration;
use tokio::time::{Instant, timeout_at};

/// A reply that is read in pieces by [`chunk`](Self::chunk).
/// [`RequestBuilder::download`](super::RequestBuilder::download) makes it. Dropping it ends the transfer.
pub struct Download {
    status: StatusCode,
    headers: HeaderMap,
    /// `None` after the end and after an error.
    body: Option<Limited<reqwest::Body>>,
    /// `None` once a piece was late.
    connection: Option<Try>,
    /// How long a piece may take.
    patience: Duration,
    /// When the next piece is late. `None`: never.
    late: Option<Instant>,
}

impl Download {
    pub(super) fn new(parts: Parts, (body, connection): (reqwest::Body, Try), most: u64, patience: Duration) -> Self {
        let Parts { status, headers, .. } = parts;
        let body = Some(Limited::new(body, usize::try_from(most).unwrap_or(usize::MAX)));
        Self {
            status,
            headers,
            body,
            connection: Some(connection),
            patience,
            late: Instant::now().checked_add(patience),
        }
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
        let Some(body) = &mut self.body else { return Ok(None) };
        let error = loop {
            let frame = match self.late {
                // A caller that stops waiting for a piece and asks again does not gain time.
                Some(late) => timeout_at(late, body.frame()).await,
                None => Ok(body.frame().await),
            };
            match frame {
                Ok(Some(Ok(frame))) => {
                    self.late = Instant::now().checked_add(self.patience);
                    if let Ok(piece) = frame.into_data() {
                        return Ok(Some(piece));
                    }
                }
                Ok(Some(Err(error))) => match error.downcast::<reqwest::Error>() {
                    Ok(error) => break Error::caused_by(ErrorKind::Interrupted, error.without_url()),
                    Err(_) => break Error::too_long(self.status),
                },
                Ok(None) => {
                    self.body = None;
                    return Ok(None);
                }
                Err(_) => {
                    drop(self.connection.take().map(|connection| connection.ended(false)));
                    break Error::new(ErrorKind::TimedOut);
                }
            }
        };
        self.body = None;
        Err(error.after(1, None))
    }
}

crate::kinds::shows! { Download { status } }
