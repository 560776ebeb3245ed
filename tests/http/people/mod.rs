//! `/api/user/*` for what is a person's (`docs/people.md`). This file has the helpers, and tests of all endpoints.

mod ending;
mod history;
pub(crate) mod leaving;
mod lists;

use acceptance::{Answer, Call, Person, World};
use serde_json::{Value, json};

use crate::{
    operations::{confirmed_kiosk, confirmed_web, kiosk_poll, shop},
    remembered::{DEVICE, Region, code, log_in},
};

const NUMBER: &str = "13800138000";
const OTHER: &str = "13900139000";

fn get(person: &Person, path: &str) -> Call {
    Call::get(&format!("/api/user/{path}")).bearer(&person.token)
}

fn delete(person: &Person, path: &str) -> Call {
    Call::new("DELETE", &format!("/api/user/{path}")).bearer(&person.token)
}

/// The rows of a list's first page.
async fn rows(world: &World, person: &Person, list: &str) -> Vec<Value> {
    let answer = world.call(get(person, list)).await;
    assert_eq!(answer.status, 200, "{list}: {}", answer.whole());
    answer.json()["rows"].as_array().unwrap().clone()
}

/// The id of a list's first row.
async fn first_id(world: &World, person: &Person, list: &str) -> String {
    rows(world, person, list).await[0]["id"].as_str().unwrap().to_owned()
}

async fn end(world: &World, person: &Person, path: &str) -> Answer {
    world.call(delete(person, path)).await
}

fn refresh(person: &Person) -> Call {
    Call::post("/api/user/refresh").json(&json!({"refreshToken": person.refresh_token}))
}

/// A kiosk login of this person; the create answer of the kiosk.
async fn kiosk_login(world: &World, person: &Person) -> Answer {
    let created = confirmed_kiosk(world, person).await;
    let polled = world.call(kiosk_poll(&created, &created.text("pollToken"))).await;
    assert!(polled.json()["memberToken"].is_string(), "{}", polled.whole());
    created
}

/// The calls of all endpoints, as this token's holder would make them.
fn every_call(token: &str) -> Vec<Call> {
    let lists = ["sign-ins", "logins", "machines", "pairs"];
    let get = ["me", "history", "export"].into_iter().chain(lists);
    let get = get.map(|path| Call::get(&format!("/api/user/{path}")));
    let all = lists.into_iter().map(|path| Call::new("DELETE", &format!("/api/user/{path}")));
    let one = lists.into_iter().map(|path| Call::new("DELETE", &format!("/api/user/{path}/aaaa")));
    let leave = Call::new("DELETE", "/api/user");
    let calls = get.chain(all).chain(one).chain([leave]);
    calls.map(|call| if token.is_empty() { call } else { call.bearer(token) }).collect()
}

// A12
#[tokio::test]
async fn a_token_that_was_got_by_scanning_sees_and_ends_nothing() {
    let world = World::default();
    let person = world.sign_in(NUMBER).await;
    let created = confirmed_kiosk(&world, &person).await;
    let polled = world.call(kiosk_poll(&created, &created.text("pollToken"))).await;
    let before = world.memory.census();
    for call in every_call(&polled.text("memberToken")) {
        world.call(call).await.problem(403, "not_an_approver");
    }
    for call in every_call("") {
        world.call(call).await.problem(401, "unauthorized");
    }
    assert_eq!(world.memory.census(), before);
}

// I7: also with a token that is good for minutes yet.
#[tokio::test]
async fn a_phone_that_is_signed_out_sees_and_ends_nothing() {
    let world = World::default();
    let person = world.sign_in(NUMBER).await;
    let logout = Call::post("/api/user/logout").bearer(&person.token);
    assert_eq!(world.call(logout).await.status, 204);
    let before = world.memory.census();
    for call in every_call(&person.token) {
        world.call(call).await.problem(401, "unauthorized");
    }
    assert_eq!(world.memory.census(), before);
}
