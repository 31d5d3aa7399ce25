//! What a contract claims, and what it leaves out.

use super::{Contract, ContractFailure, OpenAt, opening};
use crate::store::{ReplaceIf, TokenStore};
use crate::user::UserId;
use std::{future::Future, net::SocketAddr, sync::Arc};

/// A promise that a store may make beyond the basic contract. If it is made, the suite checks it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Claim {
    /// Not a claim: every store must pass these checks.
    Always,
    /// The store accepts every valid user id; see [`Contract::any_id`].
    AnyId,
    /// Records outlive the store that saved them; see [`Contract::outlives_restarts`].
    Restarts,
    /// Several nodes have the store open at once; see [`Contract::shared_by_nodes`].
    Nodes,
    /// The server or file that the store needs may be unavailable; see [`Contract::unreachable`].
    Unreachable,
    /// A record may be damaged in storage; see [`Contract::damaged_by`].
    Damage,
    /// Records can be rewritten; see [`Contract::replaces`].
    Replaces,
    /// Users are listed, and old records removed; see [`Contract::lists`].
    Lists,
    /// The server is reached over a network; see [`Contract::over_network`].
    Network,
}

/// The claims, each with its name in [`token_store_contract!`](crate::token_store_contract), and how it is
/// made.
pub(super) const CLAIMS: [(Claim, &str, &str); 8] = [
    (Claim::AnyId, "any_id", "any_id()"),
    (Claim::Restarts, "restarts", "outlives_restarts()"),
    (Claim::Nodes, "nodes", "shared_by_nodes()"),
    (Claim::Unreachable, "unreachable", "unreachable(…)"),
    (Claim::Damage, "damage", "damaged_by(…)"),
    (Claim::Replaces, "replaces", "replaces(…)"),
    (Claim::Lists, "lists", "lists()"),
    (Claim::Network, "network", "over_network(…)"),
];

impl Contract {
    /// Leaves a claim out, with the reason. The reason is printed with the outcome.
    ///
    /// This takes back a claim that was made before. If the claim is made again afterwards,
    /// [`check`](Self::check) and the test `every_claim_is_made_or_left_out` fail. They also fail if
    /// [`Claim::Always`] is left out.
    #[must_use]
    pub fn without(mut self, claim: Claim, reason: impl Into<String>) -> Self {
        match claim {
            Claim::Always => {}
            Claim::AnyId => self.any_id = false,
            Claim::Restarts => self.restarts = false,
            Claim::Nodes => self.nodes = false,
            Claim::Unreachable => self.unreachable = None,
            Claim::Damage => self.damage = None,
            Claim::Replaces => self.replacing = None,
            Claim::Lists => self.lists = false,
            Claim::Network => self.network = None,
        }
        self.left_out.retain(|(left_out, _)| *left_out != claim);
        self.left_out.push((claim, reason.into()));
        self
    }

    /// Claims that the store accepts every valid user id, and that ids which differ in one byte are different
    /// users.
    #[must_use]
    pub fn any_id(mut self) -> Self {
        self.any_id = true;
        self
    }

    /// Uses `make` for all user ids of the checks, and leaves out [`Claim::AnyId`], even if that claim was
    /// made before.
    ///
    /// Use this for a store that does not accept every id, for example because the id is a foreign key of
    /// type `BIGINT`. `make` gets another positive number in each call, and must return a different user for
    /// each.
    ///
    /// ```
    /// use komerza_connect::{MemoryStore, UserId, store::contract::Contract};
    ///
    /// let contract = Contract::new(|| async { MemoryStore::default() }).ids(|number| UserId::from(number));
    /// # let _ = contract;
    /// ```
    #[must_use]
    pub fn ids(mut self, make: impl Fn(i64) -> UserId + Send + Sync + 'static) -> Self {
        self.ids = Some(Arc::new(make));
        self.without(Claim::AnyId, "the app makes its own ids")
    }

    /// Claims that a store which is closed and opened again has the same records. These checks never open the
    /// store twice at the same time.
    #[must_use]
    pub fn outlives_restarts(mut self) -> Self {
        self.restarts = true;
        self
    }

    /// Claims that several stores may be open at the same time over the same records, as on several nodes.
    /// Each must see at once what another one wrote. A store with a cache cannot claim this. Leave the claim
    /// out then, and give as the reason how old a record from the cache may be.
    #[must_use]
    pub fn shared_by_nodes(mut self) -> Self {
        self.nodes = true;
        self
    }

    /// Claims that the store implements [`ListUsers`](crate::store::ListUsers).
    #[must_use]
    pub fn lists(mut self) -> Self {
        self.lists = true;
        self
    }

    /// Claims that the store implements [`ReplaceIf`]. `open` opens the store in the same way as the `open`
    /// of [`new`](Self::new).
    #[must_use]
    pub fn replaces<S, F, Fut>(mut self, open: F) -> Self
    where
        S: ReplaceIf,
        F: Fn() -> Fut + Send + Sync + 'static,
        Fut: Future<Output = S> + Send + 'static,
    {
        self.replacing = Some(Arc::new(move || {
            let opened = open();
            Box::pin(async move { Arc::new(opened.await) as Arc<dyn ReplaceIf> })
        }));
        self
    }

    /// Claims that the store works over a bad network. The checks put a [`Relay`](super::Relay) in front of
    /// `server`.
    ///
    /// `open` gets the address of the relay and must connect the store to it. The store needs its own
    /// deadlines. If a call takes too long, these checks do not drop it but fail. The checks disturb each
    /// write at each message that it sends. For this they open several stores at the same time, each with its
    /// own relay.
    #[must_use]
    pub fn over_network<S, F, Fut>(mut self, server: SocketAddr, open: F) -> Self
    where
        S: TokenStore,
        F: Fn(SocketAddr) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = S> + Send + 'static,
    {
        let open: OpenAt = Arc::new(move |address| {
            let opened = open(address);
            Box::pin(async move { Arc::new(opened.await) as Arc<dyn TokenStore> })
        });
        self.network = Some((server, open));
        self
    }

    /// Adds a store that cannot reach its server or file. Each of its calls must return an error before the
    /// check's deadline, and no error may contain a key.
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

    /// Adds a way to damage the record of a user in storage, without the store. `damage` must replace the
    /// record with another text, such as half of it, and must panic if it changed no record.
    #[must_use]
    pub fn damaged_by<F, Fut>(mut self, damage: F) -> Self
    where
        F: Fn(UserId) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = ()> + Send + 'static,
    {
        self.damage = Some(Arc::new(move |user| Box::pin(damage(user))));
        self
    }

    pub(super) fn claims_are_complete(&self) -> Result<(), ContractFailure> {
        let left_out = |claim| self.left_out.iter().any(|(left_out, _)| *left_out == claim);
        let which = |wrong: &dyn Fn(Claim) -> bool| {
            let names = CLAIMS.iter().filter(|(claim, ..)| wrong(*claim)).map(|(_, name, _)| *name);
            names.collect::<Vec<_>>().join(", ")
        };
        if left_out(Claim::Always) {
            return Err(claims_failure("`Claim::Always` cannot be left out: it is what every store owes".to_owned()));
        }
        let forgotten = which(&|claim| !self.claims(claim) && !left_out(claim));
        if !forgotten.is_empty() {
            return Err(claims_failure(format!("neither made nor left out: {forgotten}")));
        }
        let both = which(&|claim| self.claims(claim) && left_out(claim));
        if both.is_empty() { Ok(()) } else { Err(claims_failure(format!("made and left out: {both}"))) }
    }

    /// What is not checked, and why.
    pub(super) fn left_out(&self) -> Vec<(&'static str, String)> {
        let name = |claim| CLAIMS.iter().find(|(one, ..)| *one == claim).map_or("always", |(_, name, _)| *name);
        self.left_out.iter().map(|(claim, reason)| (name(*claim), reason.clone())).collect()
    }

    /// Why a check of that claim cannot be made.
    pub(super) fn lacks(&self, claim: Claim) -> String {
        let reason = self.left_out.iter().find(|(left_out, _)| *left_out == claim).map(|(_, reason)| reason);
        let how = CLAIMS.iter().find(|(one, ..)| *one == claim).map_or("", |(.., how)| how);
        match reason {
            Some(reason) => {
                format!("the contract leaves the claim {claim:?} out ({reason}); to make it, call `.{how}`")
            }
            None => format!("the contract does not make the claim {claim:?}: call `.{how}`"),
        }
    }

    pub(super) fn claims(&self, claim: Claim) -> bool {
        match claim {
            Claim::Always => true,
            Claim::AnyId => self.any_id,
            Claim::Restarts => self.restarts,
            Claim::Nodes => self.nodes,
            Claim::Unreachable => self.unreachable.is_some(),
            Claim::Damage => self.damage.is_some(),
            Claim::Replaces => self.replacing.is_some(),
            Claim::Lists => self.lists,
            Claim::Network => self.network.is_some(),
        }
    }
}

fn claims_failure(found: String) -> ContractFailure {
    ContractFailure { check: "claims".into(), sentence: "Every claim is made, or left out with `without`.", found }
}

/// What `every_claim_is_made_or_left_out` does. `named` are the claims that the macro was given.
#[doc(hidden)]
pub fn claims_as_test(contract: &Contract, named: &[&str]) -> Result<(), ContractFailure> {
    contract.claims_are_complete()?;
    let untested = CLAIMS.iter().filter(|(claim, name, _)| contract.claims(*claim) && !named.contains(name));
    let untested: Vec<_> = untested.map(|(_, name, _)| *name).collect();
    if !untested.is_empty() {
        return Err(claims_failure(format!("made, but not named to the macro: {}", untested.join(", "))));
    }
    print_left_out(contract);
    Ok(())
}

#[allow(clippy::print_stdout, reason = "a test says what it does not cover")]
fn print_left_out(contract: &Contract) {
    contract.left_out().iter().for_each(|(claim, reason)| println!("not checked: {claim} ({reason})"));
}
