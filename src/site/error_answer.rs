//! The answer of a handler that returns an [`Error`].

use super::{answer::Answer, page::Page, visitor};
use crate::api::{Error, ErrorKind};
use crate::provider::KEY_BUCKET;
use axum_core::{body::Body, response::IntoResponse};
use http::Response;

impl Error {
    /// The answer, for stacks without axum; see [`Error`]. A browser that loads a page gets a page, if the
    /// handler asked for the key; programs get a problem document.
    ///
    /// | kind | status |
    /// | --- | --- |
    /// | key revoked | 303 to the login for a page navigation, 401 with `login_url` for programs and right after a refusal or a disconnect |
    /// | access denied, login, second factor, verification or upgrade required | 403 |
    /// | not found, conflict, validation, not enough funds | 404, 409, 400, 402 |
    /// | unavailable, upload failed, refused otherwise | 422 |
    /// | too many calls | 503 with `Retry-After` |
    /// | no reply in time | 504 |
    /// | unreachable, interrupted, blocked, provider fault, unexpected reply | 502 |
    /// | the call was not well-formed | 500 |
    #[must_use]
    pub fn into_response(self) -> Response<Body> {
        let reconnect = self.reconnect();
        let page = visitor::asked().filter(|asked| asked.page);
        let (kind, status) = (self.kind(), self.kind().status());
        let answer = match (reconnect.filter(|reconnect| reconnect.may_redirect), page) {
            (Some(reconnect), _) => Answer::see_other(&reconnect.url),
            (None, Some(asked)) => Answer::page(status, &self.page(asked.get), &asked.look),
            (None, None) => {
                let scope = self.needed_scope().map(|scope| scope.to_string());
                let login = reconnect.map(|reconnect| &*reconnect.url);
                Answer::problem(status, [kind.title(), kind.code()], login, [("needed_scope", scope)])
            }
        };
        // Without it a client would come back at once.
        let wait = self.retry_after().unwrap_or(KEY_BUCKET.period);
        let wait = (kind == ErrorKind::RateLimited).then_some(wait);
        let mut response = answer.for_handler(wait);
        response.extensions_mut().insert(self);
        response
    }

    /// What a person reads.
    fn page(&self, may_load_again: bool) -> Page<'static> {
        let lacks = self.needed_scope().map(|scope| format!("This needs the permission {scope}."));
        let (title, text) = match self.kind() {
            ErrorKind::KeyRevoked => ("You are not connected any more.", "Connect to Komerza again."),
            ErrorKind::AccessDenied => (
                "Komerza does not allow this.",
                "The app may lack a permission, or you may not do this in this store. Connect again to approve more.",
            ),
            ErrorKind::NotFound => ("This was not found at Komerza.", "It may have been removed."),
            ErrorKind::Validation | ErrorKind::Conflict => {
                ("Komerza did not accept this.", "Go back and check what you entered.")
            }
            ErrorKind::NotEnoughFunds => ("There is too little money on the Komerza account.", "Nothing was changed."),
            ErrorKind::UpgradeRequired => ("Your Komerza plan does not include this.", "Nothing was changed."),
            ErrorKind::VerificationRequired => {
                ("Komerza wants your account to be verified first.", "Verify it at Komerza, then try again.")
            }
            _ if self.may_have_happened() => {
                ("Komerza gave no clear answer.", "If you changed something, check first whether it was done.")
            }
            _ if self.is_temporary() => ("Komerza does not answer right now.", "Try again in a moment."),
            _ => ("This did not work.", "Tell the people who run this app."),
        };
        let again = may_load_again && self.is_temporary();
        let connect = self.login_url().map(|login| ("Connect with Komerza", login.to_owned()));
        let link = connect.or(again.then(|| ("Try again", String::new())));
        Page { title, paragraphs: [text.to_owned()].into_iter().chain(lacks).collect(), link, ..Page::default() }
    }
}

impl IntoResponse for Error {
    fn into_response(self) -> Response<Body> {
        Error::into_response(self)
    }
}
