//! The keys while people sign in: rotated between any two steps, dropped, and out of reach (`docs/operations.md`).
//!
//! Two instances of every function share one world. The warm one started before the rotation, the fresh one after it;
//! calls go to both by turns.

use std::{cell::Cell, time::Duration};

use acceptance::{Answer, Call, Person, World};
use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use saoma_domain::{identity::AccountId, sms_challenge::ChallengeId};
use saoma_tokens::keyring::{PUBLISHED_BEFORE_USE, RELOAD_EVERY};
use serde_json::{Value, json};

use crate::{
    operations::shop,
    remembered::{DEVICE, Region},
    web::basic,
};

const NEXT: &str = "the-next-secret-of-the-tests-0123456789abcdefghijklmnopqrstuvwxyz";
const NUMBER: &str = "13800138000";

/// How a rotation comes.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Comes {
    /// As `make keys` does it: every instance has read the version before it signs.
    Published,
    /// At once, as after a leak, but without dropping the old one: the warm instance does not know the new one.
    AtOnce,
}

/// Two instances, and the step at which the keys are rotated.
struct Play {
    warm: World,
    fresh: Option<World>,
    comes: Comes,
    at: usize,
    /// Which instance gets the first call after the rotation.
    first: usize,
    step: Cell<usize>,
}

impl Play {
    fn new(comes: Comes, at: usize, first: usize) -> Self {
        let warm = World::default();
        if comes == Comes::Published {
            warm.vault.publish("next", NEXT);
        }
        // Of the published kind, it started after the publication.
        let warm = warm.beside();
        Self { warm, fresh: None, comes, at, first, step: Cell::new(0) }
    }

    /// The instance of the next step. The rotation comes before it if it is time.
    fn next(&mut self) -> &World {
        let step = self.step.replace(self.step.get() + 1);
        if step == self.at {
            if self.comes == Comes::AtOnce {
                self.warm.vault.publish("next", NEXT);
            }
            self.warm.vault.promote_pending();
            self.fresh = Some(self.warm.beside());
        }
        match &self.fresh {
            Some(fresh) if (step + self.first).is_multiple_of(2) => fresh,
            _ => &self.warm,
        }
    }

    async fn call(&mut self, call: Call) -> Answer {
        let context = format!("{:?}, rotated at {}, step {}", self.comes, self.at, self.step.get());
        let answer = self.next().call(call).await;
        assert_eq!(answer.status, 200, "{context}: {}", answer.whole());
        answer
    }
}

/// The claims of a token.
fn claims(token: &str) -> Value {
    let part = token.split('.').nth(1).unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
}

fn refresh(token: &str) -> Call {
    Call::post("/api/user/refresh").json(&json!({"refreshToken": token}))
}

/// A phone signs in, and repeats what it may repeat.
async fn sign_in(play: &mut Play) -> Person {
    let challenge = ChallengeId::random(&*play.warm.random).as_str().to_owned();
    let asking = json!({"phone": NUMBER, "challenge": challenge});
    play.call(Call::post("/api/user/sendCode").json(&asking)).await;
    let sent = play.warm.outbox.last_code().unwrap();
    // Another message within the code's life carries the same code.
    play.warm.clock.advance(Duration::from_mins(1));
    play.call(Call::post("/api/user/sendCode").json(&asking)).await;
    let code = play.warm.outbox.last_code().unwrap();
    assert_eq!(code, sent, "two messages contradict each other");
    let presented = Call::post("/api/user/login/code").json(&json!({"challenge": challenge, "code": code}));
    let first = play.call(presented.clone()).await;
    let again = play.call(presented).await;
    assert_eq!(again.text("refreshToken"), first.text("refreshToken"));
    assert_eq!(again.text("known"), first.text("known"));
    let member = first.json()["user"]["memberId"].as_str().unwrap().to_owned();
    let person = Person {
        number: NUMBER.to_owned(),
        token: again.text("token"),
        refresh_token: first.text("refreshToken"),
        known: first.text("known"),
        account: AccountId::parse(&member).unwrap(),
    };
    let renewed = play.call(refresh(&person.refresh_token)).await;
    let again = play.call(refresh(&person.refresh_token)).await;
    assert_eq!(again.text("refreshToken"), renewed.text("refreshToken"), "the same next token");
    let newest = play.call(refresh(&renewed.text("refreshToken"))).await;
    Person { token: renewed.text("token"), refresh_token: newest.text("refreshToken"), ..person }
}

/// A PC page signs in by that phone, and the site's server exchanges its ticket, twice.
async fn web_login(play: &mut Play, person: &Person, secret: &str) {
    let opened = play.call(Call::get("/qr/code?client=SHOP")).await;
    let poll = || Call::get("/qr/login").header("token", &opened.text("pollToken"));
    let body = json!({"code": opened.text("text")});
    play.call(poll()).await;
    play.call(Call::post("/qr/lock").bearer(&person.token).json(&body)).await;
    play.call(Call::post("/qr/activate").bearer(&person.token).json(&body)).await;
    let url = play.call(poll()).await.text("url");
    let ticket = url.split_once("ticket=").unwrap().1.to_owned();
    let exchange = Call::post("/qr/ticket").header("authorization", &basic("SHOP", secret));
    let exchange = exchange.json(&json!({"ticket": ticket}));
    let first = play.call(exchange.clone()).await.text("access_token");
    let again = play.call(exchange).await.text("access_token");
    assert_eq!(claims(&first), claims(&again), "the same token");
}

/// A machine signs in by that phone, and asks for its token twice.
async fn kiosk_login(play: &mut Play, person: &Person) {
    let created = play.call(Call::post("/api/qrCode/createLoginQrCode")).await;
    for step in ["scan", "bind"] {
        let path = format!("/api/qrCode/{step}LoginQrCode/{}", created.text("id"));
        play.call(Call::post(&path).bearer(&person.token)).await;
    }
    let path = format!("/api/qrCode/getLoginQrCode/{}", created.text("id"));
    let poll = Call::post(&path).header("token", &created.text("pollToken"));
    let first = play.call(poll.clone()).await.text("memberToken");
    let again = play.call(poll).await.text("memberToken");
    assert_eq!(claims(&first), claims(&again), "the same token");
}

/// A hosted client fetches the key of its webhooks, and gets one.
async fn webhook(play: &mut Play, region: &Region) {
    let fetched = region.send(play.next(), Call::get("/login/webhook")).await.text("secret");
    let key = STANDARD.decode(fetched.strip_prefix("whsec_").unwrap()).unwrap();
    assert_eq!(region.ask(play.next(), json!({"deviceId": DEVICE})).await.status, 200);
    play.next().stream_all().await;
    let webhooks = play.warm.post.sent().webhooks;
    assert!(webhooks.last().unwrap().keys.iter().any(|signed| signed.as_slice() == key));
}

// E13
#[tokio::test]
async fn a_rotation_between_any_two_steps_is_noticed_by_none() {
    for comes in [Comes::Published, Comes::AtOnce] {
        for first in [0, 1] {
            let mut at = 0;
            loop {
                let mut play = Play::new(comes, at, first);
                let secret = play.warm.register_client("SHOP", shop);
                let region = Region::registered(&play.warm, "clientId-01");
                let person = sign_in(&mut play).await;
                web_login(&mut play, &person, secret.reveal()).await;
                kiosk_login(&mut play, &person).await;
                webhook(&mut play, &region).await;
                play.call(refresh(&person.refresh_token)).await;
                if at == play.step.get() {
                    break;
                }
                at += 1;
            }
            assert_eq!(at, 23, "calls of the play");
        }
    }
}

// E13
#[tokio::test]
async fn the_command_rotates_and_every_key_set_has_the_key_before_it_signs() {
    let world = World::default();
    let person = world.sign_in(NUMBER).await;
    let kids = async |world: &World| {
        let jwks = world.call(Call::get("/.well-known/jwks.json")).await.json();
        let keys = jwks["keys"].as_array().unwrap().clone();
        keys.into_iter().map(|key| key["kid"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let shown = world.command(json!({"do": "keys.show"})).await;
    let old = shown["keys"][0]["kid"].as_str().unwrap().to_owned();
    assert_eq!(
        (shown["keys"].as_array().unwrap().len(), &shown["keys"][0]["stage"]),
        (1, &json!("AWSCURRENT"))
    );
    let rotate = json!({"do": "keys.rotate"});
    let published = world.command(rotate.clone()).await;
    assert_eq!(
        (&published["state"], &published["waitSeconds"]),
        (&json!("published"), &json!(PUBLISHED_BEFORE_USE.as_secs())),
        "{published}"
    );
    let new = published["keys"][1]["kid"].as_str().unwrap().to_owned();
    // A relying party that asks as late as this keeps what it gets for as long as the answer says.
    world.clock.advance(RELOAD_EVERY);
    assert_eq!(kids(&world).await, [old.clone(), new.clone()]);
    world.clock.advance(PUBLISHED_BEFORE_USE.saturating_sub(RELOAD_EVERY));
    let promoted = world.command(rotate).await;
    assert_eq!((&promoted["state"], &promoted["version"]), (&json!("current"), &published["version"]));
    world.clock.advance(RELOAD_EVERY);
    assert_eq!(kids(&world).await, [new, old]);
    assert_eq!(world.call(refresh(&person.refresh_token)).await.status, 200);
    let refused = world.command(json!({"do": "keys.rotate"})).await;
    assert_eq!((&refused["ok"], &refused["code"]), (&json!(false), &json!("too_soon")), "{refused}");
}

// E13: how long sign-ins may rest on a version is counted from when it was made, so one that waited too long is not used.
#[tokio::test]
async fn a_rotation_that_is_resumed_an_hour_late_publishes_anew() {
    let world = World::default();
    let rotate = |version: &Value| match version {
        Value::Null => json!({"do": "keys.rotate"}),
        version => json!({"do": "keys.rotate", "version": version}),
    };
    let first = world.command(rotate(&Value::Null)).await["version"].clone();
    world.clock.advance(PUBLISHED_BEFORE_USE + Duration::from_hours(1) + Duration::from_secs(1));
    let anew = world.command(rotate(&first)).await;
    assert_eq!(
        (&anew["state"], &anew["waitSeconds"]),
        (&json!("published"), &json!(PUBLISHED_BEFORE_USE.as_secs())),
        "{anew}"
    );
    assert_ne!(anew["version"], first);
    // The answer was lost: the call finds the rotation that it began.
    world.clock.advance(Duration::from_secs(1));
    assert_eq!(world.command(rotate(&first)).await["version"], anew["version"]);
    world.clock.advance(PUBLISHED_BEFORE_USE + Duration::from_mins(59));
    let current = world.command(rotate(&Value::Null)).await;
    assert_eq!(
        (&current["state"], &current["version"]),
        (&json!("current"), &anew["version"]),
        "an hour is not over"
    );
    world.command(rotate(&first)).await; // which belongs to no rotation any more
    assert_eq!(world.command(json!({"do": "keys.show"})).await["keys"].as_array().unwrap().len(), 2);
}

// E13: a sign-in of the last moment before a late promotion rests on the previous version for as long as it may.
#[tokio::test]
async fn a_rotation_is_too_soon_as_long_as_any_sign_in_rests_on_the_previous_version() {
    let world = World::default();
    let rotate = || world.command(json!({"do": "keys.rotate"}));
    rotate().await;
    world.clock.advance(PUBLISHED_BEFORE_USE + Duration::from_hours(1));
    let person = world.sign_in(NUMBER).await;
    assert_eq!(rotate().await["state"], "current");
    let idle = world.service.settings.sign_ins.idle;
    world.clock.advance(idle.saturating_sub(Duration::from_secs(1)));
    assert_eq!(rotate().await["code"], "too_soon");
    assert_eq!(world.call(refresh(&person.refresh_token)).await.status, 200);
    world.clock.advance(Duration::from_secs(1));
    assert_eq!(rotate().await["state"], "published");
}

/// A phone's call that needs its token alone.
async fn accepts(world: &World, token: &str) -> bool {
    let code = world.call(Call::get("/qr/code")).await.text("text");
    world.call(Call::post("/qr/lock").bearer(token).json(&json!({"code": code}))).await.status == 200
}

// K9
#[tokio::test]
async fn a_key_that_leaked_is_refused_within_the_reload_time_and_every_sign_in_ends() {
    let world = World::default();
    let person = world.sign_in(NUMBER).await;
    assert!(accepts(&world, &person.token).await);
    let leaked = world.command(json!({"do": "keys.show"})).await["keys"][0].clone();
    let drop = json!({"do": "keys.drop", "version": leaked["version"]});
    let dropped = world.command(drop.clone()).await;
    assert_eq!((&dropped["dropped"], dropped["keys"].as_array().unwrap().len()), (&json!("current"), 1));
    assert_ne!(dropped["keys"][0]["kid"], leaked["kid"]);
    assert_eq!(world.command(drop).await["dropped"], "nothing", "a repeated command");

    // A phone that signs in at an instance that knows is known to the others at once.
    let another = world.beside().sign_in("13900139000").await;
    assert!(accepts(&world, &another.token).await);
    assert_eq!(world.call(refresh(&another.refresh_token)).await.status, 200);

    world.clock.advance(RELOAD_EVERY);
    assert!(!accepts(&world, &person.token).await);
    world.call(refresh(&person.refresh_token)).await.problem(401, "unauthorized");
    let jwks = world.call(Call::get("/.well-known/jwks.json")).await.json();
    assert_eq!(
        (jwks["keys"].as_array().unwrap().len(), &jwks["keys"][0]["kid"]),
        (1, &dropped["keys"][0]["kid"])
    );
    assert!(accepts(&world, &world.sign_in(NUMBER).await.token).await);
}

// K9: the code of a message that was sent before a drop is refused, and the next message has a good one.
#[tokio::test]
async fn a_code_under_a_key_that_was_dropped_is_refused_and_the_next_message_has_another() {
    let world = World::default();
    let challenge = ChallengeId::random(&*world.random).as_str().to_owned();
    let ask = Call::post("/api/user/sendCode").json(&json!({"phone": NUMBER, "challenge": challenge}));
    let present =
        |code: &str| Call::post("/api/user/login/code").json(&json!({"challenge": challenge, "code": code}));
    assert_eq!(world.call(ask.clone()).await.status, 200);
    let old = world.outbox.last_code().unwrap();
    world.command(json!({"do": "keys.drop", "version": "first"})).await;
    let fresh = world.beside();
    fresh.call(present(&old)).await.problem(401, "invalid_code");
    world.clock.advance(Duration::from_mins(1));
    assert_eq!(fresh.call(ask).await.status, 200);
    let new = world.outbox.last_code().unwrap();
    assert_ne!(new, old);
    assert_eq!(fresh.call(present(&new)).await.status, 200);
}

#[tokio::test]
async fn a_command_with_a_slip_changes_nothing() {
    let world = World::default();
    let before = world.vault.secret();
    for event in [
        json!({"do": "keys.drop"}),
        json!({"do": "keys.drop", "version": "first", "stage": "AWSCURRENT"}),
        json!({"do": "keys.drop", "version": ""}),
        json!({"do": "keys.rotate", "verison": "first"}),
        json!({"do": "keys.rotate", "waitSeconds": -1}),
        json!({"do": "keys.show", "version": "first"}),
        json!({"do": "keys.forget"}),
        json!({"do": "keys"}),
    ] {
        let answer = world.command(event.clone()).await;
        assert!(answer["ok"] == false || answer["dropped"] == "nothing", "{event}: {answer}");
    }
    assert_eq!(world.vault.secret(), before);
    let shown = world.command(json!({"do": "keys.show"})).await.to_string();
    assert!(!shown.contains(acceptance::SIGNING_SECRET), "J1");
}

// E13: an instance that nothing makes read the secret again would sign with an old key for as long as it is busy.
#[tokio::test]
async fn every_kind_of_invocation_reads_the_secret_again_when_it_is_time() {
    let world = World::default();
    let reads = |since: usize| world.vault.reads() - since;
    let before = world.vault.reads();
    for path in
        ["/", "/qr/login", "/oauth/userinfo", "/api/user/refresh", "/login/pending", "/api/device/push"]
    {
        world.clock.advance(RELOAD_EVERY);
        world.call(Call::get(path)).await;
    }
    for path in ["/api/qrCode/getLoginQrCode/x", "/qrlogin/verifycode/x"] {
        world.clock.advance(RELOAD_EVERY);
        world.call(Call::post(path)).await;
    }
    assert_eq!(reads(before), 8, "requests, at every function");
    let before = world.vault.reads();
    world.clock.advance(RELOAD_EVERY);
    world.stream(&[]).await;
    assert_eq!(reads(before), 1, "records of the stream");
    world.clock.advance(RELOAD_EVERY);
    world.hand_over(&[], 1).await;
    assert_eq!(reads(before), 2, "calls of the queue");
    world.clock.advance(RELOAD_EVERY);
    world.command(json!({"do": "client.list"})).await;
    assert_eq!(reads(before), 3, "commands");
}
