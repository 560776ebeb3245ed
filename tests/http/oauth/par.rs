//! Authorization requests that a client sends ahead (RFC 9126).

use acceptance::{Answer, Call, Person, World};
use insta::assert_snapshot;
use saoma_domain::oauth::ClientAuth;
use serde_json::json;

use super::{
    code::{self, GOOD, Page, SITE, exchange, parameters, query, with},
    form, pass, refused,
};
use crate::web::basic;

async fn with_site() -> (World, Person, String) {
    let world = World::default();
    let secret = code::register(&world, SITE, ClientAuth::ClientSecret);
    let person = world.sign_in("13800138000").await;
    (world, person, secret)
}

async fn push(world: &World, secret: &str, changes: &[(&str, &str)]) -> Answer {
    let pairs = with(changes);
    let pairs: Vec<_> = pairs.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    world.call(form("/oauth/par", &pairs).header("authorization", &basic(SITE, secret))).await
}

async fn pushed(world: &World, secret: &str) -> String {
    let answer = push(world, secret, &[]).await;
    assert_eq!(answer.status, 201, "{}", answer.whole());
    answer.text("request_uri")
}

pub(super) fn bring(client: &str, request_uri: &str) -> Call {
    Call::get(&format!("/oauth/authorize?{}", query(&[("client_id", client), ("request_uri", request_uri)])))
}

// RFC 9126 section 4
#[tokio::test]
async fn the_browser_changes_nothing_of_a_pushed_request() {
    let (world, _, secret) = with_site().await;
    let request_uri = push(&world, &secret, &[("ui_locales", "zh")]).await.text("request_uri");
    let query = query(&[("client_id", SITE), ("request_uri", &request_uri), ("ui_locales", "en")]);
    let found = world.call(Call::get(&format!("/oauth/authorize?{query}"))).await;
    let location = found.header("location");
    assert!(location.starts_with("https://login.example.com/authorize?lang=zh#"), "{location}");
}

#[tokio::test]
async fn a_whole_login_by_a_pushed_request() {
    let (world, person, secret) = with_site().await;
    let answer = push(&world, &secret, &[]).await;
    assert_eq!((answer.status.as_u16(), answer.header("cache-control")), (201, "no-store"));
    assert_eq!(answer.json()["expires_in"], 90);
    let request_uri = answer.text("request_uri");
    let shown = answer.whole().replace(request_uri.rsplit(':').next().unwrap(), "[sealed]");
    assert_snapshot!(shown);
    // What else stands in the query does not count.
    let found = world.call(Call::get(&format!(
        "/oauth/authorize?{}",
        query(&[
            ("client_id", SITE),
            ("request_uri", &request_uri),
            ("redirect_uri", "https://evil.example/")
        ])
    )));
    let found = found.await;
    let (_, sealed) = found.header("location").split_once("/authorize#").unwrap();
    let page = Page::begin(&world, sealed).await;
    page.approved_by(&world, &person).await;
    let url = page.status(&world).await.text("url");
    assert!(url.starts_with("https://shop.example/cb?from=qr&code="), "{url}");
    let sent = parameters(&url);
    assert_eq!(sent["state"], "af0&ifjsldkj");
    let exchanged =
        exchange(sent["code"].as_str().unwrap(), &[]).header("authorization", &basic(SITE, &secret));
    assert_eq!(world.call(exchanged).await.status, 200);
}

// A6: a pushed request is used once. The same browser may bring it again for 30 s, because its answer may have been lost.
#[tokio::test]
async fn a_pushed_request_is_used_once() {
    let (world, _, secret) = with_site().await;
    let request_uri = pushed(&world, &secret).await;
    let first = world.call(bring(SITE, &request_uri)).await;
    assert!(first.header("location").contains("/authorize#"), "{}", first.whole());
    let other = world.call(bring(SITE, &request_uri).from_ip("198.51.100.9")).await;
    pass(&world, 29);
    let again = world.call(bring(SITE, &request_uri)).await;
    assert!(again.header("location").contains("/authorize#"), "{}", again.whole());
    pass(&world, 1);
    let late = world.call(bring(SITE, &request_uri)).await;
    for refused in [other, late] {
        let location = refused.header("location");
        assert!(
            location.starts_with("https://shop.example/cb?from=qr&error=invalid_request_uri"),
            "{location}"
        );
        assert_eq!(parameters(location)["state"], "af0&ifjsldkj");
    }
    let unused = pushed(&world, &secret).await;
    pass(&world, 90);
    for _ in 0..2 {
        let over = world.call(bring(SITE, &unused)).await;
        assert_eq!(
            parameters(over.header("location"))["error"],
            "invalid_request_uri",
            "it was never in time"
        );
    }
    pass(&world, 900);
    let over = world.call(bring(SITE, &unused)).await;
    assert_eq!(parameters(over.header("location"))["error"], "invalid_request_uri");
}

// A6 W4: of another client, of strangers, changed, sealed for another use: told to the person, and nothing is sent.
#[tokio::test]
async fn a_request_uri_that_is_not_the_clients_is_told_to_the_person() {
    let (world, _, secret) = with_site().await;
    code::register(&world, "other", ClientAuth::None);
    let request_uri = pushed(&world, &secret).await;
    let found = world.call(Call::get(&format!("/oauth/authorize?{}", query(&GOOD)))).await;
    let (_, page) = found.header("location").split_once('#').unwrap();
    let changed = request_uri.replace(":eyJ", ":eyK");
    let of_page = format!("urn:ietf:params:oauth:request_uri:{page}");
    let long = format!("{request_uri}{}", "x".repeat(4096));
    for (client, uri) in [
        ("other", request_uri.as_str()),
        (SITE, &changed),
        (SITE, &of_page),
        (SITE, &long),
        (SITE, "urn:ietf:params:oauth:request_uri:"),
        (SITE, "urn:ietf:params:oauth:request_uri:6esc_11ACC5bwc014ltc14eY22c"),
        (SITE, "https://evil.example/request.jwt"),
        ("", &request_uri),
        ("nobody", &request_uri),
    ] {
        let answer = world.call(bring(client, uri)).await;
        assert_eq!((answer.status.as_u16(), answer.header("location")), (400, ""), "{client} {uri}");
    }
    let good = world.call(bring(SITE, &request_uri)).await;
    assert_eq!(good.status, 302, "and it was not used up");
}

// The checks are those of the authorization endpoint.
#[tokio::test]
async fn a_request_is_refused_where_it_is_pushed() {
    let (world, _, secret) = with_site().await;
    let long = "x".repeat(2049);
    for (change, error) in [
        (("redirect_uri", ""), "invalid_request"),
        (("redirect_uri", "https://evil.example/cb"), "invalid_request"),
        (("response_type", "token"), "unsupported_response_type"),
        (("code_challenge", ""), "invalid_request"),
        (("code_challenge_method", "plain"), "invalid_request"),
        (("request", "eyJ"), "request_not_supported"),
        (("request_uri", "urn:ietf:params:oauth:request_uri:x"), "invalid_request"),
        (("state", long.as_str()), "invalid_request"),
        (("client_id", "other"), "invalid_request"),
    ] {
        refused(&push(&world, &secret, &[change]).await, 400, error);
    }
    refused(&push(&world, "wrong", &[]).await, 401, "invalid_client");
    refused(&world.call(form("/oauth/par", &GOOD)).await, 401, "invalid_client");
    world.command(json!({"do": "client.change", "id": SITE, "grants": ["device_code"]})).await;
    pass(&world, 10);
    refused(&push(&world, &secret, &[]).await, 400, "unauthorized_client");
}

#[tokio::test]
async fn a_client_that_pushes_sends_no_request_by_the_browser() {
    let (world, _, secret) = with_site().await;
    let request_uri = pushed(&world, &secret).await;
    let set = world.command(json!({"do": "client.change", "id": SITE, "par": true})).await;
    assert_eq!(set["client"]["par"], true);
    pass(&world, 10);
    let plain = world.call(Call::get(&format!("/oauth/authorize?{}", query(&GOOD)))).await;
    assert_eq!(parameters(plain.header("location"))["error"], "invalid_request");
    assert!(world.call(bring(SITE, &request_uri)).await.header("location").contains("/authorize#"));
    // A15: what the client may no longer ask for is not asked, though it was pushed before.
    let late = pushed(&world, &secret).await;
    world
        .command(json!({"do": "client.change", "id": SITE, "redirects": ["https://shop.example/new"]}))
        .await;
    pass(&world, 10);
    assert_eq!(world.call(bring(SITE, &late)).await.status, 400);
}
