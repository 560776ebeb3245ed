//! The side effects of a stored change (B9, H7). The tests of H9 are beside the adapter of webhooks.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use acceptance::{Call, Person, World};
use async_trait::async_trait;
use notify::{BatchAnswer, Failed, Record};
use saoma_domain::{
    ports::{StoreError, Topic, TopicMessage},
    push::{PushKind, PushMessage},
};
use serde_json::{Value, json};

use crate::{
    pages,
    remembered::{DEVICE, Region, both, kinds, log_in},
};

/// Registers a phone for pushes.
pub(crate) async fn registers(world: &World, person: &Person, token: &str) {
    let call = Call::post("/api/device/push").bearer(&person.token);
    assert_eq!(world.call(call.json(&json!({"platform": "FCM", "token": token}))).await.status, 200);
}

fn failed(ids: &[&str]) -> BatchAnswer {
    let failed = |id: &&str| Failed { item_identifier: (*id).to_owned() };
    BatchAnswer { batch_item_failures: ids.iter().map(failed).collect() }
}

// H7
#[tokio::test]
async fn a_prompt_and_a_notice_are_pushed_with_an_opaque_id() {
    let world = World::default();
    let region = Region::registered(&world, "clientId-01");
    let person = world.sign_in("13800138000").await;
    log_in(&world, &region, &person, json!({"deviceId": DEVICE})).await;
    registers(&world, &person, "fcm-token-1").await;
    let trace = region.trace(&world, both(&person)).await;
    assert_eq!(kinds(&world, &region, &trace).await, ["LOGIN_scan"]);
    let prompt = PushMessage { kind: PushKind::Prompt, id: trace.clone() };
    assert_eq!(world.post.sent().pushes, [("FCM/fcm-token-1".to_owned(), prompt)]);

    crate::remembered::answer(&world, &person, json!({"traceId": trace, "accept": true})).await;
    let ticket = region.results(&world, &trace).await[1]["ticket"].clone();
    region.exchange(&world, &ticket).await;
    world.stream_all().await;
    let pushes = world.post.sent().pushes;
    let (_, notice) = pushes.last().unwrap();
    assert_eq!(notice.kind, PushKind::SignedIn);
    assert_eq!((notice.id.len(), pushes.len()), (42, 2));
    let code = crate::remembered::trace_code(&world, &trace);
    assert!(!code.contains(&notice.id.to_uppercase()) && notice.id != trace);
}

#[tokio::test]
async fn a_phone_that_is_no_more_is_forgotten_and_a_prompt_without_phones_is_a_qr() {
    let world = World::default();
    let region = Region::registered(&world, "clientId-01");
    let person = world.sign_in("13800138000").await;
    log_in(&world, &region, &person, json!({"deviceId": DEVICE})).await;
    registers(&world, &person, "fcm-token-1").await;
    world.post.change(|posted| posted.dead.push("FCM/fcm-token-1".to_owned()));
    let trace = region.trace(&world, both(&person)).await;
    assert_eq!(kinds(&world, &region, &trace).await, ["LOGIN_scan", "LOGIN_getLoginQrcode"]);
    assert!(world.memory.endpoints().is_empty());
    assert_eq!(world.post.sent().forgotten, ["FCM/fcm-token-1"]);

    registers(&world, &person, "fcm-token-2").await;
    world.post.change(|posted| posted.pushes_fail = true);
    let trace = region.trace(&world, both(&person)).await;
    assert_eq!(kinds(&world, &region, &trace).await, ["LOGIN_scan", "LOGIN_getLoginQrcode"], "push fails");
    assert_eq!(world.memory.endpoints().len(), 1, "what fails today may work tomorrow");
}

// I7
#[tokio::test]
async fn a_phone_that_signed_out_is_pushed_to_no_more() {
    let world = World::default();
    let region = Region::registered(&world, "clientId-01");
    let person = world.sign_in("13800138000").await;
    log_in(&world, &region, &person, json!({"deviceId": DEVICE})).await;
    registers(&world, &person, "fcm-token-1").await;
    world.call(Call::post("/api/user/logout").bearer(&person.token)).await;
    let trace = region.trace(&world, both(&person)).await;
    assert_eq!(kinds(&world, &region, &trace).await, ["LOGIN_scan", "LOGIN_getLoginQrcode"]);
    assert!(world.post.sent().pushes.is_empty());
    assert!(world.memory.endpoints().is_empty());
}

// B9
#[tokio::test]
async fn records_that_come_twice_and_out_of_order_do_no_harm() {
    let world = World::default();
    let region = Region::registered(&world, "clientId-01");
    let person = world.sign_in("13800138000").await;
    log_in(&world, &region, &person, json!({"deviceId": DEVICE})).await;
    world.post.change(|posted| *posted = saoma_memory::world::Posted::default());

    // A prompt that reaches no phone, its QR, and the login by that QR. The history has every version.
    let mut history = Vec::new();
    let asked = region.ask(&world, both(&person)).await.text("traceId");
    for _ in 0..3 {
        let changed = world.changed();
        assert_eq!(world.stream(&changed).await, BatchAnswer::default());
        history.extend(changed);
    }
    let code = crate::remembered::code(&world, &region, &asked).await;
    for step in ["scan", "confirm"] {
        assert_eq!(pages::step(&world, step, &person, &code, &json!({})).await.status, 200);
        let changed = world.changed();
        world.stream(&changed).await;
        history.extend(changed);
    }
    assert_eq!(history.len(), 5, "asked, abandoned, QR, scanned, confirmed");
    let told = || -> BTreeSet<String> { world.post.sent().queued.into_iter().map(|it| it.id).collect() };
    let (before, ids) = (world.memory.sessions(), told());
    assert_eq!(ids.len(), 3, "{ids:?}");

    world.stream(&history).await;
    history.reverse();
    world.stream(&history).await;
    assert_eq!(told(), ids, "the receiver sees one id an event");
    let after = world.memory.sessions();
    assert!(after.len() == before.len() && before.iter().all(|session| after.contains(session)));
    for id in &ids {
        let sent = world.post.sent().queued;
        let kinds: BTreeSet<String> = sent
            .iter()
            .filter(|call| call.id == *id)
            .map(|call| serde_json::from_str::<Value>(&call.body).unwrap()["resultType"].to_string())
            .collect();
        assert_eq!(kinds.len(), 1, "one event, one meaning");
    }
}

// B9 D14: a late record of a prompt does not wake a person who has already decided.
#[tokio::test]
async fn a_record_that_comes_late_wakes_nobody() {
    let world = World::default();
    let region = Region::registered(&world, "clientId-01");
    let person = world.sign_in("13800138000").await;
    log_in(&world, &region, &person, json!({"deviceId": DEVICE})).await;
    registers(&world, &person, "fcm-token-1").await;
    for (accept, waits) in [(Some(true), 0), (Some(false), 0), (None, 61)] {
        log_in(&world, &region, &person, json!({"deviceId": DEVICE})).await;
        let trace = region.ask(&world, both(&person)).await.text("traceId");
        let asked = world.changed();
        assert_eq!(world.stream(&asked).await, BatchAnswer::default());
        if let Some(accept) = accept {
            crate::remembered::answer(&world, &person, json!({"traceId": trace, "accept": accept})).await;
        }
        world.clock.advance(Duration::from_secs(waits));
        let pushes = world.post.sent().pushes.len();
        assert_eq!(world.stream(&asked).await, BatchAnswer::default());
        assert_eq!(world.post.sent().pushes.len(), pushes, "{accept:?}");
    }
    assert_eq!(world.post.sent().pushes.len(), 3, "each was asked once");
}

// B9 H1
#[tokio::test]
async fn a_record_that_comes_again_says_again_only_what_was_not_taken() {
    let world = World::default();
    let region = Region::registered(&world, "clientId-01");
    let person = world.sign_in("13800138000").await;
    log_in(&world, &region, &person, json!({"deviceId": DEVICE})).await;
    registers(&world, &person, "fcm-token-1").await;
    world.post.change(|posted| {
        *posted = saoma_memory::world::Posted { queue_fails: true, ..Default::default() };
    });
    let trace = region.ask(&world, both(&person)).await.text("traceId");
    let asked = world.changed();
    for wait in [0, 0, 1, 1, 1] {
        assert_eq!(world.stream(&asked).await, failed(&["0"]));
        world.clock.advance(Duration::from_secs(wait));
    }
    let sent = world.post.sent();
    assert_eq!((sent.pushes.len(), sent.messages.len(), sent.queued.len()), (1, 1, 0), "asked");

    let yes = json!({"traceId": trace, "accept": true});
    world.call(Call::post("/login/answer").bearer(&person.token).json(&yes)).await;
    let ticket = region.results(&world, &trace).await[1]["ticket"].clone();
    assert_eq!(region.exchange(&world, &ticket).await.status, 200);
    let taken = world.changed();
    for wait in [0, 0, 1, 1, 1] {
        assert_eq!(world.stream(&taken).await, failed(&["0"]));
        world.clock.advance(Duration::from_secs(wait));
    }
    let sent = world.post.sent();
    assert_eq!((sent.pushes.len(), sent.messages.len(), sent.queued.len()), (2, 2, 0), "taken");
}

// B9: the records after a failed one come again with it, and their effects are not repeated.
#[tokio::test]
async fn what_was_queued_is_not_queued_again_for_the_sake_of_another() {
    let world = World::default();
    let regions = [Region::registered(&world, "region-1"), Region::registered(&world, "region-2")];
    let mut batch = Vec::new();
    for region in &regions {
        region.ask(&world, json!({})).await;
        batch.extend(world.changed());
    }
    world.post.change(|posted| posted.closed.push("region-1".to_owned()));
    for wait in [0, 1, 1] {
        assert_eq!(world.stream(&batch).await, failed(&["0"]));
        world.clock.advance(Duration::from_secs(wait));
    }
    let sent = world.post.sent();
    assert_eq!((sent.queued.len(), sent.messages.len()), (1, 2));
}

#[tokio::test]
async fn a_prompt_whose_record_comes_when_its_time_is_over_is_a_qr() {
    let world = World::default();
    let region = Region::registered(&world, "clientId-01");
    let person = world.sign_in("13800138000").await;
    log_in(&world, &region, &person, json!({"deviceId": DEVICE})).await;
    let trace = region.ask(&world, both(&person)).await.text("traceId");
    world.clock.advance(Duration::from_secs(61));
    world.stream_all().await;
    let kinds = kinds(&world, &region, &trace).await;
    assert_eq!(kinds, ["LOGIN_scan", "LOGIN_loginResult", "LOGIN_getLoginQrcode"]);
    let posted: Vec<Value> =
        world.post.sent().webhooks.iter().map(|it| serde_json::from_str(&it.body).unwrap()).collect();
    assert_eq!(posted.last().unwrap()["resultType"], "LOGIN_getLoginQrcode");
}

#[tokio::test]
async fn a_record_that_cannot_be_queued_is_brought_again_and_the_others_are_not_held_up() {
    let world = World::default();
    let region = Region::registered(&world, "clientId-01");
    let silent =
        Region::with(&world, "silent", |client| saoma_domain::client::Client { webhook: None, ..client });
    region.ask(&world, json!({})).await;
    silent.ask(&world, json!({})).await;
    let mut changed = world.changed();
    changed.sort_by_key(|session| session.client.to_string());
    world.post.change(|posted| posted.queue_fails = true);
    assert_eq!(world.stream(&changed).await, failed(&["0"]));
    assert_eq!(world.post.sent().messages.len(), 2, "the topic heard of both");
    world.post.change(|posted| posted.queue_fails = false);
    assert_eq!(world.stream(&changed[..1]).await, BatchAnswer::default());
    let queued = world.post.sent().queued;
    assert_eq!(queued.iter().map(|call| call.client.as_str()).collect::<Vec<_>>(), ["clientId-01"]);
    for region in [&region, &silent] {
        region.ask(&world, json!({})).await;
    }
    world.post.change(|posted| posted.topic_fails = true);
    assert_eq!(world.stream(&world.changed()).await, failed(&["0", "1"]));
}

#[tokio::test]
async fn every_contract_tells_its_subscribers_and_none_a_secret() {
    let world = World::default();
    let person = world.sign_in("13800138000").await;
    let created = world.call(Call::post("/api/qrCode/createLoginQrCode").json(&json!({}))).await;
    let (id, poll) = (created.text("id"), created.text("pollToken"));
    world.stream_all().await;
    assert!(world.post.sent().messages.is_empty(), "the caller that opens a session has its answer");
    let steps = [("scan", &person.token), ("bind", &person.token), ("get", &poll)];
    for (step, token) in steps {
        let call = Call::post(&format!("/api/qrCode/{step}LoginQrCode/{id}")).header("token", token);
        assert_eq!(world.call(call.json(&json!({}))).await.status, 200);
        world.stream_all().await;
    }
    let sent = world.post.sent().messages;
    let kinds: Vec<&str> = sent.iter().map(|message| message.result_type).collect();
    assert_eq!(kinds, ["LOGIN_scanned", "LOGIN_loginResult", "LOGIN_redeemed"]);
    for message in &sent {
        assert!(message.event_id.starts_with(&id));
        // E1
        assert!(!message.body.contains(&poll) && !message.body.contains("ey"), "{}", message.body);
    }
}

/// A topic that panics over every message, except those of one region.
struct PanicsBut(&'static str);

#[async_trait]
impl Topic for PanicsBut {
    async fn publish(&self, message: &TopicMessage) -> Result<(), StoreError> {
        assert_eq!(message.region, self.0, "this is the panic of a test");
        Ok(())
    }
}

#[tokio::test]
async fn a_record_over_which_we_panic_fails_alone() {
    let world = World::default();
    for region in ["clientId-01", "clientId-02"] {
        let asked = Region::registered(&world, region).ask(&world, json!({})).await;
        assert_eq!(asked.status, 200, "{}", asked.whole());
    }
    let app = notify::App { topic: Arc::new(PanicsBut("clientId-02")), ..world.notify.clone() };
    let changed = world.changed();
    assert_eq!(changed.len(), 2);
    let panics = changed.iter().position(|session| session.client.as_str() == "clientId-01").unwrap();
    let records = changed.into_iter().enumerate();
    let records = records.map(|(n, session)| Record { id: n.to_string(), session: Ok(Some(session)) });
    let answer = notify::handle(&app, records.collect()).await;
    assert_eq!(answer, failed(&[&panics.to_string()]));
}
