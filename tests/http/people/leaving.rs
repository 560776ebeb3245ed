//! A person deletes their account.

use std::time::Duration;

use saoma_domain::{
    account::AccountStatus,
    history::Entry,
    identity::{Phone, SignInId},
    ports::{Begun, Checks, HistoryWriter, SignIns},
    sms_challenge::ChallengeId,
};

use super::{lists::sign_in, *};

/// Has a code sent to this number: the challenge and the code.
async fn proof(world: &World, number: &str) -> Value {
    world.clock.advance(Duration::from_mins(2));
    let challenge = ChallengeId::random(&*world.random).as_str().to_owned();
    let body = json!({"phone": number, "challenge": challenge});
    assert_eq!(world.call(Call::post("/api/user/sendCode").json(&body)).await.status, 200);
    json!({"challenge": challenge, "code": world.outbox.last_code().unwrap()})
}

fn leave(person: &Person, proof: &Value) -> Call {
    Call::new("DELETE", "/api/user").bearer(&person.token).json(proof)
}

/// A person with a record of every kind.
pub(crate) async fn settled(world: &World) -> Person {
    let region = Region::registered(world, "region-1");
    let person = world.sign_in(NUMBER).await;
    let body = json!({"platform": "FCM", "token": "fcm-token-0123456789"});
    let register = Call::post("/api/device/push").bearer(&person.token).json(&body);
    assert_eq!(world.call(register).await.status, 200);
    kiosk_login(world, &person).await;
    log_in(world, &region, &person, json!({"deviceId": DEVICE})).await;
    let created = world.call(Call::get("/qrlogin/createcode").header("accept", "application/json")).await;
    let path = format!("/qrlogin/qrcodelogin/{}", created.text("code"));
    assert_eq!(world.call(Call::post(&path).header("token", &person.token)).await.status, 200);
    assert_eq!(world.call(Call::get("/login/pending").bearer(&person.token)).await.status, 200);
    person
}

// K18 J3
#[tokio::test]
async fn nothing_of_a_deleted_account_is_kept_but_its_mark() {
    let world = World::default();
    let person = settled(&world).await;
    let all = [
        "sessions",
        "accounts",
        "identities",
        "sign-ins",
        "history",
        "machines",
        "pairs",
        "phones present",
        "push endpoints",
        "visits",
    ];
    let named = world.memory.kinds_that_name(&person.account.to_string());
    assert!(all.iter().all(|kind| named.contains(kind)), "{named:?}");
    let right = proof(&world, NUMBER).await;
    assert_eq!(world.call(leave(&person, &right)).await.status, 204);
    // Sessions end within minutes by themselves, and the mark says that this number is taken.
    assert_eq!(world.memory.kinds_that_name(&person.account.to_string()), ["sessions", "accounts"]);
    // The number's own limits of messages last a day.
    assert_eq!(world.memory.kinds_that_name("+8613800138000"), ["lanes"]);
    assert_eq!(world.post.sent().forgotten, ["FCM/fcm-token-0123456789"]);
}

#[tokio::test]
async fn a_deleted_account_is_refused_everywhere_at_once() {
    let world = World::default();
    let person = settled(&world).await;
    let created = confirmed_kiosk(&world, &person).await;
    let right = proof(&world, NUMBER).await;
    assert_eq!(world.call(leave(&person, &right)).await.status, 204);
    for call in every_call(&person.token).into_iter().filter(|call| call.path() != "/api/user") {
        let answer = world.call(call).await;
        assert!([401, 403].contains(&answer.status.as_u16()), "{}", answer.whole());
    }
    let refreshed = world.call(refresh(&person)).await;
    refreshed.problem(401, "unauthorized");
    let polled = world.call(kiosk_poll(&created, &created.text("pollToken"))).await;
    assert_eq!(polled.json()["memberToken"], Value::Null);
    let opened = world.call(Call::get("/qr/code")).await;
    let scan = Call::post(&format!("/q/{}/scan", opened.text("code"))).bearer(&person.token);
    assert!([401, 403].contains(&world.call(scan).await.status.as_u16()));
    // The number may begin again, as a new person.
    world.clock.advance(Duration::from_mins(2));
    let anew = world.sign_in(NUMBER).await;
    assert_ne!(anew.account, person.account);
    assert!(rows(&world, &anew, "logins").await.is_empty());
    assert_eq!(world.call(leave(&person, &json!({}))).await.status, 204, "the old token ends nothing new");
    assert_eq!(world.call(refresh(&anew)).await.status, 200);
}

// A sign-in may be stored while its account is being deleted, and outlive the removal (supertokens-node#150).
#[tokio::test]
async fn a_sign_in_that_outlives_the_removal_is_refused() {
    let world = World::default();
    let person = settled(&world).await;
    let sid = world.call(get(&person, "me")).await.text("signIn");
    let phone = Phone { account: person.account, sign_in: SignInId::parse(&sid).unwrap() };
    let late = world.memory.phone(&phone).await.unwrap().sign_in.unwrap();
    let right = proof(&world, NUMBER).await;
    assert_eq!(world.call(leave(&person, &right)).await.status, 204);
    assert_eq!(world.memory.begin(&late).await.unwrap(), Begun::Stored);
    world.call(refresh(&person)).await.problem(403, "account_barred");
    world.call(get(&person, "me")).await.problem(403, "account_barred");
    assert_eq!(world.call(leave(&person, &json!({}))).await.status, 204, "going on removes it, too");
    assert_eq!(world.memory.phone(&phone).await.unwrap().sign_in, None);
}

#[tokio::test]
async fn only_a_fresh_code_of_the_accounts_own_number_deletes_it() {
    let world = World::default();
    let person = settled(&world).await;
    let before = world.memory.census();
    let theirs = proof(&world, OTHER).await;
    world.call(leave(&person, &theirs)).await.problem(403, "invalid_code");
    let right = proof(&world, NUMBER).await;
    let wrong = |code: &str| json!({"challenge": right["challenge"], "code": code});
    world.call(leave(&person, &json!({}))).await.problem(400, "invalid_challenge");
    world
        .call(leave(&person, &json!({"challenge": "x", "code": "123456"})))
        .await
        .problem(400, "invalid_challenge");
    world.call(leave(&person, &json!({"challenge": right["challenge"]}))).await.problem(403, "invalid_code");
    for code in ["", "12345", "abcdef"] {
        world.call(leave(&person, &wrong(code))).await.problem(403, "invalid_code");
    }
    // D1: five tries of a challenge.
    let guesses = (0..6).map(|n| format!("00000{n}")).filter(|guess| right["code"] != *guess);
    for guess in guesses.take(5) {
        world.call(leave(&person, &wrong(&guess))).await.problem(403, "invalid_code");
    }
    world.call(leave(&person, &right)).await.problem(403, "invalid_code");
    let late = proof(&world, NUMBER).await;
    world.clock.advance(Duration::from_mins(6));
    world.call(leave(&person, &late)).await.problem(403, "invalid_code");
    assert_eq!(world.memory.census(), before);
    let [account] = &rows(&world, &person, "machines").await[..] else { panic!("no machine") };
    assert_eq!(account["deviceMac"], "22:33");
}

// K24: each use of a code needs a message of its own, also within the half minute in which its answer may be lost.
#[tokio::test]
async fn a_code_that_signed_in_deletes_nothing_and_the_other_way_round() {
    let world = World::default();
    let person = settled(&world).await;
    let sign_in = |proof: &Value| Call::post("/api/user/login/code").json(proof);
    let right = proof(&world, NUMBER).await;
    let anew = world.call(sign_in(&right)).await;
    let by_the_same = Call::new("DELETE", "/api/user").bearer(&anew.text("token")).json(&right);
    for call in [by_the_same, leave(&person, &right)] {
        world.call(call).await.problem(403, "invalid_code");
    }
    assert_eq!(world.call(sign_in(&right)).await.text("refreshToken"), anew.text("refreshToken"));

    let right = proof(&world, NUMBER).await;
    assert_eq!(world.call(leave(&person, &right)).await.status, 204);
    let accounts = world.memory.census();
    world.call(sign_in(&right)).await.problem(401, "invalid_code");
    assert_eq!(world.memory.census(), accounts, "no new account");
    assert_eq!(world.call(leave(&person, &right)).await.status, 204, "the same again");
}

// A14: a locked person deletes nothing, so that an operator's evidence stays.
#[tokio::test]
async fn a_locked_account_is_not_deleted() {
    let world = World::default();
    let person = settled(&world).await;
    let right = proof(&world, NUMBER).await;
    world.set_status(&person, AccountStatus::Locked);
    let before = world.memory.census();
    world.call(leave(&person, &right)).await.problem(403, "account_barred");
    assert_eq!(world.memory.census(), before);
}

// B12 W8: the call is repeated until nothing is left, without another code.
#[tokio::test]
async fn thousands_of_records_go_in_calls_of_bounded_length() {
    let world = World::default();
    let person = settled(&world).await;
    for n in 1..1700 {
        world.memory.write(person.account, &Entry::of_sign_in(&sign_in(&world, &person, n))).await.unwrap();
    }
    let right = proof(&world, NUMBER).await;
    let first = world.call(leave(&person, &right)).await;
    assert_eq!((first.status.as_u16(), first.json()), (202, json!({"more": true})));
    world.call(refresh(&person)).await.problem(401, "unauthorized");
    let mut calls = 1;
    while world.call(leave(&person, &json!({}))).await.status == 202 {
        calls += 1;
    }
    assert_eq!(calls, 3, "five hundred records a call");
    assert_eq!(world.memory.kinds_that_name(&person.account.to_string()), ["sessions", "accounts"]);
}
