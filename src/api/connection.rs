//! The connection to the API that all keys of a layer share.

use super::connections::{Connections, watched};
use super::says_key_is_dead;
use crate::config::{ClientLimits, ConfigError, Limits};
use crate::pacing::{Pacer, SharedBuckets};
use crate::random::{Randomness, SystemRandomness};
use crate::time::{Clock, SystemClock};
use crate::wire;
use bytes::Bytes;
use http::{HeaderValue, Response};
use std::sync::{Arc, atomic::AtomicBool};
use std::time::Duration;
use url::Url;

/// What all keys share when they make calls. Cheap to clone: a layer with another clock shares the rest.
#[derive(Clone)]
pub(crate) struct Connection {
    pub(super) connections: Arc<Connections>,
    pub(super) base: Url,
    pub(super) limits: ClientLimits,
    /// The buckets, which exchanges use too.
    pub(crate) pacer: Arc<Pacer>,
    /// How long the shared buckets may take to answer.
    pub(super) shared_deadline: Duration,
    pub(super) clock: Arc<dyn Clock>,
    pub(crate) randomness: Arc<dyn Randomness>,
    pub(crate) revocation: Revocation,
    /// Whether `GET /stores` was found missing, so that the stores are read from `GET /user`.
    pub(super) stores_in_user: Arc<AtomicBool>,
}

impl Connection {
    pub(crate) fn new(user_agent: &HeaderValue, base: Url, limits: &Limits) -> Result<Self, ConfigError> {
        let (agent, api, deadline) = (user_agent.clone(), base.clone(), limits.client.connect_deadline);
        let build = move || wire::build(watched(wire::client(&agent, &api)?.connect_timeout(deadline)));
        Ok(Self {
            connections: Arc::new(Connections::new(Box::new(build))?),
            pacer: Pacer::of_process(&base),
            base,
            limits: limits.client.clone(),
            shared_deadline: limits.store_deadline,
            clock: Arc::new(SystemClock),
            randomness: Arc::new(SystemRandomness),
            revocation: Arc::new(says_key_is_dead),
            stores_in_user: Arc::default(),
        })
    }

    /// Replaces the clock. After that this connection has its own buckets.
    pub(crate) fn set_clock(&mut self, clock: Arc<dyn Clock>) {
        self.clock = clock;
        self.pacer = Pacer::alone(&self.base, self.pacer.shared.clone());
    }

    pub(crate) fn share_buckets(&mut self, buckets: Arc<dyn SharedBuckets>) {
        self.pacer = Pacer::alone(&self.base, Some(buckets));
    }
}

/// Decides whether a reply means that its key is dead.
pub(crate) type Revocation = Arc<dyn Fn(&Response<Bytes>) -> bool + Send + Sync>;
