//! Every fact about Komerza that this crate did not choose, in one place, each with its source.
//!
//! Nothing here was tried against the live service. Where Komerza's documentation says nothing, the crate
//! makes a safe choice, and the code says so at that place.

use std::time::Duration;

/// Where a browser is sent to approve the app. *Source*: docs.komerza.com, "Exchange" page.
pub const DASHBOARD_URL: &str = "https://dashboard.komerza.com";

/// Path of the authorize page below [`DASHBOARD_URL`]. *Source*: docs.komerza.com, "Exchange" page.
pub const AUTHORIZE_PATH: [&str; 2] = ["auth", "authorize"];

/// Host of the API and of the exchange; no path prefix, no version. *Source*: docs.komerza.com.
pub const API_URL: &str = "https://api.komerza.com";

/// The header that carries the client secret, on the exchange only. *Source*: docs.komerza.com, "Exchange"
/// page.
pub const CLIENT_SECRET_HEADER: &str = "x-client-secret";

/// Length of a client secret in characters. *Source*: docs.komerza.com, "Exchange" page. Its alphabet is not
/// documented.
pub const CLIENT_SECRET_LENGTH: usize = 72;

/// How long an authorization code lives; it can be used once. *Source*: docs.komerza.com, "Exchange" page.
pub const CODE_LIFETIME: Duration = Duration::from_secs(60);

/// An error code without its casing: `invalid_code` and `InvalidCode` are both `invalidcode`. *Source*: the
/// "Exchange" page of docs.komerza.com writes its codes like `invalid_code`. Komerza's other codes are
/// written like `InvalidCode`. No page says that the case matters.
pub fn code_letters(code: &str) -> String {
    code.chars().filter(|letter| *letter != '_').map(|letter| letter.to_ascii_lowercase()).collect()
}

/// A token bucket that is refilled in batches, as Komerza describes its rate limits.
///
/// A full bucket holds [`capacity`](Self::capacity) tokens, and each request takes one. At the end
/// of every [`period`](Self::period), [`refill`](Self::refill) tokens are added, up to the
/// capacity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Bucket {
    /// Tokens in a full bucket, at most 10,000. Zero: no request passes.
    pub capacity: u32,
    /// Tokens that are added at the end of a period. Zero: used tokens never come back.
    pub refill: u32,
    /// Length of a period. Zero: no limit.
    pub period: Duration,
}

/// Requests without an API key, hence also the exchange. *Source*: docs.komerza.com, "Rate limits". Whose
/// bucket it is (an address, an application) is not documented.
pub const ANONYMOUS_BUCKET: Bucket = Bucket { capacity: 10, refill: 4, period: Duration::from_secs(7) };

/// Requests with an API key. *Source*: docs.komerza.com, "Rate limits".
pub const KEY_BUCKET: Bucket = Bucket { capacity: 12, refill: 4, period: Duration::from_secs(2) };
