//! What a token tells, and how it is given up: userinfo, revocation, introspection.

use acceptance::{Answer, Call, World};
use insta::assert_snapshot;
use saoma_domain::{account::AccountStatus, oauth::ClientAuth};
use serde_json::{Value, json};

use super::{Device, TV, form, pass, refused, register, register_as, with_tv};
use crate::web::basic;

const BOX: &str = "box";

async fn userinfo(world: &World, token: &str) -> Answer {
    world.call(Call::get("/oauth/userinfo").bearer(token)).await
}

fn text<'a>(tokens: &'a Value, name: &str) -> &'a str {
    tokens[name].as_str().unwrap()
}

#[tokio::test]
async fn userinfo_tells_what_was_granted() {
    let (world, person) = with_tv().await;
    let tokens = Device::signed_in(&world, &person).await;
    assert_snapshot!(userinfo(&world, text(&tokens, "access_token")).await.whole());
    let device = Device::begin_as(&world, TV, "openid").await;
    device.approved_by(&world, &person).await;
    let told = userinfo(&world, &device.poll(&world).await.text("access_token")).await;
    assert_eq!(told.json(), json!({"sub": person.account.to_string()}));
}

// E9 A14 I7
#[tokio::test]
async fn userinfo_takes_no_other_token_and_none_that_is_over() {
    let (world, person) = with_tv().await;
    let tokens = Device::signed_in(&world, &person).await;
    let access = text(&tokens, "access_token");
    for other in [text(&tokens, "id_token"), text(&tokens, "refresh_token"), &person.token, "x", ""] {
        let answer = userinfo(&world, other).await;
        refused(&answer, 401, "invalid_token");
        assert!(answer.header("www-authenticate").starts_with("Bearer error=\"invalid_token\""));
    }
    let device = Device::begin_as(&world, TV, "profile").await;
    device.approved_by(&world, &person).await;
    let narrow = device.poll(&world).await.text("access_token");
    refused(&userinfo(&world, &narrow).await, 403, "insufficient_scope");
    world.set_status(&person, AccountStatus::Locked);
    refused(&userinfo(&world, access).await, 401, "invalid_token");
    world.set_status(&person, AccountStatus::Active);
    pass(&world, 900);
    refused(&userinfo(&world, access).await, 401, "invalid_token");
}

// RFC 7009
#[tokio::test]
async fn a_token_that_is_given_up_counts_no_more() {
    for given_up in ["refresh_token", "access_token"] {
        let (world, person) = with_tv().await;
        let tokens = Device::signed_in(&world, &person).await;
        let revoke = form("/oauth/revoke", &[("client_id", TV), ("token", text(&tokens, given_up))]);
        for _ in 0..2 {
            assert_eq!(world.call(revoke.clone()).await.status, 200, "{given_up}");
        }
        refused(&userinfo(&world, text(&tokens, "access_token")).await, 401, "invalid_token");
        let refresh = [
            ("grant_type", "refresh_token"),
            ("client_id", TV),
            ("refresh_token", text(&tokens, "refresh_token")),
        ];
        refused(&world.call(form("/oauth/token", &refresh)).await, 400, "invalid_grant");
    }
}

// E16
#[tokio::test]
async fn another_clients_token_is_not_given_up() {
    let (world, person) = with_tv().await;
    register(&world, "another-tv");
    let tokens = Device::signed_in(&world, &person).await;
    for token in [text(&tokens, "refresh_token"), text(&tokens, "access_token"), "x"] {
        let revoke = form("/oauth/revoke", &[("client_id", "another-tv"), ("token", token)]);
        assert_eq!(world.call(revoke).await.status, 200);
    }
    assert_eq!(userinfo(&world, text(&tokens, "access_token")).await.status, 200);
    let phones = form("/oauth/revoke", &[("client_id", TV), ("token", &person.refresh_token)]);
    assert_eq!(world.call(phones).await.status, 200);
    let refresh = json!({"refreshToken": person.refresh_token});
    assert_eq!(world.call(Call::post("/api/user/refresh").json(&refresh)).await.status, 200);
}

// E17
#[tokio::test]
async fn a_server_learns_the_worth_of_its_own_tokens_alone() {
    let (world, person) = with_tv().await;
    let secret = register_as(&world, BOX, ClientAuth::ClientSecret);
    let other = register_as(&world, "other-box", ClientAuth::ClientSecret);
    let ask = form("/oauth/device_authorization", &[("scope", "openid offline_access")]);
    let begun = world.call(ask.header("authorization", &basic(BOX, &secret))).await;
    let device = Device { client: BOX, begun: begun.json() };
    device.approved_by(&world, &person).await;
    let tokens = world.call(device.exchange().header("authorization", &basic(BOX, &secret))).await.json();
    let ask = async |id: &str, secret: &str, token: &str| {
        let asked = form("/oauth/introspect", &[("token", token)]);
        world.call(asked.header("authorization", &basic(id, secret))).await
    };
    assert_snapshot!("introspected_access", ask(BOX, &secret, text(&tokens, "access_token")).await.whole());
    assert_snapshot!("introspected_refresh", ask(BOX, &secret, text(&tokens, "refresh_token")).await.whole());
    let nothing = json!({"active": false});
    for token in [text(&tokens, "access_token"), text(&tokens, "refresh_token")] {
        assert_eq!(ask("other-box", &other, token).await.json(), nothing);
    }
    for token in [text(&tokens, "id_token"), &person.token, &person.refresh_token, "x"] {
        assert_eq!(ask(BOX, &secret, token).await.json(), nothing);
    }
    refused(&ask(BOX, "wrong", text(&tokens, "access_token")).await, 401, "invalid_client");
    let public = form("/oauth/introspect", &[("client_id", TV), ("token", text(&tokens, "access_token"))]);
    refused(&world.call(public).await, 401, "invalid_client");
    let refresh = form(
        "/oauth/token",
        &[("grant_type", "refresh_token"), ("refresh_token", text(&tokens, "refresh_token"))],
    );
    let next = world.call(refresh.header("authorization", &basic(BOX, &secret))).await;
    assert_eq!(next.status, 200, "asking used nothing up");
    world.set_status(&person, AccountStatus::Locked);
    for token in [text(&tokens, "access_token"), &next.text("refresh_token")] {
        assert_eq!(ask(BOX, &secret, token).await.json(), nothing);
    }
}
