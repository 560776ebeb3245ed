//! Clients that others wrote, unmodified, sign people in over the served stack: `openid-client` (npm), Authlib (`PyPI`) and
//! the emulator's Cognito and API Gateway by programs of their own in `tests/relying_parties`, `openidconnect` and `oauth2` (Rust) here.

use std::collections::HashMap;

use oauth2::{StandardDeviceAuthorizationResponse, basic::BasicClient};
use openidconnect::{
    AuthenticationFlow, AuthorizationCode, ClientId, CsrfToken, DeviceAuthorizationUrl, HttpRequest,
    HttpResponse, IssuerUrl, Nonce, OAuth2TokenResponse, PkceCodeChallenge, RedirectUrl, Scope,
    TokenResponse, TokenUrl,
    core::{CoreClient, CoreProviderMetadata, CoreResponseType},
};
use reqwest::redirect::Policy;
use serde_json::{Value, json};
use url::Url;

use crate::{
    browser::Language::English,
    operator::{make_client, run_tool},
    other_site::Site,
    people::Person,
    phone::{Phone, fresh_number},
    program::Program,
    screen::Screen,
    service::{PATIENCE, Service},
};

/// Registers a client; its id and its secret, if it has one.
pub(crate) async fn registered(service: &Service, words: &[&str]) -> (String, Option<String>) {
    let id = format!("rp-{}", &fresh_number()[3..]);
    let words = words.iter().map(|word| (*word).to_owned());
    let words: Vec<_> = words.chain([format!("ID={id}"), "NAME=Reading Club".to_owned()]).collect();
    let printed = make_client(service, &words).await;
    let has_secret = !words.iter().any(|word| word == "AUTH=none");
    (id, has_secret.then(|| printed.secret()))
}

/// A site with a page that people come back to; the page's address.
async fn site() -> String {
    let site = Site::found().await;
    let back = format!("{}/back", site.origin);
    site.shows("<!doctype html><title>Reading Club</title><main data-state=back></main>");
    back
}

/// A person signs in where the program sends them, and comes back.
async fn walks(program: &mut Program) {
    let person = Person::at_a_blank_screen(English).await;
    person.screen.go_to(&program.names("open").await).await;
    person.screen.reaches("waiting").await;
    let phone = person.scans().await;
    person.signs_in(&phone).await;
    person.agrees(&phone).await;
    person.screen.reaches("back").await;
    program.reads(&person.screen.address().await).await;
}

/// Asserts what a program reports: whom it signed in, its kind of token, and that a token it gave up is refused.
fn is_whole(done: &Value, token_type: &str) {
    assert!(done["sub"].as_str().is_some_and(|sub| sub.len() == 10), "{done}");
    assert!(done["phone_number"].as_str().is_some_and(|number| number.starts_with("+861")), "{done}");
    assert!(done["token_type"].as_str().unwrap().eq_ignore_ascii_case(token_type), "{done}");
    assert_eq!(done["after"], "invalid_grant", "a token that was given up: {done}");
}

#[tokio::test]
async fn openid_client_signs_in_by_code() {
    let service = Service::served();
    let back = site().await;
    let (client, secret) = registered(&service, &[&format!("REDIRECT={back}")]).await;
    let mut program = Program::by_node(
        &service,
        &json!({
            "issuer": service.url, "client": client, "secret": secret, "redirect": back, "flow": "code",
        }),
    );
    walks(&mut program).await;
    let done = program.tells("done").await;
    is_whole(&done, "bearer");
    assert_eq!(done["worth"], true);
}

// A6: the request is pushed, and code, tokens and calls are bound to a key.
#[tokio::test]
async fn openid_client_pushes_its_request_and_binds_its_tokens() {
    let service = Service::served();
    let back = site().await;
    let (client, secret) = registered(&service, &[&format!("REDIRECT={back}"), "PAR=yes"]).await;
    let options = json!({
        "issuer": service.url, "client": client, "secret": secret, "redirect": back, "flow": "code", "par": true,
        "dpop": true,
    });
    let mut program = Program::by_node(&service, &options);
    walks(&mut program).await;
    is_whole(&program.tells("done").await, "dpop");
}

/// A person scans what the program shows, and agrees; their phone.
async fn scans(service: &Service, program: &mut Program) -> Phone {
    let shown = program.names("scan").await;
    let code = shown.rsplit('/').next().unwrap();
    let phone = Phone::signed_in(service).await;
    for step in ["scan", "confirm"] {
        phone.post(&format!("/q/{code}/{step}"), &json!({})).await.good();
    }
    phone
}

#[tokio::test]
async fn openid_client_signs_a_device_in() {
    let service = Service::served();
    let (client, _) = registered(&service, &["GRANTS=device_code,refresh_token", "AUTH=none"]).await;
    for (dpop, token_type) in [(false, "bearer"), (true, "dpop")] {
        let options = json!({"issuer": service.url, "client": client, "flow": "device", "dpop": dpop});
        let mut program = Program::by_node(&service, &options);
        scans(&service, &mut program).await;
        is_whole(&program.tells("done").await, token_type);
    }
}

#[tokio::test]
async fn openid_client_asks_a_person_who_signed_in_before() {
    let service = Service::served();
    let (client, secret) = registered(&service, &["GRANTS=device_code,ciba,refresh_token"]).await;
    let mut options = json!({"issuer": service.url, "client": client, "secret": secret, "flow": "device"});
    let mut first = Program::by_node(&service, &options);
    let phone = scans(&service, &mut first).await;
    is_whole(&first.tells("done").await, "bearer");

    options["flow"] = json!("ciba");
    options["person"] = json!(phone.member_id);
    options["message"] = json!("42");
    let mut program = Program::by_node(&service, &options);
    program.tells("asked").await;
    let pending = Screen::new(&service).get_as("/login/pending", &phone.token).await.good().json();
    let asked = pending["pending"][0]["traceId"].as_str().unwrap().to_owned();
    let answer = json!({"traceId": asked, "accept": true, "matchNumber": "42"});
    phone.post("/login/answer", &answer).await.good();
    is_whole(&program.tells("done").await, "bearer");
}

#[tokio::test]
async fn authlib_signs_in_by_code() {
    let service = Service::served();
    let back = site().await;
    let (client, secret) = registered(&service, &[&format!("REDIRECT={back}")]).await;
    let mut program = Program::by_python(
        "authlib_client.py",
        &json!({
            "issuer": service.url, "client": client, "secret": secret, "redirect": back,
        }),
    );
    walks(&mut program).await;
    is_whole(&program.tells("done").await, "bearer");
}

/// `openidconnect`'s network: plain HTTP, and no redirects followed.
async fn send(request: HttpRequest) -> Result<HttpResponse, reqwest::Error> {
    let client = reqwest::Client::builder().no_proxy().redirect(Policy::none()).timeout(PATIENCE).build()?;
    let (parts, body) = request.into_parts();
    let call = client.request(parts.method, parts.uri.to_string()).headers(parts.headers).body(body);
    let answer = call.send().await?;
    let mut response = http::Response::new(Vec::new());
    *response.status_mut() = answer.status();
    *response.headers_mut() = answer.headers().clone();
    *response.body_mut() = answer.bytes().await?.to_vec();
    Ok(response)
}

#[tokio::test]
async fn openidconnect_signs_in_by_code() {
    let service = Service::served();
    let back = site().await;
    let (client, _) = registered(&service, &[&format!("REDIRECT={back}"), "AUTH=none"]).await;
    let issuer = IssuerUrl::new(service.url.clone()).unwrap();
    let found = CoreProviderMetadata::discover_async(issuer, &send).await.unwrap();
    let client = CoreClient::from_provider_metadata(found, ClientId::new(client), None)
        .set_redirect_uri(RedirectUrl::new(back).unwrap());
    let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
    let flow = AuthenticationFlow::<CoreResponseType>::AuthorizationCode;
    let asked = client.authorize_url(flow, CsrfToken::new_random, Nonce::new_random);
    let (address, state, nonce) = asked.set_pkce_challenge(challenge).url();

    let person = Person::at_a_blank_screen(English).await;
    person.screen.go_to(address.as_str()).await;
    person.screen.reaches("waiting").await;
    let phone = person.scans().await;
    person.signs_in(&phone).await;
    person.agrees(&phone).await;
    person.screen.reaches("back").await;
    let brought = Url::parse(&person.screen.address().await).unwrap();
    let brought: HashMap<_, _> = brought.query_pairs().collect();
    assert_eq!(&brought["state"], state.secret());

    let tokens = client.exchange_code(AuthorizationCode::new(brought["code"].to_string())).unwrap();
    let tokens = tokens.set_pkce_verifier(verifier).request_async(&send).await.unwrap();
    tokens.id_token().unwrap().claims(&client.id_token_verifier(), &nonce).unwrap();
}

#[tokio::test]
async fn a_user_pool_of_cognito_signs_in() {
    let service = Service::served();
    let back = site().await;
    let port = service.emulator.rsplit(':').next().unwrap();
    let redirect = format!("REDIRECT=http://localhost:{port}/oauth2/idpresponse");
    let (client, secret) = registered(&service, &[&redirect, "PKCE=optional"]).await;
    let mut program = Program::by_python(
        "cognito.py",
        &json!({
            "issuer": service.url, "client": client, "secret": secret, "redirect": back,
        }),
    );
    walks(&mut program).await;
    let done = program.tells("done").await;
    assert!(done["of_the_pool"].as_str().unwrap().contains("cognito-idp"), "{done}");
    assert_eq!(done["status"], "EXTERNAL_PROVIDER", "{done}");
    let (_, subject) = done["user"].as_str().unwrap().split_once('_').unwrap();
    assert!(subject.len() == 10 && subject.bytes().all(|byte| byte.is_ascii_digit()), "{done}");
}

/// An access token that a device of this client gets for these scopes.
async fn device_token(service: &Service, client: &str, scope: &str) -> String {
    let client = BasicClient::new(ClientId::new(client.to_owned()))
        .set_device_authorization_url(
            DeviceAuthorizationUrl::new(format!("{}/oauth/device_authorization", service.url)).unwrap(),
        )
        .set_token_uri(TokenUrl::new(format!("{}/oauth/token", service.url)).unwrap());
    let asked = client.exchange_device_code().add_scope(Scope::new(scope.to_owned()));
    let begun: StandardDeviceAuthorizationResponse = asked.request_async(&send).await.unwrap();
    let shown = begun.verification_uri_complete().unwrap().secret().clone();
    let phone = Phone::signed_in(service).await;
    for step in ["scan", "confirm"] {
        let code = shown.rsplit('/').next().unwrap();
        phone.post(&format!("/q/{code}/{step}"), &json!({})).await.good();
    }
    let asks = client.exchange_device_access_token(&begun);
    let tokens = asks.request_async(&send, tokio::time::sleep, None).await.unwrap();
    assert!(tokens.scopes().unwrap().iter().any(|granted| granted.as_str() == scope));
    tokens.access_token().secret().clone()
}

#[tokio::test]
async fn oauth2_signs_a_device_in() {
    let service = Service::served();
    let (client, _) = registered(&service, &["GRANTS=device_code", "AUTH=none"]).await;
    device_token(&service, &client, "openid").await;
}

#[tokio::test]
async fn an_authorizer_of_an_http_api_lets_our_tokens_in() {
    let service = Service::served();
    run_tool(&service, "keys.py", &["DO=make".to_owned(), "KIND=RS256".to_owned()]).await;
    let words = ["GRANTS=device_code", "AUTH=none", "SIGNED=RS256"];
    let (client, _) = registered(&service, &words).await;
    let (other, _) = registered(&service, &words).await;
    let (elliptic, _) = registered(&service, &words[..2]).await;
    let tokens = json!({
        "good": device_token(&service, &client, "profile").await,
        "of another scope": device_token(&service, &client, "phone").await,
        "of another client": device_token(&service, &other, "profile").await,
        "of ES256": device_token(&service, &elliptic, "profile").await,
    });
    let options = json!({"issuer": service.url, "client": client, "tokens": tokens});
    let done = Program::by_python("authorizer.py", &options).tells("done").await;
    let expected = json!({"good": 200, "of another scope": 403, "of another client": 401, "of ES256": 401});
    assert_eq!(done, expected);
}

/// The page in our documentation, for this service and client.
fn documented_page(service: &Service, client: &str) -> String {
    let docs = include_str!("../../docs/relying-parties.md");
    let page = docs.split("```html\n").nth(1).unwrap().split("```").next().unwrap();
    let (address, id) = ("'https://login.example.com'", "'my-app'");
    assert!(page.contains(address) && page.contains(id), "{page}");
    page.replace(address, &format!("'{}'", service.url)).replace(id, &format!("'{client}'"))
}

#[tokio::test]
async fn a_single_page_app_signs_in_as_the_documentation_says() {
    let service = Service::served();
    let site = Site::found().await;
    let here = format!("{}/", site.origin);
    let words = [&format!("REDIRECT={here}"), "GRANTS=authorization_code", "AUTH=none"];
    let (client, _) = registered(&service, &words).await;
    site.shows(&documented_page(&service, &client));
    let person = Person::at_a_blank_screen(English).await;
    person.screen.go_to(&here).await;
    person.screen.reaches("out").await;
    person.screen.press("in").await;
    person.screen.reaches("waiting").await;
    let phone = person.scans().await;
    person.signs_in(&phone).await;
    person.agrees(&phone).await;
    person.screen.reaches("in").await;
    assert!(person.screen.text("who").await.contains('*'), "a masked number");
    assert_eq!(person.screen.address().await, here, "no code is left in the address");
}
