//! The query of our own routes, read by a strict parser.
//!
//! 1. Names are compared as bytes, before any decoding: `%63ode` is not `code`. Unknown names are ignored.
//! 2. A known name that comes twice has no value: nobody says which one counts.
//! 3. A value with a broken escape or with bytes that are not UTF-8 does not count as a value.
//! 4. A plus sign stays a plus sign: codes and states hold no spaces, but a code may well hold a plus.
//!
//! Popular parsers keep the last duplicate, replace bad bytes and turn plus signs into spaces, and report
//! none of this.

#![deny(clippy::arithmetic_side_effects, reason = "it reads what others wrote")]

use std::borrow::Cow;

/// The value of a known name, if it is there, or what is wrong with it.
pub(crate) type Param<'a> = Result<Option<Cow<'a, str>>, &'static str>;

/// The names this crate knows.
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
        let mut parsed =
            Self { code: Ok(None), state: Ok(None), error: Ok(None), return_to: Ok(None), confirm: Ok(None) };
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
                Ok(None) => decode(value).map(Some).ok_or("malformed"),
                _ => Err("repeated"),
            };
        }
        parsed
    }

    /// The path to return to, if it was sent once and whole.
    pub(crate) fn return_to(&self) -> Option<&str> {
        self.return_to.as_ref().ok()?.as_deref()
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
            ("", Ok(None)),
            ("x=1&&=&%63ode=a", Ok(None)),
            ("Code=a", Ok(None)),
            ("code[]=a", Ok(None)),
            ("code=a", Ok(Some("a".into()))),
            ("code", Ok(Some("".into()))),
            ("code=", Ok(Some("".into()))),
            ("code=a=b", Ok(Some("a=b".into()))),
            ("code=a+b%2Bc%20d", Ok(Some("a+b+c d".into()))),
            ("code=%C3%A9", Ok(Some("é".into()))),
            ("code=a&code=a", Err("repeated")),
            ("code=%ff&code=a", Err("repeated")),
            ("code=%ff", Err("malformed")),
            ("code=%", Err("malformed")),
            ("code=%4", Err("malformed")),
            ("code=%zz", Err("malformed")),
            ("code=%+1", Err("malformed")),
        ] {
            assert_eq!(code(query), wanted, "{query}");
        }
    }

    #[test]
    fn the_known_names_do_not_disturb_each_other() {
        let query = Query::parse("state=s&unknown=1&code=c&return_to=%2Fa%3Fb%3Dc");
        assert_eq!(query.state, Ok(Some("s".into())));
        assert_eq!(query.code, Ok(Some("c".into())));
        assert_eq!(query.return_to(), Some("/a?b=c"));
        assert_eq!(query.error, Ok(None));
    }
}
