//! What all parts of one mount share.

use crate::{
    api::{Api, Pacer, Revocation, SharedBuckets},
    config::{Config, ConfigError},
    hooks::{Hooks, NoHooks},
    random::{Randomness, SystemRandomness},
    redeem::{Flights, Turns, exchange::ExchangeClient},
    seal::Tags,
    site::{caller::Identity, cookie::Jar},
    store::{StoreError, StoredToken, TokenStore, TokenVersion},
    time::{Clock, SystemClock},
    user::UserId,
};
use std::{
    future::{Future, poll_fn},
    panic::{AssertUnwindSafe, catch_unwind},
    pin::pin,
    sync::Arc,
    task::Poll,
    time::Duration,
};
use tokio::time::error::Elapsed;
use tokio_util::task::TaskTracker;

/// Cheap to clone: a layer with another hook or clock shares the rest.
#[derive(Clone)]
pub(crate) struct Context {
    pub(crate) config: Arc<Config>,
    store: Arc<dyn TokenStore>,
    pub(crate) identity: Identity,
    pub(crate) hooks: Arc<dyn Hooks>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) randomness: Arc<dyn Randomness>,
    pub(crate) jar: Arc<Jar>,
    pub(crate) session_tags: Arc<Tags>,
    pub(crate) exchange: ExchangeClient,
    pub(crate) turns: Arc<Turns>,
    pub(crate) flights: Arc<Flights>,
    /// Exchanges and saves under way, for a shutdown to wait for.
    pub(crate) tasks: TaskTracker,
    pub(crate) api: Api,
    pub(crate) pacer: Arc<Pacer>,
    pub(crate) revocation: Revocation,
}

impl Context {
    pub(crate) fn new(config: Config, store: Arc<dyn TokenStore>) -> Result<Self, ConfigError> {
        Ok(Self {
            store,
            identity: Identity::Browser,
            hooks: Arc::new(NoHooks),
            clock: Arc::new(SystemClock),
            randomness: Arc::new(SystemRandomness),
            jar: Arc::new(Jar::new(&config)),
            session_tags: Arc::new(Tags::derive(&config.cookie_keys, &session_label(&config))),
            exchange: ExchangeClient::new(&config)?,
            turns: Arc::new(Turns::new(&config.limits)),
            flights: Arc::default(),
            tasks: TaskTracker::new(),
            api: Api::new(&config)?,
            pacer: Pacer::of_process(&config.api_url, &config.limits.client),
            revocation: Arc::new(|reply| reply.says_key_is_dead()),
            config: Arc::new(config),
        })
    }

    /// The store itself: an `Arc` of a store is a store too, and to call that one would box each future twice.
    pub(crate) fn store(&self) -> &dyn TokenStore {
        &*self.store
    }

    /// Buckets for this layer alone.
    pub(crate) fn pacer_alone(&self, shared: Option<Arc<dyn SharedBuckets>>) -> Arc<Pacer> {
        Pacer::alone(&self.config.api_url, &self.config.limits.client, shared)
    }

    /// A user's record, within the deadline.
    pub(crate) async fn load(&self, user: &UserId) -> Result<Option<StoredToken>, StoreError> {
        within(self.config.limits.store_deadline, self.store().load(user)).await
    }

    /// Forgets a user's record, within the deadline.
    pub(crate) async fn delete(&self, user: &UserId) -> Result<(), StoreError> {
        within(self.config.limits.store_deadline, self.store().delete(user)).await
    }

    /// Forgets a user's record if it is still this one, within the deadline.
    pub(crate) async fn delete_if(&self, user: &UserId, version: &TokenVersion) -> Result<bool, StoreError> {
        within(self.config.limits.store_deadline, self.store().delete_if(user, version)).await
    }

    /// Calls a hook; `None` when it did not finish. For the visitor that changes nothing.
    pub(crate) async fn hook<T>(&self, call: impl Future<Output = T>) -> Option<T> {
        self.ask(call).await.ok()
    }

    /// Calls a hook whose answer matters.
    pub(crate) async fn ask<T>(&self, call: impl Future<Output = T>) -> Result<T, Unfinished> {
        match timeout(self.config.limits.hook_deadline, caught(call)).await {
            Ok(Some(answer)) => Ok(answer),
            Ok(None) => {
                crate::telemetry::log::error!("a hook panicked");
                Err(Unfinished::Panicked)
            }
            Err(_) => {
                crate::telemetry::log::warn!("a hook did not finish in time");
                Err(Unfinished::Late)
            }
        }
    }
}

/// Why a hook gave no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unfinished {
    Late,
    Panicked,
}

/// Runs what the app brought along: `None` if it panicked. It is not polled again, and nothing of ours is shared with it in a
/// state between two.
pub(crate) async fn caught<T>(call: impl Future<Output = T>) -> Option<T> {
    let mut call = pin!(call);
    poll_fn(|task| match catch_unwind(AssertUnwindSafe(|| call.as_mut().poll(task))) {
        Ok(poll) => poll.map(Some),
        Err(_) => Poll::Ready(None),
    })
    .await
}

/// A session is one of this application and this redirect URI: another mount with the same keys and store does not know it (T6).
fn session_label(config: &Config) -> String {
    // The id has visible characters alone, so that the two parts cannot run into each other.
    format!("browser session of {} at {}", config.client_id, config.redirect_uri.text)
}

/// Runs a call of the store under a deadline.
pub(crate) async fn within<T>(
    deadline: Duration,
    call: impl Future<Output = Result<T, StoreError>>,
) -> Result<T, StoreError> {
    timeout(deadline, call).await.unwrap_or_else(|_| Err(StoreError::timed_out()))
}

/// As tokio's. What is ready at once, as a look-up in memory is, pays for no timer.
pub(crate) async fn timeout<T>(deadline: Duration, call: impl Future<Output = T>) -> Result<T, Elapsed> {
    let mut call = pin!(call);
    match poll_fn(|task| Poll::Ready(call.as_mut().poll(task))).await {
        Poll::Ready(done) => Ok(done),
        // Boxed, so that it adds nothing to the futures of those who never wait.
        Poll::Pending => Box::pin(tokio::time::timeout(deadline, call)).await,
    }
}
