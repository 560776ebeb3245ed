//! A QR that rotates (`docs/web.md`): a copy of it is soon worthless, and a phone that saw it in time may take minutes.

use acceptance::{Answer, Call, ISSUER, Person, World};
use saoma_domain::{
    client::{Client, Origin},
    oauth::ClientAuth,
    session::{Dialect, State},
};
use serde_json::{Value, json};

use crate::{
    oauth::code::{self, Page, SITE},
    operations::shop,
    pages,
    web::{app, basic, done, pass, sessions},
};

const NUMBER: &str = "13800138000";
const UNKNOWN: &str = "01ABCDEFGHJKMNPQRSTVWXYZ01";
/// The default of `MissesPerMinute`.
const MISSES_PER_MINUTE: u32 = 120;

/// A screen that shows a QR that rotates.
pub(crate) struct Pc {
    pub(crate) code: String,
    tags: Vec<String>,
    pub(crate) poll_token: String,
    number: Value,
}

impl Pc {
    /// Our own sign-in page.
    async fn open(world: &World) -> Self {
        Self::open_for(world, "sign-in").await
    }

    pub(crate) async fn open_for(world: &World, client: &str) -> Self {
        let opened = world.call(Call::get(&format!("/qr/code?client={client}&rotate=1"))).await;
        assert_eq!(opened.status, 200, "{}", opened.whole());
        let body = opened.json();
        Self {
            code: opened.text("code"),
            tags: tags(&body["rotate"]),
            poll_token: opened.text("pollToken"),
            number: body["matchNumber"].clone(),
        }
    }

    /// What the QR holds that is on the screen at this age of the session: code and tag.
    pub(crate) fn shown_at(&self, seconds: usize) -> String {
        format!("{}-{}", self.code, self.tags[seconds / 15])
    }

    async fn poll(&self, world: &World) -> Value {
        world.call(Call::get("/qr/login").header("token", &self.poll_token)).await.json()
    }
}

/// The tags of an answer's frames.
pub(crate) fn tags(rotate: &Value) -> Vec<String> {
    let letters = rotate["tags"].as_str().unwrap().as_bytes();
    letters.chunks(5).map(|tag| String::from_utf8(tag.to_vec()).unwrap()).collect()
}

/// A step of the phone page, in a browser that holds this cookie, if any.
async fn step(world: &World, name: &str, person: &Person, read: &str, cookie: &str) -> Answer {
    let call = Call::post(&format!("/q/{read}/{name}")).bearer(&person.token).json(&json!({}));
    world.call(if cookie.is_empty() { call } else { call.cookie(cookie) }).await
}

async fn receipt(world: &World, read: &str) -> Answer {
    world.call(Call::post(&format!("/q/{read}/receipt")).json(&json!({}))).await
}

#[track_caller]
fn is_stale(answer: &Answer) {
    assert_eq!(
        (answer.status.as_u16(), answer.text("code").as_str()),
        (403, "stale_code"),
        "{}",
        answer.whole()
    );
}

// L1 L10
#[tokio::test]
async fn a_copy_is_refused_a_minute_later_and_the_screen_still_signs_in() {
    let world = World::default();
    let person = world.sign_in(NUMBER).await;
    let pc = Pc::open(&world).await;
    let copy = pc.shown_at(0);
    pass(&world, 60);
    let before = sessions(&world);
    for name in ["scan", "cancel", "confirm"] {
        is_stale(&step(&world, name, &person, &copy, "").await);
    }
    for name in ["lock", "cancel", "activate"] {
        let text = format!("{ISSUER}/Q/{copy}");
        let refused = app(&world, name, &person, &text).await;
        is_stale(&refused);
        assert_eq!(refused.json()["statusflag"], -1);
    }
    is_stale(&receipt(&world, &copy).await);
    assert_eq!(sessions(&world), before, "nothing changes");
    let live = pc.shown_at(60);
    assert_eq!(step(&world, "scan", &person, &live, "").await.status, 200);
    let picked = json!({"matchNumber": pc.number});
    assert_eq!(pages::step(&world, "confirm", &person, &live, &picked).await.status, 200);
    assert_eq!(pc.poll(&world).await["statusflag"], 2);
}

// L2 L3
#[tokio::test]
async fn only_the_tag_on_the_screen_counts() {
    let world = World::default();
    let person = world.sign_in(NUMBER).await;
    let (pc, other) = (Pc::open(&world).await, Pc::open(&world).await);
    let before = sessions(&world);
    for (why, read) in [
        ("no tag", pc.code.clone()),
        ("of another session", format!("{}-{}", pc.code, other.tags[0])),
        ("of a later step", pc.shown_at(45)),
        ("made up", format!("{}-00000", pc.code)),
    ] {
        for name in ["scan", "cancel"] {
            let refused = step(&world, name, &person, &read, "").await;
            assert_eq!(
                (refused.status.as_u16(), refused.text("code").as_str()),
                (403, "stale_code"),
                "{why}"
            );
        }
        is_stale(&app(&world, "lock", &person, &read).await);
        is_stale(&receipt(&world, &read).await);
    }
    assert_eq!(sessions(&world), before);
    done(&app(&world, "lock", &person, &format!("{ISSUER}/Q/{}", pc.shown_at(0))).await);
}

// L3 W15: with a tag that does not count, an unknown code is told what a live one is.
#[tokio::test]
async fn a_stale_tag_does_not_tell_whether_there_is_such_a_session() {
    let world = World::default();
    let (person, owner) = (world.sign_in(NUMBER).await, world.sign_in("13800138001").await);
    let still = world.call(Call::get("/qr/code")).await.text("code");
    let (live, scanned, over) = (Pc::open(&world).await, Pc::open(&world).await, Pc::open(&world).await);
    for (pc, names) in [(&scanned, &["scan"][..]), (&over, &["scan", "cancel"])] {
        for name in names {
            assert_eq!(step(&world, name, &owner, &pc.shown_at(0), "").await.status, 200);
        }
    }
    for name in ["scan", "confirm", "cancel"] {
        let unknown = step(&world, name, &person, &format!("{UNKNOWN}-7K0X1"), "").await;
        is_stale(&unknown);
        for code in [&live.code, &scanned.code, &over.code, &still] {
            let told = step(&world, name, &person, &format!("{code}-7K0X1"), "").await;
            assert_eq!((told.whole(), &told.body), (unknown.whole(), &unknown.body), "{name}");
        }
    }
}

// L4
#[tokio::test]
async fn a_network_that_guesses_tags_is_slowed_down_whatever_session_it_names() {
    const GUESSER: &str = "198.51.100.66";
    let guesses: [fn(&Pc, &Person, u32) -> Call; 3] = [
        |pc, _, nth| Call::post(&format!("/q/{}-{nth:0>5}/receipt", pc.code)).json(&json!({})),
        |pc, person, nth| {
            Call::post(&format!("/q/{}-{nth:0>5}/scan", pc.code)).bearer(&person.token).json(&json!({}))
        },
        |pc, person, nth| {
            let guess = json!({"code": format!("{}-{nth:0>5}", pc.code)});
            Call::post("/qr/lock").header("token", &person.token).json(&guess)
        },
    ];
    for guess in guesses {
        let world = World::default();
        let people = [world.sign_in(NUMBER).await, world.sign_in("13800138001").await];
        let (pc, own) = (Pc::open(&world).await, world.call(Call::get("/qr/code")).await.cookie());
        let poll = Call::get("/qr/login").cookie(&own).from_ip(GUESSER);
        assert_eq!(world.call(poll).await.status, 200, "this instance knows the guesser's own session");
        // Two phones, because one alone is refused for its own pace.
        let call = |nth: u32| guess(&pc, &people[nth as usize % 2], nth).from_ip(GUESSER).cookie(&own);
        for nth in 0..MISSES_PER_MINUTE {
            assert_eq!(world.call(call(nth)).await.status, 403, "{nth}");
        }
        assert_eq!(world.call(call(MISSES_PER_MINUTE)).await.status, 429);
    }
}

// L7
#[tokio::test]
async fn only_the_answer_that_opens_a_session_holds_its_frames() {
    let world = World::default();
    let person = world.sign_in(NUMBER).await;
    let pc = Pc::open(&world).await;
    let read = pc.shown_at(0);
    let mut told = vec![receipt(&world, &read).await];
    for name in ["scan", "scan"] {
        told.push(step(&world, name, &person, &read, "").await);
    }
    told.push(world.call(Call::get("/qr/login").header("token", &pc.poll_token)).await);
    told.push(world.call(Call::get(&format!("/q/{}", pc.code))).await);
    for path in ["/qr/code?client=sign-in&rotate=1", "/qr/code"] {
        let call =
            Call::get(&format!("{path}{}code={}", if path.contains('?') { '&' } else { '?' }, pc.code));
        told.push(world.call(call.bearer(&person.token).ignored(&["code"])).await);
    }
    for answer in &told {
        let whole = answer.whole() + &String::from_utf8_lossy(&answer.body);
        assert!(pc.tags.iter().all(|tag| !whole.contains(tag.as_str())), "{whole}");
    }
}

// L8
#[tokio::test]
async fn every_poll_says_how_old_the_code_is() {
    let world = World::default();
    let person = world.sign_in(NUMBER).await;
    let pc = Pc::open(&world).await;
    for age in [0, 7, 100, 299] {
        pass(&world, age - pc.poll(&world).await["age"].as_u64().unwrap());
        assert_eq!(pc.poll(&world).await["age"], age);
    }
    let read = pc.shown_at(299);
    assert_eq!(step(&world, "scan", &person, &read, "").await.status, 200);
    let still = world.call(Call::get("/qr/code")).await;
    let poll = world.call(Call::get("/qr/login").cookie(&still.cookie())).await;
    assert_eq!((&still.json()["rotate"], &poll.json()["age"]), (&Value::Null, &Value::Null));
}

// L9
#[tokio::test]
async fn a_client_that_rotates_shows_no_qr_that_stays_the_same() {
    let world = World::default();
    let person = world.sign_in(NUMBER).await;
    world.register_client("shop", |client| Client { dialects: vec![Dialect::Web], ..shop(client) });
    let still = world.call(Call::get("/qr/code?client=shop")).await.text("code");
    let switched = world.command(json!({"do": "client.change", "id": "shop", "rotate": true})).await;
    assert_eq!(switched["client"]["rotate"], true, "{switched}");
    pass(&world, 10);
    let before = sessions(&world);
    for client in ["sign-in", "shop"] {
        for path in ["/qr/code?", "/qr/code?rotate=0&", "/qr/loginpic?", "/qr/loginpic/?qrSize=200&"] {
            let refused = world.call(Call::get(&format!("{path}client={client}"))).await;
            let told = (refused.status.as_u16(), refused.text("code"));
            assert_eq!(told, (403, "rotating_only".to_owned()), "{path} {client}");
        }
    }
    step(&world, "scan", &person, &still, "").await.problem(404, "not_found");
    assert_eq!(sessions(&world), before, "what stayed the same is over");
    let pc = Pc::open_for(&world, "shop").await;
    assert_eq!(step(&world, "scan", &person, &pc.shown_at(0), "").await.status, 200);
    let malformed = world.call(Call::get("/qr/code?rotate=yes")).await;
    assert_eq!((malformed.status.as_u16(), malformed.text("code").as_str()), (400, "invalid_rotate"));
}

// L9: a page that shows either gets the kind that its client shows, and cannot choose the weaker one.
#[tokio::test]
async fn a_page_that_shows_either_gets_what_its_client_shows() {
    const SITE: &str = "https://shop.example";
    let world = World::default();
    let person = world.sign_in(NUMBER).await;
    world.register_client("shop", |client| Client {
        dialects: vec![Dialect::Web],
        origins: vec![Origin::parse(SITE).unwrap()],
        ..shop(client)
    });
    let ask = || Call::get("/qr/code?client=shop&rotate=auto").header("origin", SITE);
    let still = world.call(ask()).await.json();
    assert!(still["svg"].is_string() && still["text"].is_string() && still["rotate"].is_null(), "{still}");
    world.command(json!({"do": "client.change", "id": "shop", "rotate": true})).await;
    pass(&world, 10);
    let opened = world.call(ask()).await;
    assert_eq!(opened.header("access-control-allow-origin"), SITE);
    let body = opened.json();
    assert!(body["svg"].is_null() && body["text"].is_null(), "{body}");
    let (code, tags) = (opened.text("code"), tags(&body["rotate"]));
    is_stale(&step(&world, "scan", &person, &code, "").await);
    assert_eq!(step(&world, "scan", &person, &format!("{code}-{}", tags[0]), "").await.status, 200);
}

// A device that opens a code and scans it itself holds the frames, so it has a tag; once it holds the claim, it needs none.
#[tokio::test]
async fn the_device_that_opened_a_code_may_scan_it_itself() {
    let world = World::default();
    world.register_client("shop", |client| Client { rotates: true, ..shop(client) });
    let person = world.sign_in(NUMBER).await;
    let pc = Pc::open_for(&world, "shop").await;
    assert_eq!(step(&world, "scan", &person, &pc.shown_at(0), "").await.status, 200);
    pass(&world, 120);
    assert_eq!(step(&world, "scan", &person, &pc.code, "").await.status, 200, "a page that is loaded again");
    let picked = json!({"matchNumber": pc.number});
    assert_eq!(pages::step(&world, "confirm", &person, &pc.code, &picked).await.status, 200);
    assert_eq!(pc.poll(&world).await["statusflag"], 2);
}

// L11
#[tokio::test]
async fn a_receipt_holds_for_its_session_in_its_browser_alone() {
    let world = World::default();
    let person = world.sign_in(NUMBER).await;
    let (pc, other) = (Pc::open(&world).await, Pc::open(&world).await);
    let mine = receipt(&world, &pc.shown_at(0)).await;
    let theirs = receipt(&world, &other.shown_at(0)).await.cookie();
    assert_eq!((mine.status.as_u16(), mine.body.len()), (204, 0));
    let kept = mine.header("set-cookie").split_once("; ").unwrap().1;
    assert_eq!(kept, "Path=/; Max-Age=300; HttpOnly; Secure; SameSite=Lax");
    assert!(mine.cookie().starts_with("__Host-saoma-seen-"));
    // The other browser has a receipt of the other session, is the screen of a third one, and scanned this one too late.
    let screen = world.call(Call::get("/qr/code")).await.cookie();
    pass(&world, 120);
    let late = Call::post(&format!("/q/{}/receipt", pc.shown_at(0))).cookie(&theirs).json(&json!({}));
    is_stale(&world.call(late).await);
    let before = sessions(&world);
    let (name, value) = theirs.split_once('=').unwrap();
    let my_name = name.replace(&other.code[..8], &pc.code[..8]);
    for (why, cookie) in [
        ("another browser", format!("{theirs}; {screen}")),
        ("a browser without cookies", String::new()),
        ("the other session's", theirs.clone()),
        ("the other session's, renamed", format!("{my_name}={value}")),
        ("made up", format!("{my_name}={}.{}", &value[..8], "A".repeat(43))),
        ("no receipt", format!("{my_name}=x")),
    ] {
        for read in [pc.code.clone(), pc.shown_at(0)] {
            let refused = step(&world, "scan", &person, &read, &cookie).await;
            assert_eq!(
                (refused.status.as_u16(), refused.text("code").as_str()),
                (403, "stale_code"),
                "{why}"
            );
        }
    }
    assert_eq!(sessions(&world), before);
    let both = format!("{theirs}; {}", mine.cookie());
    assert_eq!(step(&world, "scan", &person, &pc.shown_at(0), &both).await.status, 200, "two at once");
}

// L12
#[tokio::test]
async fn a_person_who_scans_in_time_may_take_minutes_to_sign_in() {
    let world = World::default();
    let pc = Pc::open(&world).await;
    pass(&world, 40);
    let read = pc.shown_at(40);
    let kept = receipt(&world, &read).await;
    pass(&world, 180);
    let person = world.sign_in(NUMBER).await;
    is_stale(&step(&world, "scan", &person, &read, "").await);
    assert_eq!(step(&world, "scan", &person, &read, &kept.cookie()).await.status, 200);
    let again = world.call(Call::post(&format!("/q/{read}/receipt")).cookie(&kept.cookie()).json(&json!({})));
    assert_eq!(again.await.status, 204, "the call may be repeated");
    // The phone that holds the claim needs neither tag nor receipt.
    let picked = json!({"matchNumber": pc.number});
    for read in [&read, &pc.code, &format!("{}-00000", pc.code)] {
        assert_eq!(step(&world, "scan", &person, read, "").await.status, 200, "{read}");
        assert_eq!(pages::step(&world, "confirm", &person, read, &picked).await.status, 200, "{read}");
    }
    assert_eq!(pc.poll(&world).await["statusflag"], 2);
}

// W1: another site's page gets no receipt into a person's browser.
#[tokio::test]
async fn only_our_own_page_gets_a_receipt() {
    let world = World::default();
    let pc = Pc::open(&world).await;
    let call = || Call::post(&format!("/q/{}/receipt", pc.shown_at(0)));
    for site in ["cross-site", "same-site", "none"] {
        let refused = world.call(call().header("sec-fetch-site", site).json(&json!({}))).await;
        refused.problem(403, "another_site");
    }
    let plain = world.call(call().body("text/plain", "{}")).await;
    plain.problem(415, "unsupported_media_type");
    let ours = world.call(call().header("sec-fetch-site", "same-origin").json(&json!({}))).await;
    assert_eq!(ours.status, 204);
}

// L1 L10: the page of an authorization request rotates, whatever its client says; its device grant does not.
#[tokio::test]
async fn the_authorization_page_rotates_and_the_device_grant_does_not() {
    let world = World::default();
    code::register(&world, SITE, ClientAuth::None);
    let person = world.sign_in(NUMBER).await;
    let page = Page::open(&world).await;
    let copy = page.read();
    pass(&world, 60);
    let before = sessions(&world);
    for name in ["scan", "cancel"] {
        for read in [copy.as_str(), page.text("code")] {
            is_stale(&step(&world, name, &person, read, "").await);
        }
    }
    assert_eq!(sessions(&world), before);
    let stands = page.status(&world).await.json();
    assert_eq!((&stands["state"], &stands["age"]), (&json!("waiting"), &json!(60)));
    crate::oauth::register(&world, crate::oauth::TV);
    let device = crate::oauth::Device::begin(&world).await;
    device.approved_by(&world, &person).await;
}

// K11: the answers of scan and cancel may be lost.
#[tokio::test]
async fn a_cancel_of_what_was_seen_succeeds_again() {
    let world = World::default();
    let person = world.sign_in(NUMBER).await;
    let pc = Pc::open(&world).await;
    let read = pc.shown_at(0);
    assert_eq!(step(&world, "cancel", &person, &read, "").await.text("state"), "cancelled");
    pass(&world, 90);
    assert_eq!(step(&world, "cancel", &person, &read, "").await.text("state"), "cancelled");
    assert!(matches!(world.session(&pc.code).state, State::Cancelled { .. }));
}

/// A registered client's server takes part as ever.
#[tokio::test]
async fn a_registered_client_takes_its_ticket() {
    let world = World::default();
    let secret = world.register_client("shop", shop);
    let person = world.sign_in(NUMBER).await;
    let pc = Pc::open_for(&world, "shop").await;
    for name in ["scan", "confirm"] {
        assert_eq!(step(&world, name, &person, &pc.shown_at(0), "").await.status, 200, "{name}");
    }
    let url = pc.poll(&world).await["url"].as_str().unwrap().to_owned();
    let ticket = url.split_once("ticket=").unwrap().1.to_owned();
    let exchange = Call::post("/qr/ticket").header("authorization", &basic("shop", secret.reveal()));
    assert_eq!(world.call(exchange.json(&json!({"ticket": ticket}))).await.status, 200);
}

// E13: a tag names no key, and the instance that checks it may not know the key that signs yet.
#[tokio::test]
async fn a_warm_instance_takes_the_tags_of_a_key_that_it_does_not_know_yet() {
    let warm = World::default();
    let person = warm.sign_in(NUMBER).await;
    let copied = Pc::open(&warm).await.shown_at(0);
    warm.vault.publish("next", "the-next-secret-of-the-tests-0123456789abcdefghijklmnopqrstuvwxyz");
    warm.vault.promote_pending();
    let pc = Pc::open(&warm.beside()).await;
    let reads = warm.vault.reads();
    assert_eq!(step(&warm, "scan", &person, &pc.shown_at(0), "").await.status, 200);
    assert_eq!(warm.vault.reads(), reads + 1);
    pass(&warm, 60);
    for _ in 0..10 {
        is_stale(&step(&warm, "scan", &person, &copied, "").await);
    }
    assert!(warm.vault.reads() <= reads + 2, "old copies cause no more reads than the floor admits");
}
