//! Hooks let an app observe connections, refuse them, and answer failures with its own pages.

pub use crate::attempt::AttemptId;
pub use crate::note::{Note, NoteTooLong};
use crate::{
    api::KomerzaKey,
    failure::Failure,
    store::{KeyFingerprint, StoredToken, TokenVersion},
    user::UserId,
};
use axum_core::body::Body;
use http::{Response, request::Parts};
use std::fmt;

/// Functions of your app that run during a connection. Every method has a default that does
/// nothing.
///
/// Set them with [`with_hooks`](crate::KomerzaConnectLayer::with_hooks). Each call must finish
/// within [`hook_deadline`](crate::config::Limits::hook_deadline). A hook that panics or takes
/// longer is logged, and the crate goes on without it. [`before_leaving`](Self::before_leaving) and
/// [`before_storing`](Self::before_storing) are the exceptions: the login or the connection then fails.
///
/// ```
/// use komerza_connect::{hooks::{Connecting, Veto}, Hooks, async_trait};
///
/// struct OneStoreOnly;
///
/// #[async_trait]
/// impl Hooks for OneStoreOnly {
///     async fn before_storing(&self, connecting: &Connecting<'_>) -> Result<(), Veto> {
///         match connecting.key.stores().await {
///             Ok(stores) if stores.len() == 1 => Ok(()),
///             Ok(_) => Err(Veto::new("Please remove this app at Komerza, then approve exactly one store.")),
///             Err(_) => Err(Veto::new("Your stores could not be read. Please try again.")),
///         }
///     }
/// }
/// ```
///
/// # Your own pages
/// | What fails | How you answer in your own words |
/// | --- | --- |
/// | a login, a callback or a disconnect | the hook [`failed`](Self::failed) |
/// | a handler that gets no key | take `Result<KomerzaKey, Rejection>`: see [`Rejection`](crate::Rejection) |
/// | a call in a handler | axum's `map_response`: see [`Error`](crate::Error); or match the error in the handler |
///
/// A page at an address of its own, such as one that leads to the login, is an ordinary route of your app.
///
/// If the answer of the hook or of `map_response` has the status 503 or 429 and no `Retry-After`, the crate adds the
/// one of its own answer. To the answer of [`failed`](Self::failed) it also adds the missing ones of `Cache-Control: no-store`, `Referrer-Policy:
/// no-referrer`, `X-Content-Type-Options`, `X-Robots-Tag`, `X-Frame-Options: DENY`, and a
/// `Content-Security-Policy` with `default-src 'none'`. That policy blocks all styles, scripts and images, so
/// **set your own `Content-Security-Policy`** on your page.
///
/// [`failed`](Self::failed) should return `None` for [`Denied`](crate::FailureKind::Denied) and
/// [`NotSignedIn`](crate::FailureKind::NotSignedIn), so that the crate redirects to the app or to the sign-in page, and
/// if [`is_for_page`](crate::Failure::is_for_page) is false, so that scripts and programs get JSON.
/// [`with_hooks`](crate::KomerzaConnectLayer::with_hooks) has an example.
///
/// # Security
/// A key that [`before_storing`](Self::before_storing) refuses is not stored but **stays valid at
/// Komerza**, because Komerza offers apps no way to revoke a key. In the reason of the [`Veto`],
/// ask the user to remove the app at Komerza.
#[async_trait::async_trait]
#[allow(unused_variables, reason = "the defaults do nothing, and the names are for readers")]
pub trait Hooks: Send + Sync + 'static {
    /// Runs when a login starts, before the browser goes to Komerza. An error stops the login.
    ///
    /// The visitor reads the error's reason. A [`Note`] tells later hooks and handlers what this connection is
    /// for. This hook does not run for a login that the crate refuses, nor before the visitor has confirmed on
    /// the page that asks first. After a time-out or a panic the visitor gets a 500 page and nothing has begun.
    ///
    /// ```
    /// use komerza_connect::{hooks::{Leaving, Note, Veto}, Hooks, async_trait};
    ///
    /// struct Invitations;
    ///
    /// #[async_trait]
    /// impl Hooks for Invitations {
    ///     async fn before_leaving(&self, leaving: &Leaving<'_>) -> Result<Option<Note>, Veto> {
    ///         match leaving.parts.uri.query().and_then(|query| query.split("invitation=").nth(1)) {
    ///             Some(code) => Note::new(code).map(Some).map_err(|_| Veto::new("This invitation is not valid.")),
    ///             None => Err(Veto::new("Please open the link in your invitation.")),
    ///         }
    ///     }
    /// }
    /// ```
    async fn before_leaving(&self, leaving: &Leaving<'_>) -> Result<Option<Note>, Veto> {
        Ok(None)
    }

    /// Runs after a key arrives and before it is stored. An error prevents storing.
    ///
    /// The visitor reads the error's reason. Use this hook to check which account was connected, or
    /// to detect one account that two users connect. After a time-out or
    /// a panic the key is not stored, the visitor gets a 500 page, and [`orphaned`](Self::orphaned)
    /// runs.
    async fn before_storing(&self, connecting: &Connecting<'_>) -> Result<(), Veto> {
        Ok(())
    }

    /// Runs after a key is stored. The visitor gets the answer after this returns.
    async fn connected(&self, event: &Connected) {}

    /// Runs when a key was issued and could not be stored. The key stays valid at Komerza.
    ///
    /// Either saving failed within [`save_deadline`](crate::config::Limits::save_deadline) and
    /// [`late_save_deadline`](crate::config::Limits::late_save_deadline), or the token store
    /// panicked, or [`before_storing`](Self::before_storing) panicked or timed out. This hook does not run
    /// after a veto. It runs even if the browser has disconnected. The page asks the user to
    /// connect again and to remove the extra entry at Komerza.
    async fn orphaned(&self, event: &Orphaned) {}

    /// Runs after a user disconnects. The key stays valid at Komerza until the user removes the app
    /// there.
    ///
    /// It runs for every disconnect that the store confirms. That includes repeated ones, because a
    /// store does not say whether there was a key.
    async fn disconnected(&self, event: &Disconnected) {}

    /// Runs when Komerza says that a key is revoked and its record was removed.
    async fn revoked(&self, event: &Revoked) {}

    /// Runs when one of the crate's routes fails. `Some` replaces the crate's page.
    ///
    /// The crate adds the security headers that the answer lacks. Its `Content-Security-Policy` allows no
    /// style, picture, script or form, so set your own if the page has one, and use links in place of forms:
    /// `form-action` also binds the redirect to Komerza. `None`, a panic or a time-out keeps the crate's page.
    async fn failed(&self, failure: &Failure) -> Option<Response<Body>> {
        None
    }
}

/// The hooks of an app that sets none.
#[derive(Debug, Clone, Copy)]
pub(crate) struct NoHooks;

impl Hooks for NoHooks {}

/// A browser that is about to go to Komerza.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Leaving<'a> {
    /// The user, if known: the app's own, or the browser's session from an earlier connect.
    pub user: Option<&'a UserId>,
    /// The request to the login route, without its body.
    ///
    /// The app may ask for more in its query, such as `?plan=pro`. That survives the page that asks first and
    /// a detour to the sign-in page. It does not survive a failure at Komerza: the link that starts again there
    /// has `return_to` alone.
    ///
    /// # Security
    /// Any site can link to the login with any query, and the visitor sees only that a connection is wanted.
    /// Accept from it only what a stranger may choose for your user.
    pub parts: &'a Parts,
    /// The path that the visitor returns to.
    pub return_to: &'a str,
}

/// A key that is about to be stored.
///
/// This hook accepts only the Komerza account that the user connected before:
///
/// ```
/// use komerza_connect::{Hooks, async_trait, hooks::{Connecting, Veto}};
///
/// struct SameAccount;
///
/// #[async_trait]
/// impl Hooks for SameAccount {
///     async fn before_storing(&self, connecting: &Connecting<'_>) -> Result<(), Veto> {
///         let Some(record) = connecting.replaced else { return Ok(()) };
///         let before = async { connecting.key.with_key(record.api_key().ok()?.clone()).user().await.ok() };
///         let (before, now) = (before.await, connecting.key.user().await.ok());
///         let same = before.zip(now).is_some_and(|(before, now)| before.id == now.id);
///         if same { Ok(()) } else { Err(Veto::new("This is not the Komerza account of before. Disconnect first.")) }
///     }
/// }
/// ```
///
/// It also refuses if it cannot tell, for example because the old key was revoked. A user who disconnects first may
/// connect any account.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Connecting<'a> {
    /// The user who is connecting.
    pub user: &'a UserId,
    /// The login attempt.
    pub attempt: AttemptId,
    /// A client with the new key.
    pub key: &'a KomerzaKey,
    /// What [`before_leaving`](Hooks::before_leaving) noted.
    pub note: Option<&'a Note>,
    /// The record that this key replaces. `None` if the user has none, and for browser sessions without
    /// [`with_user`](crate::KomerzaConnectLayer::with_user), where each connect is a new user.
    pub replaced: Option<&'a StoredToken>,
}

/// A key was stored.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Connected {
    /// The user of the key.
    pub user: UserId,
    /// The login attempt.
    pub attempt: AttemptId,
    /// A short hash of the key.
    pub fingerprint: KeyFingerprint,
    /// The record's version.
    pub version: TokenVersion,
    /// What [`before_leaving`](Hooks::before_leaving) noted.
    pub note: Option<Note>,
}

/// A key that was issued and could not be stored.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Orphaned {
    /// The user who was connecting.
    pub user: UserId,
    /// The login attempt; `None` for the record of a browser session that is over, removed by
    /// [`sweep`](crate::KomerzaConnectLayer::sweep).
    pub attempt: Option<AttemptId>,
    /// A short hash of the key.
    pub fingerprint: KeyFingerprint,
}

/// A user who disconnected.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Disconnected {
    /// The user of the key.
    pub user: UserId,
}

/// A key that was revoked, and whose record was removed.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Revoked {
    /// The user of the key.
    pub user: UserId,
    /// A short hash of the key.
    pub fingerprint: KeyFingerprint,
    /// The version of the removed record.
    pub version: TokenVersion,
}

/// A hook's refusal of a connection, with a reason for the visitor.
///
/// After a veto of [`before_leaving`](Hooks::before_leaving) nothing has begun. After a veto of
/// [`before_storing`](Hooks::before_storing) the key is not stored, and stays valid at Komerza
/// until the user removes the app there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Veto {
    pub(crate) reason: String,
}

impl Veto {
    /// Makes a veto with one or two plain sentences for the visitor. Markup is shown as text.
    pub fn new(reason: impl Into<String>) -> Self {
        Self { reason: reason.into() }
    }
}

impl fmt::Display for Veto {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.reason)
    }
}

impl std::error::Error for Veto {}
