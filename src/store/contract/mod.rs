//! The contract of [`TokenStore`], as checks that any store can be put through.
//!
//! Behind feature `store-contract`, and outside semver: a later version may check more.
//!
//! 1. A [`Contract`] holds what opens the store, and what the store claims beyond the contract.
//! 2. [`token_store_contract!`](crate::token_store_contract) makes one test of each check; [`check`] runs them all in one call.
//! 3. A check that fails says which it was, what every store owes, and what was found: [`ContractFailure`].
//!
//! Every run draws user ids of its own and removes its records afterwards, so that runs may share a database. All keys are
//! obvious fakes. A check has 30 seconds; a call that hangs or panics is a failure like any other.
//!
//! ```
//! # fn main() {} // The macro makes tests, which rustdoc does not run.
//! use komerza_connect::{store::contract::Contract, MemoryStore, token_store_contract};
//!
//! token_store_contract!(Contract::new(|| async { MemoryStore::default() }));
//! ```
//!
//! A store that keeps its records over a restart, cannot always be reached, and may find its records damaged, claims so and is
//! held to more:
//!
//! ```
//! # #[cfg(feature = "sqlite")]
//! mod sqlite {
//!     use komerza_connect::{store::{contract::Contract, SqliteStore}, token_store_contract};
//!
//!     fn contract() -> Contract {
//!         let path = std::env::temp_dir().join(format!("contract-{}.db", std::process::id()));
//!         // Each call opens the same file: what one store saved, the next one must have.
//!         Contract::new(move || {
//!             let path = path.clone();
//!             async move { SqliteStore::open(path).await.expect("the file opens") }
//!         })
//!         .outlives_restarts()
//!     }
//!
//!     token_store_contract!(contract(), restarts);
//! }
//! ```

mod basics;
mod damage;
mod dropped;
mod ids;
mod races;
mod relay;
mod restarts;
mod table;
mod trial;
mod unreachable;

pub use relay::Relay;

use super::TokenStore;
use crate::user::UserId;
use std::{fmt, future::Future, pin::Pin, sync::Arc, time::Duration};
use trial::{Found, Trial};

type BoxFuture<T> = Pin<Box<dyn Future<Output = T> + Send>>;
type Open = Arc<dyn Fn() -> BoxFuture<Arc<dyn TokenStore>> + Send + Sync>;
type Damage = Arc<dyn Fn(UserId) -> BoxFuture<()> + Send + Sync>;

/// How long one check may take. *Source*: our choice; a healthy store needs a few seconds at most.
const CHECK_DEADLINE: Duration = Duration::from_secs(30);

/// Puts the stores that `open` gives through every check; see [`Contract::check`].
///
/// ```
/// use komerza_connect::{store::contract, MemoryStore};
///
/// # tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(async {
/// let passed = contract::check(|| async { MemoryStore::default() }).await?;
/// assert!(passed.len() >= 25);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// The first [`ContractFailure`].
pub async fn check<S, F, Fut>(open: F) -> Result<Vec<&'static str>, ContractFailure>
where
    S: TokenStore,
    F: Fn() -> Fut + Send + Sync + 'static,
    Fut: Future<Output = S> + Send + 'static,
{
    Contract::new(open).check().await
}

/// Every check there is, in the order in which they run.
#[must_use]
pub fn checks() -> &'static [Check] {
    &table::CHECKS
}

/// One thing that every store owes.
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

    /// What a store owes here, in one sentence.
    #[must_use]
    pub fn sentence(&self) -> &'static str {
        self.sentence
    }

    /// What a store must claim for this check to be made.
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

/// What a store may promise beyond the contract, and is then held to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Claim {
    /// Nothing: every store is held to it.
    Always,
    /// Records outlive the store that saved them; see [`Contract::outlives_restarts`].
    Restarts,
    /// What the store rests on may be away; see [`Contract::unreachable`].
    Unreachable,
    /// A record may be damaged in storage; see [`Contract::damaged_by`].
    Damage,
}

/// A store under test: how it is opened, and what it claims.
#[derive(Clone)]
pub struct Contract {
    open: Open,
    unreachable: Option<Open>,
    damage: Option<Damage>,
    restarts: bool,
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
    /// A contract over the store that `open` gives; it is opened anew for each check. A panic in it fails the check.
    pub fn new<S, F, Fut>(open: F) -> Self
    where
        S: TokenStore,
        F: Fn() -> Fut + Send + Sync + 'static,
        Fut: Future<Output = S> + Send + 'static,
    {
        Self { open: opening(open), unreachable: None, damage: None, restarts: false, deadline: CHECK_DEADLINE }
    }

    /// Claims that each call of `open` gives a store over the same records, as after a restart or on a second node.
    #[must_use]
    pub fn outlives_restarts(mut self) -> Self {
        self.restarts = true;
        self
    }

    /// Adds a store that cannot reach what it rests on: each of its calls must be an error, and no error may hold a key.
    #[must_use]
    pub fn unreachable<S, F, Fut>(mut self, open: F) -> Self
    where
        S: TokenStore,
        F: Fn() -> Fut + Send + Sync + 'static,
        Fut: Future<Output = S> + Send + 'static,
    {
        self.unreachable = Some(opening(open));
        self
    }

    /// Adds a way to damage the record of a user in storage, behind the store's back. It needs
    /// [`outlives_restarts`](Self::outlives_restarts) or a shared store, since it works on what `open` gave.
    #[must_use]
    pub fn damaged_by<F, Fut>(mut self, damage: F) -> Self
    where
        F: Fn(UserId) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = ()> + Send + 'static,
    {
        self.damage = Some(Arc::new(move |user| Box::pin(damage(user))));
        self
    }

    /// How long one check may take before it has failed; 30 seconds unless it is set.
    #[must_use]
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.deadline = deadline;
        self
    }

    /// Runs every check that the claims call for, one after the other, and names them. It needs a tokio runtime.
    ///
    /// # Errors
    /// The first [`ContractFailure`]; those after it are not made.
    pub async fn check(&self) -> Result<Vec<&'static str>, ContractFailure> {
        let mut passed = Vec::new();
        for check in checks().iter().filter(|check| self.claims(check.claim)) {
            self.make(check).await?;
            passed.push(check.name);
        }
        Ok(passed)
    }

    /// Runs the check of that name.
    ///
    /// # Errors
    /// [`ContractFailure`], also when there is no such check or the contract lacks the claim that it needs: a check that was
    /// asked for is never skipped.
    pub async fn run(&self, name: &str) -> Result<(), ContractFailure> {
        let Some(check) = checks().iter().find(|check| check.name == name) else {
            let found = format!("{name:?} is not the name of a check");
            return Err(ContractFailure { check: "", sentence: "A check must exist to be run.", found });
        };
        if self.claims(check.claim) {
            return self.make(check).await;
        }
        let found = format!("the contract does not say how: it lacks the claim {:?}", check.claim);
        Err(ContractFailure { check: check.name, sentence: check.sentence, found })
    }

    fn claims(&self, claim: Claim) -> bool {
        match claim {
            Claim::Always => true,
            Claim::Restarts => self.restarts,
            Claim::Unreachable => self.unreachable.is_some(),
            Claim::Damage => self.damage.is_some(),
        }
    }

    async fn make(&self, check: &Check) -> Result<(), ContractFailure> {
        // In a task of its own, so that a panic of the store is a finding and not the end of the run.
        let (contract, run) = (self.clone(), check.run);
        let mut task = tokio::spawn(async move {
            let trial = Arc::new(Trial::begin(contract).await?);
            let outcome = run(Arc::clone(&trial)).await;
            trial.clean_up().await;
            outcome
        });
        let outcome = match tokio::time::timeout(self.deadline, &mut task).await {
            Ok(Ok(outcome)) => outcome,
            Ok(Err(_)) => Err(Found::new("a panic")),
            Err(_) => {
                task.abort();
                Err(Found::new(format!("no end after {} seconds", self.deadline.as_secs())))
            }
        };
        outcome.map_err(|Found(found)| ContractFailure { check: check.name, sentence: check.sentence, found })
    }
}

impl fmt::Debug for Contract {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let claims =
            [Claim::Restarts, Claim::Unreachable, Claim::Damage].into_iter().filter(|claim| self.claims(*claim));
        f.debug_struct("Contract").field("claims", &claims.collect::<Vec<_>>()).finish_non_exhaustive()
    }
}

/// A check that a store did not pass.
#[derive(Clone, PartialEq, Eq)]
pub struct ContractFailure {
    check: &'static str,
    sentence: &'static str,
    found: String,
}

impl ContractFailure {
    /// The name of the check.
    #[must_use]
    pub fn check(&self) -> &str {
        self.check
    }

    /// What every store owes here.
    #[must_use]
    pub fn sentence(&self) -> &str {
        self.sentence
    }

    /// What was found instead.
    #[must_use]
    pub fn found(&self) -> &str {
        &self.found
    }
}

impl fmt::Display for ContractFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} Found: {}.", self.check, self.sentence, self.found)
    }
}

/// As [`Display`](fmt::Display), since this is what a test prints that returns an error.
impl fmt::Debug for ContractFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for ContractFailure {}

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
            let found = format!("no runtime: {error}");
            Err(ContractFailure { check: "", sentence: "A check needs a runtime.", found })
        }
    }
}
