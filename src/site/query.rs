//! The query of our own routes, read by a strict parser.
//!
//! 1. Names are compared as bytes, before any decoding: `%63ode` is not `code`. Unknown names are ignored.
//! 2. A known name that comes twice has no value: nobody says which one counts.
//! 3. A value with a broken escape or with bytes that are not UTF-8 does not count as a value.
//! 4. A plus sign stays a plus sign: codes and states hold no spaces, but a code may well hold a plus.
//!
//! Popular parsers keep the last duplicate, replace bad bytes and turn plus signs into spaces, and report
//! none of this.

use percent_encoding::percent_decode_str;
use std::borrow::Cow;

/// The value of a known name, if it is there, or what is wrong with it.
pub(crate) type Param<'a> = Result<Option<Cow<'a, str>>, &'static str>;

/// The names this crate knows. `confirm` has the value of the page that asked first.
const KNOWN: [&str; 5] = ["code", "state", "error", "return_to", "confirm"];

/// The value of one of the known names.
pub(crate) fn param<'a>(query: &'a str, name: &str) -> Param<'a> {
    let mut values = query.split('&').map(named).filter(|(found, _)| *found == name).map(|(_, value)| value);
    match (values.next(), values.next()) {
        (None, _) => Ok(None),
        (Some(value), None) => decode(value).map(Some).ok_or("malformed"),
        (Some(_), Some(_)) => Err("repeated"),
    }
}

/// The path to return to, if it was sent once and whole.
pub(crate) fn return_to(query: &str) -> Option<Cow<'_, str>> {
    param(query, "return_to").ok().flatten()
}

/// The pairs with other names than ours, as they came.
pub(crate) fn of_the_app(query: &str) -> impl Iterator<Item = &str> {
    query.split('&').filter(|pair| !matches!(named(pair), ("", _)) && !KNOWN.contains(&named(pair).0))
}

fn named(pair: &str) -> (&str, &str) {
    pair.split_once('=').unwrap_or((pair, ""))
}

fn decode(value: &str) -> Option<Cow<'_, str>> {
    let is_escape = |rest: &str| rest.bytes().take(2).filter(u8::is_ascii_hexdigit).count() == 2;
    let whole = value.split('%').skip(1).all(is_escape);
    whole.then(|| percent_decode_str(value).decode_utf8().ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(query: &str) -> Param<'_> {
        param(query, "code")
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
        let query = "state=s&unknown=1&code=c&return_to=%2Fa%3Fb%3Dc";
        assert_eq!(param(query, "state"), Ok(Some("s".into())));
        assert_eq!(code(query), Ok(Some("c".into())));
        assert_eq!(return_to(query).as_deref(), Some("/a?b=c"));
        assert_eq!(param(query, "error"), Ok(None));
    }
}
