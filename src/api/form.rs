//! Forms with files.

use super::{Error, ErrorKind, Upload};
use reqwest::multipart;

/// A form with files, sent as `multipart/form-data`.
///
/// ```
/// use komerza_connect::api::{Form, Upload};
///
/// # async fn example(key: komerza_connect::KomerzaKey) -> Result<(), komerza_connect::Error> {
/// let form = Form::new()
///     .text("caption", "Front")
///     .file("file", "front.png", "image/png", &b"\x89PNG"[..])
///     .file("file", "back.png", "image/png", Upload::from_path("back.png"));
/// key.patch("/stores/s/products/p/images").multipart(form).execute().await?;
/// # Ok(()) }
/// ```
///
/// What is in memory stays there, cheaply (cloned bytes share it); files and streams pass through piece by
/// piece. See [`Upload`] for what can be sent again after a refusal.
#[derive(Debug, Clone, Default)]
#[must_use]
pub struct Form {
    parts: Vec<Part>,
}

#[derive(Debug, Clone)]
struct Part {
    name: String,
    /// The name and the content type of a file.
    file: Option<(String, String)>,
    upload: Upload,
}

impl Form {
    /// A form without fields.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a text field.
    pub fn text(self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.part(name.into(), None, Upload::from(value.into()))
    }

    /// Adds a file: bytes, or anything else that an [`Upload`] is made of. A content type that is none makes
    /// the call a [`BadRequest`](ErrorKind::BadRequest).
    pub fn file(
        self,
        name: impl Into<String>,
        file_name: impl Into<String>,
        content_type: impl Into<String>,
        content: impl Into<Upload>,
    ) -> Self {
        self.part(name.into(), Some((file_name.into(), content_type.into())), content.into())
    }

    fn part(mut self, name: String, file: Option<(String, String)>, upload: Upload) -> Self {
        self.parts.push(Part { name, file, upload });
        self
    }

    pub(super) fn can_be_sent(&self) -> bool {
        self.parts.iter().all(|part| part.upload.can_be_sent())
    }

    /// The form as the HTTP client takes it, anew for each try. `left` is how many bytes the try may still send.
    pub(super) async fn open(&self, left: &mut u64) -> Result<multipart::Form, Error> {
        let mut form = multipart::Form::new();
        for Part { name, file, upload } in &self.parts {
            let mut part = match upload.open(left).await? {
                (body, Some(length)) => multipart::Part::stream_with_length(body, length),
                (body, None) => multipart::Part::stream(body),
            };
            if let Some((name, content_type)) = file {
                part = part
                    .file_name(name.clone())
                    .mime_str(content_type)
                    .map_err(|error| Error::caused_by(ErrorKind::BadRequest, error))?;
            }
            form = form.part(name.clone(), part);
        }
        Ok(form)
    }
}
