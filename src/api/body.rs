//! What a call sends: bytes, or a form with files.

use super::{Error, ErrorKind};
use bytes::Bytes;
use http::HeaderValue;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use reqwest::multipart;

/// The body of a call. It is in memory, so that every try sends it whole. A clone shares it.
#[derive(Clone)]
pub(super) enum Payload {
    Plain(HeaderValue, Bytes),
    Form(Form),
}

impl Payload {
    pub(super) fn check_length(&self, most: u64) -> Result<(), Error> {
        let length = match self {
            Self::Plain(_, content) => content.len(),
            Self::Form(form) => form.parts.iter().fold(0, |sum: usize, part| sum.saturating_add(part.content.len())),
        };
        if u64::try_from(length).is_ok_and(|length| length > most) {
            return Err(Error::caused_by(ErrorKind::BadRequest, "the body is longer than the limit for uploads"));
        }
        Ok(())
    }

    pub(super) fn put_into(&self, request: reqwest::RequestBuilder) -> Result<reqwest::RequestBuilder, Error> {
        match self {
            // For an empty body hyper sends no length, and some proxies then answer 411.
            Self::Plain(kind, content) => Ok(request
                .header(CONTENT_TYPE, kind.clone())
                .header(CONTENT_LENGTH, content.len())
                .body(content.clone())),
            Self::Form(form) => Ok(request.multipart(form.open()?)),
        }
    }
}

/// A form with files, sent as `multipart/form-data`.
///
/// ```
/// use komerza_connect::api::Form;
///
/// # async fn example(key: komerza_connect::KomerzaKey) -> Result<(), Box<dyn std::error::Error>> {
/// let form = Form::new()
///     .text("caption", "Front")
///     .file("image", "front.png", "image/png", tokio::fs::read("front.png").await?);
/// key.patch("/stores/s/products/p/images").multipart(form).execute().await?;
/// # Ok(()) }
/// ```
///
/// It is kept in memory, where clones share it. All its parts together have at most
/// [`upload_bytes`](crate::config::ClientLimits::upload_bytes).
#[derive(Clone, Default)]
#[must_use]
pub struct Form {
    parts: Vec<Part>,
}

#[derive(Clone)]
struct Part {
    name: String,
    /// The name and the content type of a file.
    file: Option<(String, String)>,
    content: Bytes,
}

impl Form {
    /// A form without fields.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a text field.
    pub fn text(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.parts.push(Part { name: name.into(), file: None, content: value.into().into() });
        self
    }

    /// Adds a file. If the content type is not valid, the call fails with
    /// [`BadRequest`](ErrorKind::BadRequest).
    pub fn file(
        mut self,
        name: impl Into<String>,
        file_name: impl Into<String>,
        content_type: impl Into<String>,
        content: impl Into<Bytes>,
    ) -> Self {
        let file = Some((file_name.into(), content_type.into()));
        self.parts.push(Part { name: name.into(), file, content: content.into() });
        self
    }

    /// The form as the HTTP client takes it.
    fn open(&self) -> Result<multipart::Form, Error> {
        self.parts.iter().try_fold(multipart::Form::new(), |form, Part { name, file, content }| {
            let mut part = multipart::Part::stream(content.clone());
            if let Some((name, content_type)) = file {
                let typed = part.file_name(name.clone()).mime_str(content_type);
                part = typed.map_err(|error| Error::caused_by(ErrorKind::BadRequest, error))?;
            }
            Ok(form.part(name.clone(), part))
        })
    }
}

crate::kinds::shows! { Form {} }
