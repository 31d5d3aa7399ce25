//! What all clones of a layer share.

use crate::api::{Connection, Keeper, KomerzaKey, Reconnect, Visit};
use crate::config::{Config, ConfigError};
use crate::site::{Site, login_url};
use crate::store::{KeyFingerprint, StoreError, StoredToken, TokenStore, TokenVersion};
use crate::telemetry::{log, metrics};
use crate::{core::Core, hooks::Revoked, layer::way_back::path_back, redeem::Redeem, user::UserId};
use std::sync::Arc;

/// The three parts of a layer, which do not use each other, and the core that they share.
#[derive(Clone)]
pub(crate) struct Shared {
    pub(crate) core: Arc<Core>,
    pub(crate) site: Site,
    pub(crate) redeem: Redeem,
    pub(crate) api: Arc<Connection>,
}

impl Shared {
    pub(crate) fn new(config: Config, store: Arc<dyn TokenStore>) -> Result<Self, ConfigError> {
        let Config { user_agent, api_url, limits, .. } = &config;
        let api = Arc::new(Connection::new(user_agent, api_url.clone(), limits)?);
        let core = Arc::new(Core::new(config, store));
        let redeem = Redeem::new(Arc::clone(&core), Arc::clone(&api.pacer))?;
        Ok(Self { site: Site::new(Arc::clone(&core)), redeem, core, api })
    }

    /// The key in a user's record, as a client.
    pub(crate) fn key(
        self: &Arc<Self>,
        user: UserId,
        token: &StoredToken,
        visit: Option<Visit>,
    ) -> Result<KomerzaKey, StoreError> {
        let (key, keeper) = (token.api_key()?.clone(), Arc::<Self>::clone(self));
        Ok(KomerzaKey::new(keeper, user, token, key, visit))
    }
}

#[async_trait::async_trait]
impl Keeper for Shared {
    fn connection(&self) -> &Arc<Connection> {
        &self.api
    }

    async fn forget(&self, user: &UserId, version: &TokenVersion, fingerprint: KeyFingerprint) {
        match self.core.delete_if(user, version).await {
            Ok(true) => {
                metrics::revoked();
                log::info!(%fingerprint, "the key was revoked; its record is removed");
                let event = Revoked { user: user.clone(), fingerprint, version: *version };
                self.core.hook(async { self.core.hooks.revoked(&event).await }).await;
            }
            Ok(false) => log::debug!(%fingerprint, "the record of a revoked key was already replaced or removed"),
            Err(error) => {
                log::warn!(%fingerprint, error = %crate::telemetry::log::chain(&error), "the record of a revoked key could not be removed")
            }
        }
    }

    fn reconnect(&self, visit: Option<&Visit>) -> Reconnect {
        let login = &self.core.config.routes.login;
        let back = visit.map(|visit| login_url(login, &path_back(&self.core.config, visit)));
        let may_redirect = visit.is_some_and(|visit| visit.may_redirect);
        Reconnect { url: back.unwrap_or_else(|| login.clone()), may_redirect }
    }
}

crate::kinds::shows!(Shared { core });
