//! `GET /login/pending`, `POST /login/answer`: a person is asked, and answers.

use std::time::Duration;

use acceptance::{Call, World};
use insta::assert_snapshot;
use saoma_domain::{client::Client, identity::ClientId, session::MatchPolicy};
use serde_json::{Value, json};

use super::{DEVICE, Region, answer, both, code, kinds, log_in, pending, phone, refused, uin};
use crate::pages;

/// The first prompt that waits.
async fn waiting(world: &World, person: &acceptance::Person) -> Value {
    pending(world, person).await.first().cloned().unwrap()
}

// The whole life: by QR, without a scan, cancelled, by QR again.
#[tokio::test]
async fn a_device_is_remembered_until_its_person_says_no() {
    let world = World::default();
    let region = Region::registered(&world, "clientId-01");
    let person = world.sign_in("13800138000").await;
    let first = log_in(&world, &region, &person, json!({})).await;
    let results = region.results(&world, &first).await;
    assert_eq!(results[1]["uin"], json!(uin(&person)));
    let token = region.exchange(&world, &results[1]["ticket"]).await;
    assert_eq!(token.json()["user"]["memberId"], json!(person.account.to_string()));
    let again = region.exchange(&world, &results[1]["ticket"]).await;
    assert_eq!(again.json(), token.json(), "once, and the same for half a minute");
    let device = results[0]["deviceId"].clone();
    let again = json!({"deviceId": device, "uin": uin(&person)});

    pending(&world, &person).await;
    let second = region.trace(&world, again.clone()).await;
    assert_snapshot!("pending", format!("{:#}", json!(pending(&world, &person).await)));
    let yes = answer(&world, &person, json!({"traceId": second, "accept": true})).await;
    assert_snapshot!("accepted", yes.whole());
    let results = region.results(&world, &second).await;
    assert_eq!(results[1]["uin"], json!(uin(&person)));
    assert_eq!(region.exchange(&world, &results[1]["ticket"]).await.status, 200);
    assert!(pending(&world, &person).await.is_empty());

    let third = region.trace(&world, again.clone()).await;
    let no = answer(&world, &person, json!({"traceId": third, "accept": false})).await;
    assert_eq!(no.json()["state"], "cancelled");
    assert_eq!(region.results(&world, &third).await[1]["code"], 1001);
    let fourth = region.trace(&world, again.clone()).await;
    assert_eq!(kinds(&world, &region, &fourth).await, ["LOGIN_getLoginQrcode"], "the next must be scanned");

    log_in(&world, &region, &person, again.clone()).await;
    pending(&world, &person).await;
    world.clock.advance(Duration::from_secs(601));
    let person = world.sign_in("13800138000").await;
    pending(&world, &person).await;
    let fifth = region.trace(&world, again).await;
    assert_eq!(kinds(&world, &region, &fifth).await, ["LOGIN_scan"], "and makes the pair again");
}

// A7 W15
#[tokio::test]
async fn nobody_else_can_answer_or_see_that_there_is_a_prompt() {
    let world = World::default();
    let region = Region::registered(&world, "clientId-01");
    let (person, stranger) = (world.sign_in("13800138000").await, world.sign_in("13800138001").await);
    log_in(&world, &region, &person, json!({"deviceId": DEVICE})).await;
    pending(&world, &person).await;
    let trace = region.trace(&world, both(&person)).await;
    assert!(pending(&world, &stranger).await.is_empty());
    let before = world.memory.sessions();
    for accept in [true, false] {
        let foreign = answer(&world, &stranger, json!({"traceId": trace, "accept": accept})).await;
        let unknown = answer(&world, &stranger, json!({"traceId": "0".repeat(32), "accept": accept})).await;
        let malformed = answer(&world, &stranger, json!({"traceId": "x", "accept": accept})).await;
        refused(&foreign, 404, "not_found");
        assert_eq!((foreign.whole(), foreign.whole()), (unknown.whole(), malformed.whole()));
    }
    let code = super::trace_code(&world, &trace);
    for step in ["scan", "confirm", "cancel"] {
        pages::step(&world, step, &stranger, &code, &json!({})).await.problem(404, "not_found");
    }
    for call in [Call::get("/login/pending"), Call::post("/login/answer").json(&json!({}))] {
        refused(&world.call(call).await, 401, "unauthorized");
    }
    assert_eq!(world.memory.sessions().len(), before.len());
    assert!(before.iter().all(|session| world.memory.sessions().contains(session)));
}

// A8 does not hold for prompts, on purpose: a prompt belongs to the person, not to a phone.
#[tokio::test]
async fn a_person_answers_on_whichever_phone_is_at_hand() {
    let world = World::default();
    let region = Region::registered(&world, "clientId-01");
    let person = world.sign_in("13800138000").await;
    log_in(&world, &region, &person, json!({"deviceId": DEVICE})).await;
    world.clock.advance(Duration::from_secs(61));
    let other_phone = world.sign_in("13800138000").await;
    pending(&world, &other_phone).await;
    let trace = region.trace(&world, both(&person)).await;
    let yes = answer(&world, &other_phone, json!({"traceId": trace, "accept": true})).await;
    assert_eq!(yes.json()["state"], "confirmed");
}

// A9: a prompt never confirms by itself.
#[tokio::test]
async fn a_prompt_without_an_answer_signs_nobody_in() {
    let world = World::default();
    let region = Region::registered(&world, "clientId-01");
    let person = world.sign_in("13800138000").await;
    log_in(&world, &region, &person, json!({"deviceId": DEVICE})).await;
    pending(&world, &person).await;
    let trace = region.trace(&world, both(&person)).await;
    assert_eq!(kinds(&world, &region, &trace).await, ["LOGIN_scan"]);
    world.clock.advance(Duration::from_mins(1));
    world.stream_all().await;
    assert_eq!(region.results(&world, &trace).await[1]["code"], 1002);
    assert!(pending(&world, &person).await.is_empty());
    let late = answer(&world, &person, json!({"traceId": trace, "accept": true})).await;
    refused(&late, 410, "expired");
}

// D14
#[tokio::test]
async fn a_wrong_number_ends_the_prompt_and_the_pair() {
    let world = World::default();
    let region =
        Region::with(&world, "clientId-01", |client| Client { match_policy: MatchPolicy::Pick, ..client });
    let person = world.sign_in("13800138000").await;
    let first = region.trace(&world, json!({"deviceId": DEVICE})).await;
    let code = super::code(&world, &region, &first).await;
    super::phone(&world, &person, &code, "scan").await;
    let number = world.session(&code).match_number.to_string();
    let picked = json!({"matchNumber": number});
    assert_eq!(pages::step(&world, "confirm", &person, &code, &picked).await.status, 200);

    pending(&world, &person).await;
    let trace = region.trace(&world, both(&person)).await;
    let shown = region.results(&world, &trace).await[0]["matchNumber"].as_str().unwrap().to_owned();
    assert!(
        waiting(&world, &person).await["consent"]["matchNumber"]["choices"]
            .as_array()
            .unwrap()
            .contains(&json!(shown))
    );
    let without = answer(&world, &person, json!({"traceId": trace, "accept": true})).await;
    refused(&without, 400, "match_number_required");
    let malformed = json!({"traceId": trace, "accept": true, "matchNumber": "4x"});
    refused(&answer(&world, &person, malformed).await, 400, "malformed_match_number");
    let wrong = json!({"traceId": trace, "accept": true, "matchNumber": "00"});
    refused(&answer(&world, &person, wrong).await, 403, "wrong_match_number");
    assert_eq!(region.results(&world, &trace).await[1]["code"], 1003);
    let right = json!({"traceId": trace, "accept": true, "matchNumber": shown});
    refused(&answer(&world, &person, right).await, 410, "cancelled");
    let next = region.trace(&world, both(&person)).await;
    assert_eq!(kinds(&world, &region, &next).await, ["LOGIN_getLoginQrcode"]);
}

// A17
#[tokio::test]
async fn a_phone_of_an_app_that_is_not_admitted_knows_no_such_session() {
    let world = World::default();
    Region::registered(&world, "their-app");
    let region = Region::with(&world, "clientId-01", |client| Client {
        apps: ClientId::parse("their-app").into_iter().collect(),
        ..client
    });
    let outsider = world.sign_in("13800138000").await;
    let trace = region.trace(&world, json!({"deviceId": DEVICE})).await;
    let code = super::code(&world, &region, &trace).await;
    for step in ["scan", "confirm", "cancel"] {
        pages::step(&world, step, &outsider, &code, &json!({})).await.problem(404, "not_found");
    }
    assert_eq!(world.session(&code).version, 1);
    world.clock.advance(Duration::from_secs(61));
    let insider = world.sign_in_through("13800138000", "their-app").await;
    phone(&world, &insider, &code, "scan").await;
    for step in ["scan", "confirm", "cancel"] {
        pages::step(&world, step, &outsider, &code, &json!({})).await.problem(404, "not_found");
    }
    log_in(&world, &region, &insider, json!({"deviceId": DEVICE})).await;
    pending(&world, &insider).await;
    let trace = region.trace(&world, both(&insider)).await;
    assert!(pending(&world, &outsider).await.is_empty());
    refused(&answer(&world, &outsider, json!({"traceId": trace, "accept": true})).await, 404, "not_found");
    assert_eq!(answer(&world, &insider, json!({"traceId": trace, "accept": true})).await.status, 200);
}

// A12 A13
#[tokio::test]
async fn a_phone_that_may_not_approve_answers_nothing() {
    let world = World::default();
    let region = Region::registered(&world, "clientId-01");
    let person = world.sign_in("13800138000").await;
    let first = log_in(&world, &region, &person, json!({"deviceId": DEVICE})).await;
    let ticket = region.results(&world, &first).await[1]["ticket"].clone();
    let bred = acceptance::Person {
        token: region.exchange(&world, &ticket).await.text("access_token"),
        ..person.clone()
    };
    pending(&world, &person).await;
    let trace = region.trace(&world, both(&person)).await;
    refused(&answer(&world, &bred, json!({"traceId": trace, "accept": true})).await, 403, "not_an_approver");
    world.call(Call::post("/api/user/logout").bearer(&person.token)).await;
    refused(&answer(&world, &person, json!({"traceId": trace, "accept": true})).await, 401, "unauthorized");
    assert_eq!(kinds(&world, &region, &trace).await, ["LOGIN_scan"]);
}

// B12
#[tokio::test]
async fn a_no_survives_a_failure_of_the_store_at_each_step() {
    for fault in [saoma_memory::Fault::Refused, saoma_memory::Fault::AnswerLost] {
        for calls in 0..12 {
            let world = World::default();
            let region = Region::registered(&world, "clientId-01");
            let person = world.sign_in("13800138000").await;
            log_in(&world, &region, &person, json!({"deviceId": DEVICE})).await;
            pending(&world, &person).await;
            let trace = region.trace(&world, both(&person)).await;
            world.memory.inject(calls, fault);
            let no = || {
                Call::post("/login/answer")
                    .bearer(&person.token)
                    .json(&json!({"traceId": trace, "accept": false}))
            };
            let first = world.call(no()).await;
            if world.memory.disarm() {
                break;
            }
            refused(&first, 503, "unavailable");
            assert_eq!(world.call(no()).await.json()["state"], "cancelled");
            world.stream_all().await;
            let next = region.trace(&world, both(&person)).await;
            assert_eq!(kinds(&world, &region, &next).await, ["LOGIN_getLoginQrcode"]);
        }
    }
}

// A prompt is in no QR, so its code is unknown to every caller, its own person included. Otherwise a no by that code
// would leave the pair, and a phone of any app could say yes (A17).
#[tokio::test]
async fn a_prompt_is_answered_by_its_trace_alone() {
    let world = World::default();
    let region = Region::registered(&world, "clientId-01");
    let person = world.sign_in("13800138000").await;
    log_in(&world, &region, &person, json!({"deviceId": DEVICE})).await;
    pending(&world, &person).await;
    let trace = region.trace(&world, both(&person)).await;
    let code = super::trace_code(&world, &trace);
    let before = world.memory.sessions();
    for step in ["scan", "confirm", "cancel"] {
        pages::step(&world, step, &person, &code, &json!({})).await.problem(404, "not_found");
    }
    let wrong = json!({"matchNumber": "10"});
    pages::step(&world, "confirm", &person, &code, &wrong).await.problem(404, "not_found");
    assert_eq!(world.memory.sessions(), before);
    assert_eq!(answer(&world, &person, json!({"traceId": trace, "accept": true})).await.status, 200);
}

// K11: a confirmation that comes again makes no pair that its person has ended meanwhile.
#[tokio::test]
async fn a_yes_that_is_repeated_after_a_no_makes_no_new_pair() {
    let world = World::default();
    let region = Region::registered(&world, "clientId-01");
    let person = world.sign_in("13800138000").await;
    let scanned = log_in(&world, &region, &person, json!({"deviceId": DEVICE})).await;
    let qr = code(&world, &region, &scanned).await;
    pending(&world, &person).await;
    let asked = region.trace(&world, both(&person)).await;
    let no = json!({"traceId": asked, "accept": false});
    assert_eq!(answer(&world, &person, no).await.status, 200);
    phone(&world, &person, &qr, "confirm").await;
    let again = region.trace(&world, both(&person)).await;
    assert_eq!(kinds(&world, &region, &again).await, ["LOGIN_getLoginQrcode"]);
    // Only a new scan makes a new one.
    let qr = code(&world, &region, &again).await;
    for step in ["scan", "confirm"] {
        phone(&world, &person, &qr, step).await;
    }
    let asked = region.trace(&world, both(&person)).await;
    assert_eq!(kinds(&world, &region, &asked).await, ["LOGIN_scan"]);
}

// K11: so does the late confirmation of an earlier login, after a newer one made the pair.
#[tokio::test]
async fn a_yes_of_an_earlier_login_makes_no_new_pair_after_a_no() {
    let world = World::default();
    let region = Region::registered(&world, "clientId-01");
    let person = world.sign_in("13800138000").await;
    let mut codes = Vec::new();
    for _ in 0..2 {
        let trace = region.trace(&world, json!({"deviceId": DEVICE})).await;
        codes.push(code(&world, &region, &trace).await);
        world.clock.advance(Duration::from_secs(1));
    }
    for (qr, step) in
        [(&codes[0], "scan"), (&codes[0], "confirm"), (&codes[1], "scan"), (&codes[1], "confirm")]
    {
        phone(&world, &person, qr, step).await;
    }
    pending(&world, &person).await;
    let asked = region.trace(&world, both(&person)).await;
    assert_eq!(kinds(&world, &region, &asked).await, ["LOGIN_scan"]);
    let no = json!({"traceId": asked, "accept": false});
    assert_eq!(answer(&world, &person, no).await.status, 200);
    phone(&world, &person, &codes[0], "confirm").await;
    let again = region.trace(&world, both(&person)).await;
    assert_eq!(kinds(&world, &region, &again).await, ["LOGIN_getLoginQrcode"]);
}

// A person who confirms by mistake and cancels in time is not asked without a scan.
#[tokio::test]
async fn a_login_that_is_cancelled_after_all_leaves_no_pair() {
    let world = World::default();
    let region = Region::registered(&world, "clientId-01");
    let person = world.sign_in("13800138000").await;
    let trace = region.trace(&world, json!({"deviceId": DEVICE})).await;
    let qr = code(&world, &region, &trace).await;
    for step in ["scan", "confirm", "cancel"] {
        phone(&world, &person, &qr, step).await;
    }
    let again = region.trace(&world, both(&person)).await;
    assert_eq!(kinds(&world, &region, &again).await, ["LOGIN_getLoginQrcode"]);
}
