//! Floods and storms. Each runs in a process of its own, where nothing else moves the memory and no log is kept: as the
//! ignored test that it is, at full size, or at a small size by the test beside it.
//!
//! At full size, one after the other: `cargo test --release --test it -- --ignored --nocapture --test-threads 1 load::`.

mod connects;
mod flood;

use std::process::Command;

/// The size of a run, where not the full one is wanted.
const SIZE: &str = "KOMERZA_LOAD_SIZE";

fn size(full: usize) -> usize {
    std::env::var(SIZE).map_or(full, |size| size.parse().unwrap())
}

/// Runs an ignored test of this binary in a process of its own, at this size.
fn run_apart(test: &str, size: usize) {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", test, "--ignored", "--nocapture", "--test-threads", "1"]);
    let output = command.env(SIZE, size.to_string()).output().unwrap();
    let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success() && said.contains("1 passed"), "{test}: {said}");
    println!("{said}");
}

#[test]
fn t58_a_flood_of_logins_leaves_memory_and_store_alone() {
    run_apart("load::flood::t58_a_million_logins_leave_memory_and_store_alone", 4_000);
}

#[test]
fn t40_junk_callbacks_reach_neither_provider_nor_store() {
    run_apart("load::flood::t40_200_000_junk_callbacks_reach_neither_provider_nor_store", 4_000);
}

#[test]
fn of_many_connects_under_faults_each_is_stored_or_told_why() {
    run_apart("load::connects::of_20_000_connects_in_an_hour_of_faults_each_is_stored_or_told_why", 1_350);
}
