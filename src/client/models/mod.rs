//! What the provider answers with, typed.
//!
//! 1. Fields that are not known are ignored: the provider's schema grows. Values of enumerations that are not known are kept.
//! 2. Ids, times and money must be there; anything else that is missing or null becomes empty, zero, false or `None`.
//! 3. Money keeps the digits that the provider wrote; times are instants; each id has its own type.
//!
//! *Source*: the provider's OpenAPI document and, where it names values, docs.komerza.com.

mod affairs;
mod catalogue;
mod customers;
mod enums;
mod ids;
mod money;
mod orders;
mod times;
mod user;
mod webhooks;

pub use affairs::*;
pub use catalogue::*;
pub use customers::*;
pub use enums::*;
pub use ids::*;
pub use money::{Amount, InvalidAmount};
pub use orders::*;
pub use user::*;
pub use webhooks::*;

use serde::{Deserialize, Deserializer};

/// Absent and null as the default.
fn lenient<'de, T: Deserialize<'de> + Default, D: Deserializer<'de>>(from: D) -> Result<T, D::Error> {
    Ok(Option::<T>::deserialize(from)?.unwrap_or_default())
}

#[cfg(test)]
mod tests;
