//! Everything that the sandbox knows: apps, accounts, codes, keys, limits.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, UNIX_EPOCH};

use super::codes::{self, Codes};
use super::grant::{Approval, Grant};
use super::keys::{FreshKey, Keys};
use super::switches::{ExchangeRefusal, Switches};
use super::{
    SandboxError, app::RegisteredApp, bucket::Bucket, chance::Chance, faults::Faults, request_log::RequestLog,
    seed::Account,
};
use komerza_connect::{provider, time::Clock};

/// Shared by the server, its handlers and the [`Sandbox`](super::Sandbox).
pub(super) struct Shared {
    pub(super) clock: Arc<dyn Clock>,
    pub(super) log: RequestLog,
    pub(super) faults: Faults,
    world: Mutex<World>,
}

impl Shared {
    pub(super) fn new(clock: Arc<dyn Clock>, log: RequestLog, world: World) -> Self {
        Self { clock, log, faults: Faults::default(), world: Mutex::new(world) }
    }

    /// Seconds since the Unix epoch, by the sandbox's clock.
    pub(super) fn seconds(&self) -> i64 {
        let since = self.clock.now().duration_since(UNIX_EPOCH).unwrap_or_default();
        i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
    }

    /// Locks the state. The guard must never be held across an await.
    pub(super) fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

pub(super) struct World {
    pub(super) switches: Switches,
    pub(super) apps: Vec<RegisteredApp>,
    pub(super) accounts: Vec<Account>,
    pub(super) codes: Codes,
    pub(super) keys: Keys,
    pub(super) chance: Chance,
    anonymous: Bucket,
}

impl World {
    pub(super) fn new(switches: Switches, accounts: Vec<Account>, chance: Chance, now: Duration) -> Self {
        let anonymous = Bucket::full(provider::ANONYMOUS_BUCKET, now);
        let (codes, keys) = (Codes::default(), Keys::default());
        Self { switches, apps: Vec::new(), accounts, codes, keys, chance, anonymous }
    }

    pub(super) fn app(&self, client_id: &str) -> Option<&RegisteredApp> {
        self.apps.iter().find(|app| app.client_id == client_id)
    }

    pub(super) fn take_anonymous_token(&mut self, now: Duration) -> Result<(), Duration> {
        if self.switches.limit_anonymous { self.anonymous.take(now) } else { Ok(()) }
    }

    /// What `approval` grants to the app; stores are in the account's own order.
    pub(super) fn grant(&self, client_id: &str, approval: &Approval) -> Result<Grant, SandboxError> {
        let app = self.app(client_id).ok_or(SandboxError::Unknown("app"))?;
        let account = self.accounts.get(approval.account).ok_or(SandboxError::Unknown("account"))?;
        let ticked = |id: &String| approval.stores.as_ref().is_none_or(|stores| stores.contains(id));
        Ok(Grant {
            client_id: client_id.to_owned(),
            account: approval.account,
            stores: account.stores.iter().map(|store| store.id.clone()).filter(ticked).collect(),
            scopes: approval.granted_scopes(&app.scopes),
        })
    }

    pub(super) fn issue_code(&mut self, grant: Grant, clock: &dyn Clock) -> String {
        let alphabet = &self.switches.code_alphabet;
        let code = codes::shaped(self.chance.text(alphabet.letters(), self.switches.code_length), alphabet);
        self.codes.issue(code.clone(), grant, clock.elapsed(), self.switches.code_lifetime);
        code
    }

    pub(super) fn issue_key(&mut self, grant: Grant, clock: &dyn Clock) -> String {
        let user = self.accounts.get(grant.account).map(Account::user_id).unwrap_or_default();
        let fresh = FreshKey::new(&grant.client_id, &user, &self.chance.token(), self.chance.uuid());
        self.keys.issue(fresh, grant, self.switches.reconnect, (clock.now(), clock.elapsed()))
    }

    /// The exchange: the app first, then its secret, then the code. Only a success spends the code.
    pub(super) fn exchange(
        &mut self,
        client_id: &str,
        secret: Option<&[u8]>,
        code: &str,
        clock: &dyn Clock,
    ) -> Result<String, ExchangeRefusal> {
        let app = self.app(client_id).ok_or(ExchangeRefusal::AppNotFound)?;
        if secret != Some(app.client_secret.as_bytes()) {
            return Err(ExchangeRefusal::InvalidClientSecret);
        }
        let grant = self.codes.redeem(code, client_id, clock.elapsed(), self.switches.code_lifetime)?;
        Ok(self.issue_key(grant, clock))
    }
}
