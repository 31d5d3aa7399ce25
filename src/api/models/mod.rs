//! The objects that Komerza's API returns, as Rust types.
//!
//! 1. Unknown fields are ignored, since the API grows. Unknown values of enumerations are kept.
//! 2. Essential fields are required, such as the id, the date and the amount of an order. Any other field may
//!    be missing or null. Then a `String` is empty, a `bool` is `false`, a list is empty, and everything else
//!    is `None`.
//! 3. A missing or null number is never zero: a stock of zero and an unknown stock are different.
//! 4. Money keeps the digits that Komerza wrote. Times are instants. Each id has its own type.
//! 5. Secrets, identity checks and what Komerza knows of customers' devices are left out. So are fields whose
//!    type is not documented, and what no known app reads: other connected apps, the looks of stores, and
//!    terms for affiliates. [`RequestBuilder::fetch`](crate::api::RequestBuilder::fetch) reads them into a
//!    type of your own.
//!
//! # Source
//! `docs/provider-facts.tsv` of the repository lists every field with what is known of it, and a test compares
//! the models with that list.

mod catalogue;
mod customers;
mod enums;
mod field;
mod forms;
mod ids;
mod images;
mod money;
mod order_parts;
mod orders;
mod products;
mod stores;
mod tickets;
mod times;
mod user;

pub use catalogue::*;
pub use customers::*;
pub use enums::*;
pub use forms::*;
pub use ids::*;
pub use money::{Amount, InvalidAmount};
pub use order_parts::*;
pub use orders::*;
pub use products::*;
pub use stores::*;
pub use tickets::*;
pub use user::*;
