//! The connection to the API that all keys of a layer share.

use super::{
    Reply,
    connections::{self, Connections},
};
use crate::{
    config::{ClientLimits, Config, ConfigError},
    guard,
    pacing::{Pacer, SharedBuckets},
    random::{Randomness, SystemRandomness},
    time::{Clock, SystemClock},
    wire,
};
use http::HeaderValue;
use std::{
    fmt,
    sync::{Arc, atomic::AtomicBool},
    time::Duration,
};
use url::Url;

/// What all keys share when they make calls. Cheap to clone: a layer with another clock shares the rest.
#[derive(Clone)]
pub(crate) struct Connection {
    pub(super) connections: Connections,
    pub(super) base: Url,
    pub(super) limits: ClientLimits,
    pub(super) pacer: Arc<Pacer>,
    /// How long the shared buckets may take to answer.
    pub(super) shared_deadline: Duration,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) randomness: Arc<dyn Randomness>,
    pub(super) revocation: Revocation,
    /// Whether `GET /stores` was found missing, so that the stores are read from `GET /user`.
    pub(super) stores_in_user: Arc<AtomicBool>,
}

impl Connection {
    pub(crate) fn new(config: &Config) -> Result<Self, ConfigError> {
        let limits = config.limits.client.clone();
        Ok(Self {
            connections: Self::connections(&config.user_agent, &config.api_url, &limits)?,
            pacer: Pacer::of_process(&config.api_url),
            base: config.api_url.clone(),
            limits,
            shared_deadline: config.limits.store_deadline,
            clock: Arc::new(SystemClock),
            randomness: Arc::new(SystemRandomness),
            revocation: Revocation::default(),
            stores_in_user: Arc::default(),
        })
    }

    pub(super) fn connections(
        user_agent: &HeaderValue,
        base: &Url,
        limits: &ClientLimits,
    ) -> Result<Connections, ConfigError> {
        let (user_agent, base, deadline) = (user_agent.clone(), base.clone(), limits.connect_deadline);
        let client = move || Ok(wire::client(&user_agent, &base)?.connect_timeout(deadline));
        Connections::new(move || wire::build(connections::watched(client()?)))
    }

    /// The buckets, which exchanges use too.
    pub(crate) fn pacer(&self) -> &Arc<Pacer> {
        &self.pacer
    }

    /// On another clock, and so with buckets of its own.
    pub(crate) fn set_clock(&mut self, clock: Arc<dyn Clock>) {
        self.clock = clock;
        self.pacer = Pacer::alone(&self.base, self.pacer.shared());
    }

    pub(crate) fn set_randomness(&mut self, randomness: Arc<dyn Randomness>) {
        self.randomness = randomness;
    }

    pub(crate) fn set_revocation(&mut self, revocation: Revocation) {
        self.revocation = revocation;
    }

    pub(crate) fn share_buckets(&mut self, buckets: Arc<dyn SharedBuckets>) {
        self.pacer = Pacer::alone(&self.base, Some(buckets));
    }
}

type IsDead = dyn Fn(&Reply<'_>) -> bool + Send + Sync;

/// Decides whether a reply means that its key is dead.
#[derive(Clone)]
pub(crate) struct Revocation(Arc<IsDead>);

impl Revocation {
    pub(crate) fn by(is_dead: impl Fn(&Reply<'_>) -> bool + Send + Sync + 'static) -> Self {
        Self(Arc::new(is_dead))
    }

    /// A rule that panics counts as "not revoked".
    pub(super) fn says_dead(&self, reply: &Reply<'_>) -> bool {
        guard::caught_now("revocation rule", || (self.0)(reply)).unwrap_or(false)
    }
}

impl Default for Revocation {
    fn default() -> Self {
        Self::by(|reply| reply.says_key_is_dead())
    }
}

impl fmt::Debug for Revocation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Revocation(<fn>)")
    }
}
