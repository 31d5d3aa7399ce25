//! The client: a user's key, ready to call Komerza.
//!
//! [`RequestBuilder`] reaches every endpoint; the typed calls stand on it. What a call goes through is in `call`, what is decided on
//! the way in `retry` and `pace`, which know nothing of HTTP.

mod body;
mod call;
mod calls;
mod came_from;
mod connections;
mod download;
mod envelope;
mod error;
mod filters;
mod form;
mod key;
mod listing;
pub mod models;
mod options;
mod pace;
mod path;
mod request;
mod retry;
pub mod scopes;
mod trace;
mod upload;

pub use calls::{InStore, OrderSort};
pub use download::Download;
pub use envelope::Reply;
pub use error::{Error, ErrorKind};
pub use filters::{Comparison, Direction, Filters};
pub use form::Form;
pub use key::KomerzaKey;
pub use listing::{Items, Listing, Page, Pages, UnreadableItem};
pub(crate) use models::*;
pub(crate) use pace::Pacer;
#[cfg(feature = "redis")]
pub use pace::RedisBuckets;
pub use pace::{BucketId, Priority, SharedBuckets, Taken};
#[cfg(feature = "__fuzzing")]
pub(crate) use path::below;
pub use request::RequestBuilder;
pub use upload::Upload;

use crate::{
    config::{Config, ConfigError},
    net,
};
use std::sync::{Arc, atomic::AtomicBool};
use url::Url;

/// Decides whether a reply means that its key is dead.
pub(crate) type Revocation = Arc<dyn Fn(&Reply<'_>) -> bool + Send + Sync>;

/// The connection to the API that all users share.
#[derive(Clone)]
pub(crate) struct Api {
    connections: connections::Connections,
    base: Url,
    /// Whether `GET /stores` was found missing, so that the stores are read from `GET /user`.
    stores_in_user: Arc<AtomicBool>,
}

impl Api {
    pub(crate) fn new(config: &Config) -> Result<Self, ConfigError> {
        let base = config.api_url.clone();
        let config = config.clone();
        let build = move || {
            let client = net::client(&config, &config.api_url)?.connect_timeout(config.limits.client.connect_deadline);
            net::build(connections::watched(client))
        };
        Ok(Self { connections: connections::Connections::new(build)?, base, stores_in_user: Arc::default() })
    }
}
