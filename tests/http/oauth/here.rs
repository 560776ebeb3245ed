//! A strict client and the code flow: a login goes on only in a browser in which its person has signed in directly, so an
//! attacker who relays a QR gets nothing (`docs/security.md` K19).

use acceptance::{Answer, Call, Person, World};
use insta::assert_snapshot;
use saoma_domain::{
    client::Client,
    identity::{ClientId, SignInId},
    oauth::{ClientAuth, GrantType},
    opener::Opener,
    ports::{Clients, Freshness},
};
use serde_json::{Value, json};

use super::{
    browser::{NONE, told},
    claims,
    code::{Page, SITE, authorizing, exchange, parameters, register},
    pass,
};
use crate::pages;

const LOGIN: (&str, &str) = ("prompt", "login");

async fn with_strict_site() -> (World, Person) {
    let world = World::default();
    register(&world, SITE, ClientAuth::None);
    make_strict(&world).await;
    let person = world.sign_in("13800138000").await;
    (world, person)
}

/// Makes the site strict.
pub(crate) async fn make_strict(world: &World) {
    change(world, |client| client.strict = true).await;
}

async fn change(world: &World, change: impl FnOnce(&mut Client)) {
    let site = world.memory.client(&ClientId::parse(SITE).unwrap(), Freshness::Strong).await.unwrap();
    let mut site = site.registered().unwrap();
    change(&mut site);
    world.memory.put_client(site);
    pass(world, 11); // an instance keeps a client for ten seconds
}

async fn sealed(world: &World, cookie: &str, changes: &[(&str, &str)]) -> String {
    let found = world.call(authorizing(changes).cookie(cookie)).await;
    assert_eq!(found.status, 302, "{}", found.whole());
    found.header("location").split_once("/authorize#").unwrap().1.to_owned()
}

async fn begin(world: &World, cookie: &str, sealed: &str) -> Answer {
    world.call(Call::post("/oauth/authorize/begin").cookie(cookie).json(&json!({"request": sealed}))).await
}

fn here(sealed: &str, token: &str) -> Call {
    Call::post("/oauth/authorize/here").bearer(token).json(&json!({"request": sealed}))
}

/// The browser's cookie after its person has signed in there.
async fn signed_in_here(world: &World, person: &Person) -> String {
    let request = sealed(world, "", &[]).await;
    let answer = world.call(here(&request, &person.token).header("sec-fetch-site", "same-origin")).await;
    assert_eq!(answer.status, 204, "{}", answer.whole());
    answer.cookie()
}

/// What the token endpoint says about a person who went on in this browser.
async fn gone_on(world: &World, cookie: &str) -> Answer {
    let request = sealed(world, cookie, &[]).await;
    let go_on = Call::post("/oauth/authorize/continue").cookie(cookie).json(&json!({"request": request}));
    let sent = world.call(go_on).await;
    assert_eq!(sent.status, 200, "{}", sent.whole());
    let code = parameters(&sent.text("url"))["code"].as_str().unwrap().to_owned();
    world.call(exchange(&code, &[])).await
}

// K19
#[tokio::test]
async fn a_person_signs_in_in_the_browser_and_goes_on() {
    let (world, person) = with_strict_site().await;
    let request = sealed(&world, "", &[]).await;
    let first = begin(&world, "", &request).await;
    assert_snapshot!("here_first", first.whole());
    assert!(world.changed().is_empty(), "no QR that a victim could scan");

    let signed_in = world.call(here(&request, &person.token)).await;
    assert_eq!(signed_in.status, 204, "{}", signed_in.whole());
    let again = world.call(here(&request, &person.token)).await;
    assert_eq!(again.cookie(), signed_in.cookie(), "the answer was lost");
    let cookie = signed_in.cookie();
    assert_snapshot!("here_offered", begin(&world, &cookie, &request).await.whole());

    let tokens = gone_on(&world, &cookie).await;
    assert_eq!(tokens.status, 200, "{}", tokens.whole());
    assert_eq!(claims(&tokens.text("id_token"))["sub"], person.account.to_string());
    assert_eq!(told(&world, &cookie, &[NONE]).await, "a code", "the person has agreed before");
}

// K19: the QR is the second proof, and is worth nothing to another person.
#[tokio::test]
async fn a_qr_in_such_a_browser_is_for_its_person_alone() {
    let (world, person) = with_strict_site().await;
    let cookie = signed_in_here(&world, &person).await;
    let request = sealed(&world, &cookie, &[LOGIN]).await;
    let shown = begin(&world, &cookie, &request).await;
    assert_eq!(shown.json()["onlyFor"], "138****8000", "{}", shown.whole());
    let page = Page { sealed: request, shown: shown.json() };

    // A client that names its person gets the same: the phone that would be asked is this browser.
    let named = [LOGIN, ("login_hint", "13800138000")];
    let hinted = begin(&world, &cookie, &sealed(&world, &cookie, &named).await).await;
    assert_eq!(hinted.json()["onlyFor"], "138****8000", "{}", hinted.whole());

    let victim = world.sign_in("13900139000").await;
    let scanned = pages::step(&world, "scan", &victim, &page.read(), &json!({})).await;
    scanned.problem(404, "not_found");
    let confirmed = page.agreed_by(&world, &person).await;
    assert_eq!(confirmed.header("set-cookie"), "", "the browser stays signed in as it was");
    let code = parameters(&confirmed.text("url"))["code"].as_str().unwrap().to_owned();
    let tokens = world.call(exchange(&code, &[])).await;
    assert_eq!(tokens.status, 200, "{}", tokens.whole());
}

// K19: what a QR brought a browser is what a relay can fake.
#[tokio::test]
async fn a_browser_that_was_signed_in_by_a_qr_is_not_taken() {
    let (world, person) = with_strict_site().await;
    change(&world, |client| client.strict = false).await;
    let scanned = Page::open(&world).await.agreed_by(&world, &person).await.cookie();
    assert_eq!(told(&world, &scanned, &[NONE]).await, "consent_required");
    change(&world, |client| client.strict = true).await;
    assert_eq!(told(&world, &scanned, &[NONE]).await, "login_required");
    let request = sealed(&world, &scanned, &[]).await;
    assert_eq!(begin(&world, &scanned, &request).await.json()["signInHere"], true);
    let go_on = Call::post("/oauth/authorize/continue").cookie(&scanned).json(&json!({"request": request}));
    world.call(go_on).await.problem(403, "login_required");
}

// K19 A15: a client that becomes strict refuses the logins that it has.
#[tokio::test]
async fn a_login_that_began_before_goes_no_further() {
    let (world, person) = with_strict_site().await;
    change(&world, |client| client.strict = false).await;
    let code = Page::open(&world).await.approved_by(&world, &person).await;
    change(&world, |client| client.strict = true).await;
    super::refused(&world.call(exchange(&code, &[])).await, 400, "invalid_grant");
}

// K19 I7: each step asks again whether the browser is still signed in.
#[tokio::test]
async fn a_browser_that_signed_out_ends_its_logins() {
    for ended in ["the phone", "the browser"] {
        let (world, person) = with_strict_site().await;
        let cookie = signed_in_here(&world, &person).await;
        let request = sealed(&world, &cookie, &[LOGIN]).await;
        let page = Page { shown: begin(&world, &cookie, &request).await.json(), sealed: request };
        let phone = world.sign_in("13800138000").await;
        let code = page.approved_by(&world, &phone).await;
        let id = match ended {
            "the phone" => SignInId::parse(claims(&person.token)["sid"].as_str().unwrap()).unwrap(),
            _ => match world.session(page.text("code")).opener {
                Some(Opener::Browser(browser)) => browser.sign_in,
                other => panic!("{other:?}"),
            },
        };
        end(&world, &phone, &id).await;
        super::refused(&world.call(exchange(&code, &[])).await, 400, "invalid_grant");
        assert_eq!(told(&world, &cookie, &[NONE]).await, "login_required", "{ended}");
    }
}

async fn end(world: &World, by: &Person, id: &SignInId) {
    let ended =
        world.call(Call::new("DELETE", &format!("/api/user/sign-ins/{}", id.as_str())).bearer(&by.token));
    let ended = ended.await;
    assert!(ended.status.is_success(), "{}", ended.whole());
}

// One proof begins one sign-in of a browser, and lasts as long as browsers stay signed in.
#[tokio::test]
async fn a_proof_that_is_old_or_used_is_asked_for_again() {
    let (world, person) = with_strict_site().await;
    let cookie = signed_in_here(&world, &person).await;
    let signed_in = world.call(Call::get("/api/user/sign-ins").bearer(&person.token)).await.json();
    let rows = signed_in["rows"].as_array().unwrap();
    let browser = rows.iter().find(|row| row["kind"] == "browser").unwrap();
    end(&world, &person, &SignInId::parse(browser["id"].as_str().unwrap()).unwrap()).await;
    let request = sealed(&world, "", &[]).await;
    assert_eq!(begin(&world, &cookie, &request).await.json()["signInHere"], true);
    let refused = async |person: &Person| {
        let request = sealed(&world, "", &[]).await;
        world.call(here(&request, &person.token)).await.problem(403, "fresh_proof_required");
    };
    refused(&person).await;
    let next = world.sign_in("13800138000").await;
    assert_ne!(signed_in_here(&world, &next).await, cookie);
    // Half a day later the token is renewed, and the proof is old.
    let old = world.sign_in("13900139000").await;
    pass(&world, 12 * 3600);
    let renewed = Call::post("/api/user/refresh").json(&json!({"refreshToken": old.refresh_token}));
    let renewed = world.call(renewed).await;
    refused(&Person { token: renewed.text("token"), ..old }).await;
}

#[tokio::test]
async fn an_app_another_site_and_a_client_that_is_not_strict_sign_no_browser_in() {
    let (world, person) = with_strict_site().await;
    let request = sealed(&world, "", &[]).await;
    let cross = here(&request, &person.token).header("sec-fetch-site", "cross-site");
    world.call(cross).await.problem(403, "access_denied");
    world
        .call(Call::post("/oauth/authorize/here").json(&json!({"request": request})))
        .await
        .problem(401, "unauthorized");
    world.call(here("x", &person.token)).await.problem(400, "invalid_request");
    world.register_client("my-app", |client| Client { apps: vec![client.id.clone()], ..client });
    let app = world.sign_in_through("13800138000", "my-app").await;
    world.call(here(&request, &app.token)).await.problem(403, "fresh_proof_required");
    change(&world, |client| client.strict = false).await;
    world.call(here(&request, &person.token)).await.problem(403, "access_denied");
}

// A deployment that keeps no browser signed in has no way for the people of a strict client.
#[tokio::test]
async fn without_browsers_that_stay_signed_in_a_strict_client_is_told_so() {
    let world = World::with(&[("SSO_SECONDS", "0")]);
    register(&world, SITE, ClientAuth::None);
    change(&world, |client| client.strict = true).await;
    let found = world.call(authorizing(&[])).await;
    let answer: Value = parameters(found.header("location"));
    assert_eq!(answer["error"], "unauthorized_client");
}

// A scan of the same person at another site leaves the browser as it is, or two sites would take turns in asking for messages.
#[tokio::test]
async fn a_scan_at_another_site_keeps_the_direct_sign_in() {
    let (world, person) = with_strict_site().await;
    let cookie = signed_in_here(&world, &person).await;
    change(&world, |client| client.strict = false).await;
    let page = Page::open_with(&world, &[LOGIN]).await;
    page.confirmed_by(&world, &person).await;
    let status = Call::get("/oauth/authorize/status").cookie(&cookie).header("token", page.text("pollToken"));
    let confirmed = world.call(status).await;
    assert_eq!((confirmed.text("state").as_str(), confirmed.header("set-cookie")), ("confirmed", ""));
    change(&world, |client| client.strict = true).await;
    assert_eq!(begin(&world, &cookie, &sealed(&world, &cookie, &[]).await).await.json()["strict"], true);
    // Another person's scan does take the browser over.
    change(&world, |client| client.strict = false).await;
    let other = world.sign_in("13900139000").await;
    let page = Page::open_with(&world, &[LOGIN]).await;
    page.confirmed_by(&world, &other).await;
    let status = Call::get("/oauth/authorize/status").cookie(&cookie).header("token", page.text("pollToken"));
    assert_ne!(world.call(status).await.header("set-cookie"), "");
}

// K19: a screen of a strict client refreshes as long as the browser that opened its login is signed in.
#[tokio::test]
async fn a_refresh_asks_again_whether_the_screen_is_trusted() {
    let (world, person) = with_strict_site().await;
    change(&world, |client| client.oauth.grants.push(GrantType::RefreshToken)).await;
    let cookie = signed_in_here(&world, &person).await;
    let tokens = gone_on(&world, &cookie).await;
    let refresh = async |token: &str| {
        let pairs = [("grant_type", "refresh_token"), ("client_id", SITE), ("refresh_token", token)];
        world.call(super::form("/oauth/token", &pairs)).await
    };
    let renewed = refresh(&tokens.text("refresh_token")).await;
    assert_eq!(renewed.status, 200, "{}", renewed.whole());
    let browsers = world.call(Call::get("/api/user/sign-ins").bearer(&person.token)).await.json();
    let browser = browsers["rows"].as_array().unwrap().iter().find(|row| row["kind"] == "browser").unwrap();
    end(&world, &person, &SignInId::parse(browser["id"].as_str().unwrap()).unwrap()).await;
    super::refused(&refresh(&renewed.text("refresh_token")).await, 400, "invalid_grant");
    change(&world, |client| client.strict = false).await;
    assert_eq!(refresh(&renewed.text("refresh_token")).await.status, 200, "no other client asks");
}
