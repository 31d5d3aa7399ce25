//! Where the visitor goes back to after connecting, by the address that the browser asked for.

use crate::site::{checked_return, cookie::Names, fetch_metadata, stay};
use crate::{api::Visit, config::Config};
use http::{Extensions, Method, Uri, header::REFERER, request::Parts};

/// What a request says about where its visitor goes back to.
pub(super) fn visit_of(parts: &Parts, names: &Names) -> Visit {
    let (page, get) = (fetch_metadata::is_page(&parts.headers), parts.method == Method::GET);
    let may_redirect = page && get && stay::Stay::of_request(names, &parts.headers, parts.uri.query()).is_none();
    Visit {
        uri: original_uri(&parts.extensions).unwrap_or(&parts.uri).clone(),
        referer: parts.headers.get(REFERER).cloned(),
        get,
        page,
        may_redirect,
    }
}

/// The page that the browser was loading, or the page of this site whose script made the request, if it is a
/// valid return path. Else the default.
pub(super) fn path_back(config: &Config, visit: &Visit) -> String {
    let wanted = if visit.page {
        let path = visit.uri.path_and_query().map_or("/", |path| path.as_str());
        visit.get.then(|| format!("{}{path}", config.routes.prefix()))
    } else {
        let referer = visit.referer.as_ref().and_then(|referer| referer.to_str().ok());
        referer.and_then(|page| page.strip_prefix(&*config.redirect_uri.origin)).map(str::to_owned)
    };
    checked_return(config, wanted.as_deref()).without_marker(stay::MARKER).as_str().to_owned()
}

/// The whole URI, which axum keeps when `nest` strips a part of it.
#[cfg(feature = "axum")]
pub(crate) fn original_uri(extensions: &Extensions) -> Option<&Uri> {
    extensions.get::<axum::extract::OriginalUri>().map(|uri| &uri.0)
}

/// Without axum there is none.
#[cfg(not(feature = "axum"))]
pub(crate) fn original_uri(_: &Extensions) -> Option<&Uri> {
    None
}
