//! Products that have accounts of their own: their apps approve logins with the tokens of their own issuers
//! (`docs/issuers.md`). The issuer is a real server on the own machine, with keys of its own.

use std::{
    io::{Read, Write},
    net::TcpListener,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread,
    time::Duration,
};

use acceptance::{Answer, Call, World};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use p256::{
    SecretKey,
    ecdsa::{Signature, SigningKey, signature::Signer},
    elliptic_curve::sec1::ToSec1Point,
};
use saoma_domain::{
    account::AccountStatus,
    identity::{AccountId, Identity, PhoneNumber},
    ports::{Accounts, Clock},
    session::{Dialect, State},
};
use saoma_memory::Fault;
use saoma_tokens::key_sets::REFRESH_EVERY;
use serde_json::{Value, json};
use tokio::time::timeout;

use crate::{
    allowed::{AGE, DIALECTS, ID, Login, command, has_token},
    crowd::at_once,
    operations::shop,
    rotating::Pc,
    web::pass,
};

const AUDIENCE: &str = "saoma-at-the-shop";

/// An issuer: a server that publishes its keys. The last key signs.
pub(crate) struct Issuer {
    pub(crate) name: String,
    keys: Arc<Mutex<Vec<(String, SecretKey)>>>,
    /// How often its keys were asked for.
    fetches: Arc<AtomicUsize>,
    /// Whether it takes connections and answers none.
    pub(crate) hangs: Arc<AtomicBool>,
}

fn public(kid: &str, key: &SecretKey) -> Value {
    let point = key.public_key().to_sec1_point(false);
    let text = |range| URL_SAFE_NO_PAD.encode(&point.as_bytes()[range]);
    json!({"kty": "EC", "crv": "P-256", "kid": kid, "use": "sig", "x": text(1..33), "y": text(33..65)})
}

fn part(value: &Value) -> String {
    URL_SAFE_NO_PAD.encode(value.to_string())
}

fn signed(key: &SecretKey, header: &Value, claims: &Value) -> String {
    let message = format!("{}.{}", part(header), part(claims));
    let signature: Signature = SigningKey::from(key).sign(message.as_bytes());
    format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature.to_bytes()))
}

impl Issuer {
    pub(crate) fn start(seed: u8) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let name = format!("http://127.0.0.1:{}", listener.local_addr().unwrap().port());
        let issuer = Self { name, keys: Arc::default(), fetches: Arc::default(), hangs: Arc::default() };
        issuer.rotate("first", seed);
        let (keys, fetches, hangs) = (issuer.keys.clone(), issuer.fetches.clone(), issuer.hangs.clone());
        thread::spawn(move || {
            let mut kept = Vec::new();
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                let _ = stream.read(&mut [0; 4096]);
                fetches.fetch_add(1, Ordering::SeqCst);
                if hangs.load(Ordering::SeqCst) {
                    kept.push(stream);
                    continue;
                }
                let keys = keys.lock().unwrap();
                let keys: Vec<Value> = keys.iter().map(|(kid, key)| public(kid, key)).collect();
                let body = json!({"keys": keys}).to_string();
                let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", body.len());
                let _ = stream.write_all(format!("{head}{body}").as_bytes());
            }
        });
        issuer
    }

    /// From now on this key signs, and the others are not published any more.
    pub(crate) fn rotate(&self, kid: &str, seed: u8) {
        *self.keys.lock().unwrap() = vec![(kid.to_owned(), SecretKey::from_slice(&[seed; 32]).unwrap())];
    }

    pub(crate) fn fetches(&self) -> usize {
        self.fetches.load(Ordering::SeqCst)
    }

    /// What an operator registers of it.
    pub(crate) fn settings(&self) -> Value {
        json!({"issuer": self.name, "audience": AUDIENCE, "jwks": format!("{}/keys", self.name)})
    }

    pub(crate) fn signs(&self, header: &Value, claims: &Value) -> String {
        let (kid, key) = self.keys.lock().unwrap().last().unwrap().clone();
        let mut whole = json!({"alg": "ES256", "typ": "at+jwt", "kid": kid});
        whole.as_object_mut().unwrap().extend(header.as_object().unwrap().clone());
        signed(&key, &whole, claims)
    }

    fn claims(&self, world: &World, person: &str) -> Value {
        let now = world.clock.now().secs();
        json!({
            "iss": self.name, "aud": AUDIENCE, "sub": person, "sid": format!("phone of {person}"),
            "iat": now, "exp": now + 3600,
        })
    }

    /// A good token of this person.
    pub(crate) fn token(&self, world: &World, person: &str) -> String {
        self.signs(&json!({}), &self.claims(world, person))
    }
}

fn with(mut claims: Value, name: &str, value: impl Into<Value>) -> Value {
    claims[name] = value.into();
    claims
}

/// A login of a client of this contract that has registered this issuer.
pub(crate) async fn open(world: &World, issuer: &Issuer, dialect: Dialect) -> Login {
    let login = Login::open(world, dialect).await;
    register(world, ID, &issuer.settings()).await;
    login
}

/// Changes a client's settings, and waits until every step knows them.
pub(crate) async fn register(world: &World, id: &str, settings: &Value) {
    let mut change = json!({"do": "client.change", "id": id});
    change.as_object_mut().unwrap().extend(settings.as_object().unwrap().clone());
    command(world, &change).await;
    pass(world, AGE);
}

/// The documented calls by which a phone scans, agrees and says no, in each contract.
fn calls(dialect: Dialect, code: &str) -> [Call; 3] {
    let page = |step: &str| Call::post(&format!("/q/{code}/{step}")).json(&json!({}));
    let body = json!({"code": code});
    match dialect {
        Dialect::Kiosk => ["scan", "bind", "cancel"]
            .map(|step| Call::post(&format!("/api/qrCode/{step}LoginQrCode/{code}"))),
        Dialect::Web => {
            ["lock", "activate", "cancel"].map(|step| Call::post(&format!("/qr/{step}")).json(&body))
        }
        Dialect::Shop => [
            Call::get(&format!("/qrlogin/verifycode/{code}")),
            Call::post(&format!("/qrlogin/qrcodelogin/{code}")),
            page("cancel"),
        ],
        Dialect::Remembered | Dialect::Oauth => ["scan", "confirm", "cancel"].map(page),
    }
}

pub(crate) async fn page(world: &World, step: &str, code: &str, token: &str) -> Answer {
    world.call(Call::post(&format!("/q/{code}/{step}")).bearer(token).json(&json!({}))).await
}

/// The account that holds a session's claim.
pub(crate) fn claimant(world: &World, login: &Login) -> AccountId {
    login.session(world).state.claim().unwrap().by.account
}

fn count(world: &World, kind: &str) -> usize {
    world.memory.census()[kind]
}

// N1
#[tokio::test]
async fn every_contract_takes_the_token_of_its_clients_issuer() {
    for &dialect in DIALECTS {
        let (world, issuer) = (World::default(), Issuer::start(1));
        let login = open(&world, &issuer, dialect).await;
        let [scan, confirm, _] = calls(dialect, &login.code);
        let token = issuer.token(&world, "ann");
        for _ in 0..2 {
            let scanned = world.call(scan.clone().header("token", &token)).await;
            assert_eq!(scanned.status, 200, "{dialect:?}: {}", scanned.whole());
            assert!(matches!(login.session(&world).state, State::Scanned { .. }), "{dialect:?}");
        }
        let by = login.session(&world).state.claim().unwrap().by.clone();
        // The issuer has a new key meanwhile, and its app a new token of the same sign-in.
        issuer.rotate("second", 2);
        let next = issuer.token(&world, "ann");
        for _ in 0..2 {
            let confirmed = world.call(confirm.clone().bearer(&next)).await;
            assert_eq!(confirmed.status, 200, "{dialect:?}: {}", confirmed.whole());
        }
        assert_eq!(login.session(&world).state.claim().unwrap().by, by, "the same sign-in");
        assert!(has_token(&login.takes(&world).await), "{dialect:?}");
        let sign_ins = if dialect == Dialect::Oauth { 2 } else { 1 }; // the screen's, too
        assert_eq!(
            (count(&world, "accounts"), count(&world, "sign-ins in force")),
            (1, sign_ins),
            "{dialect:?}"
        );
        assert_eq!(issuer.fetches(), 2, "by the first token, and by the new key");
    }
}

#[tokio::test]
async fn the_person_says_no_in_every_contract() {
    for &dialect in DIALECTS {
        let (world, issuer) = (World::default(), Issuer::start(1));
        let login = open(&world, &issuer, dialect).await;
        let [scan, confirm, cancel] = calls(dialect, &login.code);
        let token = issuer.token(&world, "ann");
        if dialect != Dialect::Shop {
            let early = world.call(confirm.bearer(&token)).await;
            assert_eq!(early.status, 409, "{dialect:?}: {}", early.whole());
            assert_eq!(count(&world, "accounts"), 0, "a decision makes no account");
        }
        assert_eq!(world.call(scan.bearer(&token)).await.status, 200);
        let other = world.call(cancel.clone().bearer(&issuer.token(&world, "bob"))).await;
        assert_eq!(other.status, 409, "{dialect:?}: {}", other.whole());
        assert_eq!(world.call(cancel.bearer(&token)).await.status, 200, "{dialect:?}");
        assert!(matches!(login.session(&world).state, State::Cancelled { .. }));
    }
}

// N1
#[tokio::test]
async fn a_client_that_registers_anothers_issuer_has_none_of_its_people() {
    let (world, theirs, own) = (World::default(), Issuer::start(1), Issuer::start(2));
    let login = open(&world, &theirs, Dialect::Web).await;
    assert_eq!(page(&world, "scan", &login.code, &theirs.token(&world, "ann")).await.status, 200);
    let ann = claimant(&world, &login);
    // Another client has registered the same issuer and audience, with keys of its own.
    world.register_client("rogue", shop);
    let settings = json!({"issuer": theirs.name, "audience": AUDIENCE, "jwks": format!("{}/keys", own.name)});
    register(&world, "rogue", &settings).await;
    let forged = own.signs(&json!({}), &theirs.claims(&world, "ann"));
    let code = world.call(Call::get(&format!("/qr/code?client={ID}"))).await.text("code");
    page(&world, "scan", &code, &forged).await.problem(401, "unauthorized");
    let code = world.call(Call::get("/qr/code?client=rogue")).await.text("code");
    page(&world, "scan", &code, &theirs.token(&world, "ann")).await.problem(401, "unauthorized");
    assert_eq!(page(&world, "scan", &code, &forged).await.status, 200, "it speaks for its own logins");
    let session = world.session(&code);
    assert_ne!(session.state.claim().unwrap().by.account, ann, "and its ann is another person");
}

// N2
#[tokio::test]
async fn an_app_approves_the_logins_of_clients_that_list_it_and_no_others() {
    let (world, issuer) = (World::default(), Issuer::start(1));
    world.register_client("app", shop);
    register(&world, "app", &issuer.settings()).await;
    let login = Login::open(&world, Dialect::Web).await;
    let token = issuer.token(&world, "ann");
    let refused = page(&world, "scan", &login.code, &token).await;
    refused.problem(401, "unauthorized");
    register(&world, ID, &json!({"apps": ["another"]})).await;
    page(&world, "scan", &login.code, &token).await.problem(401, "unauthorized");
    assert_eq!(count(&world, "accounts"), 0);
    register(&world, ID, &json!({"apps": ["another", "app"]})).await;
    for step in ["scan", "confirm"] {
        assert_eq!(page(&world, step, &login.code, &token).await.status, 200, "{step}");
    }
    // The list is asked again at the redemption, and an empty one admits none of them.
    register(&world, ID, &json!({"apps": []})).await;
    assert!(!has_token(&login.takes(&world).await));
    register(&world, ID, &json!({"apps": ["app"]})).await;
    command(&world, &json!({"do": "client.disable", "id": "app"})).await;
    pass(&world, AGE);
    let next = world.call(Call::get(&format!("/qr/code?client={ID}"))).await.text("code");
    page(&world, "scan", &next, &token).await.problem(401, "unauthorized");
}

// E5: a set is fetched again when it is ten minutes old, so a key that its owner took back counts no longer than that.
#[tokio::test]
async fn a_key_that_its_issuer_took_back_is_refused_when_the_set_is_old() {
    let (world, issuer) = (World::default(), Issuer::start(1));
    open(&world, &issuer, Dialect::Web).await;
    let withdrawn = issuer.token(&world, "ann");
    let scan = async |token: &str| {
        let code = world.call(Call::get(&format!("/qr/code?client={ID}"))).await.text("code");
        page(&world, "scan", &code, token).await
    };
    assert_eq!(scan(&withdrawn).await.status, 200);
    issuer.rotate("second", 2);
    pass(&world, REFRESH_EVERY.as_secs() - 1);
    assert_eq!((scan(&withdrawn).await.status.as_u16(), issuer.fetches()), (200, 1), "the set is kept");
    pass(&world, 1);
    scan(&withdrawn).await.problem(401, "unauthorized");
    assert_eq!(issuer.fetches(), 2, "by age");
    assert_eq!(scan(&issuer.token(&world, "ann")).await.status, 200);
    assert_eq!(issuer.fetches(), 2, "the new key came with it");
}

// N3 N4 N5 N6 N7 E3 E4 E5 E6 E10 E11
#[tokio::test]
async fn a_token_that_is_no_phones_token_for_us_changes_nothing() {
    let (world, issuer, other) = (World::default(), Issuer::start(1), Issuer::start(2));
    let login = open(&world, &issuer, Dialect::Web).await;
    let (plain, now) = (issuer.claims(&world, "ann"), world.clock.now().secs());
    let without = |name: &str| {
        let mut claims = plain.clone();
        claims.as_object_mut().unwrap().remove(name);
        claims
    };
    let mut bad: Vec<Value> = ["sid", "sub", "iat", "exp", "aud", "iss"].map(without).to_vec();
    for (name, value) in [
        ("sid", json!("")),
        ("sid", json!(7)),
        ("sid", json!(null)),
        ("sid", json!("s".repeat(256))),
        ("sub", json!("")),
        ("sub", json!("a\nb")),
        ("sub", json!("s".repeat(256))),
        ("sub", json!(7)),
        ("aud", json!("another-service")),
        ("aud", json!(["another-service", format!("{AUDIENCE} ")])),
        ("aud", json!([])),
        ("aud", json!(null)),
        ("iss", json!(other.name)),
        ("iss", json!(format!("{}/", issuer.name))),
        ("exp", json!(now)),
        ("exp", json!(now + 31 * 24 * 3600)),
        ("exp", json!((now + 60).to_string())),
        ("exp", json!(1.8e9)),
        ("exp", json!(u64::MAX)),
        ("iat", json!(now + 31)),
        ("nbf", json!(now + 31)),
        ("nbf", json!(null)),
        ("auth_time", json!(now + 31)),
        ("auth_time", json!("now")),
        ("nonce", json!("n")),
        ("at_hash", json!("x")),
        ("events", json!({"http://schemas.openid.net/event/backchannel-logout": {}})),
        ("cnf", json!({"jkt": "x"})),
        ("token_use", json!("id")),
        ("typ", json!("Refresh")),
    ] {
        bad.push(with(plain.clone(), name, value));
    }
    let mut tokens: Vec<String> = bad.iter().map(|claims| issuer.signs(&json!({}), claims)).collect();
    for header in [
        json!({"alg": "none"}),
        json!({"alg": "RS256"}),
        json!({"alg": "HS256"}),
        json!({"alg": "es256"}),
        json!({"kid": "another"}),
        json!({"kid": null}),
        json!({"kid": "../first"}),
        json!({"typ": "logout+jwt"}),
        json!({"typ": "dpop+jwt"}),
        json!({"crit": ["exp"]}),
        json!({"kid": "another", "jku": format!("{}/keys", other.name)}),
        json!({"kid": "another", "jwk": public("another", &SecretKey::from_slice(&[2; 32]).unwrap())}),
    ] {
        tokens.push(issuer.signs(&header, &plain));
    }
    tokens.push(other.signs(&json!({"kid": "first"}), &plain));
    let good = issuer.signs(&json!({}), &plain);
    let (message, _) = good.rsplit_once('.').unwrap();
    tokens.extend([
        format!("{message}."),
        format!("{message}.AAAA"),
        format!("{good}AA"),
        format!("{good}.x"),
    ]);
    let (before, records) = (login.session(&world), world.memory.census());
    for token in &tokens {
        for step in ["scan", "confirm", "cancel"] {
            let refused = page(&world, step, &login.code, token).await;
            refused.problem(401, "unauthorized");
        }
    }
    assert_eq!((login.session(&world), world.memory.census()), (before, records));
    assert_eq!(other.fetches(), 0, "no address of a token is fetched");
    let several = with(plain, "aud", json!(["another-service", AUDIENCE]));
    let scanned = page(&world, "scan", &login.code, &issuer.signs(&json!({"typ": "JWT"}), &several)).await;
    assert_eq!(scanned.status, 200, "{}", scanned.whole());
}

// N7
#[tokio::test]
async fn the_registered_algorithm_counts_and_no_other() {
    let (world, issuer) = (World::default(), Issuer::start(1));
    let login = open(&world, &issuer, Dialect::Web).await;
    register(&world, ID, &json!({"alg": "RS256"})).await;
    page(&world, "scan", &login.code, &issuer.token(&world, "ann")).await.problem(401, "unauthorized");
    register(&world, ID, &json!({"alg": "ES256"})).await;
    assert_eq!(page(&world, "scan", &login.code, &issuer.token(&world, "ann")).await.status, 200);
}

// N8
#[tokio::test]
async fn a_thousand_unknown_keys_in_a_minute_cause_two_fetches() {
    let (world, issuer) = (World::default(), Issuer::start(1));
    let login = open(&world, &issuer, Dialect::Web).await;
    assert_eq!(page(&world, "scan", &login.code, &issuer.token(&world, "ann")).await.status, 200);
    assert_eq!(issuer.fetches(), 1);
    let beside = world.beside();
    for n in 0..1000 {
        let unknown = issuer.signs(&json!({"kid": format!("made-up-{n}")}), &issuer.claims(&world, "eve"));
        let instance = if n % 2 == 0 { &world } else { &beside };
        page(instance, "scan", &login.code, &unknown).await.problem(401, "unauthorized");
        world.clock.advance(Duration::from_millis(59));
    }
    assert_eq!(issuer.fetches(), 1 + 2);
    assert_eq!(page(&beside, "confirm", &login.code, &issuer.token(&world, "ann")).await.status, 200);
}

// N9
#[tokio::test]
async fn an_issuer_that_does_not_answer_costs_one_bounded_wait() {
    let (world, issuer) = (World::default(), Issuer::start(1));
    let login = open(&world, &issuer, Dialect::Web).await;
    issuer.hangs.store(true, Ordering::SeqCst);
    let refused = async {
        for wait in [30, 25] {
            let refused = page(&world, "scan", &login.code, &issuer.token(&world, "ann")).await;
            refused.problem(503, "issuer_unavailable");
            assert_eq!(refused.json()["retryAfter"], wait);
            pass(&world, 5);
        }
    };
    timeout(Duration::from_secs(4), refused).await.unwrap();
    assert_eq!(issuer.fetches(), 1, "the second caller did not wait");
    issuer.hangs.store(false, Ordering::SeqCst);
    pass(&world, 20);
    let token = issuer.token(&world, "ann");
    assert_eq!(page(&world, "scan", &login.code, &token).await.status, 200);
    // What was fetched stays usable for hours.
    issuer.hangs.store(true, Ordering::SeqCst);
    pass(&world, 3 * 3600);
    let code = world.call(Call::get(&format!("/qr/code?client={ID}"))).await.text("code");
    assert_eq!(page(&world, "scan", &code, &issuer.token(&world, "ann")).await.status, 200);
    pass(&world, 3 * 3600);
    let code = world.call(Call::get(&format!("/qr/code?client={ID}"))).await.text("code");
    page(&world, "scan", &code, &issuer.token(&world, "ann")).await.problem(503, "issuer_unavailable");
}

// N10
#[tokio::test]
async fn a_subject_that_looks_like_a_number_of_ours_is_none() {
    let (world, issuer) = (World::default(), Issuer::start(1));
    let person = world.sign_in("13800138000").await;
    let number = person.account.to_string();
    for subject in [number.as_str(), "13800138000", "+8613800138000"] {
        let login = world.call(Call::get("/qr/code")).await;
        page(&world, "scan", &login.text("code"), &issuer.token(&world, subject))
            .await
            .problem(401, "unauthorized");
    }
    let login = open(&world, &issuer, Dialect::Web).await;
    for subject in [number.as_str(), "13800138000", "+8613800138000"] {
        let code = world.call(Call::get(&format!("/qr/code?client={ID}"))).await.text("code");
        assert_eq!(page(&world, "scan", &code, &issuer.token(&world, subject)).await.status, 200);
        assert_ne!(world.session(&code).state.claim().unwrap().by.account, person.account, "{subject}");
    }
    drop(login);
    assert_eq!(count(&world, "accounts"), 4);
}

// N11 A14 I7
#[tokio::test]
async fn a_lock_or_an_ended_sign_in_binds_the_foreign_phone_too() {
    let (world, issuer) = (World::default(), Issuer::start(1));
    let login = open(&world, &issuer, Dialect::Web).await;
    let token = issuer.token(&world, "ann");
    for step in ["scan", "confirm"] {
        assert_eq!(page(&world, step, &login.code, &token).await.status, 200);
    }
    let account = claimant(&world, &login);
    let act = async |act: &str| {
        command(&world, &json!({"do": act, "id": account.to_string()})).await;
    };
    act("account.lock").await;
    let code = async || world.call(Call::get(&format!("/qr/code?client={ID}"))).await.text("code");
    let next = code().await;
    page(&world, "scan", &next, &token).await.problem(403, "account_barred");
    assert!(!has_token(&login.takes(&world).await), "what it approved is over too");
    act("account.unlock").await;
    assert_eq!(page(&world, "scan", &next, &token).await.status, 200);

    // The same person also signs in by SMS, and ends the other sign-in on their account page.
    let number = Identity::Phone(PhoneNumber::mainland("13800138000").unwrap());
    assert!(world.memory.link(account, &number).await.unwrap());
    let person = world.sign_in("13800138000").await;
    assert_eq!(person.account, account);
    let listed = world.call(Call::get("/api/user/sign-ins").bearer(&person.token)).await.json();
    let rows = listed["rows"].as_array().unwrap();
    let theirs = rows.iter().find(|row| row["method"] == "foreign").unwrap_or_else(|| panic!("{listed}"));
    let id = theirs["id"].as_str().unwrap();
    let end = Call::new("DELETE", &format!("/api/user/sign-ins/{id}")).bearer(&person.token);
    assert_eq!(world.call(end).await.status, 204);
    let later = issuer.token(&world, "ann");
    for token in [&token, &later] {
        for step in ["scan", "confirm"] {
            page(&world, step, &next, token).await.problem(401, "unauthorized");
        }
    }
    let anew = issuer.signs(&json!({}), &with(issuer.claims(&world, "ann"), "sid", "signed in again"));
    assert_eq!(page(&world, "scan", &code().await, &anew).await.status, 200);

    // An operator ends all sign-ins: a token from before proves nothing, under whatever sid.
    act("account.end-sign-ins").await;
    let old = with(issuer.claims(&world, "ann"), "sid", "a third one");
    pass(&world, 5);
    page(&world, "scan", &code().await, &issuer.signs(&json!({}), &old)).await.problem(401, "unauthorized");
    let fresh = with(issuer.claims(&world, "ann"), "sid", "a third one");
    assert_eq!(page(&world, "scan", &code().await, &issuer.signs(&json!({}), &fresh)).await.status, 200);
    let stored = world.memory.account(account).await.unwrap().unwrap();
    assert_eq!(stored.status, AccountStatus::Active);
}

// K4
#[tokio::test]
async fn another_client_of_the_id_has_none_of_its_people() {
    let (world, issuer) = (World::default(), Issuer::start(1));
    let login = open(&world, &issuer, Dialect::Web).await;
    assert_eq!(page(&world, "scan", &login.code, &issuer.token(&world, "ann")).await.status, 200);
    let ann = claimant(&world, &login);
    command(&world, &json!({"do": "client.remove", "id": ID})).await;
    let mut create =
        json!({"do": "client.create", "id": ID, "name": "Another", "page": "https://a.example/in"});
    create.as_object_mut().unwrap().extend(issuer.settings().as_object().unwrap().clone());
    command(&world, &create).await;
    pass(&world, AGE);
    let code = world.call(Call::get(&format!("/qr/code?client={ID}"))).await.text("code");
    assert_eq!(page(&world, "scan", &code, &issuer.token(&world, "ann")).await.status, 200);
    assert_ne!(world.session(&code).state.claim().unwrap().by.account, ann);
}

// I5
#[tokio::test]
async fn a_fresh_proof_is_the_issuers_to_give() {
    let (world, issuer) = (World::default(), Issuer::start(1));
    let login = open(&world, &issuer, Dialect::Web).await;
    register(&world, ID, &json!({"maxAge": 60})).await;
    let now = world.clock.now().secs();
    let claims = issuer.claims(&world, "ann");
    for at in [None, Some(now - 61)] {
        let claims = at.map_or(claims.clone(), |at| with(claims.clone(), "auth_time", at));
        let token = issuer.signs(&json!({}), &claims);
        assert_eq!(page(&world, "scan", &login.code, &token).await.status, 200);
        page(&world, "confirm", &login.code, &token).await.problem(403, "fresh_proof_required");
    }
    let token = issuer.signs(&json!({}), &with(claims, "auth_time", now - 5));
    for step in ["scan", "confirm"] {
        assert_eq!(page(&world, step, &login.code, &token).await.status, 200, "{step}");
    }
}

// B12 K11
#[tokio::test]
async fn a_first_scan_that_fails_at_any_call_is_repeated_safely() {
    for fault in [Fault::Refused, Fault::AnswerLost] {
        for calls in 0.. {
            let (world, issuer) = (World::default(), Issuer::start(1));
            let login = open(&world, &issuer, Dialect::Web).await;
            let token = issuer.token(&world, "ann");
            world.memory.inject(calls, fault);
            let failed = page(&world, "scan", &login.code, &token).await;
            let struck = !world.memory.disarm();
            // An entry in the history that cannot be written stops nothing.
            assert!([200, 503].contains(&failed.status.as_u16()), "{fault:?} at {calls}: {}", failed.whole());
            let again = page(&world, "scan", &login.code, &token).await;
            assert_eq!(again.status, 200, "{fault:?} at {calls}: {}", again.whole());
            let made = ["accounts", "sign-ins in force", "entries in the history"];
            assert_eq!(made.map(|kind| count(&world, kind)), [1; 3], "{fault:?} at {calls}");
            if !struck {
                assert!(calls > 6, "{calls}");
                break;
            }
        }
    }
}

// B1
#[tokio::test]
async fn a_person_who_scans_many_codes_at_once_has_one_account_and_one_sign_in() {
    let (world, issuer) = (Arc::new(World::default()), Issuer::start(1));
    open(&world, &issuer, Dialect::Web).await;
    let token = issuer.token(&world, "ann");
    let mut scans = Vec::new();
    for _ in 0..8 {
        let code = world.call(Call::get(&format!("/qr/code?client={ID}"))).await.text("code");
        scans.push(Call::post(&format!("/q/{code}/scan")).bearer(&token).json(&json!({})));
    }
    for scanned in at_once(&world, scans).await {
        assert_eq!(scanned.status, 200, "{}", scanned.whole());
    }
    assert_eq!((count(&world, "accounts"), count(&world, "sign-ins in force")), (1, 1));
    assert_eq!(issuer.fetches(), 1, "one of them fetched the keys");
}

// L1 L3: a copy begins no sign-in of another issuer's person, and tells nothing about the session.
#[tokio::test]
async fn a_copy_of_a_qr_begins_no_sign_in_of_another_issuers_person() {
    let (world, issuer) = (World::default(), Issuer::start(1));
    world.register_client(ID, shop);
    register(&world, ID, &issuer.settings()).await;
    let pc = Pc::open_for(&world, ID).await;
    pass(&world, 60);
    let (token, copy) = (issuer.token(&world, "ann"), pc.shown_at(0));
    let made = || (count(&world, "accounts"), count(&world, "sign-ins in force"));
    let unknown = page(&world, "scan", "01ABCDEFGHJKMNPQRSTVWXYZ01-7K0X1", &token).await;
    unknown.problem(403, "stale_code");
    for step in ["scan", "confirm", "cancel"] {
        let told = page(&world, step, &copy, &token).await;
        assert_eq!((told.whole(), &told.body), (unknown.whole(), &unknown.body), "{step}");
        let forged = page(&world, step, &copy, &Issuer::start(2).token(&world, "ann")).await;
        assert_eq!((forged.whole(), &forged.body), (unknown.whole(), &unknown.body), "{step}");
    }
    page(&world, "scan", &pc.code, &token).await.problem(403, "stale_code");
    assert_eq!((made(), world.session(&pc.code).version), ((0, 0), 1));
    assert_eq!(page(&world, "scan", &pc.shown_at(60), &token).await.status, 200);
    assert_eq!(made(), (1, 1));
    for read in [&copy, &pc.code] {
        assert_eq!(
            page(&world, "scan", read, &token).await.status,
            200,
            "the phone that holds it may repeat"
        );
    }
    page(&world, "cancel", &copy, &issuer.token(&world, "bob")).await.problem(403, "stale_code");
    assert_eq!(page(&world, "confirm", &copy, &token).await.status, 200);
}
