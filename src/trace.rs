//! Spans for requests that contain no authorization code.
//!
//! The spans that web frameworks make by default hold the whole URI of a request, and the URI of the callback
//! holds the authorization code and the state. What an access log of a proxy in front writes is not in this
//! crate's hands: let it log the path alone for the callback route.

use crate::layer::original_path;
use http::Request;
use tracing::{Span, info_span};

/// Makes a span of a request's method and path; nothing of its query.
///
/// Goes into tower-http's `TraceLayer` in place of its own, which writes the whole URI. The path is the whole
/// one, also in a nested router. The span is called `request`, at level INFO, with target
/// `komerza_connect::trace`.
///
/// ```
/// use axum::{Router, routing::get};
/// use komerza_connect::trace::path_only_span;
/// use tower_http::trace::TraceLayer;
///
/// let app: Router = Router::new()
///     .route("/", get(|| async { "home" }))
///     .layer(TraceLayer::new_for_http().make_span_with(path_only_span));
/// ```
///
/// # Source
/// RFC 9700, section 4.3: credentials in request logs.
pub fn path_only_span<B>(request: &Request<B>) -> Span {
    let path = original_path(request.extensions()).unwrap_or_else(|| request.uri().path());
    info_span!("request", method = %request.method(), path)
}
