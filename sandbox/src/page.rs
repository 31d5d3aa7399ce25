//! The frame of the sandbox's HTML pages: escaping, style, headers. No script anywhere.

use std::sync::LazyLock;

use axum::response::{Html, IntoResponse as _, Response};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use http::{HeaderName, StatusCode, header};
use sha2::{Digest as _, Sha256};

const STYLE: &str = "\
body{margin:0;padding:1rem;background:#f2f3f7;color:#1b1d28;font:1rem/1.5 system-ui,sans-serif}\
main{max-width:30rem;margin:1rem auto;padding:1.5rem;background:#fff;border:1px solid #d9dbe6;border-radius:.75rem}\
.sandbox{max-width:30rem;margin:0 auto;padding:.5rem 1.5rem;background:#fff3cd;color:#533f03;border:1px solid #d6b656;\
border-radius:.75rem}\
h1{margin:0 0 .5rem;font-size:1.35rem;line-height:1.25}h2{font-size:1rem;margin:1.25rem 0 .25rem}\
ul{margin:.25rem 0;padding-left:1.25rem}fieldset{margin:1.25rem 0 0;padding:0;border:0}legend{padding:0;font-weight:600}\
label{display:flex;gap:.6rem;align-items:center;min-height:2.75rem}input[type=checkbox]{margin:0;width:1.25rem;height:1.25rem}\
.answers{display:flex;flex-wrap:wrap;gap:.75rem;margin-top:1.5rem}\
button{flex:1;min-height:2.75rem;padding:0 1rem;font:inherit;border:1px solid #4338ca;border-radius:.5rem;\
background:#fff;color:#3730a3;cursor:pointer}button.main{background:#4338ca;color:#fff}\
button:focus-visible,input:focus-visible,a:focus-visible{outline:3px solid #f59e0b;outline-offset:2px}\
code{overflow-wrap:anywhere}.quiet{color:#555b70;font-size:.9rem}";

static STYLE_SOURCE: LazyLock<String> =
    LazyLock::new(|| format!("'sha256-{}'", STANDARD.encode(Sha256::digest(STYLE.as_bytes()))));

/// Text for HTML content and for attribute values in double quotes.
pub(super) fn escape(text: &str) -> String {
    // The ampersand comes first, because the other replacements contain one.
    let signs = [('&', "&amp;"), ('<', "&lt;"), ('>', "&gt;"), ('"', "&quot;"), ('\'', "&#39;")];
    signs.iter().fold(text.to_owned(), |text, (sign, escaped)| text.replace(*sign, escaped))
}

/// A whole document around `content`, which is HTML already; `title` is text.
pub(super) fn document(title: &str, content: &str) -> String {
    let title = escape(title);
    format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\
<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\
<title>{title} - Komerza sandbox</title><style>{STYLE}</style></head><body>\
<aside class=\"sandbox\"><strong>Sandbox.</strong> This page comes from komerza-connect on this machine. \
It is not Komerza, and every account, store and key here is made up.</aside>\
<main>{content}</main></body></html>\n"
    )
}

/// An HTML answer. Its forms may go to the sandbox itself and, by redirect, to `form_target`.
pub(super) fn html(status: StatusCode, document: String, form_target: Option<&str>) -> Response {
    let policy = format!(
        "default-src 'none'; style-src {}; form-action 'self' {}; base-uri 'none'; frame-ancestors 'none'",
        *STYLE_SOURCE,
        form_target.unwrap_or_default()
    );
    (status, GUARDS, [(header::CONTENT_SECURITY_POLICY, policy)], Html(document)).into_response()
}

/// The headers of every answer of the dashboard.
const GUARDS: [(HeaderName, &str); 4] = [
    (header::CACHE_CONTROL, "no-store"),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::REFERRER_POLICY, "no-referrer"),
    (header::X_FRAME_OPTIONS, "DENY"),
];

/// 303 to `target`, so that the browser's POST becomes a GET and no form is sent on.
pub(super) fn see_other(target: &str) -> Response {
    (StatusCode::SEE_OTHER, GUARDS, [(header::LOCATION, target)]).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_character_with_a_meaning_in_html_is_escaped() {
        assert_eq!(escape("<a href=\"x\" b='y'>&</a>"), "&lt;a href=&quot;x&quot; b=&#39;y&#39;&gt;&amp;&lt;/a&gt;");
        assert_eq!(escape("Käse & Brot"), "Käse &amp; Brot");
    }

    #[test]
    fn a_page_allows_no_script_no_frame_and_no_cache() {
        let response = html(StatusCode::OK, document("Title", ""), Some("http://127.0.0.1:3000"));
        let policy = response.headers()[header::CONTENT_SECURITY_POLICY].to_str().unwrap();
        assert!(policy.starts_with("default-src 'none'; style-src 'sha256-"), "{policy}");
        assert!(policy.contains("form-action 'self' http://127.0.0.1:3000;"), "{policy}");
        assert!(policy.contains("frame-ancestors 'none'"), "{policy}");
        assert_eq!(response.headers()[header::CACHE_CONTROL], "no-store");
        assert_eq!(response.headers()[header::X_CONTENT_TYPE_OPTIONS], "nosniff");
    }

    #[test]
    fn a_redirect_is_always_a_303() {
        let response = see_other("http://127.0.0.1:3000/callback?code=1");
        assert_eq!(response.status(), StatusCode::SEE_OTHER);
        assert_eq!(response.headers()[header::LOCATION], "http://127.0.0.1:3000/callback?code=1");
    }
}
