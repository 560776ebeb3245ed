//! `POST /welcome`: our own page exchanges its ticket.

use std::time::Duration;

use acceptance::{Call, World};
use serde_json::json;

use super::exchange;
use crate::{
    rotating,
    web::{Pc, app, done, let_in, register_shop, sessions},
};

// W1 A2 A4 E18: login CSRF, a link that signs its reader in as another person.
#[tokio::test]
async fn a_ticket_works_only_in_the_browser_that_showed_its_qr() {
    let world = World::default();
    let person = world.sign_in("13800138000").await;
    let (attacker, victim) = (Pc::open(&world).await, Pc::open(&world).await);
    let_in(&world, &person, &attacker).await;
    let ticket = attacker.ticket(&world).await;
    let before = sessions(&world);
    let secret_of_victim = victim.poll_token.split_once('.').unwrap().1;
    let forged = format!("__Host-saoma-qr={}.{secret_of_victim}", attacker.code); // A2
    let unprefixed = format!("saoma-qr={}", attacker.poll_token); // A4
    for cookie in ["", victim.cookie.as_str(), &forged, &unprefixed] {
        exchange(&world, cookie, &ticket).await.problem(400, "invalid_ticket");
    }
    assert_eq!(sessions(&world), before);
    let by_header = |token: &str| {
        let call = Call::post("/welcome").json(&json!({"ticket": ticket}));
        call.header("token", token)
    };
    for token in [victim.poll_token.as_str(), &format!("{}.{secret_of_victim}", attacker.code), &person.token]
    {
        world.call(by_header(token)).await.problem(400, "invalid_ticket");
    }
    assert_eq!(sessions(&world), before);
    let exchanged = exchange(&world, &attacker.cookie, &ticket).await;
    assert_eq!(exchanged.json()["user"]["memberId"], json!(person.account.to_string()));
    // B8 E18
    let again = exchange(&world, &attacker.cookie, &ticket).await;
    assert_eq!(again.json(), exchanged.json());
    world.clock.advance(Duration::from_secs(31));
    exchange(&world, &attacker.cookie, &ticket).await.problem(400, "invalid_ticket");
}

// F6: each tab proves itself by the `pollToken` of its own QR, whichever cookie the browser holds.
#[tokio::test]
async fn a_ticket_works_for_the_tab_that_holds_the_poll_token() {
    let world = World::default();
    let person = world.sign_in("13800138000").await;
    let (tab, newer) = (Pc::open(&world).await, Pc::open(&world).await);
    let_in(&world, &person, &tab).await;
    let ticket = tab.ticket(&world).await;
    let call = Call::post("/welcome").json(&json!({"ticket": ticket}));
    let exchanged = world.call(call.header("token", &tab.poll_token).cookie(&newer.cookie)).await;
    assert_eq!(exchanged.json()["user"]["memberId"], json!(person.account.to_string()));
}

// K17: our own page is a client of its own, whose people must pick the number that it shows.
#[tokio::test]
async fn our_page_lets_a_person_in_only_with_the_number() {
    let world = World::default();
    let person = world.sign_in("13800138000").await;
    let opened = world.call(Call::get("/qr/code?client=sign-in&rotate=1")).await;
    let pc = Pc::read(&opened);
    let read = format!("{}-{}", pc.code, rotating::tags(&opened.json()["rotate"])[0]);
    done(&app(&world, "lock", &person, &read).await);
    let bare = app(&world, "activate", &person, &pc.code).await;
    assert_eq!(bare.text("code"), "match_number_required");
    let call = Call::post(&format!("/q/{}/confirm", pc.code)).bearer(&person.token);
    world.call(call.clone().json(&json!({}))).await.problem(400, "match_number_required");
    assert_eq!(world.call(call.json(&json!({"matchNumber": pc.number}))).await.status, 200);
    let ticket = pc.ticket(&world).await;
    let exchanged = exchange(&world, &pc.cookie, &ticket).await;
    assert_eq!(exchanged.json()["user"]["memberId"], json!(person.account.to_string()));
}

// A5
#[tokio::test]
async fn our_page_exchanges_no_other_clients_ticket() {
    let world = World::default();
    register_shop(&world);
    let person = world.sign_in("13800138000").await;
    let pc = Pc::open_shop(&world).await;
    let_in(&world, &person, &pc).await;
    let ticket = pc.ticket(&world).await;
    let before = sessions(&world);
    exchange(&world, &pc.cookie, &ticket).await.problem(400, "invalid_ticket");
    exchange(&world, &pc.cookie, &person.token).await.problem(400, "invalid_ticket"); // E9
    assert_eq!(sessions(&world), before);
}
