//! The contract of [`TokenStore`] as checks that you can run on any store.
//!
//! It needs the feature `store-contract`. It does not follow semver: a later version may check more.
//!
//! 1. A [`Contract`] says how to open the store. It also makes claims: promises beyond what every store must
//!    do.
//! 2. Every claim is either made or left out by name, with the reason: [`Contract::without`].
//! 3. [`token_store_contract!`](crate::token_store_contract) makes one test of each check. [`Contract::check`]
//!    runs them all in one call.
//! 4. A failed check returns a [`ContractFailure`] with the name of the check, what it requires, and what it
//!    found.
//!
//! | Claim | The store |
//! | --- | --- |
//! | [`any_id`](Contract::any_id) | accepts every valid user id; otherwise give [`ids`](Contract::ids) that it accepts |
//! | [`restarts`](Contract::outlives_restarts) | has its records after it was closed and opened again |
//! | [`nodes`](Contract::shared_by_nodes) | may be open several times at once, over the same records |
//! | [`unreachable`](Contract::unreachable) | may lose its server or file, and returns errors then |
//! | [`damage`](Contract::damaged_by) | may find a record damaged |
//! | [`replaces`](Contract::replaces) | implements [`ReplaceIf`] |
//! | [`lists`](Contract::lists) | implements [`ListUsers`](crate::store::ListUsers) |
//! | [`network`](Contract::over_network) | reaches its server over TCP; the checks make the network silent and writes late |
//!
//! Every run uses user ids of its own and removes its records afterwards, so runs may share a database. All
//! keys are obvious fakes. A check has 30 seconds; a call that hangs or panics is a failure like any other.
//!
//! ```
//! # #[cfg(feature = "sqlite")]
//! mod sqlite {
//!     use komerza_connect::{store::{SqliteStore, contract::{Claim, Contract}}, token_store_contract};
//!
//!     fn contract() -> Contract {
//!         let path = std::env::temp_dir().join(format!("contract-{}.db", std::process::id()));
//!         // Each call opens the same file. What one store saved must be in the next one.
//!         let open = move || {
//!             let path = path.clone();
//!             async move { SqliteStore::open(path).await.expect("the file opens") }
//!         };
//!         Contract::new(open.clone())
//!             .any_id()
//!             .outlives_restarts()
//!             .shared_by_nodes()
//!             .lists()
//!             .replaces(open)
//!             .without(Claim::Unreachable, "shown elsewhere")
//!             .without(Claim::Damage, "shown elsewhere")
//!             .without(Claim::Network, "it needs none")
//!     }
//!
//!     token_store_contract!(contract(), any_id, restarts, nodes, lists, replaces);
//! }
//! # fn main() {} // The macro makes tests, which rustdoc does not run.
//! ```
//!
//! A store that uses a server should make every claim. This example has the `PostgresStore` of this crate:
//!
//! ```
//! # #[cfg(feature = "postgres")]
//! mod postgres {
//!     use komerza_connect::{store::{PostgresStore, contract::Contract}, token_store_contract};
//!     use std::net::SocketAddr;
//!
//!     fn url(server: SocketAddr) -> String {
//!         format!("postgres://app:password@{server}/test")
//!     }
//!
//!     async fn at(server: SocketAddr) -> PostgresStore {
//!         PostgresStore::connect(&url(server)).await.expect("the server answers")
//!     }
//!
//!     fn contract() -> Contract {
//!         let server = SocketAddr::from(([127, 0, 0, 1], 5432));
//!         Contract::new(move || at(server))
//!             .any_id()
//!             .outlives_restarts()
//!             .shared_by_nodes()
//!             .lists()
//!             .replaces(move || at(server))
//!             // The address is the relay's. Connect to it, with the same user, password and database.
//!             .over_network(server, at)
//!             // Or a store whose pool connects lazily, to a port where nobody listens.
//!             .unreachable(move || async move {
//!                 let store = at(server).await;
//!                 store.close().await;
//!                 store
//!             })
//!             .damaged_by(move |user| async move {
//!                 let pool = sqlx::PgPool::connect(&url(server)).await.expect("the server answers");
//!                 let damage = "UPDATE komerza_tokens SET record = 'half of a rec' WHERE user_id = $1";
//!                 let done = sqlx::query(damage).bind(user.as_str().as_bytes()).execute(&pool).await;
//!                 assert_eq!(done.expect("the record is there").rows_affected(), 1);
//!             })
//!     }
//!
//!     token_store_contract!(contract(), any_id, restarts, nodes, lists, replaces, network, unreachable, damage);
//! }
//! # fn main() {}
//! ```

mod basics;
mod claims;
mod damage;
mod dropped;
pub mod faulty;
mod ids;
mod lists;
mod network;
mod nodes;
mod outcome;
mod races;
mod relay;
mod replaces;
mod restarts;
mod table;
mod trial;
mod unreachable;

pub use claims::Claim;
#[doc(hidden)]
pub use claims::claims_as_test;
pub use outcome::{ContractFailure, Passed};
pub use relay::Relay;

use super::{ReplaceIf, TokenStore};
use crate::user::UserId;
use std::{fmt, future::Future, net::SocketAddr, pin::Pin, sync::Arc, time::Duration};
use trial::{Calls, Found, Trial, ended};

type BoxFuture<T> = Pin<Box<dyn Future<Output = T> + Send>>;
type Open = Arc<dyn Fn() -> BoxFuture<Arc<dyn TokenStore>> + Send + Sync>;
type OpenReplacing = Arc<dyn Fn() -> BoxFuture<Arc<dyn ReplaceIf>> + Send + Sync>;
type OpenAt = Arc<dyn Fn(SocketAddr) -> BoxFuture<Arc<dyn TokenStore>> + Send + Sync>;
type MakeId = Arc<dyn Fn(i64) -> UserId + Send + Sync>;
type Damage = Arc<dyn Fn(UserId) -> BoxFuture<()> + Send + Sync>;

/// How long one check may take. *Source*: our choice; a healthy store needs a few seconds at most.
const CHECK_DEADLINE: Duration = Duration::from_secs(30);

/// All checks, in the order in which they run.
#[must_use]
pub fn checks() -> &'static [Check] {
    &table::CHECKS
}

/// One check of the contract.
#[derive(Clone, Copy)]
pub struct Check {
    name: &'static str,
    sentence: &'static str,
    claim: Claim,
    run: fn(Arc<Trial>) -> BoxFuture<Result<(), Found>>,
}

impl Check {
    /// The name, which is also the name of the test.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// What the check requires of a store, in one sentence.
    #[must_use]
    pub fn sentence(&self) -> &'static str {
        self.sentence
    }

    /// The claim that a contract must make so that this check runs.
    #[must_use]
    pub fn claim(&self) -> Claim {
        self.claim
    }
}

impl fmt::Debug for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Check").field("name", &self.name).field("claim", &self.claim).finish_non_exhaustive()
    }
}

/// A store under test: how it is opened, and what it claims.
#[derive(Clone)]
pub struct Contract {
    open: Open,
    unreachable: Option<Open>,
    damage: Option<Damage>,
    replacing: Option<OpenReplacing>,
    network: Option<(SocketAddr, OpenAt)>,
    ids: Option<MakeId>,
    any_id: bool,
    restarts: bool,
    nodes: bool,
    lists: bool,
    left_out: Vec<(Claim, String)>,
    deadline: Duration,
}

fn opening<S, F, Fut>(open: F) -> Open
where
    S: TokenStore,
    F: Fn() -> Fut + Send + Sync + 'static,
    Fut: Future<Output = S> + Send + 'static,
{
    Arc::new(move || {
        let opened = open();
        Box::pin(async move { Arc::new(opened.await) as Arc<dyn TokenStore> })
    })
}

impl Contract {
    /// Makes a contract for the store that `open` returns. Each check calls `open` again. If `open` panics,
    /// the check fails.
    pub fn new<S, F, Fut>(open: F) -> Self
    where
        S: TokenStore,
        F: Fn() -> Fut + Send + Sync + 'static,
        Fut: Future<Output = S> + Send + 'static,
    {
        Self {
            open: opening(open),
            unreachable: None,
            damage: None,
            replacing: None,
            network: None,
            ids: None,
            any_id: false,
            restarts: false,
            nodes: false,
            lists: false,
            left_out: Vec::new(),
            deadline: CHECK_DEADLINE,
        }
    }

    /// Sets how long one check may take. A check that takes longer fails. Default: 30 seconds.
    #[must_use]
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.deadline = deadline;
        self
    }

    /// Runs the basic checks and those of each claim that is made, one after the other. It needs a tokio
    /// runtime.
    ///
    /// ```
    /// use komerza_connect::{MemoryStore, store::contract::{Claim, Contract}};
    ///
    /// # tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(async {
    /// let contract = Contract::new(|| async { MemoryStore::default() }).any_id().lists();
    /// let forgotten = contract.check().await.unwrap_err().to_string();
    /// assert!(forgotten.contains("restarts, nodes, unreachable, damage, replaces, network"));
    ///
    /// let mut contract = contract;
    /// for claim in [Claim::Restarts, Claim::Nodes, Claim::Unreachable, Claim::Damage, Claim::Replaces, Claim::Network] {
    ///     contract = contract.without(claim, "a store for demos");
    /// }
    /// let passed = contract.check().await?;
    /// assert!(passed.checks().len() >= 25);
    /// assert!(passed.to_string().contains("not checked: restarts (a store for demos)"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// # })?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// The first [`ContractFailure`]. A claim that is neither made nor left out is a failure too.
    pub async fn check(&self) -> Result<Passed, ContractFailure> {
        self.claims_are_complete()?;
        let mut passed = Vec::new();
        for check in checks().iter().filter(|check| self.claims(check.claim)) {
            self.make(check).await?;
            passed.push(check.name);
        }
        Ok(Passed { checks: passed, left_out: self.left_out() })
    }

    /// Runs the check of that name.
    ///
    /// # Errors
    /// [`ContractFailure`] if the check fails, if there is no such check, or if the contract does not make
    /// its claim. A check that you ask for is never skipped.
    pub async fn run(&self, name: &str) -> Result<(), ContractFailure> {
        let Some(check) = checks().iter().find(|check| check.name == name) else {
            let found = "`checks()` has no check with this name".to_owned();
            return Err(ContractFailure {
                check: name.to_owned().into(),
                sentence: "A check must exist to be run.",
                found,
            });
        };
        if self.claims(check.claim) {
            return self.make(check).await;
        }
        let found = self.lacks(check.claim);
        Err(ContractFailure { check: check.name.into(), sentence: check.sentence, found })
    }

    async fn make(&self, check: &Check) -> Result<(), ContractFailure> {
        // In a task of its own, so that a panic of the store is a finding and not the end of the run.
        let (contract, run, claim, calls) = (self.clone(), check.run, check.claim, Calls::default());
        let under_way = calls.clone();
        let mut task = tokio::spawn(async move {
            let trial = Arc::new(Trial::begin(contract, claim, calls).await?);
            let outcome = run(Arc::clone(&trial)).await;
            trial.clean_up().await;
            outcome
        });
        let outcome = match tokio::time::timeout(self.deadline, &mut task).await {
            Ok(Ok(outcome)) => outcome,
            Ok(Err(error)) => Err(ended(error)),
            Err(_) => {
                let what = under_way.first().map_or("the check".to_owned(), |call| format!("`{call}`"));
                task.abort();
                let own = match claim {
                    Claim::Unreachable | Claim::Network => ": the store needs its own deadline for a call",
                    _ => "",
                };
                Err(Found(format!("{what} did not end within the check's {} seconds{own}", self.deadline.as_secs())))
            }
        };
        outcome.map_err(|Found(found)| ContractFailure { check: check.name.into(), sentence: check.sentence, found })
    }
}

impl fmt::Debug for Contract {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let claims = claims::CLAIMS.iter().filter(|(claim, ..)| self.claims(*claim)).map(|(_, name, _)| name);
        f.debug_struct("Contract").field("claims", &claims.collect::<Vec<_>>()).finish_non_exhaustive()
    }
}

/// What a test of [`token_store_contract!`](crate::token_store_contract) does, on a runtime of its own.
#[doc(hidden)]
pub fn run_as_test(contract: &Contract, name: &str) -> Result<(), ContractFailure> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    match runtime {
        Ok(runtime) => {
            let outcome = runtime.block_on(contract.run(name));
            // Not waiting for its threads: a store that blocks one for ever has failed, and must not hang the tests.
            runtime.shutdown_background();
            outcome
        }
        Err(error) => {
            let found = format!("tokio cannot start a runtime: {error}");
            Err(ContractFailure { check: name.to_owned().into(), sentence: "A check needs a runtime.", found })
        }
    }
}
