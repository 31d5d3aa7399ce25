//! What the provider answers with, typed.
//!
//! 1. Fields that are not known are ignored: the provider's schema grows. Values of enumerations that are not known are kept.
//! 2. A thing's own id must be there, and so must what it means nothing without, such as the date and the amount of an order. Anything
//!    else that is missing or null becomes empty, zero, false or `None`. `None` also stands for what only some of the replies have.
//! 3. Money keeps the digits that the provider wrote; times are instants; each id has its own type.
//! 4. Secrets, identity checks and what is known of customers' devices are left where they are, and so are fields whose type is not
//!    documented; [`RequestBuilder::fetch`](crate::api::RequestBuilder::fetch) reads them into a type of one's own.
//!
//! *Source*: the provider's OpenAPI document and, where it names values, docs.komerza.com.

mod affairs;
mod categories;
mod coupons;
mod customers;
mod enums;
mod ids;
mod money;
mod order_parts;
mod orders;
mod products;
mod stores;
mod times;
mod user;
mod webhooks;

pub use affairs::*;
pub use categories::*;
pub use coupons::*;
pub use customers::*;
pub use enums::*;
pub use ids::*;
pub use money::{Amount, InvalidAmount};
pub use order_parts::*;
pub use orders::*;
pub use products::*;
pub use stores::*;
pub use user::*;
pub use webhooks::*;

use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

/// Absent and null as the default.
fn lenient<'de, T: Deserialize<'de> + Default, D: Deserializer<'de>>(from: D) -> Result<T, D::Error> {
    Ok(Option::<T>::deserialize(from)?.unwrap_or_default())
}

/// Whether there is anything, where only that is documented: not when it is absent, null or false.
fn is_there<'de, D: Deserializer<'de>>(from: D) -> Result<bool, D::Error> {
    Ok(!matches!(Box::<RawValue>::deserialize(from)?.get(), "null" | "false"))
}

#[cfg(all(test, feature = "__explore"))]
mod tests;
