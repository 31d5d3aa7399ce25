//! The list of checks: the one place that has their names and sentences.

use super::{Check, Claim};
use std::sync::LazyLock;

/// Calls another macro with that macro's own argument, followed by the checks of one claim.
#[doc(hidden)]
#[macro_export]
macro_rules! __token_store_checks {
    (always, [$($then:tt)*] $given:tt) => {
        $($then)*! { $given
            basics a_user_never_saved_loads_as_none "A user who was never saved loads as `Ok(None)`.",
            basics a_saved_record_loads_whole "`load` returns the whole record that `save` confirmed: key, version, time and note.",
            basics loading_consumes_nothing "A record may be loaded any number of times.",
            basics a_save_replaces_the_record "`save` puts the new record in place of the old one.",
            basics the_same_key_saved_again_has_its_new_version "If the same key is saved again, the record has the new version.",
            basics the_same_record_saved_twice_is_there_once "If the same record is saved twice, there is one record.",
            basics a_deleted_record_is_gone "After `delete` was confirmed, the record loads as `Ok(None)`.",
            basics deleting_nothing_is_fine "`delete` of a user without a record returns `Ok` and creates no record.",
            basics a_save_after_a_delete_is_there "A save after a removal is not lost.",
            basics delete_if_removes_the_record_of_that_version "`delete_if` with the record's version removes the record and returns `true`.",
            basics delete_if_is_true_once "A second `delete_if` finds nothing and returns `false`.",
            basics delete_if_of_an_older_version_leaves_the_record "`delete_if` with an older version leaves the newer record and returns `false`.",
            basics delete_if_of_a_newer_version_leaves_the_record "`delete_if` with a version that was never saved leaves the record and returns `false`.",
            basics delete_if_tells_equal_keys_apart "Two saves of one key are two versions; `delete_if` compares versions, not keys.",
            basics delete_if_of_nothing_is_false "`delete_if` of a user without a record is `Ok(false)`.",
            basics delete_if_minds_the_user "`delete_if` with another user's version removes neither record.",
            basics delete_if_works_after_the_record_was_saved_twice "After one record was saved twice, `delete_if` with its version still removes it.",
            basics a_key_of_one_byte_is_kept "A key may have a single character.",
            basics a_key_of_16_kib_is_kept "A key may have 16,384 bytes; a column must not cut or refuse it.",
            basics every_visible_character_of_a_key_is_kept "The store changes no visible ASCII character of a key.",
            basics users_are_independent "A call for one user changes no record of another user.",
            basics calls_end_before_the_layer_gives_up "A call ends within 2 seconds, which is the layer's default deadline.",
            races saves_at_once_leave_one_whole_record "Many simultaneous saves leave one whole record.",
            races loads_during_saves_see_whole_records "A load during saves returns the whole record of one of them.",
            races one_of_many_delete_ifs_is_true "If many `delete_if` for one record run at once, exactly one returns `true`.",
            races a_late_delete_if_never_removes_a_newer_record "`delete_if` compares and removes in one step, so a save in between is safe.",
            races a_save_and_a_delete_at_once_leave_all_or_nothing "A save and a delete at the same time leave the whole record or none.",
            races users_at_once_get_their_own_records "Simultaneous calls for many users never mix up their records.",
            dropped a_dropped_save_leaves_the_old_record_or_the_new "A save whose future is dropped leaves the old record or the new one, whole.",
            dropped a_dropped_first_save_leaves_nothing_or_the_record "A first save whose future is dropped leaves the whole record or none.",
            dropped a_dropped_delete_leaves_the_record_or_nothing "A delete whose future is dropped leaves the whole record or none.",
            dropped a_dropped_delete_if_leaves_the_record_or_nothing "A `delete_if` whose future is dropped leaves the whole record or none.",
            dropped a_dropped_load_changes_nothing "A load whose future is dropped leaves the record as it was.",
            dropped the_store_answers_after_many_dropped_calls "Dropped calls give back their connections and locks.",
        }
    };
    (any_id, [$($then:tt)*] $given:tt) => {
        $($then)*! { $given
            ids ids_differ_by_case "`Alice` and `alice` are two users.",
            ids ids_differ_by_what_folding_makes_equal "Ids that are equal only after case folding or Unicode compatibility mapping are different users.",
            ids ids_differ_by_composed_and_combining_form "Ids are not normalised: `é` written as one character and as two are two users.",
            ids ids_keep_their_spaces "Ids are not trimmed: `a` and `a ` are two users.",
            ids ids_with_sql_characters_are_only_ids "Quotes, placeholders and comments in an id have no special meaning.",
            ids ids_with_path_characters_are_only_ids "Slashes, dots and percent signs in an id have no special meaning.",
            ids ids_with_pattern_characters_are_only_ids "Wildcards in an id match nothing but themselves.",
            ids ids_that_begin_alike_are_distinct "An id and a longer id that begins with it are two users.",
            ids ids_that_read_as_one_number_are_distinct "Ids are texts: `1`, `01` and `1.0` are three users.",
            ids ids_of_255_bytes_are_distinct_to_the_last "Ids have up to 255 bytes, and the last one counts.",
            ids an_id_of_one_character_is_an_id "An id may have a single character.",
            ids ids_of_any_script_and_control_characters_are_kept "An id may have any Unicode character except U+0000.",
        }
    };
    (restarts, [$($then:tt)*] $given:tt) => {
        $($then)*! { $given
            restarts a_record_outlives_a_restart "A record that `save` confirmed is there after the store was closed and opened again.",
            restarts a_replacement_outlives_a_restart "After a restart the store has the newer record, not the older one.",
            restarts a_removal_outlives_a_restart "A record that was removed does not come back after a restart.",
            restarts the_longest_key_and_id_outlive_a_restart "The longest id and the longest key are unchanged after a restart.",
        }
    };
    (nodes, [$($then:tt)*] $given:tt) => {
        $($then)*! { $given
            nodes two_nodes_do_not_undo_each_other "`delete_if` compares with what is stored, not with what this node saw last.",
            nodes a_node_sees_at_once_what_another_one_wrote "A load never returns a record that any node replaced or removed before the load began.",
            nodes many_nodes_may_open_the_store_at_once "Several nodes may start at the same moment.",
        }
    };
    (unreachable, [$($then:tt)*] $given:tt) => {
        $($then)*! { $given
            unreachable a_load_from_an_unreachable_store_is_an_error "`load` returns an error if the store cannot look for the record, never `Ok(None)`.",
            unreachable a_save_to_an_unreachable_store_is_an_error "A save that did not happen is never confirmed.",
            unreachable a_removal_from_an_unreachable_store_is_an_error "A removal that did not happen is never confirmed.",
            unreachable a_ping_of_an_unreachable_store_is_an_error "If the store lists its users, `ping` and `list_users` return errors during an outage.",
            unreachable errors_of_an_unreachable_store_hold_no_key "No error and no cause of an error contains a key or a part of a key.",
        }
    };
    (replaces, [$($then:tt)*] $given:tt) => {
        $($then)*! { $given
            replaces replace_if_rewrites_the_record_of_that_version "`replace_if` with the record's version replaces the record and returns `true`.",
            replaces replace_if_of_another_version_leaves_the_record "`replace_if` with an older version leaves the newer record and returns `false`.",
            replaces replace_if_of_nothing_makes_no_record "`replace_if` of a user without a record returns `Ok(false)` and creates no record.",
            replaces a_late_replace_if_never_overwrites_a_newer_record "`replace_if` compares and replaces in one step, so a save in between is safe.",
        }
    };
    (lists, [$($then:tt)*] $given:tt) => {
        $($then)*! { $given
            lists everybody_with_a_record_is_listed "A listing returns every user who has a record, with the time of the save, for every page size. A limit of 0 counts as 1.",
            lists who_has_no_record_is_not_listed "A listing does not return users whose record was removed.",
            lists remove_older_removes_what_is_old_and_gives_it_back "`remove_older` removes records that were saved before the given time, and returns them.",
            lists remove_older_leaves_what_is_young "`remove_older` leaves records that were saved at the given time or later.",
            lists remove_older_leaves_what_is_saved_meanwhile "`remove_older` compares and removes in one step, so a save in between is safe.",
            lists remove_older_removes_no_more_than_its_limit "`remove_older` removes at most `limit` records, and none if it is 0.",
            lists remove_older_leaves_other_users "`remove_older` leaves users whose id does not begin with the prefix.",
            lists a_ping_is_answered "`ping` of a store that can be reached is `Ok`.",
        }
    };
    (network, [$($then:tt)*] $given:tt) => {
        $($then)*! { $given
            network a_silent_connection_is_given_up "No call waits for ever on a silent connection, and later calls get another one.",
            network given_up_connections_are_closed "A connection that was given up is closed, so a silent network does not use up all connections.",
            network closed_connections_are_made_anew "A connection that the server closed or reset is replaced.",
            network a_save_that_was_given_up_never_undoes_a_later_one "A save that failed because it was late does not take effect after a later save was confirmed.",
            network a_removal_that_was_given_up_never_undoes_a_later_save "A removal that failed because it was late does not remove a record that was saved and confirmed later.",
        }
    };
    (damage, [$($then:tt)*] $given:tt) => {
        $($then)*! { $given
            damage a_damaged_record_is_an_error_and_not_missing "`load` of a record that cannot be read returns an error, never `Ok(None)`, and does not remove the record.",
            damage a_damaged_record_gives_way_to_a_new_save "A new connect replaces a record that cannot be read.",
            damage a_damaged_record_can_be_deleted "A user may disconnect although the record cannot be read.",
            damage damage_to_one_record_leaves_the_others "A damaged record does not affect other users.",
            damage a_damaged_record_is_listed_and_never_too_old "If the store lists its users, it also lists a user whose record cannot be read, without a time. `remove_older` leaves that record.",
            damage errors_about_a_damaged_record_hold_no_key "The error about a record that cannot be read does not quote the record.",
        }
    };
}

/// The checks of one claim as an array.
macro_rules! list {
    (($claim:ident) $($module:ident $name:ident $sentence:literal,)*) => {
        [$(Check {
            name: stringify!($name),
            sentence: $sentence,
            claim: Claim::$claim,
            run: |trial| Box::pin(super::$module::$name(trial)),
        }),*]
    };
}

pub(super) static CHECKS: LazyLock<Vec<Check>> = LazyLock::new(|| {
    let mut checks = Vec::from(__token_store_checks!(always, [list](Always)));
    checks.extend(__token_store_checks!(any_id, [list](AnyId)));
    checks.extend(__token_store_checks!(restarts, [list](Restarts)));
    checks.extend(__token_store_checks!(nodes, [list](Nodes)));
    checks.extend(__token_store_checks!(unreachable, [list](Unreachable)));
    checks.extend(__token_store_checks!(damage, [list](Damage)));
    checks.extend(__token_store_checks!(replaces, [list](Replaces)));
    checks.extend(__token_store_checks!(lists, [list](Lists)));
    checks.extend(__token_store_checks!(network, [list](Network)));
    checks
});

/// Makes one test of each check of the [contract](crate::store::contract), in the module where you call it.
///
/// Give it an expression that makes a [`Contract`](crate::store::contract::Contract), and the names of the
/// claims that the contract makes: `any_id`, `restarts`, `nodes`, `unreachable`, `damage`, `replaces`,
/// `lists`, `network`. The expression is evaluated in each test. Each test starts its own tokio runtime. An
/// `#[ignore = "…"]` before the expression applies to every test.
///
/// One more test, `every_claim_is_made_or_left_out`, fails if a claim was forgotten. It prints the claims
/// that were left out. To see them, run `cargo test every_claim -- --show-output`.
///
/// ```
/// # fn main() {}
/// use komerza_connect::{MemoryStore, store::contract::{Claim, Contract}, token_store_contract};
///
/// fn contract() -> Contract {
///     Contract::new(|| async { MemoryStore::default() })
///         .any_id()
///         .lists()
///         .replaces(|| async { MemoryStore::default() })
///         .without(Claim::Restarts, "its records end with it")
///         .without(Claim::Nodes, "its records are its own")
///         .without(Claim::Unreachable, "it is always there")
///         .without(Claim::Damage, "nobody else can reach its records")
///         .without(Claim::Network, "it needs none")
/// }
///
/// token_store_contract!(#[ignore = "shown without being run"] contract(), any_id, lists, replaces);
/// ```
#[macro_export]
macro_rules! token_store_contract {
    (#[ignore = $reason:literal] $contract:expr $(, $claim:ident)* $(,)?) => {
        $crate::__token_store_claims! { { [#[ignore = $reason]] [$contract] } always $($claim)* }
        $crate::__token_store_claims_test! { [#[ignore = $reason]] [$contract] $($claim)* }
    };
    ($contract:expr $(, $claim:ident)* $(,)?) => {
        $crate::__token_store_claims! { { [] [$contract] } always $($claim)* }
        $crate::__token_store_claims_test! { [] [$contract] $($claim)* }
    };
}

/// The test of the claims themselves.
#[doc(hidden)]
#[macro_export]
macro_rules! __token_store_claims_test {
    ([$(#[$attribute:meta])*] [$contract:expr] $($claim:ident)*) => {
        /// Every claim is made and tested, or left out by name.
        #[test]
        $(#[$attribute])*
        fn every_claim_is_made_or_left_out() -> ::core::result::Result<(), $crate::store::contract::ContractFailure> {
            $crate::store::contract::claims_as_test(&$contract, &[$(stringify!($claim)),*])
        }
    };
}

/// Tests for one claim after the other.
#[doc(hidden)]
#[macro_export]
macro_rules! __token_store_claims {
    ($given:tt) => {};
    ($given:tt $claim:ident $($more:ident)*) => {
        $crate::__token_store_checks! { $claim, [$crate::__token_store_tests] $given }
        $crate::__token_store_claims! { $given $($more)* }
    };
}

/// One test of each check.
#[doc(hidden)]
#[macro_export]
macro_rules! __token_store_tests {
    ({ $attributes:tt $contract:tt } $($module:ident $name:ident $sentence:literal,)*) => {
        $($crate::__token_store_test! { $attributes $contract $name $sentence })*
    };
}

/// The test of one check.
#[doc(hidden)]
#[macro_export]
macro_rules! __token_store_test {
    ([$(#[$attribute:meta])*] [$contract:expr] $name:ident $sentence:literal) => {
        #[doc = $sentence]
        #[test]
        $(#[$attribute])*
        fn $name() -> ::core::result::Result<(), $crate::store::contract::ContractFailure> {
            $crate::store::contract::run_as_test(&$contract, stringify!($name))
        }
    };
}
