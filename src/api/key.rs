//! The client for Komerza's API that acts for one user.

use super::{Client, connection::Connection};
use crate::store::{KeyFingerprint, StoredToken, TokenVersion};
use crate::{note::Note, secret::ApiKey, user::UserId};
use http::{HeaderValue, Uri};
use std::{ops::Deref, sync::Arc};

/// A client for Komerza's API with one user's key. Handlers take it as an argument.
///
/// In axum it is an extractor. Without axum use [`from_parts`](Self::from_parts). Outside of
/// requests use [`client_for`](crate::KomerzaConnectLayer::client_for). A clone is cheap. The
/// client sends the key only to the configured API, with the app's User-Agent, and does not follow
/// redirects.
///
/// All clones and all requests of the process that use one key share one bucket. A call that finds
/// no token waits in a queue. So Komerza does not throttle the user; see
/// [`ClientLimits`](crate::config::ClientLimits).
///
/// If Komerza says that the key is revoked, the call fails and the key's record is removed. A newer
/// record stays.
///
/// ```
/// use komerza_connect::{KomerzaConnectLayer, UserId};
/// use komerza_sandbox::Sandbox;
///
/// # tokio::runtime::Runtime::new()?.block_on(async {
/// let (sandbox, alice) = (Sandbox::start().await?, UserId::new("alice")?);
/// let store = sandbox.connected(&alice).await?;
/// let connect = KomerzaConnectLayer::new(sandbox.config("http://127.0.0.1:3000/komerza/callback")?, store)?;
///
/// let komerza = connect.client_for(&alice).await?.ok_or("not connected")?; // in a handler: an argument of this type
/// let stores = komerza.stores().await?;
/// assert_eq!(stores.len(), 2);
/// let first = stores.first().ok_or("no store")?;
/// let mut orders = komerza.in_store(&first.id).orders().items();
/// while let Some(order) = orders.next().await {
///     assert!(!order?.currency_code.is_empty());
/// }
///
/// // The user removes the app at Komerza: the next call fails, and the record is removed.
/// sandbox.revoke_all();
/// let error = komerza.stores().await.err().ok_or("a dead key worked")?;
/// assert!(error.is_revoked());
/// assert!(connect.client_for(&alice).await?.is_none());
/// # Ok::<(), Box<dyn std::error::Error>>(()) })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct KomerzaKey {
    client: Client,
    user: UserId,
    note: Option<Note>,
}

/// Whose key a client has.
pub(super) struct Owner {
    pub(super) user: UserId,
    pub(super) version: TokenVersion,
    pub(super) keeper: Arc<dyn Keeper>,
    /// The request for which the key was loaded.
    pub(super) visit: Option<Visit>,
}

/// The request in which a key was used. It decides where the user goes to connect again.
#[derive(Debug, Clone)]
pub(crate) struct Visit {
    /// Cheap to keep: it shares its text with the request.
    pub(crate) uri: Uri,
    /// The page that a program's request came from.
    pub(crate) referer: Option<HeaderValue>,
    /// Whether it was a GET, so that the browser can return to its path.
    pub(crate) get: bool,
    /// Whether a browser is loading a page.
    pub(crate) page: bool,
    /// Whether that browser may be sent to the login without being asked.
    pub(crate) may_redirect: bool,
}

/// Where a user connects again.
#[derive(Debug, Clone)]
pub(crate) struct Reconnect {
    pub(crate) url: String,
    /// Whether the answer may be a redirect there.
    pub(crate) may_redirect: bool,
}

/// Keeps the records of keys, and knows where users connect.
#[async_trait::async_trait]
pub(crate) trait Keeper: Send + Sync {
    /// The connection that all its keys use.
    fn connection(&self) -> &Arc<Connection>;

    /// Removes the record of a revoked key, unless a newer record has replaced it.
    async fn forget(&self, user: &UserId, version: &TokenVersion, fingerprint: KeyFingerprint);

    /// Where the user connects again.
    fn reconnect(&self, visit: Option<&Visit>) -> Reconnect;
}

impl KomerzaKey {
    pub(crate) fn new(
        keeper: Arc<dyn Keeper>,
        user: UserId,
        token: &StoredToken,
        key: ApiKey,
        visit: Option<Visit>,
    ) -> Self {
        let connection = Arc::clone(keeper.connection());
        let owner = Owner { user: user.clone(), version: *token.version(), keeper, visit };
        let client = Client::of(connection, key, Some(owner));
        Self { client, user, note: token.note().cloned() }
    }

    /// The note that your app made when the login began. It is part of the stored record; see
    /// [`before_leaving`](crate::Hooks::before_leaving).
    #[must_use]
    pub fn note(&self) -> Option<&Note> {
        self.note.as_ref()
    }

    /// The user of the key.
    #[must_use]
    pub fn user_id(&self) -> &UserId {
        &self.user
    }
}

/// Gives the client without the user, so that a function with a `&Client` works for handlers and for scripts.
/// If the key is revoked, its record is still removed.
impl Deref for KomerzaKey {
    type Target = Client;

    fn deref(&self) -> &Client {
        &self.client
    }
}

crate::kinds::shows! { KomerzaKey { client } }
