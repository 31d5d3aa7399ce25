//! No test measures the machine: its own sources are searched for what could.

use crate::prelude::*;

/// What a test needs in place of each of these words.
const FORBIDDEN: &[(&str, &str)] = &[
    ("/proc statm rusage", "count allocations, as the floods do"),
    ("Instant::now", "count calls, or move a `ManualClock` or tokio's clock"),
    ("SystemTime::now", "take the time of a `ManualClock`"),
    ("sleep sleep_until interval interval_at", "wait for what happens, or move a `ManualClock` or tokio's clock"),
    (
        "timeout timeout_at recv_timeout wait_timeout park_timeout shutdown",
        "guard against hanging with `PATIENCE` alone",
    ),
    ("deadline", "let the default deadline pass at once: `komerza_connect_testing::time`"),
];

/// Files with such a word, the number of lines, and why none of them decides by real time whether a test passes.
const ALLOWED: &[(&str, &str, usize, &str)] = &[
    ("browser/mod.rs", "Instant::now", 1, "a guard of a minute against a test that waits for itself"),
    ("browser/mod.rs", "SystemTime::now", 1, "the clock of a browser whose test does not care"),
    ("client/connections/mod.rs", "Instant::now", 1, "printed; no test rests on it"),
    ("client/connections/mod.rs", "sleep", 3, "at least so long, and more is as well"),
    ("client/connections/mod.rs", "timeout", 1, "a caller who gives up; the answer never comes"),
    ("client/connections/server.rs", "sleep", 1, "at least so long, so that calls overlap"),
    ("client/pacing.rs", "sleep", 1, "Redis has a clock of its own, which must have moved by so much at least"),
    ("lifecycle/store.rs", "sleep", 1, "asks again after a while"),
    ("load/connects.rs", "Instant::now", 1, "tokio's clock flies there"),
    ("load/connects.rs", "sleep", 6, "tokio's clock flies there"),
    ("raw_provider/reply.rs", "sleep", 2, "looks again after a while"),
    ("site/session.rs", "SystemTime::now", 2, "any time will do"),
    ("stores/broken_network.rs", "SystemTime::now", 1, "the server's own clock"),
    ("stores/broken_network.rs", "timeout", 1, "half a second for a call on loopback, which is tried again"),
    ("stores/broken_stores.rs", "deadline", 1, "ends the run of a store that is to fail anyway"),
    ("stores/broken_stores.rs", "sleep", 3, "tokio's clock is stopped there"),
    ("stores/encrypted.rs", "timeout", 2, "tokio's clock is stopped there"),
    ("stores/faulty.rs", "Instant::now", 1, "tokio's clock is stopped there"),
    ("stores/faulty.rs", "timeout", 1, "tokio's clock is stopped there"),
    ("stores/no_writes.rs", "deadline", 1, "ends sooner what fails anyway"),
    ("stores/no_writes.rs", "sleep", 1, "asks again after a while"),
    ("stores/places.rs", "timeout", 1, "a server that reads what is there before it closes"),
    ("stores/sqlite_faults.rs", "sleep", 2, "what must not come: a slow machine waits in vain as well"),
    ("stores/sqlite_faults.rs", "timeout", 1, "a caller who gives up; the lock is held until then"),
    ("testing/src/relay.rs", "timeout", 1, "what must not come: a slow machine waits in vain as well"),
    ("testing/src/time.rs", "sleep", 6, "what ends a hang that nobody gives up, and its own tests"),
    ("pacing/tests.rs", "Instant::now", 1, "tokio's clock is stopped there"),
];

/// Files whose tests need a real server or a browser, which has a clock of its own. `cargo test` leaves them out.
const NEED_SERVERS: &str = "browser/front.rs browser/repeats.rs browser/window.rs processes/outage.rs stores/own_redis.rs \
                            stores/redis_faults.rs stores/redis_topologies.rs stores/sql_faults.rs";

/// The forbidden words of one line.
fn found(line: &str) -> impl Iterator<Item = &'static str> {
    let is_part = |letter: char| letter.is_alphanumeric() || letter == '_';
    FORBIDDEN.iter().flat_map(|(words, _)| words.split(' ')).filter(move |word| {
        if line.trim_start().starts_with("//") {
            return false;
        }
        line.match_indices(word).any(|(at, _)| {
            let (before, after) = (&line[..at], &line[at + word.len()..]);
            let real = after.contains("Duration::from_");
            let whole = !before.ends_with(is_part) && !after.starts_with(is_part);
            match *word {
                // Clocks have a method of that name.
                "sleep" => whole && !before.ends_with('.') && !before.ends_with("fn "),
                "timeout" => {
                    whole && after.starts_with('(') && !after.starts_with("(PATIENCE") && !after.starts_with("(AGES")
                }
                "interval" => whole && after.starts_with('('),
                "deadline" => {
                    real && ([" =", "("].iter().any(|next| after.starts_with(next)) || after.contains(") = ("))
                }
                "shutdown" => real,
                _ => whole,
            }
        })
    })
}

/// The part of a source file that is a test: all of it, or what comes behind the mark.
fn tests_of<'a>(path: &Path, text: &'a str) -> &'a str {
    let names = ["tests", "testing", "tests.rs", "interleavings", "interleavings.rs"];
    let is_test = path.components().any(|part| names.iter().any(|name| part.as_os_str() == *name));
    if is_test { text } else { text.find("#[cfg(test)]\nmod tests {").map_or("", |at| &text[at..]) }
}

pub(crate) fn sources(folder: &Path, all: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).into_iter().flatten() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, all);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            all.push(path);
        }
    }
}

#[test]
fn t76_no_test_bounds_time_or_memory_of_the_machine() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().find(|at| at.join("CHANGELOG.md").exists()).unwrap();
    let mut all = Vec::new();
    for folder in ["src", "sandbox", "tests", "testing", "examples"] {
        sources(&root.join(folder), &mut all);
    }
    assert!(all.len() > 200, "the sources were not found: {}", all.len());
    let mut lines = BTreeMap::<(String, &str), Vec<String>>::new();
    let leaves_out =
        |path: &PathBuf| path.ends_with("measures.rs") || NEED_SERVERS.split(' ').any(|end| path.ends_with(end));
    for path in all.iter().filter(|path| !leaves_out(path)) {
        let text = std::fs::read_to_string(path).unwrap();
        let name = path.strip_prefix(root).unwrap();
        let shown = name.to_str().unwrap().replace('\\', "/");
        for line in tests_of(name, &text).lines() {
            for word in found(line) {
                lines.entry((shown.clone(), word)).or_default().push(line.trim().to_owned());
            }
        }
    }
    let mut wrong = Vec::new();
    for ((file, word), lines) in &lines {
        let allowed = ALLOWED.iter().find(|(end, what, ..)| file.ends_with(end) && what == word);
        if allowed.is_none_or(|(_, _, count, _)| *count != lines.len()) {
            let instead = FORBIDDEN.iter().find(|(words, _)| words.split(' ').any(|what| what == *word)).unwrap().1;
            wrong.push(format!("{file}: {word:?} in {} lines; {instead}: {lines:#?}", lines.len()));
        }
    }
    for (end, word, ..) in ALLOWED {
        if !lines.keys().any(|(file, what)| file.ends_with(end) && what == word) {
            wrong.push(format!("{end}: {word:?} is allowed and not there"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn t76_each_way_to_measure_the_machine_is_found_and_what_only_looks_like_one_is_not() {
    for (line, words) in [
        ("    let before = std::fs::read(\"/proc/self/statm\");", vec!["/proc", "statm"]),
        ("    let began = Instant::now();", vec!["Instant::now"]),
        ("    assert!(SystemTime::now() < later);", vec!["SystemTime::now"]),
        ("    std::thread::sleep(SECOND);", vec!["sleep"]),
        ("    tokio::time::sleep(Duration::from_secs(1)).await;", vec!["sleep"]),
        ("use tokio::time::{sleep, timeout};", vec!["sleep"]),
        ("    tokio::time::sleep_until(soon).await;", vec!["sleep_until"]),
        ("    tokio::time::interval_at(soon, SECOND).tick().await;", vec!["interval_at"]),
        ("    timeout_at(soon, receiver.recv_timeout(SECOND)).await", vec!["timeout_at", "recv_timeout"]),
        ("    changed.wait_timeout(state, SECOND); park_timeout(SECOND);", vec!["wait_timeout", "park_timeout"]),
        ("    timeout(Duration::from_secs(1), call).await", vec!["timeout"]),
        ("    limits.store_deadline = Duration::from_millis(20);", vec!["deadline"]),
        ("    assert!(layer.shutdown(Duration::from_secs(1)).await);", vec!["shutdown"]),
        ("    // An Instant of sleep.", vec![]),
        ("    clock.sleep(SECOND).await;", vec![]),
        ("    fn sleep(&self, duration: Duration) -> Sleep {", vec![]),
        ("    timeout(PATIENCE, call).await", vec![]),
        ("    clock.advance(Duration::from_secs(1));", vec![]),
        ("    layer.shutdown(PATIENCE).await;", vec![]),
    ] {
        assert_eq!(found(line).collect::<Vec<_>>(), words, "{line}");
    }
}
