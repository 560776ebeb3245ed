//! `/qr/*` (CONTRACTS section 2), one file per endpoint. Here are the whole login and what the
//! endpoints share.

mod activate;
mod bodies;
mod cancel;
mod code;
mod faults;
mod lock;
mod login;
mod login_pic;
mod ticket;

use std::time::Duration;

use acceptance::{Answer, Call, ISSUER, Person, World};
use base64::{Engine, engine::general_purpose::STANDARD};
use insta::assert_snapshot;
use saoma_domain::{
    client::{Client, Origin, ReturnUrl},
    session::Session,
};
use serde_json::{Value, json};

/// A registered client, the page its people come back to and the origin of its pages.
pub(crate) const SHOP: &str = "shop";
const SHOP_PAGE: &str = "https://shop.example/in?from=qr";
const SHOP_ORIGIN: &str = "https://shop.example";

/// A PC that shows a QR.
pub(crate) struct Pc {
    pub(crate) code: String,
    pub(crate) text: String,
    pub(crate) cookie: String,
    pub(crate) poll_token: String,
    pub(crate) number: String,
}

impl Pc {
    /// For our own page.
    pub(crate) async fn open(world: &World) -> Self {
        Self::read(&world.call(Call::get("/qr/code")).await)
    }

    /// For the shop's page.
    pub(crate) async fn open_shop(world: &World) -> Self {
        Self::read(&world.call(Call::get("/qr/code?client=shop")).await)
    }

    pub(crate) fn read(opened: &Answer) -> Self {
        assert_eq!(opened.status, 200, "{}", opened.whole());
        Self {
            code: opened.text("code"),
            text: opened.text("text"),
            cookie: opened.cookie(),
            poll_token: opened.text("pollToken"),
            number: opened.json()["matchNumber"].as_str().unwrap_or_default().to_owned(),
        }
    }

    /// Asks how the QR stands, by the cookie.
    pub(crate) async fn poll(&self, world: &World) -> Answer {
        world.call(Call::get("/qr/login").cookie(&self.cookie)).await
    }

    /// Asks for the ticket of a QR that was activated.
    pub(crate) async fn ticket(&self, world: &World) -> String {
        let answer = self.poll(world).await;
        let url = answer.text("url");
        url.split_once("ticket=").unwrap().1.to_owned()
    }

    /// A number that the screen does not show.
    fn wrong_number(&self) -> &'static str {
        if self.number == "42" { "43" } else { "42" }
    }
}

/// What the app does with a code: `lock`, `activate` or `cancel`.
pub(crate) async fn app(world: &World, step: &str, person: &Person, code: &str) -> Answer {
    world
        .call(Call::post(&format!("/qr/{step}")).header("token", &person.token).json(&json!({"code": code})))
        .await
}

/// Lets a PC in.
pub(crate) async fn let_in(world: &World, person: &Person, pc: &Pc) {
    for step in ["lock", "activate"] {
        done(&app(world, step, person, &pc.code).await);
    }
}

/// Registers the shop; its server's `Authorization` comes back.
pub(crate) fn register_shop(world: &World) -> String {
    register(world, SHOP, |client| client)
}

fn register(world: &World, id: &str, change: impl FnOnce(Client) -> Client) -> String {
    let secret = world.register_client(id, |client| {
        change(Client {
            return_url: ReturnUrl::parse(SHOP_PAGE),
            origins: vec![Origin::parse(SHOP_ORIGIN).unwrap()],
            ..client
        })
    });
    basic(id, secret.reveal())
}

fn basic(id: &str, secret: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{id}:{secret}")))
}

/// The client's server exchanges a ticket.
async fn exchange(world: &World, authorization: &str, ticket: &str) -> Answer {
    let call = Call::post("/qr/ticket").header("authorization", authorization);
    world.call(call.json(&json!({"ticket": ticket}))).await
}

#[track_caller]
pub(crate) fn done(answer: &Answer) {
    assert_eq!(
        (answer.status.as_u16(), &answer.json()["statusflag"]),
        (200, &json!(0)),
        "{}",
        answer.whole()
    );
}

/// A refusal in the contract's shape: this status, this code, `statusflag` and `errorCode` -1.
#[track_caller]
fn refused(answer: &Answer, status: u16, code: &str) {
    let body = answer.json();
    let expected = json!({"statusflag": -1, "errorCode": -1, "code": code, "message": body["message"]});
    assert_eq!((answer.status.as_u16(), &body), (status, &expected), "{}", answer.whole());
    assert!(body["message"].is_string(), "{body}");
    assert_eq!(answer.header("content-type"), "application/json");
    assert_eq!(answer.header("cache-control"), "no-store"); // W16
}

/// A refusal in the shape of RFC 9457, as the ticket's endpoint gives.
#[track_caller]
pub(crate) fn problem(answer: &Answer, status: u16, code: &str) {
    assert_eq!(
        (answer.status.as_u16(), &answer.json()["code"]),
        (status, &json!(code)),
        "{}",
        answer.whole()
    );
    assert_eq!(answer.header("content-type"), "application/problem+json");
    assert_eq!(answer.header("cache-control"), "no-store"); // W16
}

/// The bare answer for a dead QR.
#[track_caller]
fn dead(answer: &Answer) {
    assert_eq!(
        (answer.status.as_u16(), answer.json()),
        (200, json!({"statusflag": -2})),
        "{}",
        answer.whole()
    );
}

#[track_caller]
fn flag(answer: &Answer) -> i64 {
    answer.json()["statusflag"].as_i64().unwrap()
}

/// All sessions, in order.
pub(crate) fn sessions(world: &World) -> Vec<Session> {
    let mut sessions = world.memory.sessions();
    sessions.sort_by(|a, b| a.code.cmp(&b.code));
    sessions
}

/// Moves the clock on.
pub(crate) fn pass(world: &World, seconds: u64) {
    world.clock.advance(Duration::from_secs(seconds));
}

/// Names what differs from login to login; each of them must be there.
#[track_caller]
pub(crate) fn named(mut whole: String, names: &[(&str, &str)]) -> String {
    for (value, name) in names {
        assert!(whole.contains(value), "{name} is not in {whole}");
        whole = whole.replace(value, name);
    }
    whole
}

#[tokio::test]
#[expect(clippy::too_many_lines, reason = "nine whole answers in a row")]
async fn a_login_from_code_to_token() {
    let world = World::default();
    let shop = register_shop(&world);
    let person = world.sign_in("13800138000").await;
    let opened = world.call(Call::get("/qr/code?client=shop")).await;
    let pc = Pc::read(&opened);
    let svg = opened.text("svg");
    assert!(svg.starts_with("<svg"));
    let names = [
        (svg.as_str(), "[svg]"),
        (&pc.poll_token, "[poll token]"),
        (&pc.code, "[code]"),
        (&pc.number, "[number]"),
    ];
    let whole = named(opened.whole().replace("\\\"", "\""), &names);
    assert_snapshot!(whole, @r#"
    200 OK
    content-type: application/json
    set-cookie: __Host-saoma-qr=[poll token]; Path=/; Max-Age=300; HttpOnly; Secure; SameSite=Lax
    vary: Origin
    cache-control: no-store
    x-content-type-options: nosniff
    x-frame-options: DENY
    referrer-policy: no-referrer
    strict-transport-security: max-age=31536000
    content-security-policy: default-src 'none'; frame-ancestors 'none'
    content-length: 3419

    {
      "code": "[code]",
      "expiresIn": 300,
      "matchNumber": "[number]",
      "pollToken": "[poll token]",
      "statusflag": 0,
      "svg": "[svg]",
      "text": "HTTPS://LOGIN.EXAMPLE.COM/Q/[code]"
    }
    "#);
    assert_snapshot!(pc.poll(&world).await.whole(), @r#"
    200 OK
    content-type: application/json
    vary: Origin
    cache-control: no-store
    x-content-type-options: nosniff
    x-frame-options: DENY
    referrer-policy: no-referrer
    strict-transport-security: max-age=31536000
    content-security-policy: default-src 'none'; frame-ancestors 'none'
    content-length: 16

    {
      "statusflag": 0
    }
    "#);

    let call = Call::post("/qr/lock").header("token", &person.token);
    let locked = world.call(call.json(&json!({"code": pc.text, "ext": "cart=7"}))).await;
    assert_snapshot!(locked.whole(), @r#"
    200 OK
    content-type: application/json
    cache-control: no-store
    x-content-type-options: nosniff
    x-frame-options: DENY
    referrer-policy: no-referrer
    strict-transport-security: max-age=31536000
    content-security-policy: default-src 'none'; frame-ancestors 'none'
    content-length: 272

    {
      "consent": {
        "client": {
          "id": "shop",
          "logo": null,
          "name": "shop"
        },
        "matchNumber": {
          "choices": [
            "13",
            "23",
            "67"
          ],
          "policy": "show"
        },
        "screen": {
          "deviceMac": null,
          "deviceName": null
        },
        "seen": {
          "at": 1705998038,
          "browser": "Firefox on Windows",
          "ip": "203.0.113.7"
        }
      },
      "statusflag": 0,
      "type": "login"
    }
    "#);
    assert_snapshot!(pc.poll(&world).await.whole(), @r#"
    200 OK
    content-type: application/json
    vary: Origin
    cache-control: no-store
    x-content-type-options: nosniff
    x-frame-options: DENY
    referrer-policy: no-referrer
    strict-transport-security: max-age=31536000
    content-security-policy: default-src 'none'; frame-ancestors 'none'
    content-length: 16

    {
      "statusflag": 1
    }
    "#);

    assert_snapshot!(app(&world, "activate", &person, &pc.code).await.whole(), @r#"
    200 OK
    content-type: application/json
    cache-control: no-store
    x-content-type-options: nosniff
    x-frame-options: DENY
    referrer-policy: no-referrer
    strict-transport-security: max-age=31536000
    content-security-policy: default-src 'none'; frame-ancestors 'none'
    content-length: 16

    {
      "statusflag": 0
    }
    "#);
    let signed_in = pc.poll(&world).await;
    let url = signed_in.text("url");
    let ticket = url.split_once("ticket=").unwrap().1;
    assert_snapshot!(named(signed_in.whole(), &[(ticket, "[ticket]")]), @r#"
    200 OK
    content-type: application/json
    vary: Origin
    cache-control: no-store
    x-content-type-options: nosniff
    x-frame-options: DENY
    referrer-policy: no-referrer
    strict-transport-security: max-age=31536000
    content-security-policy: default-src 'none'; frame-ancestors 'none'
    content-length: 480

    {
      "ext": "cart=7",
      "statusflag": 2,
      "url": "https://shop.example/in?from=qr&ticket=[ticket]"
    }
    "#);

    let exchanged = exchange(&world, &shop, ticket).await;
    let token = exchanged.text("access_token");
    assert_snapshot!(named(exchanged.whole(), &[(token.as_str(), "[token]")]), @r#"
    200 OK
    content-type: application/json
    cache-control: no-store
    x-content-type-options: nosniff
    x-frame-options: DENY
    referrer-policy: no-referrer
    strict-transport-security: max-age=31536000
    content-security-policy: default-src 'none'; frame-ancestors 'none'
    content-length: 533

    {
      "access_token": "[token]",
      "expires_in": 900,
      "token_type": "Bearer",
      "user": {
        "memberId": "5893983915",
        "nickName": "138****8000"
      }
    }
    "#);
    // E18
    assert_snapshot!(pc.poll(&world).await.whole(), @r#"
    200 OK
    content-type: application/json
    vary: Origin
    cache-control: no-store
    x-content-type-options: nosniff
    x-frame-options: DENY
    referrer-policy: no-referrer
    strict-transport-security: max-age=31536000
    content-security-policy: default-src 'none'; frame-ancestors 'none'
    content-length: 33

    {
      "reason": "used",
      "statusflag": -2
    }
    "#);
    assert_snapshot!(exchange(&world, &shop, ticket).await.whole(), @r#"
    400 Bad Request
    content-type: application/problem+json
    cache-control: no-store
    x-content-type-options: nosniff
    x-frame-options: DENY
    referrer-policy: no-referrer
    strict-transport-security: max-age=31536000
    content-security-policy: default-src 'none'; frame-ancestors 'none'
    content-length: 130

    {
      "code": "invalid_ticket",
      "detail": "The ticket is not valid, or was used.",
      "status": 400,
      "title": "Bad Request",
      "type": "about:blank"
    }
    "#);
}

// W16
#[tokio::test]
async fn no_answer_is_stored_by_anybody() {
    let world = World::default();
    let shop = register_shop(&world);
    let person = world.sign_in("13800138000").await;
    let pc = Pc::open_shop(&world).await;
    let mut answers =
        vec![world.call(Call::get("/qr/loginpic/")).await, world.call(Call::get("/qr/code")).await];
    for step in ["lock", "activate"] {
        answers.push(pc.poll(&world).await);
        answers.push(app(&world, step, &person, &pc.code).await);
    }
    answers.push(pc.poll(&world).await);
    let ticket = answers.last().unwrap().text("url").split_once("ticket=").unwrap().1.to_owned();
    answers.push(exchange(&world, &shop, &ticket).await);
    answers.push(exchange(&world, &shop, &ticket).await);
    answers.push(pc.poll(&world).await);
    answers.push(app(&world, "cancel", &person, &pc.code).await);
    answers.push(world.call(Call::get("/qr/login")).await);
    for answer in answers {
        assert_eq!(answer.header("cache-control"), "no-store", "{}", answer.whole());
    }
}

// W2
#[tokio::test]
async fn a_get_never_scans_confirms_or_cancels() {
    let world = World::default();
    let person = world.sign_in("13800138000").await;
    let pc = Pc::open(&world).await;
    for step in ["lock", "activate", "cancel", "ticket"] {
        let before = sessions(&world);
        let call = Call::get(&format!("/qr/{step}?code={}", pc.code));
        let answer = world.call(call.header("token", &person.token).cookie(&pc.cookie)).await;
        assert_eq!(answer.status, 405, "{}", answer.whole());
        assert_eq!(sessions(&world), before);
    }
}

// W15
#[tokio::test]
async fn a_stranger_cannot_tell_an_unknown_code_from_a_foreign_expired_cancelled_or_used_one() {
    let world = World::default();
    let shop = register_shop(&world);
    let owner = world.sign_in("13800138000").await;
    let expired = Pc::open(&world).await.code;
    pass(&world, 301);
    let stranger = world.sign_in("13800138001").await;
    let cancelled = Pc::open(&world).await.code;
    done(&app(&world, "lock", &owner, &cancelled).await);
    done(&app(&world, "cancel", &owner, &cancelled).await);
    let used = Pc::open_shop(&world).await;
    let_in(&world, &owner, &used).await;
    assert_eq!(exchange(&world, &shop, &used.ticket(&world).await).await.status, 200);
    let foreign = world.call(Call::post("/api/qrCode/createLoginQrCode").json(&json!({}))).await.text("id");
    let before = sessions(&world);
    for step in ["lock", "activate", "cancel"] {
        let unknown = app(&world, step, &stranger, "ZZZZZZZZZZZZZZZZZZZZZZZZZZ").await;
        dead(&unknown);
        for code in [&expired, &cancelled, &used.code, &foreign, &"no code at all".to_owned()] {
            let answer = app(&world, step, &stranger, code).await;
            assert_eq!(
                (answer.whole(), answer.body),
                (unknown.whole(), unknown.body.clone()),
                "{step} {code}"
            );
        }
    }
    assert_eq!(sessions(&world), before);
}

// W13
#[tokio::test]
async fn host_headers_choose_neither_the_qr_nor_the_issuer() {
    let world = World::default();
    let evil = |call: Call| {
        call.header("host", "evil.example")
            .header("x-forwarded-host", "evil.example")
            .header("x-forwarded-proto", "http")
            .header("forwarded", "host=evil.example;proto=http")
    };
    let opened = world.call(evil(Call::get("/qr/code"))).await;
    let pc = Pc::read(&opened);
    assert_eq!(pc.text, format!("{}/Q/{}", ISSUER.to_uppercase(), pc.code));
    assert!(!opened.whole().contains("evil"), "{}", opened.whole());
    let_in(&world, &world.sign_in("13800138000").await, &pc).await;
    let url = world.call(evil(Call::get("/qr/login").cookie(&pc.cookie))).await.text("url");
    assert!(url.starts_with("https://login.example.com/welcome?ticket="), "{url}");
}

// W13
#[tokio::test]
async fn without_a_public_address_api_gateways_own_is_used() {
    let world = World::with(&[("PUBLIC_URL", "")]);
    let call =
        Call::get("/qr/code").header("host", "evil.example").header("x-forwarded-host", "evil.example");
    let pc = Pc::read(&world.call(call).await);
    let host = "https://api-id.execute-api.ap-southeast-1.amazonaws.com";
    assert_eq!(pc.text, format!("{}/Q/{}", host.to_uppercase(), pc.code));
    let_in(&world, &world.sign_in("13800138000").await, &pc).await;
    let url = pc.poll(&world).await.text("url");
    assert!(url.starts_with(&format!("{host}/welcome?ticket=")), "{url}");
}

// E2
#[tokio::test]
async fn a_secret_in_the_query_is_refused() {
    let world = World::default();
    let person = world.sign_in("13800138000").await;
    let pc = Pc::open(&world).await;
    let before = sessions(&world);
    for query in [
        format!("token={}", pc.poll_token),
        format!("pollToken={}", pc.poll_token),
        format!("ACCESS_TOKEN={}", person.token),
        format!("a=b&%74oken={}", person.token),
        "authorization=Bearer".to_owned(),
    ] {
        for call in [
            Call::get(&format!("/qr/login?{query}")).cookie(&pc.cookie),
            Call::get(&format!("/qr/loginpic?{query}")),
            Call::post(&format!("/qr/lock?{query}")).json(&json!({"code": pc.code})),
        ] {
            let answer = world.call(call).await;
            assert_eq!((answer.status.as_u16(), answer.text("code")), (400, "secret_in_query".to_owned()));
        }
    }
    assert_eq!(sessions(&world), before);
}

fn user(exchanged: &Answer) -> Value {
    assert_eq!(exchanged.status, 200, "{}", exchanged.whole());
    exchanged.json()["user"]["memberId"].clone()
}
