//! Finds characters around a value that were copied or quoted by mistake. It names the character, never the
//! value.

/// `begins with a quotation mark`, if something is there that belongs to a file and not to the value.
pub(super) fn around(text: &str) -> Option<String> {
    let mut ends = text.chars();
    let (first, last) = (ends.next().and_then(name), ends.next_back().and_then(name));
    match (first, last) {
        (Some(first), Some(last)) if first == last => Some(format!("begins and ends with {first}")),
        (Some(first), Some(last)) => Some(format!("begins with {first} and ends with {last}")),
        (Some(first), None) => Some(format!("begins with {first}")),
        (None, Some(last)) => Some(format!("ends with {last}")),
        (None, None) => None,
    }
}

fn name(character: char) -> Option<&'static str> {
    match character {
        '"' | '\'' | '`' | '\u{2018}'..='\u{201f}' => Some("a quotation mark"),
        '\n' | '\r' => Some("a line break"),
        '\u{feff}' => Some("a byte order mark"),
        _ if character.is_whitespace() => Some("a space"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::around;

    #[test]
    fn what_surrounds_a_value_is_named() {
        for (text, said) in [
            ("value", None),
            ("", None),
            ("va\"lue", None),
            ("\"value\"", Some("begins and ends with a quotation mark")),
            ("'value", Some("begins with a quotation mark")),
            ("value\r\n", Some("ends with a line break")),
            (" value", Some("begins with a space")),
            ("\u{feff}value\n", Some("begins with a byte order mark and ends with a line break")),
        ] {
            assert_eq!(around(text).as_deref(), said, "{text:?}");
        }
    }
}
