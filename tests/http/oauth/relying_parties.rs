//! A client that others wrote, unmodified, over HTTP in process: it discovers us, signs in both ways, verifies the ID
//! token with the published keys, refreshes and revokes.

use std::{
    convert::Infallible,
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};

use acceptance::{Call, Person, World};
use openidconnect::EmptyAdditionalClaims;
use openidconnect::{
    AccessTokenHash, AuthenticationFlow, AuthorizationCode, ClientId, CsrfToken, DeviceAuthorizationUrl,
    HttpRequest, HttpResponse, IssuerUrl, Nonce, OAuth2TokenResponse, PkceCodeChallenge, RedirectUrl,
    RevocationUrl, Scope, TokenResponse, UserInfoClaims,
    core::{
        CoreClient, CoreDeviceAuthorizationResponse, CoreGenderClaim, CoreProviderMetadata, CoreResponseType,
        CoreRevocableToken,
    },
};
use saoma_domain::oauth::ClientAuth;
use serde_json::json;
use url::Url;

use super::{code, code::SITE};
use crate::pages;

const CALLBACK: &str = "https://shop.example/cb?from=qr";

/// The client's network: every request goes to the function that serves its path.
async fn send(world: &World, request: HttpRequest) -> Result<HttpResponse, Infallible> {
    let url = Url::parse(&request.uri().to_string()).unwrap();
    assert_eq!(url.origin().ascii_serialization(), acceptance::ISSUER, "the issuer and no other");
    let path = url.query().map_or_else(|| url.path().to_owned(), |query| format!("{}?{query}", url.path()));
    let mut call = if request.method() == "POST" { Call::post(&path) } else { Call::get(&path) };
    for (name, value) in request.headers() {
        call = call.header(name.as_str(), value.to_str().unwrap());
    }
    if request.method() == "POST" {
        let kind = request.headers()["content-type"].to_str().unwrap().to_owned();
        call = call.body(&kind, std::str::from_utf8(request.body()).unwrap());
    }
    let answer = world.call(call).await;
    let mut response = http::Response::builder().status(answer.status.as_u16());
    for (name, value) in &answer.headers {
        response = response.header(name, value);
    }
    Ok(response.body(answer.body).unwrap())
}

async fn with_site() -> (World, Person) {
    let world = World::default();
    code::register(&world, SITE, ClientAuth::None);
    let person = world.sign_in("13800138000").await;
    (world, person)
}

async fn metadata(world: &World) -> CoreProviderMetadata {
    let issuer = IssuerUrl::new(acceptance::ISSUER.to_owned()).unwrap();
    CoreProviderMetadata::discover_async(issuer, &|request| send(world, request)).await.unwrap()
}

/// The moment at which the world's clock stands.
const NOW: &str = "2024-01-23T08:20:38Z";

#[tokio::test]
async fn a_site_signs_in_by_discovery_and_code() {
    let (world, person) = with_site().await;
    let network = |request| send(&world, request);
    let client =
        CoreClient::from_provider_metadata(metadata(&world).await, ClientId::new(SITE.to_owned()), None)
            .set_redirect_uri(RedirectUrl::new(CALLBACK.to_owned()).unwrap())
            .set_revocation_url(RevocationUrl::new(format!("{}/oauth/revoke", acceptance::ISSUER)).unwrap());
    let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
    let flow = AuthenticationFlow::<CoreResponseType>::AuthorizationCode;
    let (url, state, nonce) = client
        .authorize_url(flow, CsrfToken::new_random, Nonce::new_random)
        .add_scope(Scope::new("phone".to_owned()))
        .set_pkce_challenge(challenge)
        .url();
    let path = format!("{}?{}", url.path(), url.query().unwrap());
    let found = world.call(Call::get(&path)).await;
    let (_, sealed) = found.header("location").split_once('#').unwrap();
    let page = code::Page::begin(&world, sealed).await;
    let answer = page.approved_by(&world, &person).await;
    let sent = code::parameters(&page.status(&world).await.text("url"));
    assert_eq!(sent["state"], json!(state.secret()));

    let tokens = client.exchange_code(AuthorizationCode::new(answer)).unwrap();
    let tokens = tokens.set_pkce_verifier(verifier).request_async(&network).await.unwrap();
    let id_token = tokens.id_token().unwrap();
    let keys = client.id_token_verifier().set_time_fn(|| NOW.parse().unwrap());
    let claims = id_token.claims(&keys, &nonce).unwrap();
    assert_eq!(claims.subject().as_str(), person.account.to_string());
    let hash = AccessTokenHash::from_token(
        tokens.access_token(),
        id_token.signing_alg().unwrap(),
        id_token.signing_key(&keys).unwrap(),
    );
    assert_eq!(claims.access_token_hash(), Some(&hash.unwrap()));

    let asked = client.user_info(tokens.access_token().clone(), Some(claims.subject().clone())).unwrap();
    let told: UserInfoClaims<EmptyAdditionalClaims, CoreGenderClaim> =
        asked.request_async(&network).await.unwrap();
    assert_eq!(told.phone_number().unwrap().as_str(), "+8613800138000");
    assert_eq!(told.phone_number_verified(), Some(true));

    let refreshes = client.exchange_refresh_token(tokens.refresh_token().unwrap()).unwrap();
    let next = refreshes.request_async(&network).await.unwrap();
    let newest = next.refresh_token().unwrap().clone();
    let given_up = client.revoke_token(CoreRevocableToken::RefreshToken(newest.clone())).unwrap();
    given_up.request_async(&network).await.unwrap();
    assert!(client.exchange_refresh_token(&newest).unwrap().request_async(&network).await.is_err());
}

#[tokio::test]
async fn a_device_signs_in_by_its_own_pace() {
    let (world, person) = with_site().await;
    let network = |request| send(&world, request);
    let begins = format!("{}/oauth/device_authorization", acceptance::ISSUER);
    let client =
        CoreClient::from_provider_metadata(metadata(&world).await, ClientId::new(SITE.to_owned()), None)
            .set_device_authorization_url(DeviceAuthorizationUrl::new(begins).unwrap());
    let details: CoreDeviceAuthorizationResponse = client
        .exchange_device_code()
        .add_scope(Scope::new("profile".to_owned()))
        .request_async(&network)
        .await
        .unwrap();
    let shown = details.verification_uri_complete().unwrap().secret();
    let qr = shown.rsplit('/').next().unwrap();
    let pauses = AtomicU32::new(0);
    let pause = |time: Duration| {
        let (world, person, pauses) = (&world, &person, &pauses);
        async move {
            world.clock.advance(time);
            if pauses.fetch_add(1, Ordering::Relaxed) == 2 {
                for step in ["scan", "confirm"] {
                    assert_eq!(pages::step(world, step, person, qr, &json!({})).await.status, 200);
                }
            }
        }
    };
    let tokens = client.exchange_device_access_token(&details).unwrap();
    let tokens = tokens.request_async(&network, pause, None).await.unwrap();
    assert_eq!(pauses.load(Ordering::Relaxed), 3, "no slow_down");
    assert_eq!(tokens.scopes().unwrap().len(), 2, "openid and profile");
    assert!(tokens.refresh_token().is_some());
}
