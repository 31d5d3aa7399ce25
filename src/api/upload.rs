//! Bodies of calls, also those that are too large for memory.

use super::{Error, ErrorKind};
use bytes::Bytes;
use futures_core::Stream;
use http_body::{Frame, SizeHint};
use std::{
    error::Error as StdError,
    fmt, io,
    path::{Path, PathBuf},
    pin::Pin,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    task::{Context, Poll, ready},
};
use tokio::fs::File;
use tokio_util::io::ReaderStream;

type BoxError = Box<dyn StdError + Send + Sync>;
type Pieces = Pin<Box<dyn Stream<Item = Result<Bytes, BoxError>> + Send>>;
/// Taken when the first piece is read.
type Once = Arc<Mutex<Option<Pieces>>>;

/// The body of a call, or a file in a [`Form`](super::Form): bytes, a file on disk, or a stream.
///
/// Bytes and text convert into one. Files and streams pass through piece by piece, so that their length costs
/// no memory; all together have at most [`upload_bytes`](crate::config::ClientLimits::upload_bytes).
///
/// | made of | sent again after a refusal by 429 or a connection that could not be opened |
/// | --- | --- |
/// | bytes, text | yes |
/// | [`from_path`](Self::from_path) | yes: opened anew for each try |
/// | [`stream`](Self::stream) | only while nothing has been read of it; otherwise the refusal stands |
///
/// ```
/// use komerza_connect::api::Upload;
///
/// assert_eq!(Upload::from("id,amount\n").size(), Some(10));
/// assert_eq!(Upload::from_path("export.csv").size(), None);
/// ```
#[derive(Clone)]
#[must_use]
pub struct Upload {
    source: Source,
}

#[derive(Clone)]
enum Source {
    Bytes(Bytes),
    Path(Arc<Path>),
    Stream { pieces: Once, length: Option<u64> },
}

impl Upload {
    /// A file, which is opened when the call is sent.
    ///
    /// If it cannot be opened, the call fails with [`BadRequest`](ErrorKind::BadRequest) and the
    /// [`io::Error`] as its source. Nothing is sent.
    pub fn from_path(path: impl Into<PathBuf>) -> Self {
        Self { source: Source::Path(path.into().into()) }
    }

    /// A stream of pieces, such as a visitor's upload that the app passes on. It can be sent once.
    ///
    /// If the stream fails, the call fails with [`Interrupted`](ErrorKind::Interrupted) and that
    /// error as a source. If you know the length, set it with [`length`](Self::length).
    pub fn stream<S, B, E>(stream: S) -> Self
    where
        S: Stream<Item = Result<B, E>> + Send + 'static,
        B: Into<Bytes>,
        E: Into<BoxError>,
    {
        Self { source: Source::Stream { pieces: once(stream), length: None } }
    }

    /// Sets the number of bytes of a stream, which Komerza then gets too.
    ///
    /// If the stream has more or fewer bytes, the call fails with
    /// [`BadRequest`](ErrorKind::BadRequest) during sending. It has no effect on bytes and files.
    pub fn length(mut self, bytes: u64) -> Self {
        if let Source::Stream { length, .. } = &mut self.source {
            *length = Some(bytes);
        }
        self
    }

    /// The length in bytes, as far as it is known before the call is sent.
    #[must_use]
    pub fn size(&self) -> Option<u64> {
        match &self.source {
            Source::Bytes(bytes) => Some(length_of(bytes)),
            Source::Path(_) => None,
            Source::Stream { length, .. } => *length,
        }
    }

    pub(super) fn can_be_sent(&self) -> bool {
        match &self.source {
            Source::Stream { pieces, .. } => pieces.lock().unwrap_or_else(PoisonError::into_inner).is_some(),
            Source::Bytes(_) | Source::Path(_) => true,
        }
    }

    pub(super) async fn open(&self, budget: &Budget) -> Result<Opened, Error> {
        let bad = |error: io::Error| Error::caused_by(ErrorKind::BadRequest, error);
        let (content, length) = match &self.source {
            Source::Bytes(bytes) => (Content::Bytes(bytes.clone()), Some(length_of(bytes))),
            Source::Path(path) => {
                let file = File::open(path).await.map_err(bad)?;
                let length = file.metadata().await.map_err(bad)?.len();
                (Content::Stream(once(ReaderStream::new(file))), Some(length))
            }
            Source::Stream { pieces, length } => (Content::Stream(Arc::clone(pieces)), *length),
        };
        // A known length is charged at once, an unknown one piece by piece.
        if !budget.charge(length.unwrap_or_default()) {
            return Err(Error::caused_by(ErrorKind::BadRequest, Unfit::TooLong));
        }
        Ok(Opened { content, length, budget: budget.clone() })
    }
}

fn once<S, B, E>(stream: S) -> Once
where
    S: Stream<Item = Result<B, E>> + Send + 'static,
    B: Into<Bytes>,
    E: Into<BoxError>,
{
    Arc::new(Mutex::new(Some(Box::pin(Converted { stream: Box::pin(stream) }))))
}

fn length_of(bytes: &Bytes) -> u64 {
    u64::try_from(bytes.len()).unwrap_or(u64::MAX)
}

impl<T: Into<Bytes>> From<T> for Upload {
    fn from(bytes: T) -> Self {
        Self { source: Source::Bytes(bytes.into()) }
    }
}

impl fmt::Debug for Upload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let source = match &self.source {
            Source::Bytes(_) => "bytes",
            Source::Path(_) => "path",
            Source::Stream { .. } => "stream",
        };
        f.debug_struct("Upload").field("source", &source).field("size", &self.size()).finish()
    }
}

/// How many bytes one try may still send.
#[derive(Clone)]
pub(super) struct Budget(Arc<AtomicU64>);

impl Budget {
    pub(super) fn of(bytes: u64) -> Self {
        Self(Arc::new(AtomicU64::new(bytes)))
    }

    fn charge(&self, bytes: u64) -> bool {
        self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(bytes)).is_ok()
    }
}

/// Why a body cannot be sent: a mistake of the caller, found before or during sending.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unfit {
    TooLong,
    OtherLength,
}

impl Unfit {
    /// Whether it is what an error of the HTTP client comes from.
    pub(super) fn behind(error: &(dyn StdError + 'static)) -> Option<Self> {
        let mut cause = Some(error);
        while let Some(error) = cause {
            if let Some(unfit) = error.downcast_ref() {
                return Some(*unfit);
            }
            cause = error.source();
        }
        None
    }
}

impl fmt::Display for Unfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TooLong => "the body is longer than the limit for uploads",
            Self::OtherLength => "the body has not the length that was told",
        })
    }
}

impl StdError for Unfit {}

/// The body of one attempt.
pub(super) struct Opened {
    content: Content,
    length: Option<u64>,
    budget: Budget,
}

enum Content {
    Bytes(Bytes),
    Stream(Once),
}

impl Opened {
    pub(super) fn length(&self) -> Option<u64> {
        self.length
    }

    pub(super) fn into_body(self) -> reqwest::Body {
        match self.content {
            Content::Bytes(bytes) => bytes.into(),
            Content::Stream(source) => reqwest::Body::wrap(Outgoing {
                source,
                pieces: Mutex::new(None),
                left: self.length,
                budget: self.budget,
            }),
        }
    }
}

/// A stream as a body that counts.
struct Outgoing {
    source: Once,
    /// Never locked: a body has to be `Sync`, which streams need not be.
    pieces: Mutex<Option<Pieces>>,
    left: Option<u64>,
    budget: Budget,
}

impl http_body::Body for Outgoing {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let this = self.get_mut();
        let pieces = this.pieces.get_mut().unwrap_or_else(PoisonError::into_inner);
        if pieces.is_none() {
            *pieces = this.source.lock().unwrap_or_else(PoisonError::into_inner).take();
        }
        let Some(pieces) = pieces else { return Poll::Ready(Some(Err(Unfit::OtherLength.into()))) };
        let Some(piece) = ready!(pieces.as_mut().poll_next(task)) else {
            let short = this.left.is_some_and(|left| left > 0);
            return Poll::Ready(short.then(|| Err(Unfit::OtherLength.into())));
        };
        let piece = piece?;
        let length = length_of(&piece);
        match &mut this.left {
            Some(left) => match left.checked_sub(length) {
                Some(rest) => *left = rest,
                None => return Poll::Ready(Some(Err(Unfit::OtherLength.into()))),
            },
            None if !this.budget.charge(length) => return Poll::Ready(Some(Err(Unfit::TooLong.into()))),
            None => {}
        }
        Poll::Ready(Some(Ok(Frame::data(piece))))
    }

    fn size_hint(&self) -> SizeHint {
        self.left.map_or_else(SizeHint::default, SizeHint::with_exact)
    }
}

/// A stream with our types of pieces and errors.
struct Converted<S> {
    stream: Pin<Box<S>>,
}

impl<S, B, E> Stream for Converted<S>
where
    S: Stream<Item = Result<B, E>>,
    B: Into<Bytes>,
    E: Into<BoxError>,
{
    type Item = Result<Bytes, BoxError>;

    fn poll_next(mut self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.stream.as_mut().poll_next(task).map(|piece| piece.map(|piece| piece.map(Into::into).map_err(Into::into)))
    }
}
