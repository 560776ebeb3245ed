//! What a person ends is over at once.

use std::time::Duration;

use saoma_domain::{
    history::{Entry, EntryId, Login, What},
    identity::{ClientId, Phone, SignInId},
    ports::{Checks, Clock, HistoryWriter, SignIns},
    secrets::{SessionCode, TokenId},
    session::{Dialect, Redemption, ScreenClaims, Seen},
};

use super::{lists::sign_in, *};

/// The ids of a person's sign-ins that are no caller's own.
async fn others(world: &World, person: &Person) -> Vec<String> {
    let rows = rows(world, person, "sign-ins").await;
    let others = rows.iter().filter(|row| row["current"] == false);
    others.map(|row| row["id"].as_str().unwrap().to_owned()).collect()
}

/// Signs the same person in on another phone.
async fn another_phone(world: &World) -> Person {
    world.clock.advance(Duration::from_mins(2));
    world.sign_in(NUMBER).await
}

async fn phone_of(world: &World, person: &Person) -> Phone {
    let sid = world.call(get(person, "me")).await.text("signIn");
    Phone { account: person.account, sign_in: SignInId::parse(&sid).unwrap() }
}

// I7 K18
#[tokio::test]
async fn a_phone_that_is_ended_is_dead_at_once() {
    let world = World::default();
    let lost = world.sign_in(NUMBER).await;
    let created = confirmed_kiosk(&world, &lost).await;
    let mine = another_phone(&world).await;
    let [id] = others(&world, &mine).await.try_into().unwrap();
    for _ in 0..2 {
        assert_eq!(end(&world, &mine, &format!("sign-ins/{id}")).await.status, 204, "again is the same");
    }
    world.call(refresh(&lost)).await.problem(401, "unauthorized");
    world.call(get(&lost, "me")).await.problem(401, "unauthorized");
    let opened = world.call(Call::get("/qr/code")).await;
    let scan = Call::post(&format!("/q/{}/scan", opened.text("code"))).bearer(&lost.token);
    world.call(scan).await.problem(401, "unauthorized");
    let polled = world.call(kiosk_poll(&created, &created.text("pollToken"))).await;
    assert_eq!(polled.json()["memberToken"], Value::Null, "what it approved is over too (K2)");
    assert!(others(&world, &mine).await.is_empty());
    assert_eq!(world.call(refresh(&mine)).await.status, 200);
}

// I8: nothing of the caller's moves.
#[tokio::test]
async fn ending_all_others_leaves_the_caller_alone() {
    let world = World::default();
    let first = world.sign_in(NUMBER).await;
    let second = another_phone(&world).await;
    let mine = another_phone(&world).await;
    let stranger = world.sign_in(OTHER).await;
    let phone = phone_of(&world, &mine).await;
    let before = world.memory.phone(&phone).await.unwrap();
    let ended = end(&world, &mine, "sign-ins").await;
    assert_eq!(ended.json(), json!({"ended": 2, "more": false}));
    assert_eq!(end(&world, &mine, "sign-ins").await.json(), json!({"ended": 0, "more": false}));
    for other in [&first, &second] {
        world.call(refresh(other)).await.problem(401, "unauthorized");
    }
    let after = world.memory.phone(&phone).await.unwrap();
    assert_eq!((after.sign_in, after.account), (before.sign_in, before.account));
    for living in [&mine, &stranger] {
        assert_eq!(world.call(refresh(living)).await.status, 200);
    }
}

#[tokio::test]
async fn a_person_may_end_the_phone_in_their_hand() {
    let world = World::default();
    let person = world.sign_in(NUMBER).await;
    let id = first_id(&world, &person, "sign-ins").await;
    assert_eq!(end(&world, &person, &format!("sign-ins/{id}")).await.status, 204);
    world.call(refresh(&person)).await.problem(401, "unauthorized");
}

// W15
#[tokio::test]
async fn anothers_id_is_as_unknown_as_none() {
    let world = World::default();
    let region = Region::registered(&world, "region-1");
    let (me, you) = (world.sign_in(NUMBER).await, world.sign_in(OTHER).await);
    kiosk_login(&world, &you).await;
    log_in(&world, &region, &you, json!({"deviceId": DEVICE})).await;
    let before = world.memory.census();
    for list in ["sign-ins", "logins", "machines", "pairs"] {
        let theirs = first_id(&world, &you, list).await;
        let refused = end(&world, &me, &format!("{list}/{theirs}")).await;
        refused.problem(404, "not_found");
        let never = [
            "0".repeat(42),
            "f".repeat(32),
            "bWFj".to_owned(),
            "cmVnaW9uLTEjMA".to_owned(),
            "x".repeat(3000),
            "%00".to_owned(),
            "%F0%9F%98%80".to_owned(),
            "IzA".to_owned(),
        ];
        for id in never {
            let answer = end(&world, &me, &format!("{list}/{id}")).await;
            assert_eq!(answer.whole(), refused.whole(), "{list}/{id}");
        }
    }
    assert_eq!(world.memory.census(), before);
    assert!(rows(&world, &you, "machines").await.len() == 1 && rows(&world, &you, "pairs").await.len() == 1);
}

// K18: the screen that has the token may ask for it again for half a minute, but not after the person ended it.
#[tokio::test]
async fn a_login_that_is_ended_gives_no_token_again() {
    let world = World::default();
    let person = world.sign_in(NUMBER).await;
    let created = kiosk_login(&world, &person).await;
    let poll = || kiosk_poll(&created, &created.text("pollToken"));
    world.clock.advance(Duration::from_secs(2));
    assert!(world.call(poll()).await.json()["memberToken"].is_string(), "its answer was lost");
    let id = first_id(&world, &person, "logins").await;
    for _ in 0..2 {
        assert_eq!(end(&world, &person, &format!("logins/{id}")).await.status, 204);
    }
    world.clock.advance(Duration::from_secs(2));
    assert_eq!(world.call(poll()).await.json()["memberToken"], Value::Null);
    assert!(rows(&world, &person, "logins").await.is_empty());
    let told = rows(&world, &person, "history").await;
    assert_eq!(told[0]["endedAt"], json!(world.clock.now().secs() - 2), "and the history says so");
}

#[tokio::test]
async fn a_ticket_of_a_login_that_is_ended_gives_no_token_again() {
    let world = World::default();
    let secret = world.register_client("my-shop", shop);
    let person = world.sign_in(NUMBER).await;
    let opened = confirmed_web(&world, &person, "my-shop").await;
    let url = world.call(Call::get("/qr/login").cookie(&opened.cookie())).await.text("url");
    let ticket = url.split_once("ticket=").unwrap().1.to_owned();
    let exchange = || {
        Call::post("/qr/ticket")
            .header("authorization", &crate::web::basic("my-shop", secret.reveal()))
            .json(&json!({"ticket": ticket}))
    };
    for _ in 0..2 {
        assert_eq!(world.call(exchange()).await.status, 200);
    }
    let id = first_id(&world, &person, "logins").await;
    assert_eq!(end(&world, &person, &format!("logins/{id}")).await.status, 204);
    world.call(exchange()).await.problem(400, "invalid_ticket");
}

#[tokio::test]
async fn a_machine_and_a_pair_are_forgotten() {
    let world = World::default();
    let region = Region::registered(&world, "region-1");
    let person = world.sign_in(NUMBER).await;
    kiosk_login(&world, &person).await;
    log_in(&world, &region, &person, json!({"deviceId": DEVICE})).await;
    for list in ["machines", "pairs"] {
        let path = format!("{list}/{}", first_id(&world, &person, list).await);
        for _ in 0..2 {
            assert_eq!(end(&world, &person, &path).await.status, 204, "{list}: again is the same");
        }
        assert!(rows(&world, &person, list).await.is_empty(), "{list}");
    }
    // The device must show a QR again.
    let uin = person.account.get();
    let trace = region.trace(&world, json!({"uin": uin, "deviceId": DEVICE})).await;
    assert!(world.memory.sessions().iter().all(|session| !session.is_prompt()), "{trace}");
    assert_ne!(code(&world, &region, &trace).await, "");
}

// K18 K11: an app sends its confirmation again when the answer was lost, and the machine is gone by then.
#[tokio::test]
async fn a_confirmation_that_is_repeated_binds_no_machine_that_was_removed() {
    for redeems in [false, true] {
        let world = World::default();
        let person = world.sign_in(NUMBER).await;
        kiosk_login(&world, &person).await;
        // The machine is known already, so this login writes nothing to its row.
        world.clock.advance(Duration::from_secs(2));
        let created = confirmed_kiosk(&world, &person).await;
        let code = created.text("id");
        if redeems {
            let polled = world.call(kiosk_poll(&created, &created.text("pollToken"))).await;
            assert!(polled.json()["memberToken"].is_string(), "{}", polled.whole());
        }
        world.clock.advance(Duration::from_secs(2));
        let path = format!("machines/{}", first_id(&world, &person, "machines").await);
        assert_eq!(end(&world, &person, &path).await.status, 204);
        world.clock.advance(Duration::from_secs(2));
        let bind = Call::post(&format!("/api/qrCode/bindLoginQrCode/{code}")).bearer(&person.token);
        let confirmed = crate::pages::step(&world, "confirm", &person, &code, &json!({})).await;
        for again in [world.call(bind).await, confirmed] {
            assert_eq!(again.status, 200, "{}", again.whole());
        }
        assert!(rows(&world, &person, "machines").await.is_empty(), "redeemed: {redeems}");
        confirmed_kiosk(&world, &person).await;
        assert_eq!(rows(&world, &person, "machines").await.len(), 1, "another login binds it anew");
    }
}

/// A login that happened so many seconds ago.
fn login(world: &World, n: u64) -> Entry {
    let at = world.clock.now().whole_secs().minus(Duration::from_secs(n));
    let redemption = Redemption { id: TokenId::random(&*world.random), at };
    let login = Login {
        client: ClientId::parse("saoma").unwrap(),
        dialect: Dialect::Web,
        claims: ScreenClaims::default(),
        seen: Seen::default(),
        approved_by: SignInId::random(&*world.random),
        ended_at: None,
    };
    let id = EntryId::of_login(&SessionCode::random(&*world.random), &redemption);
    Entry { id, what: What::Login(login) }
}

// W8: thousands of rows are ended a hundred at a time, and the calls come to an end.
#[tokio::test]
async fn thousands_are_ended_in_calls_of_bounded_length() {
    let world = World::default();
    let person = world.sign_in(NUMBER).await;
    for n in 0..1050 {
        world.memory.write(person.account, &login(&world, n)).await.unwrap();
        world.memory.begin(&sign_in(&world, &person, n)).await.unwrap();
    }
    for list in ["logins", "sign-ins"] {
        let mut ended = Vec::new();
        loop {
            let before = world.memory.calls();
            let answer = end(&world, &person, list).await.json();
            assert!(world.memory.calls() - before < 250, "{list}");
            ended.push(answer["ended"].as_u64().unwrap());
            if answer["more"] == false {
                break;
            }
        }
        assert_eq!(ended.iter().sum::<u64>(), 1050, "{list}");
        assert!(ended.iter().all(|count| *count <= 100) && ended.len() == 11, "{list}: {ended:?}");
    }
    assert_eq!(world.call(refresh(&person)).await.status, 200);
}
