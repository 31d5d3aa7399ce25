//! Bodies of calls, also those that are too large for memory.

use super::{Error, ErrorKind};
use bytes::Bytes;
use futures_core::Stream;
use http_body_util::Limited;
use std::{
    error::Error as StdError,
    fmt, io,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use tokio::fs::File;
use tokio_util::io::ReaderStream;

/// The body of a call, or a file in a [`Form`](super::Form): bytes, a file on disk, or a stream.
///
/// Bytes and text convert into one. Files and streams pass through piece by piece, so that their length costs
/// no memory. Together with the other parts of a form, an upload has at most
/// [`upload_bytes`](crate::config::ClientLimits::upload_bytes).
///
/// | made of | sent again after a refusal by 429 or a connection that could not be opened |
/// | --- | --- |
/// | bytes, text | yes |
/// | [`from_path`](Self::from_path) | yes: opened anew for each try |
/// | [`stream`](Self::stream) | no: the refusal or the error stands |
///
/// ```
/// # async fn example(key: komerza_connect::KomerzaKey) -> Result<(), komerza_connect::Error> {
/// use http::HeaderValue;
/// use komerza_connect::api::Upload;
///
/// let csv = HeaderValue::from_static("text/csv");
/// key.put("/import").body(csv.clone(), "id,amount\n").execute().await?;
/// key.put("/import").body(csv, Upload::from_path("export.csv")).execute().await?;
/// # Ok(()) }
/// ```
#[derive(Clone)]
#[must_use]
pub struct Upload(Source);

#[derive(Clone)]
enum Source {
    Bytes(Bytes),
    Path(Arc<Path>),
    Stream(Arc<Mutex<Option<reqwest::Body>>>),
}

impl Upload {
    /// A file, which is opened when the call is sent.
    ///
    /// If it cannot be opened, the call fails with [`BadRequest`](ErrorKind::BadRequest) and the
    /// [`io::Error`] as its source. Nothing is sent.
    pub fn from_path(path: impl Into<PathBuf>) -> Self {
        Self(Source::Path(path.into().into()))
    }

    /// A stream of pieces, such as a visitor's upload that the app passes on. It can be sent once.
    ///
    /// If the stream fails, the call fails with [`Interrupted`](ErrorKind::Interrupted) and that
    /// error as a source.
    pub fn stream<S, B, E>(stream: S) -> Self
    where
        S: Stream<Item = Result<B, E>> + Send + 'static,
        B: 'static,
        Bytes: From<B>,
        E: Into<Box<dyn StdError + Send + Sync>> + 'static,
    {
        Self(Source::Stream(Arc::new(Mutex::new(Some(reqwest::Body::wrap_stream(stream))))))
    }

    /// Whether it is still whole.
    pub(super) fn can_be_sent(&self) -> bool {
        match &self.0 {
            Source::Stream(body) => lock(body).is_some(),
            Source::Bytes(_) | Source::Path(_) => true,
        }
    }

    /// The body for one try, and its length if that is known. `left` is how many bytes the try may still send.
    pub(super) async fn open(&self, left: &mut u64) -> Result<(reqwest::Body, Option<u64>), Error> {
        let bad = |error: io::Error| Error::caused_by(ErrorKind::BadRequest, error);
        let (body, length) = match &self.0 {
            Source::Bytes(bytes) => (bytes.clone().into(), u64::try_from(bytes.len()).ok()),
            Source::Path(path) => {
                let file = File::open(path).await.map_err(bad)?;
                let length = file.metadata().await.map_err(bad)?.len();
                (reqwest::Body::wrap_stream(ReaderStream::new(file)), Some(length))
            }
            Source::Stream(body) => {
                let body = lock(body).take().ok_or_else(|| bad(io::Error::other("the stream was sent before")))?;
                let most = usize::try_from(*left).unwrap_or(usize::MAX);
                (reqwest::Body::wrap(Limited::new(body, most)), None)
            }
        };
        let too_long = || bad(io::Error::other("the body is longer than the limit for uploads"));
        *left = left.checked_sub(length.unwrap_or_default()).ok_or_else(too_long)?;
        Ok((body, length))
    }
}

fn lock(body: &Mutex<Option<reqwest::Body>>) -> MutexGuard<'_, Option<reqwest::Body>> {
    body.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<T: Into<Bytes>> From<T> for Upload {
    fn from(bytes: T) -> Self {
        Self(Source::Bytes(bytes.into()))
    }
}

impl fmt::Debug for Upload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match &self.0 {
            Source::Bytes(_) => "Upload(<bytes>)",
            Source::Path(_) => "Upload(<path>)",
            Source::Stream(_) => "Upload(<stream>)",
        })
    }
}
