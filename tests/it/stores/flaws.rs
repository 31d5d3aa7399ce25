//! The flaws of the broken stores, of the kinds that real stores have had.

/// What is wrong with a store, and the checks that are there to find it.
macro_rules! flaws {
    ($($flaw:ident => $($check:ident),*;)+) => {
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd)]
        pub(super) enum Flaw {
            None,
            $($flaw),+
        }

        /// Each check, and a flaw that it is there to find.
        pub(super) const MEANT: &[(&str, Flaw)] = &[$($((stringify!($check), Flaw::$flaw),)*)+];
    };
}

flaws! {
    // Plain mistakes.
    MissingIsAnError => a_user_never_saved_loads_as_none;
    TimeIsLost => a_saved_record_loads_whole;
    LoadsOnce => loading_consumes_nothing;
    FirstSaveWins => a_save_replaces_the_record;
    SameKeyIsSkipped => the_same_key_saved_again_has_its_new_version;
    SavesPileUp => the_same_record_saved_twice_is_there_once;
    DeleteIsForgotten => a_deleted_record_is_gone;
    DeleteOfNothingFails => deleting_nothing_is_fine;
    DeletedForEver => a_save_after_a_delete_is_there;
    DeleteIfDoesNothing => delete_if_removes_the_record_of_that_version;
    DeleteIfIsAlwaysTrue => delete_if_is_true_once, delete_if_of_nothing_is_false;
    DeleteIfIgnoresTheVersion => delete_if_of_an_older_version_leaves_the_record;
    DeleteIfRemovesWhatItDoesNotKnow => delete_if_of_a_newer_version_leaves_the_record;
    DeleteIfComparesKeys => delete_if_tells_equal_keys_apart;
    DeleteIfLooksEverywhere => delete_if_minds_the_user;
    DeleteIfForgetsRepeatedSaves => delete_if_works_after_the_record_was_saved_twice;
    ShortKeysAreRefused => a_key_of_one_byte_is_kept;
    KeysAreCut => a_key_of_16_kib_is_kept;
    BackslashesAreEaten => every_visible_character_of_a_key_is_kept;
    DeleteRemovesNeighbours => users_are_independent, ids_that_begin_alike_are_distinct;
    NotesAreLost =>;
    LoadsHang =>;
    SavesAreSlow => calls_end_before_the_layer_gives_up;
    // Ids.
    IdsAreLowered => ids_differ_by_case;
    IdsAreFolded => ids_differ_by_what_folding_makes_equal;
    IdsAreComposed => ids_differ_by_composed_and_combining_form;
    IdsAreTrimmed => ids_keep_their_spaces;
    IdsEndAtAQuote => ids_with_sql_characters_are_only_ids;
    IdsArePaths => ids_with_path_characters_are_only_ids;
    IdsAreGlobs => ids_with_pattern_characters_are_only_ids;
    IdsAreCutAt17 => ids_that_begin_alike_are_distinct;
    IdsAreNumbers => ids_that_read_as_one_number_are_distinct;
    IdsAreCutAt254 => ids_of_255_bytes_are_distinct_to_the_last;
    ShortIdsAreRefused => an_id_of_one_character_is_an_id;
    IdsAreLatin => ids_of_any_script_and_control_characters_are_kept;
    // Many callers, and callers that leave.
    SavesInTwoSteps => loads_during_saves_see_whole_records, a_dropped_first_save_leaves_nothing_or_the_record;
    RacingSavesStayHalf => saves_at_once_leave_one_whole_record;
    DeleteIfInTwoSteps => one_of_many_delete_ifs_is_true, a_late_delete_if_never_removes_a_newer_record;
    SlowDeletesLeaveHalf => a_save_and_a_delete_at_once_leave_all_or_nothing;
    OneUserAtATime => users_at_once_get_their_own_records;
    SaveDeletesFirst => a_dropped_save_leaves_the_old_record_or_the_new;
    DeletesInTwoSteps => a_dropped_delete_leaves_the_record_or_nothing, a_dropped_delete_if_leaves_the_record_or_nothing;
    LoadTakesAndPutsBack => a_dropped_load_changes_nothing;
    PermitsAreLost => the_store_answers_after_many_dropped_calls;
    // Restarts and nodes.
    NothingIsShared => a_record_outlives_a_restart;
    ReplacementsStayLocal => a_replacement_outlives_a_restart;
    RemovalsStayLocal => a_removal_outlives_a_restart;
    LongValuesStayLocal => the_longest_key_and_id_outlive_a_restart;
    ComparesWithWhatItSawLast => two_nodes_do_not_undo_each_other;
    OneNodeAtATime => many_nodes_may_open_the_store_at_once;
    LoadsAreRemembered => a_node_sees_at_once_what_another_one_wrote;
    // Outages and damage.
    OutageIsNone => a_load_from_an_unreachable_store_is_an_error;
    OutageSaves => a_save_to_an_unreachable_store_is_an_error;
    OutageDeletes => a_removal_from_an_unreachable_store_is_an_error;
    ErrorsQuoteTheKey => errors_of_an_unreachable_store_hold_no_key;
    PingsLie => a_ping_of_an_unreachable_store_is_an_error;
    DamageIsNone => a_damaged_record_is_an_error_and_not_missing;
    DamageCannotBeReplaced => a_damaged_record_gives_way_to_a_new_save;
    DamageCannotBeDeleted => a_damaged_record_can_be_deleted;
    DamageConcernsAll => damage_to_one_record_leaves_the_others;
    DamageIsQuoted => errors_about_a_damaged_record_hold_no_key;
    DamageIsQuotedInPart => errors_about_a_damaged_record_hold_no_key;
    DamageIsKeptAsItsCause => errors_about_a_damaged_record_hold_no_key;
    DamageEndsTheListing => a_damaged_record_is_listed_and_never_too_old;
    DamageIsTooOld => a_damaged_record_is_listed_and_never_too_old;
    // Rewriting.
    ReplaceIfDoesNothing => replace_if_rewrites_the_record_of_that_version;
    ReplaceIfIgnoresTheVersion => replace_if_of_another_version_leaves_the_record;
    ReplaceIfInserts => replace_if_of_nothing_makes_no_record;
    ReplaceIfInTwoSteps => a_late_replace_if_never_overwrites_a_newer_record;
    // Listing and removing.
    PagesLoseTheirLast => everybody_with_a_record_is_listed;
    ZeroIsNobody => everybody_with_a_record_is_listed;
    ZeroIsWithoutEnd => everybody_with_a_record_is_listed;
    CursorsAreInclusive => everybody_with_a_record_is_listed;
    RemovedUsersAreListed => who_has_no_record_is_not_listed;
    RemovalsAreNotTold => remove_older_removes_what_is_old_and_gives_it_back;
    TheYoungAreRemoved => remove_older_leaves_what_is_young;
    PrefixesAreIgnored => remove_older_leaves_other_users;
    RemoveOlderInTwoSteps => remove_older_leaves_what_is_saved_meanwhile;
    LimitsAreIgnored => remove_older_removes_no_more_than_its_limit;
    PingsFail => a_ping_is_answered;
    // A bad network, from here on.
    WaitsForEver => a_silent_connection_is_given_up;
    ConnectionsLeak => given_up_connections_are_closed;
    NeverConnectsAgain => closed_connections_are_made_anew;
    SavesHaveNoDeadline => a_save_that_was_given_up_never_undoes_a_later_one;
    RemovalsHaveNoDeadline => a_removal_that_was_given_up_never_undoes_a_later_save;
    RemovalsAfterAPingHaveNoDeadline => a_removal_that_was_given_up_never_undoes_a_later_save;
}
