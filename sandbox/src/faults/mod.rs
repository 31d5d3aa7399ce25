//! Faults: what goes wrong, for which requests, how often.
//!
//! A request is read and logged, then the rules are asked in the order in which they were injected; latencies
//! add up, and the first other fault that is due happens. Faults come before every rule of the sandbox. So
//! they work without a key, and use no token of a rate limit.

mod body;
mod carry_out;
mod fault;
mod rules;
mod target;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

pub use fault::Fault;
pub use target::Target;

use self::rules::{Rule, Rules, When};
pub(super) use self::{carry_out::carry_out, rules::Plan};
use super::request_log::RecordedRequest;

/// The faults of a running sandbox; clones act on the same ones.
///
/// # Example
/// ```
/// # tokio::runtime::Runtime::new()?.block_on(async {
/// use http::StatusCode;
/// use komerza_sandbox::{Fault, Sandbox, Target};
///
/// let sandbox = Sandbox::start().await?;
/// let fault = sandbox.faults().on(Target::api().path_prefix("/user")).times(1).inject(Fault::status(
///     StatusCode::SERVICE_UNAVAILABLE,
/// ));
///
/// let http = reqwest::Client::builder().user_agent("OrderPrinter/1.0").no_proxy().build()?;
/// let user = http.get(format!("{}/user", sandbox.api_url())).bearer_auth(sandbox.issue_key()?);
/// assert_eq!(user.try_clone().unwrap().send().await?.status(), 503);
/// assert_eq!(user.send().await?.status(), 200);
/// assert_eq!(fault.hits(), 1);
/// # Ok::<(), Box<dyn std::error::Error>>(()) })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct Faults {
    rules: Arc<Mutex<Rules>>,
}

impl Faults {
    /// Begins a rule for the requests of `target`. By default it hits all of them, without end.
    pub fn on(&self, target: Target) -> FaultRule {
        FaultRule { faults: self.clone(), target, when: When { skip: 0, every: 1, times: None } }
    }

    /// Removes every rule.
    pub fn clear(&self) {
        self.rules().rules.clear();
    }

    pub(super) fn plan(&self, request: &RecordedRequest) -> Plan {
        self.rules().plan(request)
    }

    pub(super) fn closes_connection(&self) -> bool {
        self.rules().closes_connection()
    }

    fn rules(&self) -> MutexGuard<'_, Rules> {
        self.rules.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A rule being written; [`inject`](Self::inject) puts it into force.
#[derive(Debug, Clone)]
#[must_use = "a rule is in force only after inject"]
pub struct FaultRule {
    faults: Faults,
    target: Target,
    when: When,
}

impl FaultRule {
    /// Hits this many requests and then none. Zero: none at all.
    pub fn times(mut self, times: u64) -> Self {
        self.when.times = Some(times);
        self
    }

    /// Lets this many requests pass first.
    pub fn skip(mut self, requests: u64) -> Self {
        self.when.skip = requests;
        self
    }

    /// Hits one request out of this many: with 3, the third, the sixth and so on. Zero: counts as 1.
    pub fn every(mut self, requests: u64) -> Self {
        self.when.every = requests;
        self
    }

    /// Puts the rule into force, after those that are there.
    pub fn inject(self, fault: Fault) -> InjectedFault {
        let mut rules = self.faults.rules();
        rules.injected = rules.injected.saturating_add(1);
        let id = rules.injected;
        rules.rules.push(Rule { id, target: self.target, fault, when: self.when, seen: 0, hits: 0 });
        drop(rules);
        InjectedFault { faults: self.faults, id }
    }
}

/// A rule in force. Dropping this changes nothing.
#[derive(Debug, Clone)]
pub struct InjectedFault {
    faults: Faults,
    id: u64,
}

impl InjectedFault {
    /// How many requests were hit so far; 0 once the rule is removed.
    #[must_use]
    pub fn hits(&self) -> u64 {
        self.faults.rules().rules.iter().find(|rule| rule.id == self.id).map_or(0, |rule| rule.hits)
    }

    /// Ends the rule.
    pub fn remove(self) {
        self.faults.rules().rules.retain(|rule| rule.id != self.id);
    }
}
