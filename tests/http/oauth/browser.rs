//! A browser stays signed in at the issuer, so the next client needs no scan (OpenID Connect Core section 3.1.2).

use std::time::Duration;

use acceptance::{Answer, Call, Person, World};
use insta::assert_snapshot;
use saoma_domain::{
    client::Client,
    identity::ClientId,
    oauth::{ClientAuth, GrantType},
    ports::{Clients, Freshness},
    session::{MatchPolicy, Session},
};
use saoma_memory::Fault;
use serde_json::{Value, json};

use super::{
    claims,
    code::{Page, SITE, answered_tokens, authorizing, exchange, parameters, register, with_site},
    pass, refused,
};
use crate::pages;

/// A second client.
const OTHER: (&str, &str) = ("client_id", "other-site");
pub(super) const NONE: (&str, &str) = ("prompt", "none");

/// A browser that is signed in: its cookie.
async fn signed_in(world: &World, person: &Person) -> String {
    let answer = Page::open(world).await.agreed_by(world, person).await;
    let url = parameters(&answer.text("url"));
    let tokens = world.call(exchange(url["code"].as_str().unwrap(), &[])).await;
    assert_eq!(tokens.status, 200, "{}", tokens.whole());
    answer.cookie()
}

/// Two clients, and a browser that is signed in by the first.
pub(super) async fn with_browser() -> (World, Person, String) {
    let (world, person) = with_site().await;
    register(&world, OTHER.1, ClientAuth::None);
    let cookie = signed_in(&world, &person).await;
    (world, person, cookie)
}

/// What the client is answered, in the browser with this cookie.
async fn answered(world: &World, cookie: &str, changes: &[(&str, &str)]) -> Value {
    let asked = authorizing(changes).cookie(cookie).ignored(&["acr_values", "display", "claims"]);
    let found = world.call(asked).await;
    assert_eq!(found.status, 302, "{}", found.whole());
    let location = found.header("location");
    if location.contains("/authorize") { json!({"error": "(our page)"}) } else { parameters(location) }
}

/// What the client is told, or that it gets a code.
pub(super) async fn told(world: &World, cookie: &str, changes: &[(&str, &str)]) -> String {
    let answer = answered(world, cookie, changes).await;
    answer["error"].as_str().unwrap_or("a code").to_owned()
}

/// The page that a client's request leads to, in this browser.
async fn page(world: &World, cookie: &str, changes: &[(&str, &str)]) -> (String, Answer) {
    let found = world.call(authorizing(changes).cookie(cookie)).await;
    let (_, sealed) = found.header("location").split_once('#').unwrap();
    let begin = Call::post("/oauth/authorize/begin").cookie(cookie).json(&json!({"request": sealed}));
    (sealed.to_owned(), world.call(begin).await)
}

fn go_on(sealed: &str) -> Call {
    Call::post("/oauth/authorize/continue").json(&json!({"request": sealed}))
}

fn opened(world: &World) -> Vec<Session> {
    world.changed()
}

#[tokio::test]
async fn the_next_client_needs_no_scan() {
    let (world, person) = with_site().await;
    register(&world, OTHER.1, ClientAuth::None);
    let shown = Page::open(&world).await;
    let confirmed = shown.agreed_by(&world, &person).await;
    let kept = confirmed.header("set-cookie");
    let (name, attributes) = (kept.split_once('=').unwrap().0, kept.split_once(';').unwrap().1);
    assert_snapshot!(
        format!("{name}=…;{attributes}"),
        @"__Host-saoma-browser=…; Path=/; Max-Age=43200; HttpOnly; Secure; SameSite=Lax"
    );
    let first = world.call(exchange(parameters(&confirmed.text("url"))["code"].as_str().unwrap(), &[])).await;
    let scanned_at = claims(&first.text("id_token"))["auth_time"].clone();
    let cookie = confirmed.cookie();
    opened(&world);

    pass(&world, 600);
    let (sealed, offered) = page(&world, &cookie, &[OTHER]).await;
    assert_snapshot!("browser_offered", offered.whole());
    assert_eq!(opened(&world).len(), 0, "no code is shown, so no session is opened");
    let sent_on = world.call(go_on(&sealed).cookie(&cookie).header("sec-fetch-site", "same-origin")).await;
    assert_eq!(sent_on.status, 200, "{}", sent_on.whole());
    let sent = parameters(&sent_on.text("url"));
    assert_eq!(sent["state"], "af0&ifjsldkj");
    let tokens = world.call(exchange(sent["code"].as_str().unwrap(), &[OTHER])).await;
    assert_eq!(tokens.status, 200, "{}", tokens.whole());
    let id_token = claims(&tokens.text("id_token"));
    assert_eq!((&id_token["auth_time"], &id_token["sub"]), (&scanned_at, &json!(person.account.to_string())));
    assert_eq!(id_token["aud"], OTHER.1);

    let through = world.call(authorizing(&[OTHER]).cookie(&cookie)).await;
    let location = through.header("location");
    assert!(location.starts_with("https://shop.example/cb?from=qr&code="), "{location}");
    let logins = world.call(Call::get("/api/user/logins").bearer(&person.token)).await.json();
    assert_eq!(logins["rows"].as_array().unwrap().len(), 2, "each login is in the history");
    assert_eq!(logins["rows"][0]["client"]["id"], OTHER.1);
}

#[tokio::test]
async fn a_client_may_wish_how_its_person_signs_in() {
    let (world, person, cookie) = with_browser().await;
    let hint = {
        let url = answered(&world, &cookie, &[]).await;
        let tokens = world.call(exchange(url["code"].as_str().unwrap(), &[])).await;
        tokens.text("id_token")
    };
    let stranger = {
        let other = world.sign_in("13900139000").await;
        let code = Page::open(&world).await.approved_by(&world, &other).await;
        world.call(exchange(&code, &[])).await.text("id_token")
    };
    let (mine, account) = (hint.as_str(), person.account.to_string());
    pass(&world, 60);
    let long = "x".repeat(10_000);
    for (changes, unasked, asked) in [
        (vec![], "a code", "a code"),
        (vec![("max_age", "66")], "a code", "a code"),
        (vec![("max_age", "59")], "login_required", "(our page)"),
        (vec![("max_age", "0")], "login_required", "(our page)"),
        (vec![("max_age", "99999999999999999999")], "a code", "a code"),
        (vec![("id_token_hint", mine)], "a code", "a code"),
        (vec![("id_token_hint", stranger.as_str())], "login_required", "(our page)"),
        (vec![("login_hint", "13800138000")], "a code", "a code"),
        (vec![("login_hint", account.as_str())], "a code", "a code"),
        (vec![("login_hint", "a@shop.example")], "a code", "a code"),
        (vec![("login_hint", long.as_str())], "a code", "a code"),
        (vec![("login_hint", "13900139000")], "login_required", "(our page)"),
        (vec![("scope", "openid phone")], "consent_required", "(our page)"),
        (vec![("scope", "openid")], "a code", "a code"),
        (vec![("redirect_uri", "http://127.0.0.1:51004/cb")], "consent_required", "(our page)"),
        (vec![OTHER], "consent_required", "(our page)"),
        (vec![("acr_values", "gold"), ("display", "popup"), ("claims", "{}")], "a code", "a code"),
    ] {
        assert_eq!(told(&world, &cookie, &changes).await, asked, "{changes:?}");
        let mut changes = changes;
        changes.push(NONE);
        assert_eq!(told(&world, &cookie, &changes).await, unasked, "{changes:?}");
    }
    for (prompt, person) in
        [("login", Value::Null), ("consent", json!("138****8000")), ("select_account", json!("138****8000"))]
    {
        let (_, shown) = page(&world, &cookie, &[("prompt", prompt)]).await;
        assert_eq!(shown.json()["person"], person, "{prompt}");
    }
    let (sealed, _) = page(&world, &cookie, &[OTHER]).await;
    let scan = json!({"request": sealed, "scan": true});
    let shown = world.call(Call::post("/oauth/authorize/begin").cookie(&cookie).json(&scan)).await;
    assert!(shown.json()["rotate"].is_object(), "another phone");
    let (sealed, _) = page(&world, &cookie, &[("prompt", "login")]).await;
    world.call(go_on(&sealed).cookie(&cookie)).await.problem(403, "login_required");
}

#[tokio::test]
async fn the_page_speaks_the_language_that_the_client_wishes_for() {
    let (world, _) = with_site().await;
    for (wish, page) in [
        ("zh-CN en", "https://login.example.com/authorize?lang=zh"),
        ("fr EN-gb", "https://login.example.com/authorize?lang=en"),
        ("fr", "https://login.example.com/authorize"),
        ("\"><b>", "https://login.example.com/authorize"),
    ] {
        let found = world.call(authorizing(&[("ui_locales", wish)])).await;
        assert_eq!(found.header("location").split_once('#').unwrap().0, page, "{wish}");
    }
}

// A14 I7 K1 K2 E18: what ends a browser.
#[tokio::test]
async fn a_browser_is_signed_in_as_long_as_everything_stands() {
    for ending in ["phone", "all", "lock", "time", "row", "everything else"] {
        let (world, person, cookie) = with_browser().await;
        let code = answered(&world, &cookie, &[NONE]).await["code"].as_str().unwrap().to_owned();
        let account = person.account.to_string();
        match ending {
            "phone" => {
                let out = world.call(Call::post("/api/user/logout").bearer(&person.token)).await;
                assert_eq!(out.status, 204, "{}", out.whole());
            }
            "all" => {
                pass(&world, 1);
                let ended = world.command(json!({"do": "account.end-sign-ins", "id": account})).await;
                assert_eq!(ended["ok"], true, "{ended}");
            }
            "lock" => {
                let locked = world.command(json!({"do": "account.lock", "id": account})).await;
                assert_eq!(locked["ok"], true, "{locked}");
            }
            "time" => world.clock.advance(Duration::from_hours(12)),
            "row" | "everything else" => {
                let again = world.sign_in("13800138000").await;
                let rows = world.call(Call::get("/api/user/sign-ins").bearer(&again.token)).await.json();
                let rows = rows["rows"].as_array().unwrap().clone();
                let browser = rows.iter().find(|row| row["kind"] == "browser").unwrap();
                let path = match ending {
                    "row" => format!("/api/user/sign-ins/{}", browser["id"].as_str().unwrap()),
                    _ => "/api/user/sign-ins".to_owned(),
                };
                let ended = world.call(Call::new("DELETE", &path).bearer(&again.token)).await;
                assert!(ended.status.is_success(), "{}", ended.whole());
                assert_eq!(again.account, person.account);
            }
            _ => unreachable!(),
        }
        assert_eq!(told(&world, &cookie, &[NONE]).await, "login_required", "{ending}");
        let (sealed, shown) = page(&world, &cookie, &[OTHER]).await;
        assert_eq!(shown.json()["person"], Value::Null, "{ending}");
        world.call(go_on(&sealed).cookie(&cookie)).await.problem(403, "login_required");
        refused(&world.call(exchange(&code, &[])).await, 400, "invalid_grant");
    }
}

// W1 A12: only our page continues, and the cookie is nothing else.
#[tokio::test]
async fn another_site_signs_nobody_in() {
    let (world, person, cookie) = with_browser().await;
    let (sealed, _) = page(&world, &cookie, &[OTHER]).await;
    opened(&world);
    world.call(go_on(&sealed)).await.problem(403, "login_required");
    for site in ["cross-site", "same-site", "none"] {
        let call = go_on(&sealed).cookie(&cookie).header("sec-fetch-site", site);
        world.call(call).await.problem(403, "access_denied");
    }
    let form = Call::post("/oauth/authorize/continue")
        .cookie(&cookie)
        .body("text/plain", &format!("{{\"request\": \"{sealed}\"}}"));
    world.call(form).await.problem(415, "unsupported_media_type");
    let (_, token) = cookie.split_once('=').unwrap();
    let bent = format!("{}x", &cookie[..cookie.len() - 1]);
    let (account, id) = {
        let mut parts = token.split('.');
        (parts.next().unwrap(), parts.next().unwrap())
    };
    let refresh = cookie.replace(token, &person.refresh_token);
    let planted = format!("__Host-saoma-browser={account}.{id}.1.aaaaaaaa.{}", "A".repeat(43));
    for forged in [bent.as_str(), &refresh, &planted, "__Host-saoma-browser=", "saoma-browser=x"] {
        assert_eq!(told(&world, forged, &[NONE]).await, "login_required", "{forged}");
    }
    let device = Page::open(&world).await;
    let thief = Person { token: token.to_owned(), ..person.clone() };
    assert_eq!(pages::step(&world, "scan", &thief, device.text("code"), &json!({})).await.status, 401, "A12");
    let refreshes = Call::post("/api/user/refresh").json(&json!({"refreshToken": token}));
    assert_eq!(world.call(refreshes).await.status, 401, "no phone's refresh token");
    assert_eq!(opened(&world).len(), 1, "the device's alone");
}

// B12: each answer may be lost.
#[tokio::test]
async fn a_repeated_status_gives_the_same_browser() {
    let (world, person, first) = with_browser().await;
    let shown = Page::open(&world).await;
    shown.agreed_by(&world, &person).await;
    let again = Call::get("/oauth/authorize/status").header("token", shown.text("pollToken"));
    let answers = [world.call(again.clone().cookie(&first)).await, world.call(again.cookie(&first)).await];
    assert_eq!(answers[0].header("set-cookie"), answers[1].header("set-cookie"));
    assert_ne!(answers[0].cookie(), first);
    assert_eq!(told(&world, &first, &[NONE]).await, "login_required", "a browser has one session");
    assert_eq!(told(&world, &answers[1].cookie(), &[NONE]).await, "a code");
    world
        .call(
            Call::get("/oauth/authorize/status")
                .header("token", shown.text("pollToken"))
                .cookie(&answers[0].cookie()),
        )
        .await;
    assert_eq!(told(&world, &answers[1].cookie(), &[NONE]).await, "a code", "its own cookie ends nothing");
}

// A17 I5 I9: a client has the last word.
#[tokio::test]
async fn a_client_takes_no_browser_that_it_would_not_take_as_a_phone() {
    let (world, _, cookie) = with_browser().await;
    assert_eq!(told(&world, &cookie, &[NONE]).await, "a code");
    for changes in [json!({"apps": ["their-app"]}), json!({"maxAge": 60})] {
        let (world, _, cookie) = with_browser().await;
        world.register_client("their-app", |client| client);
        pass(&world, 61);
        let mut change = json!({"do": "client.change", "id": SITE});
        change.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
        let changed = world.command(change).await;
        assert_eq!(changed["ok"], true, "{changed}");
        pass(&world, 10);
        assert_eq!(told(&world, &cookie, &[NONE]).await, "login_required", "{changes}");
    }
    let code = answered(&world, &cookie, &[]).await["code"].as_str().unwrap().to_owned();
    world.register_client("their-app", |client| client);
    world.command(json!({"do": "client.change", "id": SITE, "apps": ["their-app"]})).await;
    refused(&world.call(exchange(&code, &[])).await, 400, "invalid_grant");
}

// A17: a QR that was relayed past the weak policy of one client opens no client that wants the number.
#[tokio::test]
async fn a_client_that_wants_the_number_takes_no_browser_without_one() {
    for (first, second, is_taken) in [
        ("off", "off", true),
        ("off", "show", false),
        ("off", "pick", false),
        ("show", "pick", true),
        ("pick", "pick", true),
    ] {
        let (world, person) = with_site().await;
        register(&world, OTHER.1, ClientAuth::None);
        for (id, policy) in [(SITE, first), (OTHER.1, second)] {
            let change = json!({"do": "client.change", "id": id, "policy": policy});
            assert_eq!(world.command(change).await["ok"], true);
        }
        let page = Page::open(&world).await;
        let picked = page.shown["matchNumber"].as_str().map(|number| json!({"matchNumber": number}));
        for (step, body) in [("scan", json!({})), ("confirm", picked.unwrap_or(json!({})))] {
            pages::step(&world, step, &person, &page.read(), &body).await;
        }
        let cookie = page.status(&world).await.cookie();
        let case = format!("{first}, then {second}");
        let expected = if is_taken { "consent_required" } else { "login_required" };
        assert_eq!(told(&world, &cookie, &[OTHER, NONE]).await, expected, "{case}");
        let (sealed, _) = self::page(&world, &cookie, &[OTHER]).await;
        let sent_on = world.call(go_on(&sealed).cookie(&cookie)).await;
        assert_eq!(sent_on.status, if is_taken { 200 } else { 403 }, "{case}: {}", sent_on.whole());
    }
}

#[tokio::test]
async fn a_deployment_may_keep_no_browser_signed_in() {
    let world = World::with(&[("SSO_SECONDS", "0")]);
    register(&world, SITE, ClientAuth::None);
    let person = world.sign_in("13800138000").await;
    let confirmed = Page::open(&world).await.agreed_by(&world, &person).await;
    assert_eq!((confirmed.text("state").as_str(), confirmed.header("set-cookie")), ("confirmed", ""));
}

// Ending a login withdraws the person's word for its client.
#[tokio::test]
async fn a_person_who_ended_the_login_is_asked_again() {
    let (world, person, cookie) = with_browser().await;
    assert_eq!(told(&world, &cookie, &[NONE]).await, "a code");
    let ended = world.call(Call::new("DELETE", "/api/user/logins").bearer(&person.token)).await;
    assert!(ended.status.is_success(), "{}", ended.whole());
    assert_eq!(told(&world, &cookie, &[NONE]).await, "consent_required");
    assert_eq!(told(&world, &cookie, &[]).await, "(our page)");
}

// A client that names its person and wants them to confirm anew: they are asked on the phone that they signed in with, and
// need not scan.
#[tokio::test]
async fn a_person_whom_the_client_names_is_asked_on_the_phone() {
    let (world, person, cookie) = with_browser().await;
    let login = [("prompt", "login"), ("login_hint", "13800138000")];
    let (_, asked) = page(&world, &cookie, &login).await;
    assert_snapshot!("browser_asked", asked.whole());
    let waiting = pending(&world, &person).await;
    assert_eq!(waiting["consent"]["client"]["name"], SITE);
    let number = asked.text("matchNumber");
    let token = asked.text("pollToken");
    let status = async || world.call(Call::get("/oauth/authorize/status").header("token", &token)).await;
    assert_eq!(status().await.text("state"), "scanned");
    let answer = json!({"traceId": waiting["traceId"], "accept": true, "matchNumber": number});
    let answered = world.call(Call::post("/login/answer").bearer(&person.token).json(&answer)).await;
    assert_eq!(answered.status, 200, "{}", answered.whole());
    pass(&world, 2);
    let confirmed = status().await;
    let code = parameters(&confirmed.text("url"))["code"].as_str().unwrap().to_owned();
    let tokens = world.call(exchange(&code, &[])).await;
    assert_eq!(tokens.status, 200, "{}", tokens.whole());
    assert_eq!(claims(&tokens.text("id_token"))["sub"], person.account.to_string());
    assert_ne!(confirmed.cookie(), cookie, "the browser is signed in from this moment on");
    // A person may want a QR instead; then nothing waits on their phone.
    let (sealed, asked) = page(&world, &confirmed.cookie(), &login).await;
    pending(&world, &person).await;
    let scan = Call::post("/oauth/authorize/begin").cookie(&confirmed.cookie());
    let scan = scan.header("token", &asked.text("pollToken"));
    let shown = world.call(scan.json(&json!({"request": sealed, "scan": true}))).await;
    assert!(shown.json()["rotate"].is_object(), "{}", shown.whole());
    let none = world.call(Call::get("/login/pending").bearer(&person.token)).await.json();
    assert_eq!(none["pending"], json!([]));
}

// OpenID Connect Core section 3.1.2.1: a client that names its person by an ID token never gets another.
#[tokio::test]
async fn who_is_not_the_one_that_the_id_token_names_gets_no_code() {
    let (world, person) = with_site().await;
    let code = Page::open(&world).await.approved_by(&world, &person).await;
    let hint = answered_tokens(&world, &code).await.text("id_token");
    let other = world.sign_in("13900139000").await;
    let page = Page::open_with(&world, &[("id_token_hint", &hint)]).await;
    let answer = page.agreed_by(&world, &other).await;
    let told = parameters(&answer.text("url"));
    assert_eq!((&told["error"], &told["code"]), (&json!("login_required"), &Value::Null));
    assert_eq!(answer.header("set-cookie"), "", "the browser is not signed in as another person");
    let page = Page::open_with(&world, &[("id_token_hint", &hint)]).await;
    let answer = page.agreed_by(&world, &person).await;
    assert!(parameters(&answer.text("url"))["code"].is_string());
}

/// A person who was asked on the phone, said yes, and is signed in on a second browser by that.
struct SaidYes {
    world: World,
    person: Person,
    trace: Value,
    number: String,
    browser: String,
    earlier_browser: String,
}

impl SaidYes {
    async fn new() -> Self {
        let (world, person, earlier_browser) = with_browser().await;
        let login = [("prompt", "login"), ("login_hint", "13800138000")];
        let (_, asked) = page(&world, &earlier_browser, &login).await;
        let trace = pending(&world, &person).await["traceId"].clone();
        let number = asked.text("matchNumber");
        let mut said = Self { world, person, trace, number, browser: String::new(), earlier_browser };
        assert_eq!(said.answer(true, &said.number).await.status, 200);
        pass(&said.world, 2);
        let status = Call::get("/oauth/authorize/status").header("token", &asked.text("pollToken"));
        said.browser = said.world.call(status).await.cookie();
        said
    }

    async fn answer(&self, accepts: bool, number: &str) -> Answer {
        let answer = json!({"traceId": self.trace, "accept": accepts, "matchNumber": number});
        self.world.call(Call::post("/login/answer").bearer(&self.person.token).json(&answer)).await
    }

    /// Takes the yes back by a no, or by a number that the screen does not show.
    async fn take_back(&self, by_number: bool) -> Answer {
        let other = if self.number == "10" { "11" } else { "10" };
        self.answer(by_number, if by_number { other } else { &self.number }).await
    }
}

// A no, or a wrong number, after the yes also signs the browser out that the yes had signed in.
#[tokio::test]
async fn a_yes_on_the_phone_that_is_taken_back_signs_the_browser_out() {
    for by_number in [false, true] {
        let said = SaidYes::new().await;
        assert_eq!(told(&said.world, &said.browser, &[NONE]).await, "a code");
        said.take_back(by_number).await;
        assert_eq!(told(&said.world, &said.browser, &[NONE]).await, "login_required");
        let earlier = told(&said.world, &said.earlier_browser, &[NONE]).await;
        assert_eq!(earlier, "a code", "the browser of an earlier login stays");
    }
}

// B12: the store fails while a yes is taken back. The caller repeats it, and the browser is signed out.
#[tokio::test]
async fn a_yes_is_taken_back_by_who_repeats_it_after_a_failure() {
    for (by_number, fault) in
        [false, true].into_iter().flat_map(|it| [(it, Fault::Refused), (it, Fault::AnswerLost)])
    {
        for call in 0.. {
            let said = SaidYes::new().await;
            said.world.memory.inject(call, fault);
            let first = said.take_back(by_number).await;
            if said.world.memory.disarm() {
                assert!(call > 0, "the store was not called");
                break;
            }
            if first.status == 503 {
                said.take_back(by_number).await;
            }
            let case = format!("by a number: {by_number}, {fault:?} at call {call}");
            assert_eq!(told(&said.world, &said.browser, &[NONE]).await, "login_required", "{case}");
        }
    }
}

/// The newest question that waits for this person.
async fn pending(world: &World, person: &Person) -> Value {
    let waiting = world.call(Call::get("/login/pending").bearer(&person.token)).await.json();
    assert!(waiting["pending"][0].is_object(), "{waiting}");
    waiting["pending"][0].clone()
}

// H1 K14: only a browser that this person signed in can have them asked, three times in ten minutes.
#[tokio::test]
async fn no_stranger_has_a_person_asked() {
    let (world, person, cookie) = with_browser().await;
    let asks = async |cookie: &str, changes: &[(&str, &str)]| {
        let answer = page(&world, cookie, changes).await.1.json();
        assert_eq!(answer["asked"].is_string(), answer["rotate"].is_null(), "{answer}");
        answer["asked"].is_string()
    };
    let login = ("prompt", "login");
    let own = ("login_hint", "13800138000");
    assert!(!asks("", &[login, own]).await, "a stranger's browser");
    assert!(!asks(&cookie, &[login]).await, "the client names no person");
    assert!(!asks(&cookie, &[login, ("login_hint", "13900139000")]).await, "another person");
    assert!(!asks(&cookie, &[login, ("login_hint", "a@shop.example")]).await, "no number");
    for _ in 0..3 {
        assert!(asks(&cookie, &[login, own]).await);
    }
    assert!(!asks(&cookie, &[login, own]).await, "three times in ten minutes for a client");
    pass(&world, 601);
    assert!(asks(&cookie, &[login, own]).await);
    world.call(Call::post("/api/user/logout").bearer(&person.token)).await;
    assert!(!asks(&cookie, &[login, own]).await, "the phone is signed out, and the browser with it");
}

// E14: what a page waits for is no answer to a client's server, and the other way round.
#[tokio::test]
async fn a_question_of_a_page_is_not_one_of_a_server() {
    let (world, _, cookie) = with_browser().await;
    let site = world.memory.client(&ClientId::parse(SITE).unwrap(), Freshness::Strong).await.unwrap();
    let mut site = site.registered().unwrap();
    site.oauth.grants.push(GrantType::Ciba);
    world.memory.put_client(site);
    pass(&world, 11);
    let login = [("prompt", "login"), ("login_hint", "13800138000")];
    let asked = page(&world, &cookie, &login).await.1;
    let token = asked.text("pollToken");
    let mut parts = token.splitn(3, '.');
    let key = format!("{}.{}", parts.next().unwrap(), parts.next().unwrap());
    let grant =
        [("grant_type", "urn:openid:params:grant-type:ciba"), ("auth_req_id", &key), ("client_id", SITE)];
    let poll = world.call(super::form("/oauth/token", &grant)).await;
    refused(&poll, 400, "invalid_grant");
    let code = world.call(Call::get("/oauth/authorize/status").header("token", &format!("{key}.x"))).await;
    code.problem(404, "not_found");
}

// Nothing was scanned, so the number ties the phone to the page, whatever the client's policy is; and who cannot answer
// on a phone of ours is not asked.
#[tokio::test]
async fn a_question_always_wants_the_number_and_a_phone_that_can_answer() {
    let (world, person, cookie) = with_browser().await;
    let change = async |change: fn(&mut Client)| {
        let site = world.memory.client(&ClientId::parse(SITE).unwrap(), Freshness::Strong).await.unwrap();
        let mut site = site.registered().unwrap();
        change(&mut site);
        world.memory.put_client(site);
        pass(&world, 11);
    };
    let login = [("prompt", "login"), ("login_hint", "13800138000")];
    change(|client| client.match_policy = MatchPolicy::Off).await;
    let asked = page(&world, &cookie, &login).await.1;
    assert_eq!(asked.text("matchNumber").len(), 2);
    let waiting = pending(&world, &person).await;
    let answer = json!({"traceId": waiting["traceId"], "accept": true});
    let bare = world.call(Call::post("/login/answer").bearer(&person.token).json(&answer)).await;
    assert_eq!(bare.status, 400, "{}", bare.whole());
    world.register_client("my-app", |client| client);
    let admits = |client: &mut Client| {
        client.match_policy = MatchPolicy::Pick;
        client.apps = vec![ClientId::parse("my-app").unwrap()];
    };
    change(admits).await;
    let by_app = world.sign_in_through("13900139000", "my-app").await;
    let cookie = Page::open(&world).await.agreed_by(&world, &by_app).await.cookie();
    let login = [("prompt", "login"), ("login_hint", "13900139000")];
    assert!(page(&world, &cookie, &login).await.1.json()["asked"].is_string());
    change(|client| client.apps = vec![ClientId::parse("another").unwrap()]).await;
    assert!(
        page(&world, &cookie, &login).await.1.json()["asked"].is_null(),
        "their app is not admitted any more"
    );
}

// The client of another client packs that client's state into its own, and needs it back whatever is refused.
#[tokio::test]
async fn a_long_state_comes_back_also_with_a_refusal() {
    let (world, _, cookie) = with_browser().await;
    let long = "s".repeat(2048);
    let state = ("state", long.as_str());
    let sent = answered(&world, &cookie, &[state]).await;
    assert_eq!((sent["state"].as_str(), sent["code"].is_string()), (Some(long.as_str()), true));
    let refused = answered(&world, &cookie, &[state, ("response_type", "token")]).await;
    assert_eq!(
        (refused["state"].as_str(), &refused["error"]),
        (Some(long.as_str()), &json!("unsupported_response_type"))
    );
    let longer = "s".repeat(2049);
    let refused = answered(&world, &cookie, &[("state", longer.as_str())]).await;
    assert_eq!(
        (refused["state"].as_str(), &refused["error"]),
        (Some(longer.as_str()), &json!("invalid_request"))
    );
}

// A form of another site comes without the cookie, so it is sent on as a query; of the form only what this endpoint reads.
#[tokio::test]
async fn a_form_of_another_site_finds_the_browser_signed_in() {
    let (world, _, cookie) = with_browser().await;
    let pairs: Vec<(String, String)> = super::code::with(&[("client_secret", "a-secret")]);
    let body = super::code::query(&pairs);
    let post = Call::post("/oauth/authorize").body("application/x-www-form-urlencoded", &body);
    let post = post.header("sec-fetch-site", "cross-site").ignored(&["client_secret"]);
    let sent_on = world.call(post).await;
    assert_eq!(sent_on.status, 303, "{}", sent_on.whole());
    let location = sent_on.header("location");
    assert!(!location.contains("a-secret") && location.contains("state="), "{location}");
    let (_, query) = location.split_once('?').unwrap();
    let found = world.call(Call::get(&format!("/oauth/authorize?{query}")).cookie(&cookie)).await;
    assert!(found.header("location").contains("code="), "{}", found.whole());
}

// E18: two tabs of one person may hold two codes of one session. The second one is refused and ends nothing.
#[tokio::test]
async fn a_second_code_of_a_session_ends_nothing() {
    let (world, person) = with_site().await;
    let page = Page::open(&world).await;
    page.confirmed_by(&world, &person).await;
    let code = async || {
        let url = page.status(&world).await.text("url");
        parameters(&url)["code"].as_str().unwrap().to_owned()
    };
    let (first, second) = (code().await, code().await);
    let tokens = world.call(exchange(&first, &[])).await;
    assert_eq!(tokens.status, 200, "{}", tokens.whole());
    refused(&world.call(exchange(&second, &[])).await, 400, "invalid_grant");
    let userinfo = Call::get("/oauth/userinfo").bearer(&tokens.text("access_token"));
    assert_eq!(world.call(userinfo).await.status, 200);
}

// A14 B11: the page's poll is on its way while the yes is taken back, or reads a copy from before.
#[tokio::test]
async fn a_yes_that_was_taken_back_signs_no_browser_in() {
    let (world, person) = with_site().await;
    let page = Page::open(&world).await;
    page.confirmed_by(&world, &person).await;
    world.memory.lag(&page.session(&world).code);
    pages::step(&world, "cancel", &person, &page.read(), &json!({})).await;
    let late = page.status(&world).await;
    assert_eq!((late.text("state").as_str(), late.header("set-cookie")), ("confirmed", ""));
    let signed_in = world.call(Call::get("/api/user/sign-ins").bearer(&person.token)).await.json();
    assert_eq!(signed_in["rows"].as_array().unwrap().len(), 1, "the phone alone: {signed_in}");
}

// A no, or a wrong number, after the yes also signs the browser out that the yes had signed in.
#[tokio::test]
async fn a_yes_that_is_taken_back_signs_the_browser_out() {
    let other = |number: &str| if number == "10" { "11" } else { "10" };
    for step in ["cancel", "confirm"] {
        let (world, person) = with_site().await;
        let cookie = signed_in(&world, &person).await;
        assert_eq!(told(&world, &cookie, &[NONE]).await, "a code");
        let page = Page::open_with(&world, &[("prompt", "login")]).await;
        let second = page.agreed_by(&world, &person).await.cookie();
        assert_eq!(told(&world, &second, &[NONE]).await, "a code");
        let wrong = json!({"matchNumber": other(page.text("matchNumber"))});
        let body = if step == "confirm" { wrong } else { json!({}) };
        pages::step(&world, step, &person, &page.read(), &body).await;
        assert_eq!(told(&world, &second, &[NONE]).await, "login_required", "{step}");
        assert_eq!(told(&world, &cookie, &[NONE]).await, "a code", "the browser of an earlier login stays");
    }
}
