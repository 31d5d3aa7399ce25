//! The fuzz targets without a fuzzer: the kept corpus, and random inputs made of the words that each target knows.

use crate::oracles::{TARGETS, Target, run};
use crate::prelude::*;
use proptest::{collection::vec, prelude::*, sample::select, test_runner::TestRunner};
use std::fs;

/// Pieces of what the targets read, so that random inputs get past the first check.
const SHORT: [&str; 50] = [
    "/", "//", "\\", ".", "..", "%2e", "%2F", "%5c", "%00", "%0d%0a", "%", "%zz", "%25", "?", "#", "&", "=", ";", "; ",
    ",", " ", "\t", "\n", "+", "@", ":", "http:", "/stores", "code", "state", "error", "code=", "state=", "__Host-",
    "good", "{", "}", "[", "]", "\"", ":true", "null", "true", "0", "59", "60", "61", "é", "a", "A",
];

/// And longer ones.
const LONG: [&str; 14] = [
    "https://evil.example",
    "/komerza/login",
    "return_to",
    "%5F%5FHost-",
    "__Host-komerza-0a1b2c3d-login-x",
    "\"success\":true",
    "\"code\":null",
    "\"code\":\"\"",
    "\"data\":\"obviously-fake\"",
    "\"format\":1",
    "\"version\":\"000102030405060708090a0b0c0d0e0f\"",
    "\"saved_at\":1",
    "\"key\":\"obviously-fake\"",
    "Mon, 23 Nov 2026 12:00:09 GMT",
];

fn input() -> impl Strategy<Value = Vec<u8>> {
    let word = prop_oneof![
        6 => select([&SHORT[..], &LONG].concat()).prop_map(|word| word.as_bytes().to_vec()),
        1 => vec(any::<u8>(), 1..4),
    ];
    vec(word, 0..24).prop_map(|words| words.concat())
}

fn corpus(name: &str) -> Vec<Vec<u8>> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(name);
    let files = fs::read_dir(&directory).unwrap_or_else(|error| panic!("{}: {error}", directory.display()));
    files.map(|file| fs::read(file.unwrap().path()).unwrap()).collect()
}

/// Its own, and that of every other, since one reader's odd input is another's idea.
#[test]
fn every_target_holds_for_the_kept_corpus() {
    let mut all = Vec::new();
    for (name, _) in TARGETS {
        let inputs = corpus(name);
        assert!(inputs.len() >= 5, "{name} has {} inputs", inputs.len());
        all.extend(inputs);
    }
    for (name, _) in TARGETS {
        all.iter().for_each(|input| run(name, input));
    }
}

#[test]
fn every_target_holds_for_random_words() {
    for (name, target) in TARGETS {
        holds(name, target);
    }
}

fn holds(name: &str, target: Target) {
    let mut runner =
        TestRunner::new(ProptestConfig { cases: 3_000, failure_persistence: None, ..ProptestConfig::default() });
    let outcome = runner.run(&input(), |input| target(&input).map_err(TestCaseError::fail));
    outcome.unwrap_or_else(|error| panic!("{name}: {error}"));
}
