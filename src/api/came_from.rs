//! The request that a key was taken from: where a user who has to connect again should end up.

use crate::{
    context::Context,
    layer::{rejection, service::original_uri},
    site::{fetch_metadata, login_url},
};
use http::{Method, Uri, request::Parts};

/// Cheap to keep: the URI shares its text with the request.
#[derive(Clone)]
pub(crate) struct CameFrom {
    uri: Uri,
    /// A GET, so that its path can be gone back to.
    get: bool,
    page: bool,
}

impl CameFrom {
    pub(crate) fn new(parts: &Parts) -> Self {
        let uri = original_uri(&parts.extensions).unwrap_or(&parts.uri).clone();
        Self { uri, get: parts.method == Method::GET, page: fetch_metadata::is_page(&parts.headers) }
    }

    /// Whether a browser is loading a page, so that it can be sent elsewhere.
    pub(super) fn is_page(&self) -> bool {
        self.page && self.get
    }

    /// The login that leads back.
    pub(super) fn login_url(&self, context: &Context) -> String {
        let wanted = rejection::path_back(context, self.get, self.uri.path(), self.uri.query());
        login_url(&context.config.routes.login, &wanted)
    }
}
