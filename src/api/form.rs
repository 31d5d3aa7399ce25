//! Forms with files.

use super::{Error, ErrorKind, Upload, upload::Budget};
use reqwest::multipart;

/// A form with files, sent as `multipart/form-data`.
///
/// ```
/// use komerza_connect::api::{Form, Upload};
///
/// let form = Form::new()
///     .text("caption", "Front")
///     .file("file", "front.png", "image/png", &b"\x89PNG"[..])
///     .file("file", "back.png", "image/png", Upload::from_path("back.png"));
/// assert_eq!(form.size(), None, "the file on disk is not opened yet");
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
    file: Option<File>,
    upload: Upload,
}

#[derive(Debug, Clone)]
struct File {
    name: String,
    content_type: String,
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
        let file = File { name: file_name.into(), content_type: content_type.into() };
        self.part(name.into(), Some(file), content.into())
    }

    fn part(mut self, name: String, file: Option<File>, upload: Upload) -> Self {
        self.parts.push(Part { name, file, upload });
        self
    }

    /// The length of the values together, in bytes; `None` when that of a file or stream is not known yet.
    #[must_use]
    pub fn size(&self) -> Option<u64> {
        self.parts.iter().try_fold(0_u64, |sum, part| Some(sum.saturating_add(part.upload.size()?)))
    }

    pub(super) fn known_size(&self) -> u64 {
        self.parts.iter().filter_map(|part| part.upload.size()).fold(0, u64::saturating_add)
    }

    pub(super) fn can_be_sent(&self) -> bool {
        self.parts.iter().all(|part| part.upload.can_be_sent())
    }

    /// The form as the HTTP client takes it, anew for each try. All values share the budget.
    pub(super) async fn open(&self, budget: &Budget) -> Result<multipart::Form, Error> {
        let mut form = multipart::Form::new();
        for Part { name, file, upload } in &self.parts {
            let opened = upload.open(budget).await?;
            let mut part = match opened.length() {
                Some(length) => multipart::Part::stream_with_length(opened.into_body(), length),
                None => multipart::Part::stream(opened.into_body()),
            };
            if let Some(File { name, content_type }) = file {
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
