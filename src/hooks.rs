//! Hooks let an app observe connections, refuse them, and answer failures with its own pages.

pub use crate::attempt::AttemptId;
pub use crate::note::{Note, NoteTooLong};
use crate::store::{KeyFingerprint, StoredToken, TokenVersion};
use crate::{api::KomerzaKey, failure::Failure, user::UserId};
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
/// To add another page, such as one with a link to the login, write an ordinary route in your app.
///
/// If the answer of the hook or of `map_response` has the status 503 or 429 and no `Retry-After`, the crate
/// adds its own `Retry-After`. To the answer of [`failed`](Self::failed) it also adds these headers if they
/// are missing: `Cache-Control: no-store`, `Referrer-Policy: no-referrer`, `X-Content-Type-Options`,
/// `X-Robots-Tag`, `X-Frame-Options: DENY`, and a `Content-Security-Policy` with `default-src 'none'`. That
/// policy blocks all styles, scripts and images, so **set your own `Content-Security-Policy`** on your page.
///
/// [`failed`](Self::failed) should return `None` for [`Denied`](crate::FailureKind::Denied) and
/// [`NotSignedIn`](crate::FailureKind::NotSignedIn). Then the crate redirects to the app or to the sign-in
/// page. It should also return `None` if [`is_for_page`](crate::Failure::is_for_page) is false. Then scripts
/// and programs get JSON. [`with_hooks`](crate::KomerzaConnectLayer::with_hooks) has an example.
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
    /// The visitor reads the error's reason. A [`Note`] tells later hooks and handlers what this connection
    /// is for. This hook does not run for a login that the crate refuses. If the crate first shows a page
    /// that asks the visitor to confirm, the hook runs after that. After a time-out or a panic the visitor
    /// gets a 500 page, and no login has started.
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
    /// The visitor reads the error's reason. Use this hook to check which account was connected, or to detect
    /// that two users connect the same account. After a time-out or a panic the key is not stored, the
    /// visitor gets a 500 page, and [`orphaned`](Self::orphaned) runs.
    async fn before_storing(&self, connecting: &Connecting<'_>) -> Result<(), Veto> {
        Ok(())
    }

    /// Runs after a key is stored. The visitor gets the answer after this returns.
    async fn connected(&self, event: &Connected) {}

    /// Runs when a key that stays valid at Komerza could not be stored, or when
    /// [`sweep`](crate::KomerzaConnectLayer::sweep) removed its record.
    ///
    /// A key could not be stored if no try to save it succeeded within
    /// [`save_deadline`](crate::config::Limits::save_deadline) and the
    /// [`late_save_deadline`](crate::config::Limits::late_save_deadline) after it, or if the token store
    /// panicked. The same is true if the user's record was replaced or removed while the save was being
    /// repeated, if the user disconnected on the same node meanwhile, if a
    /// [`shutdown`](crate::KomerzaConnectLayer::shutdown) ended the tries, or if
    /// [`before_storing`](Self::before_storing) panicked or timed out. The hook does not run after a veto. It
    /// runs even if the browser has closed the connection. After a failed save the crate's page tells the
    /// user to reload or to start again, and to remove an extra entry at Komerza.
    async fn orphaned(&self, event: &Orphaned) {}

    /// Runs after a user disconnects. The key stays valid at Komerza until the user removes the app
    /// there.
    ///
    /// It runs for every disconnect that the store confirms. That includes repeated ones, because a
    /// store does not say whether there was a key.
    async fn disconnected(&self, event: &Disconnected) {}

    /// Runs after Komerza said that a key is revoked and the crate removed its record.
    async fn revoked(&self, event: &Revoked) {}

    /// Runs when one of the crate's routes fails. `Some` replaces the crate's page.
    ///
    /// After `None`, a panic or a time-out the crate gives its own answer. The crate adds the security
    /// headers that your answer lacks. The crate's `Content-Security-Policy` blocks styles, pictures, scripts
    /// and forms. Set your own policy if your page has any of them. Lead to the login with a link and not
    /// with a form, because `form-action` also applies to redirects and blocks the one to Komerza.
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
    /// The user, if known: the signed-in user of the app, or the browser session of an earlier connection.
    pub user: Option<&'a UserId>,
    /// The request to the login route, without its body.
    ///
    /// Your link to the login may have more query parameters, such as `?plan=pro`. They are kept if the crate
    /// asks the visitor to confirm, or if the visitor has to sign in first. They are lost if the callback
    /// fails: its link to start again has only `return_to`.
    ///
    /// # Security
    /// Any site can link to the login with any query, and the page that asks the visitor to confirm does not
    /// show the query. Accept from the query only what a stranger may choose for your user.
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
/// It also refuses if it cannot tell, for example because the old key was revoked. A user whose record is
/// gone or cannot be read may connect any account, for example after a disconnect.
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
    /// The record that this key replaces. `None` if the user has no record or it cannot be read. Also `None`
    /// without [`with_user`](crate::KomerzaConnectLayer::with_user), because each connect of a browser then
    /// makes a new user.
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

/// A key that is valid at Komerza and not in the store.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Orphaned {
    /// The user who was connecting.
    pub user: UserId,
    /// The login attempt. `None` if [`sweep`](crate::KomerzaConnectLayer::sweep) removed the record of an
    /// expired browser session.
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
/// After a veto of [`before_leaving`](Hooks::before_leaving) no login has started. After a veto of
/// [`before_storing`](Hooks::before_storing) the key is not stored, and stays valid at Komerza until the user
/// removes the app there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Veto(pub(crate) String);

impl Veto {
    /// Makes a veto with one or two plain sentences for the visitor. Markup is shown as text.
    pub fn new(reason: impl Into<String>) -> Self {
        Self(reason.into())
    }
}

impl fmt::Display for Veto {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Veto {}
