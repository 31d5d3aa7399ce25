//! The client: a user's key, ready to call Komerza.

mod envelope;
mod error;
mod models;
mod request;

pub use error::{Error, ErrorKind};
pub use models::{Store, User};
pub use request::RequestBuilder;
#[cfg(feature = "fuzzing")]
pub(crate) use request::below;

use crate::{
    config::{Config, ConfigError, with_segments},
    context::Context,
    hooks::Revoked,
    log, net,
    secret::ApiKey,
    store::{KeyFingerprint, StoredToken, TokenVersion},
    user::UserId,
};
use http::Method;
use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};
use url::Url;

/// The connection to the API that all users share.
#[derive(Clone)]
pub(crate) struct Api {
    http: reqwest::Client,
    base: Url,
    /// Whether `GET /stores` was found missing, so that the stores are read from `GET /user`.
    stores_in_user: Arc<AtomicBool>,
}

impl Api {
    pub(crate) fn new(config: &Config) -> Result<Self, ConfigError> {
        let http = net::build(net::client(config, &config.api_url)?)?;
        Ok(Self { http, base: config.api_url.clone(), stores_in_user: Arc::default() })
    }
}

/// A user's API key as a ready client: what handlers ask for.
///
/// In an axum handler it is an extractor; elsewhere [`from_parts`](Self::from_parts) makes it, and outside of requests
/// [`client_for`](crate::KomerzaConnectLayer::client_for). Cheap to clone. It sends the key to the configured API alone, with the
/// app's User-Agent, and follows no redirects.
///
/// When Komerza calls the key dead, its record is removed, unless a newer one is there, and the error says so.
#[derive(Clone)]
pub struct KomerzaKey {
    inner: Arc<Inner>,
}

struct Inner {
    context: Arc<Context>,
    user: UserId,
    key: ApiKey,
    version: TokenVersion,
    fingerprint: KeyFingerprint,
}

impl KomerzaKey {
    pub(crate) fn new(context: Arc<Context>, user: UserId, token: &StoredToken, key: ApiKey) -> Self {
        let inner = Inner { context, user, key, version: *token.version(), fingerprint: token.fingerprint() };
        Self { inner: Arc::new(inner) }
    }

    /// Whose key it is.
    #[must_use]
    pub fn user_id(&self) -> &UserId {
        &self.inner.user
    }

    /// The key itself, for calls that this client does not make.
    #[must_use]
    pub fn api_key(&self) -> &ApiKey {
        &self.inner.key
    }

    /// A short hash of the key, for logs and pages.
    #[must_use]
    pub fn fingerprint(&self) -> KeyFingerprint {
        self.inner.fingerprint
    }

    /// `GET path`: a path below the API's base, such as `/stores/{id}/products`.
    pub fn get(&self, path: &str) -> RequestBuilder {
        self.request(Method::GET, path)
    }

    /// `POST path`.
    pub fn post(&self, path: &str) -> RequestBuilder {
        self.request(Method::POST, path)
    }

    /// `PUT path`.
    pub fn put(&self, path: &str) -> RequestBuilder {
        self.request(Method::PUT, path)
    }

    /// `PATCH path`.
    pub fn patch(&self, path: &str) -> RequestBuilder {
        self.request(Method::PATCH, path)
    }

    /// `DELETE path`.
    pub fn delete(&self, path: &str) -> RequestBuilder {
        self.request(Method::DELETE, path)
    }

    /// Any method. The path is checked when the request is sent: one that would leave the API is an error, and nothing is sent.
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        RequestBuilder::new(self.clone(), method, path)
    }

    /// The account that the key belongs to. Needs the scope `user.view`.
    ///
    /// # Errors
    /// As [`RequestBuilder::fetch`].
    pub async fn user(&self) -> Result<User, Error> {
        self.get("/user").fetch().await
    }

    /// The stores that the user approved.
    ///
    /// `GET /stores`, as the provider's own sample does; where that is not there, `GET /user`, as its published schema has it,
    /// and from then on at once.
    ///
    /// # Errors
    /// As [`RequestBuilder::fetch`].
    pub async fn stores(&self) -> Result<Vec<Store>, Error> {
        let in_user = &self.inner.context.api.stores_in_user;
        if !in_user.load(Ordering::Relaxed) {
            match self.get("/stores").fetch().await {
                Err(error) if matches!(error.status().map(|status| status.as_u16()), Some(404 | 405)) => {
                    in_user.store(true, Ordering::Relaxed);
                }
                answered => return answered,
            }
        }
        Ok(self.user().await?.stores)
    }

    /// One store. Needs the scope `stores.view`.
    ///
    /// # Errors
    /// As [`RequestBuilder::fetch`].
    pub async fn store(&self, id: &str) -> Result<Store, Error> {
        let context = &self.inner.context;
        let url = with_segments(&context.api.base, &["stores", id]).ok_or_else(Error::bad_path)?;
        RequestBuilder::to(self.clone(), Method::GET, url).fetch().await
    }

    /// Removes the record of a dead key, if it is still this one.
    async fn forget(&self) {
        let Inner { context, user, version, fingerprint, .. } = &*self.inner;
        match context.delete_if(user, version).await {
            Ok(true) => {
                log::info!(%fingerprint, "the key was revoked; its record is removed");
                let event = Revoked { user: user.clone(), fingerprint: *fingerprint, version: *version };
                context.hook(context.hooks.revoked(&event)).await;
            }
            Ok(false) => log::debug!(%fingerprint, "a revoked key had been replaced or removed already"),
            Err(error) => log::warn!(%fingerprint, %error, "the record of a revoked key could not be removed"),
        }
    }
}

impl fmt::Debug for KomerzaKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KomerzaKey").field("fingerprint", &self.inner.fingerprint).finish_non_exhaustive()
    }
}
