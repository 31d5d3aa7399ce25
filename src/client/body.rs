//! Bodies of calls: what is sent, and how replies are read.

use super::{Error, Form, Upload, upload::Budget};
use bytes::{Bytes, BytesMut};
use http::{HeaderValue, header::CONTENT_TYPE};
use http_body_util::BodyExt;

/// What a call sends.
#[derive(Debug, Clone)]
pub(super) enum Payload {
    Plain { content_type: HeaderValue, upload: Upload },
    Form(Form),
}

impl Payload {
    /// As far as it is known before anything is opened.
    pub(super) fn known_size(&self) -> u64 {
        match self {
            Self::Plain { upload, .. } => upload.size().unwrap_or_default(),
            Self::Form(form) => form.known_size(),
        }
    }

    /// Whether it is still whole: a stream of the caller's can be read once.
    pub(super) fn can_be_sent(&self) -> bool {
        match self {
            Self::Plain { upload, .. } => upload.can_be_sent(),
            Self::Form(form) => form.can_be_sent(),
        }
    }

    /// Puts it into a request: at most `most` bytes, files opened anew for each try.
    pub(super) async fn put_into(
        &self,
        request: reqwest::RequestBuilder,
        most: u64,
    ) -> Result<reqwest::RequestBuilder, Error> {
        match self {
            Self::Plain { content_type, upload } => {
                let body = upload.open(&Budget::of(most)).await?.into_body();
                Ok(request.header(CONTENT_TYPE, content_type.clone()).body(body))
            }
            Self::Form(form) => Ok(request.multipart(form.open(&Budget::of(most)).await?)),
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
