//! The client for Komerza's API.
//!
//! [`RequestBuilder`] reaches every endpoint, and the typed calls use it. In the source code, the module
//! `call` sends the request, and `retry` decides whether it is sent again. [`pacing`](crate::pacing) decides
//! when.

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
pub use calls::{Direction, InStore, InVariant, OrderSort};
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
