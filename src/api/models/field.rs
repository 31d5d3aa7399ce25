//! How the fields of a model are read: the rules of the [module](super), once for all of them.

use super::times;
use jiff::Timestamp;
use serde::{
    Deserialize, Deserializer,
    de::{Error, Visitor},
};
use std::{collections::BTreeMap, fmt, marker::PhantomData};

/// Declares models. Fields under `must` are required; all others default when they are missing or null.
macro_rules! model {
    ($(
        $(#[$meta:meta])*
        pub struct $name:ident {
            $(must { $($(#[$must_meta:meta])* $must:ident: $must_type:ty,)+ })?
            $(may { $($(#[$may_meta:meta])* $may:ident: $may_type:ty,)+ })?
        }
    )+) => { $(
        $(#[$meta])*
        #[derive(Clone, PartialEq, serde::Serialize, serde::Deserialize)]
        #[non_exhaustive]
        #[serde(rename_all = "camelCase")]
        pub struct $name {
            $($($(#[$must_meta])* #[serde(deserialize_with = "super::field::must")] pub $must: $must_type,)+)?
            $($($(#[$may_meta])* #[serde(default, deserialize_with = "super::field::may")] pub $may: $may_type,)+)?
        }

        super::field::plain!($name);
    )+ };
}

/// Types that are read by their own `Deserialize`.
macro_rules! plain {
    ($($name:ty),+) => { $(
        impl<'de> super::field::Field<'de> for $name {
            fn read<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                serde::Deserialize::deserialize(from)
            }
        }
    )+ };
}

pub(super) use {model, plain};

/// A type that models have fields of.
pub(super) trait Field<'de>: Sized {
    fn read<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error>;

    /// Reads what is not null.
    fn read_some<D: Deserializer<'de>>(from: D) -> Result<Option<Self>, D::Error> {
        Self::read(from).map(Some)
    }
}

/// A required field.
pub(super) fn must<'de, T: Field<'de>, D: Deserializer<'de>>(from: D) -> Result<T, D::Error> {
    T::read(from)
}

/// A field that may be null. serde handles one that is missing.
pub(super) fn may<'de, T: Field<'de> + Default, D: Deserializer<'de>>(from: D) -> Result<T, D::Error> {
    Ok(Option::<T>::read(from)?.unwrap_or_default())
}

plain!(bool, i64, String);

impl<'de, T: Deserialize<'de>> Field<'de> for Vec<T> {
    fn read<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        Self::deserialize(from)
    }
}

impl<'de> Field<'de> for BTreeMap<String, Option<String>> {
    fn read<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        Self::deserialize(from)
    }
}

impl<'de> Field<'de> for Timestamp {
    fn read<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        times::read(from)?.ok_or_else(|| D::Error::custom("not a time in ISO 8601"))
    }

    fn read_some<D: Deserializer<'de>>(from: D) -> Result<Option<Self>, D::Error> {
        times::read(from)
    }
}

impl<'de, T: Field<'de>> Field<'de> for Option<T> {
    fn read<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Maybe<T>(PhantomData<T>);

        impl<'de, T: Field<'de>> Visitor<'de> for Maybe<T> {
            type Value = Option<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a value or null")
            }

            fn visit_none<E: Error>(self) -> Result<Self::Value, E> {
                Ok(None)
            }

            fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
                Ok(None)
            }

            fn visit_some<D: Deserializer<'de>>(self, from: D) -> Result<Self::Value, D::Error> {
                T::read_some(from)
            }
        }

        from.deserialize_option(Maybe(PhantomData))
    }
}
