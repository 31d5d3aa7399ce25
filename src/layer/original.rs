//! The address that the browser asked for.

/// The whole URI, where axum's `nest` has stripped its part.
#[cfg(feature = "axum")]
pub(crate) fn original_uri(extensions: &http::Extensions) -> Option<&http::Uri> {
    extensions.get::<axum::extract::OriginalUri>().map(|uri| &uri.0)
}

/// Without axum nobody keeps it.
#[cfg(not(feature = "axum"))]
pub(crate) fn original_uri(_: &http::Extensions) -> Option<&http::Uri> {
    None
}

/// The path of the [`original_uri`].
pub(crate) fn original_path(extensions: &http::Extensions) -> Option<&str> {
    original_uri(extensions).map(http::Uri::path)
}
