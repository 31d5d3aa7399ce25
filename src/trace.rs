//! Spans for requests, without the authorization code.
//!
//! The spans that web frameworks make by default hold the whole URI of a request, and the URI of the callback
//! holds the authorization code and the state. This crate cannot change the access log of a proxy in front of
//! your app. Configure the proxy so that it logs only the path for the callback route.

use crate::layer::original_uri;
use http::Request;
use tracing::{Span, info_span};

/// Makes a span with the method and the path of a request, without its query.
///
/// Give it to tower-http's `TraceLayer`, whose default span contains the whole URI. In a nested router the
/// span has the full path too. The span is called `request`, at level INFO, with target
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
    let path = original_uri(request.extensions()).unwrap_or(request.uri()).path();
    info_span!("request", method = %request.method(), path)
}
