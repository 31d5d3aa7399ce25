//! The pages of this crate. They use plain English and no scripts, load nothing but the app's style sheet,
//! if there is one, and suit phones and screen readers.

use base64::{Engine, prelude::BASE64_STANDARD};
use sha2::{Digest, Sha256};
use std::sync::LazyLock;

const STYLE: &str = "\
:root{color-scheme:light dark}\
body{font:1.125rem/1.5 system-ui,sans-serif;max-width:34rem;margin:12vh auto 2rem;padding:0 1.25rem}\
h1{font-size:1.5rem;line-height:1.25}\
a.button{display:inline-block;font-weight:600;padding:.6rem 1.2rem;border:2px solid transparent;border-radius:.5rem;\
background:#1a56db;color:#fff;text-decoration:none}\
a.button:focus-visible{outline:3px solid CanvasText;outline-offset:3px}\
small{opacity:.75}";

/// The hash of the style sheet, for the content security policy.
pub(crate) static STYLE_HASH: LazyLock<String> =
    LazyLock::new(|| format!("sha256-{}", BASE64_STANDARD.encode(Sha256::digest(STYLE))));

/// What an app adds to the pages.
#[derive(Debug, Clone, Default)]
pub(crate) struct Look {
    /// The name that visitors know the app by.
    pub(crate) app_name: Option<String>,
    /// The path of a style sheet on this site.
    pub(crate) style_sheet: Option<String>,
}

/// A page: a heading, what happened, what to do next.
#[derive(Default)]
pub(crate) struct Page<'a> {
    pub(crate) title: &'a str,
    pub(crate) paragraphs: Vec<String>,
    /// A link that looks like a button: its text and its target. A form would not do: its `form-action` binds
    /// every redirect that follows, also those of other sites.
    pub(crate) link: Option<(&'a str, String)>,
    /// Whether the browser loads this address again, at once.
    pub(crate) load_again: bool,
    /// The reference that visitors give to support.
    pub(crate) support: Option<String>,
}

impl Page<'_> {
    pub(crate) fn render(&self, look: &Look) -> String {
        let around = |before: &str, text: Option<&str>, after: &str| {
            text.map_or(String::new(), |text| format!("{before}{}{after}", escaped(text)))
        };
        let (title, app) = (escaped(self.title), look.app_name.as_deref());
        let head = if self.load_again { "<meta http-equiv=\"refresh\" content=\"0\">" } else { "" };
        let name = around(" \u{2013} ", app, "");
        let style_sheet = around("<link rel=\"stylesheet\" href=\"", look.style_sheet.as_deref(), "\">");
        let app = around("<p class=\"app\">", app, "</p>\n");
        let paragraphs: String = self.paragraphs.iter().map(|text| around("<p>", Some(text), "</p>\n")).collect();
        let link = self.link.as_ref().map_or(String::new(), |(text, target)| {
            format!("<p><a class=\"button\" href=\"{}\">{}</a></p>\n", escaped(target), escaped(text))
        });
        let support =
            around("<p><small>Reference for support: <code>", self.support.as_deref(), "</code></small></p>\n");
        format!(
            "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">{head}\
             <title>{title}{name}</title><style>{STYLE}</style>{style_sheet}</head>\n\
             <body><main>\n{app}<h1>{title}</h1>\n{paragraphs}{link}{support}</main></body></html>\n"
        )
    }
}

/// Text as HTML text or as an attribute's value between double quotes.
fn escaped(text: &str) -> String {
    // The ampersand first, because the others bring one.
    [('&', "&amp;"), ('<', "&lt;"), ('>', "&gt;"), ('"', "&quot;"), ('\'', "&#39;")]
        .into_iter()
        .fold(text.to_owned(), |text, (letter, entity)| text.replace(letter, entity))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn t26_what_a_page_is_given_is_text_and_never_markup() {
        let evil = "<script>alert(1)</script>\"'&";
        let page = Page {
            title: evil,
            paragraphs: vec![evil.into()],
            link: Some((evil, evil.into())),
            load_again: true,
            support: Some(evil.into()),
        };
        let html = page.render(&Look { app_name: Some(evil.into()), style_sheet: Some(evil.into()) });
        assert!(!html.contains("<script"), "{html}");
        assert_eq!(html.matches("&lt;script&gt;alert(1)&lt;/script&gt;&quot;&#39;&amp;").count(), 9);
    }

    #[test]
    fn the_style_sheet_holds_nothing_that_would_end_it_or_load_something() {
        assert!(!STYLE.contains('<') && !STYLE.contains("url(") && !STYLE.contains("@import"));
    }
}
