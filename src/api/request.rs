//! One API call, from a path to a value.

use super::{Client, Download, Error, ErrorKind, Form, Listing, body::Payload, options::Options};
use crate::{pacing::Priority, strict_json, wire::Envelope};
use bytes::Bytes;
use http::header::{AUTHORIZATION, HOST, USER_AGENT};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Response};
use serde::{Serialize, de::DeserializeOwned};
use std::{borrow::Cow, time::Duration};
use url::Url;

/// An API call that you are building. [`Client::get`] and the other methods of [`Client`] make one.
///
/// Nothing is sent before [`send`](Self::send), [`fetch`](Self::fetch), [`execute`](Self::execute)
/// or [`download`](Self::download). Then this happens:
///
/// 1. The call waits in the queue of its key; see [`Priority`] and
///    [`ClientLimits`](crate::config::ClientLimits).
/// 2. The call is sent with the key, only to the configured API. Redirects are not followed.
/// 3. The call is repeated if that is safe. Any method is repeated after a 429, unless it would then wait too
///    long. Any method is repeated if no connection could be opened or the server refused the HTTP/2 stream.
///    GET and HEAD are also repeated after 502, 503, 504, 520 to 524 or a broken connection.
///    [`no_retry`](Self::no_retry) switches this off. [`repeatable`](Self::repeatable) treats any method as a
///    GET.
/// 4. If the reply says that the key is revoked, a [`KomerzaKey`](crate::KomerzaKey) removes its record.
///
/// ```
/// use komerza_connect::ErrorKind;
/// use komerza_sandbox::Sandbox;
/// use serde::Deserialize;
/// use std::time::Duration;
/// # use komerza_connect::{ApiKey, api::Client};
/// # tokio::runtime::Runtime::new()?.block_on(async {
/// # let sandbox = Sandbox::start().await?;
/// # let key = ApiKey::new(sandbox.issue_key()?)?;
/// # let komerza = Client::builder(key, "MyApp/1.0").api_url(sandbox.api_url()).build()?;
///
/// /// What this app wants to know of an account.
/// #[derive(Deserialize)]
/// struct Named {
///     #[serde(rename = "userName")]
///     name: String,
/// }
///
/// // Any endpoint, also one without a method of its own:
/// let account: Named = komerza.get("/user").deadline(Duration::from_secs(5)).fetch().await?;
/// assert_eq!(account.name, "ada");
///
/// let error = komerza.get("/stores/none-such").fetch::<Named>().await.err().ok_or("it is there")?;
/// assert_eq!(error.kind(), ErrorKind::NotFound);
///
/// // What would leave the API is not sent.
/// let error = komerza.get("/../stores").execute().await.err().ok_or("it was sent")?;
/// assert_eq!((error.kind(), error.attempts()), (ErrorKind::BadRequest, 0));
/// # Ok::<(), Box<dyn std::error::Error>>(()) })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
#[must_use = "nothing is sent before `send`, `fetch`, `execute` or `download`"]
pub struct RequestBuilder {
    pub(super) client: Client,
    pub(super) method: Method,
    pub(super) url: Result<Url, Error>,
    pub(super) template: Cow<'static, str>,
    pub(super) scope: Option<&'static str>,
    pub(super) headers: HeaderMap,
    pub(super) payload: Option<Payload>,
    pub(super) options: Options,
}

impl RequestBuilder {
    pub(super) fn new(client: Client, method: Method, url: Result<Url, Error>, template: Cow<'static, str>) -> Self {
        let (headers, options) = (HeaderMap::new(), Options::default());
        Self { client, method, url, template, scope: None, headers, payload: None, options }
    }

    /// Adds a query parameter. The crate encodes it. Earlier parameters with the same name stay.
    pub fn query(mut self, name: &str, value: impl ToString) -> Self {
        if let Ok(url) = &mut self.url {
            url.query_pairs_mut().append_pair(name, &value.to_string());
        }
        self
    }

    /// Sets a header.
    ///
    /// The crate sets `Authorization`, `Host` and `User-Agent` itself. If you set one of these, or an invalid
    /// value, the call fails with [`BadRequest`](ErrorKind::BadRequest).
    pub fn header(mut self, name: HeaderName, value: impl AsRef<str>) -> Self {
        match HeaderValue::from_str(value.as_ref()) {
            Ok(value) if ![AUTHORIZATION, HOST, USER_AGENT].contains(&name) => {
                self.headers.insert(name, value);
                self
            }
            _ => self.failed(Error::caused_by(ErrorKind::BadRequest, "a header that cannot be set")),
        }
    }

    /// Sets a JSON body.
    pub fn json(self, value: &(impl Serialize + ?Sized)) -> Self {
        match serde_json::to_vec(value) {
            Ok(body) => self.body(HeaderValue::from_static("application/json"), body),
            Err(error) => self.failed(Error::caused_by(ErrorKind::BadRequest, error)),
        }
    }

    /// Sets any body: bytes or text, at most [`upload_bytes`](crate::config::ClientLimits::upload_bytes).
    pub fn body(mut self, content_type: HeaderValue, content: impl Into<Bytes>) -> Self {
        self.payload = Some(Payload::Plain(content_type, content.into()));
        self
    }

    /// Sets a form with files as the body.
    pub fn multipart(mut self, form: Form) -> Self {
        self.payload = Some(Payload::Form(form));
        self
    }

    /// Sets the time for the whole call, including waiting in the queue. Default:
    /// [`ClientLimits::deadline`](crate::config::ClientLimits::deadline), which does not include waiting.
    /// Zero: the call fails at once.
    ///
    /// It may be shorter than [`ClientLimits::deadline`](crate::config::ClientLimits::deadline), or
    /// longer for a long upload. The limit for waiting in the queue still applies.
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.options.deadline = Some(deadline);
        self
    }

    /// Sets the priority of this call among the waiting calls of its key. Default: [`Priority::Page`].
    pub fn priority(mut self, priority: Priority) -> Self {
        self.options.priority = priority;
        self
    }

    /// Sends the call only once, whatever the result, even after a 429.
    pub fn no_retry(mut self) -> Self {
        self.options.no_retry = true;
        self
    }

    /// Marks the call as safe to repeat. It is then repeated like a GET.
    pub fn repeatable(mut self) -> Self {
        self.options.repeatable = true;
        self
    }

    /// Sends the call and returns the last reply, whatever its status.
    ///
    /// # Errors
    /// [`BadRequest`](ErrorKind::BadRequest) if the call is malformed.
    /// [`RateLimited`](ErrorKind::RateLimited) if it would wait too long.
    /// [`Unreachable`](ErrorKind::Unreachable), [`Interrupted`](ErrorKind::Interrupted) and
    /// [`TimedOut`](ErrorKind::TimedOut) if no complete reply arrived.
    /// [`ProviderFault`](ErrorKind::ProviderFault) if the reply is too large.
    pub async fn send(self) -> Result<Response<Bytes>, Error> {
        Ok(self.run(false).await?.reply)
    }

    /// Sends the call and reads the `data` of Komerza's envelope, which is `{success, message, code, data}`.
    ///
    /// # Errors
    /// Same as [`send`](Self::send), and every refusal by Komerza.
    /// [`UnexpectedReply`](ErrorKind::UnexpectedReply) if the reply does not fit the type. A handler can
    /// return an [`Error`] as its answer. To handle it yourself:
    ///
    /// | [`kind`](Error::kind) | What to do |
    /// | --- | --- |
    /// | [`KeyRevoked`](ErrorKind::KeyRevoked) | Return it, and the visitor is redirected to connect again. A job skips this user until the user has connected again. |
    /// | [`AccessDenied`](ErrorKind::AccessDenied) | Ask for the scope in [`needed_scope`](Error::needed_scope), or for the store, and let the user connect again. |
    /// | [`LoginRequired`](ErrorKind::LoginRequired), [`TwoFactorRequired`](ErrorKind::TwoFactorRequired) | Keys cannot do this. The user does it in the dashboard. |
    /// | [`VerificationRequired`](ErrorKind::VerificationRequired), [`UpgradeRequired`](ErrorKind::UpgradeRequired), [`NotEnoughFunds`](ErrorKind::NotEnoughFunds) | Tell the user, who can change this at Komerza. |
    /// | [`NotFound`](ErrorKind::NotFound) | Stop using the id. |
    /// | [`Validation`](ErrorKind::Validation), [`Conflict`](ErrorKind::Conflict), [`Unavailable`](ErrorKind::Unavailable), [`UploadFailed`](ErrorKind::UploadFailed), [`Refused`](ErrorKind::Refused) | Change the input: [`code`](Error::code), [`message`](Error::message) and [`body`](Error::body) are Komerza's words about it. |
    /// | [`RateLimited`](ErrorKind::RateLimited) | Try again after [`retry_after`](Error::retry_after). Jobs use [`Priority::Background`], which waits longer. |
    /// | [`Unreachable`](ErrorKind::Unreachable) | Try again later. Komerza did not process the call. |
    /// | [`Interrupted`](ErrorKind::Interrupted), [`TimedOut`](ErrorKind::TimedOut) | Repeat a read. For a change, first check whether it was made ([`may_have_happened`](Error::may_have_happened)). |
    /// | [`ProviderFault`](ErrorKind::ProviderFault) | Same as the row above. |
    /// | [`UnexpectedReply`](ErrorKind::UnexpectedReply) | Komerza changed, or this crate is wrong. Update the crate, or report it. Until then use [`send`](Self::send) or your own type. |
    /// | [`Blocked`](ErrorKind::Blocked) | Check region, proxy and User-Agent. The key may still be valid. |
    /// | [`BadRequest`](ErrorKind::BadRequest) | Correct the call. Nothing was sent. |
    pub async fn fetch<T: DeserializeOwned>(self) -> Result<T, Error> {
        self.open(|envelope| serde_json::from_str(envelope.data.map_or("null", |data| data.get()))).await
    }

    /// Same as [`fetch`](Self::fetch), for a list without list pages. Komerza documents that such a
    /// list may be null; it is then empty.
    ///
    /// # Errors
    /// Same as [`fetch`](Self::fetch).
    pub async fn fetch_list<T: DeserializeOwned>(self) -> Result<Vec<T>, Error> {
        Ok(self.fetch::<Option<Vec<T>>>().await?.unwrap_or_default())
    }

    /// Sends a call and returns only whether it succeeded.
    ///
    /// # Errors
    /// Same as [`send`](Self::send), and every refusal by Komerza.
    pub async fn execute(self) -> Result<(), Error> {
        self.open(|_| Ok(())).await
    }

    pub(super) async fn open<T>(
        self,
        read: impl FnOnce(&Envelope<'_>) -> Result<T, serde_json::Error>,
    ) -> Result<T, Error> {
        let answered = self.run(false).await?;
        let reply = &answered.reply;
        let opened = match Envelope::open(reply.body()) {
            _ if !reply.status().is_success() => return Err(self.refused(&answered)),
            Ok(envelope) if !envelope.success => return Err(self.refused(&answered)),
            opened => opened.and_then(|envelope| read(&envelope)),
        };
        opened.map_err(|error| {
            let why = strict_json::why(&error);
            Error::unexpected(reply.status(), reply.body().clone(), why).after(answered.attempts, None)
        })
    }

    /// Sends the call and returns a successful reply in pieces, at most `most` bytes in total. Use
    /// it for large exports.
    ///
    /// The deadline applies until the reply starts. After that
    /// [`ClientLimits::deadline`](crate::config::ClientLimits::deadline) limits the time for each piece. If
    /// the connection breaks during the transfer, the download is not resumed.
    ///
    /// # Errors
    /// Same as [`send`](Self::send), and every refusal by Komerza. Only the status shows whether the reply
    /// is a refusal: the body of a success is the file, whatever the body says.
    pub async fn download(self, most: u64) -> Result<Download, Error> {
        let mut answered = self.run(true).await?;
        let Some(body) = answered.unread.take() else { return Err(self.refused(&answered)) };
        let patience = self.client.inner.connection.limits.deadline;
        Ok(Download::new(answered.reply.into_parts().0, body, most, patience))
    }

    /// Reads a list with the query parameters `Page` and `PageSize`, which most of Komerza's lists
    /// use.
    pub fn paged<T: DeserializeOwned + Send + 'static>(self) -> Listing<T> {
        Listing::new(self, None)
    }

    /// Reads a list with the number of the list page as the last segment of the path.
    ///
    /// `size` is the name of the query parameter for the size: `limit` for affiliates, `count` for
    /// the items of a variant.
    pub fn paged_by_path<T: DeserializeOwned + Send + 'static>(self, size: &'static str) -> Listing<T> {
        Listing::new(self, Some(size))
    }

    /// The same call, which fails with this error.
    pub(super) fn failed(mut self, error: Error) -> Self {
        self.url = Err(error);
        self
    }

    /// The same call with one more segment.
    pub(super) fn segment(mut self, segment: &str) -> Self {
        if let Ok(Ok(mut segments)) = self.url.as_mut().map(Url::path_segments_mut) {
            segments.push(segment);
        }
        self
    }
}

crate::kinds::shows! { RequestBuilder { method, template, options } }
