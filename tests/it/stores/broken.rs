//! The contract suite finds faults: for every check there is a store that fails it.

use super::broken_stores::{Flaw, contract};
use crate::prelude::*;
use komerza_connect::store::contract::{Claim, Contract, checks, claims_as_test};

/// Each check, and a flaw that it is there to find.
const MEANT: &[(&str, Flaw)] = &[
    ("a_user_never_saved_loads_as_none", Flaw::MissingIsAnError),
    ("a_saved_record_loads_whole", Flaw::TimeIsLost),
    ("loading_consumes_nothing", Flaw::LoadsOnce),
    ("a_save_replaces_the_record", Flaw::FirstSaveWins),
    ("the_same_key_saved_again_has_its_new_version", Flaw::SameKeyIsSkipped),
    ("the_same_record_saved_twice_is_there_once", Flaw::SavesPileUp),
    ("a_deleted_record_is_gone", Flaw::DeleteIsForgotten),
    ("deleting_nothing_is_fine", Flaw::DeleteOfNothingFails),
    ("a_save_after_a_delete_is_there", Flaw::DeletedForEver),
    ("delete_if_removes_the_record_of_that_version", Flaw::DeleteIfDoesNothing),
    ("delete_if_is_true_once", Flaw::DeleteIfIsAlwaysTrue),
    ("delete_if_of_an_older_version_leaves_the_record", Flaw::DeleteIfIgnoresTheVersion),
    ("delete_if_of_a_newer_version_leaves_the_record", Flaw::DeleteIfRemovesWhatItDoesNotKnow),
    ("delete_if_tells_equal_keys_apart", Flaw::DeleteIfComparesKeys),
    ("delete_if_of_nothing_is_false", Flaw::DeleteIfIsAlwaysTrue),
    ("delete_if_minds_the_user", Flaw::DeleteIfLooksEverywhere),
    ("delete_if_works_after_the_record_was_saved_twice", Flaw::DeleteIfForgetsRepeatedSaves),
    ("a_key_of_one_byte_is_kept", Flaw::ShortKeysAreRefused),
    ("a_key_of_16_kib_is_kept", Flaw::KeysAreCut),
    ("every_visible_character_of_a_key_is_kept", Flaw::BackslashesAreEaten),
    ("users_are_independent", Flaw::DeleteRemovesNeighbours),
    ("calls_end_before_the_layer_gives_up", Flaw::SavesAreSlow),
    ("ids_differ_by_case", Flaw::IdsAreLowered),
    ("ids_differ_by_what_folding_makes_equal", Flaw::IdsAreFolded),
    ("ids_differ_by_composed_and_combining_form", Flaw::IdsAreComposed),
    ("ids_keep_their_spaces", Flaw::IdsAreTrimmed),
    ("ids_with_sql_characters_are_only_ids", Flaw::IdsEndAtAQuote),
    ("ids_with_path_characters_are_only_ids", Flaw::IdsArePaths),
    ("ids_with_pattern_characters_are_only_ids", Flaw::IdsAreGlobs),
    ("ids_that_begin_alike_are_distinct", Flaw::IdsAreCutAt17),
    ("ids_that_begin_alike_are_distinct", Flaw::DeleteRemovesNeighbours),
    ("ids_that_read_as_one_number_are_distinct", Flaw::IdsAreNumbers),
    ("ids_of_255_bytes_are_distinct_to_the_last", Flaw::IdsAreCutAt254),
    ("an_id_of_one_character_is_an_id", Flaw::ShortIdsAreRefused),
    ("ids_of_any_script_and_control_characters_are_kept", Flaw::IdsAreLatin),
    ("saves_at_once_leave_one_whole_record", Flaw::RacingSavesStayHalf),
    ("loads_during_saves_see_whole_records", Flaw::SavesInTwoSteps),
    ("one_of_many_delete_ifs_is_true", Flaw::DeleteIfInTwoSteps),
    ("a_late_delete_if_never_removes_a_newer_record", Flaw::DeleteIfInTwoSteps),
    ("a_save_and_a_delete_at_once_leave_all_or_nothing", Flaw::SlowDeletesLeaveHalf),
    ("users_at_once_get_their_own_records", Flaw::OneUserAtATime),
    ("a_dropped_save_leaves_the_old_record_or_the_new", Flaw::SaveDeletesFirst),
    ("a_dropped_first_save_leaves_nothing_or_the_record", Flaw::SavesInTwoSteps),
    ("a_dropped_delete_leaves_the_record_or_nothing", Flaw::DeletesInTwoSteps),
    ("a_dropped_delete_if_leaves_the_record_or_nothing", Flaw::DeletesInTwoSteps),
    ("a_dropped_load_changes_nothing", Flaw::LoadTakesAndPutsBack),
    ("the_store_answers_after_many_dropped_calls", Flaw::PermitsAreLost),
    ("a_record_outlives_a_restart", Flaw::NothingIsShared),
    ("a_replacement_outlives_a_restart", Flaw::ReplacementsStayLocal),
    ("a_removal_outlives_a_restart", Flaw::RemovalsStayLocal),
    ("the_longest_key_and_id_outlive_a_restart", Flaw::LongValuesStayLocal),
    ("two_nodes_do_not_undo_each_other", Flaw::ComparesWithWhatItSawLast),
    ("a_node_sees_at_once_what_another_one_wrote", Flaw::LoadsAreRemembered),
    ("many_nodes_may_open_the_store_at_once", Flaw::OneNodeAtATime),
    ("a_load_from_an_unreachable_store_is_an_error", Flaw::OutageIsNone),
    ("a_save_to_an_unreachable_store_is_an_error", Flaw::OutageSaves),
    ("a_removal_from_an_unreachable_store_is_an_error", Flaw::OutageDeletes),
    ("a_ping_of_an_unreachable_store_is_an_error", Flaw::PingsLie),
    ("errors_of_an_unreachable_store_hold_no_key", Flaw::ErrorsQuoteTheKey),
    ("a_damaged_record_is_an_error_and_not_missing", Flaw::DamageIsNone),
    ("a_damaged_record_gives_way_to_a_new_save", Flaw::DamageCannotBeReplaced),
    ("a_damaged_record_can_be_deleted", Flaw::DamageCannotBeDeleted),
    ("damage_to_one_record_leaves_the_others", Flaw::DamageConcernsAll),
    ("a_damaged_record_is_listed_and_never_too_old", Flaw::DamageEndsTheListing),
    ("a_damaged_record_is_listed_and_never_too_old", Flaw::DamageIsTooOld),
    ("errors_about_a_damaged_record_hold_no_key", Flaw::DamageIsQuoted),
    ("errors_about_a_damaged_record_hold_no_key", Flaw::DamageIsQuotedInPart),
    ("errors_about_a_damaged_record_hold_no_key", Flaw::DamageIsKeptAsItsCause),
    ("replace_if_rewrites_the_record_of_that_version", Flaw::ReplaceIfDoesNothing),
    ("replace_if_of_another_version_leaves_the_record", Flaw::ReplaceIfIgnoresTheVersion),
    ("replace_if_of_nothing_makes_no_record", Flaw::ReplaceIfInserts),
    ("a_late_replace_if_never_overwrites_a_newer_record", Flaw::ReplaceIfInTwoSteps),
    ("everybody_with_a_record_is_listed", Flaw::PagesLoseTheirLast),
    ("everybody_with_a_record_is_listed", Flaw::ZeroIsNobody),
    ("everybody_with_a_record_is_listed", Flaw::ZeroIsWithoutEnd),
    ("everybody_with_a_record_is_listed", Flaw::CursorsAreInclusive),
    ("who_has_no_record_is_not_listed", Flaw::RemovedUsersAreListed),
    ("remove_older_removes_what_is_old_and_gives_it_back", Flaw::RemovalsAreNotTold),
    ("remove_older_leaves_what_is_young", Flaw::TheYoungAreRemoved),
    ("remove_older_leaves_what_is_saved_meanwhile", Flaw::RemoveOlderInTwoSteps),
    ("remove_older_removes_no_more_than_its_limit", Flaw::LimitsAreIgnored),
    ("remove_older_leaves_other_users", Flaw::PrefixesAreIgnored),
    ("a_ping_is_answered", Flaw::PingsFail),
];

/// The same for the checks that need a network.
const MEANT_OVER_A_NETWORK: &[(&str, Flaw)] = &[
    ("a_silent_connection_is_given_up", Flaw::WaitsForEver),
    ("given_up_connections_are_closed", Flaw::ConnectionsLeak),
    ("closed_connections_are_made_anew", Flaw::NeverConnectsAgain),
    ("a_save_that_was_given_up_never_undoes_a_later_one", Flaw::SavesHaveNoDeadline),
    ("a_removal_that_was_given_up_never_undoes_a_later_save", Flaw::RemovalsHaveNoDeadline),
    ("a_removal_that_was_given_up_never_undoes_a_later_save", Flaw::RemovalsAfterAPingHaveNoDeadline),
];

/// Those who linger are overtaken by all who can go on, however slow the machine is: the clock stands still until then.
#[tokio::test(start_paused = true)]
async fn t47_each_check_fails_the_store_with_the_fault_it_is_meant_for() {
    each_fails(MEANT).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn t47_each_check_over_a_network_fails_the_store_with_the_fault_it_is_meant_for() {
    each_fails(MEANT_OVER_A_NETWORK).await;
}

async fn each_fails(meant: &[(&str, Flaw)]) {
    for (check, flaw) in meant {
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
    let meant: BTreeSet<_> = MEANT.iter().chain(MEANT_OVER_A_NETWORK).map(|(check, _)| *check).collect();
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
async fn a_claim_that_was_forgotten_is_named_and_fails_the_run() {
    let open = || async { MemoryStore::default() };
    let failure = Contract::new(open).any_id().replaces(open).check().await.unwrap_err();
    assert!(failure.found().ends_with("left out: restarts, nodes, unreachable, damage, lists, network"), "{failure}");

    let left_out = [Claim::AnyId, Claim::Restarts, Claim::Nodes, Claim::Unreachable, Claim::Damage, Claim::Replaces];
    let contract =
        left_out.into_iter().fold(Contract::new(open).lists(), |contract, claim| contract.without(claim, "why"));
    let passed = contract.without(Claim::Network, "none").check().await.unwrap();
    assert!(passed.to_string().contains("not checked: nodes (why)"), "{passed}");
    assert!(passed.to_string().ends_with("not checked: network (none)"), "{passed}");

    let failure = Contract::new(open).without(Claim::Always, "no time").check().await.unwrap_err();
    assert!(failure.found().contains("what every store owes"), "{failure}");
}

#[tokio::test]
async fn a_claim_that_the_macro_was_not_given_is_a_failure() {
    let contract = Contract::new(|| async { MemoryStore::default() }).any_id().lists();
    let left_out = [Claim::Restarts, Claim::Nodes, Claim::Unreachable, Claim::Damage, Claim::Replaces, Claim::Network];
    let contract = left_out.into_iter().fold(contract, |contract, claim| contract.without(claim, "why"));
    let failure = claims_as_test(&contract, &["any_id"]).unwrap_err();
    assert!(failure.found().ends_with("not named to the macro: lists"), "{failure}");
    claims_as_test(&contract, &["any_id", "lists"]).unwrap();
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
