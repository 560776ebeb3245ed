//! `POST /qr/ticket`: the site's server takes its token.

use std::sync::Arc;

use acceptance::{Call, ISSUER, Person, World};
use saoma_domain::{
    account::AccountStatus,
    client::Client,
    identity::ClientId,
    secrets::TokenId,
    session::{CancelReason, State},
};
use saoma_http::exchange::exchange as redeem;
use saoma_tokens::TicketClaims;
use serde_json::json;

use super::{Pc, app, basic, done, exchange, let_in, pass, refused, register, register_shop, sessions, user};
use crate::crowd::at_once;

/// A ticket of a QR that the person activated for the shop.
async fn ticket(world: &World, person: &Person) -> (Pc, String) {
    let pc = Pc::open_shop(world).await;
    let_in(world, person, &pc).await;
    let ticket = pc.ticket(world).await;
    (pc, ticket)
}

#[tokio::test]
async fn a_form_does_what_json_does() {
    let world = World::default();
    let shop = register_shop(&world);
    let person = world.sign_in("13800138000").await;
    let (_, ticket) = ticket(&world, &person).await;
    let call = Call::post("/qr/ticket").header("authorization", &shop);
    let answer =
        world.call(call.body("application/x-www-form-urlencoded", &format!("ticket={ticket}"))).await;
    assert_eq!(user(&answer), json!(person.account.to_string()));
}

// B4
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn fifty_exchanges_at_once_get_one_token() {
    for _ in 0..20 {
        let world = Arc::new(World::default());
        let shop = register_shop(&world);
        let person = world.sign_in("13800138000").await;
        let (_, ticket) = ticket(&world, &person).await;
        let call = Call::post("/qr/ticket").header("authorization", &shop).json(&json!({"ticket": ticket}));
        let answers = at_once(&world, vec![call; 50]).await;
        let tokens: Vec<_> = answers.iter().map(|answer| answer.text("access_token")).collect();
        assert!(tokens.iter().all(|token| *token == tokens[0]), "B8: the same ticket, the same token");
    }
}

// B4
#[tokio::test]
async fn of_many_tickets_for_one_session_one_is_good() {
    let world = World::default();
    let shop = register_shop(&world);
    let person = world.sign_in("13800138000").await;
    let (pc, first) = ticket(&world, &person).await;
    let second = pc.ticket(&world).await;
    assert_ne!(first, second);
    user(&exchange(&world, &shop, &second).await);
    exchange(&world, &shop, &first).await.problem(400, "invalid_ticket");
}

// K16
#[tokio::test]
async fn the_exchange_returns_the_state_that_the_page_opened_its_qr_with() {
    let world = World::default();
    let shop = register_shop(&world);
    let person = world.sign_in("13800138000").await;
    let longest = "s".repeat(64);
    for state in ["x~%26y", &longest] {
        for path in ["/qr/code", "/qr/loginpic"] {
            let opened = world.call(Call::get(&format!("{path}?client=shop&state={state}"))).await;
            let code = opened.cookie().split_once('=').unwrap().1.split_once('.').unwrap().0.to_owned();
            for step in ["lock", "activate"] {
                done(&app(&world, step, &person, &code).await);
            }
            let polled = world.call(Call::get("/qr/login").cookie(&opened.cookie())).await;
            let ticket = polled.text("url").split_once("ticket=").unwrap().1.to_owned();
            for _ in ["first", "again"] {
                let exchanged = exchange(&world, &shop, &ticket).await;
                assert_eq!(exchanged.text("state"), state.replace("%26", "&"));
            }
        }
    }
}

// K16
#[tokio::test]
async fn a_state_that_no_page_sends_is_refused_and_opens_nothing() {
    let world = World::default();
    let before = sessions(&world);
    for state in ["a%20b", "%E2%80%AE", "a%0Ab", &"s".repeat(65)] {
        let path = format!("/qr/code?state={state}");
        refused(&world.call(Call::get(&path)).await, 400, "invalid_state");
    }
    assert_eq!(sessions(&world), before);
}

// A5
#[tokio::test]
async fn another_clients_credentials_are_refused_and_use_nothing_up() {
    let world = World::default();
    let shop = register_shop(&world);
    let other = register(&world, "other", |client| client);
    let person = world.sign_in("13800138000").await;
    let (_, ticket) = ticket(&world, &person).await;
    let before = sessions(&world);
    exchange(&world, &other, &ticket).await.problem(400, "invalid_ticket");
    assert_eq!(sessions(&world), before);
    assert_eq!(user(&exchange(&world, &shop, &ticket).await), json!(person.account.to_string()));
}

#[tokio::test]
async fn a_server_that_does_not_prove_itself_is_refused_and_uses_nothing_up() {
    let world = World::default();
    let shop = register_shop(&world);
    let person = world.sign_in("13800138000").await;
    let (pc, ticket) = ticket(&world, &person).await;
    let before = sessions(&world);
    for authorization in [
        String::new(),
        basic("shop", "wrong"),
        basic("shop", ""),
        basic("nobody", "wrong"),
        basic("saoma", ""),
        basic("saoma", "x"),
        "Basic ***".to_owned(),
        format!("Basic {}", "A".repeat(10_000)),
        format!("Bearer {}", person.token),
        shop.replace("Basic", "Digest"),
    ] {
        exchange(&world, &authorization, &ticket).await.problem(401, "invalid_client");
    }
    let by_cookie = Call::post("/qr/ticket").cookie(&pc.cookie).json(&json!({"ticket": ticket}));
    world.call(by_cookie).await.problem(401, "invalid_client");
    assert_eq!(sessions(&world), before);
    user(&exchange(&world, &shop, &ticket).await);
}

// B8 E18
#[tokio::test]
async fn a_used_ticket_gets_nothing_later() {
    let world = World::default();
    let shop = register_shop(&world);
    let person = world.sign_in("13800138000").await;
    let (pc, ticket) = ticket(&world, &person).await;
    let first = exchange(&world, &shop, &ticket).await;
    for seconds in [0, 1, 29] {
        pass(&world, seconds);
        assert_eq!(exchange(&world, &shop, &ticket).await.body, first.body, "its answer may have been lost");
        assert_eq!(pc.poll(&world).await.json()["statusflag"], -2);
    }
    for seconds in [1, 250] {
        pass(&world, seconds);
        exchange(&world, &shop, &ticket).await.problem(400, "invalid_ticket");
    }
}

#[tokio::test]
async fn a_ticket_is_good_for_a_minute() {
    for (seconds, status) in [(59, 200), (60, 400)] {
        let world = World::default();
        let shop = register_shop(&world);
        let person = world.sign_in("13800138000").await;
        let (_, ticket) = ticket(&world, &person).await;
        pass(&world, seconds);
        assert_eq!(exchange(&world, &shop, &ticket).await.status, status);
    }
}

// K11: the answer to the last second's exchange was lost.
#[tokio::test]
async fn a_ticket_that_was_used_in_time_gets_its_token_again_after_its_minute() {
    let world = World::default();
    let shop = register_shop(&world);
    let person = world.sign_in("13800138000").await;
    let (pc, used) = ticket(&world, &person).await;
    let unused = pc.ticket(&world).await;
    pass(&world, 59);
    let first = exchange(&world, &shop, &used).await;
    assert_eq!(first.status, 200);
    pass(&world, 29);
    assert_eq!(exchange(&world, &shop, &used).await.body, first.body);
    exchange(&world, &shop, &unused).await.problem(400, "invalid_ticket");
    pass(&world, 2);
    exchange(&world, &shop, &used).await.problem(400, "invalid_ticket");
}

// E9 E11
#[tokio::test]
async fn no_other_kind_of_token_is_a_ticket() {
    let world = World::default();
    let shop = register_shop(&world);
    let person = world.sign_in("13800138000").await;
    let (pc, good) = ticket(&world, &person).await;
    let (_, used) = ticket(&world, &person).await;
    let token = exchange(&world, &shop, &used).await.text("access_token");
    let before = sessions(&world);
    let (unsigned, _) = good.rsplit_once('.').unwrap();
    for wrong in [
        person.token.clone(),
        person.refresh_token.clone(),
        token,
        pc.poll_token.clone(),
        pc.code.clone(),
        String::new(),
        format!("{unsigned}."),
        unsigned.to_owned(),
        format!("{good}A"),
        good[..good.len() - 2].to_owned(),
        "x".repeat(10_000),
    ] {
        exchange(&world, &shop, &wrong).await.problem(400, "invalid_ticket");
    }
    assert_eq!(sessions(&world), before);
    user(&exchange(&world, &shop, &good).await);
}

// A14
#[tokio::test]
async fn an_account_barred_since_it_confirmed_signs_nobody_in() {
    type Barring = fn(&World, &Person);
    let bar: [(Barring, CancelReason); 3] = [
        (|world, person| world.set_status(person, AccountStatus::Locked), CancelReason::AccountBarred),
        (|world, person| world.set_status(person, AccountStatus::Deleted), CancelReason::AccountBarred),
        // K1: a reset ends the sign-in that agreed.
        (|world, person| world.reset_credentials(person), CancelReason::SignInEnded),
    ];
    for (bar, why) in bar {
        let world = World::default();
        let shop = register_shop(&world);
        let person = world.sign_in("13800138000").await;
        let (pc, ticket) = ticket(&world, &person).await;
        pass(&world, 1);
        bar(&world, &person);
        exchange(&world, &shop, &ticket).await.problem(400, "invalid_ticket");
        let state = world.session(&pc.code).state;
        assert!(matches!(&state, State::Cancelled { reason, .. } if *reason == why), "{state:?}");
        // Unlocking the account does not revive the session.
        world.set_status(&person, AccountStatus::Active);
        exchange(&world, &shop, &ticket).await.problem(400, "invalid_ticket");
        assert_eq!(
            pc.poll(&world).await.json(),
            json!({"statusflag": -2, "pollAfter": 5, "reason": "cancelled"})
        );
    }
}

#[tokio::test]
async fn a_client_without_a_secret_exchanges_nothing() {
    let world = World::default();
    let shop = register(&world, "shop", |client| Client { secret: None, ..client });
    let person = world.sign_in("13800138000").await;
    let (_, ticket) = ticket(&world, &person).await;
    exchange(&world, &shop, &ticket).await.problem(401, "invalid_client");
}

// A5: a second check behind the ticket's own audience. A ticket redeems only sessions of its client.
#[tokio::test]
async fn a_ticket_that_names_another_clients_session_redeems_nothing() {
    let world = World::default();
    register_shop(&world);
    let person = world.sign_in("13800138000").await;
    let pc = Pc::open_shop(&world).await;
    let_in(&world, &person, &pc).await;
    let stored = world.session(&pc.code);
    let present = async |client: &str| {
        let client = ClientId::parse(client).unwrap();
        let expires_at = stored.expires_at;
        let id = TokenId::random(&*world.random);
        let ticket = TicketClaims { code: stored.code.clone(), client, id, expires_at };
        redeem(&world.service, &world.notify.logins, ISSUER, &ticket, None).await.map(|_| ())
    };
    assert_eq!(present("other").await.unwrap_err().code, "invalid_ticket");
    assert_eq!(world.session(&pc.code), stored);
    present("shop").await.unwrap();
}
