//! Who asks: the app's own user, or the browser.

use super::session::BrowserSession;
use crate::user::UserId;
use http::request::Parts;
use std::error::Error;

/// Finds the signed-in user of a request.
///
/// It is called once for each request that needs the user: for the crate's routes, and for handlers
/// that take the key. It gets the head of the request and may be asynchronous. If a middleware
/// leaves the user in the extensions, use a closure over `&Parts`.
///
/// # Security
/// The caller gets the key of the user that this returns. Return `Ok(None)` if nobody is signed in,
/// and an error if you cannot tell. An error is answered with 503 and never counts as nobody. The
/// error and its causes go to the log.
///
/// ```
/// use komerza_connect::{IdentifyUser, UserId, async_trait};
///
/// #[derive(Clone)]
/// struct Me(i64);
///
/// // A middleware left `Me` in the extensions:
/// let short = |parts: &axum::http::request::Parts| parts.extensions.get::<Me>().map(|me| UserId::from(me.0));
///
/// // Or with a look-up of one's own:
/// struct SignedIn;
///
/// #[async_trait]
/// impl IdentifyUser for SignedIn {
///     async fn identify_user(
///         &self,
///         parts: &mut http::request::Parts,
///     ) -> Result<Option<UserId>, Box<dyn std::error::Error + Send + Sync>> {
///         Ok(parts.extensions.get::<Me>().map(|me| UserId::from(me.0)))
///     }
/// }
///
/// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
/// let (mut parts, ()) = http::Request::builder().extension(Me(7)).body(())?.into_parts();
/// assert_eq!(short.identify_user(&mut parts).await?, Some(UserId::from(7)));
/// assert_eq!(SignedIn.identify_user(&mut parts).await?, Some(UserId::from(7)));
/// # Ok::<(), Box<dyn std::error::Error + Send + Sync>>(())
/// # }).map_err(|error| error.to_string())?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[async_trait::async_trait]
pub trait IdentifyUser: Send + Sync + 'static {
    /// Returns the user who sent the request, or `Ok(None)` if nobody is signed in.
    ///
    /// # Errors
    /// Return an error if you cannot tell right now. The visitor gets 503, and nothing is lost.
    async fn identify_user(&self, parts: &mut Parts) -> Result<Option<UserId>, Box<dyn Error + Send + Sync>>;
}

#[async_trait::async_trait]
impl<F> IdentifyUser for F
where
    F: Fn(&Parts) -> Option<UserId> + Send + Sync + 'static,
{
    async fn identify_user(&self, parts: &mut Parts) -> Result<Option<UserId>, Box<dyn Error + Send + Sync>> {
        Ok(self(parts))
    }
}

/// Who sent a request, if anybody is signed in to the app.
#[derive(Debug)]
pub(crate) enum Caller {
    User(UserId),
    /// A browser, with its session if it has connected before.
    Browser(Option<BrowserSession>),
}

impl Caller {
    /// The id under which the store keeps the caller's key; `None` if there can be no record.
    pub(crate) fn user_id(&self) -> Option<UserId> {
        match self {
            Self::User(user) => Some(user.clone()),
            Self::Browser(session) => session.as_ref().map(BrowserSession::user_id),
        }
    }
}
