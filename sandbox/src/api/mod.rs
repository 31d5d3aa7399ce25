//! The API behind a key: who calls, what the key may do, and one file per group of endpoints.
//!
//! Each call is judged in this order: scope (403), store known (404), store ticked (403), then the endpoint's
//! own rules. Field names and types are those of the provider's published schema. A comment that is only a
//! name in backquotes, such as `PublicOrder`, names a type of that schema. A file says so if we had to guess.

mod categories;
mod customers;
mod objects;
mod orders;
mod products;
mod stores;
mod tickets;
mod user;
mod variants;
mod views;
mod webhooks;

use std::sync::Arc;

use axum::{Router, extract::FromRequestParts};
use http::request::Parts;

use super::envelope::{Refusal, Reply};
use super::world::{Shared, World};
use super::{chance::Chance, grant::Grant, seed::DemoStore, switches::Switches};

type Answer = Result<Reply, Refusal>;

/// Whose key it is; put into the request's extensions once the key was accepted.
#[derive(Clone)]
pub(super) struct Caller {
    pub(super) grant: Arc<Grant>,
}

pub(super) fn router(shared: Arc<Shared>) -> Router {
    let groups = [
        user::routes(),
        stores::routes(),
        products::routes(),
        variants::routes(),
        categories::routes(),
        orders::routes(),
        customers::routes(),
        tickets::routes(),
        webhooks::routes(),
    ];
    groups
        .into_iter()
        .fold(Router::new(), Router::merge)
        .method_not_allowed_fallback(async || Refusal::method_not_allowed())
        .fallback(async || Refusal::not_found("endpoint"))
        .with_state(shared)
}

/// A call whose key was accepted.
struct Call {
    shared: Arc<Shared>,
    grant: Arc<Grant>,
    query: String,
}

/// What an endpoint needs besides the store itself.
struct Desk<'w> {
    switches: &'w Switches,
    chance: &'w mut Chance,
    /// Seconds since the Unix epoch.
    now: i64,
    /// Id of the user who owns the store.
    owner: String,
}

impl FromRequestParts<Arc<Shared>> for Call {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, shared: &Arc<Shared>) -> Result<Self, Refusal> {
        let caller = parts.extensions.get::<Caller>().cloned().ok_or_else(Refusal::bad_token)?;
        let query = parts.uri.query().unwrap_or_default().to_owned();
        Ok(Self { shared: Arc::clone(shared), grant: caller.grant, query })
    }
}

impl Call {
    fn need(&self, scope: &str) -> Result<(), Refusal> {
        if self.grant.allows(scope) {
            Ok(())
        } else {
            Err(Refusal::access_denied(format!("The API key lacks the scope {scope}.")))
        }
    }

    /// Id of the account that the key belongs to.
    fn user_id(&self) -> String {
        self.shared.world().accounts.get(self.grant.account).map(|account| account.user_id()).unwrap_or_default()
    }

    /// Seconds since the Unix epoch, by the sandbox's clock.
    fn now(&self) -> i64 {
        self.shared.seconds()
    }

    fn world<T>(&self, scope: &str, act: impl FnOnce(&mut World) -> Result<T, Refusal>) -> Result<T, Refusal> {
        self.need(scope)?;
        act(&mut self.shared.world())
    }

    /// Looks up a store that the key reaches.
    fn store<T>(
        &self,
        scope: &str,
        id: &str,
        act: impl FnOnce(&mut DemoStore, Desk<'_>) -> Result<T, Refusal>,
    ) -> Result<T, Refusal> {
        self.world(scope, |world| {
            let World { accounts, switches, chance, .. } = world;
            let account = accounts.iter_mut().find(|account| account.stores.iter().any(|store| store.id == id));
            let account = account.ok_or_else(|| Refusal::not_found("store"))?;
            if !self.grant.reaches(id) {
                return Err(Refusal::access_denied("The user did not connect this store."));
            }
            let owner = account.user_id();
            let store = account.stores.iter_mut().find(|store| store.id == id);
            act(store.ok_or_else(|| Refusal::not_found("store"))?, Desk { switches, chance, now: self.now(), owner })
        })
    }
}
