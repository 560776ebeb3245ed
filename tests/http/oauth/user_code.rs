//! A person types the code that a device shows.

use acceptance::{Answer, Call, Person, World};
use insta::assert_snapshot;
use saoma_domain::{
    oauth::typing::{TRIES_OF_A_NETWORK, TRIES_OF_AN_ACCOUNT},
    ports::{Created, Sessions, WriteId},
    secrets::Secret,
};
use saoma_tokens::keyring::PUBLISHED_BEFORE_USE;
use serde_json::json;

use super::{Device, pass, with_tv};
use crate::pages;

const WRONG: &str = "BCDF-GHJK-LMNP";

pub(super) async fn types(world: &World, person: &Person, code: &str) -> Answer {
    typed_from(world, person, code, "203.0.113.7").await
}

async fn typed_from(world: &World, person: &Person, code: &str, ip: &str) -> Answer {
    let call = Call::post("/oauth/user_code").bearer(&person.token).json(&json!({"userCode": code}));
    world.call(call.from_ip(ip)).await
}

#[tokio::test]
async fn a_typed_code_leads_to_its_session() {
    let (world, person) = with_tv().await;
    let device = Device::begin(&world).await;
    let found = types(&world, &person, &device.text("user_code").to_lowercase().replace('-', " ")).await;
    assert_eq!((found.status.as_u16(), found.text("code").as_str()), (200, device.code()));
    device.approved_by(&world, &person).await;
    assert_eq!(device.poll(&world).await.status, 200);
    types(&world, &person, device.text("user_code")).await.problem(404, "not_found");
}

// D1
#[tokio::test]
async fn the_sixth_wrong_code_of_an_hour_is_not_looked_up() {
    let (world, person) = with_tv().await;
    let device = Device::begin(&world).await;
    types(&world, &person, "XXXX").await.problem(400, "malformed_user_code");
    for _ in 0..TRIES_OF_AN_ACCOUNT {
        assert_eq!(
            types(&world, &person, device.text("user_code")).await.status,
            200,
            "a right one is not counted"
        );
        types(&world, &person, WRONG).await.problem(404, "not_found");
    }
    let refused = types(&world, &person, device.text("user_code")).await;
    assert_snapshot!(refused.whole());
    let other = world.sign_in("13900139000").await;
    assert_eq!(
        types(&world, &other, device.text("user_code")).await.status,
        200,
        "another person is not affected"
    );
    pass(&world, 3600);
    let device = Device::begin(&world).await;
    let again = world.sign_in("13800138000").await;
    assert_eq!(types(&world, &again, device.text("user_code")).await.status, 200);
}

// D1
#[tokio::test]
async fn many_accounts_of_one_network_guess_fifty_times_in_an_hour() {
    let (world, _) = with_tv().await;
    for n in 0..TRIES_OF_A_NETWORK / TRIES_OF_AN_ACCOUNT {
        let person = world.sign_in(&format!("1380013{n:04}")).await;
        for host in 0..TRIES_OF_AN_ACCOUNT {
            let answer = typed_from(&world, &person, WRONG, &format!("198.51.100.{host}")).await;
            answer.problem(404, "not_found");
        }
    }
    let person = world.sign_in("13900139000").await;
    typed_from(&world, &person, WRONG, "198.51.100.77").await.problem(429, "too_many_requests");
    typed_from(&world, &person, WRONG, "198.51.101.77").await.problem(404, "not_found");
}

// E13
#[tokio::test]
async fn a_code_that_was_shown_before_a_rotation_is_found_after_it() {
    let (world, _) = with_tv().await;
    let device = Device::begin(&world).await;
    let rotate = json!({"do": "keys.rotate"});
    assert_eq!(world.command(rotate.clone()).await["ok"], true);
    world.clock.advance(PUBLISHED_BEFORE_USE / 3);
    let person = world.sign_in("13800138000").await;
    assert_eq!(types(&world, &person, device.text("user_code")).await.status, 200, "published");
    world.vault.promote_pending();
    let after = world.beside();
    assert_eq!(types(&after, &person, device.text("user_code")).await.status, 200, "promoted");
}

// B10: another world draws the same codes, so the first one that a device is given here is taken.
#[tokio::test]
async fn a_user_code_whose_session_is_taken_is_drawn_again() {
    let (twin, _) = with_tv().await;
    let taken = Device::begin(&twin).await;
    let (world, person) = with_tv().await;
    let write = WriteId::random(&*twin.random);
    let stored = world.memory.create(&taken.session(&twin), &write).await.unwrap();
    assert_eq!(stored, Created::Stored);
    let device = Device::begin(&world).await;
    assert_eq!(secret_of(&device), secret_of(&taken), "the same draws");
    assert_ne!(device.text("user_code"), taken.text("user_code"));
    let found = types(&world, &person, device.text("user_code")).await;
    assert_eq!(found.text("code"), device.code());
    device.approved_by(&world, &person).await;
    assert_eq!(device.poll(&world).await.status, 200);
    assert_eq!(world.session(taken.code()), taken.session(&twin), "the other session is untouched");
}

fn secret_of(device: &Device) -> &str {
    device.text("device_code").split_once('.').unwrap().1
}

// A12 E9
#[tokio::test]
async fn only_a_phone_types_a_code() {
    let (world, person) = with_tv().await;
    let tokens = Device::signed_in(&world, &person).await;
    let device = Device::begin(&world).await;
    let typed = json!({"userCode": device.text("user_code")});
    world.call(Call::post("/oauth/user_code").json(&typed)).await.problem(401, "unauthorized");
    let by_screen = Call::post("/oauth/user_code").bearer(tokens["access_token"].as_str().unwrap());
    world.call(by_screen.json(&typed)).await.problem(403, "not_an_approver");
    let code = Secret::presented(device.text("user_code"));
    assert!(code.is_none_or(|code| !device.session(&world).is_screen(&code)));
    pages::step(&world, "scan", &person, device.code(), &json!({})).await;
    assert_eq!(
        types(&world, &person, device.text("user_code")).await.status,
        200,
        "the claim's holder goes on"
    );
}
