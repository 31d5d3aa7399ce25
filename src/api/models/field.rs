//! How the fields of a model are read: the rules of the [module](super), once for all of them.

use super::times;
use jiff::Timestamp;
use serde::de::{Error, Unexpected};
use serde::{Deserialize, Deserializer};
use std::collections::BTreeMap;

/// Declares models. Fields before `may` are required; those after it default when they are missing or null.
macro_rules! model {
    ($($(#[$meta:meta])* pub struct $name:ident $({ $($must:tt)+ })? may { $($may:tt)+ })+) => {
        $(super::field::secret_model! {
            $(#[$meta])*
            #[derive(Debug)]
            pub struct $name $({ $($must)+ })? may { $($may)+ }
        })+
    };
}

/// Declares a model whose `Debug` is written by hand, because it leaves something out.
macro_rules! secret_model {
    (
        $(#[$meta:meta])*
        pub struct $name:ident $({ $($(#[$must_meta:meta])* $must:ident: $must_type:ty,)+ })?
        may { $($(#[$may_meta:meta])* $may:ident: $may_type:ty,)+ }
    ) => {
        $(#[$meta])*
        #[derive(Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
        #[non_exhaustive]
        #[serde(rename_all = "camelCase")]
        pub struct $name {
            $($($(#[$must_meta])* #[serde(deserialize_with = "super::field::must")] pub $must: $must_type,)+)?
            $($(#[$may_meta])* #[serde(default, deserialize_with = "super::field::may")] pub $may: $may_type,)+
        }

        super::field::plain!($name);
    };
}

/// Types that are read by their own `Deserialize`.
macro_rules! plain {
    ($($name:ty),+) => { $(impl<'de> super::field::Field<'de> for $name {})+ };
}

pub(super) use {model, plain, secret_model};

/// A type that a field of a model can have.
pub(super) trait Field<'de>: Deserialize<'de> {
    /// `None`: it is null, or says as little as null does.
    fn read<D: Deserializer<'de>>(from: D) -> Result<Option<Self>, D::Error> {
        Option::deserialize(from)
    }
}

/// A required field.
pub(super) fn must<'de, T: Field<'de>, D: Deserializer<'de>>(from: D) -> Result<T, D::Error> {
    T::read(from)?.ok_or_else(|| D::Error::invalid_type(Unexpected::Unit, &"a value that is not null"))
}

/// A field that may be null. serde handles one that is missing.
pub(super) fn may<'de, T: Field<'de> + Default, D: Deserializer<'de>>(from: D) -> Result<T, D::Error> {
    Ok(T::read(from)?.unwrap_or_default())
}

plain!(bool, i64, String, BTreeMap<String, Option<String>>);

impl<'de, T: Deserialize<'de>> Field<'de> for Vec<T> {}

impl<'de, T: Field<'de>> Field<'de> for Option<T> {
    fn read<D: Deserializer<'de>>(from: D) -> Result<Option<Self>, D::Error> {
        T::read(from).map(Some)
    }
}

impl<'de> Field<'de> for Timestamp {
    fn read<D: Deserializer<'de>>(from: D) -> Result<Option<Self>, D::Error> {
        times::read(from)
    }
}
