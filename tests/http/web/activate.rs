//! `POST /qr/activate`: the person lets the PC in.

use acceptance::{Answer, Call, Person, World};
use saoma_domain::ports::{Checks, Clock};
use saoma_domain::{
    account::AccountStatus,
    client::Client,
    secrets::TokenId,
    session::{CancelReason, MatchPolicy, State},
};
use serde_json::json;

use super::{Pc, app, dead_because, done, flag, pass, refused, register, sessions};

async fn activate_with(world: &World, person: &Person, code: &str, number: &str) -> Answer {
    let call = Call::post("/qr/activate").header("token", &person.token);
    world.call(call.json(&json!({"code": code, "matchNumber": number}))).await
}

async fn locked(world: &World, person: &Person) -> Pc {
    let pc = Pc::open(world).await;
    done(&app(world, "lock", person, &pc.code).await);
    pc
}

// B1
#[tokio::test]
async fn activating_again_changes_nothing() {
    let world = World::default();
    let person = world.sign_in("13800138000").await;
    let pc = locked(&world, &person).await;
    done(&activate_with(&world, &person, &pc.code, &pc.number).await);
    let before = sessions(&world);
    pass(&world, 5);
    done(&app(&world, "activate", &person, &pc.code).await);
    assert_eq!(sessions(&world), before);
}

// A9
#[tokio::test]
async fn what_was_not_scanned_cannot_be_confirmed() {
    let world = World::default();
    let person = world.sign_in("13800138000").await;
    let pc = Pc::open(&world).await;
    let before = sessions(&world);
    refused(&activate_with(&world, &person, &pc.code, &pc.number).await, 409, "not_scanned");
    assert_eq!(sessions(&world), before);
}

// A7 A8
#[tokio::test]
async fn a_second_phone_cannot_confirm() {
    let world = World::default();
    let person = world.sign_in("13800138000").await;
    let other = world.sign_in("13800138001").await;
    pass(&world, 61);
    let other_phone = world.sign_in("13800138000").await;
    let pc = locked(&world, &person).await;
    let before = sessions(&world);
    for stranger in [&other, &other_phone] {
        refused(&app(&world, "activate", stranger, &pc.code).await, 403, "claimed_by_another");
        // A wrong number would end the session, but only from the phone that holds it.
        refused(
            &activate_with(&world, stranger, &pc.code, pc.wrong_number()).await,
            403,
            "claimed_by_another",
        );
    }
    assert_eq!(sessions(&world), before);
    done(&app(&world, "activate", &person, &pc.code).await);
}

// A13 I7
#[tokio::test]
async fn a_phone_that_signed_out_after_scanning_cannot_confirm() {
    let world = World::default();
    let person = world.sign_in("13800138000").await;
    let pc = locked(&world, &person).await;
    let before = sessions(&world);
    assert_eq!(world.call(Call::post("/api/user/logout").bearer(&person.token)).await.status, 204);
    for step in ["activate", "cancel", "lock"] {
        refused(&app(&world, step, &person, &pc.code).await, 401, "unauthorized");
    }
    assert_eq!(sessions(&world), before);
    assert_eq!(flag(&pc.poll(&world).await), 1);
}

// A13
#[tokio::test]
async fn an_expired_token_cannot_confirm() {
    let world = World::with(&[("ACCESS_TOKEN_SECONDS", "60"), ("SESSION_SECONDS", "900")]);
    let person = world.sign_in("13800138000").await;
    let pc = locked(&world, &person).await;
    let before = sessions(&world);
    pass(&world, 60);
    refused(&app(&world, "activate", &person, &pc.code).await, 401, "unauthorized");
    assert_eq!(sessions(&world), before);
    let refreshed = world
        .call(Call::post("/api/user/refresh").json(&json!({"refreshToken": person.refresh_token})))
        .await;
    assert_eq!(refreshed.status, 200, "{}", refreshed.whole());
    let person = Person { token: refreshed.text("token"), ..person };
    done(&app(&world, "activate", &person, &pc.code).await);
}

// A13 E8
#[tokio::test]
async fn a_token_for_another_service_cannot_confirm() {
    let world = World::default();
    let person = world.sign_in("13800138000").await;
    let pc = locked(&world, &person).await;
    let before = sessions(&world);
    let phone = world.session(&pc.code).state.claim().unwrap().by.clone();
    let sign_in = world.memory.phone(&phone).await.unwrap().sign_in.unwrap();
    let (keys, settings) = (&world.service.keys, &world.service.settings);
    for issuer in ["https://other.example.com", "https://login.example.com/", "http://login.example.com", ""]
    {
        let id = TokenId::random(&*world.random);
        let life = settings.access_token_life;
        let token = keys.mint_phone_token(issuer, &sign_in, &id, life, world.clock.now()).unwrap().token;
        let stranger = Person { token, ..person.clone() };
        refused(&app(&world, "activate", &stranger, &pc.code).await, 401, "unauthorized");
    }
    assert_eq!(sessions(&world), before);
}

// A13 A14
#[tokio::test]
async fn a_barred_account_cannot_confirm() {
    for status in [AccountStatus::Locked, AccountStatus::Deleted] {
        let world = World::default();
        let person = world.sign_in("13800138000").await;
        let pc = locked(&world, &person).await;
        let before = sessions(&world);
        world.set_status(&person, status);
        refused(&app(&world, "activate", &person, &pc.code).await, 403, "account_barred");
        assert_eq!(sessions(&world), before);
    }
}

// B3
#[tokio::test]
async fn a_confirmation_counts_until_the_second_of_expiry() {
    for (seconds, counts) in [(299, true), (300, false), (301, false)] {
        let world = World::default();
        let person = world.sign_in("13800138000").await;
        let pc = locked(&world, &person).await;
        pass(&world, seconds);
        let answer = app(&world, "activate", &person, &pc.code).await;
        if counts {
            done(&answer);
        } else {
            dead_because(&answer, "expired");
        }
        let state = world.session(&pc.code).state;
        assert_eq!(state.name(), if counts { "confirmed" } else { "scanned" });
    }
}

// D14
#[tokio::test]
async fn a_wrong_match_number_ends_the_session() {
    for policy in [MatchPolicy::Off, MatchPolicy::Show, MatchPolicy::Pick] {
        let world = World::default();
        register(&world, "shop", |client| Client { match_policy: policy, ..client });
        let person = world.sign_in("13800138000").await;
        let mut pc = Pc::open_shop(&world).await;
        pc.number = world.session(&pc.code).match_number.to_string();
        done(&app(&world, "lock", &person, &pc.code).await);
        let answer = activate_with(&world, &person, &pc.code, pc.wrong_number()).await;
        refused(&answer, 403, "wrong_match_number");
        let state = world.session(&pc.code).state;
        assert!(
            matches!(state, State::Cancelled { reason: CancelReason::WrongMatchNumber, .. }),
            "{state:?}"
        );
        dead_because(&activate_with(&world, &person, &pc.code, &pc.number).await, "cancelled");
        assert_eq!(flag(&pc.poll(&world).await), -2);
    }
}

// D14
#[tokio::test]
async fn a_number_that_cannot_be_right_is_wrong() {
    let world = World::default();
    let person = world.sign_in("13800138000").await;
    let pc = locked(&world, &person).await;
    refused(&activate_with(&world, &person, &pc.code, "07").await, 403, "wrong_match_number");
    assert_eq!(flag(&pc.poll(&world).await), -2);
}

// F8
#[tokio::test]
async fn a_number_is_read_as_keyboards_give_it() {
    let world = World::default();
    let person = world.sign_in("13800138000").await;
    let pc = locked(&world, &person).await;
    let wide: String = pc.number.chars().map(|c| char::from_u32(u32::from(c) + 0xFEE0).unwrap()).collect();
    done(&activate_with(&world, &person, &pc.code, &format!(" {wide}\u{200E}\n")).await);
}

#[tokio::test]
async fn what_is_not_two_digits_is_no_answer_at_all() {
    let world = World::default();
    let person = world.sign_in("13800138000").await;
    let pc = locked(&world, &person).await;
    let before = sessions(&world);
    for number in ["4", "420", "4a", "-1", "٤٢", "4 2"] {
        refused(&activate_with(&world, &person, &pc.code, number).await, 400, "malformed_match_number");
    }
    assert_eq!(sessions(&world), before);
}

// D14
#[tokio::test]
async fn the_policy_pick_asks_for_the_number() {
    let world = World::default();
    register(&world, "shop", |client| Client { match_policy: MatchPolicy::Pick, ..client });
    let person = world.sign_in("13800138000").await;
    let pc = Pc::open_shop(&world).await;
    done(&app(&world, "lock", &person, &pc.code).await);
    let before = sessions(&world);
    refused(&app(&world, "activate", &person, &pc.code).await, 400, "match_number_required");
    refused(&activate_with(&world, &person, &pc.code, "").await, 400, "match_number_required");
    assert_eq!(sessions(&world), before);
    done(&activate_with(&world, &person, &pc.code, &pc.number).await);
}

#[tokio::test]
async fn the_policy_off_offers_and_asks_for_nothing() {
    let world = World::default();
    register(&world, "shop", |client| Client { match_policy: MatchPolicy::Off, ..client });
    let person = world.sign_in("13800138000").await;
    let pc = Pc::open_shop(&world).await;
    let locked = app(&world, "lock", &person, &pc.code).await;
    assert_eq!(locked.json()["consent"]["matchNumber"], json!({"policy": "off", "choices": []}));
    done(&app(&world, "activate", &person, &pc.code).await);
}
