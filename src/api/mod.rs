//! The client: a key, ready to call Komerza.
//!
//! [`RequestBuilder`] reaches every endpoint, and the typed calls use it. `call` carries a call out. `retry` and
//! [`pacing`](crate::pacing) decide when it is sent, and know nothing of HTTP.

// First, so that the page of `Listing` begins with what every list has.
mod listing;

mod body;
mod call;
mod calls;
mod client;
mod connection;
mod connections;
mod download;
mod error;
mod key;
pub mod models;
mod options;
mod path;
mod reply;
mod request;
mod retry;
pub mod scopes;
mod trace;

pub use body::Form;
pub use calls::{Direction, InStore, OrderSort};
pub use client::{Client, ClientBuilder};
pub(crate) use connection::Connection;
pub use download::Download;
pub(crate) use error::is_error_code;
pub use error::{Error, ErrorKind};
pub use key::KomerzaKey;
pub(crate) use key::{Keeper, Reconnect, Visit};
pub use listing::{Items, Listing, Page, Pages, UnreadableItem};
pub(crate) use models::*;
#[cfg(feature = "__fuzzing")]
pub(crate) use path::below;
pub use reply::says_key_is_dead;
pub use request::RequestBuilder;
