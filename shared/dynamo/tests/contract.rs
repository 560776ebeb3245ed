//! The DynamoDB stores against the contract, over the real API: `make test` starts an emulator and
//! names it in `SAOMA_EMULATOR`, with the tables of `template.yaml`.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on has failed")]

mod emulator;

use std::{collections::HashMap, sync::Arc};

use async_trait::async_trait;
use aws_sdk_dynamodb::{
    Client,
    types::{AttributeValue, ReturnValue},
};
use aws_types::SdkConfig;
use emulator::{Both, System, connect, variable};
use saoma_domain::{
    identity::{AccountId, ClientId, Phone, SignInId},
    pairing::MadeBy,
    ports::{Committed, Created, Freshness, Machines, Pairs, Sessions, StoreError, WriteId},
    rotation::Sighting,
    secrets::SessionCode,
    session::{Change, Command, DeviceId, LoginPolicy, Session},
    text::CleanText,
};
use saoma_dynamo::{CheckTables, Directory, SessionTable, item, session_item};
use saoma_memory::contract;

fn config() -> SdkConfig {
    connect(&variable("SAOMA_EMULATOR"))
}

fn sessions() -> Arc<SessionTable> {
    emulator::sessions(&config())
}

fn directory() -> Arc<Directory> {
    emulator::directory(&config())
}

fn checks() -> Arc<CheckTables> {
    emulator::checks(&config())
}

fn both() -> Arc<Both> {
    Arc::new(Both { directory: directory(), checks: checks() })
}

#[tokio::test]
async fn sessions_are_read_as_written() {
    contract::what_is_written_is_read(&*sessions(), &System).await;
}

// B10
#[tokio::test]
async fn a_taken_code_is_left_alone() {
    contract::a_taken_code_is_left_alone(&*sessions(), &System).await;
}

// B11
#[tokio::test]
async fn a_stale_copy_changes_nothing() {
    contract::a_stale_copy_changes_nothing(&*sessions(), &System).await;
}

// B3 C1 C3
#[tokio::test]
async fn nothing_is_stored_at_or_after_the_end() {
    contract::nothing_is_stored_at_or_after_the_end(&*sessions(), &System).await;
}

// B1 B2 B4 B5 B6
#[tokio::test]
async fn one_winner_a_version() {
    contract::one_winner_a_version(sessions(), &System, 5).await;
    assert_eq!(contract::fifty_redemptions(sessions(), &System).await, 1);
}

#[tokio::test]
async fn a_foreign_person_is_of_one_client() {
    contract::a_foreign_person_is_of_one_client(&*directory(), &System).await;
}

#[tokio::test]
async fn one_instance_fetches_a_key_set() {
    contract::one_instance_fetches_a_key_set(directory(), &System).await;
}

#[tokio::test]
async fn one_account_an_identity() {
    contract::one_account_an_identity(&*directory(), &System).await;
}

// E15
#[tokio::test]
async fn a_version_of_a_sign_in_is_stored_once() {
    contract::a_version_of_a_sign_in_is_stored_once(both(), &System).await;
}

#[tokio::test]
async fn a_check_reads_everything_together() {
    contract::a_check_reads_everything_together(&*checks(), &*directory(), &*sessions(), &System).await;
}

// W11
#[tokio::test]
async fn the_newest_three_watch() {
    contract::the_newest_three_watch(directory(), &*checks(), &System).await;
}

// K12
#[tokio::test]
async fn a_write_that_comes_again_succeeds_again() {
    contract::a_write_that_comes_again_succeeds_again(&*sessions(), &System).await;
}

// K6 K12
#[tokio::test]
async fn a_message_is_paid_for_once_and_to_the_limit() {
    contract::a_message_is_paid_for_once_and_to_the_limit(directory(), &System).await;
    contract::a_message_that_was_not_sent_costs_nothing(&*directory(), &System).await;
    contract::a_puzzle_is_taken_once(directory(), &System).await;
}

// D1
#[tokio::test]
async fn tries_are_counted_to_the_limit() {
    contract::tries_are_counted_to_the_limit(directory(), &System).await;
}

// K5
#[tokio::test]
async fn a_known_device_has_a_lane_and_ends_with_its_sign_in() {
    contract::a_known_device_has_a_lane_and_ends_with_its_sign_in(directory(), &System).await;
}

#[tokio::test]
async fn messages_go_out_until_they_are_switched_off() {
    contract::messages_go_out_until_they_are_switched_off(&*directory()).await;
}

// D1 H3 K12
#[tokio::test]
async fn challenges_follow_one_another() {
    contract::challenges_follow_one_another(directory(), &System).await;
}

#[tokio::test]
async fn binding_twice_is_binding_once() {
    contract::binding_twice_is_binding_once(&*directory(), &System).await;
}

#[tokio::test]
async fn the_newest_pair_counts() {
    contract::the_newest_pair_counts(&*directory(), &System).await;
    contract::only_the_login_that_made_a_pair_ends_it(&*directory(), &System).await;
}

#[tokio::test]
async fn a_trace_is_read_as_written() {
    contract::a_trace_is_read_as_written(&*directory(), &System).await;
}

// H1
#[tokio::test]
async fn prompts_are_counted_by_client_and_person() {
    contract::prompts_are_counted_by_client_and_person(directory(), &System).await;
}

#[tokio::test]
async fn phones_are_present_one_by_one() {
    contract::phones_are_present_one_by_one(&*directory(), &System).await;
}

#[tokio::test]
async fn one_instance_waits_for_a_server() {
    contract::one_instance_waits_for_a_server(directory(), &System).await;
}

#[tokio::test]
async fn effects_are_of_one_version() {
    contract::effects_are_of_one_version(&*directory(), &System).await;
}

// E14 K12
#[tokio::test]
async fn a_thing_is_used_once() {
    contract::a_thing_is_used_once(&*directory(), &System).await;
    assert_eq!(contract::fifty_uses(directory(), &System).await, 1);
}

#[tokio::test]
async fn a_push_token_has_one_owner() {
    contract::a_push_token_has_one_owner(directory(), &System).await;
}

#[tokio::test]
async fn letting_go_takes_nothing_from_the_next_owner() {
    contract::letting_go_takes_nothing_from_the_next_owner(directory(), &System).await;
}

// H8
#[tokio::test]
async fn the_loser_of_a_push_token_is_told() {
    contract::the_loser_of_a_push_token_is_told(&*directory(), &System).await;
}

#[tokio::test]
async fn what_happened_is_written_once() {
    contract::what_happened_is_written_once(&*directory(), &System).await;
}

#[tokio::test]
async fn lists_are_read_page_by_page() {
    contract::lists_are_read_page_by_page(&*directory(), &System).await;
}

#[tokio::test]
async fn what_is_ended_stays_ended() {
    contract::what_is_ended_stays_ended(&*directory(), &System).await;
}

// K20
#[tokio::test]
async fn a_machine_is_forgotten_for_a_new_one() {
    contract::a_machine_is_forgotten_for_a_new_one(&*directory(), &System).await;
}

#[tokio::test]
async fn a_deleted_account_leaves_its_mark() {
    contract::a_deleted_account_leaves_its_mark(&*directory(), &System).await;
}

// K12 A15
#[tokio::test]
async fn clients_are_kept_as_operators_change_them() {
    contract::a_client_is_kept_with_its_origins(&*directory(), &System).await;
    contract::one_operator_wins(directory(), &System).await;
    let (checks, directory, sessions) = (checks(), directory(), sessions());
    contract::a_redemption_reads_everything_together(&*checks, &*directory, &*sessions, &System).await;
}

// K12 K19
#[tokio::test]
async fn a_machine_is_enrolled_until_it_is_removed() {
    contract::a_machine_is_enrolled_until_it_is_removed(&*directory(), &System).await;
}

// K1 K12
#[tokio::test]
async fn an_account_is_locked_and_reset() {
    contract::an_account_is_locked_and_reset(&*directory(), &System).await;
}

#[tokio::test]
async fn a_login_is_one_visit() {
    contract::a_login_is_one_visit(&*directory(), &System).await;
}

/// The table behind the store, written to without its condition.
struct Unguarded {
    store: Arc<SessionTable>,
    client: Client,
    table: String,
}

#[async_trait]
impl Sessions for Unguarded {
    async fn create(&self, session: &Session, write: &WriteId) -> Result<Created, StoreError> {
        self.store.create(session, write).await
    }

    async fn find(&self, code: &SessionCode, freshness: Freshness) -> Result<Option<Session>, StoreError> {
        self.store.find(code, freshness).await
    }

    async fn commit(&self, change: &Change, _: &WriteId) -> Result<Committed, StoreError> {
        let mut write = self
            .client
            .update_item()
            .table_name(&self.table)
            .key(session_item::CODE, item::text(change.code().as_str()))
            .return_values(ReturnValue::AllNew);
        let mut attributes: HashMap<&str, AttributeValue> =
            session_item::state_attributes(change.to()).into_iter().collect();
        attributes.insert(session_item::VERSION, item::number(change.if_version() + 1));
        let mut set = Vec::new();
        for (name, value) in attributes {
            set.push(format!("#{name} = :{name}"));
            write = write
                .expression_attribute_names(format!("#{name}"), name)
                .expression_attribute_values(format!(":{name}"), value);
        }
        let written = write.update_expression(format!("SET {}", set.join(", "))).send().await.unwrap();
        session_item::from_item(&written.attributes.unwrap())
            .map(|session| Committed::Stored(session.unwrap()))
    }
}

#[tokio::test]
async fn without_the_guard_the_race_redeems_more_than_once() {
    let table = variable("SAOMA_SESSIONS_TABLE");
    let unguarded = Unguarded { store: sessions(), client: Client::new(&config()), table };
    assert!(contract::fifty_redemptions(Arc::new(unguarded), &System).await > 1);
}

// B6: the loser of a race gets the stored session without a second read.
#[tokio::test]
async fn the_loser_of_a_race_is_told_the_truth() {
    let sessions = sessions();
    let (confirmed, me, _) = contract::open_confirmed(&*sessions, &System).await;
    let decline =
        contract::change(&confirmed, &Command::Decline(me.clone(), Sighting::default()), contract::OPENED);
    let (first, second) = (WriteId::random(&System), WriteId::random(&System));
    let Committed::Stored(cancelled) = sessions.commit(&decline, &first).await.unwrap() else {
        panic!("the first declines")
    };
    assert_eq!(sessions.commit(&decline, &second).await.unwrap(), Committed::Behind(cancelled));
}

// K20
#[tokio::test]
async fn machines_and_pairs_are_forgotten_some_day() {
    let (directory, account) = (directory(), AccountId::random(&System));
    let by = Phone { account, sign_in: SignInId::random(&System) };
    let (client, device) = (ClientId::parse("region-1").unwrap(), DeviceId::random(&System));
    let (mac, now) = (CleanText::new("22:33"), contract::OPENED);
    directory.bind(account, &mac, None, now, now).await.unwrap();
    let made_by = MadeBy { session: SessionCode::random(&System), opened_at: contract::OPENED };
    directory.pair(&made_by, &client, LoginPolicy::Ipad, &device, &by, contract::OPENED).await.unwrap();
    for partition in [format!("MACHINE#{account}"), format!("PAIR#{account}")] {
        let query = Client::new(&config()).query().table_name(directory.table());
        let found = query
            .key_condition_expression("pk = :pk")
            .expression_attribute_values(":pk", item::text(&partition))
            .consistent_read(true)
            .send()
            .await
            .unwrap();
        let [stored] = found.items() else { panic!("{partition}: {:?}", found.items) };
        // DynamoDB drops an item by a Number of seconds alone.
        let forgotten: u64 = stored.get("expires_at").unwrap().as_n().unwrap().parse().unwrap();
        assert_eq!(forgotten, contract::OPENED.secs() + 400 * 86_400, "{partition}");
    }
}
