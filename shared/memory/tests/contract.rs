//! The memory store against the contract, and the contract against a store without its guard.

use std::sync::Arc;

use async_trait::async_trait;
use saoma_domain::{
    ports::{Committed, Created, Freshness, Sessions, StoreError, WriteId},
    secrets::SessionCode,
    session::{Change, Session},
};
use saoma_memory::{
    Memory, contract,
    vault::Vault,
    world::{FixedClock, SeededRandom},
};

static RANDOM: SeededRandom = SeededRandom::new(1);

#[tokio::test]
async fn sessions() {
    let memory = Memory::default();
    contract::what_is_written_is_read(&memory, &RANDOM).await;
    contract::a_taken_code_is_left_alone(&memory, &RANDOM).await;
    contract::a_stale_copy_changes_nothing(&memory, &RANDOM).await;
    contract::nothing_is_stored_at_or_after_the_end(&memory, &RANDOM).await;
    contract::a_write_that_comes_again_succeeds_again(&memory, &RANDOM).await;
}

// E13 K9
#[tokio::test]
async fn secret() {
    let clock = Arc::new(FixedClock::at(FixedClock::EXAMPLE));
    contract::a_secret_is_rotated_and_dropped(&Vault::holding("the first text", clock.clone()), &RANDOM)
        .await;
    contract::an_empty_secret_gets_its_first_version(&Vault::empty(clock), &RANDOM).await;
}

// B1 B2 B4 B5 B6
#[tokio::test]
async fn races() {
    let memory = Arc::new(Memory::default());
    contract::one_winner_a_version(memory.clone(), &SeededRandom::new(2), 50).await;
    assert_eq!(contract::fifty_redemptions(memory, &SeededRandom::new(3)).await, 1);
}

#[tokio::test]
async fn directory() {
    let memory = Arc::new(Memory::default());
    let random = SeededRandom::new(4);
    contract::one_account_an_identity(&*memory, &random).await;
    contract::a_foreign_person_is_of_one_client(&*memory, &random).await; // N1
    contract::a_version_of_a_sign_in_is_stored_once(memory.clone(), &random).await;
    contract::a_check_reads_everything_together(&*memory, &*memory, &*memory, &random).await;
    contract::challenges_follow_one_another(memory.clone(), &random).await;
    contract::a_known_device_has_a_lane_and_ends_with_its_sign_in(memory.clone(), &random).await;
    contract::a_message_is_paid_for_once_and_to_the_limit(memory.clone(), &random).await;
    contract::a_message_that_was_not_sent_costs_nothing(&*memory, &random).await;
    contract::a_puzzle_is_taken_once(memory.clone(), &random).await;
    contract::tries_are_counted_to_the_limit(memory.clone(), &random).await;
    contract::messages_go_out_until_they_are_switched_off(&*memory).await;
    contract::the_newest_pair_counts(&*memory, &random).await;
    contract::only_the_login_that_made_a_pair_ends_it(&*memory, &random).await;
    contract::a_trace_is_read_as_written(&*memory, &random).await;
    contract::prompts_are_counted_by_client_and_person(memory.clone(), &random).await;
    contract::phones_are_present_one_by_one(&*memory, &random).await;
    contract::a_push_token_has_one_owner(memory.clone(), &random).await;
    contract::letting_go_takes_nothing_from_the_next_owner(memory.clone(), &random).await;
    contract::the_loser_of_a_push_token_is_told(&*memory, &random).await;
    contract::what_happened_is_written_once(&*memory, &random).await;
    contract::effects_are_of_one_version(&*memory, &random).await;
    contract::a_thing_is_used_once(&*memory, &random).await; // E14
    assert_eq!(contract::fifty_uses(memory.clone(), &random).await, 1);
    contract::the_newest_three_watch(memory.clone(), &*memory, &random).await; // W11
    contract::one_instance_waits_for_a_server(memory.clone(), &random).await;
    contract::one_instance_fetches_a_key_set(memory.clone(), &random).await; // N8
    contract::a_login_is_one_visit(&*memory, &random).await;
    contract::a_client_is_kept_with_its_origins(&*memory, &random).await;
    contract::one_operator_wins(memory.clone(), &random).await;
    contract::a_redemption_reads_everything_together(&*memory, &*memory, &*memory, &random).await;
    contract::a_machine_is_enrolled_until_it_is_removed(&*memory, &random).await; // K19
    contract::an_account_is_locked_and_reset(&*memory, &random).await;
    contract::binding_twice_is_binding_once(&*memory, &random).await;
    assert_eq!(memory.devices().len(), 1);
    contract::lists_are_read_page_by_page(&*memory, &random).await;
    contract::what_is_ended_stays_ended(&*memory, &random).await;
    contract::a_machine_is_forgotten_for_a_new_one(&*memory, &random).await; // K20
    contract::a_deleted_account_leaves_its_mark(&*memory, &random).await;
}

/// A store whose write has no condition.
struct Unguarded(Memory);

#[async_trait]
impl Sessions for Unguarded {
    async fn create(&self, session: &Session, write: &WriteId) -> Result<Created, StoreError> {
        self.0.create(session, write).await
    }

    async fn find(&self, code: &SessionCode, freshness: Freshness) -> Result<Option<Session>, StoreError> {
        self.0.find(code, freshness).await
    }

    async fn commit(&self, change: &Change, _: &WriteId) -> Result<Committed, StoreError> {
        let Some(stored) = self.0.find(change.code(), Freshness::Strong).await? else {
            return Ok(Committed::Gone);
        };
        let session = change.applied_to(&stored);
        self.0.force(session.clone());
        Ok(Committed::Stored(session))
    }
}

#[tokio::test]
async fn without_the_guard_the_race_redeems_more_than_once() {
    let unguarded = Arc::new(Unguarded(Memory::default()));
    assert!(contract::fifty_redemptions(unguarded, &SeededRandom::new(5)).await > 1);
}
