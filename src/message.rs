//! The messages during set-up, with their remedies. Each text stands here once.
//!
//! A test writes the table of [`guide::setting_up`](crate::guide::setting_up) from these.

use std::fmt;

/// One message. `{}` in the text is a detail, such as a number; it is never a secret.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Message {
    pub(crate) code: &'static str,
    pub(crate) text: &'static str,
    pub(crate) remedy: &'static str,
}

impl Message {
    pub(crate) fn text(&self, detail: &str) -> String {
        self.text.replace("{}", detail)
    }

    /// The error that says this.
    pub(crate) fn wrong<T>(&'static self) -> Result<T, InvalidValue> {
        Err(self.into())
    }

    pub(crate) fn with(&'static self, detail: impl ToString) -> InvalidValue {
        InvalidValue { code: self.code, text: self.text(&detail.to_string()), remedy: self.remedy }
    }
}

/// The reason why a text is not a valid key, secret or setting. It never contains a secret.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct InvalidValue {
    /// What sort of mistake it is: `"not_visible_ascii"`. The [guide](crate::guide::setting_up) lists all.
    pub code: &'static str,
    /// What to do about it, in one or two sentences.
    pub remedy: &'static str,
    pub(crate) text: String,
}

impl From<&'static Message> for InvalidValue {
    fn from(message: &'static Message) -> Self {
        message.with("")
    }
}

impl fmt::Display for InvalidValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the value {}. {}", self.text, self.remedy)
    }
}

crate::kinds::readable!(InvalidValue);

/// Checks that a text has 1 to `most` bytes and only allowed characters.
pub(crate) fn made_of(
    allowed: impl Fn(char) -> bool,
    text: &str,
    most: usize,
    why: &'static Message,
) -> Result<(), InvalidValue> {
    match text.len() {
        0 => EMPTY.wrong(),
        found if found > most => Err(TOO_LONG.with(most)),
        _ if !text.chars().all(allowed) => why.wrong(),
        _ => Ok(()),
    }
}

macro_rules! messages {
    ($($name:ident = $code:literal, $text:literal, $remedy:literal;)+) => {
        $(pub(crate) static $name: $crate::message::Message =
            $crate::message::Message { code: $code, text: $text, remedy: $remedy };)+

        /// Every message of this table.
        #[cfg(test)]
        pub(crate) static ALL: &[&$crate::message::Message] = &[$(&$name),+];
    };
}
pub(crate) use messages;

messages! {
    MISSING = "missing", "is missing", "Set it: the guide `first_steps` says where each value comes from.";
    EMPTY = "empty", "is set but empty", "Give it a value.";
    TOO_LONG = "too_long", "has more than {} characters", "Check whether something else was pasted.";
    SURROUNDED = "surrounded", "has {}", "Remove the characters that do not belong to the value; look in the .env file or in the file with the secret.";
    NOT_VISIBLE_ASCII = "not_visible_ascii", "has a character that is not visible ASCII",
        "Copy the value again; look for spaces, line breaks, accents and other characters that are not on an English keyboard.";
    CONTROL_CHARACTER = "control_character", "has a control character", "Write it on one line, without tabs or other control characters.";
    CLIENT_ID_CHARACTERS = "client_id_characters", "may contain only letters, digits and -._~",
        "Copy the client ID from the Komerza dashboard.";
    DOT_SEGMENT = "dot_segment", "is `.` or `..`", "Copy the value again, all of it.";
    SECRET_LENGTH = "secret_length", "has {} characters; Komerza's have 72",
        "Copy the secret from the Komerza dashboard: all of it, and nothing else.";
    KEY_TOO_SHORT = "key_too_short", "holds a key of {} bytes; at least 32 are needed",
        "Make each key with `openssl rand -base64 32`, and put commas between them.";
    KEY_OF_EQUAL_BYTES = "key_of_equal_bytes", "holds a key whose bytes are all the same", "Use random bytes: `openssl rand -base64 32`.";
    KEY_NOT_BASE64 = "key_not_base64", "holds a key that is not base64",
        "Make each key with `openssl rand -base64 32`, and put commas between them.";
    NOT_A_URL = "not_a_url", "is not an absolute URL", "Write the whole URL, such as `https://shop.example/komerza/callback`.";
    URL_CHARACTERS = "url_characters", "must be visible ASCII without spaces or backslashes",
        "Encode other characters, or choose an address without them.";
    URL_USER = "url_user", "must have no user name or password", "Remove the user name, the password and the @.";
    URL_FRAGMENT = "url_fragment", "must have no fragment", "Remove the # and what follows it.";
    URL_QUERY = "url_query", "must have no query", "Remove the ? and what follows it.";
    NOT_HTTPS = "not_https", "must be https; plain http is accepted only for a loopback host",
        "Use https. For development use http with 127.0.0.1 or localhost.";
    NO_PATH = "no_path", "must have a path of its own",
        "Choose one such as /komerza/callback, here and in the Komerza dashboard.";
    TRAILING_SLASH = "trailing_slash", "ends with a slash, so the other routes would move below it",
        "Remove the slash, here and in the Komerza dashboard. The login, disconnect and status routes have the same path with another last segment.";
    NOT_PLAIN = "not_plain",
        "must have a plain path, without dot segments, empty segments or characters that need encoding",
        "Choose a path of letters, digits, slashes and hyphens.";
    PREFIX_ELSEWHERE = "prefix_elsewhere", "is not the start of the redirect URI's path",
        "Register the whole public path as the redirect URI, prefix included.";
    NOT_UNDER_PREFIX = "not_under_prefix", "must start with the stripped prefix, if there is one, and a slash",
        "Write the path as browsers see it.";
    TAKEN = "taken", "is the path of another route", "Give each route its own path. The path of the redirect URI belongs to the callback route.";
    NOT_LOCAL = "not_local", "must be a path on this site, but not a route of this crate",
        "Write a path that begins with a slash, such as /stores, without scheme and host.";
    PARAMETER_NAME = "parameter_name", "must be 1 to 64 letters, digits or -._~",
        "Use the name that your sign-in page reads, such as next.";
    BUCKET_TOO_LARGE = "bucket_too_large", "holds more than 10,000 tokens",
        "Use fewer tokens. For no limit, set the period to zero.";
    HTTP_CLIENT = "http_client", "cannot be reached with this build: {}",
        "Switch on the feature `rustls` or `native-tls`. Install the system's certificates; on Debian this is the package ca-certificates.";
}
