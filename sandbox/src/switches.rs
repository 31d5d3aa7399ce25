//! What a user of the sandbox may set, with the defaults.

use std::time::Duration;

use http::StatusCode;

use komerza_connect::provider;

/// How the sandbox behaves where Komerza's behaviour is unknown, or where a test wants another.
///
/// Set it at the start with [`SandboxBuilder::switches`](super::SandboxBuilder::switches) or at any time with
/// [`Sandbox::switch`](super::Sandbox::switch). A change applies to requests that arrive after it. A limit
/// that is switched off and on again continues where it was.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Switches {
    /// Where the browser goes when the user denies. Default: [`Deny::AccessDenied`]. Komerza's own behaviour is
    /// unknown.
    pub deny: Deny,
    /// The characters of authorization codes. Default: [`CodeAlphabet::UrlSafe`]. Komerza's alphabet is
    /// unknown.
    pub code_alphabet: CodeAlphabet,
    /// Length of a code in characters. Default: 48.
    pub code_length: usize,
    /// How long a code lives. Default: one minute, as documented. Zero: a code is valid only at the instant
    /// when it is issued.
    pub code_lifetime: Duration,
    /// What a second connection of the same user gives. Default: [`Reconnect::NewKey`]. Komerza's own is
    /// unknown.
    pub reconnect: Reconnect,
    /// The statuses of the exchange's refusals. Komerza documents 401 and 403 with one and the same text.
    pub exchange_statuses: ExchangeStatuses,
    /// How the exchange names its errors. Default: [`ErrorNames::SnakeCase`], as on the provider's exchange
    /// page.
    pub exchange_error_names: ErrorNames,
    /// Whether `GET /stores` exists. Default: [`StoresRoute::MethodNotAllowed`], as the API's own description
    /// suggests.
    pub stores_route: StoresRoute,
    /// The form of `Retry-After` on a 429. Default: [`RetryAfter::Seconds`]. Whether Komerza sends it is
    /// unknown.
    pub retry_after: RetryAfter,
    /// Whether requests without a key are limited (10, and 4 more every 7 seconds). Default: true.
    pub limit_anonymous: bool,
    /// Whether each key is limited (12, and 4 more every 2 seconds). Default: true.
    pub limit_keys: bool,
    /// What a request without `User-Agent` gets. Default: [`Blocked::Forbidden`]. Komerza's own shape is
    /// unknown.
    pub missing_user_agent: Blocked,
    /// Whether a `+` in a code reaches the callback as `%2B`. Default: true. When false it stays `+`, which
    /// form parsers read as a space. It is unknown which of the two Komerza does.
    pub encode_plus: bool,
    /// The `Content-Type` of API replies. Default: [`ContentTypes::Mixed`].
    pub content_types: ContentTypes,
    /// The largest page of a list; a larger `PageSize` is cut down to it. Default: 100. Zero: counts as 1.
    /// Komerza says that the largest size varies.
    pub max_page_size: usize,
    /// What `pages` says of an empty list. Default: 0. Whether Komerza says 0 or 1 is unknown.
    pub pages_of_empty_list: usize,
}

impl Default for Switches {
    fn default() -> Self {
        Self {
            deny: Deny::default(),
            code_alphabet: CodeAlphabet::default(),
            code_length: 48,
            code_lifetime: provider::CODE_LIFETIME,
            reconnect: Reconnect::default(),
            exchange_statuses: ExchangeStatuses::default(),
            exchange_error_names: ErrorNames::default(),
            stores_route: StoresRoute::default(),
            retry_after: RetryAfter::default(),
            limit_anonymous: true,
            limit_keys: true,
            missing_user_agent: Blocked::default(),
            encode_plus: true,
            content_types: ContentTypes::default(),
            max_page_size: 100,
            pages_of_empty_list: 0,
        }
    }
}

/// Where the browser goes when the user presses Deny.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Deny {
    /// Back to the app with `error=access_denied` and the state, as OAuth 2 has it (RFC 6749, section 4.1.2.1).
    #[default]
    AccessDenied,
    /// Back to the app with only the state.
    StateOnly,
    /// Nowhere: the browser stays on a page of the sandbox.
    NeverReturn,
}

/// The characters that authorization codes are made of.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum CodeAlphabet {
    /// Letters, digits, `-` and `_`.
    #[default]
    UrlSafe,
    /// Base64 with `+`, `/`, and `==` at the end.
    Base64,
    /// Mostly `/ + = % ? #`, `&`, `;` and a space: characters that break a client which does not encode the
    /// code as one path segment.
    Hostile,
    /// These characters. An empty text counts as [`CodeAlphabet::UrlSafe`].
    Custom(String),
}

impl CodeAlphabet {
    pub(super) fn letters(&self) -> &str {
        match self {
            Self::Custom(letters) if !letters.is_empty() => letters,
            Self::Base64 => "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/+/+/",
            Self::Hostile => "/+=%?#&; aZ9",
            Self::UrlSafe | Self::Custom(_) => "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_",
        }
    }
}

/// What a second connection of the same account to the same app gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Reconnect {
    /// A new key; the old one stays valid.
    #[default]
    NewKey,
    /// The old key again, with the new choice of stores.
    SameKey,
    /// A new key; the old one is dead from then on.
    ReplaceKey,
}

/// Why the exchange refuses. *Source*: docs.komerza.com, "Exchange" page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ExchangeRefusal {
    /// The code is wrong, was used already, or belongs to another app.
    InvalidCode,
    /// The code is older than a minute.
    CodeExpired,
    /// The client secret is wrong.
    InvalidClientSecret,
    /// There is no app with this client ID.
    AppNotFound,
}

/// The statuses of the exchange's refusals.
///
/// *Source*: the provider lists 401 and 403 with one text ("secret or code invalid") and 404 for the app; it
/// is unknown which error gets 401 and which gets 403, so the defaults (401, 401, 401, 404) are our choice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct ExchangeStatuses {
    /// For [`ExchangeRefusal::InvalidCode`]. Default: 401.
    pub invalid_code: StatusCode,
    /// For [`ExchangeRefusal::CodeExpired`]. Default: 401.
    pub code_expired: StatusCode,
    /// For [`ExchangeRefusal::InvalidClientSecret`]. Default: 401.
    pub invalid_client_secret: StatusCode,
    /// For [`ExchangeRefusal::AppNotFound`]. Default: 404.
    pub app_not_found: StatusCode,
}

impl Default for ExchangeStatuses {
    fn default() -> Self {
        Self {
            invalid_code: StatusCode::UNAUTHORIZED,
            code_expired: StatusCode::UNAUTHORIZED,
            invalid_client_secret: StatusCode::UNAUTHORIZED,
            app_not_found: StatusCode::NOT_FOUND,
        }
    }
}

impl ExchangeStatuses {
    pub(super) fn of(&self, refusal: ExchangeRefusal) -> StatusCode {
        match refusal {
            ExchangeRefusal::InvalidCode => self.invalid_code,
            ExchangeRefusal::CodeExpired => self.code_expired,
            ExchangeRefusal::InvalidClientSecret => self.invalid_client_secret,
            ExchangeRefusal::AppNotFound => self.app_not_found,
        }
    }
}

/// How the exchange names an error in the envelope's `code`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum ErrorNames {
    /// `invalid_code`, as on the provider's exchange page.
    #[default]
    SnakeCase,
    /// `InvalidCode`, as the provider's other errors are written.
    PascalCase,
    /// `"code": null`.
    Null,
    /// No `code` in the envelope.
    Absent,
}

impl ErrorNames {
    /// The name to send: `None` for an absent field, `Some(None)` for null.
    pub(super) fn of(self, refusal: ExchangeRefusal) -> Option<Option<&'static str>> {
        let (snake, pascal) = match refusal {
            ExchangeRefusal::InvalidCode => ("invalid_code", "InvalidCode"),
            ExchangeRefusal::CodeExpired => ("code_expired", "CodeExpired"),
            ExchangeRefusal::InvalidClientSecret => ("invalid_client_secret", "InvalidClientSecret"),
            ExchangeRefusal::AppNotFound => ("app_not_found", "AppNotFound"),
        };
        match self {
            Self::SnakeCase => Some(Some(snake)),
            Self::PascalCase => Some(Some(pascal)),
            Self::Null => Some(None),
            Self::Absent => None,
        }
    }
}

/// Whether `GET /stores` exists.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum StoresRoute {
    /// It lists the stores of the key, as in a sample in Komerza's documentation.
    Listed,
    /// 404: the API's own description has no such operation.
    NotFound,
    /// 405 with an empty body: the API's own description has only `POST` on this path.
    #[default]
    MethodNotAllowed,
}

/// The form of `Retry-After` on a 429.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum RetryAfter {
    /// No such header.
    Absent,
    /// Whole seconds, rounded up.
    #[default]
    Seconds,
    /// An HTTP date.
    HttpDate,
}

/// What a request without `User-Agent` gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Blocked {
    /// 403 with the envelope and the code `AccessDenied`.
    #[default]
    Forbidden,
    /// 403 with an HTML page, as edge networks send it.
    HtmlPage,
    /// The connection is closed without an answer.
    Closed,
}

/// The `Content-Type` of API replies; the body is JSON in each case.
///
/// *Source*: the provider's published schema declares about 200 replies as `text/plain`, `application/json` and
/// `text/json` at once, the others as `application/json`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum ContentTypes {
    /// `text/plain` for the key and for single objects, `application/json` for lists, pages and errors.
    #[default]
    Mixed,
    /// `application/json` throughout.
    Json,
    /// `text/plain` throughout.
    TextPlain,
    /// `text/json` throughout.
    TextJson,
}
