//! What a person lists and ends of what is theirs, and how they leave.

use std::time::Duration;

use acceptance::{Call, Person, World};
use saoma_domain::sms_challenge::ChallengeId;
use serde_json::{Value, json};

use super::{Route, repeats, route};
use crate::{
    operations::{confirmed_kiosk, kiosk_poll},
    remembered::{DEVICE, Region, log_in},
};

const NUMBER: &str = "13800138000";

fn get(person: &Person, path: &str) -> Call {
    Call::get(&format!("/api/user/{path}")).bearer(&person.token)
}

fn delete(person: &Person, path: &str) -> Call {
    Call::new("DELETE", &format!("/api/user{path}")).bearer(&person.token)
}

/// A person with a login, a machine, a pair, a push endpoint, and another phone.
async fn settled(world: &World) -> Person {
    let person = world.sign_in(NUMBER).await;
    let created = confirmed_kiosk(world, &person).await;
    world.call(kiosk_poll(&created, &created.text("pollToken"))).await;
    let region = Region::registered(world, "region-1");
    log_in(world, &region, &person, json!({"deviceId": DEVICE})).await;
    let body = json!({"platform": "FCM", "token": "fcm-token-0123456789"});
    world.call(Call::post("/api/device/push").bearer(&person.token).json(&body)).await;
    world.clock.advance(Duration::from_mins(2));
    world.sign_in(NUMBER).await;
    person
}

async fn first_id(world: &World, person: &Person, list: &str) -> String {
    let rows = world.call(get(person, list)).await.json()["rows"].clone();
    let other = |row: &&Value| row["current"] != true;
    rows.as_array().unwrap().iter().find(other).unwrap()["id"].as_str().unwrap().to_owned()
}

// B12 K12
#[tokio::test]
async fn what_is_theirs_is_listed_and_ended() {
    for list in ["me", "sign-ins", "logins", "machines", "pairs", "history", "export"] {
        repeats(route(list), async |world| get(&settled(world).await, list)).await;
    }
    for list in ["sign-ins", "logins", "machines", "pairs"] {
        repeats(route(list), async |world| {
            let person = settled(world).await;
            let id = first_id(world, &person, list).await;
            delete(&person, &format!("/{list}/{id}"))
        })
        .await;
        // A call that ended some before it failed says so: it ends fewer the next time.
        let all = Route { drawn: &["ended"], ..route(list) };
        repeats(all, async |world| delete(&settled(world).await, &format!("/{list}"))).await;
    }
}

// B12 K12: a call that died midway is made again, and the account goes.
#[tokio::test]
async fn a_person_leaves() {
    repeats(route("leave"), async |world| {
        let person = settled(world).await;
        world.clock.advance(Duration::from_mins(2));
        let challenge = ChallengeId::random(&*world.random).as_str().to_owned();
        let asking = json!({"phone": NUMBER, "challenge": challenge});
        assert_eq!(world.call(Call::post("/api/user/sendCode").json(&asking)).await.status, 200);
        let code = world.outbox.last_code().unwrap();
        delete(&person, "").json(&json!({"challenge": challenge, "code": code}))
    })
    .await;
}
