//! The device grant (RFC 8628).

use std::time::Duration;

use acceptance::{Call, World};
use insta::assert_snapshot;
use saoma_domain::{
    oauth::ClientAuth,
    session::{CancelReason, MatchPolicy, State},
};
use serde_json::json;

use super::{
    Conversation, DEVICE_GRANT, Device, SCOPE, TV, claims, form, pass, polling, refused, register,
    register_as, with_tv,
};
use crate::{
    crowd::{ROUNDS, get_one_token_set},
    pages,
    web::basic,
};

#[tokio::test]
async fn a_whole_login_of_a_device() {
    let (world, person) = with_tv().await;
    let ask =
        form("/oauth/device_authorization", &[("client_id", TV), ("scope", SCOPE), ("device_name", "TV")]);
    let mut conversation = Conversation::with(&world);
    let begun = conversation.says(ask).await;
    let device = Device { client: TV, begun: begun.json() };
    conversation.says(device.exchange()).await;
    refused(&conversation.says(device.exchange()).await, 400, "slow_down");
    let scanned = pages::step(&world, "scan", &person, device.code(), &json!({})).await;
    assert_snapshot!("device_consent", scanned.whole());
    pass(&world, 8);
    refused(&conversation.says(device.exchange()).await, 400, "authorization_pending");
    pages::step(&world, "confirm", &person, device.code(), &json!({})).await;
    let tokens = conversation.says(device.exchange()).await;
    assert_snapshot!("device_conversation", conversation.text);
    let (access, id) = (claims(&tokens.text("access_token")), claims(&tokens.text("id_token")));
    assert_snapshot!("device_claims", format!("{access:#}\n{id:#}"));
    let session = device.session(&world);
    assert!(matches!(session.state, State::Redeemed { .. }));
    assert_eq!(session.version, 4, "four writes: open, scan, confirm, redeem");
}

// RFC 8628 section 3.5
#[tokio::test]
async fn a_poll_writes_nothing_and_one_that_comes_early_slows_down() {
    let (world, _) = with_tv().await;
    let device = Device::begin(&world).await;
    let before = device.session(&world);
    refused(&device.poll(&world).await, 400, "authorization_pending"); // the first is never early
    pass(&world, 1);
    refused(&device.poll(&world).await, 400, "slow_down");
    pass(&world, 3);
    refused(&device.poll(&world).await, 400, "slow_down"); // the interval is 8 s by now, then 13
    pass(&world, 13);
    refused(&device.poll(&world).await, 400, "authorization_pending");
    assert_eq!(device.session(&world), before);
}

// D7
#[tokio::test]
async fn a_device_that_is_a_little_early_is_not_starved() {
    let (world, _) = with_tv().await;
    let device = Device::begin(&world).await;
    for _ in 0..20 {
        refused(&device.poll(&world).await, 400, "authorization_pending");
        world.clock.advance(Duration::from_millis(2100));
    }
}

// D8
#[tokio::test]
async fn an_approval_is_never_withheld_from_a_device_that_polls_too_fast() {
    let (world, person) = with_tv().await;
    let device = Device::begin(&world).await;
    for _ in 0..5 {
        device.poll(&world).await;
    }
    device.approved_by(&world, &person).await;
    assert_eq!(device.poll(&world).await.status, 200);
}

// RFC 8628 section 3.5: access_denied and expired_token
#[tokio::test]
async fn a_no_and_an_end_are_told_apart() {
    let (world, person) = with_tv().await;
    let declined = Device::begin(&world).await;
    pages::step(&world, "cancel", &person, declined.code(), &json!({})).await;
    refused(&declined.poll(&world).await, 400, "access_denied");
    let wrong = Device::begin(&world).await;
    pages::step(&world, "scan", &person, wrong.code(), &json!({})).await;
    let shown: u8 = wrong.text("match_number").parse().unwrap();
    let other = json!({"matchNumber": (10 + (shown + 1) % 90).to_string()});
    pages::step(&world, "confirm", &person, wrong.code(), &other).await;
    assert_eq!(
        wrong.session(&world).state,
        State::Cancelled {
            reason: CancelReason::WrongMatchNumber,
            claim: wrong.session(&world).state.claim().cloned()
        }
    );
    refused(&wrong.poll(&world).await, 400, "access_denied");
    let late = Device::begin(&world).await;
    pass(&world, 300);
    refused(&late.poll(&world).await, 400, "expired_token");
}

// B4
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fifty_polls_at_once_get_one_token_set() {
    for _ in 0..ROUNDS {
        let (world, person) = with_tv().await;
        let device = Device::begin(&world).await;
        device.approved_by(&world, &person).await;
        get_one_token_set(world, device.exchange()).await;
    }
}

// B8 E18
#[tokio::test]
async fn an_exchange_is_repeated_for_thirty_seconds_and_revokes_after_that() {
    let (world, person) = with_tv().await;
    let device = Device::begin(&world).await;
    device.approved_by(&world, &person).await;
    let first = device.poll(&world).await;
    pass(&world, 30);
    assert_eq!(device.poll(&world).await.json(), first.json(), "that answer may have been lost");
    pass(&world, 1);
    refused(&device.poll(&world).await, 400, "invalid_grant");
    let refresh =
        [("grant_type", "refresh_token"), ("client_id", TV), ("refresh_token", &first.text("refresh_token"))];
    refused(&world.call(form("/oauth/token", &refresh)).await, 400, "invalid_grant");
}

// B8: the device that used the refresh token had the answer, so another caller repeats the exchange.
#[tokio::test]
async fn an_exchange_whose_refresh_token_was_used_is_not_repeated() {
    let (world, person) = with_tv().await;
    let device = Device::begin(&world).await;
    device.approved_by(&world, &person).await;
    let first = device.poll(&world).await;
    let refresh =
        [("grant_type", "refresh_token"), ("client_id", TV), ("refresh_token", &first.text("refresh_token"))];
    let second = world.call(form("/oauth/token", &refresh)).await;
    assert_eq!(second.status, 200);
    refused(&device.poll(&world).await, 400, "invalid_grant");
    let refresh = [
        ("grant_type", "refresh_token"),
        ("client_id", TV),
        ("refresh_token", &second.text("refresh_token")),
    ];
    refused(&world.call(form("/oauth/token", &refresh)).await, 400, "invalid_grant");
}

// A1 A2 A5
#[tokio::test]
async fn the_qr_alone_another_secret_and_another_client_get_nothing() {
    let (world, person) = with_tv().await;
    register(&world, "another-tv");
    let (device, other) = (Device::begin(&world).await, Device::begin(&world).await);
    device.approved_by(&world, &person).await;
    let secret = other.text("device_code").split('.').nth(1).unwrap();
    let before = device.session(&world);
    for (client, device_code) in [
        (TV, device.code().to_owned()),
        (TV, format!("{}.", device.code())),
        (TV, format!("{}.{secret}", device.code())),
        ("another-tv", device.text("device_code").to_owned()),
        (TV, device.text("user_code").to_owned()),
        (TV, "x".repeat(10_000)),
    ] {
        refused(&world.call(polling(client, &device_code)).await, 400, "invalid_grant");
    }
    assert_eq!(device.session(&world), before);
    assert_eq!(device.poll(&world).await.status, 200, "the device still gets its tokens");
}

// A12
#[tokio::test]
async fn a_token_of_a_device_approves_no_login_and_refreshes_no_phone() {
    let (world, person) = with_tv().await;
    let tokens = Device::signed_in(&world, &person).await;
    let token = |name: &str| tokens[name].as_str().unwrap().to_owned();
    let next = Device::begin(&world).await;
    for stolen in ["access_token", "id_token"] {
        let scan = Call::post(&format!("/q/{}/scan", next.code())).bearer(&token(stolen)).json(&json!({}));
        let answer = world.call(scan).await;
        assert!([401, 403].contains(&answer.status.as_u16()), "{}", answer.whole());
    }
    let refresh = json!({"refreshToken": token("refresh_token")});
    world.call(Call::post("/api/user/refresh").json(&refresh)).await.problem(401, "unauthorized");
    let phones =
        [("grant_type", "refresh_token"), ("client_id", TV), ("refresh_token", &person.refresh_token)];
    refused(&world.call(form("/oauth/token", &phones)).await, 400, "invalid_grant");
}

// A5
#[tokio::test]
async fn a_client_with_a_secret_proves_itself_in_either_way_and_in_one() {
    let world = World::default();
    let secret = register_as(&world, "box", ClientAuth::ClientSecret);
    let person = world.sign_in("13800138000").await;
    let ask = || form("/oauth/device_authorization", &[("scope", "openid")]);
    let begun = world.call(ask().header("authorization", &basic("box", &secret))).await;
    assert_eq!(begun.status, 200, "{}", begun.whole());
    let device = Device { client: "box", begun: begun.json() };
    device.approved_by(&world, &person).await;
    let asked = [("grant_type", DEVICE_GRANT), ("device_code", device.text("device_code"))];
    let with = |more: &[(&str, &str)]| form("/oauth/token", &[&asked[..], more].concat());
    refused(&world.call(with(&[])).await, 400, "invalid_request");
    for wrong in [
        with(&[("client_id", "box")]),
        with(&[("client_id", "box"), ("client_secret", "wrong")]),
        with(&[("client_id", "box"), ("client_secret", "")]),
        with(&[("client_id", "nobody"), ("client_secret", &secret)]),
        with(&[]).header("authorization", &basic("box", "wrong")),
        with(&[]).header("authorization", "Bearer x"),
        with(&[]).header("authorization", "Basic %%%"),
    ] {
        let answer = world.call(wrong).await;
        refused(&answer, 401, "invalid_client");
        assert_eq!(answer.header("www-authenticate"), "Basic realm=\"oauth\"");
    }
    let twice = with(&[("client_id", "box"), ("client_secret", &secret)]);
    refused(&world.call(twice.header("authorization", &basic("box", &secret))).await, 400, "invalid_request");
    let posted = world.call(with(&[("client_id", "box"), ("client_secret", &secret)])).await;
    let encoded = secret.bytes().fold(String::new(), |all, byte| format!("{all}%{byte:02X}"));
    let header = world.call(with(&[]).header("authorization", &basic("b%6Fx", &encoded))).await;
    assert_eq!(posted.status, 200, "{}", posted.whole());
    assert_eq!(posted.json(), header.json(), "RFC 6749 section 2.3.1");
}

#[tokio::test]
async fn a_client_without_a_number_shows_none() {
    let world = World::default();
    register(&world, TV);
    world.register_client("plain", |client| client);
    let policy = |policy| json!({"do": "client.change", "id": TV, "policy": policy});
    for (name, shows) in [("off", false), ("show", true), ("pick", true)] {
        let changed = world.command(policy(name)).await;
        assert_eq!(changed["ok"], true, "{changed}");
        pass(&world, 10);
        let device = Device::begin(&world).await;
        assert_eq!(device.begun["match_number"].is_string(), shows, "{name}");
        assert_eq!(device.session(&world).match_policy, MatchPolicy::parse(name).unwrap());
    }
}
