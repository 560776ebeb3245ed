//! What every store must do: the promises of the ports, as test functions.
//!
//! Each function takes a store and panics with the broken promise. The caller passes the randomness for codes,
//! numbers and ids, so one table can serve many runs.
//!
//! * `fixtures`: moments, people and numbers that the promises share.
//! * `steps`: sessions, opened and brought to where a promise wants them.
//! * `sessions` and `races`: the promises about sessions, one step at a time and many at once.
//! * `belongings`, `leaving`, `accounts`, `clients`, `sign_ins`, `challenges`, `counts`, `devices`, `traces`, `prompts`, `push_endpoints`, `effects`,
//!   `key_sets`, `once`, `secrets`, `watchers`: the promises about everything else, one port a file.
//!
//! Imports point one way: the promises import `steps` and `fixtures`, `steps` imports `fixtures`, and no promise
//! imports another.

#![expect(
    clippy::panic,
    clippy::unwrap_used,
    clippy::missing_panics_doc,
    reason = "a broken promise is a failed test"
)]

mod accounts;
mod belongings;
mod challenges;
mod clients;
mod counts;
mod devices;
mod effects;
mod fixtures;
mod key_sets;
mod leaving;
mod once;
mod prompts;
mod push_endpoints;
mod races;
mod secrets;
mod servers;
mod sessions;
mod sign_ins;
mod steps;
mod traces;
mod watchers;

pub use accounts::{a_foreign_person_is_of_one_client, a_login_is_one_visit, one_account_an_identity};
pub use belongings::{
    a_machine_is_forgotten_for_a_new_one, lists_are_read_page_by_page, what_happened_is_written_once,
    what_is_ended_stays_ended,
};
pub use challenges::{a_known_device_has_a_lane_and_ends_with_its_sign_in, challenges_follow_one_another};
pub use clients::{
    a_client_is_kept_with_its_origins, a_machine_is_enrolled_until_it_is_removed,
    a_redemption_reads_everything_together, an_account_is_locked_and_reset, one_operator_wins,
};
pub use counts::{
    a_message_is_paid_for_once_and_to_the_limit, a_message_that_was_not_sent_costs_nothing,
    a_puzzle_is_taken_once, messages_go_out_until_they_are_switched_off, tries_are_counted_to_the_limit,
};
pub use devices::{
    binding_twice_is_binding_once, only_the_login_that_made_a_pair_ends_it, the_newest_pair_counts,
};
pub use effects::effects_are_of_one_version;
pub use fixtures::OPENED;
pub use key_sets::one_instance_fetches_a_key_set;
pub use leaving::a_deleted_account_leaves_its_mark;
pub use once::{a_thing_is_used_once, fifty_uses};
pub use prompts::{phones_are_present_one_by_one, prompts_are_counted_by_client_and_person};
pub use push_endpoints::{
    a_push_token_has_one_owner, letting_go_takes_nothing_from_the_next_owner,
    the_loser_of_a_push_token_is_told,
};
pub use races::{fifty_redemptions, one_winner_a_version, race};
pub use secrets::{a_secret_is_rotated_and_dropped, an_empty_secret_gets_its_first_version};
pub use servers::one_instance_waits_for_a_server;
pub use sessions::{
    a_stale_copy_changes_nothing, a_taken_code_is_left_alone, a_write_that_comes_again_succeeds_again,
    nothing_is_stored_at_or_after_the_end, what_is_written_is_read,
};
pub use sign_ins::{a_check_reads_everything_together, a_version_of_a_sign_in_is_stored_once};
pub use steps::{change, open_confirmed, open_largest};
pub use traces::a_trace_is_read_as_written;
pub use watchers::the_newest_three_watch;
