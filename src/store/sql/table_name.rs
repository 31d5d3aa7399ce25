//! The name of a table, as it may be put into a statement.

use crate::store::StoreError;
use std::{fmt, str::FromStr};

/// The longest part of a name: PostgreSQL cuts longer ones without an error.
const PART_MAX: usize = 63;

/// The table in which a SQL store keeps its records. Default: `komerza_tokens`.
///
/// A name has at most 63 characters: ASCII letters, digits and underscores, with no digit at the beginning. A
/// schema and a dot may stand before it. The stores quote the name in every statement, so upper and lower
/// case differ.
///
/// ```
/// use komerza_connect::store::TableName;
///
/// let table: TableName = "shop.api_keys".parse()?;
/// assert_eq!(table.to_string(), r#""shop"."api_keys""#);
/// assert_eq!(TableName::default().to_string(), r#""komerza_tokens""#);
/// assert!("tokens; drop table users".parse::<TableName>().is_err());
/// # Ok::<(), komerza_connect::StoreError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct TableName {
    pub(super) schema: Option<String>,
    pub(super) name: String,
}

impl Default for TableName {
    fn default() -> Self {
        Self { schema: None, name: "komerza_tokens".into() }
    }
}

impl FromStr for TableName {
    type Err = StoreError;

    /// # Errors
    /// [`StoreErrorKind::Misconfigured`](crate::store::StoreErrorKind::Misconfigured) if the text is not a
    /// valid table name.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (schema, name) = text.split_once('.').map_or((None, text), |(schema, name)| (Some(schema), name));
        let fits = |part: &str| {
            part.len() <= PART_MAX
                && part.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
                && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
        };
        if !fits(name) || !schema.is_none_or(fits) {
            return Err(StoreError::misconfigured(
                "a table name has at most 63 ASCII letters, digits and underscores, and no digit at the beginning; a schema and a dot may stand before it",
            ));
        }
        Ok(Self { schema: schema.map(Into::into), name: name.into() })
    }
}

impl TableName {
    /// The name of its index, quoted, without a schema.
    #[cfg(any(feature = "postgres", feature = "sqlite"))]
    pub(super) fn index(&self) -> String {
        // Names are ASCII. The longest name that PostgreSQL takes has 63 characters.
        format!("\"{}_saved_at\"", self.name.get(..PART_MAX - 9).unwrap_or(&self.name))
    }
}

/// As it stands in a statement: quoted.
impl fmt::Display for TableName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.schema.iter().try_for_each(|schema| write!(f, "\"{schema}\"."))?;
        write!(f, "\"{}\"", self.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn t47_a_name_that_could_end_a_statement_is_refused() {
        let long = "t".repeat(PART_MAX + 1);
        for name in ["", ".", "a.", ".a", "a.b.c", "1a", "a b", "a\"b", "a;b", "a-b", "tokenś", "a\0", long.as_str()] {
            assert!(name.parse::<TableName>().is_err(), "{name:?}");
        }
        for name in ["a", "_a1", "A.b", &long[1..]] {
            assert!(name.parse::<TableName>().is_ok(), "{name:?}");
        }
    }
}
