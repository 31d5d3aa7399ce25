//! What a call sends.

use super::{Error, Form, Upload, upload::Budget};
use http::{HeaderValue, header::CONTENT_TYPE};

/// What a call sends.
#[derive(Debug, Clone)]
pub(super) enum Payload {
    Plain { content_type: HeaderValue, upload: Upload },
    Form(Form),
}

impl Payload {
    /// The length, if it is known before anything is opened.
    pub(super) fn known_size(&self) -> u64 {
        match self {
            Self::Plain { upload, .. } => upload.size().unwrap_or_default(),
            Self::Form(form) => form.known_size(),
        }
    }

    /// Whether it can still be sent from its start: a stream can be read only once.
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
