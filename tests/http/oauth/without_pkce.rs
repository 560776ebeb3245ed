//! A client that knows no PKCE and is registered so, as Amazon Cognito is (`docs/relying-parties.md`).

use acceptance::{Person, World};
use saoma_domain::{
    client::Client,
    identity::ClientId,
    oauth::{ClientAuth, OauthClient, Pkce},
    ports::{Clients, Freshness},
};

use super::{
    code::{Page, SITE, exchange, register},
    refused,
};
use crate::web::basic;

const NO_CHALLENGE: [(&str, &str); 2] = [("code_challenge", ""), ("code_challenge_method", "")];

async fn registered(world: &World, pkce: Pkce) {
    let site = world.memory.client(&ClientId::parse(SITE).unwrap(), Freshness::Strong).await.unwrap();
    let site = site.registered().unwrap();
    world.memory.put_client(Client { oauth: OauthClient { pkce, ..site.oauth.clone() }, ..site });
}

async fn with_site() -> (World, Person, String) {
    let world = World::default();
    let secret = register(&world, SITE, ClientAuth::ClientSecret);
    registered(&world, Pkce::Optional).await;
    let person = world.sign_in("13800138000").await;
    (world, person, secret)
}

#[tokio::test]
async fn a_client_without_pkce_signs_in_with_its_secret() {
    let (world, person, secret) = with_site().await;
    let code = Page::open_with(&world, &NO_CHALLENGE).await.approved_by(&world, &person).await;
    let asked = exchange(&code, &[("code_verifier", "")]);
    refused(&world.call(asked.clone()).await, 401, "invalid_client");
    let tokens = world.call(asked.header("authorization", &basic(SITE, &secret))).await;
    assert_eq!(tokens.status, 200, "{}", tokens.whole());
}

// RFC 9700 section 4.8.2, PKCE downgrade: who takes the challenge out of a request gets nothing, and a request with a
// challenge is held to it.
#[tokio::test]
async fn what_was_asked_with_a_challenge_needs_its_secret_and_what_was_not_takes_none() {
    let (world, person, secret) = with_site().await;
    let basic = basic(SITE, &secret);
    let stripped = Page::open_with(&world, &NO_CHALLENGE).await.approved_by(&world, &person).await;
    let answer = world.call(exchange(&stripped, &[]).header("authorization", &basic)).await;
    refused(&answer, 400, "invalid_grant");
    let bound = Page::open(&world).await.approved_by(&world, &person).await;
    let without = exchange(&bound, &[("code_verifier", "")]).header("authorization", &basic);
    refused(&world.call(without).await, 400, "invalid_request");
    assert_eq!(world.call(exchange(&bound, &[]).header("authorization", &basic)).await.status, 200);
}

// A15
#[tokio::test]
async fn a_client_that_must_use_it_from_now_on_gets_nothing_for_a_code_without() {
    let (world, person, secret) = with_site().await;
    let code = Page::open_with(&world, &NO_CHALLENGE).await.approved_by(&world, &person).await;
    registered(&world, Pkce::Required).await;
    let asked = exchange(&code, &[("code_verifier", "")]).header("authorization", &basic(SITE, &secret));
    refused(&world.call(asked).await, 400, "invalid_grant");
}
