//! Hooks that remember what they were told, and do what the test says.

use super::Fate;
use crate::{time::hang, values::causes};
use axum::body::Body;
use http::Response;
use komerza_connect::hooks::{Connected, Connecting, Disconnected, Orphaned, Revoked, Veto};
use komerza_connect::{Failure, FailureKind, Hooks, TokenVersion, async_trait, store::KeyFingerprint};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hook {
    BeforeStoring,
    Connected,
    Orphaned,
    Disconnected,
    Revoked,
    Failed,
}

type Rule = Arc<dyn Fn(Hook) -> Fate + Send + Sync>;

/// Clones share everything.
#[derive(Clone, Default)]
pub struct Watch {
    inner: Arc<Mutex<Inner>>,
}

#[derive(Default)]
struct Inner {
    calls: Vec<Hook>,
    failures: Vec<Failure>,
    /// `Debug` of every event, as an app would log it.
    shown: Vec<String>,
    connected: Vec<Connected>,
    orphaned: Vec<KeyFingerprint>,
    rule: Option<Rule>,
}

impl Watch {
    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn decide(&self, rule: impl Fn(Hook) -> Fate + Send + Sync + 'static) {
        self.inner().rule = Some(Arc::new(rule));
    }

    /// Calls of this hook end so; all others are fine.
    pub fn all(&self, hook: Hook, fate: Fate) {
        self.decide(move |asked| if asked == hook { fate.clone() } else { Fate::Fine });
    }

    /// How often this hook was called.
    pub fn count(&self, hook: Hook) -> usize {
        self.inner().calls.iter().filter(|called| **called == hook).count()
    }

    pub fn mend(&self) {
        self.inner().rule = None;
    }

    pub fn calls(&self) -> Vec<Hook> {
        self.inner().calls.clone()
    }

    pub fn failures(&self) -> Vec<Failure> {
        self.inner().failures.clone()
    }

    pub fn kinds(&self) -> Vec<FailureKind> {
        self.inner().failures.iter().map(Failure::kind).collect()
    }

    /// The kind of the newest failure.
    pub fn last_kind(&self) -> Option<FailureKind> {
        self.kinds().pop()
    }

    pub fn shown(&self) -> Vec<String> {
        self.inner().shown.clone()
    }

    /// Fingerprints of the keys that were told as orphaned.
    pub fn orphaned(&self) -> Vec<KeyFingerprint> {
        self.inner().orphaned.clone()
    }

    /// The records that were reported as connected: fingerprint and version of each.
    pub fn records(&self) -> Vec<(KeyFingerprint, TokenVersion)> {
        self.inner().connected.iter().map(|event| (event.fingerprint, event.version)).collect()
    }

    async fn begin(&self, hook: Hook, shown: String) -> Fate {
        let rule = {
            let mut inner = self.inner();
            inner.calls.push(hook);
            inner.shown.push(shown);
            inner.rule.clone()
        };
        match rule.map_or(Fate::Fine, |rule| rule(hook)) {
            Fate::Hang => hang().await,
            Fate::Panic(text) => panic!("{text}"),
            fate => fate,
        }
    }
}

#[async_trait]
impl Hooks for Watch {
    async fn before_storing(&self, connecting: &Connecting<'_>) -> Result<(), Veto> {
        match self.begin(Hook::BeforeStoring, format!("{connecting:?}")).await {
            Fate::Say(reason) => Err(Veto::new(reason)),
            Fate::Fail | Fate::DoneAndFail => Err(Veto::new("This shop is connected to another account already.")),
            _ => Ok(()),
        }
    }

    async fn connected(&self, event: &Connected) {
        self.inner().connected.push(event.clone());
        self.begin(Hook::Connected, format!("{event:?}")).await;
    }

    async fn orphaned(&self, event: &Orphaned) {
        self.inner().orphaned.push(event.fingerprint);
        self.begin(Hook::Orphaned, format!("{event:?}")).await;
    }

    async fn disconnected(&self, event: &Disconnected) {
        self.begin(Hook::Disconnected, format!("{event:?}")).await;
    }

    async fn revoked(&self, event: &Revoked) {
        self.begin(Hook::Revoked, format!("{event:?}")).await;
    }

    async fn failed(&self, failure: &Failure) -> Option<Response<Body>> {
        self.inner().failures.push(failure.clone());
        self.begin(Hook::Failed, with_sources(failure)).await;
        None
    }
}

/// `Debug`, `Display` and every cause of an error.
pub fn with_sources(error: &(dyn std::error::Error + 'static)) -> String {
    causes(error).map(|error| format!("{error:?} {error:#?} {error} ")).collect()
}
