use super::{attempts, broken_rule, harmless, stays_on_site};
use percent_encoding::percent_decode_str;
use std::collections::{BTreeSet, HashSet};

#[test]
fn there_are_many_different_attempts_of_every_kind() {
    let attempts = attempts();
    let refused: HashSet<_> =
        attempts.iter().filter(|attempt| attempt.must_be_refused).map(|attempt| &attempt.decoded).collect();
    assert!(refused.len() >= 300, "{} texts", refused.len());
    let queries: HashSet<_> = attempts.iter().map(|attempt| &attempt.query).collect();
    assert_eq!(queries.len(), attempts.len());
    let families: BTreeSet<_> = attempts.iter().map(|attempt| attempt.family).collect();
    assert_eq!(families.len(), 19, "{families:?}");
    let base = url::Url::parse(super::BASE).unwrap();
    let leaves = |text: &&String| base.join(text).is_ok_and(|target| target.origin() != base.origin());
    let leaving: HashSet<_> = attempts.iter().filter_map(|attempt| attempt.decoded.as_ref()).filter(leaves).collect();
    assert!(leaving.len() >= 150, "only {} would leave the site in a browser", leaving.len());
    println!("{} attempts, {} texts to refuse, {} families", attempts.len(), refused.len(), families.len());
}

#[test]
fn every_attempt_reaches_a_server_and_decodes_to_what_it_says() {
    for attempt in attempts() {
        let target = format!("/komerza/login?return_to={}", attempt.query);
        let target: http::Uri = target.parse().unwrap_or_else(|error| panic!("{attempt:?}: {error}"));
        assert_eq!(target.query(), Some(format!("return_to={}", attempt.query).as_str()), "{attempt:?}");
        let bytes: Vec<u8> = percent_decode_str(&attempt.query).collect();
        match &attempt.decoded {
            Some(decoded) => assert_eq!(bytes, decoded.as_bytes(), "{attempt:?}"),
            None => {
                let escapes = attempt.query.match_indices('%').map(|(at, _)| attempt.query.get(at + 1..at + 3));
                let broken = escapes.clone().any(|two| u8::from_str_radix(two.unwrap_or("x"), 16).is_err());
                assert!(broken || String::from_utf8(bytes).is_err(), "{attempt:?} is text");
            }
        }
    }
}

#[test]
fn what_must_be_refused_breaks_the_written_rule_and_the_rest_does_not() {
    for attempt in attempts() {
        let Some(decoded) = &attempt.decoded else { continue };
        assert_eq!(broken_rule(decoded).is_some(), attempt.must_be_refused, "{attempt:?}: {:?}", broken_rule(decoded));
    }
}

#[test]
fn what_the_written_rule_allows_stays_on_the_site() {
    for attempt in attempts() {
        if let Some(decoded) = attempt.decoded.filter(|decoded| broken_rule(decoded).is_none()) {
            assert!(stays_on_site(&decoded), "{decoded:?}");
        }
    }
    for path in harmless() {
        assert_eq!(broken_rule(&path), None, "{path}");
        assert!(stays_on_site(&path), "{path}");
    }
}

#[test]
fn the_oracle_of_the_url_standard_sees_through_the_known_tricks() {
    for leaves in [
        "//evil.example",
        "/\\evil.example",
        "/\t/evil.example",
        "/\n\\evil.example",
        "https://evil.example",
        "",
        "x",
        "\\x",
        " /x",
    ] {
        assert!(!stays_on_site(leaves), "{leaves:?}");
    }
    for stays in ["/", "/x", "/%2fevil.example", "/.//evil.example", "/..//x", "/a//b", "/a\\..\\b", "/\u{2215}x"] {
        assert!(stays_on_site(stays), "{stays:?}");
    }
}

#[test]
fn each_part_of_the_written_rule_is_broken_alone() {
    let rules = [
        ("x", "no slash at the start"),
        ("/\u{7f}", "more than visible ASCII"),
        ("/a\\b", "a backslash"),
        ("/%2Fx", "an encoded slash, backslash or control behind the first slash"),
        ("/a//b", "an empty segment before the last"),
        ("/a/%2E.", "a dot segment"),
        ("/komerza/status?x", "a route of the crate"),
    ];
    for (path, rule) in rules {
        assert_eq!(broken_rule(path), Some(rule), "{path}");
    }
    assert_eq!(broken_rule(&"/a".repeat(256)), None);
    assert_eq!(broken_rule(&format!("{}a", "/a".repeat(256))), Some("too long"));
    assert_eq!(broken_rule("//evil.example"), Some("an empty segment before the last"));
}
