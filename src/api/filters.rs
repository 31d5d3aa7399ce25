//! The provider's language for filters and sorts.

use super::{Error, ErrorKind};
use std::fmt;

/// Conditions on the items of a list, all of which must hold.
///
/// Use them where a [`Listing`](crate::api::Listing) has no method: for other comparisons, or for one of several
/// values. Each list has its own fields; orders have `dateFrom`, `dateTo`, `status`, `gateway` and `email`.
///
/// ```
/// use komerza_connect::api::{Comparison::*, Filters};
///
/// let filters = Filters::new().and("status", Equal, "pending").and("dateFrom", AtLeast, "2026-11-01");
/// assert_eq!(filters.to_string(), "status==pending,dateFrom>=2026-11-01");
/// let either = Filters::new().any("status", Equal, ["pending", "delivered"]);
/// assert_eq!(either.to_string(), "status==pending|delivered");
/// ```
///
/// # Source
/// docs.komerza.com: `field<op>value`, a comma for "and", `|` for "or" inside one field. How those two are
/// escaped in a value is not documented, so a value that holds one makes the call a
/// [`BadRequest`](ErrorKind::BadRequest).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[must_use]
pub struct Filters {
    text: String,
    inexpressible: bool,
}

/// How a field is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Comparison {
    /// `==`
    Equal,
    /// `!=`
    NotEqual,
    /// `>`
    Above,
    /// `<`
    Below,
    /// `>=`
    AtLeast,
    /// `<=`
    AtMost,
    /// `@=`
    Contains,
    /// `_=`
    StartsWith,
    /// `@=*`: contains, whatever the case of letters.
    ContainsIgnoringCase,
    /// `_=*`: starts with, whatever the case of letters.
    StartsWithIgnoringCase,
}

impl Comparison {
    fn operator(self) -> &'static str {
        match self {
            Self::Equal => "==",
            Self::NotEqual => "!=",
            Self::Above => ">",
            Self::Below => "<",
            Self::AtLeast => ">=",
            Self::AtMost => "<=",
            Self::Contains => "@=",
            Self::StartsWith => "_=",
            Self::ContainsIgnoringCase => "@=*",
            Self::StartsWithIgnoringCase => "_=*",
        }
    }
}

/// Which way a list is sorted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Direction {
    /// The least first, and the oldest.
    Ascending,
    /// The greatest first, and the newest.
    Descending,
}

/// Whether a text can be the name of a field: it has no character with a meaning in filters or sorts.
pub(super) fn is_field(text: &str) -> bool {
    let means_something = [',', '|', '=', '!', '<', '>', '@', '_'];
    !text.is_empty() && !text.starts_with('-') && text.trim() == text && !text.contains(means_something)
}

impl Filters {
    /// No condition.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a condition. Dates are ISO 8601.
    pub fn and(self, field: &str, comparison: Comparison, value: impl fmt::Display) -> Self {
        self.any(field, comparison, [value])
    }

    /// Adds a condition that is met by any of these values. An empty list makes the call a
    /// [`BadRequest`](crate::ErrorKind::BadRequest).
    pub fn any<V: fmt::Display>(
        mut self,
        field: &str,
        comparison: Comparison,
        values: impl IntoIterator<Item = V>,
    ) -> Self {
        let values: Vec<String> = values.into_iter().map(|value| value.to_string()).collect();
        let odd = |value: &String| value.is_empty() || value.contains([',', '|']);
        self.inexpressible |= !is_field(field) || values.is_empty() || values.iter().any(odd);
        let comma = if self.text.is_empty() { "" } else { "," };
        self.text.extend([comma, field, comparison.operator(), &values.join("|")]);
        self
    }

    pub(super) fn text(&self) -> Result<&str, Error> {
        if self.inexpressible {
            return Err(Error::caused_by(ErrorKind::BadRequest, "Komerza's language cannot express this filter"));
        }
        Ok(&self.text)
    }
}

impl fmt::Display for Filters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::{Comparison::*, *};

    #[test]
    fn what_cannot_be_written_is_refused_and_not_sent_wrongly() {
        assert!(Filters::new().and("email", Contains, "@shop.example").text().is_ok());
        for wrong in [
            Filters::new().and("email", Equal, "a,b"),
            Filters::new().and("email", Equal, "a|b"),
            Filters::new().and("email", Equal, ""),
            Filters::new().and("", Equal, "x"),
            Filters::new().and("a==b,c", Equal, "x"),
            Filters::new().and("-a", Equal, "x"),
            Filters::new().and(" a", Equal, "x"),
            Filters::new().any("email", Equal, Vec::<String>::new()),
        ] {
            assert_eq!(wrong.text().unwrap_err().kind(), ErrorKind::BadRequest, "{wrong}");
        }
    }
}
