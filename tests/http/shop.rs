//! `/qrlogin/*`, `/qrcode/*` (`docs/shop.md`): the three-call login.

use std::time::Duration;

use acceptance::{Answer, Call, ISSUER, Person, World, qr};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use insta::assert_snapshot;
use saoma_domain::{account::AccountStatus, client::Client, session::MatchPolicy};
use serde_json::{Value, json};

use crate::pages;

/// A PC that shows a QR.
struct Pc {
    code: String,
    url: String,
    cookie: String,
    number: String,
}

impl Pc {
    async fn shows_a_qr(world: &World) -> Self {
        Self::of(world, "").await
    }

    async fn of(world: &World, query: &str) -> Self {
        let call = Call::get(&format!("/qrlogin/createcode{query}")).header("accept", "application/json");
        let created = world.call(call).await;
        assert_eq!(created.status, 200, "{}", created.whole());
        Self {
            code: created.text("code"),
            url: created.text("url"),
            cookie: created.cookie(),
            number: created.text("matchNumber"),
        }
    }

    async fn poll(&self, world: &World) -> Answer {
        world.call(sign_in(&self.code).cookie(&self.cookie)).await
    }

    async fn status(&self, world: &World) -> Value {
        world.clock.advance(Duration::from_secs(2));
        self.poll(world).await.json()["status"].clone()
    }

    /// The path of its picture.
    fn picture(&self) -> &str {
        self.url.strip_prefix(ISSUER).unwrap()
    }
}

fn sign_in(code: &str) -> Call {
    Call::get(&format!("/qrlogin/qrcodelogin/{code}"))
}

fn verify(code: &str) -> Call {
    Call::get(&format!("/qrlogin/verifycode/{code}"))
}

async fn lets_in(world: &World, person: &Person, pc: &Pc) -> Answer {
    world.call(Call::post(&format!("/qrlogin/qrcodelogin/{}", pc.code)).header("token", &person.token)).await
}

#[tokio::test]
async fn a_pc_is_signed_in_by_three_calls() {
    let world = World::default();
    let person = world.sign_in("17317227520").await;
    let created = world.call(Call::get("/qrlogin/createcode")).await;
    assert_snapshot!("created", created.whole());
    let url = String::from_utf8(created.body.clone()).unwrap();
    let pc = Pc::shows_a_qr(&world).await;
    assert!(url.starts_with(&format!("{ISSUER}/qrcode/")), "{url}");

    let asked = world.call(verify(&pc.code)).await;
    assert_eq!(asked.json(), json!({"status": 1}));
    assert_eq!(pc.status(&world).await, 0);
    let scanned = world.call(verify(&pc.code).header("token", &person.token)).await.json();
    assert_eq!((&scanned["status"], &scanned["consent"]["client"]["id"]), (&json!(1), &json!("shop")));
    assert_eq!(pc.status(&world).await, 1);

    let told = lets_in(&world, &person, &pc).await;
    assert_eq!(told.json()["token"], json!(person.token), "the phone's own");
    let pc_told = pc.poll(&world).await;
    assert_snapshot!("member", member(&pc_told));
    assert_eq!(pc.poll(&world).await.body, pc_told.body, "an answer that was lost is given again");
    world.clock.advance(Duration::from_secs(31));
    assert_eq!(pc.poll(&world).await.json(), json!({"status": -1}), "E18: and then no more");

    let token = pc_told.text("token");
    assert_eq!(claims(&token)["aud"], "shop");
    assert!(claims(&token).get("scope").is_none(), "A12: it approves nothing");
    let identity = claims(&pc_told.text("member_identifier"));
    assert_eq!((&identity["sub"], &identity["aud"]), (&json!(person.account.to_string()), &json!("shop")));
}

/// The member object, its tokens by name.
fn member(answer: &Answer) -> String {
    let mut member = answer.json();
    for name in ["token", "member_identifier"] {
        assert_eq!(member[name].as_str().unwrap().split('.').count(), 3, "{name}");
        member[name] = json!("<a signed token>");
    }
    format!("{member:#}")
}

fn claims(token: &str) -> Value {
    let body = token.split('.').nth(1).unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(body).unwrap()).unwrap()
}

#[tokio::test]
async fn each_login_is_a_visit() {
    let world = World::default();
    let person = world.sign_in("17317227520").await;
    for visit in ["1", "2", "3"] {
        let pc = Pc::shows_a_qr(&world).await;
        let told = lets_in(&world, &person, &pc).await.json();
        assert_eq!((&told["visit"], &told["ip"]), (&json!(visit), &json!("203.0.113.7")));
        assert_eq!(told["last_time"], json!(saoma_domain::ports::Clock::now(&*world.clock).secs()));
        assert_eq!(lets_in(&world, &person, &pc).await.json()["visit"], json!(visit), "asked again");
        assert_eq!(pc.poll(&world).await.json()["visit"], json!(visit));
        world.clock.advance(Duration::from_mins(1));
    }
}

#[tokio::test]
async fn the_phone_page_lets_a_pc_in_too() {
    let world = World::default();
    let person = world.sign_in("17317227520").await;
    let pc = Pc::shows_a_qr(&world).await;
    for step in ["scan", "confirm"] {
        assert_eq!(pages::step(&world, step, &person, &pc.code, &json!({})).await.status, 200);
    }
    assert_eq!(pc.poll(&world).await.json()["visit"], "1");
}

// G7
// F8 F10
#[tokio::test]
async fn what_a_scanner_adds_to_a_code_does_not_matter() {
    let world = World::default();
    let pc = Pc::shows_a_qr(&world).await;
    for added in ["", "%0A", "%0D%0A", "%20", "%2F", "%E2%80%8E", "%EF%BB%BF"] {
        let answer = world.call(verify(&format!("{}{added}", pc.code))).await;
        assert_eq!(answer.json()["status"], 1, "{added}");
    }
}

#[tokio::test]
async fn only_pictures_we_drew_are_served() {
    let world = World::default();
    let pc = Pc::shows_a_qr(&world).await;
    let picture = world.call(Call::get(pc.picture())).await;
    assert_eq!((picture.status.as_u16(), picture.header("content-type")), (200, "image/jpeg"));
    let (_, text) = qr::read(&picture.body);
    assert_eq!(text, format!("{ISSUER}/downloads.html?source=pclogin&code={}", pc.code));
    let stored = world.drawer.pictures();
    assert!(stored.keys().all(|name| !name.contains(&pc.code)), "G7: names are random");

    let name = |text: &str| format!("/qrcode/{}.jpg", URL_SAFE_NO_PAD.encode(text));
    let unknown = world.call(Call::get(&name("https://evil.example/"))).await;
    unknown.problem(404, "not_found");
    for path in [
        name(&format!("https://evil.example/downloads.html?source=pclogin&code={}", pc.code)),
        name(&format!("{ISSUER}/downloads.html?source=pclogin&code={}&x=1", pc.code)),
        name(&format!("{ISSUER}/downloads.html?source=pclogin&code={}", "0".repeat(26))),
        name(&pc.code),
        pc.picture().replace(".jpg", ".png"),
        pc.picture().replace(".jpg", ""),
        format!("/qrcode/{}.jpg", "A".repeat(4000)),
        "/qrcode/%2e%2e%2fx.jpg".to_owned(),
    ] {
        let answer = world.call(Call::get(&path)).await;
        assert_eq!(answer.whole(), unknown.whole(), "{path}");
    }
    world.clock.advance(Duration::from_mins(5));
    assert_eq!(world.call(Call::get(pc.picture())).await.whole(), unknown.whole());
}

// W2 W1: the cookie reads; only a token confirms.
#[tokio::test]
async fn without_token_or_cookie_nothing_is_told_and_a_cookie_confirms_nothing() {
    let world = World::default();
    let person = world.sign_in("17317227520").await;
    let pc = Pc::shows_a_qr(&world).await;
    world.call(sign_in(&pc.code)).await.problem(401, "unauthorized");
    world.call(sign_in(&pc.code).header("token", "x.y.z")).await.problem(401, "unauthorized");
    world.call(verify(&pc.code).header("token", "x.y.z")).await.problem(401, "unauthorized");
    let before = world.memory.sessions();
    let by_cookie = Call::post(&format!("/qrlogin/qrcodelogin/{}", pc.code)).cookie(&pc.cookie);
    assert_eq!(world.call(by_cookie).await.json(), json!({"status": 0, "pollAfter": 2}));
    let crafted = sign_in(&pc.code).cookie(&pc.cookie).cookie(&format!("token={}", person.token));
    world.clock.advance(Duration::from_secs(2));
    assert_eq!(world.call(crafted).await.json(), json!({"status": 0, "pollAfter": 2}));
    world
        .call(Call::get(&format!("/qrlogin/qrcodelogin/{}?token={}", pc.code, person.token)))
        .await
        .problem(400, "secret_in_query");
    assert_eq!(world.memory.sessions(), before);
    assert_eq!(
        world.call(sign_in(&pc.code).bearer(&person.token)).await.json()["status"],
        2,
        "GET with a token"
    );
}

// A1 A2 A4
#[tokio::test]
async fn only_the_pc_that_showed_the_qr_gets_the_member() {
    let world = World::default();
    let person = world.sign_in("17317227520").await;
    let (pc, other) = (Pc::shows_a_qr(&world).await, Pc::shows_a_qr(&world).await);
    let secret_of_other = other.cookie.split_once('.').unwrap().1;
    let forged = format!("__Host-saoma-qr={}.{secret_of_other}", pc.code);
    let waiting = world.call(sign_in(&pc.code).cookie(&forged)).await;
    assert_eq!(waiting.json(), json!({"status": -1}), "not even how it stands");
    lets_in(&world, &person, &pc).await;
    for cookie in [&other.cookie, &forged] {
        let answer = world.call(sign_in(&pc.code).cookie(cookie)).await;
        assert_eq!(answer.json(), json!({"status": -1}));
    }
    let planted = Call::get("/qrlogin/createcode").cookie(&forged);
    assert!(!world.call(planted).await.cookie().contains(secret_of_other));
    assert_eq!(pc.poll(&world).await.json()["status"], 2);
}

// A7 B6
#[tokio::test]
async fn another_person_cannot_take_what_was_scanned() {
    let world = World::default();
    let (person, other) = (world.sign_in("17317227520").await, world.sign_in("13800138000").await);
    let pc = Pc::shows_a_qr(&world).await;
    world.call(verify(&pc.code).header("token", &person.token)).await;
    let before = world.memory.sessions();
    let seen = world.call(verify(&pc.code).header("token", &other.token)).await;
    assert_eq!(seen.json(), json!({"status": 0}));
    lets_in(&world, &other, &pc).await.problem(403, "claimed_by_another");
    assert_eq!(world.memory.sessions(), before);
}

// D14
#[tokio::test]
async fn a_wrong_number_ends_it_and_the_policy_may_ask_for_one() {
    let world = World::default();
    world.register_client("picky", |client| Client { match_policy: MatchPolicy::Pick, ..client });
    let person = world.sign_in("17317227520").await;
    let with = |pc: &Pc, number: &str| {
        let call = Call::post(&format!("/qrlogin/qrcodelogin/{}", pc.code)).header("token", &person.token);
        call.json(&json!({"matchNumber": number}))
    };
    let pc = Pc::of(&world, "?client=picky").await;
    lets_in(&world, &person, &pc).await.problem(400, "match_number_required");
    world.call(with(&pc, "4x")).await.problem(400, "malformed_match_number");
    assert_eq!(world.call(with(&pc, &pc.number)).await.json()["status"], 2);
    let pc = Pc::of(&world, "?client=picky").await;
    let by_get = Call::get(&format!("/qrlogin/qrcodelogin/{}?matchNumber={}", pc.code, pc.number));
    assert_eq!(world.call(by_get.header("token", &person.token)).await.json()["status"], 2);
    let pc = Pc::shows_a_qr(&world).await;
    world.call(with(&pc, "00")).await.problem(403, "wrong_match_number");
    assert_eq!(pc.status(&world).await, -1);
}

// C6 C1 W15
#[tokio::test]
async fn a_dead_code_is_dead_everywhere_and_all_dead_codes_look_alike() {
    let world = World::default();
    let person = world.sign_in("17317227520").await;
    let replaced = Pc::shows_a_qr(&world).await;
    let renewed = Call::get("/qrlogin/createcode").cookie(&replaced.cookie);
    assert_eq!(world.call(renewed).await.status, 200);
    let used = Pc::shows_a_qr(&world).await;
    lets_in(&world, &person, &used).await;
    used.poll(&world).await;
    let expired = Pc::shows_a_qr(&world).await;
    let kiosk = world.call(Call::post("/api/qrCode/createLoginQrCode")).await.text("id");
    world.clock.advance(Duration::from_mins(5));
    let stranger = world.sign_in("13800138000").await;
    for code in [&replaced.code, &used.code, &expired.code, &kiosk, "ZZZZZZZZZZZZZZZZZZZZZZZZZZ", "x"] {
        assert_eq!(world.call(verify(code)).await.json(), json!({"status": 0}), "{code}");
        let scan = verify(code).header("token", &stranger.token);
        assert_eq!(world.call(scan).await.json(), json!({"status": 0}), "{code}");
        let takes = sign_in(code).header("token", &stranger.token);
        assert_eq!(world.call(takes).await.json(), json!({"status": -1}), "{code}");
    }
    assert_eq!(replaced.status(&world).await, -1);
    assert_eq!(expired.status(&world).await, -1);
}

// A14
#[tokio::test]
async fn a_locked_account_lets_nobody_in() {
    let world = World::default();
    let person = world.sign_in("17317227520").await;
    let pc = Pc::shows_a_qr(&world).await;
    lets_in(&world, &person, &pc).await;
    world.set_status(&person, AccountStatus::Locked);
    assert_eq!(pc.poll(&world).await.json(), json!({"status": -1}));
    assert_eq!(world.session(&pc.code).state.name(), "cancelled");
}

// D7 D10
#[tokio::test]
async fn hasty_polls_and_floods_are_told_to_wait() {
    let world = World::with(&[("CREATES_PER_MINUTE", "3")]);
    let pc = Pc::shows_a_qr(&world).await;
    assert_eq!(pc.poll(&world).await.status, 200);
    let early = pc.poll(&world).await;
    assert_eq!((early.status.as_u16(), early.header("retry-after")), (429, "1"));
    assert_eq!(early.json(), json!({"status": 0, "pollAfter": 2}));
    Pc::shows_a_qr(&world).await;
    Pc::shows_a_qr(&world).await;
    world.call(Call::get("/qrlogin/createcode")).await.problem(429, "too_many_requests");
    assert_eq!((world.memory.sessions().len(), world.drawer.pictures().len()), (3, 3), "G9");
    world.call(Call::get("/qrlogin/createcode?client=nobody")).await.problem(400, "unknown_client");
}
