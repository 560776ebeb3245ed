//! `/qr/*` (`docs/web.md`), one file per endpoint. This file has their helpers, and tests of all endpoints.

mod activate;
mod addresses;
mod bodies;
mod cancel;
mod code;
mod faults;
mod lock;
mod login;
mod login_pic;
mod ticket;
mod whole;

use std::time::Duration;

use acceptance::{Answer, Call, Person, World};
use base64::{Engine, engine::general_purpose::STANDARD};
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
            text: opened.json()["text"].as_str().unwrap_or_default().to_owned(),
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

/// A step of the app with a code: `lock`, `activate` or `cancel`.
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

/// Registers the shop. Returns the `Authorization` of its server.
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

/// The `Authorization` of a client's server.
pub(crate) fn basic(id: &str, secret: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{id}:{secret}")))
}

/// The client's server exchanges a ticket.
pub(crate) async fn exchange(world: &World, authorization: &str, ticket: &str) -> Answer {
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

/// The answer for a dead QR to the phone that holds it, with the reason.
#[track_caller]
fn dead_because(answer: &Answer, code: &str) {
    let body = answer.json();
    let expected = json!({"statusflag": -2, "code": code, "message": body["message"]});
    assert_eq!((answer.status.as_u16(), &body), (200, &expected), "{}", answer.whole());
    assert!(body["message"].is_string(), "{body}");
}

fn user(exchanged: &Answer) -> Value {
    assert_eq!(exchanged.status, 200, "{}", exchanged.whole());
    exchanged.json()["user"]["memberId"].clone()
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

/// Replaces the values that differ from login to login by their names. Each value must be in the answer.
#[track_caller]
pub(crate) fn named(mut whole: String, names: &[(&str, &str)]) -> String {
    for (value, name) in names {
        assert!(whole.contains(value), "{name} is not in {whole}");
        whole = whole.replace(value, name);
    }
    whole
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
