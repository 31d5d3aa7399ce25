//! The query of our own routes, read by a strict parser.
//!
//! 1. Names are compared as bytes, before any decoding: `%63ode` is not `code`. Unknown names are ignored.
//! 2. A known name that comes twice is [`Param::Repeated`]: nobody says which one counts.
//! 3. A value with a broken escape or with bytes that are not UTF-8 is [`Param::Malformed`].
//! 4. A plus sign stays a plus sign: codes and states hold no spaces, but a code may well hold a plus.
//!
//! Popular parsers keep the last duplicate, replace bad bytes and turn plus signs into spaces, all without a
//! word.

#![deny(clippy::arithmetic_side_effects, reason = "it reads what others wrote")]

use std::borrow::Cow;

/// What a known name has as its value.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) enum Param<'a> {
    #[default]
    Absent,
    One(Cow<'a, str>),
    Repeated,
    Malformed,
}

impl Param<'_> {
    #[cfg(test)]
    pub(crate) fn is_absent(&self) -> bool {
        *self == Self::Absent
    }

    /// The value, if there is exactly one and it is whole.
    pub(crate) fn value(&self) -> Option<&str> {
        match self {
            Self::One(value) => Some(value),
            _ => None,
        }
    }
}

/// The names this crate knows.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Query<'a> {
    pub(crate) code: Param<'a>,
    pub(crate) state: Param<'a>,
    pub(crate) error: Param<'a>,
    pub(crate) return_to: Param<'a>,
    /// The value of the page that asked first.
    pub(crate) confirm: Param<'a>,
}

impl<'a> Query<'a> {
    pub(crate) fn parse(query: &'a str) -> Self {
        let mut parsed = Self::default();
        for pair in query.split('&') {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let param = match name {
                "code" => &mut parsed.code,
                "state" => &mut parsed.state,
                "error" => &mut parsed.error,
                "return_to" => &mut parsed.return_to,
                "confirm" => &mut parsed.confirm,
                _ => continue,
            };
            *param = match param {
                Param::Absent => decode(value).map_or(Param::Malformed, Param::One),
                _ => Param::Repeated,
            };
        }
        parsed
    }
}

/// The pairs with other names than ours, as they came.
pub(crate) fn of_the_app(query: &str) -> impl Iterator<Item = &str> {
    query.split('&').filter(|pair| {
        let name = pair.split_once('=').map_or(*pair, |(name, _)| name);
        !name.is_empty() && !["code", "state", "error", "return_to", "confirm"].contains(&name)
    })
}

fn decode(value: &str) -> Option<Cow<'_, str>> {
    let whole = value.match_indices('%').all(|(at, _)| {
        let digits = value.get(at.saturating_add(1)..at.saturating_add(3));
        digits.is_some_and(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()))
    });
    if !whole {
        return None;
    }
    percent_encoding::percent_decode_str(value).decode_utf8().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(query: &str) -> Param<'_> {
        Query::parse(query).code
    }

    #[test]
    fn t27_a_value_is_one_whole_text_or_refused() {
        for (query, wanted) in [
            ("", Param::Absent),
            ("x=1&&=&%63ode=a", Param::Absent),
            ("Code=a", Param::Absent),
            ("code[]=a", Param::Absent),
            ("code=a", Param::One("a".into())),
            ("code", Param::One("".into())),
            ("code=", Param::One("".into())),
            ("code=a=b", Param::One("a=b".into())),
            ("code=a+b%2Bc%20d", Param::One("a+b+c d".into())),
            ("code=%C3%A9", Param::One("é".into())),
            ("code=a&code=a", Param::Repeated),
            ("code=%ff&code=a", Param::Repeated),
            ("code=%ff", Param::Malformed),
            ("code=%", Param::Malformed),
            ("code=%4", Param::Malformed),
            ("code=%zz", Param::Malformed),
            ("code=%+1", Param::Malformed),
        ] {
            assert_eq!(code(query), wanted, "{query}");
        }
    }

    #[test]
    fn the_known_names_do_not_disturb_each_other() {
        let query = Query::parse("state=s&unknown=1&code=c&return_to=%2Fa%3Fb%3Dc");
        assert_eq!(query.state.value(), Some("s"));
        assert_eq!(query.code.value(), Some("c"));
        assert_eq!(query.return_to.value(), Some("/a?b=c"));
        assert!(query.error.is_absent());
    }
}
