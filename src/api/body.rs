//! What a call sends.

use super::{Error, Form, Upload};
use http::{
    HeaderValue,
    header::{CONTENT_LENGTH, CONTENT_TYPE},
};

/// What a call sends.
#[derive(Debug, Clone)]
pub(super) enum Payload {
    Plain { content_type: HeaderValue, upload: Upload },
    Form(Form),
}

impl Payload {
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
        let mut left = most;
        match self {
            Self::Plain { content_type, upload } => {
                let (body, length) = upload.open(&mut left).await?;
                let request = request.header(CONTENT_TYPE, content_type.clone()).body(body);
                Ok(length.into_iter().fold(request, |request, length| request.header(CONTENT_LENGTH, length)))
            }
            Self::Form(form) => Ok(request.multipart(form.open(&mut left).await?)),
        }
    }
}
