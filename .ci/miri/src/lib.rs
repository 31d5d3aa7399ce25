//! The parsers and the sealing with their own tests, without the rest of the crate, for Miri, which cannot run its sockets.
#![allow(dead_code, unused_imports)]

#[path = "../../../src/cookie/read.rs"]
mod cookie;
#[path = "../../../src/provider.rs"]
mod provider;
#[path = "../../../src/query.rs"]
mod query;
#[path = "../../../src/random.rs"]
mod random;
#[path = "../../../src/seal.rs"]
mod seal;
#[path = "../../../src/secret.rs"]
mod secret;
#[path = "../../../src/session.rs"]
mod session;
#[path = "../../../src/state.rs"]
mod state;
#[path = "../../../src/time.rs"]
mod time;
#[path = "../../../src/user.rs"]
mod user;

pub use seal::{InvalidSealingKey, SealingKey};
pub use secret::{ApiKey, AuthorizationCode, ClientSecret, InvalidSecret};
pub use user::UserId;
