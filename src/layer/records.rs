//! Access to users' records outside of requests: for jobs, health checks, and deleting a user.

use super::KomerzaConnectLayer;
use crate::hooks::{Disconnected, Orphaned};
use crate::store::{ListUsers, ListedUser, StoreError, UserPage, within};
use crate::{api::KomerzaKey, core::Core, guard, site::session::BROWSER_PREFIX, telemetry::log, user::UserId};
use futures_core::Stream;
use futures_util::{StreamExt, TryStreamExt, stream};
use std::task::{Context, Poll};
use std::{pin::Pin, sync::Arc, time::SystemTime};

/// How many users or records one call of the store returns.
const PAGE: usize = 100;

impl KomerzaConnectLayer {
    /// Returns the client of a user outside a request, or `None` if the user is not connected.
    ///
    /// Reads the store once, within [`store_deadline`](crate::config::Limits::store_deadline). Use it in
    /// apps with [`with_user`](Self::with_user). Without it, a user is a browser session, and an app can
    /// learn its id only from [`users`](Self::users) or a [`KomerzaKey`].
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
        // The cursor of the next page is `None` after the last one.
        let begin = (Arc::clone(&self.shared.core), Some(None));
        let pages = stream::unfold(begin, |(core, cursor): (Arc<Core>, Option<Option<String>>)| async move {
            match list(&core, cursor.as_ref()?.as_deref()).await {
                Ok(page) => Some((Ok(stream::iter(page.users).map(Ok)), (core, page.next.map(Some)))),
                Err(error) => Some((Err(error), (core, cursor))),
            }
        });
        Users(Box::pin(pages.fuse().try_flatten()))
    }

    /// Deletes a user's stored key, as the disconnect route does.
    ///
    /// Use it when you delete a user, or when you offer your own way to disconnect. It removes the record
    /// that is there now, and never one that is saved later. The key stays valid at Komerza until the user
    /// removes the app there. The hook [`disconnected`](crate::Hooks::disconnected) runs even if there was no
    /// key.
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

    /// Removes the records of browser sessions that were saved longer than
    /// [`session_lifetime`](crate::config::Limits::session_lifetime) ago, and returns how many. Call it once
    /// a day.
    ///
    /// Nobody can use such a record, but its key is still valid at Komerza. So the hook
    /// [`orphaned`](crate::Hooks::orphaned) runs for each removed record. With [`with_user`](Self::with_user)
    /// there are no such records, and nothing is removed. The store removes a hundred records at a time,
    /// without a time limit, so that the hook runs for every record that is gone.
    ///
    /// # Errors
    /// [`StoreError`] if the store failed or cannot list its users. Records that were already
    /// removed stay removed.
    pub async fn sweep(&self) -> Result<usize, StoreError> {
        let core = &self.shared.core;
        let lists = lists_users(core)?;
        if self.shared.site.identity.is_some() {
            return Ok(0);
        }
        let limits = &core.config.limits;
        let than = core.clock.now().checked_sub(limits.session_lifetime).unwrap_or(SystemTime::UNIX_EPOCH);
        let mut removed = 0;
        loop {
            // Without a deadline: a call that is dropped would not say which records it has removed by then.
            let call = guard::caught("store", async { lists.remove_older(BROWSER_PREFIX, than, PAGE).await });
            let batch = call.await.unwrap_or_else(|_| Err(StoreError::panicked()))?;
            removed += batch.len();
            for (user, token) in &batch {
                log::info!(fingerprint = %token.fingerprint(), "the record of an expired browser session was removed");
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

async fn list(core: &Core, cursor: Option<&str>) -> Result<UserPage, StoreError> {
    let lists = lists_users(core)?;
    within(core.config.limits.store_deadline, async { lists.list_users(cursor, PAGE).await }).await
}

/// The users of [`KomerzaConnectLayer::users`]. After an error the next call loads the same list
/// page again.
pub struct Users(Pin<Box<dyn Stream<Item = Result<ListedUser, StoreError>> + Send>>);

impl Users {
    /// Returns the next user, or `None` after the last one.
    ///
    /// # Errors
    /// [`StoreError`] if the store failed or cannot list its users.
    pub async fn try_next(&mut self) -> Result<Option<ListedUser>, StoreError> {
        self.0.try_next().await
    }
}

impl Stream for Users {
    type Item = Result<ListedUser, StoreError>;

    fn poll_next(mut self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.as_mut().poll_next(task)
    }
}

crate::kinds::shows!(Users {});
