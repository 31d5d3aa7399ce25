//! Access to users' records outside of requests: for jobs, health checks, and deleting a user.

use super::KomerzaConnectLayer;
use crate::{
    api::KomerzaKey,
    core::Core,
    hooks::{Disconnected, Orphaned},
    site::{caller::Identity, session::BROWSER_PREFIX},
    store::{ListUsers, ListedUser, StoreError, UserPage, within},
    telemetry::log,
    user::UserId,
};
use futures_core::Stream;
use std::{
    collections::VecDeque,
    fmt,
    future::{Future, poll_fn},
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
    time::SystemTime,
};

/// How many users or records one call of the store returns.
const PAGE: usize = 100;

impl KomerzaConnectLayer {
    /// Returns the client of a user outside a request, or `None` if the user is not connected.
    ///
    /// Reads the store once, within [`store_deadline`](crate::config::Limits::store_deadline). Use
    /// it in apps with [`with_user`](Self::with_user); apps do not know the ids of browser
    /// sessions.
    ///
    /// # Errors
    /// [`StoreError`] if the store failed.
    #[doc(alias = "background job")]
    pub async fn client_for(&self, user: &UserId) -> Result<Option<KomerzaKey>, StoreError> {
        let token = self.shared.core.load(user).await?;
        token.map(|token| self.shared.key(user.clone(), &token, None)).transpose()
    }

    /// Returns all users who have a record, as a stream, each with the time of the save and the app's
    /// [note](crate::hooks::Note).
    ///
    /// [`ListUsers::list_users`] says what happens to users who connect meanwhile.
    ///
    /// ```
    /// use komerza_connect::{KomerzaConnectLayer, UserId};
    /// use komerza_sandbox::Sandbox;
    ///
    /// # tokio::runtime::Runtime::new()?.block_on(async {
    /// let sandbox = Sandbox::start().await?;
    /// let store = sandbox.connected(&UserId::new("alice")?).await?;
    /// let connect = KomerzaConnectLayer::new(sandbox.config("http://127.0.0.1:3000/komerza/callback")?, store)?;
    ///
    /// let mut users = connect.users();
    /// let mut stores = 0;
    /// while let Some(listed) = users.try_next().await? {
    ///     // A user who has disconnected since has no client.
    ///     if let Some(komerza) = connect.client_for(&listed.user).await? {
    ///         stores += komerza.stores().await?.len();
    ///     }
    /// }
    /// assert_eq!(stores, 2);
    /// # Ok::<(), Box<dyn std::error::Error>>(()) })?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[doc(alias = "background job")]
    #[must_use]
    pub fn users(&self) -> Users {
        Users { core: Arc::clone(&self.shared.core), cursor: None, over: false, page: VecDeque::new(), next: None }
    }

    /// Deletes a user's stored key, as the disconnect route does.
    ///
    /// Use it when you delete a user, or offer disconnecting elsewhere. It removes the record that is
    /// there now, and never one that is saved later. The key stays valid at Komerza until the user
    /// removes the app there. The hook [`disconnected`](crate::Hooks::disconnected) runs even if
    /// there was no key.
    ///
    /// # Errors
    /// [`StoreError`] if the store is not available. The key may then still be there.
    #[doc(alias = "revoke")]
    pub async fn disconnect(&self, user: &UserId) -> Result<(), StoreError> {
        let core = &self.shared.core;
        core.forget(user).await?;
        let event = Disconnected { user: user.clone() };
        core.hook(async { core.hooks.disconnected(&event).await }).await;
        Ok(())
    }

    /// Removes the records of expired browser sessions and returns how many. Call it once a day.
    ///
    /// Nobody can use such a record, but its key is still valid at Komerza. So the hook
    /// [`orphaned`](crate::Hooks::orphaned) runs for each. With [`with_user`](Self::with_user)
    /// there are no such records, and nothing is removed.
    ///
    /// # Errors
    /// [`StoreError`] if the store failed or cannot list its users. Records that were already
    /// removed stay removed.
    pub async fn sweep(&self) -> Result<usize, StoreError> {
        let core = &self.shared.core;
        let lists = lists_users(core)?;
        if let Identity::App(_) = self.shared.site.identity {
            return Ok(0);
        }
        let limits = &core.config.limits;
        let than = core.clock.now().checked_sub(limits.session_lifetime).unwrap_or(SystemTime::UNIX_EPOCH);
        let mut removed = 0;
        loop {
            let call = async { lists.remove_older(BROWSER_PREFIX, than, PAGE).await };
            let batch = within(limits.store_deadline, call).await?;
            removed += batch.len();
            for (user, token) in &batch {
                log::info!(fingerprint = %token.fingerprint(), "the record of a browser whose session is over is removed");
                let event = Orphaned { user: user.clone(), attempt: None, fingerprint: token.fingerprint() };
                core.hook(async { core.hooks.orphaned(&event).await }).await;
            }
            if batch.len() < PAGE {
                return Ok(removed);
            }
        }
    }

    /// Asks the token store whether it answers, for health checks.
    ///
    /// # Errors
    /// [`StoreError`] if it does not answer in time, or does not implement [`ListUsers`].
    #[doc(alias = "health check")]
    pub async fn ping(&self) -> Result<(), StoreError> {
        let core = &self.shared.core;
        let lists = lists_users(core)?;
        within(core.config.limits.store_deadline, async { lists.ping().await }).await
    }
}

fn lists_users(core: &Core) -> Result<&dyn ListUsers, StoreError> {
    core.store().lists_users().ok_or_else(|| StoreError::misconfigured("the token store does not list its users"))
}

/// A page of users on its way.
type NextPage = Pin<Box<dyn Future<Output = Result<UserPage, StoreError>> + Send>>;

/// The users of [`KomerzaConnectLayer::users`]. After an error the next call loads the same list
/// page again.
pub struct Users {
    core: Arc<Core>,
    cursor: Option<String>,
    over: bool,
    page: VecDeque<ListedUser>,
    next: Option<NextPage>,
}

impl Users {
    /// Returns the next user, or `None` after the last one.
    ///
    /// # Errors
    /// [`StoreError`] if the store failed or cannot list its users.
    pub async fn try_next(&mut self) -> Result<Option<ListedUser>, StoreError> {
        poll_fn(|task| Pin::new(&mut *self).poll_next(task)).await.transpose()
    }
}

impl Stream for Users {
    type Item = Result<ListedUser, StoreError>;

    fn poll_next(mut self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        loop {
            if let Some(listed) = self.page.pop_front() {
                return Poll::Ready(Some(Ok(listed)));
            }
            if self.over {
                return Poll::Ready(None);
            }
            let (core, cursor) = (Arc::clone(&self.core), self.cursor.clone());
            let next = self.next.get_or_insert_with(|| Box::pin(list(core, cursor)));
            let page = ready!(next.as_mut().poll(task));
            self.next = None;
            match page {
                Ok(page) => {
                    (self.over, self.cursor) = (page.next.is_none(), page.next);
                    self.page = page.users.into();
                }
                Err(error) => return Poll::Ready(Some(Err(error))),
            }
        }
    }
}

async fn list(core: Arc<Core>, cursor: Option<String>) -> Result<UserPage, StoreError> {
    let lists = lists_users(&core)?;
    within(core.config.limits.store_deadline, async { lists.list_users(cursor.as_deref(), PAGE).await }).await
}

impl fmt::Debug for Users {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Users").field("over", &self.over).finish_non_exhaustive()
    }
}
