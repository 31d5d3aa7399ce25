//! What is not known of Komerza, and what was found: each line with the tests of what the crate does with it.
//!
//! Where a fact stays unknown every way is accepted, and a test shows each. The last test of this file checks that every test
//! that is named here exists.

use crate::prelude::*;

/// What stays unknown, and the ways in which it may turn out. Below each line stand the tests of those ways.
const UNKNOWN: &str = "
what a denial sends: an error | the state alone | neither | nothing at all
    both_ways_of_saying_no_lead_back_with_a_fixed_marker t74_a_no_without_a_state_is_told_as_such
    pressing_deny_follows_the_switch
alphabet of the code: safe in addresses | base64 | anything visible
    codes_of_every_alphabet_survive_the_path_when_they_are_encoded
    t31_every_code_is_one_segment_of_the_path_or_is_refused
a plus in the code: encoded | bare
    a_plus_can_be_left_bare t27_a_plus_sign_and_all_that_a_path_could_misread_reach_the_provider_as_they_are
length of the code: short | 8,000 bytes
    t74_a_long_code_is_exchanged_like_a_short_one
status of an exchange error: 401 | 403 | 404 | 200
    t37_each_documented_error_is_told_apart_by_its_code_whatever_its_status
    statuses_and_names_of_the_exchange_can_be_set
where the name of an exchange error is: in code, in either casing | nowhere
    t37_each_documented_error_is_told_apart_by_its_code_whatever_its_status
    t37_a_refusal_without_a_code_is_judged_by_its_status
a code beside a success: none | null | a word | no text at all | a known error
    t74_a_key_is_taken_from_a_200_with_success_and_a_good_string_alone
    t74_a_word_beside_a_success_and_a_byte_order_mark_cost_no_login what_stands_beside_a_success_does_not_spoil_it
a request without a User-Agent: 403 | a page | no answer
    without_a_user_agent_nothing_is_answered
Retry-After: none | seconds | a date | nonsense
    a_429_may_carry_any_retry_after t38_a_429_is_503_with_a_bounded_wait_whatever_retry_after_says
whose bucket a call without a key draws on: ours | somebody else's as well
    t39_a_429_is_waited_out_as_told_and_the_code_is_sent_again
    t38_a_429_is_503_with_a_bounded_wait_whatever_retry_after_says
a second approval of the same user: the same key | a new one | the old one dies
    a_second_connection_can_give_the_same_key_or_kill_the_old_one the_same_key_saved_again_has_its_new_version
the user's identity without user.view: there | not there
    t74_the_stores_come_from_the_account_when_their_list_is_missing_or_denied
    scopes_and_stores_that_were_not_granted_are_refused
contents and length of a key: a JWT | any visible text, up to 16 KiB
    every_visible_character_of_a_key_is_kept a_key_counts_whatever_the_content_type_says
whether granted scopes are those asked for: all | fewer
    a_typed_call_that_is_denied_names_the_scope_that_it_needs everything_typed_is_read_from_the_sandbox
a 403 that is not JSON: the envelope | a page
    t37_a_refusal_without_a_code_is_judged_by_its_status
    an_unknown_or_missing_code_leaves_it_to_the_status_and_to_who_answered
a dead key: the envelope with a code in any casing | without | a bare 401 that names the token
    t50_t74_a_dead_key_is_a_401_in_the_envelope_or_one_that_names_the_token
    t74_a_bare_401_that_names_the_token_removes_the_record
GET /stores: a list | null | 404 | 405 | 403 | 401 OAuthLoginRequired
    t74_the_stores_come_from_the_account_when_their_list_is_missing_or_denied the_list_of_stores_can_be_missing
lists without pages: a list | null | absent
    t74_a_list_that_is_null_or_missing_is_empty
pages of an empty list, a page past the end: 0 | 1 | not told
    t74_a_list_that_is_null_or_missing_is_empty a_list_ends_where_it_should
default size of a page: any
    a_list_that_stays_as_it_is_is_read_whole_in_as_few_calls_as_can_be
shape of invalidFields: beside code | in data | a list | a map
    the_fields_that_are_wrong_are_in_the_body_wherever_they_are
numbers without names: billing interval, subscription status, product type, visibility: known | any other
    unknown_values_of_enumerations_are_kept a_new_field_and_a_new_value_change_nothing
order status: any word, any casing
    unknown_values_of_enumerations_are_kept a_new_field_and_a_new_value_change_nothing
stock: a number | null | absent | hidden | told as sold out
    e14_absent_is_not_sold_out_and_no_limit_is_no_zero
content type of replies: JSON | text
    content_types_are_mixed_unless_switched a_key_counts_whatever_the_content_type_says
matching of the redirect URI: exact | with its query kept
    the_callback_keeps_the_query_of_the_redirect_uri a_wrong_app_or_address_gets_an_error_page_and_no_redirect
header of a signature: X-Signature | X-Komerza-Signature | another
    the_first_header_that_is_there_counts_and_no_other
encoding of a signature: hexadecimal in either case | base64 | with sha256= in front
    a_signature_is_read_in_every_accepted_form_and_in_no_other
    every_vector_that_openssl_computed_verifies_and_no_changed_one_does
names of events, fields of deliveries: any
    a_delivery_shows_its_bytes_to_code_and_nothing_to_logs
revocation by an app: no endpoint | one that comes
    a_new_endpoint_is_reached_by_its_path
address of images: cdn.komerza.com | another: file names stay readable
    every_product_is_read
";

/// What the second collection found, and the tests of what the crate does with it.
const FOUND: &str = "
success decides; code and message do not matter beside it
    t74_a_word_beside_a_success_and_a_byte_order_mark_cost_no_login
a page has success, pages, optional message and data
    t74_a_list_that_is_null_or_missing_is_empty
pages are counted from 1
    filters_sorts_sizes_and_paths_reach_the_provider_encoded a_list_ends_where_it_should
data of a list may be null or absent
    t74_a_list_that_is_null_or_missing_is_empty
GET /stores is almost surely 405 with an empty body
    t74_the_stores_come_from_the_account_when_their_list_is_missing_or_denied the_list_of_stores_can_be_missing
401 and 403 carry the envelope
    an_unknown_or_missing_code_leaves_it_to_the_status_and_to_who_answered
a 400 names invalidFields somewhere
    the_fields_that_are_wrong_are_in_the_body_wherever_they_are
Cloudflare answers with 403 pages and 520 to 524
    every_method_and_every_failure_is_decided_by_the_table
    every_method_and_every_failure_is_sent_as_often_as_the_table_says
    t37_a_refusal_without_a_code_is_judged_by_its_status
replies are application/json where Accept asks for it
    every_request_of_a_call_accepts_json
casing of query names does not matter; PageSize 100 is taken
    filters_sorts_sizes_and_paths_reach_the_provider_encoded
prices are JSON numbers in major units
    units_are_exact_or_rounded_as_asked_and_never_wrong
a User-Agent is needed
    without_a_user_agent_nothing_is_answered
Delivered has a capital
    a_new_field_and_a_new_value_change_nothing
permissions are the user's
    permissions_are_the_users_whatever_the_key_may
the discord filter takes an id or a name
    every_named_filter_reaches_the_provider_under_its_own_name
affiliateCode
    filters_sorts_sizes_and_paths_reach_the_provider_encoded
tax in percent, line totals without fees, two fixed fees
    every_model_reads_what_the_table_says
deliver does nothing to a delivered order
    a_delivery_is_sent_again_after_a_failure_and_a_refund_is_not a_pending_order_is_delivered_once_and_refunded_once
redeliver and refund want a delivered order; a refund is answered
    orders_are_read_delivered_refunded_and_exported
an image is uploaded as `image`
    every_typed_call_goes_where_the_table_says_and_names_its_scope an_image_is_uploaded_as_a_form_and_deleted_by_name
the search of items is fuzzy, with index and score
    everything_that_the_sandbox_sends_is_what_the_table_says
use domain for a store's address
    every_store_is_read
hosted checkout, image addresses
    addresses_of_checkout_and_images_are_made_of_ids
a code has no slash; plus and equals may be in it
    codes_of_every_alphabet_survive_the_path_when_they_are_encoded
a code may have some 8,000 bytes
    t74_a_long_code_is_exchanged_like_a_short_one
nothing depends on a key's algorithm
    every_visible_character_of_a_key_is_kept
";

/// The facts of such a text, each with the tests below it.
fn facts(text: &str) -> Vec<(&str, Vec<&str>)> {
    let mut facts: Vec<(&str, Vec<&str>)> = Vec::new();
    for line in text.lines().filter(|line| !line.is_empty()) {
        match (line.strip_prefix("    "), facts.last_mut()) {
            (Some(named), Some((_, tests))) => tests.extend(named.split(' ')),
            _ => facts.push((line, Vec::new())),
        }
    }
    facts
}

#[test]
fn every_test_that_is_named_above_exists() {
    let mut all = BTreeSet::new();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut sources = Vec::new();
    for folder in ["src", "sandbox/src", "tests/it"] {
        crate::measures::sources(&root.join(folder), &mut sources);
    }
    for source in sources.iter().map(|path| std::fs::read_to_string(path).unwrap()) {
        let names = source.split("fn ").skip(1).filter_map(|rest| rest.split_once(['(', '<']));
        all.extend(names.map(|(name, _)| name.to_owned()));
        // Those that the comparison of models makes.
        all.extend(source.lines().filter_map(|line| Some(line.trim().split_once(": ")?.0.to_owned())));
    }
    let (unknown, found) = (facts(UNKNOWN), facts(FOUND));
    assert!(unknown.iter().chain(&found).all(|(_, tests)| !tests.is_empty()));
    assert!(unknown.iter().all(|(fact, _)| fact.split_once(": ").is_some_and(|(_, ways)| !ways.is_empty())));
    let named = unknown.iter().chain(&found).flat_map(|(_, tests)| tests);
    let missing: BTreeSet<_> = named.filter(|test| !all.contains(**test)).collect();
    assert!(missing.is_empty(), "{missing:?}");
    println!("{} unknowns, {} findings", unknown.len(), found.len());
}
