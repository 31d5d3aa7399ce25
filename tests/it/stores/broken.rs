//! The contract suite finds faults: for every check there is a store that fails it.

use super::broken_stores::contract;
use super::flaws::{Flaw, MEANT};
use super::*;
use komerza_connect::store::contract::{checks, claims_as_test};

/// Those who linger are overtaken by all who can go on, however slow the machine is: the clock stands still until then.
#[tokio::test(start_paused = true)]
async fn t47_each_check_fails_the_store_with_the_fault_it_is_meant_for() {
    each_fails(|flaw| flaw < Flaw::WaitsForEver).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn t47_each_check_over_a_network_fails_the_store_with_the_fault_it_is_meant_for() {
    each_fails(|flaw| flaw >= Flaw::WaitsForEver).await;
}

async fn each_fails(these: fn(Flaw) -> bool) {
    for (check, flaw) in MEANT.iter().filter(|(_, flaw)| these(*flaw)) {
        let failure = contract(*flaw).run(check).await.expect_err(&format!("{check} let {flaw:?} pass"));
        assert_eq!(failure.check(), *check);
        assert!(!failure.sentence().is_empty() && !failure.found().is_empty(), "{failure}");
        assert!(!failure.to_string().contains("obviously-fake-key-"), "{failure}");
        let waits = matches!(flaw, Flaw::WaitsForEver | Flaw::PermitsAreLost);
        assert!(waits || !failure.found().contains("did not end"), "{failure}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_store_without_a_fault_passes_every_check() {
    let passed = contract(Flaw::None).check().await.unwrap();
    assert_eq!(passed.checks(), checks().iter().map(|check| check.name()).collect::<Vec<_>>());
    assert_eq!(passed.left_out().count(), 0);
}

#[test]
fn every_check_has_a_fault_and_a_name_of_its_own() {
    let meant: BTreeSet<_> = MEANT.iter().map(|(check, _)| *check).collect();
    let names: BTreeSet<_> = checks().iter().map(|check| check.name()).collect();
    assert_eq!(meant, names);
    assert_eq!(checks().len(), names.len());
    assert!(names.len() >= 25);
}

#[tokio::test]
async fn a_check_that_is_unknown_or_not_claimed_is_a_failure_and_never_a_skip() {
    let plain = Contract::new(|| async { MemoryStore::default() });
    for name in ["a_record_outlives_a_restart", "a_damaged_record_can_be_deleted", "no such check"] {
        assert!(plain.run(name).await.is_err(), "{name}");
    }
}

#[tokio::test]
async fn a_claim_that_was_forgotten_or_not_given_to_the_macro_is_named_and_fails_the_run() {
    let open = || async { MemoryStore::default() };
    let failure = Contract::new(open).any_id().replaces(open).check().await.unwrap_err();
    assert!(failure.found().ends_with("left out: restarts, nodes, unreachable, damage, lists, network"), "{failure}");

    let left_out = [Claim::AnyId, Claim::Restarts, Claim::Nodes, Claim::Unreachable, Claim::Damage, Claim::Replaces];
    let contract =
        left_out.into_iter().fold(Contract::new(open).lists(), |contract, claim| contract.without(claim, "why"));
    let contract = contract.without(Claim::Network, "none");
    claims_as_test(&contract, &["lists"]).unwrap();
    let failure = claims_as_test(&contract, &[]).unwrap_err();
    assert!(failure.found().ends_with("not named to the macro: lists"), "{failure}");
    let passed = contract.check().await.unwrap();
    assert!(passed.to_string().contains("not checked: nodes (why)"), "{passed}");
    assert!(passed.to_string().ends_with("not checked: network (none)"), "{passed}");

    let failure = Contract::new(open).without(Claim::Always, "no time").check().await.unwrap_err();
    assert!(failure.found().contains("what every store owes"), "{failure}");
}

/// What a store's author reads.
#[tokio::test(start_paused = true)]
async fn a_finding_names_what_is_wrong() {
    let plain = || Contract::new(|| async { MemoryStore::default() });
    let nowhere = ([127, 0, 0, 1], 9).into();
    for (contract, check, found) in [
        (contract(Flaw::NotesAreLost), "a_saved_record_loads_whole", "loaded with another note than was saved"),
        (contract(Flaw::LoadsHang), "a_saved_record_loads_whole", "`load` did not end"),
        (
            contract(Flaw::DamageIsNone),
            "a_damaged_record_is_an_error_and_not_missing",
            "`load` answered with no record",
        ),
        (contract(Flaw::DeleteRemovesNeighbours), "users_are_independent", "after `delete` of user"),
        (contract(Flaw::DeleteRemovesNeighbours), "ids_that_begin_alike_are_distinct", "after `delete` of user"),
        (
            contract(Flaw::ReplaceIfInTwoSteps),
            "a_late_replace_if_never_overwrites_a_newer_record",
            "after `replace_if` of the older record",
        ),
        (plain().damaged_by(|_| async {}), "a_damaged_record_is_an_error_and_not_missing", "the damage did not arrive"),
        (plain().ids(|_| UserId::from(7)), "users_are_independent", "`ids` gave the same user twice"),
        (plain(), "a_ping_is_answered", "call `.lists()`"),
        (plain().without(Claim::Lists, "nobody asks"), "a_ping_is_answered", "(nobody asks)"),
        (
            plain().over_network(nowhere, |_| async { MemoryStore::default() }),
            "a_silent_connection_is_given_up",
            "nothing connected to the relay",
        ),
    ] {
        let failure = contract.run(check).await.unwrap_err();
        assert!(failure.found().contains(found), "{failure}");
    }
    let failure = plain().run("no_such_check").await.unwrap_err();
    assert!(failure.to_string().starts_with("no_such_check: "), "{failure}");
}

#[tokio::test]
async fn the_text_of_a_panic_is_shown() {
    let contract = Contract::new(|| async {
        assert!(std::env::var_os("KOMERZA_NO_SUCH_VARIABLE").is_some(), "the database is locked");
        MemoryStore::default()
    });
    let failure = contract.run("a_saved_record_loads_whole").await.unwrap_err();
    assert_eq!(failure.found(), "a panic: the database is locked");
}
