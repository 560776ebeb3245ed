//! Refresh tokens of screens (RFC 6749 section 6).

use acceptance::{Answer, Call, Person, World};
use saoma_domain::{account::AccountStatus, oauth::ClientAuth};
use serde_json::json;

use super::{
    DEVICE_GRANT, Device, TV, claims,
    code::{self, Page, SITE},
    form, pass, refused, register, with_tv,
};

async fn refresh(world: &World, client: &str, token: &str, more: &[(&str, &str)]) -> Answer {
    let asked = [("grant_type", "refresh_token"), ("client_id", client), ("refresh_token", token)];
    world.call(form("/oauth/token", &[&asked[..], more].concat())).await
}

async fn token_of(world: &World, person: &Person) -> String {
    Device::signed_in(world, person).await["refresh_token"].as_str().unwrap().to_owned()
}

// E15 F1
#[tokio::test]
async fn a_lost_answer_is_given_again_for_ten_minutes() {
    let (world, person) = with_tv().await;
    let first = Device::signed_in(&world, &person).await;
    let token = first["refresh_token"].as_str().unwrap();
    let next = refresh(&world, TV, token, &[]).await.text("refresh_token");
    assert_ne!(next, token);
    pass(&world, 600);
    assert_eq!(refresh(&world, TV, token, &[]).await.text("refresh_token"), next);
    pass(&world, 1);
    refused(&refresh(&world, TV, token, &[]).await, 400, "invalid_grant");
    refused(&refresh(&world, TV, &next, &[]).await, 400, "invalid_grant");
}

// A18
#[tokio::test]
async fn a_refresh_narrows_and_never_widens() {
    let (world, person) = with_tv().await;
    let device = Device::begin_as(&world, TV, "openid profile").await;
    device.approved_by(&world, &person).await;
    let token = device.poll(&world).await.text("refresh_token");
    refused(&refresh(&world, TV, &token, &[("scope", "openid phone")]).await, 400, "invalid_scope");
    let narrow = refresh(&world, TV, &token, &[("scope", "profile")]).await;
    assert_eq!((narrow.text("scope").as_str(), narrow.json().get("id_token")), ("profile", None));
    assert_eq!(claims(&narrow.text("access_token"))["scope"], "profile");
    let wide = refresh(&world, TV, &narrow.text("refresh_token"), &[]).await;
    assert_eq!(wide.text("scope"), "openid profile", "what was granted stays granted");
}

// A18: an exchange has no scope of its own, so a wider one in it changes nothing.
#[tokio::test]
async fn an_exchange_grants_what_its_person_agreed_to() {
    let (world, person) = with_tv().await;
    code::register(&world, SITE, ClientAuth::None);
    let wide = ("scope", "openid profile phone offline_access");
    let device = Device::begin_as(&world, TV, "openid profile").await;
    device.approved_by(&world, &person).await;
    let code = Page::open(&world).await.approved_by(&world, &person).await;
    let polls =
        [("grant_type", DEVICE_GRANT), ("client_id", TV), ("device_code", device.text("device_code")), wide];
    for exchange in [form("/oauth/token", &polls), code::exchange(&code, &[wide])] {
        let tokens = world.call(exchange.ignored(&["scope"])).await;
        assert_eq!((tokens.status.as_u16(), tokens.text("scope").as_str()), (200, "openid profile"));
        let access = tokens.text("access_token");
        assert_eq!(claims(&access)["scope"], "openid profile");
        let userinfo = world.call(Call::get("/oauth/userinfo").bearer(&access)).await;
        assert_eq!(userinfo.json().get("phone_number"), None, "{}", userinfo.whole());
        let client = claims(&access)["client_id"].as_str().unwrap().to_owned();
        let again = refresh(&world, &client, &tokens.text("refresh_token"), &[wide]).await;
        refused(&again, 400, "invalid_scope");
    }
}

// A5 E16
#[tokio::test]
async fn another_clients_token_is_refused_and_not_used_up() {
    let (world, person) = with_tv().await;
    register(&world, "another-tv");
    let tokens = Device::signed_in(&world, &person).await;
    let token = tokens["refresh_token"].as_str().unwrap();
    for _ in 0..3 {
        refused(&refresh(&world, "another-tv", token, &[]).await, 400, "invalid_grant");
    }
    assert_eq!(refresh(&world, TV, token, &[]).await.status, 200);
}

// A14 A15 K1 I7
#[tokio::test]
async fn what_does_not_count_any_more_is_not_refreshed() {
    let (world, person) = with_tv().await;
    let token = token_of(&world, &person).await;
    world.set_status(&person, AccountStatus::Locked);
    refused(&refresh(&world, TV, &token, &[]).await, 400, "invalid_grant");
    world.set_status(&person, AccountStatus::Active);
    pass(&world, 1);
    world.reset_credentials(&person);
    refused(&refresh(&world, TV, &token, &[]).await, 400, "invalid_grant");

    for (change, error, status) in [
        (json!({"do": "client.disable", "id": TV}), "invalid_client", 401),
        (json!({"do": "client.remove", "id": TV}), "invalid_client", 401),
        (json!({"do": "client.change", "id": TV, "grants": ["device_code"]}), "unauthorized_client", 400),
    ] {
        let (world, person) = with_tv().await;
        let token = token_of(&world, &person).await;
        assert_eq!(world.command(change.clone()).await["ok"], true);
        refused(&refresh(&world, TV, &token, &[]).await, status, error);
    }
}

// K18
#[tokio::test]
async fn a_login_that_its_person_ends_is_not_refreshed() {
    let (world, person) = with_tv().await;
    let token = token_of(&world, &person).await;
    let phones = world.call(Call::get("/api/user/sign-ins").bearer(&person.token)).await.json();
    assert_eq!(phones["rows"].as_array().unwrap().len(), 1, "a screen is a login, and no phone: {phones}");
    let logins = world.call(Call::get("/api/user/logins").bearer(&person.token)).await.json();
    let login = &logins["rows"][0];
    assert_eq!((&login["dialect"], &login["client"]["id"]), (&json!("oauth"), &json!(TV)));
    let end = format!("/api/user/logins/{}", login["id"].as_str().unwrap());
    assert_eq!(world.call(Call::new("DELETE", &end).bearer(&person.token)).await.status, 204);
    refused(&refresh(&world, TV, &token, &[]).await, 400, "invalid_grant");
}
